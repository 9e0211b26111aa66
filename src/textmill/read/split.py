"""Which rows the model never sees: dealt by hash, so that adding rows moves no others, and checked for leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import SplitConfig
from textmill.errors import DataError, LabelError
from textmill.read.corpus import Corpus
from textmill.read.layout import string_layout
from textmill.read.leaks import Alike, find_leaks, leaked_rows
from textmill.read.similar import similar_groups

__all__ = ["Split", "alike_rows", "dealt", "fingerprints_of", "split_corpus"]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Who is on which side.

    Attributes
    ----------
    side : int8 (n_rows,), 0 for train and 1 for test
    leaks : what the check between the sides found, as JSON values; see `find_leaks`
    leaked : bool (n_test,), which test rows are equal or nearly equal to a training text
    """

    side: NDArray[np.int8]
    leaks: dict[str, Any]
    leaked: NDArray[np.bool_]


def split_corpus(
    corpus: Corpus, config: SplitConfig, *, seed: int, threads: int = 1, test: Corpus | None = None
) -> Split:
    """Deal the rows of a corpus out to train and test, and look for texts that are on both sides.

    With ``near_duplicates="together"`` texts that share most of their words are on one side, which depends on the seed
    and on one of them, without links, case and punctuation; else a row's side depends on its id and the seed. Either
    way more rows move none of those that were there, but for two cases: a new text that is similar to some may take
    them along to the other side; and of a class that would be in the test side only, the group that came nearest to
    the training side goes there, and ``leaks["moved"]`` counts its rows.

    Parameters
    ----------
    test : an official test side; then no row is dealt out, `side` is 0 for every row of `corpus`, and texts that are
        in both are counted

    Returns
    -------
    Split : a side for each row of `corpus`

    Raises
    ------
    DataError : if a side is left empty, or more than half of an official test side is in the training side as well,
        unless ``near_duplicates="allow"``
    LabelError : if the training side lacks a class of an official test side

    Examples
    --------
    >>> rows = [{"text": f"{word} {n}", "label": word} for word in ("ham", "spam") for n in range(50)]
    >>> found = split_corpus(Corpus.of(rows), SplitConfig(test=0.2), seed=13)
    >>> found.side.tolist() == split_corpus(Corpus.of(rows), SplitConfig(test=0.2), seed=13).side.tolist()
    True
    >>> found.leaks["loose"]["test_rows"]
    0
    """
    parts = [corpus] if test is None else [corpus, test]
    searched = config.near_duplicates != "allow"
    alike, loose = alike_rows(parts, similarity=config.similarity if searched else None, threads=threads)
    if test is not None:
        side = np.concatenate([np.zeros(part.n_rows, np.int8) + number for number, part in enumerate(parts)])
        _check_known(corpus, test)
        leaks = find_leaks(parts, side, alike, policy="official", similarity=config.similarity)
        if searched:
            _check_apart(test, leaks)
        return Split(side[: corpus.n_rows], leaks, leaked_rows(alike.similar, side)[side == 1])
    together = config.near_duplicates == "together"
    keys = _least_keys(loose, alike.similar) if together else fingerprints_of(corpus, "id", False, threads)
    places = dealt(keys, seed)
    side = (places < config.test).astype(np.int8)
    moved = _teach_every_class(corpus, side, keys, places)
    _check_sides(corpus, side, config)
    leaks = find_leaks(parts, side, alike, policy=config.near_duplicates, similarity=config.similarity)
    leaks["moved"] = {"classes": len(moved), "rows": sum(moved.values())}
    if moved:
        leaks["sentence"] = f"{leaks.get('sentence', '')} {_moved_sentence(moved)}".strip()
    return Split(side, leaks, leaked_rows(alike.similar, side)[side == 1])


def alike_rows(parts: Sequence[Corpus], *, similarity: float | None, threads: int) -> tuple[Alike, NDArray[np.uint64]]:
    """Which rows of one corpus, or of several, have texts that are alike.

    Parameters
    ----------
    similarity : as in `similar_groups`; None: similar texts are not looked for

    Returns
    -------
    alike, loose : the groups, and fingerprints without links, case and punctuation, uint64 (n_rows, 2)
    """
    exact, loose = (
        np.concatenate([fingerprints_of(part, "text", kind, threads) for part in parts]) for kind in (False, True)
    )
    similar = None if similarity is None else similar_groups(parts, similarity=similarity, threads=threads)
    return Alike.of(exact, loose, similar), loose


def fingerprints_of(corpus: Corpus, column: str, loose: bool, threads: int) -> NDArray[np.uint64]:
    """128-bit fingerprints of a column of text: uint64 (n_rows, 2)."""
    found = [np.empty((0, 2), np.uint64)]
    for batch in corpus.batches():
        found.append(_native.fingerprints(*string_layout(batch.column(column)), loose, threads))
    return np.concatenate(found)


def dealt(keys: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """A place in [0, 1) for each key, by a keyed hash of 64 bits; below the share of the test side it is there.

    Parameters
    ----------
    keys : uint64 (n_rows, 2)

    Examples
    --------
    >>> keys = np.arange(20_000, dtype=np.uint64).reshape(-1, 2)
    >>> places = dealt(keys, seed=1)
    >>> bool(0.19 < (places < 0.2).mean() < 0.21)
    True
    >>> bool((places[:50] == dealt(keys[:50], seed=1)).all())
    True
    """
    key = _mixed(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
    hashed = _mixed(keys[:, 0] ^ _mixed(keys[:, 1] ^ key))
    # 53 bits are what a float holds without rounding up to 1
    found: NDArray[np.float64] = (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found


def _least_keys(keys: NDArray[np.uint64], groups: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Of each row the least key of its group, so that the order of the rows decides nothing."""
    order = np.lexsort((keys[:, 1], keys[:, 0], groups))
    _, firsts = np.unique(groups[order], return_index=True)
    return np.asarray(keys[order[firsts]][groups])


def _teach_every_class(
    corpus: Corpus, side: NDArray[np.int8], keys: NDArray[np.uint64], places: NDArray[np.float64]
) -> dict[str, int]:
    """Move a group of each class that training would lack; the rows moved by class."""
    if not corpus.labelled or not (side == 0).any():
        return {}
    labels = corpus.table()["label"].combine_chunks().dictionary_encode()
    names, codes = labels.dictionary.to_pylist(), labels.indices.to_numpy()
    moved = {}
    for code in np.flatnonzero(np.bincount(codes[side == 0], minlength=len(names)) == 0).tolist():
        rows = np.flatnonzero(codes == code)
        if (side[rows] == 0).any():
            continue  # came along with another class
        nearest = rows[places[rows].argmax()]
        group = (keys == keys[nearest]).all(axis=1)
        side[group] = 0
        moved[names[code]] = int(group.sum())
    return moved


def _moved_sentence(moved: dict[str, int]) -> str:
    rows = "1 row" if sum(moved.values()) == 1 else f"{sum(moved.values()):,} rows"
    which = repr(min(moved)) if len(moved) == 1 else f"{len(moved):,} rare classes"
    return f"So that it can be learned at all, {rows} of {which} went to the training side."


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # splitmix64: every bit of the input moves every bit of the output
    with np.errstate(over="ignore"):
        mixed = values + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def _check_apart(test: Corpus, leaks: dict[str, Any]) -> None:
    share = leaks["similar"]["share"]
    if share > 0.5:
        raise DataError(
            f"{100 * share:.4g} % of the test rows are equal or nearly equal to a training text",
            where=test.name,
            wanted="other texts than those that are learned from",
            hint='Name another test file, or none, to have one split off; split.near_duplicates = "allow" insists.',
        )


def _check_known(corpus: Corpus, test: Corpus) -> None:
    if not (corpus.labelled and test.labelled):
        return
    learned, asked = (set(part.table()["label"].unique().to_pylist()) for part in (corpus, test))
    if asked - learned:
        raise LabelError(
            f"no training row has {_named(asked - learned)}, which the test side asks for",
            where=test.name,
            hint="Are both files labelled alike?",
        )


def _named(labels: set[str]) -> str:
    listed = ", ".join(map(repr, sorted(labels)[:5])) + (" ..." if len(labels) > 5 else "")
    return f"the label {listed}" if len(labels) == 1 else f"the labels {listed}"


def _check_sides(corpus: Corpus, side: NDArray[np.int8], config: SplitConfig) -> None:
    n_test = int(side.sum())
    for name, count in (("test", n_test), ("training", len(side) - n_test)):
        if count == 0:
            alike = " and texts that are nearly equal stay together" if config.near_duplicates == "together" else ""
            raise DataError(
                f"the {name} side is empty: {len(side):,} rows were dealt out with test = {config.test:g}{alike}",
                where=corpus.name,
                hint="Take more rows, another share or another seed.",
            )
