"""Who is told how a training goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Watch"]


class Watch(Protocol):
    """Told of each step and each epoch of a training."""

    def begin(self, step: int, epoch: int) -> None:
        """The training begins after so many steps and epochs; what was told of later ones will be told again."""

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """A step, from 1: ``epoch`` (from 1), ``loss`` (mean of its items), ``rate`` (learning rate), ``items``."""

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        """An epoch, from 1, that ended with a step: ``loss``, and ``validation`` where something is held back."""
