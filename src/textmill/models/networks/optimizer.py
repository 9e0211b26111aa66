"""AdamW with proper groups, and the same for tables of vectors, of which a step moves only the rows it met.

Imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textmill.config import TrainConfig

__all__ = ["Optimizer", "Rates"]


@dataclass(frozen=True, slots=True)
class Rates:
    """Which share of the learning rate each parameter has, by its name in the module."""

    shares: dict[str, float]

    @classmethod
    def alike(cls, module: nn.Module) -> Rates:
        """All the same."""
        return cls({name: 1.0 for name, _ in module.named_parameters()})


class Optimizer:
    """Updates of a module's weights (Loshchilov and Hutter, Decoupled Weight Decay, 2019).

    Matrices decay; biases, norms and tables of vectors do not. Rows of a sparse table that a step did not meet stay as
    they are, with their moments.
    """

    def __init__(self, module: nn.Module, train: TrainConfig, rates: Rates) -> None:
        tables = {id(part.weight): part.sparse for part in module.modules() if isinstance(part, nn.Embedding)}
        groups: dict[tuple[float, float], list[Tensor]] = {}
        sparse: list[Tensor] = []
        self._named = [(name, one) for name, one in module.named_parameters() if one.requires_grad]
        for name, one in self._named:
            if tables.get(id(one)):
                sparse.append(one)
            else:
                decay = train.weight_decay if one.ndim > 1 and id(one) not in tables else 0.0
                groups.setdefault((rates.shares[name], decay), []).append(one)
        self._parts: list[torch.optim.Optimizer] = []
        if groups:
            self._parts.append(
                torch.optim.AdamW(
                    [
                        {"params": those, "weight_decay": decay, "share": share}
                        for (share, decay), those in groups.items()
                    ],
                    lr=0.0,
                    fused=True,
                )
            )
        if sparse:
            self._parts.append(torch.optim.SparseAdam([{"params": sparse, "share": 1.0}], lr=1.0))

    def step(self, rate: float, clip: float) -> float:
        """Move the weights along their gradients, which are then forgotten; how long those were together.

        Where that is no number the weights stay.
        """
        length = self._clip(clip)
        if not math.isfinite(length):
            return length
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * group["share"]
            part.step()
            part.zero_grad(set_to_none=True)
        return length

    def _clip(self, most: float) -> float:
        """Shorten the gradient of all weights together to a length; how long it was."""
        values = []
        for _, one in self._named:
            if one.grad is not None and one.grad.is_sparse:
                one.grad = one.grad.coalesce()
                values.append(one.grad.values())
            elif one.grad is not None:
                values.append(one.grad)
        length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(values)))
        shrink = most / (length + 1e-6)
        if float(shrink) < 1.0:
            torch._foreach_mul_(values, shrink)
        return float(length)

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """What it remembers of each weight: its moments, and the number of its steps."""
        for name, one in self._named:
            for part in self._parts:
                for key, value in part.state.get(one, {}).items():
                    yield f"{name}/{key}", torch.as_tensor(value, dtype=None)

    def restore(self, kept: dict[str, Tensor]) -> None:
        """Back from `state`."""
        owners = {id(one): part for part in self._parts for group in part.param_groups for one in group["params"]}
        for name, one in self._named:
            own = {key.rpartition("/")[2]: value for key, value in kept.items() if key.rpartition("/")[0] == name}
            found = {key: value.to(one.device) for key, value in own.items()}
            if not found:
                continue
            part = owners[id(one)]
            if isinstance(part, torch.optim.SparseAdam):  # which counts in plain numbers
                part.state[one] = {key: int(value) if key == "step" else value for key, value in found.items()}
            else:
                part.state[one] = found
