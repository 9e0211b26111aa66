"""JSON Lines: blocks of whole lines, parsed by pyarrow; a block it refuses is gone through line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

from textmill.errors import RecordError, SourceError
from textmill.read.labels import label_text
from textmill.read.piece import MAX_ROW, Piece, Wanted
from textmill.read.reject import Rejected

__all__ = ["column", "json_pieces", "row_problem"]


def json_pieces(blocks: Iterator[bytes], wanted: Wanted, *, where: str, file: str | None = None) -> Iterator[Piece]:
    """The rows of a file with one JSON object a line; columns keep the types JSON gives them, block by block.

    Raises
    ------
    SourceError : if the file is empty, or one JSON array, or lacks a column
    RecordError : if a line is longer than 64 MiB
    """
    reader = _Reader(wanted, where, file)
    for block in _lines(blocks, reader):
        piece = reader.fast(block) or reader.slow(block)
        reader.row += piece.n_seen
        if piece.n_seen:
            yield piece
    if reader.row == 0:
        raise SourceError("the file is empty", where=where)


def _lines(blocks: Iterator[bytes], reader: _Reader) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    first = True
    for block in blocks:
        if first and block.strip():
            first = False
            if block.lstrip().startswith(b"["):
                raise SourceError(
                    "this is one JSON array",
                    where=reader.where,
                    wanted="JSON Lines, one object a line",
                    hint="Convert it with: jq -c '.[]'",
                )
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*parts, block[:end]])
            parts, size = [], 0
        parts.append(block[end:])
        size += len(block) - end
        if size > MAX_ROW:
            raise RecordError("the line is longer than 64 MiB", source=reader.where, row=reader.row + 1)
    if size:
        yield b"".join(parts)


class _Reader:
    def __init__(self, wanted: Wanted, where: str, file: str | None) -> None:
        self.wanted, self.where, self.file = wanted, where, file
        self.row = 0
        self.seen: dict[str, None] = {}  # names of columns, in order of appearance
        self.text: dict[str, pa.DataType] = dict.fromkeys(wanted.texts, pa.string())

    def fast(self, block: bytes) -> Piece | None:
        table = self._parsed(block)
        if table is not None and self._dates(table):
            table = self._parsed(block)
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        # empty lines, or objects that share or fill several lines: only by hand is a row's number sure
        if table is None or not (table.num_rows == lines == block.count(b"\n{") + block.startswith(b"{")):
            return None
        # an id beyond 64 bits becomes a float, and then another id
        if any(n in table.column_names and pa.types.is_floating(table[n].type) for n in self._names()):
            return None
        table = table.select(_as_written(block, table.column_names))
        self.seen.update(dict.fromkeys(table.column_names))
        self._check()
        batch = table.combine_chunks().to_batches()[0]
        rows = np.arange(self.row + 1, self.row + 1 + batch.num_rows, dtype=np.int64)

        def raw(positions: Sequence[int]) -> list[str]:
            lines = block.split(b"\n")
            return [_shown(lines[position]) for position in positions]

        return Piece(batch, rows, raw, (), self.file)

    def _parsed(self, block: bytes) -> pa.Table | None:
        try:
            table = arrow_json.read_json(
                pa.BufferReader(block),
                arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                arrow_json.ParseOptions(explicit_schema=pa.schema(self.text.items()), newlines_in_values=False),
            )
            table.validate(full=True)  # pyarrow takes bytes that are no UTF-8
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, UnicodeDecodeError):
            return None
        if len(set(table.column_names)) != table.num_columns:
            return None
        if any(name not in self.seen and f'"{name}"'.encode() not in block for name in self.wanted.texts):
            # it is there only because it was asked for: let the careful way say so
            return None
        return table

    def _dates(self, table: pa.Table) -> bool:
        # pyarrow reads "2024-01-01" as a time; a text that looks like one is a text
        dates = [f.name for f in table.schema if pa.types.is_temporal(f.type)]
        self.text.update(dict.fromkeys(dates, pa.string()))
        return bool(dates)

    def slow(self, block: bytes) -> Piece:
        good: list[dict[str, Any]] = []
        numbers, lines, bad = [], [], []
        number = self.row
        for line in block.split(b"\n"):
            line = line.rstrip(b"\r")
            if not line.strip():
                continue
            number += 1
            problem, value = _parsed_line(line)
            if problem is None and value:
                self.seen.update(dict.fromkeys(value))
            problem = problem or row_problem(value, self.wanted)
            if problem is not None:
                bad.append(Rejected(number, problem, _shown(line), self.file))
            else:
                good.append(value)
                numbers.append(number)
                lines.append(line)
        if good or self.seen:
            self._check()
        names = list(self.seen)
        batch = pa.record_batch([column(name, [row.get(name) for row in good], self.wanted) for name in names], names)

        def raw(positions: Sequence[int]) -> list[str]:
            return [_shown(lines[position]) for position in positions]

        return Piece(batch, np.array(numbers, np.int64), raw, bad, self.file)

    def _names(self) -> list[str]:
        return [name for name in self.wanted.columns if name not in self.wanted.texts]

    def _check(self) -> None:
        # a key may be missing from some rows, not from all: the first block decides
        if self.row == 0 and self.seen:
            self.wanted.check(list(self.seen), self.where)


def _as_written(block: bytes, names: list[str]) -> list[str]:
    # pyarrow puts the columns whose type it is told first: the first row says where they stood
    problem, row = _parsed_line(block.split(b"\n", 1)[0])
    first = [] if problem else [name for name in row if name in names]
    return [*first, *(name for name in names if name not in first)]


def _parsed_line(line: bytes) -> tuple[str | None, dict[str, Any]]:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "broken UTF-8", {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "no JSON", {}
    if not isinstance(value, dict):
        return "no JSON object", {}
    if "\\ud" in text.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "lone surrogate", {}
    return None, value


def row_problem(row: dict[str, Any], wanted: Wanted) -> str | None:
    """Why a row of Python values cannot be used because of their types, or None; empty values are seen to later."""
    if not all(isinstance(row.get(name), (str, type(None))) for name in wanted.texts):
        return "text is not text"
    for name in wanted.labels:
        value = row.get(name)
        try:
            for one in value if wanted.several and isinstance(value, list) else [value]:
                label_text(one)
        except TypeError:
            return "label is not text or a number" if not wanted.several else "label is no list of texts"
    if wanted.id is not None and row.get(wanted.id) is not None:
        try:
            label_text(row[wanted.id])
        except TypeError:
            return "id is not text or a number"
    return None


def column(name: str, values: list[Any], wanted: Wanted) -> pa.Array:
    """Python values as one column; values of several types become JSON text."""
    if name in wanted.texts:
        return pa.array(values, pa.string())
    if wanted.several and any(isinstance(value, list) for value in values) and name == wanted.label:
        lists = (value if isinstance(value, list) or value is None else [value] for value in values)
        texts = [None if value is None else [label_text(one) for one in value] for value in lists]
        return pa.array(texts, pa.list_(pa.string()))
    if name in wanted.columns:
        return pa.array([label_text(value) for value in values], pa.string())
    if name == wanted.person:  # an id is the same whatever the others are
        return pa.array(
            [_json(value) if isinstance(value, (list, dict)) else label_text(value) for value in values], pa.string()
        )
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, ValueError):
        return pa.array([None if value is None else _json(value) for value in values], pa.string())


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _shown(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "backslashreplace")
