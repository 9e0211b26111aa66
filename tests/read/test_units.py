"""Groups, times and strata: who is on which side, and who that moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.config import SplitConfig
from textmill.errors import ConfigError, DataError
from textmill.read import Corpus, split_corpus
from textmill.read.ages import ages_of, moment
from textmill.read.units import joined, shared_values


def corpus_of(n: int, **columns: list[object]) -> Corpus:
    rows = [
        {"text": f"word{i} other{i} third{i}", "label": "ab"[i % 2]}
        | {name: values[i] for name, values in columns.items()}
        for i in range(n)
    ]
    return Corpus.of(rows)


@given(st.lists(st.lists(st.integers(0, 6), min_size=8, max_size=8), min_size=1, max_size=3))
def test_joined_rows_are_those_that_a_walk_reaches(ties: list[list[int]]) -> None:
    groups = joined(8, [np.array(tie) for tie in ties])
    near = [[any(a[i] == b[j] for a in ties for b in ties) for j in range(8)] for i in range(8)]
    reach = np.linalg.matrix_power(np.array(near, float), 8) > 0
    assert ((groups[:, None] == groups[None, :]) == reach).all()
    assert sorted(set(groups.tolist())) == list(range(groups.max() + 1))


@pytest.mark.parametrize("n", [2, 3, 1000, 5000])
def test_a_long_chain_is_one_group(n: int) -> None:
    """Row i shares a number with row i + 1, in the one list or the other."""
    rng = np.random.default_rng(n)
    order = rng.permutation(n)
    one, other = np.empty(n, np.int64), np.empty(n, np.int64)
    one[order], other[order] = np.arange(n) // 2, n + (np.arange(n) + 1) // 2
    assert joined(n, [one, other]).tolist() == [0] * n
    if n > 2:
        one[order[-1]] = other[order[-1]] = 3 * n  # the last is cut off
        assert len(set(joined(n, [one, other]).tolist())) == 2


@given(
    st.lists(st.sampled_from(["ann", "bob", "cid", "dan", "eve", None]), min_size=40, max_size=40), st.integers(0, 50)
)
def test_a_group_is_on_one_side(authors: list[str | None], seed: int) -> None:
    corpus = corpus_of(40, author=authors, other=["x"] * 40)
    try:
        found = split_corpus(corpus, SplitConfig(test=0.4, group="author"), seed=seed)
    except DataError:
        return  # all of them fell on one side
    sides = {
        author: {side for side, name in zip(found.side.tolist(), authors, strict=True) if name == author}
        for author in authors
    }
    assert all(len(side) == 1 for author, side in sides.items() if author)
    assert found.clusters is not None
    assert len(found.clusters) == found.side.sum()


def test_more_rows_of_a_group_move_none() -> None:
    authors = [f"author {i % 17}" for i in range(120)]
    config = SplitConfig(test=0.3, group="author", near_duplicates="allow")
    few = split_corpus(corpus_of(60, author=authors), config, seed=4).side
    many = split_corpus(corpus_of(120, author=authors), config, seed=4).side
    assert many[:60].tolist() == few.tolist()


def test_both_sides_of_a_pair_stay_together() -> None:
    pairs = [(f"q{i}", f"q{(i * 7) % 50}") for i in range(60)]
    corpus = corpus_of(60, one=[a for a, _ in pairs], two=[b for _, b in pairs])
    found = split_corpus(corpus, SplitConfig(test=0.3, group=("one", "two")), seed=2)
    of = {0: set(), 1: set()}
    for side, pair in zip(found.side.tolist(), pairs, strict=True):
        of[side] |= set(pair)
    assert not of[0] & of[1]
    assert of[1]


def test_rows_without_a_value_are_on_their_own() -> None:
    values = shared_values(corpus_of(4, author=["a", None, "a", None]), ["author"])[0].tolist()
    assert values[0] == values[2]
    assert len(set(values)) == 3


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1970-01-01T00:00:10Z", 10), ("1970-01-01T01:00:10+01:00", 10), ("1970-01-01 00:00:10", 10),
        ("Thu, 01 Jan 1970 00:00:10 +0000", 10), ("2019", 2019), ("1700000000", 1.7e9), (3, 3), (2.5, 2.5),
    ],
)  # fmt: skip
def test_moments(said: object, seconds: float) -> None:
    assert moment(said) == seconds


def test_the_newest_rows_are_the_test_side() -> None:
    days = [f"2024-01-{1 + (i * 7) % 28:02}" for i in range(56)]
    found = split_corpus(corpus_of(56, day=days), SplitConfig(test=0.25, time="day"), seed=1)
    tested = {day for day, side in zip(days, found.side.tolist(), strict=True) if side}
    learned = {day for day, side in zip(days, found.side.tolist(), strict=True) if not side}
    assert min(tested) > max(learned)
    assert found.side.sum() == 14
    assert found.leaks["time"] == {"column": "day", "from": min(tested), "kept": 0}
    assert f"The test side begins with {min(tested)} (day)." in found.leaks["sentence"]


def test_from_a_day_on_more_rows_move_none() -> None:
    days = [f"2024-0{1 + i % 9}-01" for i in range(90)]
    config = SplitConfig(time="day", test_from="2024-07-01")
    few = split_corpus(corpus_of(45, day=days), config, seed=1).side
    many = split_corpus(corpus_of(90, day=days), config, seed=1).side
    assert many[:45].tolist() == few.tolist() == [int(day >= "2024-07-01") for day in days[:45]]


def test_a_newer_copy_stays_with_the_older_text() -> None:
    rows = [{"text": f"one two three number{i} {i}", "label": "ab"[i % 2], "year": 2000 + i} for i in range(20)]
    rows += [rows[0] | {"year": 2030}]
    found = split_corpus(Corpus.of(rows), SplitConfig(test=0.2, time="year"), seed=1)
    assert found.side.tolist()[-1] == 0
    assert found.leaks["time"]["kept"] == 1
    assert "1 newer row stayed on the training side" in found.leaks["sentence"]
    assert found.leaks["similar"]["test_rows"] == 0


def test_what_is_no_time_is_told() -> None:
    with pytest.raises(
        DataError, match=r"row id 2: 1 of 3 rows have no time in 'day'; wanted a date such as .*got 'soon'"
    ):
        ages_of(corpus_of(3, day=["2024-01-01", "soon", "2024-01-02"]), "day")


def test_a_column_that_is_not_there_is_told_with_a_suggestion() -> None:
    for key in ("group", "time"):
        with pytest.raises(
            ConfigError, match=rf"split.{key}: no column is called 'autor'; known: author. Did you mean"
        ):
            split_corpus(corpus_of(10, author=["a"] * 10), SplitConfig(**{key: "autor"}), seed=1)


@pytest.mark.parametrize("seed", range(4))
def test_strata_have_their_share_to_the_row(seed: int) -> None:
    rows = [{"text": f"w{i} x{i} y{i}", "label": "rare" if i % 20 == 0 else "common"} for i in range(400)]
    found = split_corpus(Corpus.of(rows), SplitConfig(test=0.25, stratify=True), seed=seed)
    tested = [row["label"] for row, side in zip(rows, found.side.tolist(), strict=True) if side]
    assert (tested.count("rare"), tested.count("common")) == (5, 95)


@pytest.mark.parametrize("official", [False, True])
def test_rows_held_back_are_of_the_training_side_and_have_no_twin_there(official: bool) -> None:
    rows = [{"text": f"w{i // 2} x{i // 2} y{i // 2}", "label": "ab"[i // 2 % 2]} for i in range(400)]
    test = Corpus.of([{"text": f"t{i}", "label": "ab"[i % 2]} for i in range(20)]) if official else None
    found = split_corpus(Corpus.of(rows), SplitConfig(), seed=1, fold=0.25, test=test)
    assert not (found.fold & (found.side == 1)).any()
    n_train = int((found.side == 0).sum())
    assert 0.15 < found.fold.sum() / n_train < 0.35
    held = {row["text"] for row, fold in zip(rows, found.fold.tolist(), strict=True) if fold}
    learned = {
        row["text"]
        for row, fold, side in zip(rows, found.fold.tolist(), found.side.tolist(), strict=True)
        if not fold and not side
    }
    assert not held & learned
    plain = split_corpus(Corpus.of(rows), SplitConfig(), seed=1, test=test)
    assert plain.side.tolist() == found.side.tolist()
    assert not plain.fold.any()


def test_rows_that_are_all_alike_cannot_be_held_back() -> None:
    alike = Corpus.of([{"text": "one and the same", "label": "ab"[i % 2]} for i in range(40)])
    test = Corpus.of([{"text": "another", "label": "a"}])
    with pytest.raises(DataError, match=r"too few rows to hold any back: decide.fold = 0.5 of 40"):
        split_corpus(alike, SplitConfig(), seed=1, fold=0.5, test=test)


@pytest.mark.parametrize("stratify", [False, True])
def test_every_row_is_tested_in_one_fold_with_its_twins(stratify: bool) -> None:
    rows = [{"text": f"w{i // 2} x{i // 2} y{i // 2}", "label": "ab"[i // 2 % 2]} for i in range(400)]
    found = split_corpus(Corpus.of(rows), SplitConfig(folds=4, repeats=3, stratify=stratify), seed=1)
    assert found.folds is not None
    assert found.folds.shape == (3, 400)
    assert (found.side == 0).all()
    assert len(found.leaked) == 400
    for folds in found.folds:
        assert sorted(set(folds.tolist())) == [0, 1, 2, 3]
        assert (folds[::2] == folds[1::2]).all()
        if stratify:
            assert np.bincount(folds).tolist() == [100] * 4
    assert (found.folds[0] != found.folds[1]).any()
    assert found.leaks["similar"]["test_rows"] == 0
    few = split_corpus(Corpus.of(rows[:200]), SplitConfig(folds=4, repeats=3), seed=1).folds
    if not stratify:
        assert few is not None
        assert (found.folds[:, :200] == few).all()


def test_one_fold_is_none() -> None:
    alike = Corpus.of([{"text": "one and the same", "label": "ab"[i % 2]} for i in range(40)])
    with pytest.raises(DataError, match="all 40 rows fell into one of 3 folds"):
        split_corpus(alike, SplitConfig(folds=3), seed=1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"time": "day", "test_from": "2093-05-10"},
            "'day' divides 20 rows at 2093-05-10. Name another day in test_from",
        ),
        (
            {"group": "same"},
            "those of one 'same' or with nearly equal texts stay together. Do too many rows share a value",
        ),
    ],
)
def test_an_empty_side_says_what_made_it_empty(settings: dict[str, str], said: str) -> None:
    corpus = corpus_of(20, day=["2024-01-01"] * 20, same=["x"] * 20)
    with pytest.raises(DataError) as caught:
        split_corpus(corpus, SplitConfig(**settings), seed=1)
    assert said in str(caught.value)
