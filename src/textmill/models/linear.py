"""Features and their weights: the linear body of a model, learned, saved and loaded."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import FeaturesConfig, ModelConfig, TrainConfig
from textmill.errors import CorruptError
from textmill.features.arrays import read_array, write_array
from textmill.features.csr import Csr
from textmill.features.learned import Features, LearnFeatures, features_class, load_features
from textmill.models.bag import BagFit, fit_bag
from textmill.models.body import Body
from textmill.models.explanation import Pull
from textmill.models.logistic import LogisticFit, fit_labels, fit_logistic
from textmill.models.targets import Targets
from textmill.text.buffers import text_buffers
from textmill.text.path import TextPath

__all__ = ["LinearBody", "fit_linear"]


class LinearBody(Body):
    """Features times weights, plus a bias.

    Attributes
    ----------
    features : None for the majority baseline, which has a bias only
    weights : float64 (n_features, n_outputs)
    bias : float64 (n_outputs,)
    """

    name = "linear"

    def __init__(self, features: Features | None, weights: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
        self.features = features
        self.weights = weights
        self.bias = bias

    @property
    def text_path(self) -> TextPath | None:  # type: ignore[override]
        """The features' own; None where there are none."""
        return self.features.text_path if self.features else None

    @property
    def n_outputs(self) -> int:
        """Columns of the weights."""
        return len(self.bias)

    def outputs(self, texts: Any, *, threads: int) -> NDArray[np.float64]:
        """See `Body.outputs`; `texts` may be the rows that `features` made of them."""
        if self.features is None:
            return np.repeat(self.bias[None, :], text_buffers(texts).n_texts, axis=0)
        csr = texts if isinstance(texts, Csr) else self.features.rows(texts, threads=threads)
        return _native.SparseMatrix(*csr).multiply(self.weights, threads) + self.bias

    def pulls(self, text: str, output: int) -> tuple[float, list[Pull]]:
        """The bias, and each term's weight times what the features make of it: exact."""
        bias = float(self.bias[output])
        if self.features is None:
            return bias, []
        csr = self.features.rows([text], threads=1)
        spans: dict[int, list[tuple[int, int]]] = {}
        for column, where in self.features.places(text):
            spans.setdefault(column, []).extend(where)
        names = self.features.words
        return bias, [
            Pull(names[column], float(value) * float(self.weights[column, output]), tuple(spans[column]))
            for column, value in zip(csr.indices.tolist(), csr.data.tolist(), strict=True)
        ]

    def numbers(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """The columns of each text."""
        if self.features is None:
            return [np.zeros(0, np.int64) for _ in texts]
        csr = self.features.rows(list(texts), threads=1)
        return [part.astype(np.int64) for part in np.split(csr.indices, csr.indptr[1:-1])] if len(texts) else []

    def some_words(self, most: int) -> list[str]:
        """Of the features."""
        return self.features.some_words(most) if self.features else []

    def strongest(self, output: int, sign: float, n: int) -> list[tuple[str, float]]:
        """The terms that raise an output times `sign` most, with their weights."""
        if self.features is None:
            return []
        names, weights = self.features.words, sign * self.weights[:, output]
        # those that cannot be among the first n are not sorted: there may be millions
        least = np.partition(weights, len(weights) - n)[len(weights) - n] if n < len(weights) else 0.0
        some = np.flatnonzero(weights >= max(least, np.nextafter(0.0, 1.0)))
        # ties by spelling, so that equal models tell the same
        best = some[np.argsort(-weights[some], kind="stable")[:n]]
        return [(names[i], float(weights[i])) for i in best.tolist()]

    def save(self, folder: Path) -> dict[str, Any]:
        """The features' files, and the weights as .npy."""
        write_array(folder / "weights.npy", self.weights)
        write_array(folder / "bias.npy", self.bias)
        if self.features is not None:
            self.features.save(folder)
        return {"features": self.features is not None}

    @classmethod
    def load(cls, folder: Path, head: Any, config: ModelConfig, n_outputs: int) -> Self:
        """Read what `save` wrote; what it says is the same to the bit."""
        weights = read_array(folder / "weights.npy", np.float64, 2)
        bias = read_array(folder / "bias.npy", np.float64)
        made = cls(load_features(folder) if head["features"] else None, weights, bias)
        n_features = made.features.n_features if made.features else 0
        if weights.shape != (n_features, n_outputs) or bias.shape != (n_outputs,):
            raise CorruptError("the weights do not fit the features", where=str(folder))
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise CorruptError("a weight is no number", where=str(folder))
        return made


def fit_linear(
    texts: Any,
    targets: Targets,
    *,
    text: TextPath,
    features: FeaturesConfig,
    model: ModelConfig,
    train: TrainConfig,
    seed: int,
    threads: int,
    progress: Callable[[str], None],
    learn: LearnFeatures | None,
) -> tuple[LinearBody, dict[str, Any], dict[str, float]]:
    """Learn features and weights.

    Parameters
    ----------
    learn : in the place of the features' own `fit`; it has to give the same

    Returns
    -------
    the body, what the fit took, and the seconds of each stage

    Raises
    ------
    LabelError : if there is not one label a text
    """
    started = time.perf_counter()
    progress("splitting and counting words")
    made, csr = (learn or features_class(features.analyzer).fit)(text, features, texts, threads=threads)
    targets.check_number(len(csr.indptr) - 1)
    progress(f"learning {made.n_features:,} weights")
    then = time.perf_counter()
    common: dict[str, Any] = {"seed": seed, "threads": threads, "progress": progress}
    if model.kind == "bag":
        bag = _fit_bag(csr, targets, model, train, **common)
        weights, bias, took = bag.weights, bag.bias.astype(np.float64), {"losses": list(bag.losses)}
    else:
        fit = fit_targets(csr, targets, model, **common)
        weights, bias, took = fit.weights, fit.bias, facts_of(fit)
    facts = {"n_types": made.n_types, "n_features": made.n_features, "n_counts": len(csr.data), **took}
    seconds = {"features": then - started, "model": time.perf_counter() - then}
    return LinearBody(made, weights, bias), facts, seconds


def _bag_epochs(n_texts: int, n_classes: int) -> int:
    """As many epochs as let each class be met 2,000 times, from 5 to 50: few texts of many classes need more.

    Examples
    --------
    >>> _bag_epochs(25_000, 2), _bag_epochs(9_600, 115), _bag_epochs(1_500, 150)
    (5, 24, 50)
    """
    return max(5, min(50, -(-2_000 * n_classes // n_texts)))


def _fit_bag(csr: Csr, targets: Targets, model: ModelConfig, train: TrainConfig, **common: Any) -> BagFit:
    """A bag of vectors on rows of features; what its settings leave open is as `fit_bag` has it."""
    epochs = _bag_epochs(len(targets), len(targets.classes)) if train.epochs == "auto" else train.epochs
    asked: dict[str, Any] = {"width": model.width, "epochs": epochs, "learning_rate": train.learning_rate}
    return fit_bag(
        csr,
        targets.truth,
        independent=targets.several,
        smoothing=train.label_smoothing,
        sample_weights=targets.balanced if model.class_weight == "balanced" else None,
        **{key: value for key, value in asked.items() if value != "auto"},
        **common,
    )


def fit_targets(
    csr: Csr, targets: Targets, model: ModelConfig, *, seed: int, threads: int, progress: Callable[[str], None]
) -> LogisticFit:
    """Logistic regression on rows of features, for one class a text or for several labels."""
    balanced = model.class_weight == "balanced"
    common: dict[str, Any] = {"tol": model.tol, "max_iter": model.max_iter, "threads": threads, "progress": progress}
    if targets.members is not None:
        return fit_labels(csr, targets.members, C=float(model.C), balanced=balanced, soft=targets.soft, **common)
    codes, n_classes = targets.codes, len(targets.classes)
    assert codes is not None
    weights = targets.balanced[:, 0] if balanced else None
    return fit_logistic(
        csr, codes, n_classes, C=model.C, sample_weights=weights, soft=targets.soft, seed=seed, **common
    )


def facts_of(fit: LogisticFit) -> dict[str, Any]:
    """What a fit took."""
    tried = {f"{C:g}": loss for C, loss in fit.tried.items()}
    return {"C": fit.C, "tried_C": tried, "iterations": fit.iterations, "converged": fit.converged}
