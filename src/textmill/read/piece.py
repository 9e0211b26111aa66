"""What the readers hand on: some rows as columns, their numbers, and those that could not even be parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill.errors import SourceError, closest
from textmill.read.reject import Rejected

__all__ = ["BLOCK", "MAX_ROW", "Piece", "Seen", "Wanted"]

BLOCK = 1 << 20
MAX_ROW = 64 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns that matter, by their names in the source; None is not asked for.

    Attributes
    ----------
    text : a tuple if the texts are pairs, the columns of their first and second texts
    label : of one label a row, or with `several` of lists; columns of 0 and 1, each a label, if it is a tuple
    several : whether a row may have several labels, or none
    separator : what stands between labels in a column of text
    person : says whose row it is; such a column stays as it is
    """

    text: str | tuple[str, str]
    label: str | tuple[str, ...] | None = None
    id: str | None = None
    several: bool = False
    separator: str | None = None
    person: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that hold the texts."""
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that say the labels."""
        return (self.label,) if isinstance(self.label, str) else self.label or ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that become those of a corpus."""
        return (*self.texts, *self.labels, *((self.id,) if self.id is not None else ()))

    def check(self, names: Sequence[str], where: str) -> None:
        """Every wanted column is there, once.

        Raises
        ------
        SourceError : naming the column, those there are, and the closest
        """
        for name in (*self.columns, *((self.person,) if self.person is not None else ())):
            if name not in names:
                near = closest(name, names)
                listed = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
                raise SourceError(
                    f"no column is called {name!r}",
                    where=where,
                    wanted=f"one of {listed}" if listed else None,
                    hint=f"Did you mean {near!r}?" if near else None,
                )
            if list(names).count(name) > 1:
                raise SourceError(f"more than one column is called {name!r}", where=where)


@dataclass(slots=True)
class Seen:
    """What was found out about a source on the way, for the user to be told."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)
    cut: bool = False  # only its beginning was looked at

    def encoded(self, name: str, note: str | None) -> None:
        """Take note of an encoding; several files may have several."""
        known = self.encoding.split(", ") if self.encoding else []
        if name not in known:
            self.encoding = ", ".join([*known, name])
        if note is not None and note not in self.notes:
            self.notes.append(note)

    def add(self, facts: Mapping[str, Any]) -> None:
        """Take note of what was found out about one of the files elsewhere, as `facts` told it."""
        for name in facts["encoding"].split(", ") if facts["encoding"] else []:
            self.encoded(name, None)
        self.delimiter = facts["delimiter"] or self.delimiter
        self.notes += [note for note in facts["notes"] if note not in self.notes]

    def facts(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some rows of a source.

    Attributes
    ----------
    batch : the rows that could be parsed, all columns, under the names of the source
    rows : int64 (n_rows,), the number of each row of `batch` in its file, from 1
    bad : rows that could not be parsed
    raw : positions in `batch` -> those rows as they stand in the file
    file : the file, when the source has several
    """

    batch: pa.RecordBatch
    rows: NDArray[np.int64]
    raw: Callable[[Sequence[int]], list[str]]
    bad: Sequence[Rejected] = ()
    file: str | None = None

    @property
    def n_seen(self) -> int:
        """Rows of the source this piece stands for."""
        return len(self.rows) + len(self.bad)

    @property
    def start(self) -> int:
        """Number of the first row it stands for."""
        firsts = [int(self.rows[0])] if len(self.rows) else []
        return min([*firsts, *(bad.row for bad in self.bad[:1])], default=0)
