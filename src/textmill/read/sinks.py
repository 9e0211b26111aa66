"""Where batches of rows go: CSV, JSON Lines or Parquet, to a file or to standard output, batch by batch."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from textmill import _native
from textmill.errors import DataError, StoreWriteError
from textmill.read.cells import csv_cells, json_cells
from textmill.read.layout import string_layout

__all__ = ["FORMATS", "Sink", "format_for", "open_sink"]

FORMATS = ("csv", "jsonl", "parquet")
_SUFFIX = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}


def format_for(path: Path) -> str:
    """The format a file's name asks for.

    Raises
    ------
    DataError : if its ending is none of those that are written

    Examples
    --------
    >>> format_for(Path("out.jsonl"))
    'jsonl'
    """
    found = _SUFFIX.get(path.suffix.lower())
    if found is None:
        raise DataError("this ending says no format", where=str(path), wanted=".csv, .tsv, .jsonl or .parquet")
    return found


def open_sink(target: Path | BinaryIO | None, format: str | None = None) -> Sink:
    """Open a place to write rows to.

    Parameters
    ----------
    target : file, which gets its name when it is whole; or an open binary file; None is standard output
    format : csv, jsonl or parquet; by default what the file's name asks for, and csv for a stream

    Raises
    ------
    DataError : if there is no such format
    StoreWriteError : if the file cannot be written

    Examples
    --------
    >>> import io
    >>> out = io.BytesIO()
    >>> with open_sink(out, "csv") as sink:
    ...     sink.write(pa.record_batch({"text": ['say "hi", twice'], "n": [2]}))
    >>> out.getvalue()
    b'text,n\\r\\n"say ""hi"", twice",2\\r\\n'
    """
    kind = format or (format_for(target) if isinstance(target, Path) else "csv")
    if kind not in FORMATS:
        raise DataError(f"{kind!r} is no format that is written", wanted=f"one of {', '.join(FORMATS)}")
    delimiter = "\t" if isinstance(target, Path) and target.suffix.lower() == ".tsv" else ","
    return Sink(target, kind, delimiter)


class _Writer(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...
    def close(self) -> None: ...
    def abandon(self) -> None: ...


class Sink:
    """Takes batches with the same columns; closed after an error, it leaves no half-written file.

    A batch whose columns have other types than the first one's is fine for CSV and JSON Lines; for Parquet it must
    fit the types of the first.
    """

    def __init__(self, target: Path | BinaryIO | None, format: str, delimiter: str = ",") -> None:
        self.path = target if isinstance(target, Path) else None
        self._format, self._delimiter = format, delimiter
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}") if self.path else None
        self._writer: _Writer | None = None
        if self._temporary is None:
            self._file = target if target is not None and not isinstance(target, Path) else sys.stdout.buffer
            return
        try:
            self._file = self._temporary.open("wb")
        except OSError as error:
            self._temporary = None
            raise self._unwritable(error) from error

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows.

        Raises
        ------
        DataError : if the columns are not those of the first batch
        StoreWriteError : if there is no room
        """
        try:
            if self._writer is None:
                self._writer = _writer(self._file, self._format, batch.schema, self._delimiter)
            self._writer.write(batch)
        except BrokenPipeError:
            raise  # whoever reads us has had enough: not our error
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Finish; a file gets its name now. A Parquet file without a batch has no columns, and is not made."""
        try:
            if self._writer is not None:
                self._writer.close()
            if self._temporary is not None and self.path is not None:
                self._file.close()
                if self._writer is None and self._format == "parquet":
                    self._temporary.unlink()
                else:
                    self._temporary.replace(self.path)
                self._temporary = None
            elif not self._file.closed:
                self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Leave no file behind; does nothing after `close`."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    def _unwritable(self, error: OSError) -> StoreWriteError:
        self.discard()
        why = os.strerror(error.errno) if error.errno else str(error)
        return StoreWriteError(f"cannot be written: {why.lower()}", where=str(self.path or "standard output"))


def _writer(file: BinaryIO, format: str, schema: pa.Schema, delimiter: str) -> _Writer:
    if format == "csv":
        return _Csv(file, schema, delimiter)
    return _Jsonl(file) if format == "jsonl" else _Parquet(file, schema)


def _same_columns(batch: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    if batch.schema.names == names:
        return batch
    missing = [name for name in names if name not in batch.schema.names]
    extra = [name for name in batch.schema.names if name not in names]
    if extra:
        raise DataError(
            f"the column {extra[0]!r} comes up only after the first rows",
            wanted=f"the columns {', '.join(names)}",
            hint="JSON Lines can hold such rows.",
        )
    for name in missing:
        batch = batch.append_column(name, pa.nulls(batch.num_rows))
    return batch.select(names)


def _joined(columns: list[pa.Array | pa.Scalar], between: str) -> pa.Array:
    return pc.binary_join_element_wise(*columns, pa.scalar(between, pa.large_string()))


def _write_lines(file: BinaryIO, lines: pa.Array, end: str) -> None:
    ended = pc.binary_join_element_wise(lines, pa.scalar(end, pa.large_string()), pa.scalar("", pa.large_string()))
    _, offsets, data = ended.buffers()
    if len(ended) and data is not None:
        first, last = ended.offset * 8, (ended.offset + len(ended)) * 8
        low = int.from_bytes(memoryview(offsets)[first : first + 8], sys.byteorder)
        high = int.from_bytes(memoryview(offsets)[last : last + 8], sys.byteorder)
        file.write(memoryview(data)[low:high])


class _Csv:
    """RFC 4180: quotes where they are needed, doubled inside, CRLF at the end of a row, UTF-8."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, delimiter: str) -> None:
        self.file, self.names, self.delimiter = file, list(schema.names), delimiter
        self._write([pa.array([name], pa.large_string()) for name in self.names])

    def write(self, batch: pa.RecordBatch) -> None:
        batch = _same_columns(batch, self.names)
        self._write([pc.fill_null(csv_cells(column), "") for column in batch.columns])

    def _write(self, cells: list[pa.Array]) -> None:
        self.file.write(_native.csv_rows([string_layout(column) for column in cells], self.delimiter))

    def close(self) -> None:
        pass

    abandon = close


class _Jsonl:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, batch: pa.RecordBatch) -> None:
        parts = []
        for number, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
            key = ("{" if number == 0 else ", ") + json.dumps(name, ensure_ascii=False) + ": "
            parts += [pa.scalar(key, pa.large_string()), json_cells(column)]
        _write_lines(self.file, _joined(parts, ""), "}\n")

    def close(self) -> None:
        pass

    abandon = close


class _Parquet:
    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        from pyarrow import parquet

        self.schema = schema
        self.writer = parquet.ParquetWriter(file, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        batch = _same_columns(batch, list(self.schema.names))
        try:
            columns = [column.cast(kind) for column, kind in zip(batch.columns, self.schema.types, strict=True)]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"a column changes its type after the first rows: {error}", hint="JSON Lines can hold such rows."
            ) from error
        self.writer.write_batch(pa.record_batch(columns, schema=self.schema))

    def close(self) -> None:
        self.writer.close()

    def abandon(self) -> None:
        self.writer.is_open = False  # or it writes its footer when it is collected, to a file that is gone
