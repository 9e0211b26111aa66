"""What classifying costs: the problem that `loop.fit` is given to solve. Imports torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from textmill.models.networks.batching import batches_of_one_length
from textmill.models.networks.modules import mask_of
from textmill.models.networks.vocabulary import Encoded
from textmill.models.targets import Targets

__all__ = ["Classification", "batch_of", "loss_of"]


def loss_of(outputs: Tensor, truth: Tensor, *, apart: bool, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of each text, float32 (n_texts,), added up over outputs that are decided apart.

    Parameters
    ----------
    outputs, truth : float32 (n_texts, n_outputs); the truth may be anything from 0 to 1
    apart : whether each output is a yes or no of its own; else they share one probability
    weights : float32 (n_texts, 1), or where they are apart (n_texts, n_outputs): what each counts
    """
    if apart:
        return functional.binary_cross_entropy_with_logits(outputs, truth, weights, reduction="none").sum(1)
    costs = -(truth * outputs.log_softmax(1)).sum(1)
    return costs if weights is None else costs * weights[:, 0]


def batch_of(encoded: Encoded, pieces: NDArray[np.int64], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Some of the pieces as a network takes them: numbers int64 (n, longest), and where there is a token."""
    ids = torch.from_numpy(encoded.padded(pieces, pad)).to(device)
    return ids, mask_of(torch.from_numpy(encoded.lengths[pieces]).to(device), ids.shape[1])


class Classification:
    """Learn one class a text, or several labels, from pieces of texts.

    Parameters
    ----------
    encoded : all texts
    judged : bool (n_texts,), those that are not learned from
    smoothing : share of each target that is spread over all answers
    balanced : whether every class counts as much as any other
    """

    def __init__(
        self,
        encoded: Encoded,
        targets: Targets,
        judged: NDArray[np.bool_],
        *,
        smoothing: float,
        balanced: bool,
        budget: int,
        pad: int,
        device: torch.device,
    ) -> None:
        self._encoded, self._pad, self._device = encoded, pad, device
        self._apart = targets.apart
        truth = targets.truth
        self._truth = truth
        n_answers = 2 if self._apart else truth.shape[1]
        self._smoothed = truth * np.float32(1 - smoothing) + np.float32(smoothing / n_answers)
        self._weights = targets.balanced.astype(np.float32) if balanced else None
        self._pieces = encoded.of_texts(~judged)
        self._budget = budget
        self._judged = judged
        self.judges = bool(judged.any())
        self.lengths = encoded.lengths[self._pieces]
        self._share = (1.0 / np.bincount(encoded.texts, minlength=encoded.n_texts))[encoded.texts].astype(np.float32)

    def loss(self, module: nn.Module, some: NDArray[np.int64]) -> Tensor:
        """See `loop.Problem`."""
        pieces = self._pieces[some]
        texts = self._encoded.texts[pieces]
        weights = None if self._weights is None else self._on_device(self._weights[texts])
        truth = self._on_device(self._smoothed[texts])
        costs = loss_of(self._outputs(module, pieces), truth, apart=self._apart, weights=weights)
        return (costs * self._on_device(self._share[pieces])).sum()

    def judge(self, module: nn.Module) -> float:
        """The mean cross-entropy of texts that are not learned from; outputs are averaged over pieces of a text."""
        pieces = self._encoded.of_texts(self._judged)
        sums = np.zeros((self._encoded.n_texts, self._truth.shape[1]), np.float32)
        for some in batches_of_one_length(self._encoded.lengths[pieces], 2 * self._budget):
            found = self._outputs(module, pieces[some]).float().cpu().numpy()
            np.add.at(sums, self._encoded.texts[pieces[some]], found * self._share[pieces[some], None])
        weights = None if self._weights is None else torch.from_numpy(self._weights[self._judged])
        outputs, truth = torch.from_numpy(sums[self._judged]), torch.from_numpy(self._truth[self._judged])
        costs = loss_of(outputs, truth, apart=self._apart, weights=weights)
        return float(costs.double().sum()) / (len(costs) if weights is None else float(weights.mean(1).sum()))

    def texts(self, some: NDArray[np.int64]) -> list[int]:
        """The numbers of the texts among those given."""
        found: list[int] = np.unique(self._encoded.texts[self._pieces[some]]).tolist()
        return found

    def _outputs(self, module: nn.Module, pieces: NDArray[np.int64]) -> Tensor:
        found: Tensor = module(*batch_of(self._encoded, pieces, self._pad, self._device))
        return found

    def _on_device(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
