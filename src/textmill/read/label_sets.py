"""Several labels a row, or none: from lists, from text with a separator, from columns of 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from textmill.errors import SourceError
from textmill.read.labels import label_text
from textmill.types import BETWEEN, joined

__all__ = ["label_sets"]

_YES, _NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")


def label_sets(
    columns: Mapping[str, pa.Array], separator: str | None, where: str, *, flags: bool = False
) -> tuple[pa.Array, list[tuple[NDArray[np.bool_], str]]]:
    """The labels of each row as one text (see `textmill.types.joined`).

    Parameters
    ----------
    columns : one of lists or of text; or, if they are `flags`, of 0 and 1 (1.0, true, yes, and what is not), each
        named as its label
    separator : between the labels in a text; None takes a text for one label

    Returns
    -------
    labels : string, null where nothing is said; an empty list, and an empty text with a separator, is no label
    reasons : bool (n_rows,) and why those rows cannot be used

    Raises
    ------
    SourceError : if a column holds something else

    Examples
    --------
    >>> label_sets({"topics": pa.array([["wheat", "grain"], [], None])}, None, "x")[0].to_pylist()
    ['grain + wheat', '', None]
    >>> label_sets({"topics": pa.array(["wheat; grain", ""])}, ";", "x")[0].to_pylist()
    ['grain + wheat', '']
    >>> label_sets({"a": pa.array([1, 0]), "b": pa.array([True, False])}, None, "x", flags=True)[0].to_pylist()
    ['a + b', '']
    """
    if flags:
        return _from_flags(columns, where)
    [(name, column)] = columns.items()
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = kind.value_type
        if not _is_plain(inner):
            raise SourceError(f"the column {name!r} holds lists of {inner}", where=where, wanted="lists of labels")
        values = column.to_pylist()
    elif _is_plain(kind):
        texts = column.to_pylist()
        values = [None if text is None else _split(text, separator) for text in texts]
    else:
        raise SourceError(f"the column {name!r} holds {kind}", where=where, wanted="lists of labels, or text")
    labels = [None if value is None else [label_text(one) for one in value] for value in values]
    sets = [None if value is None else [one for one in value if one is not None] for value in labels]
    clash = np.array([any(BETWEEN in one for one in value or ()) for value in sets], bool)
    whole = zip(sets, clash.tolist(), strict=True)
    made = pa.array([None if value is None or unclear else joined(value) for value, unclear in whole], pa.string())
    return made, [(clash, f"{BETWEEN!r} in a label")] if clash.any() else []


def _split(value: object, separator: str | None) -> list[str]:
    text = label_text(value) or ""
    return [part.strip() for part in text.split(separator)] if separator and text else [text]


def _is_plain(kind: pa.DataType) -> bool:
    return any(
        of(kind)
        for of in (
            *(pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating),
            *(pa.types.is_boolean, pa.types.is_null),
        )
    )


def _from_flags(columns: Mapping[str, pa.Array], where: str) -> tuple[pa.Array, list[tuple[NDArray[np.bool_], str]]]:
    reasons = []
    flags = []
    for name, column in columns.items():
        if not _is_plain(column.type):
            raise SourceError(f"the column {name!r} holds {column.type}", where=where, wanted="0 and 1")
        coded = column.dictionary_encode()
        said = [(label_text(value) or "").lower() for value in coded.dictionary.to_pylist()]
        meaning = pa.array([True if one in _YES else False if one in _NO else None for one in said], pa.bool_())
        found = meaning.take(coded.indices)
        unclear = found.is_null().to_numpy(zero_copy_only=False)
        if unclear.any():
            reasons.append((unclear, f"neither 0 nor 1 in {name}"))
        flags.append(pc.fill_null(found, False).to_numpy(zero_copy_only=False))
    names = list(columns)
    sets = [joined(name for name, flag in zip(names, row, strict=True) if flag) for row in np.stack(flags, 1).tolist()]
    return pa.array(sets, pa.string()), reasons
