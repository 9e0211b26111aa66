"""A bag of vectors: a linear model of two factors, learned text by text, as fastText learns its classifiers.

Each feature (a word, an n-gram) has a vector; those of a text are added up, weighed as its row says, and a linear head
makes outputs of the sum: ``rows @ vectors @ head + bias`` (Joulin et al., Bag of tricks for efficient text
classification, 2016). So it is a linear model with the weights ``vectors @ head``, and is explained as one. What is
learned from are rows of counted features, not texts: a word is looked up once however many epochs there are, no two
features share a vector, and each text touches a vector once however often the word stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import thread_count
from textmill.errors import ConfigError, DataError, LabelError
from textmill.features.csr import Csr

__all__ = ["BagFit", "fit_bag", "targets_of"]

_Floats = NDArray[np.float32]
_WIDEST = 4096
_ROWS = 4096  # of vectors that are multiplied at a time


@dataclass(frozen=True, slots=True, eq=False)
class BagFit:
    """What was learned.

    Attributes
    ----------
    vectors : float32 (n_features, width)
    head : float32 (width, n_outputs)
    bias : float32 (n_outputs,)
    losses : mean loss of each epoch, of every text as it was met
    """

    vectors: _Floats
    head: _Floats
    bias: _Floats
    losses: tuple[float, ...]

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weights of the linear model that it is, float64 (n_features, n_outputs)."""
        found = np.zeros((len(self.vectors), self.head.shape[1]))
        head = self.head.astype(np.float64)
        for first in range(0, len(found), _ROWS):
            some = self.vectors[first : first + _ROWS].T.astype(np.float64)
            for column, row in zip(some, head, strict=True):  # not BLAS: its sums depend on the number of threads
                found[first : first + _ROWS] += column[:, None] * row
        return found


def fit_bag(
    csr: Csr,
    targets: _Floats,
    *,
    independent: bool = False,
    width: int = 32,
    epochs: int = 5,
    learning_rate: float = 0.05,
    batch: int | None = None,
    smoothing: float = 0.0,
    sample_weights: NDArray[np.float64] | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> BagFit:
    """Learn vectors and head by mini-batches of AdaGrad steps, at a rate that falls evenly to nothing.

    Parameters
    ----------
    csr : float32 (n_texts, n_features), weighed as the features are; ascending columns in each row. A row of zeros
        teaches the bias alone
    targets : float32 (n_texts, n_outputs), the probability of each output from 0 to 1: `targets_of` makes them of
        classes; those of another model serve as well (distillation)
    independent : whether each output has a probability of its own (a sigmoid: one output for two classes, or one a
        label where a text may have several); else they share one (softmax). A single output is always independent
    width : of the vectors
    epochs : how often each text is learned from
    learning_rate : at the start; many classes bear more (0.1), words with their letters rather less (0.04)
    batch : texts that are looked at before vectors change; if left out 64, or a hundredth of the texts if that is fewer
    smoothing : share of the probability that is spread evenly over the outputs, or over yes and no of each
    sample_weights : float64 (n_texts,), or (n_texts, n_outputs) where outputs are independent: what each loss counts,
        0 or more; ones if left out
    seed : of the vectors at the start and of the order of the texts
    threads : the result does not depend on it

    Raises
    ------
    ConfigError : if a setting is out of its range, or the loss is no number any more because the rate is too high
    DataError : if the features hold something that is no finite number, or there is no text
    LabelError : if the targets are no probabilities, or do not fit the texts

    Examples
    --------
    >>> data = Csr(np.ones(4, np.float32), np.array([0, 1, 0, 1], np.int32), np.arange(5, dtype=np.int32), 2)
    >>> fit = fit_bag(data, targets_of(np.array([0, 1, 0, 1]), 2), width=4, epochs=50, learning_rate=0.5)
    >>> fit.vectors.shape, fit.head.shape, (fit.weights.ravel() > 0).tolist()
    ((2, 4), (4, 1), [False, True])
    """
    n = len(csr.indptr) - 1
    batch = max(1, min(64, n // 100)) if batch is None else batch
    _check_settings(width, epochs, learning_rate, batch, smoothing)
    threads = thread_count(threads)
    independent = independent or (targets.ndim == 2 and targets.shape[1] == 1)
    targets = _checked_targets(targets, n, independent, smoothing)
    strength = _checked_weights(sample_weights, targets.shape, independent)
    values = np.ascontiguousarray(csr.data, np.float32)
    if not np.isfinite(values).all():
        raise DataError("the features of the texts hold something that is no finite number")
    rng = np.random.Generator(np.random.PCG64(seed))
    start = rng.random((csr.n_columns, width), np.float32)
    start -= np.float32(0.5)
    start *= np.float32(2 / width)
    bag = _native.Bag(values, csr.indices, csr.indptr, targets, strength, not independent, start)
    del start
    losses = []
    total = max(
        float(strength.sum(dtype=np.float64)) * (targets.shape[1] / strength.shape[1] if independent else 1), 1e-300
    )
    for epoch in range(epochs):
        rates = learning_rate * (1 - epoch / epochs), learning_rate * (1 - (epoch + 1) / epochs)
        loss = bag.epoch(rng.permutation(n).astype(np.int32), batch, *rates, threads) / (total or 1.0)
        if not np.isfinite(loss):
            raise _ran_away(learning_rate, epoch)
        losses.append(loss)
        if progress is not None:
            progress(f"epoch {epoch + 1} of {epochs}, loss {loss:.3f}")
    fit = BagFit(bag.vectors(), bag.head(), bag.bias(), tuple(losses))
    if not (np.isfinite(fit.vectors).all() and np.isfinite(fit.head).all() and np.isfinite(fit.bias).all()):
        raise _ran_away(learning_rate, epochs - 1)
    return fit


def targets_of(codes: NDArray[np.int64], n_classes: int) -> _Floats:
    """Classes as probabilities: float32 (n_texts, 1) of the second of two, else (n_texts, n_classes).

    Raises
    ------
    LabelError : if there are fewer than two classes

    Examples
    --------
    >>> targets_of(np.array([0, 2]), 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if n_classes < 2:
        raise LabelError("there is one class only", wanted="two or more")
    found: _Floats = (codes[:, None] == (np.arange(n_classes) if n_classes > 2 else 1)).astype(np.float32)
    return found


def _check_settings(width: int, epochs: int, learning_rate: float, batch: int, smoothing: float) -> None:
    faults = [
        f"{name}: wanted a whole number from 1 to {most:,}, got {value}"
        for name, value, most in (("width", width, _WIDEST), ("epochs", epochs, 10_000), ("batch", batch, 65_536))
        if not 1 <= value <= most
    ]
    if not 0 < learning_rate < np.inf:
        faults.append(f"learning_rate: wanted a number above 0, got {learning_rate}")
    if not 0 <= smoothing < 1:
        faults.append(f"smoothing: wanted a share from 0 to below 1, got {smoothing}")
    if faults:
        raise ConfigError(faults)


def _checked_targets(targets: _Floats, n_texts: int, independent: bool, smoothing: float) -> _Floats:
    if targets.ndim != 2 or len(targets) != n_texts or targets.shape[1] == 0:
        raise LabelError(
            "targets do not fit the texts", wanted=f"{n_texts} rows of an output or more", got=str(targets.shape)
        )
    if n_texts == 0:
        raise DataError("there is no text to learn from")
    if not ((targets >= 0) & (targets <= 1)).all():
        raise LabelError("targets are probabilities", wanted="numbers from 0 to 1")
    if not independent and not np.allclose(targets.sum(axis=1), 1, atol=1e-3):
        raise LabelError("the targets of a text that has one label share one probability", wanted="a sum of 1")
    made = np.ascontiguousarray(targets, np.float32)
    if smoothing:
        made = made * np.float32(1 - smoothing) + np.float32(smoothing / (2 if independent else targets.shape[1]))
    return made


def _checked_weights(weights: NDArray[np.float64] | None, shape: tuple[int, ...], independent: bool) -> _Floats:
    if weights is None:
        return np.ones((shape[0], 1), np.float32)
    made = np.ascontiguousarray(weights if weights.ndim == 2 else weights[:, None], np.float32)
    if len(made) != shape[0] or made.shape[1] not in ((1, shape[1]) if independent else (1,)):
        raise LabelError("sample weights do not fit the texts", wanted=f"{shape[0]} of them", got=str(weights.shape))
    if not ((made >= 0) & (made < np.inf)).all():
        raise LabelError("sample weights say what a loss counts", wanted="finite numbers, 0 or more")
    return made


def _ran_away(learning_rate: float, epoch: int) -> ConfigError:
    what = (
        f"learning_rate: {learning_rate:g} is too high: in epoch {epoch + 1} the loss was no number any more. Lower it"
    )
    return ConfigError([what])
