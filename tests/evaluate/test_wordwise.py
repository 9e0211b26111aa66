"""Words in mistakes, and words by class: against counts by hand, and by chance alone nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from textmill.evaluate.wordwise import error_words, scatter
from textmill.types import Tokens


def tokens_of(texts: list[list[int]], n_types: int) -> Tokens:
    ids = np.array([word for text in texts for word in text], np.int32)
    rows = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    return Tokens(ids, rows, None, [f"w{i}" for i in range(n_types)])


def drawn(rng: np.random.Generator, n: int, n_types: int) -> list[list[int]]:
    return [rng.integers(0, n_types, 6).tolist() for _ in range(n)]


def test_a_word_that_misleads_is_told_with_its_surest_mistakes() -> None:
    rng = np.random.default_rng(1)
    texts = drawn(rng, 400, 40)
    has = np.array([7 in text for text in texts])
    wrong = rng.random(400) < np.where(has, 0.8, 0.1)
    sure = rng.random(400)
    found = error_words(tokens_of(texts, 40), wrong, sure)
    assert found[0]["word"] == "w7"
    assert (found[0]["texts"], found[0]["wrong"]) == (has.sum(), (has & wrong).sum())
    words = sum(10 <= np.array([w in text for text in texts]).sum() <= 390 for w in range(40))
    by_hand = binomtest(int((has & wrong).sum()), int(has.sum()), wrong.mean(), alternative="greater").pvalue
    assert found[0]["p"] == pytest.approx(by_hand * words, rel=1e-6)
    assert found[0]["rows"] == sorted(np.flatnonzero(has & wrong).tolist(), key=lambda row: -sure[row])[:3]


def test_mistakes_by_chance_name_no_word_but_seldom() -> None:
    """In at most one set in twenty, of 100: more than 12 come by chance in 0.2 %."""
    rng = np.random.default_rng(2)
    named = sum(
        bool(error_words(tokens_of(drawn(rng, 300, 30), 30), rng.random(300) < 0.2, rng.random(300)))
        for _ in range(100)
    )
    assert named <= 12


def test_points_are_where_counts_are() -> None:
    rng = np.random.default_rng(3)
    texts, codes = drawn(rng, 300, 20), rng.integers(0, 2, 300)
    for text, code in zip(texts, codes.tolist(), strict=True):
        if code == 1 and rng.random() < 0.7:
            text.append(20)
    found = scatter(tokens_of(texts, 21), codes, 1)
    assert found[0]["word"] == "w20"
    assert found[0]["z"] > 1.96
    for one in found:
        word = int(one["word"][1:])
        by_hand = [
            sum(word in text and code == c for text, code in zip(texts, codes.tolist(), strict=True)) for c in (0, 1)
        ]
        assert one["texts"] == by_hand
    for axis, place in (("x", 0), ("y", 1)):
        ordered = sorted(found, key=lambda one: one["texts"][place])
        assert [one[axis] for one in ordered] == sorted(one[axis] for one in found)
        assert 0 <= ordered[0][axis] <= ordered[-1][axis] == 1
    assert scatter(tokens_of(texts, 21), 1 - codes, 0)[0] == found[0]


def test_no_word_is_no_point() -> None:
    empty = Tokens(np.empty(0, np.int32), np.zeros(6, np.int64), None, [])
    assert scatter(empty, np.array([0, 1, 0, 1, 1]), 1) == []
    assert error_words(empty, np.array([True] * 5), np.ones(5)) == []


def test_a_word_beside_which_no_other_is_frequent_is_as_typical_of_one_class_as_of_the_other() -> None:
    ids = np.stack([np.zeros(120, np.int32), np.arange(1, 121, dtype=np.int32)], axis=1).ravel()  # hello, and one's own
    tokens = Tokens(ids, np.arange(0, 241, 2), None, ["hello", *(f"w{n}" for n in range(120))])
    found = scatter(tokens, np.repeat([0, 1], [80, 40]), 1)
    assert [(one["word"], one["texts"], one["z"]) for one in found] == [("hello", [80, 40], 0.0)]
