"""How trainings went: JSON Lines beside each model, and whoever else ``[train] log`` names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from textmill.config import CandidateConfig, MillConfig
from textmill.errors import ConfigError, MissingExtra
from textmill.flow.project import Project
from textmill.flow.step import Work
from textmill.models.networks.watch import Watch
from textmill.registry.disk import writing

__all__ = ["FILE", "Closing", "JsonLines", "check_logs", "watching"]

FILE = "training.jsonl"
_MLFLOW = "MLFLOW_TRACKING_URI"  # MLflow's own variable: the address may hold a password
_PACKAGES = {"tensorboard": ("tensorboard", "tensorboard"), "mlflow": ("mlflow", "mlflow")}


class Closing(Watch, Protocol):
    """A `Watch` that is closed in the end."""

    def close(self, *, failed: bool) -> None:
        """No more is told."""


def check_logs(mill: MillConfig) -> None:
    """What ``[train] log`` names is installed, and MLflow has an address.

    Raises
    ------
    MissingExtra, ConfigError : if not
    """
    for one in (mill.own, *mill.candidate):
        for name in one.train.log if one.model.is_network else ():
            package, extra = _PACKAGES[name]
            if find_spec(package) is None:
                wanted = "mlflow-skinny" if name == "mlflow" else package
                raise MissingExtra(f"[train] log: {name}", package=wanted, extra=extra)
            if name == "mlflow" and not os.environ.get(_MLFLOW):
                raise ConfigError(
                    [f"train.log: mlflow wants the address of a tracking server in {_MLFLOW}, which is not set"]
                )


class JsonLines:
    """A line for each step and each epoch, without times: the same training writes the same bytes.

    Where there is a file already, the training goes on, and lines of steps that will be done again are taken out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, step: int, epoch: int) -> None:
        """See `Watch`."""
        lines = []
        with writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists():
                for line in self._path.read_text(encoding="utf-8").split("\n")[:-1]:  # the last may have been cut
                    said = json.loads(line)
                    if said["epoch"] <= epoch if said["what"] == "epoch" else said["step"] <= step:
                        lines.append(line + "\n")
            self._path.write_text("".join(lines), encoding="utf-8")

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """See `Watch`."""
        self._add({"what": "step", "step": step, **values})

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        """See `Watch`."""
        self._add({"what": "epoch", "epoch": epoch, "step": step, **values})

    def close(self, *, failed: bool) -> None:
        """Each line is written already."""

    def _add(self, line: Mapping[str, object]) -> None:
        with writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class _All:
    def __init__(self, watches: Sequence[Closing]) -> None:
        self._watches = watches

    def begin(self, step: int, epoch: int) -> None:
        for one in self._watches:
            one.begin(step, epoch)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        for one in self._watches:
            one.step(step, values)

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        for one in self._watches:
            one.epoch(epoch, step, values)

    def close(self, *, failed: bool) -> None:
        for one in self._watches:
            one.close(failed=failed)


@contextmanager
def watching(project: Project, asked: CandidateConfig, work: Work, keep: Path) -> Iterator[Watch | None]:
    """Who watches the training of a model; None where nothing is trained step by step.

    Parameters
    ----------
    keep : the folder of what a training that was stopped needs to go on
    """
    if not asked.model.is_network:
        yield None
        return
    watches: list[Closing] = [JsonLines(keep / FILE)]
    about = {"name": asked.name, "key": work.key}
    for name in asked.train.log:
        if name == "tensorboard":
            from textmill.flow.tensorboard_bridge import TensorBoard

            place = f"{project.name}-{work.key[:12]}"  # the same when a training goes on
            watches.append(TensorBoard(project.store.root / "runs" / "tensorboard" / place, about))
        else:
            from textmill.flow.mlflow_tracking import MLflow

            watches.append(MLflow(os.environ[_MLFLOW], project.name, about))
    every = _All(watches)
    try:
        yield every
    except BaseException:
        every.close(failed=True)
        raise
    every.close(failed=False)
    if (keep / FILE).exists():
        with writing(work.folder / FILE):
            (work.folder / FILE).write_bytes((keep / FILE).read_bytes())
