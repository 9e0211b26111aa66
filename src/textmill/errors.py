"""Everything textmill raises on purpose.

    TextmillError                      exit code 1
    ├── ConfigError                    mill.toml, or a setting given in Python
    ├── UnknownName                    a name no table knows; lists those it does
    ├── DataError (ValueError)
    │   ├── SourceError                a source cannot be opened, or is not what it says
    │   ├── RecordError                one record cannot be used
    │   ├── TooManyRejected            more bad rows than `max_rejected` allows
    │   └── LabelError                 the labels cannot be learned from
    ├── StoreError
    │   ├── NotInStore                 no such model, version or object
    │   ├── CorruptError               what is stored is not what was written
    │   ├── FormatError                written by a version of textmill this one does not know
    │   ├── LockHeld                   another run holds the lock
    │   └── StoreWriteError            no room, or no permission
    ├── RequestError                   a request to the server; carries the HTTP status
    ├── MissingExtra (ImportError)     an optional package is not installed; names the extra
    ├── TrainingError                  a network cannot be trained: no number comes of it, or memory is short
    ├── StepFailed                     a step of the user's own failed, or took too long
    ├── PluginError                    a function of the user's own is not registered, or failed
    ├── Interrupted                    Ctrl-C or SIGTERM; what was finished is kept; exit code 130
    └── GateRefused                    a gate said no; exit code 3

Every error has fields for programs (`where`, `what`, `wanted`, `got`, `hint`) and is one sentence for people.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "ConfigError",
    "CorruptError",
    "DataError",
    "FormatError",
    "GateRefused",
    "Interrupted",
    "LabelError",
    "LockHeld",
    "MissingExtra",
    "NotInStore",
    "PluginError",
    "RecordError",
    "RequestError",
    "SourceError",
    "StepFailed",
    "StoreError",
    "StoreWriteError",
    "TextmillError",
    "TooManyRejected",
    "TrainingError",
    "UnknownName",
    "closest",
]


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None if none is much like it.

    Examples
    --------
    >>> closest("featurs", ["features", "model"])
    'features'
    >>> closest("xyz", ["features", "model"]) is None
    True
    """
    known = list(known)
    lowered = {k.lower(): k for k in known}
    if name.lower() in lowered:
        return lowered[name.lower()]
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None


class TextmillError(Exception):
    """Base of all errors textmill raises on purpose.

    Parameters
    ----------
    what : what is wrong, in words a user knows
    where : file, row, setting or model at fault
    wanted, got : what would have been right, and what was there
    hint : what to do about it, a sentence of its own

    Examples
    --------
    >>> str(TextmillError("the label column is missing", where="tweets.csv", wanted="'target'", got="'text'"))
    "tweets.csv: the label column is missing; wanted 'target', got 'text'"
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        wanted: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.what, self.where, self.wanted, self.got, self.hint = what, where, wanted, got, hint
        super().__init__(self.sentence())

    def __reduce__(self) -> tuple[Any, ...]:
        # sent by another process it has all its fields, though classes of errors take different arguments
        return _as_it_was, (type(self), *self.args), self.__dict__

    def sentence(self) -> str:
        """The error as one line."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        if self.wanted is not None and self.got is not None:
            line += f"; wanted {self.wanted}, got {self.got}"
        elif self.wanted is not None:
            line += f"; wanted {self.wanted}"
        elif self.got is not None:
            line += f"; got {self.got}"
        return f"{line}. {self.hint}" if self.hint else line


def _as_it_was(kind: type[TextmillError], *args: object) -> TextmillError:
    return kind.__new__(kind, *args)


class ConfigError(TextmillError):
    """Settings are at fault; `faults` holds one line for each, with its path."""

    def __init__(self, faults: Sequence[str], *, where: str | None = None) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults), where=where)


class UnknownName(TextmillError):
    """A name that a table does not know."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        near = closest(name, self.known)
        super().__init__(
            f"no {kind} is called {name!r}",
            where=where,
            wanted=f"one of {', '.join(self.known)}" if self.known else None,
            hint=f"Did you mean {near!r}?" if near else None,
        )


class DataError(TextmillError, ValueError):
    """The data are at fault."""


class SourceError(DataError):
    """A source cannot be opened or is not what it says it is."""


class RecordError(DataError):
    """One record of a source cannot be used."""

    def __init__(self, what: str, *, source: str, row: int, hint: str | None = None) -> None:
        self.source, self.row = source, row
        super().__init__(what, where=f"{source}, row {row}", hint=hint)


class TooManyRejected(DataError):
    """More rows were set aside than `max_rejected` allows."""


class LabelError(DataError):
    """The labels cannot be learned from."""


class StoreError(TextmillError):
    """The store is at fault."""


class NotInStore(StoreError):
    """No such model, version, data set or object."""


class CorruptError(StoreError):
    """What is stored is not what was written."""


class FormatError(StoreError):
    """Written in a format this version of textmill does not know."""


class LockHeld(StoreError):
    """Another process holds the lock."""


class StoreWriteError(StoreError):
    """The store cannot be written: no room or no permission."""


class RequestError(TextmillError):
    """A request to the server is at fault; `status` is the HTTP status that answers it."""

    def __init__(
        self,
        what: str,
        *,
        status: int,
        where: str | None = None,
        wanted: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.status = status
        super().__init__(what, where=where, wanted=wanted, got=got, hint=hint)


class MissingExtra(TextmillError, ImportError):
    """An optional package is not installed."""

    def __init__(self, what: str, *, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"{what} needs the package {package!r}", hint=f"Install it with: pip install 'textmill[{extra}]'"
        )


class TrainingError(TextmillError):
    """A network cannot be trained: its loss is no number, or memory or hardware is missing.

    Parameters
    ----------
    texts : the numbers of those at fault, from 0, in the order in which they were given

    Examples
    --------
    >>> error = TrainingError("the loss is no number at step 3", texts=[0, 2], got="nan")
    >>> str(error)
    'texts 0, 2: the loss is no number at step 3; got nan'
    >>> str(error.of_rows(["a7", "a9", "a12"]))
    'rows a7, a12: the loss is no number at step 3; got nan'
    >>> str(error.among([5, 6, 9]))
    'texts 5, 9: the loss is no number at step 3; got nan'
    """

    def __init__(
        self,
        what: str,
        *,
        texts: Sequence[int] = (),
        where: str | None = None,
        wanted: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.texts = tuple(texts)
        if where is None and self.texts:
            where = _listed("text", self.texts)
        super().__init__(what, where=where, wanted=wanted, got=got, hint=hint)

    def of_rows(self, ids: Sequence[object]) -> TrainingError:
        """The same by the ids of the rows that the texts are of."""
        if not self.texts:
            return self
        return self._of(self.texts, _listed("row", [ids[text] for text in self.texts]))

    def among(self, places: Sequence[int]) -> TrainingError:
        """The same where the texts given were some of more: the numbers that they have there."""
        return self._of([places[text] for text in self.texts], None) if self.texts else self

    def _of(self, texts: Sequence[int], where: str | None) -> TrainingError:
        said = {"wanted": self.wanted, "got": self.got, "hint": self.hint}
        return TrainingError(self.what, texts=texts, where=where, **said)


def _listed(noun: str, names: Sequence[object], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(map(str, names[:most]))}{more}"


class StepFailed(TextmillError):
    """A step of the user's own failed, or a step took longer than it may."""


class PluginError(TextmillError):
    """A function of the user's own is not registered in this process, cannot be, or failed."""


class Interrupted(TextmillError):
    """Stopped by Ctrl-C or SIGTERM; finished work is kept."""

    exit_code = 130


class GateRefused(TextmillError):
    """A gate said no."""

    exit_code = 3
