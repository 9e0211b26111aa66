"""Texts changed a little: what each change does, and that turned decisions are counted as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.evaluate.robustness import CHANGES, changed, robustness
from textmill.types import Prediction


@pytest.mark.parametrize(
    ("change", "text", "after"),
    [
        ("upper case", "Straße on fire", "STRASSE ON FIRE"),
        ("lower case", "Fire IN Town", "fire in town"),
        ("punctuation", "Oh, no! It's “on” fire...", "Oh no Its on fire"),
        ("synonyms", "A Good movie, bad car; goods", "A Fine film, poor automobile; goods"),
        ("negation", "It isn't good and it is long", "It is good and it is long"),
        ("negation", "They were here", "They were not here"),
        ("negation", "no verb of the list", "no verb of the list"),
    ],
)
def test_what_a_change_does(change: str, text: str, after: str) -> None:
    assert changed(text, change) == after


@given(st.text(max_size=200), st.sampled_from(sorted(CHANGES)), st.integers(0, 5))
def test_a_change_is_the_same_each_time(text: str, change: str, seed: int) -> None:
    assert changed(text, change, seed) == changed(text, change, seed)


@given(st.text(st.sampled_from("abcdefgh é"), max_size=200), st.integers(0, 5))
def test_typos_keep_the_letters_and_both_ends_of_a_word(text: str, seed: int) -> None:
    for before, after in zip(text.split(), changed(text, "typos", seed).split(), strict=True):
        assert sorted(before) == sorted(after)
        assert (before[0], before[-1]) == (after[0], after[-1])


def test_names_become_names() -> None:
    after = {changed("Then James met Mary.", "names", seed) for seed in range(20)}
    assert len(after) > 10
    assert all(text.startswith("Then ") and " met " in text for text in after)


def test_decisions_that_turn_are_counted() -> None:
    def predict(texts: list[str]) -> Prediction:
        p = np.array([0.9 if "fire" in text or "blaze" in text else 0.1 for text in texts], np.float32)
        return Prediction(("bad", "good"), np.stack([p, 1 - p], axis=1))

    texts = ["A fire, there"] * 30 + ["calm sea"] * 70
    found = {one["change"]: one for one in robustness(predict, texts, seed=1)}
    assert "names" not in found  # there is none to change
    assert "negation" not in found
    assert (found["upper case"]["texts"], found["upper case"]["turned"]) == (100, 30)
    assert (found["synonyms"]["texts"], found["synonyms"]["turned"]) == (30, 0)
    assert (found["punctuation"]["texts"], found["punctuation"]["turned"]) == (30, 0)
    assert found["upper case"]["low"] < 0.3 < found["upper case"]["high"]
    assert found["upper case"]["examples"][0] == {
        "text": "A fire, there", "changed": "A FIRE, THERE", "was": "bad", "said": "good",
    }  # fmt: skip
    assert len(found["upper case"]["examples"]) == 5


def test_a_negation_that_turns_nothing_is_the_example() -> None:
    def predict(texts: list[str]) -> Prediction:
        return Prediction(("a", "b"), np.tile(np.array([[0.6, 0.4]], np.float32), (len(texts), 1)))

    found = {one["change"]: one for one in robustness(predict, ["This is it"] * 4, seed=1)}
    assert found["negation"]["stay"] is False
    assert found["negation"]["turned"] == 0
    assert found["negation"]["examples"][0]["changed"] == "This is not it"
