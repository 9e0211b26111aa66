"""CSV: blocks are cut where rows end, parsed by pyarrow, and gone through by hand when there is trouble.

The dialect is RFC 4180 with any one-character delimiter, line breaks of all three kinds, and quotes that only count at
the start of a field. Where every quote of a block stands where RFC 4180 allows it, the two parsers cannot differ, and
pyarrow's is used; a test keeps them equal.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from textmill.errors import RecordError, SourceError
from textmill.read.dialect import CsvRow, Dialect, sniff
from textmill.read.piece import MAX_ROW, Piece, Seen, Wanted
from textmill.read.reject import Rejected

__all__ = ["csv_pieces"]


def csv_pieces(
    blocks: Iterator[bytes],
    wanted: Wanted,
    *,
    where: str,
    seen: Seen,
    delimiter: str = "auto",
    columns: Sequence[str] | None = None,
    file: str | None = None,
) -> Iterator[Piece]:
    """The rows of a CSV file, all columns as text.

    Parameters
    ----------
    blocks : the file in UTF-8, in blocks of any length
    columns : names of the columns of a file without a header

    Raises
    ------
    SourceError : if the file is empty, has only a header, or lacks a column
    RecordError : if a row is longer than 64 MiB
    """
    taken = next(blocks, b"")
    while len(taken) < 1 << 16 and (more := next(blocks, None)) is not None:
        taken += more
    if not taken.strip(b"\r\n"):
        raise SourceError("the file is empty", where=where)
    names_wanted = list(wanted.columns)
    if delimiter == "auto":
        prefer = "\t" if where.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else None
        sample = taken[: 1 << 16]
        if columns is None:
            delimiter = sniff(sample, wanted=names_wanted, hint=prefer)
        else:
            delimiter = sniff(sample, n_fields=len(columns), hint=prefer)
    elif not delimiter.isascii() or delimiter in '"\r\n':
        raise SourceError(f"{delimiter!r} cannot be a delimiter", where=where, wanted="one ASCII character, no quote")
    seen.delimiter = delimiter
    reader = _Reader(Dialect(delimiter), where, file)
    if columns is None:
        while True:
            head = next(reader.dialect.rows(taken), None)
            whole = head is not None and head.closed and head.next < len(taken)
            more = None if whole or len(taken) > MAX_ROW else next(blocks, None)
            if more is None:
                break
            taken += more
        if head is None or not head.closed:
            raise SourceError("the header opens a quote and never closes it", where=where)
        reader.names = _header(head.fields, where)
        taken = taken[head.next :]
    else:
        reader.names = list(columns)
    wanted.check(reader.names, where)
    reader.names = _distinct(reader.names)
    yield from reader.pieces(taken, blocks)
    if reader.row == 0:
        raise SourceError("there is a header but no row", where=where)


def _header(fields: list[bytes], where: str) -> list[str]:
    try:
        return [field.decode().strip() for field in fields]
    except UnicodeDecodeError as error:
        raise SourceError("the header is not in the encoding of the file", where=where) from error


def _distinct(names: list[str]) -> list[str]:
    # pandas writes an unnamed index column; two columns of one name are told apart by a number
    made: list[str] = []
    for place, name in enumerate(names, start=1):
        fresh, number = name or f"column_{place}", 2
        while fresh in made or (fresh != name and fresh in names):
            fresh, number = f"{name or f'column_{place}'}_{number}", number + 1
        made.append(fresh)
    return made


class _Reader:
    def __init__(self, dialect: Dialect, where: str, file: str | None) -> None:
        self.dialect, self.where, self.file = dialect, where, file
        self.names: list[str] = []
        self.row = 0

    def pieces(self, taken: bytes, blocks: Iterator[bytes]) -> Iterator[Piece]:
        final = False
        enough = 1  # bytes to look at; the caller may hand over a first block
        while taken or not final:
            parts, size = [taken], len(taken)
            while size < enough and not final:
                more = next(blocks, None)
                final = more is None
                parts.append(more or b"")
                size += len(parts[-1])
            taken = b"".join(parts)
            end, regular = self.dialect.cut(taken, final=final)
            if end == 0 and taken and (final or len(taken) > MAX_ROW):
                end = yield from self._unclosed(taken, final)
            elif end:
                piece = (self._fast(taken[:end]) if regular else None) or self._slow(taken[:end])
                self.row += piece.n_seen
                yield piece
            taken = taken[end:]
            # a row longer than a block: twice as much each time, so that looking again stays linear
            enough = len(taken) + 1 if end else max(1, 2 * size)

    def _unclosed(self, taken: bytes, final: bool) -> Generator[Piece, None, int]:
        # a quote opened and never closed would swallow the rest of the file: give up its first line only
        found = re.search(rb"\r\n|\n|\r", taken)
        if found is None and not final:
            raise RecordError("the row is longer than 64 MiB", source=self.where, row=self.row + 1)
        stop, end = found.span() if found else (len(taken), len(taken))
        if stop:
            self.row += 1
            bad = Rejected(self.row, "quote never closed", _shown(taken[:stop]), self.file)
            yield Piece(_batch(self.names, [[] for _ in self.names]), np.empty(0, np.int64), _no_raw, [bad], self.file)
        return end

    def _fast(self, block: bytes) -> Piece | None:
        if block.startswith(codecs.BOM_UTF8):
            return None  # pyarrow would drop it as a mark, but here it stands in the text
        trouble = []

        def invalid(row: object) -> str:
            trouble.append(row)
            return "skip"

        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(block),
                arrow_csv.ReadOptions(column_names=self.names, use_threads=False, block_size=len(block) + 1),
                arrow_csv.ParseOptions(
                    delimiter=self.dialect.delimiter, newlines_in_values=True, invalid_row_handler=invalid
                ),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(self.names, pa.string()),
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if trouble:
            return None
        batches = table.combine_chunks().to_batches()
        batch = batches[0] if batches else _batch(self.names, [[] for _ in self.names])
        rows = np.arange(self.row + 1, self.row + 1 + batch.num_rows, dtype=np.int64)

        def raw(positions: Sequence[int]) -> list[str]:
            lines = [_shown(block[row.start : row.end]) for row in self.dialect.rows(block)]
            return [lines[position] for position in positions]

        return Piece(batch, rows, raw, (), self.file)

    def _slow(self, block: bytes) -> Piece:
        columns: list[list[str]] = [[] for _ in self.names]
        numbers, lines, bad = [], [], []
        for number, row in enumerate(self.dialect.rows(block), start=self.row + 1):
            line = block[row.start : row.end]
            problem, values = self._values(row)
            if problem is not None:
                bad.append(Rejected(number, problem, _shown(line), self.file))
                continue
            numbers.append(number)
            lines.append(line)
            for column, value in zip(columns, values, strict=True):
                column.append(value)

        def raw(positions: Sequence[int]) -> list[str]:
            return [_shown(lines[position]) for position in positions]

        return Piece(_batch(self.names, columns), np.array(numbers, np.int64), raw, bad, self.file)

    def _values(self, row: CsvRow) -> tuple[str | None, list[str]]:
        if not row.closed:
            return "quote never closed", []
        if len(row.fields) != len(self.names):
            return "too few fields" if len(row.fields) < len(self.names) else "too many fields", []
        try:
            return None, [field.decode() for field in row.fields]
        except UnicodeDecodeError:
            return "broken UTF-8", []


def _batch(names: Sequence[str], columns: Sequence[Sequence[str]]) -> pa.RecordBatch:
    return pa.record_batch([pa.array(column, pa.string()) for column in columns], names=list(names))


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


def _no_raw(positions: Sequence[int]) -> list[str]:
    raise AssertionError(f"no row can be asked for, got {positions}")
