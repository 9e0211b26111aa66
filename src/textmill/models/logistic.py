"""Logistic regression with an L2 penalty, solved in the space of the texts.

The minimum of  sum_i s_i loss(x_i w + b) + |w|^2 / 2  is a sum of texts, w = X' a (the representer theorem: Kimeldorf
and Wahba, 1971), and so is every step L-BFGS takes towards it (Nocedal and Wright, Numerical Optimization, 2006,
algorithm 7.4). Vectors are therefore kept as `a`, one number a text, beside their image X X' a. An inner product of
two weight vectors is then a short sum, and since an image of a sum is the sum of the images, a line search needs no
product with X at all: an iteration costs one X' and one X, whatever it tries, and no vector is as long as the
vocabulary. The objective is scikit-learn's: C times the losses, an intercept without penalty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import ConfigError, LabelError
from textmill.features.csr import Csr

__all__ = [
    "LogisticFit",
    "balanced_labels",
    "balanced_weights",
    "fit_labels",
    "fit_logistic",
    "probabilities",
    "sigmoid",
]

_Array = NDArray[np.float64]
_MEMORY = 20  # pairs of steps that L-BFGS remembers
_TOGETHER = 16  # labels that are learned at once: X is read once for all of them, and memory grows with their number
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
    soft: NDArray[np.float32] | None = None,
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
    soft : (n_texts, n_outputs), from 0 to 1: what each output should say in the place of 0 or 1
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
        tried = _cross_validate(csr, codes, n_classes, sample_weights, soft, max_iter, seed, threads, progress)
        C = min(tried, key=lambda c: (tried[c], c))
    if not 0 < C < np.inf:
        raise ConfigError([f"C: wanted a number above 0, or 'cv', got {C!r}"])
    hard = codes[:, None] == (np.arange(n_classes) if n_classes > 2 else 1)
    truth = (hard if soft is None else soft).astype(np.float64)
    strength = np.full(len(codes), C) if sample_weights is None else C * sample_weights
    problem = _Problem(_Matrix(csr, threads), truth, strength[:, None], share=n_classes > 2)
    point, iterations, converged = _minimise(problem, tol, max_iter, progress)
    weights = problem.matrix.spread(point.a)
    return LogisticFit(weights, point.b.copy(), float(C), iterations, converged, tried)


def fit_labels(
    csr: Csr,
    members: NDArray[np.bool_],
    *,
    C: float = 1.0,
    balanced: bool = False,
    soft: NDArray[np.float32] | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
    threads: int = 1,
    progress: Callable[[str], None] | None = None,
) -> LogisticFit:
    """For each of several labels whether a text has it: one logistic regression a label, on the same features.

    The same minima as one fit a label ("binary relevance"), found for up to 16 labels in one go.

    Parameters
    ----------
    csr : float32 (n_texts, n_features)
    members : bool (n_texts, n_labels)
    balanced : whether the texts with a label count as much in all as those without it
    soft : (n_texts, n_labels), from 0 to 1: what each output should say in the place of 0 or 1
    threads : the result does not depend on it

    Examples
    --------
    >>> data = Csr(np.ones(4, np.float32), np.array([0, 1, 0, 1], np.int32), np.arange(5, dtype=np.int32), 2)
    >>> fit = fit_labels(data, np.array([[True, False], [False, True], [True, False], [False, True]]))
    >>> (fit.weights.round(3) + 0.0).tolist()
    [[0.675, -0.675], [-0.675, 0.675]]
    """
    k = members.shape[1]
    matrix = _Matrix(csr, threads)
    weights, bias = np.empty((csr.n_columns, k)), np.empty(k)
    most, converged = 0, True
    # those with about as many texts together: they need about as many steps
    order = np.argsort(members.sum(axis=0), kind="stable")
    for start in range(0, k, _TOGETHER):
        some = order[start : start + _TOGETHER]
        truth = (members if soft is None else soft)[:, some].astype(np.float64)
        strength = np.full(truth.shape, float(C))
        if balanced:
            strength *= balanced_labels(members[:, some])
        if progress is not None:
            progress(f"labels {start + 1} to {start + len(some)} of {k}")
        problem = _Problem(matrix, truth, strength, share=False)
        # from the odds of each label without a word: from even odds, the tolerance of a rare label would be that of
        # its intercept
        there = (strength * truth).sum(axis=0)
        odds = np.log((there + 1e-3) / (strength.sum(axis=0) - there + 1e-3))
        point, iterations, done = _minimise(problem, tol, max_iter, None, bias=odds)
        weights[:, some], bias[some] = matrix.spread(point.a), point.b
        most, converged = max(most, iterations), converged and done
    return LogisticFit(weights, bias, float(C), most, converged, {})


def balanced_weights(codes: NDArray[np.int64], n_classes: int) -> _Array:
    """Weights under which every class counts as much as any other: n / (n_classes * its texts), float64 (n_texts,).

    Examples
    --------
    >>> balanced_weights(np.array([0, 0, 0, 1]), 2).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    counts = np.bincount(codes, minlength=n_classes)
    return np.asarray((len(codes) / (n_classes * np.maximum(counts, 1)))[codes], np.float64)


def balanced_labels(members: NDArray[np.bool_]) -> _Array:
    """`balanced_weights` of each label on its own, as a class that a text has or has not: float64 (n_texts, n_labels).

    Examples
    --------
    >>> balanced_labels(np.array([[True, False], [False, False], [False, True], [False, True]])).round(3).tolist()
    [[2.0, 1.0], [0.667, 1.0], [0.667, 1.0], [0.667, 1.0]]
    """
    n, there = len(members), members.sum(axis=0)
    return np.asarray(n / (2 * np.maximum(np.where(members, there, n - there), 1)), np.float64)


@dataclass(slots=True)
class _Vector:
    """A weight vector X' a with an intercept: `a` and `image` = X X' a are (n_texts, k), `b` is (k,)."""

    a: _Array
    b: _Array
    image: _Array

    def add(self, factor: float | _Array, other: _Vector) -> None:
        self.a += factor * other.a
        self.b += factor * other.b
        self.image += factor * other.image

    def scaled(self, factor: float | _Array) -> _Vector:
        return _Vector(self.a * factor, self.b * factor, self.image * factor)


class _Matrix:
    """The features, and the two products that are taken with them."""

    def __init__(self, csr: Csr, threads: int) -> None:
        self.threads, self.n = threads, len(csr.indptr) - 1
        self._rows = _native.SparseMatrix(*csr)
        self._columns = _native.SparseMatrix(*self._rows.transposed(threads), self.n)

    def spread(self, a: _Array) -> _Array:
        """X' a, (n_features, k)."""
        return self._columns.multiply(np.ascontiguousarray(a), self.threads)

    def image(self, a: _Array) -> _Array:
        """X X' a, (n_texts, k)."""
        return self._rows.multiply(self.spread(a), self.threads)


class _Problem:
    """The losses of the training texts as functions of their outputs z = X w + b, (n_texts, k).

    Parameters
    ----------
    truth : float64 (n_texts, k), 1 for what a text is
    strength : (n_texts, k), or (n_texts, 1) for all outputs: what each loss counts
    share : whether the outputs share one probability (softmax) or have one each (sigmoid)
    """

    def __init__(self, matrix: _Matrix, truth: _Array, strength: _Array, *, share: bool) -> None:
        self.matrix, self.truth, self.strength, self.share = matrix, truth, strength, share
        self.n, self.k = truth.shape
        self.link = softmax if share else sigmoid

    def total(self, values: _Array) -> _Array:
        """Sums over the texts: (1,) over all outputs where they share, else one each, (k,)."""
        # not BLAS: its sums depend on the number of threads
        return np.array([values.sum()]) if self.share or self.k == 1 else values.sum(axis=0)

    def dot(self, one: _Vector, other: _Vector) -> _Array:
        """Inner products of weight vectors, as many as problems are solved at once."""
        products = one.b * other.b
        return self.total(one.a * other.image) + (products.sum(keepdims=True) if self.share else products)

    def norm(self, one: _Vector) -> _Array:
        return np.sqrt(np.maximum(0.0, self.dot(one, one)))

    def residual(self, z: _Array) -> _Array:
        """Derivative of the losses by z, (n_texts, k)."""
        return self.strength * (self.link(z) - self.truth)

    def slope(self, z: _Array, d: _Array) -> tuple[_Array, _Array]:
        """First and second derivative of the losses along z + t d at t = 0."""
        p = self.link(z)
        first = self.total(self.strength * (p - self.truth) * d)
        if not self.share:
            return first, self.total(self.strength * p * (1 - p) * d * d)
        mean = (p * d).sum(axis=1, keepdims=True)
        return first, self.total(self.strength * ((p * d * d).sum(axis=1, keepdims=True) - mean * mean))


def sigmoid(z: _Array) -> _Array:
    """The probability that each output stands for on its own."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def softmax(z: _Array) -> _Array:
    """The probabilities that outputs share, (n_texts, k)."""
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    shares: _Array = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def probabilities(z: _Array) -> _Array:
    """Sigmoid of one output, softmax of several; (n_texts, k) each."""
    return sigmoid(z) if z.shape[1] == 1 else softmax(z)


def _minimise(
    problem: _Problem,
    tol: float,
    max_iter: int,
    progress: Callable[[str], None] | None,
    *,
    bias: _Array | None = None,
) -> tuple[_Vector, int, bool]:
    """L-BFGS; outputs that share nothing are problems of their own, each with its own steps, taken side by side."""
    zeros = np.zeros((problem.n, problem.k))
    point = _Vector(zeros.copy(), np.zeros(problem.k) if bias is None else bias, zeros.copy())
    gradient = _gradient(problem, point)
    first_norm = problem.norm(gradient)
    # a gradient below the rounding of its own sum is none, even where it was none from the start
    goal = np.maximum(tol * first_norm, 1e-15 * problem.total(problem.strength))
    pairs: list[tuple[_Vector, _Vector, _Array]] = []
    scale = np.ones_like(goal)  # the curvature that was met last
    stuck = np.zeros(len(goal), np.bool_)  # where rounding allows no step
    iteration, exact = 0, True
    while True:
        norm = problem.norm(gradient)
        active = (norm > goal) & ~stuck
        if not active.any():
            if exact and not (stuck.any() and pairs):  # rounding has the last word where no step makes it smaller
                return point, iteration, bool((norm <= 100 * goal).all())
            # images are added up step by step and gather the rounding of every step: look again at the true one
            pairs.clear()
            point.image = problem.matrix.image(point.a)
            gradient, exact, stuck, scale = _gradient(problem, point), True, stuck & False, np.ones_like(goal)
            continue
        if iteration == max_iter:
            return point, iteration, False
        if progress is not None and iteration % 5 == 0:
            progress(f"iteration {iteration}, gradient {float((norm / first_norm).max()):.1e}")
        direction = _direction(problem, gradient, pairs, scale)
        step = _line_search(problem, point, direction, active)
        stuck |= active & (step == 0.0)
        if not step.any():
            continue
        iteration, exact = iteration + 1, False
        moved = direction.scaled(step)
        point.add(1.0, moved)
        new = _gradient(problem, point)
        change = new.scaled(1.0)
        change.add(-1.0, gradient)
        curvature = problem.dot(moved, change)
        bent = curvature > 0
        if bent.any():
            inverse = np.divide(1.0, curvature, out=np.zeros_like(goal), where=bent)
            scale = np.divide(curvature, problem.dot(change, change), out=scale, where=bent)
            pairs.append((moved, change, inverse))
            del pairs[:-_MEMORY]
        gradient = new


def _gradient(problem: _Problem, point: _Vector) -> _Vector:
    residual = problem.residual(point.image + point.b)
    return _Vector(residual + point.a, residual.sum(axis=0), problem.matrix.image(residual) + point.image)


def _direction(
    problem: _Problem, gradient: _Vector, pairs: list[tuple[_Vector, _Vector, _Array]], scale: _Array
) -> _Vector:
    """The two-loop recursion: minus the gradient times the estimated inverse of the curvature."""
    direction = gradient.scaled(-1.0)
    shares = []
    for moved, change, inverse in reversed(pairs):
        share = problem.dot(moved, direction) * inverse
        direction.add(-share, change)
        shares.append(share)
    direction = direction.scaled(scale)
    for (moved, change, inverse), share in zip(pairs, reversed(shares), strict=True):
        direction.add(share - problem.dot(change, direction) * inverse, moved)
    return direction


def _line_search(problem: _Problem, point: _Vector, direction: _Vector, active: NDArray[np.bool_]) -> _Array:
    """Newton's method along each line, on a convex function of one number, in a bracket; 0 where not active."""
    z, d = point.image + point.b, direction.image + direction.b
    # |w + t p|^2 / 2 without the intercepts
    wp = problem.total(point.a * direction.image)
    pp = problem.total(direction.a * direction.image)
    t, low, high = np.zeros_like(wp), np.zeros_like(wp), np.full_like(wp, np.inf)
    start, going = np.zeros_like(wp), active
    for trial in range(30):
        first, second = problem.slope(z + t * d, d)
        first += wp + t * pp
        second += pp
        if trial == 0:
            start = np.abs(first)
            going = going & (first < 0)
        else:
            going = going & (np.abs(first) > 0.1 * start)
        low, high = np.where(going & (first < 0), t, low), np.where(going & (first >= 0), t, high)
        going = going & (second > 0)
        if not going.any():
            break
        newton = t - np.divide(first, second, out=np.zeros_like(t), where=going)
        halved = np.where(np.isinf(high), 2 * low + 1, (low + np.where(np.isinf(high), low, high)) / 2)
        t = np.where(going, np.where((low < newton) & (newton < high), newton, halved), t)
    return t


def _cross_validate(
    csr: Csr,
    codes: NDArray[np.int64],
    n_classes: int,
    sample_weights: _Array | None,
    soft: NDArray[np.float32] | None,
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
        train, test = csr.take(np.flatnonzero(fold != k)), csr.take(np.flatnonzero(fold == k))
        # by what is to be learned, which are the labels where there is no more than them
        truth = np.eye(n_classes)[codes[fold == k]] if soft is None else soft[fold == k].astype(np.float64)
        truth = np.concatenate([1 - truth, truth], axis=1) if truth.shape[1] == 1 else truth
        for C in _C_GRID:
            if progress is not None:
                progress(f"C = {C:g}, fold {k + 1} of {n_folds}")
            fit = fit_logistic(
                train,
                codes[fold != k],
                n_classes,
                C=C,
                sample_weights=None if sample_weights is None else sample_weights[fold != k],
                soft=None if soft is None else soft[fold != k],
                tol=1e-3,
                max_iter=max_iter,
                threads=threads,
            )
            z = _native.SparseMatrix(*test).multiply(fit.weights, threads) + fit.bias
            p = probabilities(z)
            p = np.concatenate([1 - p, p], axis=1) if n_classes == 2 else p
            losses[C] += float(-(truth * np.log(np.maximum(p, 1e-15))).sum()) / len(codes)
    return losses
