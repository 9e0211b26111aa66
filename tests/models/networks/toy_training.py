"""A training small enough to be run to its end many times: embeddings, dropout, a part that judges.

As a program it writes the weights of a training that nothing disturbs, and those of one with a checkpoint after every
step, in processes that kill themselves after some of them; the last one does not (0).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textmill.config import TrainConfig
from textmill.models.networks import loop
from textmill.models.networks.shape import Training

N_TERMS, N_ITEMS = 12, 40
TRAIN: dict[str, Any] = {"threads": 1, "validation": 0.1, "accumulate": 2}


class Toy(nn.Module):
    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.table = nn.Embedding(N_TERMS, 4, sparse=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        mask = torch.arange(ids.shape[1]) < lengths[:, None]
        states = (self.table(ids) * mask[..., None]).sum(1) / lengths[:, None]
        return self.head(self.dropout(states))[:, 0]


class Problem:
    """Say whether the term 3 is in a text."""

    judges = True

    def __init__(self, n: int = N_ITEMS) -> None:
        draw = np.random.default_rng(4)
        self.lengths = draw.integers(1, 8, n)
        self.ids = np.zeros((n, 8), np.int64)
        for row, length in enumerate(self.lengths):
            self.ids[row, :length] = draw.integers(1, N_TERMS, length)
        self.truth = (self.ids == 3).any(1)
        self.judged: list[float] = []

    def loss(self, module: nn.Module, some: NDArray[np.int64]) -> Tensor:
        longest = int(self.lengths[some].max())
        said = module(torch.from_numpy(self.ids[some, :longest]), torch.from_numpy(self.lengths[some]))
        wanted = torch.from_numpy(self.truth[some].astype(np.float32))
        return nn.functional.binary_cross_entropy_with_logits(said, wanted, reduction="sum")

    def judge(self, module: nn.Module) -> float:
        assert not module.training
        self.judged.append(float(self.loss(module, np.arange(len(self.lengths)))) / len(self.lengths))
        return self.judged[-1]

    def texts(self, some: NDArray[np.int64]) -> list[int]:
        return (1000 + some).tolist()


def toy(seed: int = 1, dropout: float = 0.3) -> Toy:
    with loop.own_chance():
        torch.manual_seed(seed)
        return Toy(dropout)


def training(**other: Any) -> Training:
    return Training(**{"epochs": 3, "learning_rate": 0.05, "batch_tokens": 24, "patience": 0} | other)


def fitted(module: nn.Module | None = None, problem: Any = None, *, seed: int = 3, **more: Any) -> nn.Module:
    module = toy() if module is None else module
    train = TrainConfig(**TRAIN | more.pop("train", {}))
    loop.fit(module, problem or Problem(), train, more.pop("training", training()), seed=seed, keep_every=0.0, **more)
    return module


def state(module: nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in module.state_dict().items()}


def write(out: Path, module: nn.Module) -> None:
    np.savez(out, **{name: value.numpy() for name, value in module.state_dict().items()})


def in_a_child(folder: Path, at: int) -> int:
    """Train in another process, which kills itself after a step; how it ended, as `os.waitpid` says it."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]

    def kill(step: int) -> None:
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        write(folder / "killed.npz", fitted(keep=folder / "keep", after_step=kill))
    finally:
        os._exit(0)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(folder / "whole.npz", fitted())
    for at in map(int, sys.argv[2:]):
        assert os.WIFSIGNALED(in_a_child(folder, at)) == (at > 0)
