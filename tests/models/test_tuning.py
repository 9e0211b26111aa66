"""The search for settings: the same each time, early to give up, and no space that it does not understand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from textmill.config import CandidateConfig
from textmill.errors import ConfigError
from textmill.models.tuning import applied, check_space, search

OWN = CandidateConfig(name="model")
SPACE: dict[str, Any] = {
    "model.C": {"low": 0.1, "high": 100.0, "log": True},
    "features.ngrams": [[1, 1], [1, 2], [1, 3]],
    "features.min_df": {"low": 1, "high": 9, "step": 2},
    "text.map": ["none", "porter", "snowball-english"],
}


def score(config: CandidateConfig, fold: int) -> float:
    """Best with C = 10, ngrams (1, 2) and porter."""
    assert isinstance(config.model.C, float)
    assert isinstance(config.features.min_df, int)
    penalty = (
        abs(config.model.C - 10) / 100 + (config.features.ngrams != (1, 2)) * 0.2 + (config.text.map != "porter") * 0.1
    )
    return 1 - penalty - config.features.min_df / 100 + fold / 1000


@pytest.mark.slow
def test_a_search_finds_what_is_good_and_is_the_same_each_time() -> None:
    pytest.importorskip("optuna")
    asked: list[tuple[CandidateConfig, int]] = []

    def watched(config: CandidateConfig, fold: int) -> float:
        asked.append((config, fold))
        return score(config, fold)

    found = search(OWN, SPACE, watched, trials=60, folds=4, seed=3)
    assert found == search(OWN, SPACE, score, trials=60, folds=4, seed=3)
    assert found != search(OWN, SPACE, score, trials=60, folds=4, seed=4)
    best = max((one for one in found if one.complete), key=lambda one: one.mean)
    assert best.settings["features.ngrams"] == [1, 2]
    assert best.settings["text.map"] == "porter"
    assert best.mean > 0.93
    assert len(found) == 60
    given_up = [one for one in found if not one.complete]
    assert given_up
    assert all(1 <= len(one.scores) < 4 for one in given_up)
    assert len(asked) == sum(len(one.scores) for one in found) < 60 * 4
    values = {one.settings["features.min_df"] for one in found}
    assert values <= {1, 3, 5, 7, 9}
    assert all(0.1 <= one.settings["model.C"] <= 100 for one in found)


def test_the_models_own_settings_come_first_where_they_are_in_the_space() -> None:
    pytest.importorskip("optuna")
    space = {"model.C": {"low": 1.0, "high": 9.0}, "features.ngrams": [[1, 1], [1, 2]]}
    first = search(OWN, space, lambda config, fold: 0.5, trials=1, folds=2, seed=1)[0]
    assert first.settings == {"model.C": OWN.model.C, "features.ngrams": list(OWN.features.ngrams)}


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"model.c": [1, 2]}, "tune.space.'model.c': no setting is called 'model.c', did you mean 'model.C'?"),
        ({"C": [1, 2]}, "wanted TABLE.KEY of text, features, model"),
        ({"model.C": [1]}, "wanted two choices or more, or { low = ..., high = ... }, got [1]"),
        ({"model.C": 3}, "wanted two choices or more"),
        ({"model.C": {"low": 1}}, "wanted numbers as low and high, got 1 and None"),
        ({"model.C": {"low": 2, "high": 1}}, "wanted low below high, got 2 and 1"),
        ({"model.C": {"low": 0, "high": 1, "log": True}}, "log wants low above 0"),
        ({"model.C": {"low": 0.1, "hihg": 1}}, "no key is called 'hihg'; known: low, high, log, step"),
        ({"model.C": {"low": -1.0, "high": 1.0}}, "model.C: wanted a number above 0"),
        ({"features.ngrams": [[1, 2], [2, 1]]}, "features.ngrams: wanted [low, high]"),
        ({"text.map": ["none", 3]}, "text.map: wanted text or a list of text, got 3"),
        ({"text.map": ["none", "portr"]}, "tune.space.'text.map': text.map: wanted one of none, lancaster, porter"),
        ({"text.map": ["none", ["porter", "lema-en"]]}, "got 'lema-en', did you mean 'lemma-en'?"),
        ({"text.map": ["none", "own:shout"]}, "'own:shout' is a function of your own"),
        ({"text.stop_words": ["none", ["The"]]}, "text.stop_words: wanted lower case"),
    ],
)
def test_a_space_that_makes_no_sense_is_told(space: dict[str, Any], said: str) -> None:
    faults = check_space(OWN, space)
    assert len(faults) == 1
    assert said in faults[0]


def test_choices_that_fit_each_and_not_together_are_told() -> None:
    kept = replace(OWN, text=replace(OWN.text, case="keep"))
    space = {"text.case": ["keep", "lower"], "text.stop_words": [["the"], ["The"]]}
    assert check_space(kept, {**space, "text.stop_words": [["the"], ["a"]]}) == []
    (fault,) = check_space(kept, space)
    assert fault.startswith("tune.space: text.case = 'lower', text.stop_words = ['The'] do not go together: text.stop_")


def test_a_space_that_makes_sense() -> None:
    assert check_space(OWN, SPACE) == []
    assert applied(OWN, {"text.stop_words": ["the"]}).text.stop_words == ("the",)
    with pytest.raises(ConfigError, match=r"model\.kind"):
        applied(OWN, {"model.kind": "forest"})
