"""Columns that give the label away, as what stands in them alone says which it is, and columns that say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["guessed", "inspect_columns"]

_HOST = r"^https?://(?:[^/?#@]*@)?(?P<host>[^/?#@:\[\]\s]+)"
_ENOUGH = 0.5  # share of the majority baseline's mistakes that a column takes away before it is told


def inspect_columns(
    batches: Iterable[pa.RecordBatch], *, label: str | Sequence[str], text: str | Sequence[str]
) -> dict[str, list[Any]]:
    """The columns of a source from which the label can be guessed, and those with one value in all rows.

    Each row's label is guessed as the most frequent one among the other rows with the same value, so that a column of
    names that never come again, such as an id, gives nothing away. A column is told where that halves the mistakes of
    always naming the most frequent label. Of links, the domain is tried as well.

    Parameters
    ----------
    batches : with all columns of the source
    label, text : the columns that are not asked about, one or more each; of several of labels, all of them together are
        guessed

    Returns
    -------
    - ``giveaways``, the surest first: for each ``column``, ``of`` what (its ``"value"``, or the ``"domain"`` of its
      links), ``accuracy`` and ``baseline``, and ``values``, how many different ones there are
    - ``constant``: names of columns

    Examples
    --------
    >>> rows = [{"text": "a", "label": kind, "link": f"https://{kind}.example/{n}", "by": "Ann"}
    ...         for kind in ("ham", "spam") for n in range(9)]
    >>> found = inspect_columns([pa.RecordBatch.from_pylist(rows)], label="label", text="text")
    >>> [(one["column"], one["of"], one["accuracy"], one["baseline"]) for one in found["giveaways"]]
    [('link', 'domain', 1.0, 0.5)]
    >>> found["constant"]
    ['by']
    """
    asked = (label,) if isinstance(label, str) else label
    texts = (text,) if isinstance(text, str) else text
    columns: dict[str, list[pa.Array]] = {}
    labels: list[pa.Array] = []
    rows = 0
    for batch in batches:
        for name in batch.schema.names:
            if name in (*asked, *texts):
                continue
            parts = columns.setdefault(name, [pa.nulls(rows, pa.string())] if rows else [])
            parts.append(_as_text(batch.column(name)))
        labels.append(pc.binary_join_element_wise(*(_as_text(batch.column(name)) for name in asked), "\0"))
        rows += batch.num_rows
        for name, parts in columns.items():
            if name not in batch.schema.names:
                parts.append(pa.nulls(batch.num_rows, pa.string()))
    if rows == 0:
        return {"giveaways": [], "constant": []}
    codes = pc.fill_null(pa.chunked_array(labels).combine_chunks(), "").dictionary_encode().indices.to_numpy()
    baseline = float(np.bincount(codes).max()) / rows
    found: list[dict[str, Any]] = []
    constant: list[str] = []
    for name, parts in columns.items():
        values = pc.fill_null(pa.chunked_array(parts).combine_chunks(), "")
        tried = {"value": values}
        if (domains := _domains(values)) is not None:
            tried["domain"] = domains
        for of, these in tried.items():
            coded = these.dictionary_encode()
            if of == "value" and len(coded.dictionary) == 1 < rows:
                constant.append(name)
            accuracy = guessed(coded.indices.to_numpy(), codes)
            if baseline < 1 and (accuracy - baseline) / (1 - baseline) >= _ENOUGH:
                seen = len(coded.dictionary)
                told = {"column": name, "of": of, "accuracy": accuracy, "baseline": baseline, "values": seen}
                found.append(told)
    order = sorted(found, key=lambda one: (-one["accuracy"], one["values"], one["column"]))
    return {"giveaways": order, "constant": sorted(constant)}


def guessed(values: NDArray[np.integer[Any]], labels: NDArray[np.integer[Any]]) -> float:
    """How often a row's label is the most frequent one among the other rows with its value; a tie is no guess.

    Parameters
    ----------
    values, labels : numbers (n_rows,), from 0 on

    Examples
    --------
    >>> round(guessed(np.array([0, 0, 0, 1, 2, 2, 2]), np.array([1, 1, 1, 1, 0, 0, 1])), 3)
    0.429
    """
    n_labels = int(labels.max()) + 1
    cells, inverse, counts = np.unique(
        values.astype(np.int64) * n_labels + labels, return_inverse=True, return_counts=True
    )
    of_cell = cells // n_labels
    # the largest count of another label with the same value
    best, second = np.zeros(int(of_cell.max()) + 1, np.int64), np.zeros(int(of_cell.max()) + 1, np.int64)
    order = np.lexsort((-counts, of_cell))
    value, count = of_cell[order], counts[order]
    first = np.append(True, value[1:] != value[:-1])
    best[value[first]] = count[first]
    after = np.append(False, first[:-1]) & ~first  # the one after the first of its value
    second[value[after]] = count[after]
    rival = np.where(counts == best[of_cell], second[of_cell], best[of_cell])
    right = counts - 1 > rival
    return float(right[inverse].mean())


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def _domains(values: pa.Array) -> pa.Array | None:
    """The domain of each link; None where fewer than half of the values are links."""
    links = pc.match_substring_regex(values, "^https?://")
    if pc.sum(links).as_py() * 2 < len(values):
        return None
    hosts = pc.struct_field(pc.extract_regex(values, _HOST), "host")
    return pc.fill_null(pc.utf8_lower(hosts), "")
