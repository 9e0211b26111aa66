"""The weights are those of the minimum: scikit-learn's, and by a formula of its own the gradient there is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array, random_array, vstack
from sklearn.linear_model import LogisticRegression

from strategies import examples
from textmill import _native
from textmill.errors import LabelError
from textmill.features.csr import Csr
from textmill.models.logistic import LogisticFit, balanced_weights, fit_labels, fit_logistic, probabilities


def csr(X: Any) -> Csr:
    made = csr_array(X)
    made.sum_duplicates()
    return Csr(made.data.astype(np.float32), made.indices.astype(np.int32), made.indptr.astype(np.int32), made.shape[1])


def problem(n: int, d: int, k: int, seed: int, density: float = 0.3) -> tuple[csr_array, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    X = csr_array(random_array((n, d), density=density, format="csr", dtype=np.float32, rng=rng))
    truth = X @ rng.standard_normal((d, k)) + rng.gumbel(size=(n, k))
    codes = truth.argmax(axis=1).astype(np.int64)
    codes[:k] = np.arange(k)  # every class is there
    return X, codes


def gradient(
    X: csr_array, codes: NDArray[np.int64], fit: LogisticFit, strength: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of  sum_i strength_i * loss_i + |w|^2 / 2  by the weights and, in the last row, by the bias."""
    z = X.astype(np.float64) @ fit.weights + fit.bias
    if z.shape[1] == 1:
        residual = 1 / (1 + np.exp(-z)) - (codes == 1)[:, None]
    else:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        residual = e / e.sum(axis=1, keepdims=True) - np.eye(z.shape[1])[codes]
    residual = residual * strength[:, None]
    return np.concatenate([X.T.astype(np.float64) @ residual + fit.weights, residual.sum(axis=0, keepdims=True)])


def is_at_the_minimum(X: csr_array, codes: NDArray[np.int64], fit: LogisticFit, C: float, tol: float) -> None:
    start = LogisticFit(np.zeros_like(fit.weights), np.zeros_like(fit.bias), C, 0, False, {})
    strength = np.full(len(codes), C)
    left = np.linalg.norm(gradient(X, codes, fit, strength))
    assert fit.converged
    assert left <= 1.001 * tol * np.linalg.norm(gradient(X, codes, start, strength)) + 1e-14 * strength.sum()


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("balanced", [False, True])
def test_weights_and_probabilities_are_those_of_scikit_learn(k: int, C: float, balanced: bool) -> None:
    X, codes = problem(300, 40, k, seed=k)
    weights = balanced_weights(codes, k) if balanced else None
    ours = fit_logistic(csr(X), codes, k, C=C, sample_weights=weights, tol=1e-10)
    theirs = LogisticRegression(
        C=C, tol=1e-10, solver="newton-cg", max_iter=2000, class_weight="balanced" if balanced else None
    ).fit(X.astype(np.float64), codes)
    assert ours.converged
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.weights, theirs.coef_.T, rtol=1e-4, atol=1e-5 * scale)
    np.testing.assert_allclose(ours.bias, theirs.intercept_, rtol=1e-4, atol=1e-5 * scale)
    p = probabilities(X.astype(np.float64) @ ours.weights + ours.bias)
    p = np.concatenate([1 - p, p], axis=1) if k == 2 else p
    np.testing.assert_allclose(p, theirs.predict_proba(X.astype(np.float64)), atol=1e-5)


@settings(max_examples=examples(60))
@given(
    st.integers(2, 40),
    st.integers(1, 12),
    st.integers(2, 5),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.sampled_from([1e-3, 1.0, 1e3]),
    st.integers(0, 10**6),
)
def test_the_gradient_is_nothing_at_the_end(n: int, d: int, k: int, density: float, C: float, seed: int) -> None:
    X, codes = problem(max(n, k), d, k, seed, density)
    fit = fit_logistic(csr(X), codes, k, C=C, tol=1e-6)
    is_at_the_minimum(X, codes, fit, C, 1e-6)


def one_hot(n: int) -> csr_array:
    return csr_array(np.eye(n, dtype=np.float32))


@pytest.mark.parametrize("tol", [1e-4, 1e-9])
@pytest.mark.parametrize(
    ("name", "X", "codes", "C"),
    [
        ("separable, hardly penalised", problem(60, 200, 2, 1, 0.2)[0], np.arange(60) % 2, 1e4),
        ("one column each", one_hot(50), np.arange(50) % 2, 1e6),
        ("every row twice", vstack([problem(80, 10, 2, 2)[0]] * 2).tocsr(), np.tile(problem(80, 10, 2, 2)[1], 2), 10.0),
        ("rows twice, with both labels", vstack([one_hot(9)] * 2).tocsr(), np.repeat([0, 1], 9), 1e4),
        ("only zero rows", csr_array((20, 3), dtype=np.float32), np.arange(20) % 4 // 3, 1.0),
        ("a zero row among others", csr_array(np.diag([1, 0, 2, 3]).astype(np.float32)), np.array([0, 1, 1, 0]), 1.0),
        (
            "one feature",
            csr_array(np.linspace(-3, 3, 30, dtype=np.float32)[:, None]),
            (np.arange(30) > 12).astype(int),
            1e4,
        ),
        (
            "features of unlike size",
            csr_array(np.array([[1e4, 1e-4], [-1e4, 2e-4], [5e3, -1e-4]] * 5, np.float32)),
            np.arange(15) % 2,
            1.0,
        ),
        ("one against many", problem(400, 30, 2, 3)[0], (np.arange(400) == 7).astype(int), 100.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hard_cases_come_to_an_end(name: str, X: csr_array, codes: NDArray[np.int64], C: float, tol: float) -> None:
    codes = np.asarray(codes, np.int64)
    fit = fit_logistic(csr(X), codes, 2, C=C, tol=tol, max_iter=2000)
    assert np.isfinite(fit.weights).all()
    # where rounding lets no step make it smaller, a hundred times the tolerance will do
    is_at_the_minimum(X, codes, fit, C, 100 * tol if tol < 1e-8 else tol)


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 4])
def test_threads_change_no_bit(k: int) -> None:
    X, codes = problem(6000, 4000, k, 5, 0.02)
    assert X.nnz > 5 * 64 * 1024
    one = fit_logistic(csr(X), codes, k, C=3.0, tol=0.02, threads=1)
    for threads in (2, 5):
        other = fit_logistic(csr(X), codes, k, C=3.0, tol=0.02, threads=threads)
        assert one.weights.tobytes() == other.weights.tobytes()
        assert one.bias.tobytes() == other.bias.tobytes()


@pytest.mark.parametrize("k", [2, 3])
def test_cross_validation_finds_the_best_of_all(k: int) -> None:
    X, codes = problem(150, 60, k, 11, 0.1)
    ours = fit_logistic(csr(X), codes, k, C="cv", seed=3)

    # the folds as the documentation has them: each class dealt out in the order of a seeded shuffle
    rng = np.random.Generator(np.random.PCG64(3))
    fold = np.empty(len(codes), int)
    for code in range(k):
        rows = np.flatnonzero(codes == code)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % 5
    losses = {}
    dense = X.toarray().astype(float)
    for C in ours.tried:
        losses[C] = 0.0
        for part in range(5):
            model = LogisticRegression(C=C, tol=1e-6, solver="newton-cg").fit(dense[fold != part], codes[fold != part])
            p = model.predict_proba(dense[fold == part])
            losses[C] -= np.log(p[np.arange(len(p)), codes[fold == part]]).sum() / len(codes)
    assert min(losses, key=losses.__getitem__) == ours.C
    assert ours.tried == pytest.approx(losses, abs=5e-3)  # fits to compare with need not be exact
    again = fit_logistic(csr(X), codes, k, C="cv", seed=3)
    assert again.weights.tobytes() == ours.weights.tobytes()


def test_a_class_of_one_text_cannot_be_cross_validated() -> None:
    X, _ = problem(20, 5, 2, 1)
    with pytest.raises(LabelError, match="one text only"):
        fit_logistic(csr(X), (np.arange(20) == 3).astype(np.int64), 2, C="cv")
    with pytest.raises(LabelError, match="one class only"):
        fit_logistic(csr(X), np.zeros(20, np.int64), 1)


def test_a_gradient_that_is_nothing_from_the_start_needs_no_step() -> None:
    empty = csr_array((6, 4), dtype=np.float32)
    for k in (2, 3):
        fit = fit_logistic(csr(empty), np.arange(6) % k, k, C=1e-3)
        assert (fit.iterations, fit.converged) == (0, True)
        assert type(fit.converged) is bool  # numpy's own cannot be written as JSON


def test_too_few_steps_are_said() -> None:
    X, codes = problem(200, 50, 2, 4)
    fit = fit_logistic(csr(X), codes, 2, C=100.0, tol=1e-10, max_iter=3)
    assert (fit.iterations, fit.converged) == (3, False)


def test_probabilities_of_large_outputs_are_0_and_1() -> None:
    z = np.array([[-1e4], [0.0], [1e4], [800.0]])
    assert probabilities(z).ravel().tolist() == [0.0, 0.5, 1.0, 1.0]
    assert probabilities(np.array([[1e4, -1e4, 0.0]])).tolist() == [[1.0, 0.0, 0.0]]


def test_the_matrix_of_the_fit_is_that_of_the_core() -> None:
    X, codes = problem(50, 10, 2, 9)
    fit = fit_logistic(csr(X), codes, 2)
    z = _native.SparseMatrix(*csr(X)).multiply(fit.weights, 1) + fit.bias
    np.testing.assert_allclose(z, X.astype(np.float64) @ fit.weights + fit.bias, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 3])
def test_soft_targets_are_the_weights_of_texts_that_are_there_once_for_each_class(k: int) -> None:
    """By scikit-learn, which knows no soft targets: each text once a class, weighted by what it should say of it."""
    X, codes = problem(60, 12, k, seed=3)
    shares = np.random.default_rng(4).dirichlet(np.ones(k), 60)
    soft = (shares[:, 1:] if k == 2 else shares).astype(np.float32)
    fit = fit_logistic(csr(X), codes, k, C=2.0, soft=soft, tol=1e-9)
    whole = np.concatenate([1 - soft, soft], axis=1) if k == 2 else soft
    known = LogisticRegression(C=2.0, tol=1e-7, max_iter=5000, solver="newton-cholesky")
    known.fit(vstack([X] * k).toarray(), np.repeat(np.arange(k), 60), sample_weight=whole.T.ravel())
    found = probabilities(X.toarray().astype(np.float64) @ fit.weights + fit.bias)
    wanted = known.predict_proba(X.toarray())
    np.testing.assert_allclose(found[:, -1], wanted[:, -1], atol=2e-6)


def test_targets_of_0_and_1_are_labels() -> None:
    X, codes = problem(40, 8, 3, seed=5)
    hard = np.eye(3, dtype=np.float32)[codes]
    one, other = fit_logistic(csr(X), codes, 3), fit_logistic(csr(X), codes, 3, soft=hard)
    np.testing.assert_array_equal(one.weights, other.weights)
    sets = fit_labels(csr(X), hard > 0, balanced=True), fit_labels(csr(X), hard > 0, balanced=True, soft=hard)
    np.testing.assert_array_equal(sets[0].weights, sets[1].weights)


def test_C_is_chosen_by_what_is_to_be_learned() -> None:
    X, codes = problem(80, 8, 2, seed=6)
    chosen = fit_logistic(csr(X), codes, 2, C="cv", soft=np.full((80, 1), 0.5, np.float32))
    assert chosen.C == 0.1  # where nothing is to be told apart the smallest weights are best
    assert abs(chosen.tried[0.1] - np.log(2)) < 0.01
