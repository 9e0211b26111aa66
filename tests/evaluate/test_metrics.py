"""Each score equals scikit-learn's, ties, absent classes and one-class predictions among them."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from textmill.evaluate import metrics as ours


@st.composite
def decided(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Truth and decisions of 1 to 60 rows over 2 to 5 classes, of which some may not occur at all."""
    k = draw(st.integers(2, 5))
    n = draw(st.integers(1, 60))
    used = st.integers(0, draw(st.integers(0, k - 1)))
    numbers = [draw(st.lists(used, min_size=n, max_size=n)) for _ in range(2)]
    return np.array(numbers[0]), np.array(numbers[1]), k


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Positives and scores of 1 to 60 rows; few distinct scores, so that ties are the rule."""
    n = draw(st.integers(1, 60))
    steps = draw(st.sampled_from([1, 2, 5, 1000]))
    positive = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return positive, np.array(draw(st.lists(st.integers(0, steps), min_size=n, max_size=n))) / steps


@st.composite
def probable(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities of 1 to 40 rows over 2 to 4 classes, certain and impossible ones too."""
    k, n = draw(st.integers(2, 4)), draw(st.integers(1, 40))
    truth = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    parts = st.lists(st.integers(0, 20), min_size=k, max_size=k).filter(any)
    raw = np.array(draw(st.lists(parts, min_size=n, max_size=n)), dtype=np.float64)
    return truth, raw / raw.sum(axis=1, keepdims=True)


@given(decided())
def test_decisions_score_as_in_scikit_learn(case):
    truth, said, k = case
    confusion = ours.confusion_matrix(truth, said, k)
    assert (confusion == oracle.confusion_matrix(truth, said, labels=range(k))).all()
    right, predicted, true = np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    assert ours.accuracy(right.sum(), len(truth)) == pytest.approx(oracle.accuracy_score(truth, said), abs=1e-12)
    found = ours.precision_recall_f1(right, predicted, true)
    wanted = oracle.precision_recall_fscore_support(truth, said, labels=range(k), zero_division=0)
    for own, other in zip(found, wanted[:3], strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)
    means = oracle.precision_recall_fscore_support(truth, said, average="macro", zero_division=0)
    for own, other in zip(found, means[:3], strict=True):
        assert float(ours.macro(own, predicted + true > 0)) == pytest.approx(other, abs=1e-12)
    means = oracle.precision_recall_fscore_support(truth, said, average="weighted", zero_division=0)
    for own, other in zip(found, means[:3], strict=True):
        assert float(ours.weighted(own, true)) == pytest.approx(other, abs=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of classes that are in the prediction alone
        balanced = oracle.balanced_accuracy_score(truth, said)
        correlation = oracle.matthews_corrcoef(truth, said)
    assert float(ours.balanced_accuracy(right, true)) == pytest.approx(balanced, abs=1e-12)
    assert float(ours.matthews(right, predicted, true)) == pytest.approx(correlation, abs=1e-9)


@given(scored())
def test_average_precision_is_scikit_learns(case):
    positive, scores = case
    own = ours.average_precision(positive, scores)
    if positive.any():
        assert own == pytest.approx(oracle.average_precision_score(positive, scores), abs=1e-12)
    else:
        assert math.isnan(own)


@given(scored())
def test_roc_auc_is_scikit_learns(case):
    positive, scores = case
    own = ours.roc_auc(positive, scores)
    if positive.any() and not positive.all():
        assert own == pytest.approx(oracle.roc_auc_score(positive, scores), abs=1e-12)
    else:
        assert math.isnan(own)


@given(scored(), st.randoms(use_true_random=False))
def test_weights_count_rows_as_often_as_they_say(case, random):
    positive, scores = case
    counts = np.array([random.randint(0, 3) for _ in positive])
    many = np.repeat(np.arange(len(positive)), counts)
    for score in (ours.average_precision, ours.roc_auc):
        weighed = score(positive, scores, counts)
        if many.size == 0:
            assert math.isnan(weighed)
        else:
            assert weighed == pytest.approx(score(positive[many], scores[many]), abs=1e-12, nan_ok=True)


@given(scored())
def test_precision_recall_curve_is_scikit_learns(case):
    positive, scores = case
    if not positive.any():
        return
    own = ours.precision_recall_curve(positive, scores)
    wanted = oracle.precision_recall_curve(positive, scores)
    # theirs runs the other way and ends with a made-up point at precision 1
    for mine, theirs in zip(own, (wanted[0][:-1], wanted[1][:-1], wanted[2]), strict=True):
        np.testing.assert_allclose(mine, theirs[::-1], rtol=0, atol=1e-12)


@given(probable())
def test_log_loss_is_scikit_learns(case):
    truth, scores = case
    assert ours.log_loss(truth, scores) == pytest.approx(
        oracle.log_loss(truth, scores, labels=range(scores.shape[1])), abs=1e-12
    )


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("n", [1, 30, 500])
def test_calibration_error_is_that_of_scikit_learns_curve(n, k):
    rng = np.random.default_rng(n + k)
    truth, scores = rng.integers(0, k, n), rng.dirichlet(np.ones(k), n)  # never on the edge of a bin, where we differ
    if k == 2:
        came, said, positive = truth == 1, scores[:, 1], 1
    else:
        came, said, positive = scores.argmax(axis=1) == truth, scores.max(axis=1), None
    shares, means = calibration_curve(came, said, n_bins=10)
    rows = np.bincount((said * 10).astype(int))
    wanted = float((np.abs(shares - means) * rows[rows > 0]).sum() / n)
    assert ours.calibration_error(truth, scores, positive) == pytest.approx(wanted, abs=1e-12)


def test_a_calibration_error_by_hand():
    """Of five rows at 0.9 four come true: a gap of 0.1 on half of the rows; the others, at 0.2, are as they say."""
    scores = np.array([[0.1, 0.9]] * 5 + [[0.8, 0.2]] * 5)
    assert ours.calibration_error(np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1]), scores, 1) == pytest.approx(0.05)
    assert ours.calibration_error(np.array([1, 0]), np.array([[0.0, 1.0], [1.0, 0.0]]), 1) == 0


@given(probable())
def test_brier_is_scikit_learns(case):
    truth, scores = case
    wanted = oracle.brier_score_loss(truth, scores, labels=range(scores.shape[1]))
    assert ours.brier(truth, scores) == pytest.approx(wanted, abs=1e-12)


def test_a_certain_mistake_in_float32_costs_what_float32_can_tell():
    scores = np.array([[1.0, 0.0]], dtype=np.float32)
    assert ours.log_loss(np.array([1]), scores) == pytest.approx(-math.log(np.finfo(np.float32).eps))


def test_what_is_undefined_warns_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nobody = np.zeros(4, dtype=bool)
        assert math.isnan(ours.roc_auc(nobody, np.ones(4)))
        assert math.isnan(ours.average_precision(nobody, np.ones(4)))
        zero = np.zeros(2, dtype=np.int64)
        assert [part.tolist() for part in ours.precision_recall_f1(zero, zero, zero)] == [[0.0, 0.0]] * 3
        assert float(ours.macro(np.zeros(2), zero > 0)) == 0.0


def test_by_hand():
    # 4 rows are positive; of 5 said to be, 3 are: precision 3/5, recall 3/4, F1 2*3/(5+4)
    confusion = np.array([[4, 2], [1, 3]])
    p, r, f1 = ours.precision_recall_f1(np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1))
    assert (p[1], r[1], f1[1]) == pytest.approx((3 / 5, 3 / 4, 2 / 3))


def test_top_k_is_scikit_learns():
    rng = np.random.default_rng(3)
    truth, scores = rng.integers(0, 6, 500), rng.random((500, 6))
    for k in (1, 2, 3, 5):
        theirs = oracle.top_k_accuracy_score(truth, scores, k=k, labels=range(6))
        assert ours.top_k_of_rows(truth, scores, k).mean() == pytest.approx(theirs)
    assert (ours.top_k_of_rows(truth, scores, 1) == (scores.argmax(axis=1) == truth)).all()
    flat = np.ones((6, 6))
    assert ours.top_k_of_rows(np.arange(6), flat, 3).tolist() == [1, 1, 1, 0, 0, 0]
