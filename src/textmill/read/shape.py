"""One schema for a whole corpus, although each piece of a source has types of its own."""

from __future__ import annotations

import json

import pyarrow as pa

from textmill.read.piece import Wanted

__all__ = ["Widened", "conform", "laid_out"]


class Widened(Exception):
    """A signal to start again: a piece does not fit the schema so far; `schema` fits both."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        super().__init__("the schema had to be widened")


def laid_out(
    ids: pa.Array, texts: pa.Array, labels: pa.Array | None, batch: pa.RecordBatch, wanted: Wanted
) -> pa.RecordBatch:
    """The columns of a corpus: id, text, label, then the others of the source; those of pairs of texts stay among them.

    A column of the source that is none of these three but is called like one of them becomes ``source_id`` and so on.
    """
    made = {"id": ids, "text": texts} | ({"label": labels} if labels is not None else {})
    # a row may have to be on the side of those that have one of its two texts
    used = set(wanted.columns) - set(wanted.texts if len(wanted.texts) > 1 else ())
    taken = {"id", "text", "label"} | {name for name in batch.schema.names if name not in used}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name in used:
            continue
        free = name
        if name in ("id", "text", "label"):
            free = f"source_{name}"
            while free in taken:
                free = f"source_{free}"
        made[free] = column
    return pa.record_batch(list(made.values()), names=list(made))


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with exactly the columns of `schema`; one that is missing is null.

    Raises
    ------
    Widened : if a column is new, or of a type that does not fit
    """
    if batch.schema.equals(schema):
        return batch
    fields: dict[str, pa.DataType] = dict(zip(schema.names, schema.types, strict=True))
    for field in batch.schema:
        fields[field.name] = _common(fields[field.name], field.type) if field.name in fields else field.type
    columns = {}
    for name, kind in fields.items():
        if name not in batch.schema.names:
            columns[name] = pa.nulls(batch.num_rows, kind)
            continue
        column = _cast(batch.column(name), kind)
        if column is None:
            fields[name] = pa.string()
        columns[name] = column
    wider = pa.schema(list(fields.items()))
    if not wider.equals(schema):
        raise Widened(wider)
    return pa.record_batch([columns[name] for name in fields], schema=wider)


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other:
        return one
    try:
        merged = pa.unify_schemas([pa.schema([("x", one)]), pa.schema([("x", other)])], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()
    return merged.field(0).type


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array | None:
    if column.type == kind:
        return column
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), kind)
    if kind == pa.string() and not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        # values of several types in one column: JSON text, which loses nothing
        values = column.to_pylist()
        return pa.array([None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in values], kind)
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None
