"""Objects in memory as a corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from textmill.errors import SourceError
from textmill.read.check import check_piece, numbered
from textmill.read.corpus import Corpus, CorpusWriter, rejected_facts
from textmill.read.ids import Ids
from textmill.read.json_rows import column, row_problem
from textmill.read.piece import Piece, Wanted
from textmill.read.reject import Rejected, RejectedFile, check_share
from textmill.read.shape import Widened, conform, laid_out
from textmill.read.tables import batch_pieces
from textmill.types import Record

__all__ = ["corpus_of"]


def corpus_of(
    data: Any, *, text: str | tuple[str, str], label: str | None, id: str | None, name: str, max_rejected: float
) -> Corpus:
    """`Corpus.of`."""
    rows = _rows(data, text)
    if rows is not None and rows and isinstance(data[0], Record):
        text, id = "text", id or "id"
        label = "label" if label is not None and any("label" in row for row in rows) else None
    if rows is not None and rows and isinstance(data[0], str):
        label = None
    wanted = Wanted(text, label, id)
    pieces = list(_row_pieces(rows, wanted, name) if rows is not None else _column_pieces(data, wanted, name))
    schema: pa.Schema | None = None
    while True:
        try:
            return _collected(pieces, wanted, schema, name, max_rejected)
        except Widened as widened:
            schema = widened.schema


def _collected(
    pieces: Sequence[Piece], wanted: Wanted, schema: pa.Schema | None, name: str, max_rejected: float
) -> Corpus:
    aside = RejectedFile(None)
    writer: CorpusWriter | None = None
    ids_seen = Ids()
    rows = 0
    for piece in pieces:
        checked = check_piece(piece, wanted, name)
        aside.add(checked.bad)
        rows += piece.n_seen
        ids = checked.ids if checked.ids is not None else numbered(checked.rows)
        if len(checked.texts):
            batch = laid_out(ids, checked.texts, checked.labels, checked.batch, wanted)
            writer = writer or CorpusWriter(None, schema or batch.schema)
            writer.write(conform(batch, writer.schema))
            if checked.ids is not None:
                ids_seen.add(checked.ids, checked.rows)
    if rows == 0:
        raise SourceError("there is no row", where=name)
    check_share(aside, rows, allowed=max_rejected, where=name)
    assert writer is not None  # rows that are all bad have been told
    if wanted.id is not None:
        ids_seen.check(wanted.id, name)
    return writer.close(name, {**rejected_facts(aside, rows), "format": "memory"})


def _rows(data: Any, text: str | tuple[str, str]) -> list[dict[str, Any]] | None:
    if not isinstance(data, (list, tuple)):
        return None
    made: list[dict[str, Any]] = []
    for place, row in enumerate(data, start=1):
        if isinstance(row, Record):
            plain = {"id": row.id, "text": row.text, **row.meta}
            made.append(plain | ({"label": row.label} if row.label is not None else {}))
        elif isinstance(row, str):
            made.append({text if isinstance(text, str) else text[0]: row})
        elif isinstance(row, Mapping):
            made.append(dict(row))
        else:
            raise SourceError(
                f"row {place} is of type {type(row).__name__}", where="memory", wanted="a dict, a Record or a text"
            )
    return made


def _row_pieces(rows: list[dict[str, Any]], wanted: Wanted, where: str) -> Iterator[Piece]:
    names = list(dict.fromkeys(key for row in rows for key in row))
    if rows:
        wanted.check(names, where)
    good, numbers, bad = [], [], []
    for number, row in enumerate(rows, start=1):
        row = {key: _plain(value) for key, value in row.items()}
        problem = row_problem(row, wanted) or _surrogate(row, wanted)
        if problem is not None:
            bad.append(Rejected(number, problem, repr(rows[number - 1])))
        else:
            good.append(row)
            numbers.append(number)
    columns = [column(name, [row.get(name) for row in good], wanted) for name in names]

    def raw(places: Sequence[int]) -> list[str]:
        return [repr(rows[numbers[place] - 1]) for place in places]

    yield Piece(pa.record_batch(columns, names), np.array(numbers, np.int64), raw, bad)


def _plain(value: Any) -> Any:
    # pandas writes a missing text as a float
    return None if isinstance(value, float) and value != value else value


def _surrogate(row: Mapping[str, Any], wanted: Wanted) -> str | None:
    try:
        for value in row.values():
            if isinstance(value, str):
                value.encode()
    except UnicodeEncodeError:
        return "lone surrogate"
    return None


def _column_pieces(data: Any, wanted: Wanted, where: str) -> Iterable[Piece]:
    if isinstance(data, Mapping):
        lengths = {key: len(values) for key, values in data.items()}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{key} {length}" for key, length in lengths.items())
            raise SourceError("the columns have different lengths", where=where, got=said)
        keys = list(data)
        rows = [dict(zip(keys, values, strict=True)) for values in zip(*data.values(), strict=True)]
        return _row_pieces(rows, wanted, where)
    if not hasattr(data, "__arrow_c_stream__"):
        raise SourceError(
            f"{type(data).__name__} is no data set",
            where=where,
            wanted="a data frame, an Arrow table, a list of dicts or of Records, or a dict of columns",
        )
    try:
        reader = pa.RecordBatchReader.from_stream(data)
        batches = [_without_index(batch) for batch in reader]
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError):
        if not hasattr(data, "to_dict"):
            raise
        # a pandas column with values of several types has no Arrow type: row by row
        return _row_pieces(data.to_dict("records"), wanted, where)
    return batch_pieces(batches or [pa.RecordBatch.from_pylist([], schema=reader.schema)], wanted, where=where)


def _without_index(batch: pa.RecordBatch) -> pa.RecordBatch:
    keep = [name for name in batch.schema.names if not name.startswith("__index_level_")]
    return batch.select(keep) if len(keep) < batch.num_columns else batch
