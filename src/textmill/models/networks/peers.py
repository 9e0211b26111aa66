"""Processes that train one network together: each learns from its share of a step's batches. Imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Alone", "Peers"]


class Peers:
    """The processes of a training, through Accelerate; all of them have the same weights after each step.

    Made once the process group is there.

    Attributes
    ----------
    rank, n : which of them this is, and how many there are
    """

    def __init__(self, *, cpu: bool) -> None:
        from accelerate import Accelerator

        self._accelerator = Accelerator(cpu=cpu)
        self.rank: int = self._accelerator.process_index
        self.n: int = self._accelerator.num_processes

    def add_gradients(self, module: nn.Module) -> None:
        """Give each process the sum of all gradients; one that had no batch adds nothing."""
        tables = {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding) and part.sparse}
        learning = [one for one in module.parameters() if one.requires_grad]
        plain = [one for one in learning if id(one) not in tables]
        if plain:  # all at once
            parts = [torch.zeros_like(one) if one.grad is None else one.grad for one in plain]
            added = torch.split(
                self._sum(torch.cat([part.flatten() for part in parts])), [one.numel() for one in plain]
            )
            for one, grad in zip(plain, added, strict=True):
                one.grad = grad.view_as(one)
        for one in learning:
            if id(one) in tables:
                one.grad = self._of_rows(one)

    def _of_rows(self, table: nn.Parameter) -> Tensor:
        """The sum of the gradients of those rows that anybody has met."""
        grad = table.grad
        if grad is None:
            where = torch.zeros((1, 0), dtype=torch.int64, device=table.device)
            none = table.new_zeros((0, *table.shape[1:]))
            grad = torch.sparse_coo_tensor(where, none, table.shape, check_invariants=False)
        if grad.device.type == "cpu":
            return self._sum(grad.coalesce())
        return self._sum(grad.to_dense()).to_sparse(1)  # NCCL adds up nothing sparse

    def total(self, value: float) -> float:
        """The sum over all processes."""
        return float(self._sum(torch.tensor(value, dtype=torch.float64, device=self._accelerator.device)))

    def agreed(self, value: float | None) -> float | None:
        """What the first process says."""
        from accelerate.utils import broadcast_object_list

        found: float | None = broadcast_object_list([value])[0]
        return found

    def _sum(self, value: Tensor) -> Tensor:
        found: Tensor = self._accelerator.reduce(value, reduction="sum")
        return found


class Alone(Peers):
    """One process."""

    def __init__(self) -> None:
        self.rank, self.n = 0, 1

    def add_gradients(self, module: nn.Module) -> None:
        """They are what they are."""

    def total(self, value: float) -> float:
        """The value."""
        return value

    def agreed(self, value: float | None) -> float | None:
        """The value."""
        return value
