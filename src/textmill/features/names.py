"""The n-grams of columns as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from textmill.features.terms import Levels
from textmill.text.buffers import TextBuffers, decode_types

__all__ = ["ColumnNames"]


class ColumnNames(Sequence[str]):
    """The n-gram of each column, terms joined by a blank; each is put together when it is asked for.

    A vocabulary has hundreds of thousands of them, and a report shows some dozen.

    Parameters
    ----------
    terms : how each term is spelled
    levels : as in `Vocabulary`
    n_columns : how many there are

    Examples
    --------
    >>> from textmill.text.buffers import encode_types
    >>> none = np.zeros(0, np.int32)
    >>> levels = [(none, none, np.array([0, 2])), (np.array([0]), np.array([1]), np.array([1]))]
    >>> names = ColumnNames(encode_types(["red", "sun"]), levels, 3)
    >>> names[1], list(names)
    ('red sun', ['red', 'red sun', 'sun'])
    """

    def __init__(self, terms: TextBuffers, levels: Levels, n_columns: int) -> None:
        self._terms, self._levels, self._n = terms, levels, n_columns

    def __len__(self) -> int:
        return self._n

    @cached_property
    def _places(self) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """Of each column the level and the place there of its n-gram."""
        levels, places = np.empty(self._n, np.int8), np.empty(self._n, np.int32)
        for level, (_, _, column) in enumerate(self._levels):
            kept = np.flatnonzero(column >= 0)
            levels[column[kept]], places[column[kept]] = level, kept
        return levels, places

    @overload
    def __getitem__(self, column: int) -> str: ...
    @overload
    def __getitem__(self, column: slice) -> list[str]: ...
    def __getitem__(self, column: int | slice) -> str | list[str]:
        if isinstance(column, slice):
            return list(self)[column]
        levels, places = self._places
        place = int(places[column])
        last = []
        for prefix, term, _ in reversed(self._levels[1 : levels[column] + 1]):
            last.append(self._term(int(term[place])))
            place = int(prefix[place])
        return " ".join([self._term(place), *reversed(last)])

    def _term(self, number: int) -> str:
        begin, end = self._terms.offsets[number : number + 2].tolist()
        return self._terms.bytes[begin:end].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        # all at once: each n-gram is the one before its last word, and that word
        terms = before = decode_types(*self._terms)
        names = [""] * self._n
        for level, (prefix, term, column) in enumerate(self._levels):
            now = before
            if level:
                now = [f"{before[p]} {terms[t]}" for p, t in zip(prefix.tolist(), term.tolist(), strict=True)]
            for name, place in zip(now, column.tolist(), strict=True):
                if place >= 0:
                    names[place] = name
            before = now
        return iter(names)
