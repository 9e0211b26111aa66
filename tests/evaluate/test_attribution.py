"""Words taken out of a text: against all orders by hand, and words that turn a decision."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.errors import DataError
from textmill.evaluate.attribution import counterfactual, leave_one_out, sampled
from textmill.models import TextClassifier
from textmill.types import Prediction

WEIGHTS = {"fire": 2.0, "smoke": 1.5, "sun": -2.0, "cake": -1.0}


def predict(texts: list[str]) -> Prediction:
    """Linear in words, and two that only count together."""
    z = np.array(
        [sum(WEIGHTS.get(w, 0.0) for w in t.split()) + 3.0 * ("not" in t.split() and "sun" in t.split()) for t in texts]
    )
    p = (1 / (1 + np.exp(-z))).astype(np.float32)
    return Prediction(("bad", "good"), np.stack([p, 1 - p], axis=1))


words = st.lists(st.sampled_from([*WEIGHTS, "not", "a", "the"]), min_size=1, max_size=5)


def exact_shares(tokens: list[str]) -> list[float]:
    n = len(tokens)
    value = {
        kept: float(predict([" ".join(tokens[i] for i in kept)]).scores[0, 0])
        for size in range(n + 1)
        for kept in itertools.combinations(range(n), size)
    }
    shares = [0.0] * n
    for kept, worth in value.items():
        for i in set(range(n)) - set(kept):
            weight = math.factorial(len(kept)) * math.factorial(n - len(kept) - 1) / math.factorial(n)
            shares[i] += weight * (value[tuple(sorted((*kept, i)))] - worth)
    return shares


@given(words)
def test_sampled_shares_add_up_and_are_near_the_exact_ones(tokens: list[str]) -> None:
    text = "  ".join(tokens)
    found = sampled(lambda texts: predict(texts), text, toward="bad", samples=400)
    p, empty = (float(predict([t]).scores[0, 0]) for t in (text, ""))
    assert sum(one.value for one in found) == pytest.approx(p - empty, abs=1e-5)
    assert [one.value for one in found] == pytest.approx(exact_shares(tokens), abs=0.12)
    assert [text[slice(*one.span)] for one in found] == [one.word for one in found] == tokens


@given(words)
def test_leaving_one_out_is_asking_without_it(tokens: list[str]) -> None:
    found = leave_one_out(predict, " ".join(tokens), toward="good")
    whole = float(predict([" ".join(tokens)]).scores[0, 1])
    for place, one in enumerate(found):
        rest = float(predict([" ".join(tokens[:place] + tokens[place + 1 :])]).scores[0, 1])
        assert one.value == pytest.approx(whole - rest, abs=1e-6)


@given(words)
def test_words_that_turn_a_decision_turn_it_and_none_of_them_is_idle(tokens: list[str]) -> None:
    text = " ".join(tokens)
    found = counterfactual(predict, text)
    first = predict([text]).labels[0]
    if found is None:
        assert predict([""]).labels[0] == first
        return
    gone, said = {one.span for one in found[0]}, found[1]

    def without(spans: set[tuple[int, int]]) -> str:
        kept = [text[a:b] for a, b in itertools.pairwise([0, *sorted(x for span in spans for x in span), len(text)])][
            ::2
        ]
        label = predict(["".join(kept)]).labels[0]
        assert label is not None
        return label

    assert without(gone) == said != first
    if len(gone) > 1:
        assert all(without(gone - {span}) == first for span in gone)


def test_a_class_that_is_none_and_a_text_without_words() -> None:
    with pytest.raises(DataError, match="no class is called 'ugly'; wanted one of bad, good"):
        leave_one_out(predict, "fire", toward="ugly")
    assert leave_one_out(predict, "  ") == sampled(predict, "") == []
    assert counterfactual(predict, "") is None


def test_a_classifier_is_such_a_model() -> None:
    model = TextClassifier.fit(["fire", "smoke", "sun", "cake"] * 5, ["bad", "bad", "good", "good"] * 5)
    found = counterfactual(model.predict, "fire in the sun, fire")
    assert found is not None
    assert {one.word for one in found[0]} <= {"fire", "sun,"}


def test_a_very_long_text_is_not_asked_about_word_by_word() -> None:
    asked: list[int] = []

    def watched(texts: list[str]) -> Prediction:
        asked.append(len(texts))
        return predict(texts)

    assert counterfactual(watched, "fire " * 1001) is None
    assert asked == [1]
