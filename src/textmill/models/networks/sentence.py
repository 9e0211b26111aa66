"""Sentence vectors and a linear head: few labels, seconds to train. Imports torch.

The encoder stays as it was pretrained, or is first trained on pairs of labelled texts (SetFit: Tunstall and others,
2022), so that texts of one class come near each other; the head is logistic regression on its vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textmill.config import ModelConfig, TrainConfig
from textmill.errors import ConfigError
from textmill.features.csr import Csr
from textmill.models.linear import facts_of, fit_targets
from textmill.models.networks import loop, processes
from textmill.models.networks.body import NetworkBody
from textmill.models.networks.objective import batch_of
from textmill.models.networks.shape import training_of
from textmill.models.networks.vocabulary import Encoded, Vocabulary
from textmill.models.targets import Targets

if TYPE_CHECKING:
    from textmill.models.networks.pretrained import Pretrained
    from textmill.models.networks.watch import Watch

__all__ = ["fit_sentence"]

_PAIRS = 40  # of each text with others, half of its own class and half not


def fit_sentence(
    network: Pretrained,
    vocabulary: Vocabulary,
    encoded: Encoded,
    targets: Targets,
    *,
    model: ModelConfig,
    train: TrainConfig,
    seed: int,
    threads: int,
    keep: Path | None,
    progress: Callable[[str], None],
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Learn the head of a network that makes sentence vectors, after the encoder if that is asked for.

    Parameters
    ----------
    network : its head is replaced

    Returns
    -------
    what it took
    """
    facts: dict[str, Any] = {}
    if model.learns not in ("auto", "head"):
        if targets.codes is None:
            raise ConfigError(['model.learns: pairs are of texts with one label; wanted "head" for several labels'])
        network.learn(model.learns)
        problem = _Pairs(encoded, targets.codes, vocabulary.pad, loop.device_of(train), seed)
        network.to(loop.device_of(train))
        told: dict[str, Any] = {"seed": seed, "keep": keep, "progress": progress, "watch": watch}
        training = training_of(model, train, problem.lengths)
        trained = processes.fit(network, problem, train, training, **told)
        network.cpu().finish()
        facts = {"pairs": len(problem.lengths), "steps": trained.steps, "epochs": trained.epochs}
    progress("making sentence vectors")
    width: int = network.head.in_features
    network.head = nn.Linear(width, width)  # which lets the vectors themselves through
    nn.init.eye_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    vectors = NetworkBody(vocabulary, network).of_encoded(encoded, threads=threads).astype(np.float32)
    progress(f"learning {width:,} weights")
    fit = fit_targets(_dense(vectors), targets, model, seed=seed, threads=threads, progress=progress)
    network.head = nn.Linear(width, targets.n_outputs)
    network.head.weight.data = torch.from_numpy(np.ascontiguousarray(fit.weights.T, np.float32))
    network.head.bias.data = torch.from_numpy(fit.bias.astype(np.float32))
    return facts | facts_of(fit)


def _dense(vectors: NDArray[np.float32]) -> Csr:
    n, width = vectors.shape
    columns = np.tile(np.arange(width, dtype=np.int32), n)
    return Csr(vectors.ravel(), columns, np.arange(0, n * width + 1, width, dtype=np.int32), width)


class _Pairs:
    """Pairs of texts whose vectors should point the same way or not: cosine against 1 or 0, squared."""

    judges = False

    def __init__(self, encoded: Encoded, codes: NDArray[np.int64], pad: int, device: torch.device, seed: int) -> None:
        self._encoded, self._pad, self._device = encoded, pad, device
        first = np.searchsorted(encoded.texts, np.arange(encoded.n_texts))  # of a text in pieces the first
        self._pairs, self._alike = _drawn(codes, np.random.default_rng([0x9A12, seed]))
        self._pieces = first[self._pairs]
        self.lengths = 2 * encoded.lengths[self._pieces].max(axis=1)

    def loss(self, module: nn.Module, some: NDArray[np.int64]) -> Tensor:
        """See `loop.Problem`."""
        left, right = (self._vectors(module, self._pieces[some, side]) for side in (0, 1))
        wanted = torch.from_numpy(self._alike[some].astype(np.float32)).to(self._device)
        return ((left * right).sum(1) - wanted).square().sum()

    def judge(self, module: nn.Module) -> float:
        """Nothing is held back of so few texts."""
        raise NotImplementedError

    def texts(self, some: NDArray[np.int64]) -> list[int]:
        """The numbers of the texts of some pairs."""
        found: list[int] = np.unique(self._pairs[some]).tolist()
        return found

    def _vectors(self, module: Any, pieces: NDArray[np.int64]) -> Tensor:
        ids, mask = batch_of(self._encoded, pieces, self._pad, self._device)
        found: Tensor = module.sentence(module.embed(ids), mask)
        return found


def _drawn(codes: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Pairs int64 (n_pairs, 2) and whether both are of one class."""
    order = np.argsort(codes, kind="stable")  # class by class
    place = np.argsort(order, kind="stable")
    sizes = np.bincount(codes)
    begins = np.cumsum(sizes) - sizes
    pairs: list[NDArray[np.int64]] = []
    for text, code in enumerate(codes.tolist()):
        begin, size = begins[code], sizes[code]
        alike = begin + _some(size - 1, rng)
        alike += alike >= place[text]  # all of its class but itself
        apart = _some(len(codes) - size, rng)
        apart += np.where(apart >= begin, size, 0)  # all but its class
        pairs += [np.stack([np.full(len(one), text), order[one]], axis=1) for one in (alike, apart)]
    found = np.concatenate([np.zeros((0, 2), np.int64), *pairs])
    return found, codes[found[:, 0]] == codes[found[:, 1]]


def _some(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Half of a text's pairs, as numbers below `n`; all where there are not so many."""
    return rng.choice(n, min(n, _PAIRS // 2), replace=False)
