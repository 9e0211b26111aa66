"""How rows and fields of a CSV file are told apart, and which delimiter a file seems to have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CsvRow", "Dialect", "sniff"]

_DELIMITERS = (",", ";", "\t", "|")
_QUOTE, _LF, _CR = 0x22, 0x0A, 0x0D


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: where it lies in its block, and its fields; `closed` is false when a quote is never closed."""

    start: int
    end: int  # of the row itself
    next: int  # start of the next one, after the line break
    fields: list[bytes]
    closed: bool = True


class Dialect:
    """How rows and fields are told apart."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        sign = re.escape(delimiter.encode())
        self._field = re.compile(
            rb'(?:"([^"]*(?:""[^"]*)*)"([^%b\r\n]*)|([^%b\r\n]*))(%b|\r\n|\n|\r|\Z)' % (sign, sign, sign)
        )
        self._allowed = np.zeros(256, dtype=bool)
        self._allowed[[ord(delimiter), _LF, _CR]] = True

    def rows(self, block: bytes, start: int = 0) -> Iterator[CsvRow]:
        """The rows of a block, by hand; empty lines are left out."""
        at, size, match = start, len(block), self._field.match
        while at < size:
            row, fields = at, []
            while True:
                found = match(block, at)
                assert found is not None  # the pattern matches the empty string
                inside, tail, plain, mark = found.group(1, 2, 3, 4)
                if inside is not None:
                    fields.append(inside.replace(b'""', b'"') + tail)
                elif plain.startswith(b'"'):
                    yield CsvRow(row, size, size, fields, closed=False)
                    return
                else:
                    fields.append(plain)
                at = found.end()
                if mark in (b"\n", b"\r\n", b"\r", b""):
                    break
            end = at - len(mark)
            if end > row:
                yield CsvRow(row, end, at, fields)

    def cut(self, block: bytes, *, final: bool) -> tuple[int, bool]:
        """Where the last whole row of a block ends (0: there is none), and whether pyarrow may parse up to there."""
        if b'"' not in block:
            end = len(block) if final else max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
            return end, True
        data = np.frombuffer(block, dtype=np.uint8)
        quotes = np.flatnonzero(data == _QUOTE)
        if self._regular(data, quotes):
            if final and len(quotes) % 2 == 0:
                return len(block), True
            breaks = np.flatnonzero((data == _LF) | (data == _CR))
            outside = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
            return (int(outside[-1]) + 1 if len(outside) else 0), True
        end = 0
        for row in self.rows(block):
            if not row.closed or (row.next == len(block) and row.end == row.next and not final):
                break
            end = row.next
        return end, False

    def _regular(self, data: NDArray[np.uint8], quotes: NDArray[np.intp]) -> bool:
        # the 1st, 3rd ... quote opens: after a delimiter, a line break or, doubled, right after the one that closed
        opens, closes = quotes[0::2], quotes[1::2]
        doubled = np.zeros(len(opens), dtype=bool)
        doubled[1:] = opens[1:] == closes[: len(opens) - 1] + 1
        before = self._allowed[data[np.maximum(opens - 1, 0)]] | (opens == 0)
        if not np.all(before | doubled):
            return False
        after = np.minimum(closes + 1, len(data) - 1)
        followed = self._allowed[data[after]] | (closes + 1 == len(data))
        followed[: len(opens) - 1] |= doubled[1:]
        return bool(np.all(followed))


def sniff(sample: bytes, *, wanted: Sequence[str] = (), n_fields: int | None = None, hint: str | None = None) -> str:
    r"""The delimiter of the first rows of a file.

    Parameters
    ----------
    wanted : names the header should have; a delimiter that yields them all is taken at once
    n_fields : how many fields a row has, when that is known
    hint : delimiter to prefer when the rows do not tell

    Examples
    --------
    >>> sniff(b"id;text\n1;well, well\n2;yes, no, perhaps\n")
    ';'
    """
    best, best_score = hint or ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        found: list[list[bytes]] = []
        for row in Dialect(delimiter).rows(sample):
            if row.end == len(sample) and found:
                break  # the last row of a sample is likely cut
            found.append(row.fields)
            if len(found) == 200:
                break
        if not found:
            continue
        header = [f.decode("utf-8", "replace") for f in found[0]]
        if wanted and len(header) > 1 and all(name in header for name in wanted):
            return delimiter
        count = n_fields or len(header)
        alike = sum(len(fields) == count for fields in found) / len(found)
        score = (alike, count) if count > 1 else (0.0, 0)
        hinted = delimiter == hint and count > 1 and score[0] >= best_score[0] - 0.1
        if hinted or score > best_score:
            best, best_score = delimiter, score
    return best
