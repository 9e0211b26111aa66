"""Names that point to versions of a model, ``champion`` and others: ``models/NAME/aliases.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textmill.errors import CorruptError, DataError
from textmill.names import is_alias
from textmill.registry.audit import Line
from textmill.registry.sealed import seal, unseal
from textmill.types import Ref

__all__ = ["ALIASES", "Alias", "check_alias", "check_moves", "moved", "read_aliases", "write_aliases"]

ALIASES = "aliases.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Alias:
    """Where a name points.

    Attributes
    ----------
    version : of the model
    before : where it pointed before, the newest last; rolling back goes there
    """

    version: int
    before: tuple[int, ...] = ()


def check_alias(said: str) -> None:
    """Refuse what can be no alias.

    Raises
    ------
    DataError : says what an alias looks like
    """
    if not is_alias(said):
        raise DataError(
            f"{said!r} is no alias", wanted="a small letter, then small letters, digits, '-', '_' or '.', at most 50"
        )


def read_aliases(folder: Path, model: str) -> dict[str, Alias]:
    """The aliases in a model's folder, by name; none where there is no file.

    Raises
    ------
    FormatError : if a newer textmill wrote it
    CorruptError : if it was changed, or belongs to another model
    """
    path = folder / ALIASES
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise CorruptError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    found = unseal(raw, format=_FORMAT, where=str(path))
    try:
        if found["model"] != model:
            raise CorruptError("these are aliases of another model", where=str(path), wanted=model, got=found["model"])
        return {name: Alias(int(one["version"]), tuple(one["before"])) for name, one in found["aliases"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptError("this file of aliases lacks what it must say", where=str(path)) from error


def write_aliases(aliases: Mapping[str, Alias], model: str) -> bytes:
    """The bytes of their file."""
    body = {name: {"version": one.version, "before": list(one.before)} for name, one in sorted(aliases.items())}
    return seal({"model": model, "aliases": body}, format=_FORMAT, where=model)


def moved(old: Alias | None, version: int) -> Alias:
    """The alias after it was pointed to a version.

    Examples
    --------
    >>> moved(moved(None, 1), 3)
    Alias(version=3, before=(1,))
    """
    return Alias(version) if old is None else Alias(version, (*old.before, old.version))


def check_moves(lines: Iterable[Line], kept: Mapping[str, Mapping[str, Alias]]) -> None:
    """Compare the aliases of a store with what its audit log says of them.

    The line is written before the alias is moved. After a kill in between the alias is where the line says it was
    before; anywhere else it was moved by hand.

    Parameters
    ----------
    lines : of the audit log, oldest first
    kept : model -> its aliases

    Raises
    ------
    CorruptError : names the alias that is where no line says
    """
    last: dict[tuple[str, str], tuple[int | None, ...]] = {}
    for line in lines:
        if "alias" in line.facts:
            ref = Ref.parse(line.facts["ref"])
            now = None if line.event == "drop" else ref.version
            last[ref.name, line.facts["alias"]] = (now, line.facts["before"])
    at = {(model, name): one.version for model, aliases in kept.items() for name, one in aliases.items()}
    for key in sorted({*last, *at}):
        known = last.get(key, (None,))
        if at.get(key) not in known:
            raise CorruptError(
                f"{key[0]}@{key[1]} is not where the audit log says",
                wanted=f"version {known[0]}" if known[0] else "no such alias",
                got=f"version {at[key]}" if key in at else "no such alias",
                hint="It was moved by hand, or its file comes from another time; promote the right version again.",
            )
