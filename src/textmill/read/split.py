"""Which rows the model never sees: dealt by hash, so that adding rows moves no others, and checked for leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from textmill import _native
from textmill.config import SplitConfig
from textmill.errors import DataError, LabelError
from textmill.read.ages import ages_of, bound
from textmill.read.corpus import Corpus
from textmill.read.layout import string_layout
from textmill.read.leaks import Alike, find_leaks, leaked_rows
from textmill.read.similar import similar_groups
from textmill.read.units import column_of, fingerprints_of, joined, least_keys, shared_values

_REPEAT = 0x7265706561  # turns the seed into another one for each repetition
_FOLD = 0x666F6C64  # turns the seed into another one, so that the fold is no part of the test side dealt again

__all__ = ["Split", "alike_rows", "dealt", "split_corpus"]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Who is on which side.

    Attributes
    ----------
    side : int8 (n_rows,), 0 for train and 1 for test
    leaks : what the check between the sides found, as JSON values; see `find_leaks`
    leaked : bool (n_test,), which test rows are equal or nearly equal to a training text
    fold : bool (n_rows,), which rows of the training side are held back to learn decisions from
    units : int64 (n_rows,), equal for rows that stay together
    loose : uint64 (n_rows, 2), fingerprints of the texts without links, case and punctuation
    clusters : int64 (n_test,), from 0 on, equal for test rows that belong together; None without a ``group``
    folds : int64 (repeats, n_rows), the fold in which a row is a test row; None without ``folds``. With them `side` is
        0 for all rows, and all are test rows
    """

    side: NDArray[np.int8]
    leaks: dict[str, Any]
    leaked: NDArray[np.bool_]
    fold: NDArray[np.bool_]
    units: NDArray[np.int64]
    loose: NDArray[np.uint64]
    clusters: NDArray[np.int64] | None = None
    folds: NDArray[np.int64] | None = None


def split_corpus(
    corpus: Corpus,
    config: SplitConfig,
    *,
    seed: int,
    threads: int = 1,
    test: Corpus | None = None,
    fold: float = 0.0,
) -> Split:
    """Deal the rows of a corpus out to train and test, and look for texts that are on both sides.

    With ``near_duplicates="together"`` texts that share most of their words are on one side, which depends on the seed
    and on one of them, without links, case and punctuation; else a row's side depends on its id and the seed. Either
    way more rows move none of those that were there, but for two cases: a new text that is similar to some may take
    them along to the other side; and of a class that would be in the test side only, the group that came nearest to
    the training side goes there, and ``leaks["moved"]`` counts its rows. With ``time`` the newest rows are the test
    side, from ``test_from`` on or their share; rows that belong together are where the oldest of them is. With
    ``stratify`` the share is that of each class.

    Parameters
    ----------
    test : an official test side; then no row is dealt out, `side` is 0 for every row of `corpus`, and texts that are
        in both are counted
    fold : share of the training side to hold back; dealt like the test side, so that no row of it has a twin that is
        learned from

    Returns
    -------
    Split : a side for each row of `corpus`

    Raises
    ------
    ConfigError : if there is no such column
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
    n = corpus.n_rows
    loose = loose[:n]
    units, keys = _units(corpus, config, alike.similar[:n], loose, threads)
    if config.folds is not None:
        return _folded(corpus, config, alike, loose, units, keys, seed)
    if test is not None:
        _check_known(corpus, test)
        side = np.repeat(np.array([0, 1], np.int8), [n, test.n_rows])
        leaks = find_leaks(parts, side, alike, policy="official", similarity=config.similarity)
        if searched:
            _check_apart(test, leaks)
    else:
        places, side, newest = dealt(keys, seed), np.zeros(n, np.int8), None
        if config.time is not None:
            side, newest = _newest(corpus, config, units)
        elif config.stratify and corpus.labelled:
            side = _stratified(corpus, units, places, config.test)
        else:
            side = (places < config.test).astype(np.int8)
        moved = _teach_every_class(corpus, side, keys, places)
        _check_sides(corpus, side, config)
        leaks = find_leaks(parts, side, alike, policy=config.near_duplicates, similarity=config.similarity)
        leaks["moved"] = {"classes": len(moved), "rows": sum(moved.values())}
        told = [leaks.get("sentence", ""), _moved_sentence(moved) if moved else ""]
        if newest is not None:
            leaks["time"] = newest
            told.append(_time_sentence(newest))
        leaks["sentence"] = " ".join(filter(None, told))
    held = _held_back(corpus, side[:n], keys, fold, seed)
    clusters = None
    if config.groups:
        of = units[side == 1] if test is None else joined(test.n_rows, shared_values(test, config.groups))
        clusters = np.unique(of, return_inverse=True)[1].astype(np.int64)
    return Split(side[:n], leaks, leaked_rows(alike.similar, side)[side == 1], held, units, loose, clusters)


def _folded(
    corpus: Corpus,
    config: SplitConfig,
    alike: Alike,
    loose: NDArray[np.uint64],
    units: NDArray[np.int64],
    keys: NDArray[np.uint64],
    seed: int,
) -> Split:
    """Every row is a test row once, in the fold of its unit."""
    assert config.folds is not None
    n, rows = config.folds, corpus.n_rows
    folds = np.empty((config.repeats, rows), np.int64)
    for repeat in range(config.repeats):
        places = dealt(keys, seed + repeat * _REPEAT)
        if config.stratify and corpus.labelled:
            places = _spread(corpus, units, places)
        folds[repeat] = np.minimum((places * n).astype(np.int64), n - 1)
        if len(np.unique(folds[repeat])) < 2:
            raise DataError(
                f"all {rows:,} rows fell into one of {n} folds, as texts that belong together stay together",
                where=corpus.name,
                hint="Take more rows or another seed.",
            )
    leaks = find_leaks([corpus], np.zeros(rows, np.int8), alike, policy="together", similarity=config.similarity)
    leaks |= {"test_rows": rows, "moved": {"classes": 0, "rows": 0}, "folds": n}
    clusters = np.unique(units, return_inverse=True)[1].astype(np.int64) if config.groups else None
    none = np.zeros(rows, bool)
    return Split(np.zeros(rows, np.int8), leaks, none, none, units, loose, clusters, folds)


def _units(
    corpus: Corpus, config: SplitConfig, similar: NDArray[np.int64], loose: NDArray[np.uint64], threads: int
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Which rows stay together, int64 (n_rows,), and the key that deals each out, uint64 (n_rows, 2)."""
    together = config.near_duplicates == "together"
    if not config.groups:
        if together:
            return similar, least_keys(loose, similar)
        return np.arange(corpus.n_rows), fingerprints_of(corpus, "id", False, threads)
    ties = shared_values(corpus, config.groups)
    if together:
        ties.append(similar + 1 + max(int(tie.max(initial=0)) for tie in ties))
    units = joined(corpus.n_rows, ties)
    # what a group is called deals it out, so that more rows of it change nothing
    named = pc.cast(column_of(corpus, config.groups[0], "split.group"), pa.string())
    keys = [
        _native.fingerprints(*string_layout(part), False, threads)
        for part in pc.coalesce(named, corpus.table()["id"]).chunks
    ]
    return units, least_keys(np.concatenate(keys), units)


def _newest(corpus: Corpus, config: SplitConfig, units: NDArray[np.int64]) -> tuple[NDArray[np.int8], dict[str, Any]]:
    """The side of each row by time: a unit is where its oldest row is."""
    assert config.time is not None
    ages = ages_of(corpus, config.time)
    if config.test_from is not None:
        first = bound(config.test_from)
    else:
        first = float(np.sort(ages)[::-1][max(round(config.test * len(ages)) - 1, 0)])
    oldest = np.full(int(units.max(initial=0)) + 1, np.inf)
    np.minimum.at(oldest, units, ages)
    side = (oldest[units] >= first).astype(np.int8)
    begins = int(np.argmin(np.where(ages >= first, ages, np.inf)))
    said = corpus.table()[config.time][begins].as_py() if config.test_from is None else config.test_from
    kept = int(((ages >= first) & (side == 0)).sum())
    return side, {"column": config.time, "from": str(said), "kept": kept}


def _time_sentence(newest: dict[str, Any]) -> str:
    told = f"The test side begins with {newest['from']} ({newest['column']})."
    if newest["kept"]:
        rows = "1 newer row" if newest["kept"] == 1 else f"{newest['kept']:,} newer rows"
        told += f" {rows} stayed on the training side with older ones that belong to them."
    return told


def _stratified(
    corpus: Corpus, units: NDArray[np.int64], places: NDArray[np.float64], share: float
) -> NDArray[np.int8]:
    """The side of each row, with the same share of each class: of its units those that are dealt least."""
    return (_spread(corpus, units, places) <= share).astype(np.int8)


def _spread(corpus: Corpus, units: NDArray[np.int64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in the same order, but even in each class: a share of [0, 1) holds that share of every class's rows."""
    codes, _ = _labels(corpus)
    _, firsts, inverse, sizes = np.unique(units, return_index=True, return_inverse=True, return_counts=True)
    of_unit = np.full(len(firsts), np.iinfo(np.int64).max)
    np.minimum.at(of_unit, inverse, codes)
    spread = np.empty(len(firsts))
    for code in np.unique(of_unit).tolist():
        mine = np.flatnonzero(of_unit == code)
        mine = mine[np.argsort(places[firsts[mine]], kind="stable")]
        upto = np.cumsum(sizes[mine])
        spread[mine] = (upto - sizes[mine] / 2) / upto[-1]
    return np.asarray(spread[inverse])


def _labels(corpus: Corpus) -> tuple[NDArray[np.int64], list[str]]:
    coded = corpus.table()["label"].combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()


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


def _held_back(
    corpus: Corpus, side: NDArray[np.int8], keys: NDArray[np.uint64], fold: float, seed: int
) -> NDArray[np.bool_]:
    """The rows of the training side that are held back: bool (n_rows,)."""
    if fold == 0:
        return np.zeros(len(side), bool)
    places = dealt(keys, seed ^ _FOLD)
    apart = np.where(side == 1, 1, places < fold).astype(np.int8)
    places[side == 1] = -1  # never the nearest of a class
    _teach_every_class(corpus, apart, keys, places)
    found: NDArray[np.bool_] = (apart == 1) & (side == 0)
    if not found.any() or (apart == 1).all():
        raise DataError(
            f"there are too few rows to hold any back: decide.fold = {fold:g} of {int((side == 0).sum()):,}",
            where=corpus.name,
            hint="Take more rows or another seed.",
        )
    return found


def _teach_every_class(
    corpus: Corpus, side: NDArray[np.int8], keys: NDArray[np.uint64], places: NDArray[np.float64]
) -> dict[str, int]:
    """Move a group of each class that training would lack; the rows moved by class."""
    if not corpus.labelled or not (side == 0).any():
        return {}
    codes, names = _labels(corpus)
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
    if not (corpus.labelled and test.labelled) or corpus.facts.get("several_labels"):
        return  # one of several labels that is unknown is a label missed, not a row that cannot be judged
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
            raise DataError(
                f"the {name} side is empty: {_how_dealt(len(side), config)}", where=corpus.name, hint=_remedy(config)
            )


def _how_dealt(rows: int, config: SplitConfig) -> str:
    if config.test_from is not None:
        return f"{config.time!r} divides {rows:,} rows at {config.test_from}"
    together = [f"of one {name!r}" for name in config.groups]
    if config.near_duplicates == "together":
        together.append("with nearly equal texts")
    kept = f", and those {' or '.join(together)} stay together" if together else ""
    return f"{rows:,} rows were dealt out with test = {config.test:g}{kept}"


def _remedy(config: SplitConfig) -> str:
    if config.test_from is not None:
        return "Name another day in test_from, or none, to test on a share of the newest rows."
    if config.groups:
        return "Do too many rows share a value, so that all hang together? Name another column as group."
    return "Take more rows, another share or another seed."
