"""Parts of the test side: who is called worse, and how seldom that is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from textmill.evaluate.intervals import difference_of_shares, wilson
from textmill.evaluate.slices import by_size, by_value, slices

ASKED = {"n_classes": 2, "positive": 1, "resamples": 200, "confidence": 0.95, "seed": 3}


def simulated(rng: np.random.Generator, n: int, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(0, 2, n)
    return truth, np.where(rng.random(n) < wrong, 1 - truth, truth)


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_a_part_that_is_worse_comes_first(metric: str) -> None:
    rng = np.random.default_rng(1)
    of = rng.choice(["north", "south", "west"], 2000)
    truth, said = simulated(rng, 2000, np.where(of == "south", 0.3, 0.1))
    found = slices(truth, said, {"region": of.tolist()}, metric=metric, **ASKED)
    assert next(one["slice"] for one in found) == "south"
    assert next(one["outcome"] for one in found) == "worse"
    assert sum(one["rows"] for one in found) == 2000
    assert all(one["low"] <= one["value"] <= one["high"] for one in found)
    south = of == "south"
    if metric == "accuracy":
        assert found[0]["value"] == pytest.approx((truth == said)[south].mean())
        assert found[0]["difference"] == pytest.approx((truth == said)[south].mean() - (truth == said)[~south].mean())


def test_parts_that_are_alike_are_seldom_called_worse() -> None:
    """One family of eight parts in twenty may err; 300 of them do in 15, and in more than 27 by chance in 0.2 %."""
    rng = np.random.default_rng(5)
    erred = 0
    for _ in range(300):
        of = rng.integers(0, 8, 800).astype(str).tolist()
        truth, said = simulated(rng, 800, np.full(800, 0.2))
        found = slices(truth, said, {"part": of}, metric="accuracy", **ASKED)
        erred += any(one["outcome"] != "same" for one in found)
    assert erred <= 27


def test_few_rows_are_no_part() -> None:
    truth = np.zeros(100, int)
    names = ["few"] * 19 + ["many"] * 61 + [None] * 20
    found = slices(truth, truth, {"x": names}, metric="accuracy", **ASKED)
    assert [one["slice"] for one in found] == ["many"]
    assert found[0]["low"] < 1  # 61 rows without a mistake are no proof


def test_sizes_are_cut_into_four() -> None:
    named = by_size(np.arange(1, 101), "characters")
    counts = {name: named.count(name) for name in dict.fromkeys(named)}
    assert counts == {
        "up to 25 characters": 25,
        "26 to 50 characters": 25,
        "51 to 75 characters": 25,
        "above 75 characters": 25,
    }
    assert by_size(np.array([7, 7, 7])) == ["up to 7"] * 3
    assert by_size(np.array([np.nan, 1.5, 2.5]))[0] is None


def test_values_of_a_column() -> None:
    assert by_value([1, 2, None, 1]) == ["1", "2", None, "1"]
    assert set(by_value([float(n) for n in range(100)])) == {"up to 24", "25 to 49", "50 to 74", "above 74"}
    many = by_value([str(n % 40) for n in range(400)] + ["often"] * 50)
    assert len({name for name in many if name}) == 12
    assert many[-1] == "often"


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (56, 70), (999, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_scipys(right: int, n: int, confidence: float) -> None:
    theirs = binomtest(right, n).proportion_ci(confidence, method="wilson")
    assert wilson(right / n, n, confidence) == pytest.approx(theirs, abs=1e-12)


def test_differences_of_shares_are_those_of_newcombes_table() -> None:
    """Newcombe (1998), table II, method 10."""
    assert difference_of_shares(56 / 70, 70, 48 / 80, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert difference_of_shares(10 / 10, 10, 0 / 10, 10) == pytest.approx((0.6075, 1.0), abs=5e-5)


def test_f1_of_a_part_wants_rows_of_the_class() -> None:
    """Of 300 short texts two are positive: that none of them is found says nothing."""
    truth = np.array([1] * 2 + [0] * 298 + [1] * 100 + [0] * 200)
    said = truth.copy()
    said[:2] = 0
    names = ["short"] * 300 + ["long"] * 300
    assert slices(truth, said, {"length": names}, metric="f1", **ASKED) == []
    assert len(slices(truth, said, {"length": names}, metric="accuracy", **ASKED)) == 2
