"""Which rows can be used: pieces of a source become the columns id, text and label, and rows set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from textmill.errors import SourceError
from textmill.read.labels import label_text
from textmill.read.layout import string_layout
from textmill.read.piece import Piece, Wanted
from textmill.read.reject import ERASED, Rejected
from textmill.types import BESIDE

if TYPE_CHECKING:
    from textmill.read.row_hashes import Erased

__all__ = ["Checked", "as_label", "check_piece", "numbered", "usable_pairs", "usable_texts"]


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """The usable rows of a piece.

    Attributes
    ----------
    ids : string, the column named as id, else None
    texts : large_string
    labels : string, or None without labels
    batch : all columns of these rows, as the source has them
    rows : int64, their numbers in the source
    bad : the rows set aside, in the order of their numbers
    """

    ids: pa.Array | None
    texts: pa.Array
    labels: pa.Array | None
    batch: pa.RecordBatch
    rows: NDArray[np.int64]
    bad: list[Rejected]


def check_piece(piece: Piece, wanted: Wanted, where: str, erased: Erased | None = None) -> Checked:
    """Sort the rows of a piece into those that can be used and those set aside.

    A row that is among the erased ones is set aside before anything else, and without what stands in it.

    Raises
    ------
    SourceError : if a whole column has a type that cannot be what it is wanted for
    """
    batch = piece.batch
    reasons: list[tuple[NDArray[np.bool_], str]] = []
    texts = usable_pairs([usable_texts(_column(batch, name), name, where, reasons) for name in wanted.texts], reasons)
    if erased:
        mask = erased.in_batch(texts, batch, wanted, where)
        if mask.any():
            reasons.insert(0, (mask, ERASED))
    labels = ids = None
    if wanted.labels:
        labels = _labels(batch, wanted, where, reasons)
        _flag(reasons, labels.is_null(), "no label")
        _flag_nul(reasons, labels, "NUL byte in the label")
    if wanted.id is not None:
        ids = as_label(_column(batch, wanted.id), wanted.id, where, "id")
        _flag(reasons, ids.is_null(), "no id")
    if not reasons:
        return Checked(ids, texts, labels, batch, piece.rows, list(piece.bad))
    first = np.full(batch.num_rows, -1, dtype=np.int64)
    for number, (mask, _) in enumerate(reasons):
        first[mask & (first < 0)] = number  # a row has one reason: the first
    places = np.flatnonzero(first >= 0).tolist()
    whys = [reasons[number][1] for number in first[places].tolist()]
    bad = [
        Rejected(int(piece.rows[place]), why, "" if why == ERASED else raw, piece.file)
        for place, why, raw in zip(places, whys, piece.raw(places), strict=True)
    ]
    keep = pa.array(first < 0)
    return Checked(
        ids.filter(keep) if ids is not None else None,
        texts.filter(keep),
        labels.filter(keep) if labels is not None else None,
        batch.filter(keep),
        piece.rows[first < 0],
        sorted([*piece.bad, *bad], key=lambda row: row.row),
    )


def _labels(
    batch: pa.RecordBatch, wanted: Wanted, where: str, reasons: list[tuple[NDArray[np.bool_], str]]
) -> pa.Array:
    columns = {name: _column(batch, name) for name in wanted.labels}
    if not wanted.several:
        [(name, column)] = columns.items()
        return as_label(column, name, where, "label")
    from textmill.read.label_sets import label_sets

    labels, bad = label_sets(columns, wanted.separator, where, flags=isinstance(wanted.label, tuple))
    reasons += bad
    return labels


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    if name in batch.schema.names:
        return batch.column(name)
    return pa.nulls(batch.num_rows, pa.string())  # this block of a JSON file happens to lack the key


def _flag(reasons: list[tuple[NDArray[np.bool_], str]], mask: pa.Array, reason: str) -> None:
    found = mask.to_numpy(zero_copy_only=False)
    if found.any():
        reasons.append((found, reason))


def usable_texts(column: pa.Array, name: str, where: str, reasons: list[tuple[NDArray[np.bool_], str]]) -> pa.Array:
    """A column as large_string; what is wrong with some of its rows is added to `reasons`."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_null(kind):
        column = pa.nulls(len(column), pa.large_string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or str(kind) == "binary_view":
        column = _decoded(column.cast(pa.large_binary()), reasons)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        column = column.cast(pa.large_string())
        try:
            column.validate(full=True)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            column = _decoded(column.cast(pa.large_binary()), reasons)
    else:
        raise SourceError(f"the column {name!r} holds {kind}", where=where, wanted="text")
    # utf8_trim knows Unicode's white space; the length of what is left is null for null
    left = pc.fill_null(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)
    _flag(reasons, pc.equal(left, 0), "no text")
    _flag_nul(reasons, column, "NUL byte in the text")
    return column


def usable_pairs(columns: Sequence[pa.Array], reasons: list[tuple[NDArray[np.bool_], str]]) -> pa.Array:
    """Two columns as one of pairs, see `textmill.types.beside`; one column as it is."""
    if len(columns) == 1:
        return columns[0]
    for column in columns:
        _flag(reasons, pc.fill_null(pc.match_substring(column, BESIDE), False), "U+001E in the text")
    return pc.binary_join_element_wise(*columns, pa.scalar(BESIDE, pa.large_string()))


def _flag_nul(reasons: list[tuple[NDArray[np.bool_], str]], column: pa.Array, reason: str) -> None:
    # a quick look over all bytes at once; a NUL is nearly always UTF-16 or a binary file taken for text
    data, offsets = string_layout(column)
    if not data[offsets[0] : offsets[-1]].all():
        _flag(reasons, pc.fill_null(pc.match_substring(column, "\0"), False), reason)


def _decoded(column: pa.Array, reasons: list[tuple[NDArray[np.bool_], str]]) -> pa.Array:
    broken = np.zeros(len(column), dtype=bool)
    values: list[str | None] = []
    for place, value in enumerate(column.to_pylist()):
        try:
            values.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            broken[place] = True
            values.append(None)
    if broken.any():
        reasons.append((broken, "broken UTF-8"))
    return pa.array(values, pa.large_string())


def as_label(column: pa.Array, name: str, where: str, role: str) -> pa.Array:
    """A column as text, null where there is nothing; numbers as `label_text` writes them.

    Raises
    ------
    SourceError : if it holds neither text nor numbers
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
        empty = pc.equal(pc.binary_length(trimmed), 0)
        return pc.if_else(empty, pa.scalar(None, pa.string()), trimmed) if pc.any(empty).as_py() else trimmed
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        # few values, each turned into text once
        coded = column.cast(pa.float64()).dictionary_encode()
        names = pa.array([label_text(value) for value in coded.dictionary.to_pylist()], pa.string())
        return names.take(coded.indices)
    elif not (pa.types.is_integer(kind) or pa.types.is_temporal(kind) or pa.types.is_null(kind)):
        raise SourceError(f"the column {name!r} holds {kind}", where=where, wanted=f"text or numbers for a {role}")
    return column.cast(pa.string())


def numbered(rows: Sequence[int] | NDArray[np.int64]) -> pa.Array:
    """Row numbers as ids."""
    return pa.array(np.asarray(rows, dtype=np.int64)).cast(pa.string())
