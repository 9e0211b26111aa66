"""Parquet and Arrow files, and whatever speaks ``__arrow_c_stream__``: batches of typed columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from textmill.errors import SourceError
from textmill.read.piece import Piece, Wanted
from textmill.read.source import opened

__all__ = ["batch_pieces", "file_pieces"]

_ROWS = 4096  # of a batch; some writers make batches of millions


def file_pieces(
    path: Path,
    format: str,
    wanted: Wanted | None,
    *,
    where: str,
    file: str | None = None,
    read: Callable[[int], None] | None = None,
) -> Iterator[Piece]:
    """The rows of a Parquet file, or of an Arrow file or stream.

    Raises
    ------
    SourceError : if the file is damaged, holds no row or lacks a column
    """
    opened(path, where).close()
    rows = 0
    try:
        batches = _parquet(path) if format == "parquet" else _arrow(path)
        for piece in batch_pieces(batches, wanted, where=where, file=file):
            rows += piece.n_seen
            yield piece
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OSError) as error:
        kind = "Parquet" if format == "parquet" else "Arrow"
        raise SourceError(f"this is no {kind} file, or a damaged one", where=where) from error
    if rows == 0:
        raise SourceError("the file has columns but no row", where=where)
    if read is not None:
        read(path.stat().st_size)


def _parquet(path: Path) -> Iterator[pa.RecordBatch]:
    from pyarrow import parquet

    with parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
        yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
        yield from file.iter_batches(batch_size=_ROWS, use_threads=False)


def _arrow(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as file:
        if file.read(6) == b"ARROW1":
            reader = pa.ipc.open_file(file)
            yield pa.RecordBatch.from_pylist([], schema=reader.schema)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)
        else:
            file.seek(0)
            stream = pa.ipc.open_stream(file)
            yield pa.RecordBatch.from_pylist([], schema=stream.schema)
            yield from stream


def batch_pieces(
    batches: Iterable[pa.RecordBatch], wanted: Wanted | None, *, where: str, file: str | None = None
) -> Iterator[Piece]:
    """Record batches as pieces; the raw form of a row is its JSON.

    Raises
    ------
    SourceError : if a column is missing
    """
    row = 0
    checked = False
    for whole in batches:
        if not checked and wanted is not None:
            wanted.check(whole.schema.names, where)
            checked = True
        for start in range(0, whole.num_rows, _ROWS):
            batch = whole.slice(start, _ROWS)
            rows = np.arange(row + 1, row + 1 + batch.num_rows, dtype=np.int64)
            row += batch.num_rows
            yield Piece(batch, rows, _raw(batch), (), file)


def _raw(batch: pa.RecordBatch) -> Callable[[Sequence[int]], list[str]]:
    def raw(places: Sequence[int]) -> list[str]:
        return [_json(batch.slice(place, 1)) for place in places]

    return raw


def _json(row: pa.RecordBatch) -> str:
    try:
        return json.dumps(row.to_pylist()[0], ensure_ascii=False, default=str)
    except UnicodeDecodeError:  # a column of text that is none
        plain = {
            name: column.cast(pa.large_binary()).to_pylist()[0].decode("utf-8", "backslashreplace")
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            else column.to_pylist()[0]
            for name, column in zip(row.schema.names, row.columns, strict=True)
            if column.null_count == 0
        }
        return json.dumps(plain, ensure_ascii=False, default=str)
