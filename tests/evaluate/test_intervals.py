"""The bootstrap: the plain loop's distribution, the promised coverage, the same bytes for a seed."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from textmill.config import EvaluateConfig
from textmill.evaluate import evaluate
from textmill.evaluate import metrics as formulas
from textmill.evaluate.intervals import (
    Ranking,
    gap_interval,
    interval,
    raised_interval,
    resample_decisions,
    resample_probabilities,
)
from textmill.types import LabelSets, Prediction


@st.composite
def ranked(draw):
    """Truth, scores with ties, and how often each row was drawn."""
    k, n = draw(st.integers(2, 4)), draw(st.integers(1, 40))
    steps = draw(st.sampled_from([1, 3, 1000]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.sampled_from([n, 1, 3 * n]))  # whole clusters are drawn: any number of rows
    return (
        rng.integers(0, k, n),
        rng.integers(0, steps + 1, (n, k)) / steps,
        np.bincount(rng.integers(0, n, size), minlength=n),
    )


@given(ranked())
def test_running_sums_give_the_score_of_the_drawn_rows(case):
    truth, scores, counts = case
    ranking = Ranking(truth, scores, tuple(range(scores.shape[1])))
    if not ranking.columns:
        return
    precision, area, rows = ranking.scores(counts)
    many = np.repeat(np.arange(len(truth)), counts)
    for i, k in enumerate(ranking.columns):
        positive = truth[many] == k
        assert rows[i] == positive.sum()
        for own, formula in ((precision, formulas.average_precision), (area, formulas.roc_auc)):
            assert own[i] == pytest.approx(formula(positive, scores[many, k]), abs=1e-12, nan_ok=True)


def test_many_classes_are_summed_in_stretches_to_the_same_scores():
    rng = np.random.default_rng(5)
    truth, scores = rng.integers(0, 60, 900), rng.random((900, 60)).round(3)
    counts = np.bincount(rng.integers(0, 900, 900), minlength=900)
    ranking = Ranking(truth, scores, tuple(range(60)))
    assert ranking._cuts is not None
    many = np.repeat(np.arange(900), counts)
    precision, area, _ = ranking.scores(counts)
    for i, k in enumerate(ranking.columns):
        assert precision[i] == pytest.approx(formulas.average_precision(truth[many] == k, scores[many, k]), abs=1e-12)
        assert area[i] == pytest.approx(formulas.roc_auc(truth[many] == k, scores[many, k]), abs=1e-12)


def test_rows_handed_over_in_another_order_score_alike():
    rng = np.random.default_rng(2)
    truth, scores = rng.integers(0, 2, 50), rng.random((50, 2))
    counts = np.bincount(rng.integers(0, 50, 50), minlength=50)
    plain, sorted_rows = Ranking(truth, scores, (1,)), Ranking(truth, scores, (1,))
    order = plain.first_order().copy()
    sorted_rows.sort_rows(order)
    for one, other in zip(plain.scores(counts), sorted_rows.scores(counts[order]), strict=True):
        np.testing.assert_array_equal(one, other)


def _plain_bootstrap(truth, said, scores, times, seed):
    """The twin: rows drawn one by one, every score taken anew on them."""
    draw = random.Random(seed)
    found: dict[str, list[float]] = {name: [] for name in ("accuracy", "f1", "roc_auc", "average_precision", "brier")}
    found["calibration_error"] = []
    for _ in range(times):
        rows = np.array([draw.randrange(len(truth)) for _ in truth])
        hit = int(((truth[rows] == 1) & (said[rows] == 1)).sum())
        found["accuracy"].append(float((truth[rows] == said[rows]).mean()))
        found["f1"].append(2 * hit / max(1, int((truth[rows] == 1).sum() + (said[rows] == 1).sum())))
        found["roc_auc"].append(formulas.roc_auc(truth[rows] == 1, scores[rows, 1]))
        found["average_precision"].append(formulas.average_precision(truth[rows] == 1, scores[rows, 1]))
        found["brier"].append(formulas.brier(truth[rows], scores[rows]))
        found["calibration_error"].append(formulas.calibration_error(truth[rows], scores[rows], 1))
    return found


def test_the_short_cuts_have_the_distribution_of_the_plain_loop():
    rng = np.random.default_rng(11)
    truth = (rng.random(150) < 0.4).astype(np.int64)
    p = np.clip(0.3 + 0.35 * truth + rng.normal(0, 0.2, 150), 0.01, 0.99).round(2)
    scores = np.stack([1 - p, p], axis=1)
    said = scores.argmax(axis=1)
    plain = _plain_bootstrap(truth, said, scores, 1500, seed=3)
    decisions = resample_decisions(truth, (said,), n_classes=2, positive=1, resamples=1500, seed=4)[0].overall
    ranks = resample_probabilities(truth, (scores,), columns=(1,), resamples=1500, seed=4)[0].overall
    for name, values in plain.items():
        ours = {**decisions, **ranks}[name]
        # both are discrete, so compare where they lie rather than value by value
        assert ours.mean() == pytest.approx(np.mean(values), abs=4 * np.std(values) / np.sqrt(750))
        assert ours.std() == pytest.approx(np.std(values), rel=0.1)
        jitter = np.std(values) / 50
        tried = rng.normal(0, jitter, (2, 1500))
        assert stats.ks_2samp(ours + tried[0], np.array(values) + tried[1]).pvalue > 1e-3, name


def test_same_seed_same_bytes_and_another_seed_others(made):
    case = made(200, 3)
    first, second, other = (evaluate(*case, config=EvaluateConfig(bootstrap=200), seed=s) for s in (1, 1, 2))
    assert repr(first) == repr(second)
    assert first.metrics["roc_auc"] != other.metrics["roc_auc"]
    assert {name: score.value for name, score in first.metrics.items()} == {
        name: score.value for name, score in other.metrics.items()
    }


_PROGRAM = """
import hashlib, numpy as np
from textmill.config import EvaluateConfig
from textmill.evaluate import evaluate
from textmill.types import Prediction
rng = np.random.default_rng(0)
p = rng.random(12000)
truth = ["yes" if x else "no" for x in rng.random(12000) < p]
said = Prediction(("no", "yes"), np.stack([1 - p, p], axis=1).astype(np.float32))
base = Prediction(("no", "yes"), np.full((12000, 2), 0.5, np.float32))
found = evaluate(truth, said, base, config=EvaluateConfig(bootstrap=100), seed=1)
print(hashlib.sha256(repr((found.metrics, found.per_class, found.details)).encode()).hexdigest())
"""


@pytest.mark.slow
def test_the_number_of_threads_changes_no_byte():
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, **dict.fromkeys(names, threads)},
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0, 1), st.floats(0.5, 0.99))
def test_an_interval_holds_its_score(values, value, confidence):
    low, high = interval(np.array(values), value, confidence)
    assert low <= value <= high


def test_resamples_that_define_no_score_are_passed_over():
    assert interval(np.array([np.nan, 0.2, 0.4, np.nan]), 0.3, 0.9) == pytest.approx((0.21, 0.39))
    assert interval(np.array([np.nan]), 0.3, 0.9) == (0.3, 0.3)


@pytest.mark.slow
def test_intervals_cover_the_truth_95_times_in_a_hundred():
    """1,000 test sides of 400 rows from a known source; the interval should hold the source's own score in 95 %."""
    wanted = {"accuracy": 0.0, "f1": 0.0, "roc_auc": 0.0, "log_loss": 0.0}
    rng = np.random.default_rng(77)

    def side(n):
        truth = (rng.random(n) < 0.4).astype(np.int64)
        p = 1 / (1 + np.exp(-(1.6 * truth - 0.9 + rng.normal(0, 1, n))))
        return truth, np.stack([1 - p, p], axis=1)

    truth, scores = side(2_000_000)
    said = scores.argmax(axis=1)
    hit = int(((truth == 1) & (said == 1)).sum())
    wanted["accuracy"] = float((truth == said).mean())
    wanted["f1"] = 2 * hit / int((truth == 1).sum() + (said == 1).sum())
    wanted["roc_auc"] = formulas.roc_auc(truth == 1, scores[:, 1])
    wanted["log_loss"] = formulas.log_loss(truth, scores)
    held = dict.fromkeys(wanted, 0)
    for number in range(1000):
        truth, scores = side(400)
        said = scores.argmax(axis=1)
        draws = {
            **resample_decisions(truth, (said,), n_classes=2, positive=1, resamples=400, seed=number)[0].overall,
            **resample_probabilities(truth, (scores,), columns=(1,), resamples=400, seed=number)[0].overall,
        }
        for name, value in wanted.items():
            low, high = np.quantile(draws[name], [0.025, 0.975])
            held[name] += low <= value <= high
    assert {name: 930 <= times <= 970 for name, times in held.items()} == dict.fromkeys(wanted, True), held


@pytest.mark.parametrize("k", [2, 3])
def test_stratified_draws_have_the_rows_of_each_class(k):
    """Of a model that is always right for the first class and never for others, accuracy is the first class's share."""
    rng = np.random.default_rng(k)
    truth = rng.integers(0, k, 200)
    said, flat = np.zeros_like(truth), np.full((200, k), 1 / k)
    for stratify in (True, False):
        asked = {"resamples": 300, "seed": 1, "stratify": stratify}
        right = resample_decisions(truth, (said, said), n_classes=k, positive=None, **asked)[1].overall["accuracy"]
        # the average precision of scores that are all the same is the share of the class
        ranked = resample_probabilities(truth, (flat, flat), columns=(1,), **asked)[1].overall["average_precision"]
        for drawn, share in ((right, (truth == 0).mean()), (ranked, (truth == 1).mean())):
            assert bool(np.allclose(drawn, share)) == stratify
            assert drawn.mean() == pytest.approx(share, abs=0.01)


@pytest.mark.slow
def test_stratified_intervals_cover_where_the_mix_of_classes_is_fixed_and_others_where_it_is_not():
    """1,000 test sides of 400 rows; a class of 95 % recall and one of 40 %, so that the mix matters to accuracy."""
    rng = np.random.default_rng(6)
    held = dict.fromkeys(itertools.product((True, False), repeat=2), 0)
    for fixed, number in itertools.product((True, False), range(1000)):
        truth = np.repeat([0, 1], 200) if fixed else rng.integers(0, 2, 400)
        right = rng.random(400) < np.where(truth == 0, 0.95, 0.4)
        said = np.where(right, truth, 1 - truth)
        for stratify in (True, False):
            asked = {"resamples": 300, "seed": number, "stratify": stratify}
            drawn = resample_decisions(truth, (said,), n_classes=2, positive=1, **asked)[0].overall["accuracy"]
            low, high = np.quantile(drawn, [0.025, 0.975])
            held[fixed, stratify] += int(low <= 0.675 <= high)
    assert 930 <= held[True, True] <= 970, held
    assert 930 <= held[False, False] <= 970, held
    assert held[True, False] > 970, held  # too wide
    assert held[False, True] < 920, held  # too narrow


@pytest.mark.parametrize("k", [2, 4])
def test_gaps_of_a_resample_are_those_of_its_rows(k):
    """A resample that holds whole clusters only: what stands in it is known from its size alone."""
    rng = np.random.default_rng(k)
    truth, scores = rng.integers(0, k, 60), rng.dirichlet(np.ones(k), 60)
    columns = (1,) if k == 2 else tuple(range(k))
    positive = 1 if k == 2 else None
    halves = np.repeat([0, 1], [20, 40])
    found = resample_probabilities(truth, (scores,), columns=columns, resamples=50, seed=1, clusters=halves)[0]
    own = formulas.calibration_error(truth, scores, positive)
    twice = [formulas.calibration_error(truth[part], scores[part], positive) for part in (slice(20), slice(20, 60))]
    drawn = found.overall["calibration_error"]
    assert {round(value, 9) for value in drawn.tolist()} == {round(value, 9) for value in (own, *twice)}
    noise = found.noise["calibration_error"]
    assert noise[np.isclose(drawn, own)] == pytest.approx(0)
    assert (np.abs(drawn - own) <= noise + 1e-12).all()


@pytest.mark.slow
@pytest.mark.parametrize("warm", [1.0, 1.1, 1.3, 2.0])
def test_the_interval_of_the_calibration_error_covers_it(warm):
    """200 test sides of 500 rows whose probabilities are too sure of themselves by a known temperature, or right.

    The percentile interval that the other scores have covers the 0 of right probabilities never.
    """
    rng = np.random.default_rng(8)

    def side(n):
        logit = rng.normal(0, 2, n)
        p = 1 / (1 + np.exp(-logit))
        return (rng.random(n) < 1 / (1 + np.exp(-logit / warm))).astype(np.int64), np.stack([1 - p, p], axis=1)

    wanted = 0.0 if warm == 1 else formulas.calibration_error(*side(500_000), 1)
    held = plain = 0
    for number in range(200):
        truth, scores = side(500)
        value = formulas.calibration_error(truth, scores, 1)
        drawn = resample_probabilities(truth, (scores,), columns=(1,), resamples=300, seed=number)[0]
        values, noise = drawn.overall["calibration_error"], drawn.noise["calibration_error"]
        low, high = gap_interval(values, noise, value, 0.95)
        assert 0 <= low <= value <= high <= 1
        held += low <= wanted <= high
        low, high = interval(values, value, 0.95)
        plain += low <= wanted <= high
    assert held >= 182, held
    assert warm != 1 or plain == 0


@pytest.mark.slow
def test_a_mean_of_average_precisions_over_rare_classes_is_not_surer_than_it_is():
    """Its resamples lie above it, as it lies above the truth: their percentiles leave both out."""
    n, resamples = 1000, 100
    shares = np.maximum(300 / np.arange(1, 31) ** 1.35, 1.5) / n  # of 30 labels, as skewed as topics of news are
    apart = 3.0  # the scores of a label's texts from those of others, in standard deviations
    cut = np.linspace(-8, 12, 4001)
    others = stats.norm.sf(cut)
    true = []
    for share in shares:
        found = share * stats.norm.sf(cut, apart)
        precision = found / np.maximum(found + (1 - share) * others, 1e-300)
        true.append(np.trapezoid(precision * stats.norm.pdf(cut, apart), cut))
    held = {"percentiles": 0, "raised": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.random((n, len(shares))) < shares
        ranking = Ranking(truth, rng.normal(0, 1, truth.shape) + apart * truth, tuple(range(len(shares))))
        value = float(np.mean(ranking.scores(np.ones(n, np.int64))[0]))
        wanted = float(np.mean([true[k] for k in ranking.columns]))
        drawn = np.array(
            [np.nanmean(ranking.scores(np.bincount(rng.integers(0, n, n), minlength=n))[0]) for _ in range(resamples)]
        )
        low, high = raised_interval(drawn, value, 0.95)
        assert low < value <= high
        held["raised"] += low <= wanted <= high
        held["percentiles"] += np.quantile(drawn, 0.025) <= wanted <= np.quantile(drawn, 0.975)
    assert held["percentiles"] <= 42
    assert held["raised"] >= 48


@pytest.mark.parametrize("several", [False, True])
def test_a_report_takes_off_what_resamples_gain_on_rare_classes(several):
    n, k = 200, 40
    rng = np.random.default_rng(3)
    shares = np.geomspace(1, 0.01, k) / np.geomspace(1, 0.01, k).sum()
    codes = np.concatenate([np.arange(k), rng.choice(k, n - k, p=shares)])
    scores = rng.random((n, k)) + 0.4 * (np.arange(k) == codes[:, None])
    scores = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    classes = tuple(f"c{code:02}" for code in range(k))
    made = LabelSets(classes, scores, scores >= 0.1) if several else Prediction(classes, scores)
    truth = [classes[code] for code in codes]
    report = evaluate(truth, made, made, config=EvaluateConfig(bootstrap=200), seed=1)
    score = report.metrics["average_precision"]
    assert score.low < score.value
    assert score.high - score.value < score.value - score.low


def test_copies_of_a_row_drawn_together_are_as_uncertain_as_one():
    """Ten copies of each of 100 rows say no more than the 100 rows."""
    rng = np.random.default_rng(4)
    truth, scores = rng.integers(0, 2, 100), rng.random((100, 2))
    scores /= scores.sum(axis=1, keepdims=True)
    copies = np.repeat(np.arange(100), 10)
    rng.shuffle(copies)
    said = scores.argmax(axis=1)
    asked = {"resamples": 2000, "seed": 1}
    once = resample_decisions(truth, (said,), n_classes=2, positive=1, **asked)[0].overall
    apart = resample_decisions(truth[copies], (said[copies],), n_classes=2, positive=1, **asked)[0].overall
    together = resample_decisions(truth[copies], (said[copies],), n_classes=2, positive=1, clusters=copies, **asked)[
        0
    ].overall
    ranks = {"columns": (1,), "resamples": 500, "seed": 1}
    once |= resample_probabilities(truth, (scores,), **ranks)[0].overall
    together |= resample_probabilities(truth[copies], (scores[copies],), clusters=copies, **ranks)[0].overall
    for name in ("accuracy", "f1", "mcc", "roc_auc", "average_precision", "log_loss", "brier", "calibration_error"):
        assert together[name].std() == pytest.approx(once[name].std(), rel=0.12)
    assert apart["accuracy"].std() < 0.4 * once["accuracy"].std()
