"""Whether ids name rows: the split deals by id, so an id that repeats would take all its rows to one side."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import DataError
from textmill.read.layout import string_layout

__all__ = ["Ids"]


class Ids:
    """Takes the ids of a source batch by batch, 24 bytes of memory for each, and refuses those that repeat."""

    def __init__(self) -> None:
        self._keys: list[NDArray[np.uint64]] = []
        self._rows: list[NDArray[np.int64]] = []

    def add(self, ids: pa.Array, rows: NDArray[np.int64]) -> None:
        """Take the ids of some rows, and the numbers of these rows."""
        self._keys.append(_native.fingerprints(*string_layout(ids), False, 1))
        self._rows.append(rows)

    def check(self, column: str, where: str) -> None:
        """No id comes twice.

        Raises
        ------
        DataError : saying how many rows share an id, and two of them
        """
        if not self._keys:
            return
        keys, rows = np.concatenate(self._keys), np.concatenate(self._rows)
        order = np.lexsort((rows, keys[:, 0], keys[:, 1]))
        again = (keys[order[1:]] == keys[order[:-1]]).all(axis=1)
        if not again.any():
            return
        shared = np.zeros(len(order), dtype=bool)
        shared[1:] |= again
        shared[:-1] |= again
        firsts = np.flatnonzero(again & np.concatenate([[True], ~again[:-1]]))
        place = min(firsts.tolist(), key=lambda number: int(rows[order[number]]))
        one, two = (int(rows[order[number]]) for number in (place, place + 1))
        raise DataError(
            f"the id column {column!r} repeats itself: {int(shared.sum()):,} of {len(rows):,} rows share their id with"
            f" another row, such as rows {one:,} and {two:,}",
            where=where,
            wanted="an id of its own for each row",
            hint="Name another column as id, or none: then a row's number is its id.",
        )
