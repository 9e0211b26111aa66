"""Logistic regression with an L2 penalty, solved in the space of the texts.

The minimum of  sum_i s_i loss(x_i w + b) + |w|^2 / 2  is a sum of texts, w = X' a (the representer theorem: Kimeldorf
and Wahba, 1971), and so is every step L-BFGS takes towards it (Nocedal and Wright, Numerical Optimization, 2006,
algorithm 7.4). Vectors are therefore kept as `a`, one number a text, beside their image X X' a. An inner product of
two weight vectors is then a short sum, and since an image of a sum is the sum of the images, a line search needs no
product with X at all: an iteration costs one X' and one X, whatever it tries, and no vector is as long as the
vocabulary. The objective is scikit-learn's: C times the losses, an intercept without penalty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import ConfigError, LabelError
from textmill.features.csr import Csr

__all__ = ["LogisticFit", "balanced_weights", "fit_logistic", "probabilities"]

_Array = NDArray[np.float64]
_MEMORY = 20  # pairs of steps that L-BFGS remembers
_C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """What was learned.

    Attributes
    ----------
    weights : float64 (n_features, n_outputs); one output for two classes, else one a class
    bias : float64 (n_outputs,)
    C : the inverse penalty used
    iterations : steps taken
    converged : whether the gradient came below the tolerance, or within a hundred times of it where rounding allows no
        further step
    tried : mean log loss in cross-validation of each C that was tried, empty without it
    """

    weights: _Array
    bias: _Array
    C: float
    iterations: int
    converged: bool
    tried: dict[float, float]


def fit_logistic(
    csr: Csr,
    codes: NDArray[np.int64],
    n_classes: int,
    *,
    C: float | str = 1.0,
    sample_weights: _Array | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[str], None] | None = None,
) -> LogisticFit:
    """Minimise the penalised log loss.

    Parameters
    ----------
    csr : float32 (n_texts, n_features)
    codes : int64 (n_texts,), the class of each text, 0 to n_classes - 1
    C : inverse strength of the penalty, or "cv" to choose it by 5-fold cross-validated log loss
    sample_weights : float64 (n_texts,), times C; ones if left out
    tol : the gradient's norm at the end, as a share of its norm at the start
    seed : of the folds
    threads : the result does not depend on it

    Raises
    ------
    LabelError : if there are fewer than two classes
    ConfigError : if C is not above 0

    Examples
    --------
    >>> data = Csr(np.ones(4, np.float32), np.array([0, 1, 0, 1], np.int32), np.arange(5, dtype=np.int32), 2)
    >>> fit = fit_logistic(data, np.array([0, 1, 0, 1]), 2)
    >>> (fit.weights.ravel().round(3) + 0.0).tolist()
    [-0.675, 0.675]
    """
    if n_classes < 2:
        raise LabelError("there is one class only", wanted="two or more")
    tried: dict[float, float] = {}
    if isinstance(C, str):
        tried = _cross_validate(csr, codes, n_classes, sample_weights, max_iter, seed, threads, progress)
        C = min(tried, key=lambda c: (tried[c], c))
    if not 0 < C < np.inf:
        raise ConfigError([f"C: wanted a number above 0, or 'cv', got {C!r}"])
    problem = _Problem(csr, codes, n_classes, C, sample_weights, threads)
    point, iterations, converged = _minimise(problem, tol, max_iter, progress)
    weights = problem.spread(point.a)
    return LogisticFit(weights, point.b.copy(), float(C), iterations, converged, tried)


def balanced_weights(codes: NDArray[np.int64], n_classes: int) -> _Array:
    """Weights under which every class counts as much as any other: n / (n_classes * its texts), float64 (n_texts,).

    Examples
    --------
    >>> balanced_weights(np.array([0, 0, 0, 1]), 2).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    counts = np.bincount(codes, minlength=n_classes)
    return np.asarray((len(codes) / (n_classes * np.maximum(counts, 1)))[codes], np.float64)


@dataclass(slots=True)
class _Vector:
    """A weight vector X' a with an intercept: `a` and `image` = X X' a are (n_texts, k), `b` is (k,)."""

    a: _Array
    b: _Array
    image: _Array

    def dot(self, other: _Vector) -> float:
        # not BLAS: its sums depend on the number of threads
        return float(np.sum(self.a * other.image) + np.sum(self.b * other.b))

    def norm(self) -> float:
        return math.sqrt(max(0.0, self.dot(self)))

    def add(self, factor: float, other: _Vector) -> None:
        self.a += factor * other.a
        self.b += factor * other.b
        self.image += factor * other.image

    def scaled(self, factor: float) -> _Vector:
        return _Vector(self.a * factor, self.b * factor, self.image * factor)


class _Problem:
    """The losses of the training texts as functions of their outputs z = X w + b, (n_texts, k)."""

    def __init__(
        self, csr: Csr, codes: NDArray[np.int64], n_classes: int, C: float, sample_weights: _Array | None, threads: int
    ) -> None:
        self.threads = threads
        self.matrix = _native.SparseMatrix(*csr)
        self.transposed = _native.SparseMatrix(*self.matrix.transposed(threads), len(codes))
        self.n, self.k = len(codes), 1 if n_classes == 2 else n_classes
        self.strength = np.full(self.n, C) if sample_weights is None else C * sample_weights
        self.codes = codes
        if self.k == 1:
            self.truth = (codes == 1).astype(np.float64)[:, None]
        else:
            self.truth = np.zeros((self.n, self.k))
            self.truth[np.arange(self.n), codes] = 1.0

    def spread(self, a: _Array) -> _Array:
        """X' a, (n_features, k)."""
        return self.transposed.multiply(np.ascontiguousarray(a), self.threads)

    def image(self, a: _Array) -> _Array:
        """X X' a, (n_texts, k)."""
        return self.matrix.multiply(self.spread(a), self.threads)

    def residual(self, z: _Array) -> _Array:
        """Derivative of the losses by z, (n_texts, k)."""
        derivative: _Array = self.strength[:, None] * (probabilities(z) - self.truth)
        return derivative

    def slope(self, z: _Array, d: _Array) -> tuple[float, float]:
        """First and second derivative of the losses along z + t d at t = 0."""
        p = probabilities(z)
        first = float(np.sum(self.strength[:, None] * (p - self.truth) * d))
        if self.k == 1:
            return first, float(np.sum(self.strength[:, None] * p * (1 - p) * d * d))
        mean = (p * d).sum(axis=1)
        return first, float(np.sum(self.strength * ((p * d * d).sum(axis=1) - mean * mean)))


def probabilities(z: _Array) -> _Array:
    """Sigmoid of one output, softmax of several; (n_texts, k) each."""
    if z.shape[1] == 1:
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    shares: _Array = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def _minimise(
    problem: _Problem, tol: float, max_iter: int, progress: Callable[[str], None] | None
) -> tuple[_Vector, int, bool]:
    zeros = np.zeros((problem.n, problem.k))
    point = _Vector(zeros.copy(), np.zeros(problem.k), zeros.copy())
    gradient = _gradient(problem, point)
    first_norm = gradient.norm()
    # a gradient below the rounding of its own sum is none, even where it was none from the start
    goal = max(tol * first_norm, 1e-15 * float(problem.strength.sum()))
    pairs: list[tuple[_Vector, _Vector, float]] = []
    iteration, exact = 0, True
    while True:
        norm = gradient.norm()
        step = 0.0
        if norm > goal:
            if iteration == max_iter:
                return point, iteration, False
            if progress is not None and iteration % 5 == 0:
                progress(f"iteration {iteration}, gradient {norm / first_norm:.1e}")
            direction = _direction(gradient, pairs)
            step = _line_search(problem, point, direction)
        if step == 0.0:
            if exact and (norm <= goal or not pairs):  # rounding has the last word where no step makes it smaller
                return point, iteration, norm <= 100 * goal
            # images are added up step by step and gather the rounding of every step: look again at the true one
            pairs.clear()
            point.image = problem.image(point.a)
            gradient, exact = _gradient(problem, point), True
            continue
        iteration, exact = iteration + 1, False
        moved = direction.scaled(step)
        point.add(1.0, moved)
        new = _gradient(problem, point)
        change = new.scaled(1.0)
        change.add(-1.0, gradient)
        curvature = moved.dot(change)
        if curvature > 0:
            pairs.append((moved, change, curvature))
            del pairs[:-_MEMORY]
        gradient = new


def _gradient(problem: _Problem, point: _Vector) -> _Vector:
    residual = problem.residual(point.image + point.b)
    return _Vector(residual + point.a, residual.sum(axis=0), problem.image(residual) + point.image)


def _direction(gradient: _Vector, pairs: list[tuple[_Vector, _Vector, float]]) -> _Vector:
    """The two-loop recursion: minus the gradient times the estimated inverse of the curvature."""
    direction = gradient.scaled(-1.0)
    shares = []
    for moved, change, curvature in reversed(pairs):
        share = moved.dot(direction) / curvature
        direction.add(-share, change)
        shares.append(share)
    if pairs:
        _, change, curvature = pairs[-1]
        direction = direction.scaled(curvature / change.dot(change))
    for (moved, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        direction.add(share - change.dot(direction) / curvature, moved)
    return direction


def _line_search(problem: _Problem, point: _Vector, direction: _Vector) -> float:
    """Newton's method along the line, on a convex function of one number, kept inside a bracket."""
    z, d = point.image + point.b, direction.image + direction.b
    # |w + t p|^2 / 2 without the intercepts
    wp = float(np.sum(point.a * direction.image))
    pp = float(np.sum(direction.a * direction.image))
    low, high, t = 0.0, np.inf, 0.0
    start = 0.0
    for trial in range(30):
        first, second = problem.slope(z + t * d, d)
        first += wp + t * pp
        second += pp
        if trial == 0:
            start = abs(first)
            if first >= 0:
                return 0.0
        elif abs(first) <= 0.1 * start:
            return t
        if first < 0:
            low = t
        else:
            high = t
        if second <= 0:
            return t
        t -= first / second
        if not low < t < high:
            t = 2 * low + 1 if np.isinf(high) else (low + high) / 2
    return t


def _cross_validate(
    csr: Csr,
    codes: NDArray[np.int64],
    n_classes: int,
    sample_weights: _Array | None,
    max_iter: int,
    seed: int,
    threads: int,
    progress: Callable[[str], None] | None,
    n_folds: int = 5,
) -> dict[float, float]:
    """Mean log loss of each C over stratified folds."""
    counts = np.bincount(codes, minlength=n_classes)
    n_folds = int(min(n_folds, counts[counts > 0].min()))
    if n_folds < 2:
        raise LabelError(
            "a class has one text only, too few to choose C by cross-validation", hint="Set C to a number."
        )
    rng = np.random.Generator(np.random.PCG64(seed))
    fold = np.empty(len(codes), np.int64)
    for code in range(n_classes):
        rows = np.flatnonzero(codes == code)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % n_folds
    losses = dict.fromkeys(_C_GRID, 0.0)
    for k in range(n_folds):
        train, test = _take(csr, np.flatnonzero(fold != k)), _take(csr, np.flatnonzero(fold == k))
        truth = codes[fold == k]
        for C in _C_GRID:
            if progress is not None:
                progress(f"C = {C:g}, fold {k + 1} of {n_folds}")
            fit = fit_logistic(
                train,
                codes[fold != k],
                n_classes,
                C=C,
                sample_weights=None if sample_weights is None else sample_weights[fold != k],
                tol=1e-3,
                max_iter=max_iter,
                threads=threads,
            )
            z = _native.SparseMatrix(*test).multiply(fit.weights, threads) + fit.bias
            p = probabilities(z)
            p = np.concatenate([1 - p, p], axis=1) if n_classes == 2 else p
            losses[C] += float(-np.log(np.maximum(p[np.arange(len(truth)), truth], 1e-15)).sum()) / len(codes)
    return losses


def _take(csr: Csr, rows: NDArray[np.int64]) -> Csr:
    starts, ends = csr.indptr[rows].astype(np.int64), csr.indptr[rows + 1].astype(np.int64)
    lengths = ends - starts
    indptr = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(lengths, out=indptr[1:])
    places = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
    return Csr(csr.data[places], csr.indices[places], indptr, csr.n_columns)
