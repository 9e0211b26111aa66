"""Where a training is, kept so that it can go on after a kill -9: one file, replaced whole. Imports torch."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
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
    """One file in a folder, or nothing where there is no folder.

    Parameters
    ----------
    mark : what the training is; what was kept of another one is not usable
    """

    def __init__(self, folder: Path | None, *, mark: str) -> None:
        self._folder, self._mark = folder, mark

    def save(self, module: nn.Module, optimizer: Optimizer, standing: Standing) -> None:
        """Replace what was kept before; a reader sees the one or the other, whole."""
        assert self._folder is not None
        tensors = {f"module/{name}": value for name, value in module.state_dict().items()}
        tensors |= {f"optimizer/{name}": value for name, value in optimizer.state()}
        tensors |= {f"best/{name}": value for name, value in (standing.best or {}).items()}
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{_FILE}.new"
        said = json.dumps({name: getattr(standing, name) for name in _PLAIN})
        save_file(tensors, path, {"standing": said, "mark": self._mark, "sum": _sum(said, tensors)})
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
                head = file.metadata()
                said: dict[str, Any] = json.loads(head["standing"])
                for key in file.keys():  # noqa: SIM118 - it is no mapping
                    part, _, name = key.partition("/")
                    parts[part][name] = file.get_tensor(key)
            kept = {f"{part}/{name}": value for part, those in parts.items() for name, value in those.items()}
            if head["mark"] != self._mark or head["sum"] != _sum(head["standing"], kept):
                return None
            standing = Standing(**said, best=parts["best"] or None)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return None  # it only saves time; the training begins anew
        shapes = {name: value.shape for name, value in module.state_dict().items()}
        if shapes != {name: value.shape for name, value in parts["module"].items()}:
            return None
        module.load_state_dict(parts["module"])
        optimizer.restore(parts["optimizer"])
        return standing


def _sum(said: str, tensors: dict[str, Tensor]) -> str:
    """A checksum of all that is kept: a bit that was turned would go unseen into the weights."""
    found = zlib.crc32(said.encode())
    for name in sorted(tensors):
        data = tensors[name].reshape(-1).view(torch.uint8).numpy().tobytes()
        found = zlib.crc32(data, zlib.crc32(name.encode(), found))
    return f"{found:08x}"
