"""Models on the same rows: the tests keep their level, and the sentence says what they found."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from textmill.config import EvaluateConfig
from textmill.errors import DataError
from textmill.evaluate import compare
from textmill.evaluate.comparison import corrected, mcnemar
from textmill.evaluate.distillation import kept_gain
from textmill.types import Prediction

CONFIG = EvaluateConfig(bootstrap=300)


def decided(truth: np.ndarray, right: np.ndarray) -> Prediction:
    """A prediction that is right on these rows of two classes."""
    said = np.where(right, truth, 1 - truth)
    return Prediction(("ham", "spam"), np.where(said[:, None] == np.arange(2), 0.8, 0.2).astype(np.float32))


def made(n: int, *accuracies: float, seed: int = 1) -> tuple[list[str], dict[str, Prediction]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    models = {f"m@{i}": decided(truth, rng.random(n) < share) for i, share in enumerate(accuracies, 1)}
    return [("ham", "spam")[code] for code in truth], models


def test_mcnemar_is_the_exact_test_less_half_of_the_outcome() -> None:
    right, other = np.zeros(40, bool), np.zeros(40, bool)
    right[:11], other[11:15], right[20:], other[20:] = True, True, True, True
    only_right, only_other, p = mcnemar(right, other)
    assert (only_right, only_other) == (11, 4)
    exact = stats.binomtest(4, 15, 0.5).pvalue
    assert p == pytest.approx(exact - stats.binom.pmf(4, 15, 0.5), abs=1e-12)
    assert mcnemar(other, right)[2] == p
    assert mcnemar(right, right) == (0, 0, 1.0)


@pytest.mark.slow
def test_mcnemar_errs_in_one_of_twenty_cases_without_a_difference() -> None:
    rng = np.random.default_rng(13)
    errors = 0
    for _ in range(2_000):
        hard = rng.random(400)  # some rows are easy for both
        errors += mcnemar(rng.random(400) > hard, rng.random(400) > hard)[2] < 0.05
    assert abs(errors / 2_000 - 0.05) < 0.015


def test_holm_keeps_families_at_their_level() -> None:
    rng = np.random.default_rng(13)
    families = sum(min(corrected(rng.random(5).tolist())) < 0.05 for _ in range(2_000))
    assert abs(families / 2_000 - 0.05) < 0.015
    assert corrected([]) == []
    assert corrected([0.5, 0.9]) == [1.0, 1.0]


def test_two_of_equal_quality_are_the_same_within_noise() -> None:
    truth, models = made(600, 0.8, 0.8)
    found = compare(truth, models, config=CONFIG, seed=1)
    assert found["others"][0]["outcome"] == "same"
    assert found["others"][0]["sentence"].startswith("m@2 and m@1 are the same within noise: accuracy 0.")
    assert json.loads(json.dumps(found)) == found


def test_a_clear_difference_is_told_in_either_direction() -> None:
    truth, models = made(600, 0.8, 0.95, 0.6)
    found = compare(truth, models, config=CONFIG, seed=1)
    better, worse = found["others"]
    assert (better["outcome"], worse["outcome"]) == ("better", "worse")
    assert better["only_other"] > better["only_first"]
    assert better["p_corrected"] >= better["p"]
    assert worse["differences"]["accuracy"]["high"] < 0
    assert worse["sentence"].startswith("m@3 is worse than m@1: accuracy 0.")


def test_where_test_and_interval_do_not_agree_the_sentence_says_so() -> None:
    right = np.zeros(200, bool)
    right[:140] = True
    little, much = right.copy(), right.copy()
    little[[*range(4)]], little[140:154] = False, True  # p = 0.02 by itself, and Holm's last is not corrected
    much[140:190] = True
    truth = np.arange(200) % 2
    models = {"m": right, "n": little, **{f"o{i}": much for i in range(4)}}
    found = compare(
        [("ham", "spam")[code] for code in truth],
        {name: decided(truth, rows) for name, rows in models.items()},
        config=CONFIG,
        seed=1,
    )
    assert [one["outcome"] for one in found["others"]] == ["same", *["better"] * 4]
    assert found["others"][0]["sentence"].endswith(
        ", p = 0.019, which alone would tell them apart; but the interval has 0 in it."
    )


def test_many_models_make_the_intervals_wider() -> None:
    truth, models = made(400, 0.8, 0.8, 0.8, 0.8, 0.8)
    alone = compare(truth, {name: models[name] for name in ("m@1", "m@2")}, config=CONFIG, seed=1)["others"][0]
    among = compare(truth, models, config=CONFIG, seed=1)["others"][0]
    widths = [
        part["differences"]["accuracy"]["high"] - part["differences"]["accuracy"]["low"] for part in (alone, among)
    ]
    assert widths[0] < widths[1]


def test_classes_in_another_order_are_the_same_classes() -> None:
    truth, models = made(100, 0.8, 0.8)
    turned = Prediction(("spam", "ham"), models["m@2"].scores[:, ::-1])
    found, other = (compare(truth, models | {"m@2": p}, config=CONFIG, seed=1) for p in (models["m@2"], turned))
    assert found == other


def test_what_cannot_be_compared_is_said() -> None:
    truth, models = made(100, 0.8, 0.8)
    with pytest.raises(DataError, match="fewer than two models"):
        compare(truth, {"m@1": models["m@1"]}, config=CONFIG, seed=1)
    strange = Prediction(("ham", "eggs"), models["m@2"].scores)
    with pytest.raises(DataError, match="m@2 knows other classes than the first model; wanted 'ham', 'spam'"):
        compare(truth, models | {"m@2": strange}, config=CONFIG, seed=1)


@pytest.mark.slow
def test_a_student_as_good_as_its_teacher_keeps_all_and_one_as_good_as_the_plain_model_nothing() -> None:
    rng = np.random.default_rng(3)
    truth = ["ham" if one else "spam" for one in rng.random(400) < 0.5]

    def said(share: float) -> Prediction:
        right = rng.random(400) < share
        codes = [("ham", "spam").index(label) ^ (not one) for label, one in zip(truth, right, strict=True)]
        return Prediction(("ham", "spam"), np.eye(2, dtype=np.float32)[codes])

    teacher, plain = said(0.95), said(0.8)
    common: dict[str, Any] = {"metric": "accuracy", "config": EvaluateConfig(), "seed": 1}
    same = kept_gain(truth, teacher, teacher, plain, **common)
    assert (same["kept"], same["low"], same["high"]) == (1.0, 1.0, 1.0)
    none = kept_gain(truth, plain, teacher, plain, **common)
    assert (none["kept"], none["low"], none["high"]) == (0.0, 0.0, 0.0)
    assert kept_gain(truth, teacher, plain, plain, **common)["kept"] is None  # nothing is gained
