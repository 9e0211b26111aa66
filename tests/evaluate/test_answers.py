"""Thresholds that one could set, answers left open, and what answers cost."""

from __future__ import annotations

import numpy as np

from textmill.config import EvaluateConfig
from textmill.evaluate import compare, evaluate
from textmill.evaluate.answers import cost_of, cuts, left_open
from textmill.evaluate.leaderboard import leaderboard, undominated
from textmill.types import Prediction


def test_cuts_are_what_they_say_or_why_there_are_none() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(3000) < 0.3
    scores = np.where(positive, rng.beta(5, 2, 3000), rng.beta(2, 5, 3000)).round(3)
    found = cuts(positive, scores)
    assert [(cut["metric"], cut["wanted"]) for cut in found] == [
        (metric, wanted) for metric in ("precision", "recall") for wanted in (0.9, 0.95, 0.99)
    ]
    told = [cut for cut in found if "refused" not in cut]
    assert len(told) >= 4
    for cut in told:
        called = scores >= cut["threshold"]
        assert cut["precision"] == (called & positive).sum() / called.sum()
        assert cut["recall"] == (called & positive).sum() / positive.sum()
        assert cut[cut["metric"]] >= cut["wanted"]
        assert cut["low"] <= cut[cut["metric"]] <= cut["high"]
    assert all("0.99" in cut["refused"] for cut in found if "refused" in cut)


def test_answers_left_open_are_counted_apart() -> None:
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.55, 0.45]], np.float32)
    unsure = np.array([False, True, False, True])
    found = left_open(np.array([0, 0, 1, 0]), Prediction(("a", "b"), scores, unsure=unsure))
    assert (found["answered"]["rows"], found["answered"]["accuracy"]) == (2, 1.0)
    assert (found["open"]["share"], found["open"]["accuracy"]) == (0.5, 0.5)
    assert 0 < found["answered"]["low"] < 1
    none_open = left_open(np.array([0, 0, 1, 0]), Prediction(("a", "b"), scores, unsure=np.zeros(4, bool)))
    assert "accuracy" not in none_open["open"]


def test_the_interval_of_a_mean_cost_covers_it() -> None:
    """95 % of 400 intervals hold the true mean, give or take: fewer than 370 come by chance in 0.1 %."""
    rng = np.random.default_rng(2)
    costs = np.array([[0.0, 1.0], [5.0, 0.0]])
    truth = np.zeros(400, int)
    held = 0
    for seed in range(400):
        rows = rng.integers(0, 2, 300)
        said = np.where(rng.random(300) < 0.2, 1 - rows, rows)
        found = cost_of(rows, said, truth[:300], costs, resamples=300, confidence=0.95, seed=seed)
        held += found["low"] <= 0.2 * 3 <= found["high"]
    assert 368 <= held <= 394


def test_decisions_that_are_not_the_most_probable_class_are_what_is_measured() -> None:
    truth = ["a", "b", "b", "a"] * 10
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]] * 10, np.float32)
    baseline = Prediction(("a", "b"), np.full((40, 2), 0.5, np.float32))
    config = EvaluateConfig(bootstrap=100)
    plain = evaluate(truth, Prediction(("a", "b"), scores), baseline, config=config, seed=1)
    cut = Prediction(("a", "b"), scores, (scores[:, 1] >= 0.35).astype(np.int64), scores[:, 1] < 0.2)
    decided = evaluate(truth, cut, baseline, config=config, seed=1)
    assert (plain.metrics["accuracy"].value, decided.metrics["accuracy"].value) == (0.75, 1.0)
    found = compare(truth, {"plain": Prediction(("a", "b"), scores), "cut": cut}, config=config, seed=1)
    assert (found["others"][0]["outcome"], found["others"][0]["only_other"]) == ("better", 10)
    turned = Prediction(("b", "a"), scores[:, ::-1].copy(), 1 - cut.codes)
    again = compare(truth, {"plain": Prediction(("a", "b"), scores), "cut": turned}, config=config, seed=1)
    assert again["models"] == found["models"]


def test_a_leaderboard_is_in_the_order_of_the_score_that_leads() -> None:
    truth = ["a", "b"] * 60
    right = np.array([[0.9, 0.1], [0.1, 0.9]] * 60, np.float32)
    half = np.array([[0.9, 0.1], [0.8, 0.2]] * 60, np.float32)
    said = {name: Prediction(("a", "b"), scores) for name, scores in (("model", half), ("one", right), ("two", half))}
    found = leaderboard(truth, said, config=EvaluateConfig(bootstrap=100), seed=1)
    assert found["order"] == ["one", "model", "two"]
    assert [other["outcome"] for other in found["others"]] == ["better", "same"]


def test_nobody_beats_the_undominated() -> None:
    rng = np.random.default_rng(3)
    scores = {str(n): float(score) for n, score in enumerate(rng.integers(0, 5, 30))}
    costs = {name: {"cpu_seconds": float(rng.integers(0, 5)), "p95_ms": float(rng.integers(0, 5))} for name in scores}
    kept = undominated(scores, costs)

    def beats(a: str, b: str) -> bool:
        pairs = [(scores[a], scores[b]), *((-costs[a][k], -costs[b][k]) for k in costs[a])]
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    assert kept == [b for b in scores if not any(beats(a, b) for a in scores)]
    assert kept
