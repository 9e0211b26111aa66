"""The split: more rows move no others, those with nearly equal texts stay together, and leaks are told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle import fingerprints as oracle

from textmill import _native
from textmill.config import SplitConfig
from textmill.errors import DataError, LabelError
from textmill.read import Corpus, split_corpus
from textmill.read.leaks import Alike, find_leaks, groups_of
from textmill.read.similar import similar_groups
from textmill.read.split import dealt
from textmill.read.units import fingerprints_of

words = st.sampled_from(["fire", "Fire!", "flood", "http://t.co/x", "www.a.b", "?!", "the", "été", "ÉTÉ"])
texts = st.lists(words, min_size=1, max_size=3).map(" ".join)
many = st.lists(texts, min_size=1, max_size=40)


def corpus_of(texts: list[str], labels: list[str] | None = None) -> Corpus:
    if labels is None:
        return Corpus.of(texts)
    return Corpus.of([{"text": t, "label": n} for t, n in zip(texts, labels, strict=True)])


def sides(corpus: Corpus, seed: int = 13, **settings) -> list[int]:
    config = SplitConfig(**settings)
    keys = fingerprints_of(corpus, "text" if config.near_duplicates == "together" else "id", True, 1)
    return (dealt(keys, seed) < config.test).astype(int).tolist()


@given(texts=many)
@pytest.mark.parametrize("loose", [False, True])
def test_equal_fingerprints_are_equal_texts(texts, loose):
    corpus = corpus_of(texts)
    data, offsets = _native.pack(texts)
    theirs = oracle.fingerprints(data, offsets, loose, 1)
    assert groups_of(fingerprints_of(corpus, "text", loose, 1)).max() == groups_of(theirs).max()
    ours = groups_of(fingerprints_of(corpus, "text", loose, 2))
    assert len({*zip(ours.tolist(), groups_of(theirs).tolist(), strict=True)}) == ours.max() + 1


@given(texts=many, more=many, seed=st.integers(0, 2**32))
def test_more_rows_move_no_others(texts, more, seed):
    assert sides(corpus_of(texts + more), seed)[: len(texts)] == sides(corpus_of(texts), seed)


@given(texts=many, seed=st.integers(-5, 5))
def test_the_order_of_the_rows_does_not_matter(texts, seed):
    assert sides(corpus_of(texts[::-1]), seed)[::-1] == sides(corpus_of(texts), seed)


@given(texts=many)
def test_texts_that_are_nearly_equal_are_on_one_side(texts):
    side: dict[str, int] = {}
    for text, found in zip(texts, sides(corpus_of(texts), test=0.5), strict=True):
        assert side.setdefault(oracle.loose(text), found) == found


@given(texts=many)
def test_a_larger_share_keeps_the_test_rows_of_a_smaller_one(texts):
    small, large = sides(corpus_of(texts), test=0.2), sides(corpus_of(texts), test=0.6)
    assert all(b >= a for a, b in zip(small, large, strict=True))


def test_the_shares_are_as_asked_and_seeds_differ():
    corpus = corpus_of([f"text number {n}" for n in range(20_000)])
    for share in (0.05, 0.2, 0.5):
        assert abs(np.mean(sides(corpus, test=share)) - share) < 0.01
        assert abs(np.mean(sides(corpus, test=share, near_duplicates="report")) - share) < 0.01
    one, two = np.array(sides(corpus, 1)), np.array(sides(corpus, 2))
    assert abs(np.mean(one[two == 1]) - 0.2) < 0.03  # what one seed does says nothing of the other


def test_a_row_is_dealt_to_this_side_whatever_the_version():
    # a change here moves rows between the sides of every project there is
    found = (dealt(np.arange(40, dtype=np.uint64).reshape(-1, 2), 13) < 0.3).astype(np.int8)
    assert found.tolist() == [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0]


def alike_in(corpus):
    exact, loose = (fingerprints_of(corpus, "text", kind, 1) for kind in (False, True))
    return Alike.of(exact, loose, similar_groups([corpus], similarity=0.8))


LABELLED = [
    ("Fire in the city!", "1"),
    ("fire in the city http://t.co/1", "1"),
    ("Fire in the city!", "0"),
    ("all quiet", "0"),
    ("nothing new", "0"),
    ("a storm", "1"),
]


def test_leaks_are_counted_by_rows_groups_and_share():
    corpus = corpus_of(*map(list, zip(*LABELLED, strict=True)))
    side = np.array([0, 1, 1, 1, 0, 0], dtype=np.int8)
    found = find_leaks([corpus], side, alike_in(corpus), policy="report", similarity=0.8)
    assert found["equal"] == {"groups": 1, "train_rows": 1, "test_rows": 1, "share": 1 / 3}
    assert found["loose"] == {"groups": 1, "train_rows": 1, "test_rows": 2, "share": 2 / 3}
    assert found["similar"] == found["loose"]
    assert found["duplicates"] == {
        "equal_groups": 1,
        "equal_rows": 2,
        "loose_groups": 1,
        "loose_rows": 3,
        "similar_groups": 1,
        "similar_rows": 3,
    }
    assert found["contradictions"] == {
        "texts": 1,
        "rows": 2,
        "loose_texts": 1,
        "examples": [{"text": "Fire in the city!", "labels": {"0": 1, "1": 1}}],
    }
    assert found["examples"] == [
        {
            "kind": "loose",
            "train": {"id": "1", "text": "Fire in the city!", "label": "1"},
            "test": {"id": "2", "text": "fire in the city http://t.co/1", "label": "1"},
        },
        {
            "kind": "equal",
            "train": {"id": "1", "text": "Fire in the city!", "label": "1"},
            "test": {"id": "3", "text": "Fire in the city!", "label": "0"},
        },
    ]
    assert found["sentence"] == (
        "2 of 3 test rows (66.7 %) are equal or nearly equal to a training text, 1 of them as they stand: scores on"
        " them are flattered."
    )
    assert json.loads(json.dumps(found)) == found


@given(texts=many, seed=st.integers(0, 9))
def test_the_counts_are_those_of_a_plain_count(texts, seed):
    corpus = corpus_of(texts)
    side = (dealt(fingerprints_of(corpus, "id", False, 1), seed) < 0.5).astype(np.int8)
    found = find_leaks([corpus], side, alike_in(corpus), policy="report", similarity=0.8)
    for kind, key in (("equal", str), ("loose", oracle.loose)):
        train = {key(t) for t, s in zip(texts, side, strict=True) if s == 0}
        test = [key(t) for t, s in zip(texts, side, strict=True) if s == 1]
        assert found[kind]["test_rows"] == sum(t in train for t in test)
        assert found[kind]["groups"] == len(train & set(test))


def test_kept_together_nothing_leaks():
    corpus = corpus_of([f"{t} {n // 3}" for n in range(300) for t in ("Text!", "text")], ["a", "b"] * 300)
    together = split_corpus(corpus, SplitConfig(), seed=1)
    assert together.leaks["loose"]["test_rows"] == 0
    assert together.leaks["sentence"] == "100 groups of equal or nearly equal texts were each kept on one side."
    report = split_corpus(corpus, SplitConfig(near_duplicates="report"), seed=1)
    assert report.leaks["loose"]["test_rows"] == int(report.side.sum())
    assert report.leaked.all()
    assert not together.leaked.any()


def test_an_official_test_side_is_not_dealt_but_checked():
    train = corpus_of(["one", "two", "three"], ["a", "b", "a"])
    test = corpus_of(["TWO!", "four"], ["a", "b"])
    found = split_corpus(train, SplitConfig(), seed=13, test=test)
    assert found.side.tolist() == [0, 0, 0]
    assert found.side.dtype == np.int8
    assert (found.leaks["policy"], found.leaks["train_rows"], found.leaks["test_rows"]) == ("official", 3, 2)
    assert found.leaks["loose"] == {"groups": 1, "train_rows": 1, "test_rows": 1, "share": 0.5}
    assert found.leaks["contradictions"]["loose_texts"] == 1
    assert found.leaked.tolist() == [True, False]


def test_an_official_test_side_that_was_learned_is_refused():
    train = corpus_of(["a fire in the old town hall tonight", "two", "three"], ["a", "b", "a"])
    test = corpus_of(["TWO!", "A fire in the old town hall, tonight!", "four"], ["b", "a", "a"])
    with pytest.raises(DataError) as caught:
        split_corpus(train, SplitConfig(), seed=13, test=test)
    assert str(caught.value) == (
        "memory: 66.67 % of the test rows are equal or nearly equal to a training text; wanted other texts than those"
        " that are learned from. Name another test file, or none, to have one split off;"
        ' split.near_duplicates = "allow" insists.'
    )
    insisted = split_corpus(train, SplitConfig(near_duplicates="allow"), seed=13, test=test)
    assert insisted.leaks["loose"]["test_rows"] == 2


def test_an_official_test_side_may_not_ask_for_classes_that_were_not_learned():
    train, test = corpus_of(["one", "two"], ["a", "b"]), corpus_of(["x", "y", "z"], ["a", "c", "d"])
    with pytest.raises(LabelError) as caught:
        split_corpus(train, SplitConfig(), seed=13, test=test)
    assert str(caught.value) == (
        "memory: no training row has the labels 'c', 'd', which the test side asks for. Are both files labelled alike?"
    )


def test_an_empty_side_is_told():
    corpus = corpus_of(["same", "Same", "same!"], ["a", "b", "a"])
    for seed in range(20):
        side = sides(corpus, seed)[0]
        name = "training" if side else "test"
        with pytest.raises(DataError) as caught:
            split_corpus(corpus, SplitConfig(), seed=seed)
        assert str(caught.value) == (
            f"memory: the {name} side is empty: 3 rows were dealt out with test = 0.2, and those with nearly"
            " equal texts stay together. Take more rows, another share or another seed."
        )


def test_of_a_class_that_training_would_lack_the_nearest_group_is_moved_and_told():
    texts = [f"text {n}" for n in range(40)]
    places = dealt(fingerprints_of(corpus_of(texts, ["a"] * 40), "text", True, 1), 1)
    labels = np.where(places < 0.2, "b", "a").tolist()
    split = split_corpus(corpus_of(texts, labels), SplitConfig(), seed=1)
    moved = np.flatnonzero((split.side == 0) & (places < 0.2))
    assert moved.tolist() == [int(np.where(places < 0.2, places, -1).argmax())]
    assert split.leaks["moved"] == {"classes": 1, "rows": 1}
    assert "1 row of 'b' went to the training side" in split.leaks["sentence"]


def test_a_long_tail_of_classes_can_be_split():
    labels = [f"c{n // 3}" for n in range(180)] + ["a", "b"] * 100
    corpus = corpus_of([f"text number {n}" for n in range(380)], labels)
    for seed in range(10):
        split = split_corpus(corpus, SplitConfig(test=0.5), seed=seed)
        assert {label for label, side in zip(labels, split.side, strict=True) if side == 0} == set(labels)
        assert split.leaks["moved"]["classes"] > 0


def test_threads_change_nothing():
    corpus = corpus_of([f"text {n % 700}" for n in range(2000)])
    one, two = (split_corpus(corpus, SplitConfig(), seed=5, threads=n) for n in (1, 2))
    assert np.array_equal(one.side, two.side)
    assert one.leaks == two.leaks
