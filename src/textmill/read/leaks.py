"""Texts that are on both sides of a split, and texts whose labels contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill.read.corpus import Corpus
from textmill.read.units import joined

__all__ = ["Alike", "find_leaks", "groups_of", "leaked_rows"]

_EXAMPLES = 20
_SHOWN = 200  # characters of an example


def groups_of(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Numbers of equal keys: equal keys have equal numbers, from 0 on.

    Parameters
    ----------
    keys : uint64 (n_rows, 2)

    Returns
    -------
    int64 (n_rows,)

    Examples
    --------
    >>> groups_of(np.array([[5, 1], [3, 1], [5, 1], [5, 2]], dtype=np.uint64)).tolist()
    [1, 0, 1, 2]
    """
    order = np.lexsort((keys[:, 0], keys[:, 1]))
    ordered = keys[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    groups = np.empty(len(keys), dtype=np.int64)
    groups[order] = np.cumsum(new) - 1
    return groups


class Alike(NamedTuple):
    """Which rows have texts that are alike: numbers of groups, from 0 on, int64 (n_rows,) each.

    Attributes
    ----------
    equal : texts as they stand
    loose : without links, case and punctuation
    similar : with most of their words in common; whatever is equal or loosely equal is in one group as well
    """

    equal: NDArray[np.int64]
    loose: NDArray[np.int64]
    similar: NDArray[np.int64]

    @classmethod
    def of(cls, exact: NDArray[np.uint64], loose: NDArray[np.uint64], similar: NDArray[np.int64] | None) -> Alike:
        """From fingerprints, uint64 (n_rows, 2), and the first row of each row's group of similar texts, if any."""
        loose_groups = groups_of(loose)  # equal texts are loosely equal as well
        if similar is None:
            return cls(groups_of(exact), loose_groups, loose_groups)
        ties = [loose_groups, 1 + loose_groups.max(initial=0) + similar]
        return cls(groups_of(exact), loose_groups, joined(len(similar), ties))


def find_leaks(
    parts: Sequence[Corpus], side: NDArray[np.int8], alike: Alike, *, policy: str, similarity: float
) -> dict[str, Any]:
    """What the two sides share.

    Parameters
    ----------
    parts : one corpus, or two that are the sides
    side : int8 (n_rows,) over all rows of the parts, 0 train, 1 test
    similarity : of which `alike` has found similar texts

    Returns
    -------
    dict of JSON values:

    - ``policy``, ``similarity``, ``train_rows``, ``test_rows``
    - ``equal``, ``loose`` and ``similar``: texts on both sides: ``groups``, ``train_rows``, ``test_rows`` and their
      ``share``
    - ``duplicates``: in all rows, ``equal_groups``, ``equal_rows``, and so on for the other kinds
    - ``contradictions``: equal texts with different labels: ``texts``, ``rows``, ``loose_texts``, ``examples``
    - ``examples``: up to 20 pairs with ``kind``, ``train`` and ``test``, each ``id``, ``text``, ``label``
    - ``sentence``: the gist
    """
    rows = _Rows(parts)
    n_test = int(side.sum())
    found: dict[str, Any] = {
        "policy": policy,
        "similarity": similarity,
        "train_rows": len(side) - n_test,
        "test_rows": n_test,
    }
    duplicates: dict[str, int] = {}
    for kind, groups in zip(Alike._fields, alike, strict=True):
        sizes = np.bincount(groups)
        across = _across(groups, side)
        inside = across[groups]
        leaked = int(inside[side == 1].sum())
        found[kind] = {
            "groups": int(across.sum()),
            "train_rows": int(inside[side == 0].sum()),
            "test_rows": leaked,
            "share": leaked / n_test if n_test else 0.0,
        }
        duplicates |= {f"{kind}_groups": int((sizes > 1).sum()), f"{kind}_rows": int(sizes[sizes > 1].sum())}
    found["duplicates"] = duplicates
    found["contradictions"] = _contradictions(rows, alike.equal, alike.loose)
    found["examples"] = _examples(rows, side, alike)
    found["sentence"] = _sentence(found)
    return found


def leaked_rows(groups: NDArray[np.int64], side: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which test rows have a training row in their group, bool (n_rows,)."""
    return np.asarray(_across(groups, side)[groups] & (side == 1))


def _across(groups: NDArray[np.int64], side: NDArray[np.int8]) -> NDArray[np.bool_]:
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    tested = np.bincount(groups, weights=side, minlength=n_groups)
    sizes = np.bincount(groups, minlength=n_groups)
    return np.asarray((tested > 0) & (tested < sizes))


def _examples(rows: _Rows, side: NDArray[np.int8], alike: Alike) -> list[dict[str, Any]]:
    """The first twenty test rows that have a partner in train, each with the first of those it is most like."""
    found = []
    for test in np.flatnonzero(leaked_rows(alike.similar, side))[:_EXAMPLES].tolist():
        for kind, groups in zip(Alike._fields, alike, strict=True):
            partners = np.flatnonzero((groups == groups[test]) & (side == 0))
            if len(partners):
                found.append({"kind": kind, "train": rows.shown(int(partners[0])), "test": rows.shown(test)})
                break
    return found


def _contradictions(rows: _Rows, equal: NDArray[np.int64], loose: NDArray[np.int64]) -> dict[str, Any]:
    labels = rows.labels()
    if labels is None:
        return {"texts": 0, "rows": 0, "loose_texts": 0, "examples": []}
    codes, names = labels
    at_odds = _at_odds(equal, codes)
    places = np.flatnonzero(at_odds[equal])
    examples = []
    _, firsts = np.unique(equal[places], return_index=True)
    for first in places[np.sort(firsts)][:_EXAMPLES].tolist():
        counts = np.bincount(codes[equal == equal[first]], minlength=len(names))
        told = {names[code]: int(counts[code]) for code in np.flatnonzero(counts).tolist()}
        examples.append({"text": rows.shown(first)["text"], "labels": dict(sorted(told.items()))})
    return {
        "texts": int(at_odds.sum()),
        "rows": len(places),
        "loose_texts": int(_at_odds(loose, codes).sum()),
        "examples": examples,
    }


def _at_odds(groups: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    # a group is at odds with itself when its least and its greatest label differ
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    low = np.full(n_groups, np.iinfo(np.int64).max)
    high = np.full(n_groups, -1, dtype=np.int64)
    np.minimum.at(low, groups, codes)
    np.maximum.at(high, groups, codes)
    return np.asarray(low < high)


def _sentence(found: dict[str, Any]) -> str:
    equal, similar, policy = found["equal"], found["similar"], found["policy"]
    if similar["test_rows"] == 0:
        kept = found["duplicates"]["similar_groups"]
        if policy == "together":
            return (
                f"{kept:,} groups of equal or nearly equal texts were each kept on one side."
                if kept
                else "No two texts are equal or nearly equal."
            )
        return "No test text is equal or nearly equal to a training text."
    return (
        f"{similar['test_rows']:,} of {found['test_rows']:,} test rows ({100 * similar['share']:.1f} %) are equal or"
        f" nearly equal to a training text, {equal['test_rows']:,} of them as they stand: scores on them are flattered."
    )


class _Rows:
    """The rows of one corpus or of two, one after the other."""

    def __init__(self, parts: Sequence[Corpus]) -> None:
        labelled = all(part.labelled for part in parts)
        names = ["id", "text", "label"] if labelled else ["id", "text"]
        self.table = pa.concat_tables([part.table().select(names) for part in parts])

    def labels(self) -> tuple[NDArray[np.int64], list[str]] | None:
        if "label" not in self.table.column_names:
            return None
        coded = self.table["label"].combine_chunks().dictionary_encode()
        return coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()

    def shown(self, row: int) -> dict[str, str]:
        found: dict[str, str] = self.table.slice(row, 1).to_pylist()[0]
        text = found["text"]
        return {**found, "text": text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"}
