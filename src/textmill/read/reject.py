"""Rows that cannot be used: set aside with their number and the reason, counted, never dropped in silence."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from textmill.errors import StoreWriteError, TooManyRejected

__all__ = ["ERASED", "Rejected", "RejectedFile", "check_share"]

ERASED = "erased"  # the reason of rows that somebody had erased; they are no fault of the source


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that cannot be used.

    Attributes
    ----------
    row : number of the row in its file, from 1; a header and empty lines are not counted
    reason : one of a few fixed phrases, so that reasons can be counted
    raw : the row as it stands in the file; bytes that are no UTF-8 are written as ``\\xe9``
    file : which of several files, else None
    """

    row: int
    reason: str
    raw: str
    file: str | None = None

    def line(self) -> str:
        r"""As a line of ``rejected.jsonl``.

        Examples
        --------
        >>> Rejected(3, "no text", "3,,1").line()
        '{"row": 3, "reason": "no text", "raw": "3,,1"}\n'
        """
        value = {"row": self.row, "reason": self.reason, "raw": self.raw}
        if self.file is not None:
            value = {"file": self.file, **value}
        # ASCII, so that a lone surrogate in the raw row cannot make this file unreadable
        return json.dumps(value) + "\n"


class RejectedFile:
    """Counts rejected rows and, when it has a path, writes them there as JSON Lines.

    The file is written to a temporary name and takes its own at `close`, rejected rows or not: an empty file says
    that every row could be used.

    Parameters
    ----------
    path : where to write; None only counts and keeps the first rows in `first`
    shown : where the file will lie in the end, for sentences, if somebody moves it; else `path`

    Raises
    ------
    StoreWriteError : if the file cannot be written
    """

    def __init__(self, path: Path | None, shown: Path | None = None) -> None:
        self.path, self.shown = path, shown or path
        self.reasons: Counter[str] = Counter()
        self.first: dict[str, Rejected] = {}
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}") if path else None
        try:
            self._file = self._temporary.open("w", encoding="utf-8") if self._temporary else None
        except OSError as error:
            raise _unwritable(path, error) from error

    @property
    def count(self) -> int:
        """How many rows were rejected."""
        return self.reasons.total()

    def add(self, rows: Iterable[Rejected]) -> None:
        """Set rows aside."""
        try:
            for row in rows:
                self.reasons[row.reason] += 1
                self.first.setdefault(row.reason, row)
                if self._file:
                    self._file.write(row.line())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._file and self._temporary and self.path:
            try:
                self._file.close()
                self._temporary.replace(self.path)
            except OSError as error:
                self.discard()
                raise _unwritable(self.path, error) from error
            self._file = None

    def discard(self) -> None:
        """Leave no file behind."""
        if self._file and self._temporary:
            with contextlib.suppress(OSError):  # a full disk: what is left in the buffer is not wanted anyway
                self._file.close()
            self._temporary.unlink(missing_ok=True)
            self._file = None

    def __enter__(self) -> RejectedFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self.discard()


def _unwritable(path: Path | None, error: OSError) -> StoreWriteError:
    return StoreWriteError(f"cannot be written: {(error.strerror or str(error)).lower()}", where=str(path))


def check_share(rejected: RejectedFile, rows: int, *, allowed: float, where: str) -> None:
    """Stop when too large a share of the rows was set aside; those that were erased do not count.

    Raises
    ------
    TooManyRejected : naming count, share, the most common reason, one such row, and where all of them are
    """
    reasons = rejected.reasons - Counter({ERASED: rejected.reasons[ERASED]})
    count, rows = reasons.total(), rows - rejected.reasons[ERASED]
    if count == 0 or (count < rows and count <= allowed * rows):
        return
    reason, often = reasons.most_common(1)[0]
    example = rejected.first[reason]
    raw = example.raw if len(example.raw) <= 80 else example.raw[:77] + "..."
    place = f"row {example.row} of {example.file}" if example.file else f"row {example.row}"
    share = f"{count:,} of {rows:,} rows cannot be used ({100 * count / rows:.1f} %)"
    kinds = "all of them" if often == count else f"{often:,} of them"
    said = f"{share}, {kinds} for {reason!r}, such as {place}: {raw!r}"
    raise TooManyRejected(
        said,
        where=where,
        wanted=f"at most {100 * allowed:g} % (max_rejected)" if count < rows else None,
        hint=f"All of them are in {rejected.shown}." if rejected.shown else None,
    )
