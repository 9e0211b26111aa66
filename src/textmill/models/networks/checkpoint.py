"""Where a training is, kept so that it can go on after a kill -9: one file, replaced whole. Imports torch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from textmill.models.networks.optimizer import Optimizer

__all__ = ["Checkpoint", "Standing"]

_FILE = "training.safetensors"
_PLAIN = ("epoch", "place", "step", "items", "loss", "lowest", "best_epoch", "halved", "epochs")


@dataclass(slots=True)
class Standing:
    """Where a training is.

    Attributes
    ----------
    epoch, place : epochs that are through, and steps of the one that is not
    step : in all
    items, loss : learned from in this epoch, and what they cost, added up
    lowest, best_epoch, best : what the others cost at best, when that was, and the weights then
    halved : how often memory ran out
    epochs : see `Trained`
    """

    epoch: int = 0
    place: int = 0
    step: int = 0
    items: int = 0
    loss: float = 0.0
    lowest: float = float("inf")
    best_epoch: int = 0
    best: dict[str, Tensor] | None = None
    halved: int = 0
    epochs: list[dict[str, float | None]] = field(default_factory=list)


class Checkpoint:
    """One file in a folder, or nothing where there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def save(self, module: nn.Module, optimizer: Optimizer, standing: Standing) -> None:
        """Replace what was kept before; a reader sees the one or the other, whole."""
        assert self._folder is not None
        tensors = {f"module/{name}": value for name, value in module.state_dict().items()}
        tensors |= {f"optimizer/{name}": value for name, value in optimizer.state()}
        tensors |= {f"best/{name}": value for name, value in (standing.best or {}).items()}
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{_FILE}.new"
        save_file(tensors, path, {"standing": json.dumps({name: getattr(standing, name) for name in _PLAIN})})
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.rename(self._folder / _FILE)

    def load(self, module: nn.Module, optimizer: Optimizer) -> Standing | None:
        """Put module and optimizer back to where they were; None where nothing usable is kept."""
        if self._folder is None or not (self._folder / _FILE).exists():
            return None
        parts: dict[str, dict[str, Tensor]] = {"module": {}, "optimizer": {}, "best": {}}
        try:
            with safe_open(self._folder / _FILE, "pt") as file:
                said: dict[str, Any] = json.loads(file.metadata()["standing"])
                for key in file.keys():  # noqa: SIM118 - it is no mapping
                    part, _, name = key.partition("/")
                    parts[part][name] = file.get_tensor(key)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return None  # it only saves time; the training begins anew
        shapes = {name: value.shape for name, value in module.state_dict().items()}
        if shapes != {name: value.shape for name, value in parts["module"].items()}:
            return None
        module.load_state_dict(parts["module"])
        optimizer.restore(parts["optimizer"])
        return Standing(**said, best=parts["best"] or None)
