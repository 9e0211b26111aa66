"""Losses for TensorBoard. Imports torch and tensorboard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

__all__ = ["TensorBoard"]


class TensorBoard:
    """Event files in a folder: ``step/loss``, ``step/rate``, ``step/items``, ``epoch/loss``, ``epoch/validation``.

    Parameters
    ----------
    about : shown as text
    """

    def __init__(self, folder: Path, about: Mapping[str, str]) -> None:
        self._folder, self._about = folder, about
        self._writer: SummaryWriter | None = None

    def begin(self, step: int, epoch: int) -> None:
        """See `Watch`. TensorBoard itself takes out what was told of later steps."""
        self._writer = SummaryWriter(str(self._folder), purge_step=step + 1 if step else None)
        if not step:
            for name, value in self._about.items():
                self._writer.add_text(name, value)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """See `Watch`."""
        self._add("step", {name: value for name, value in values.items() if name != "epoch"}, step)

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        """See `Watch`. All is over steps, so that both stand on one axis."""
        self._add("epoch", values, step)

    def close(self, *, failed: bool) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

    def _add(self, what: str, values: Mapping[str, float], step: int) -> None:
        assert self._writer is not None
        for name, value in values.items():
            self._writer.add_scalar(f"{what}/{name}", value, step)
