"""Drift: rows of the same kind raise no alarm, however few they are, and others do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.evaluate.datacheck import drift_told
from textmill.evaluate.drift import DriftRows, measure_drift
from textmill.types import Tokens

WORDS = [f"w{number}" for number in range(400)]


def drawn(rng, n, *, spam=0.3, topic=0.0, length=12.0):
    """Texts of a made-up kind: lists of words by Zipf's law, `topic` of them turned round; and their labels."""
    chance = 1 / np.arange(1, len(WORDS) + 1)
    chance /= chance.sum()
    texts = []
    for _ in range(n):
        ids = rng.choice(len(WORDS), 1 + rng.poisson(length), p=chance)
        texts.append(np.where(rng.random(len(ids)) < topic, len(WORDS) - 1 - ids, ids))
    return texts, ["spam" if one else "ham" for one in rng.random(n) < spam]


def compared(then, now, units=None, seed=1):
    texts = [*then[0], *now[0]]
    rows = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    tokens = Tokens(np.concatenate(texts).astype(np.int32), rows, None, WORDS)
    sides = [
        DriftRows([[label] for label in labels], np.array([len(text) for text in texts]), units and units[number])
        for number, (texts, labels) in enumerate((then, now))
    ]
    return measure_drift(*sides, tokens, seed=seed)


def told(found, most=0.2):
    return [line.split()[1] for line in drift_told(found | {"model": "alarm@1"}, most)]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "times"), [(10, 100), (40, 100), (200, 30), (1000, 6)])
def test_samples_of_the_same_rows_raise_no_alarm_however_few_they_are(n, times):
    rng = np.random.default_rng(n)
    found = [compared(drawn(rng, n), drawn(rng, n), seed=seed) for seed in range(times)]
    assert [told(one) for one in found] == [[]] * times
    # the index itself is no small number where there are few rows: what chance makes of it is
    excess = [one["words"]["index"] - one["words"]["by_chance"] for one in found]
    assert abs(np.mean(excess)) < 4 * np.std(excess) / np.sqrt(times)
    if n == 10:
        assert np.mean([one["lengths"]["index"] > 0.2 for one in found]) > 0.9


@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize(
    ("change", "what"),
    [({"spam": 0.6}, "labels"), ({"length": 24.0}, "lengths"), ({"topic": 0.6}, "words")],
)
def test_a_change_of_one_thing_is_told_and_nothing_else(n, change, what):
    rng = np.random.default_rng(7)
    found = compared(drawn(rng, n), drawn(rng, n, **change))
    assert told(found) == [what]
    assert [round(end) for side in found["quartiles"] for end in side][:2] == [11, 15]


def test_the_index_is_the_usual_one_and_is_told_above_what_one_says():
    rng = np.random.default_rng(3)
    found = compared((drawn(rng, 1000)[0], ["a"] * 800 + ["b"] * 200), (drawn(rng, 1000)[0], ["a"] * 500 + ["b"] * 500))
    by_hand = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert found["labels"]["index"] == pytest.approx(by_hand, abs=0.005)
    assert found["shares"] == [["a", 0.8, 0.5], ["b", 0.2, 0.5]]
    assert told(found, by_hand - 0.02) == ["labels"]
    assert told(found, by_hand + 0.02) == []


def test_a_label_that_was_not_there_before_is_told_from_a_share_that_matters_on():
    rng = np.random.default_rng(4)
    texts = drawn(rng, 1000)[0]
    before = (texts, ["a"] * 1000)
    assert told(compared(before, (texts, ["a"] * 900 + ["new"] * 100))) == ["labels"]
    assert told(compared(before, (texts, ["a"] * 998 + ["new"] * 2))) == []


def test_rows_of_few_persons_are_no_surer_than_the_persons_are_many():
    rng = np.random.default_rng(5)
    texts, _ = drawn(rng, 400)
    # four persons a side, each of whom has one label: by rows another world, by persons a matter of chance
    persons = [f"p{number // 100}" for number in range(400)]
    then = (texts, ["a" if person in ("p0", "p1", "p2") else "b" for person in persons])
    now = (texts, ["a" if person == "p0" else "b" for person in persons])
    assert told(compared(then, now)) == ["labels"]
    assert told(compared(then, now, units=(persons, persons))) == []


def test_texts_of_several_labels_and_of_none():
    tokens = Tokens(np.zeros(400, np.int32), np.arange(401), None, WORDS)
    then = DriftRows([["a", "b"]] * 150 + [[]] * 50, np.ones(200))
    now = DriftRows([["a"]] * 50 + [[]] * 150, np.ones(200))
    found = measure_drift(then, now, tokens, seed=1)
    assert told(found) == ["labels"]
    (said,) = drift_told(found | {"model": "alarm@1"}, 0.2)
    assert "no label 14.3 %, now 75.0 %" in said
    shares = {label: (then, now) for label, then, now in found["shares"]}
    assert shares[""] == (50 / 350, 150 / 200)


@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=examples(25), deadline=None)
def test_laws(seed, n, m):
    rng = np.random.default_rng(seed)
    then, now = drawn(rng, n), drawn(rng, m)
    found = compared(then, now)
    assert found == compared(then, now)
    assert all(found[name]["index"] >= 0 for name in ("labels", "lengths", "words"))
    same = compared(then, then)
    assert all(same[name]["index"] == pytest.approx(0, abs=1e-12) for name in ("labels", "lengths", "words"))
    assert told(same) == []
