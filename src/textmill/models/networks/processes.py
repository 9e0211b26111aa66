"""A training by several processes, on CPUs or one GPU each. Imports torch; Accelerate where there are several."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, start_processes

from textmill.config import TrainConfig
from textmill.errors import TextmillError, TrainingError
from textmill.models.networks import loop
from textmill.models.networks.bodies import require
from textmill.models.networks.optimizer import Rates
from textmill.models.networks.shape import Training
from textmill.models.networks.watch import Watch

__all__ = ["fit"]

_WEIGHTS = "weights.safetensors"


def fit(
    module: nn.Module,
    problem: loop.Problem,
    train: TrainConfig,
    training: Training,
    *,
    seed: int,
    rates: Rates | None = None,
    keep: Path | None = None,
    progress: Callable[[str], None] = lambda note: None,
    watch: Watch | None = None,
) -> loop.Trained:
    """Train a module as `loop.fit` does, by as many processes as ``train.processes`` says.

    The processes are new ones, so a script that asks for several needs ``if __name__ == "__main__":``. Which batches
    are one step, and so the result, depends on their number.

    Raises
    ------
    MissingExtra : if Accelerate is not installed
    TrainingError : as `loop.fit`, or if there are not so many GPUs, or a process was killed
    """
    if train.processes == 1:
        told: dict[str, Any] = {"rates": rates, "keep": keep, "progress": progress, "watch": watch}
        return loop.fit(module, problem, train, training, seed=seed, **told)
    require("accelerate", f"train.processes = {train.processes}")
    device = next(module.parameters()).device
    if device.type == "cuda" and torch.cuda.device_count() < train.processes:
        raise TrainingError(f"there are {torch.cuda.device_count()} GPUs here, and each process wants one")
    module.cpu()
    context = torch.multiprocessing.get_context("spawn")  # threads that were started here would be missing in a fork
    heard = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as place:
        running = start_processes(  # type: ignore[no-untyped-call]
            _one_of_them,
            (module, problem, train, training, seed, rates, keep, device.type, Path(place), heard),
            nprocs=train.processes,
            join=False,
            start_method="spawn",
        )
        listening = _Listening(progress, watch)
        try:
            while not running.join(timeout=0.05):
                listening.to(heard)
        except (ProcessRaisedException, ProcessExitedException) as error:
            listening.to(heard)
            raise listening.error or TrainingError(
                "a process of the training ended", got=str(error).strip().splitlines()[-1]
            ) from error
        finally:
            for process in running.processes:
                if process.is_alive():
                    process.kill()
        listening.to(heard)
        module.load_state_dict(load_file(Path(place) / _WEIGHTS))
    module.to(device)
    assert listening.trained is not None
    return loop.Trained(**listening.trained)


class _Listening:
    """What the first process tells, told on in this one."""

    def __init__(self, progress: Callable[[str], None], watch: Watch | None) -> None:
        self._progress, self._watch = progress, watch
        self.trained: dict[str, Any] | None = None
        self.error: TrainingError | None = None

    def to(self, heard: Any) -> None:
        while not heard.empty():
            what, said = heard.get()
            if what == "progress":
                self._progress(said)
            elif what == "trained":
                self.trained = said
            elif what == "error":
                self.error = TrainingError(said.pop("what"), **said)
            elif self._watch is not None:
                getattr(self._watch, what)(*said)


class _Telling:
    """A watch in the first process."""

    def __init__(self, heard: Any) -> None:
        self._heard = heard

    def progress(self, note: str) -> None:
        self._heard.put(("progress", note))

    def begin(self, step: int, epoch: int) -> None:
        self._heard.put(("begin", (step, epoch)))

    def step(self, step: int, values: Mapping[str, float]) -> None:
        self._heard.put(("step", (step, dict(values))))

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        self._heard.put(("epoch", (epoch, step, dict(values))))


def _one_of_them(
    rank: int,
    module: nn.Module,
    problem: loop.Problem,
    train: TrainConfig,
    training: Training,
    seed: int,
    rates: Rates | None,
    keep: Path | None,
    device: str,
    place: Path,
    heard: Any,
) -> None:
    module = copy.deepcopy(module)  # what came from the other process is memory that all of them share
    n = str(train.processes)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": n, "LOCAL_WORLD_SIZE": n}
    # Accelerate wants these set; the processes meet by a file, so that no port has to be free
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "OMP_NUM_THREADS": str(train.threads)}
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all are on this machine, whatever its name resolves to
    if device == "cuda":
        torch.cuda.set_device(rank)
    torch.distributed.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        init_method=(place / "meeting").as_uri(),
        rank=rank,
        world_size=train.processes,
    )
    from textmill.models.networks.peers import Peers

    telling = _Telling(heard)
    told: dict[str, Any] = {"progress": telling.progress, "watch": telling} if rank == 0 else {}
    try:
        peers = Peers(cpu=device == "cpu")
        trained = loop.fit(
            module.to(device), problem, train, training, seed=seed, rates=rates, keep=keep, peers=peers, **told
        )
    except TextmillError as error:
        fields = ("what", "where", "wanted", "got", "hint", "texts")
        heard.put(("error", {key: getattr(error, key) for key in fields if hasattr(error, key)}))
        raise
    if rank == 0:
        weights = {name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
        save_file(weights, place / _WEIGHTS)
        heard.put(("trained", asdict(trained)))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
