"""A bag of vectors learns what a plain program of the same steps learns, with any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array, random_array

from strategies import examples
from textmill import _native
from textmill.errors import ConfigError, DataError, LabelError
from textmill.features.csr import Csr
from textmill.models.bag import BagFit, fit_bag, targets_of
from textmill.models.logistic import sigmoid, softmax


def csr(X: Any) -> Csr:
    made = csr_array(X)
    made.sum_duplicates()
    return Csr(made.data.astype(np.float32), made.indices.astype(np.int32), made.indptr.astype(np.int32), made.shape[1])


def problem(n: int, d: int, k: int, seed: int, density: float = 0.3) -> tuple[csr_array, NDArray[np.int64]]:
    """Texts whose classes are mostly told by their features."""
    rng = np.random.default_rng(seed)
    X = csr_array(random_array((n, d), density=density, format="csr", dtype=np.float32, rng=rng))
    truth = X @ rng.standard_normal((d, k)) + 0.1 * rng.gumbel(size=(n, k))
    return X, truth.argmax(axis=1).astype(np.int64)


def twin(
    X: csr_array,
    targets: Any,
    *,
    independent: bool,
    width: int,
    epochs: int,
    rate: float,
    batch: int,
    weights: Any,
    seed: int,
) -> tuple[Any, Any, Any, list[float]]:
    """The same steps in plain numpy and double precision."""
    n, k = targets.shape
    rng = np.random.Generator(np.random.PCG64(seed))
    E = (rng.random((X.shape[1], width), np.float32).astype(float) - 0.5) * 2 / width
    W, b = np.zeros((width, k)), np.zeros(k)
    sums_E, sums_W, sums_b = np.zeros(len(E)), np.zeros_like(W), np.zeros_like(b)
    dense = X.toarray().astype(float)
    losses = []

    def step(value: Any, sums: Any, gradient: Any, now: float) -> None:
        sums += gradient**2
        value -= now * np.divide(gradient, np.sqrt(sums), out=np.zeros_like(gradient), where=gradient != 0)

    for epoch in range(epochs):
        order, loss = rng.permutation(n), 0.0
        for first in range(0, n, batch):
            now = rate * (1 - epoch / epochs - first / n / epochs)
            some = order[first : first + batch]
            hidden = dense[some] @ E
            z = hidden @ W + b
            p = sigmoid(z) if independent else softmax(z)
            t = targets[some]
            with np.errstate(divide="ignore", invalid="ignore"):
                each = -np.nan_to_num(t * np.log(p)) - (np.nan_to_num((1 - t) * np.log(1 - p)) if independent else 0)
            loss += float((each * weights[some]).sum())
            slopes = (p - t) * weights[some]
            pulls = slopes @ W.T
            for text, pull in zip(some, pulls, strict=True):
                for column in np.flatnonzero(dense[text]):
                    sums_E[column] += dense[text, column] ** 2 * (pull @ pull)
                    if sums_E[column] > 0:
                        E[column] -= now * dense[text, column] / np.sqrt(sums_E[column]) * pull
            step(W, sums_W, hidden.T @ slopes, now)
            step(b, sums_b, slopes.sum(axis=0), now)
        losses.append(loss / np.broadcast_to(weights, (n, k) if independent else (n, 1)).sum())
    return E, W, b, losses


@settings(max_examples=examples(40), deadline=None)
@given(
    st.integers(1, 30),
    st.integers(1, 12),
    st.integers(1, 5),
    st.sampled_from([1, 3, 8, 20]),
    st.sampled_from([1, 4, 64]),
    st.sampled_from(["classes", "soft", "labels", "weighed labels"]),
    st.integers(0, 10**6),
)
def test_what_is_learned_is_what_a_plain_program_learns(
    n: int, d: int, k: int, width: int, batch: int, kind: str, seed: int
) -> None:
    X, codes = problem(n, d, k, seed)
    rng = np.random.default_rng(seed)
    independent = "labels" in kind or k == 1
    if kind == "classes":
        targets = (codes[:, None] == np.arange(k)).astype(np.float32)
    else:
        targets = rng.random((n, k)).astype(np.float32)
        targets = targets.round() if independent else targets / targets.sum(axis=1, keepdims=True)
    weights = rng.random((n, k if kind == "weighed labels" else 1)) + 0.1
    shared = {"width": width, "epochs": 2, "batch": batch, "seed": seed}
    ours = fit_bag(
        csr(X), targets, independent=independent, learning_rate=0.1, sample_weights=weights, threads=2, **shared
    )
    E, W, b, losses = twin(X, targets, independent=independent, rate=0.1, weights=weights.astype(np.float32), **shared)
    np.testing.assert_allclose(ours.vectors, E, atol=2e-5)
    np.testing.assert_allclose(ours.head, W, atol=2e-5)
    np.testing.assert_allclose(ours.bias, b, atol=2e-5)
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.weights, ours.vectors.astype(float) @ ours.head, atol=1e-12)


def bytes_of(fit: BagFit) -> tuple[bytes, ...]:
    return fit.vectors.tobytes(), fit.head.tobytes(), fit.bias.tobytes(), np.array(fit.losses).tobytes()


@pytest.mark.parametrize("width", [16, 64])
@pytest.mark.parametrize("k", [1, 5])
def test_threads_change_no_byte(width: int, k: int) -> None:
    X, codes = problem(400, 300, max(2, k), seed=3, density=0.4)  # batches large enough for seven threads
    targets = targets_of(codes, max(2, k))
    fits = [fit_bag(csr(X), targets, width=width, batch=64, epochs=2, threads=n) for n in (1, 2, 3, 7)]
    assert len({bytes_of(fit) for fit in fits}) == 1
    assert bytes_of(fit_bag(csr(X), targets, width=width, batch=64, epochs=2, threads=2, seed=1)) != bytes_of(fits[0])


@pytest.mark.parametrize("k", [2, 4])
def test_a_problem_that_can_be_told_apart_is_learned(k: int) -> None:
    X, codes = problem(600, 40, k, seed=5)
    told: list[str] = []
    fit = fit_bag(csr(X), targets_of(codes, k), learning_rate=0.3, epochs=20, threads=2, progress=told.append)
    z = X @ fit.weights + fit.bias
    said = (z[:, 0] > 0).astype(int) if k == 2 else z.argmax(axis=1)
    assert np.mean(said == codes) > 0.95
    assert fit.losses[-1] < fit.losses[0]
    assert len(told) == 20
    assert told[0].startswith("epoch 1 of 20, loss 0.")


def test_several_labels_are_learned_each_for_itself() -> None:
    X, codes = problem(600, 40, 3, seed=6)
    members = np.stack([codes == 0, codes == 1, (X[:, [0]].toarray() > 0.3).ravel()], axis=1)
    fit = fit_bag(csr(X), members.astype(np.float32), independent=True, learning_rate=0.3, epochs=20)
    assert np.mean((X @ fit.weights + fit.bias > 0) == members) > 0.9


def test_soft_targets_are_matched() -> None:
    """With every text alike, the outputs come to the mean of what was said of them."""
    X = csr_array(np.ones((64, 1), np.float32))
    targets = np.tile(np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1]], np.float32), (32, 1))
    fit = fit_bag(csr(X), targets, epochs=200, learning_rate=0.3)
    np.testing.assert_allclose(softmax(X[[0]] @ fit.weights + fit.bias), [[0.6, 0.3, 0.1]], atol=0.02)
    fit = fit_bag(csr(X), targets[:, :2], independent=True, epochs=200, learning_rate=0.3)
    np.testing.assert_allclose(sigmoid(X[[0]] @ fit.weights + fit.bias), [[0.6, 0.3]], atol=0.02)


def test_smoothing_is_what_its_targets_say() -> None:
    X, codes = problem(50, 10, 3, seed=8)
    hard = targets_of(codes, 3)
    soft = hard * np.float32(0.7) + np.float32(0.3 / 3)
    assert bytes_of(fit_bag(csr(X), hard, smoothing=0.3)) == bytes_of(fit_bag(csr(X), soft))


def test_few_texts_are_learned_in_small_batches() -> None:
    X, codes = problem(350, 10, 2, seed=9)
    targets = targets_of(codes, 2)
    assert bytes_of(fit_bag(csr(X), targets)) == bytes_of(fit_bag(csr(X), targets, batch=3))
    assert bytes_of(fit_bag(csr(X[:50]), targets[:50])) == bytes_of(fit_bag(csr(X[:50]), targets[:50], batch=1))


def test_weights_say_what_a_text_counts() -> None:
    """Of contradicting texts those that count more are believed; those that count nothing change nothing."""
    X = csr_array(np.ones((90, 1), np.float32))
    codes = np.arange(90) % 3 // 2  # two thirds are 0
    assert fit_bag(csr(X), targets_of(codes, 2), epochs=30).bias[0] < 0
    believed = fit_bag(csr(X), targets_of(codes, 2), epochs=30, sample_weights=np.where(codes, 10.0, 1.0))
    assert (X @ believed.weights + believed.bias)[0, 0] > 0
    nothing = fit_bag(csr(X), targets_of(codes, 2), epochs=30, sample_weights=np.zeros(90))
    assert not nothing.head.any()
    assert not nothing.bias.any()
    assert nothing.losses == (0.0,) * 30


def test_texts_without_a_feature_teach_the_bias_alone() -> None:
    fit = fit_bag(csr(csr_array((20, 3), dtype=np.float32)), np.ones((20, 1), np.float32))
    assert fit.bias[0] > 0
    assert np.isfinite(fit.vectors).all()
    assert not fit.head.any()
    fit = fit_bag(csr(csr_array((20, 0), dtype=np.float32)), np.ones((20, 1), np.float32))
    assert fit.vectors.shape == (0, 32)
    assert fit.weights.shape == (0, 1)
    assert fit.bias[0] > 0


def test_outputs_far_from_zero_have_a_finite_loss() -> None:
    X = csr_array(np.full((40, 2), 1e4, np.float32))
    for targets in (np.tile([[0.0], [1.0]], (20, 1)), np.tile(np.eye(3), (14, 1))[:40]):
        assert np.isfinite(fit_bag(csr(X), targets.astype(np.float32), learning_rate=1.0).losses).all()


GOOD = csr(csr_array(np.eye(4, dtype=np.float32)))
HALVES = np.full((4, 2), 0.5, np.float32)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 0}, "width: wanted a whole number from 1 to 4,096, got 0"),
        ({"epochs": 0}, "epochs: wanted a whole number from 1"),
        ({"batch": 0}, "batch: wanted a whole number from 1"),
        ({"learning_rate": 0.0}, "learning_rate: wanted a number above 0, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate: wanted a number above 0, got nan"),
        ({"learning_rate": float("inf")}, "learning_rate: wanted a number above 0, got inf"),
        ({"smoothing": 1.0}, "smoothing: wanted a share from 0 to below 1, got 1.0"),
    ],
)
def test_settings_that_cannot_be_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        fit_bag(GOOD, HALVES, **settings)


@pytest.mark.parametrize("rate", [1e30, 1e38, 1e300])
def test_a_rate_at_which_the_loss_runs_away_is_told(rate: float) -> None:
    X = csr(csr_array(np.full((40, 2), 1e10, np.float32)))
    with pytest.raises(ConfigError, match=r"learning_rate: 1e.* is too high: in epoch . the loss was no number"):
        fit_bag(X, targets_of(np.arange(40) % 2, 2), batch=4, learning_rate=rate)


@pytest.mark.parametrize(
    ("targets", "weights", "said"),
    [
        (HALVES[:3], None, "targets do not fit the texts; wanted 4 rows"),
        (HALVES[:, :0], None, "targets do not fit the texts"),
        (HALVES * np.float32(3), None, "wanted numbers from 0 to 1"),
        (HALVES * np.float32("nan"), None, "wanted numbers from 0 to 1"),
        (HALVES / 2, None, "wanted a sum of 1"),
        (HALVES, np.ones(3), "wanted 4 of them"),
        (HALVES, np.ones((4, 2)), "wanted 4 of them"),
        (HALVES, -np.ones(4), "wanted finite numbers, 0 or more"),
        (HALVES, np.full(4, np.inf), "wanted finite numbers, 0 or more"),
    ],
)
def test_targets_that_cannot_be_are_told(targets: Any, weights: Any, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        fit_bag(GOOD, targets, sample_weights=weights)


def test_data_that_cannot_be_are_told() -> None:
    with pytest.raises(LabelError, match="one class only"):
        targets_of(np.zeros(4, np.int64), 1)
    with pytest.raises(DataError, match="no text to learn from"):
        fit_bag(csr(csr_array((0, 3), dtype=np.float32)), np.zeros((0, 2), np.float32))
    for bad in (np.nan, np.inf):
        with pytest.raises(DataError, match="no finite number"):
            fit_bag(GOOD._replace(data=np.array([1, 1, bad, 1], np.float32)), HALVES)


def test_the_core_refuses_arrays_that_do_not_fit() -> None:
    ones = np.ones((4, 1), np.float32)
    start = np.zeros((4, 2), np.float32)
    two = (np.ones(2, np.float32), np.array([1, 0], np.int32), np.array([0, 2], np.int32))
    with pytest.raises(ValueError, match="ascend"):
        _native.Bag(*two, ones[:1], ones[:1], False, start)
    for targets, strength, vectors in ((ones[:3], ones, start), (ones, ones[:3], start), (ones, ones, start[:3])):
        with pytest.raises(ValueError):
            _native.Bag(*GOOD[:3], targets, strength, False, vectors)
    bag = _native.Bag(*GOOD[:3], ones, ones, False, start)
    for order, batch, threads in (([4], 1, 1), ([-1], 1, 1), ([0], 0, 1), ([0], 1, 0)):
        with pytest.raises(ValueError):
            bag.epoch(np.array(order, np.int32), batch, 0.1, 0.1, threads)
    assert bag.epoch(np.zeros(0, np.int32), 1, 0.1, 0.1, 1) == 0
