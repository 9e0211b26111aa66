"""Columns of any type as the cells of a CSV or JSON Lines file, a whole column at a time."""

from __future__ import annotations

import json
import math

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["csv_cells", "json_cells"]

_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def csv_cells(column: pa.Array) -> pa.Array:
    """Values as text: numbers as they are read back, booleans true and false, lists and the like as JSON.

    Examples
    --------
    >>> csv_cells(pa.array([True, None])).to_pylist()
    ['true', None]
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return csv_cells(column.dictionary_decode())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([None if v is None else _dumped(v) for v in column.to_pylist()], pa.large_string())
    return column.cast(pa.large_string())


def json_cells(column: pa.Array) -> pa.Array:
    """Values as JSON, large_string without nulls; a number JSON does not know becomes null.

    Examples
    --------
    >>> json_cells(pa.array(["a\\tb", None])).to_pylist()
    ['"a\\\\tb"', 'null']
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return json_cells(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        cells = _json_text(column.cast(pa.large_string()))
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        cells = column.cast(pa.large_string())
    elif pa.types.is_floating(kind):
        known = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        cells = known.cast(pa.large_string())
    else:
        cells = pa.array([None if v is None else _dumped(v) for v in column.to_pylist()], pa.large_string())
    return pc.fill_null(cells, "null")


def _json_text(column: pa.Array) -> pa.Array:
    cells = column
    for sign, escape in _ESCAPES:
        if pc.any(pc.match_substring(cells, sign)).as_py():
            cells = pc.replace_substring(cells, sign, escape)
    mark = pa.scalar('"', pa.large_string())
    cells = pc.binary_join_element_wise(mark, cells, mark, pa.scalar("", pa.large_string()))
    rare = pc.match_substring_regex(column, r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
    if pc.any(rare).as_py():
        slow = [json.dumps(v, ensure_ascii=False) for v in column.filter(rare).to_pylist()]
        cells = pc.replace_with_mask(cells, pc.fill_null(rare, False), pa.array(slow, pa.large_string()))
    return cells


def _dumped(value: object) -> str:
    return json.dumps(_finite(value), ensure_ascii=False, default=str)


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value
