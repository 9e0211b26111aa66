"""The training loop, one for all networks and tasks. Imports torch.

What is trained says what its items are and what they cost (`Problem`); the loop decides the rest: batches of about one
length by a budget of tokens, warm-up and decay, clipping, accumulation, early stopping on a part that is not learned
from, and a checkpoint, from which a run that was killed goes on to the same weights, to the bit.

Chance is drawn anew for each step from the seed and the number of the step, so that no state of a generator has to be
kept. Sums of floats depend on torch's number of threads, which is therefore a setting.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textmill.config import TrainConfig
from textmill.errors import TrainingError
from textmill.models.networks.batching import shuffled_batches
from textmill.models.networks.checkpoint import Checkpoint, Standing
from textmill.models.networks.optimizer import Optimizer, Rates
from textmill.models.networks.peers import Alone, Peers
from textmill.models.networks.shape import Training
from textmill.models.networks.watch import Watch

__all__ = ["Problem", "Trained", "device_of", "fit", "one_thread_number", "own_chance"]

_STREAM = 0x7E87  # of the seed, apart from other uses of it
_KEEP_EVERY = 20.0  # seconds between two checkpoints


class Problem(Protocol):
    """What is learned.

    Attributes
    ----------
    lengths : int64 (n_items,), tokens of each item
    judges : whether there is a part to judge by
    """

    lengths: NDArray[np.int64]
    judges: bool

    def loss(self, module: nn.Module, some: NDArray[np.int64]) -> Tensor:
        """What some of the items cost, added up."""

    def judge(self, module: nn.Module) -> float:
        """What an item that is not learned from costs on average; the lower the better."""

    def texts(self, some: NDArray[np.int64]) -> list[int]:
        """The numbers of the texts that some of the items are of."""


@dataclass(slots=True)
class Trained:
    """How a training went.

    Attributes
    ----------
    epochs : of each what its items cost on average, what the others did, and the highest rate
    best : the epoch whose weights the module has now, from 1
    steps : updates of the weights
    halved : how often the batch was cut in two because memory ran out
    """

    epochs: list[dict[str, float | None]] = field(default_factory=list)
    best: int = 0
    steps: int = 0
    halved: int = 0


def fit(
    module: nn.Module,
    problem: Problem,
    train: TrainConfig,
    training: Training,
    *,
    seed: int,
    rates: Rates | None = None,
    keep: Path | None = None,
    keep_every: float = _KEEP_EVERY,
    progress: Callable[[str], None] = lambda note: None,
    after_step: Callable[[int], None] | None = None,
    watch: Watch | None = None,
    peers: Peers | None = None,
) -> Trained:
    """Train a module; it is left with the weights that were best.

    Parameters
    ----------
    module : on the device where it is to be trained
    rates : the parameters in groups, each with its share of the learning rate; by default all alike
    keep : a folder for the checkpoint; where there is one of the same seed, settings and lengths of items, the training
        goes on from it
    keep_every : seconds between two checkpoints; no result depends on it
    progress : told of loss, speed and time left
    after_step : called with the number of each step
    watch : told of losses and rates
    peers : the processes that share each step's batches, each of which calls this; by default there is this one alone

    Raises
    ------
    TrainingError : if a loss or a gradient is no number, or one item is too large for the memory
    """
    device = next(module.parameters()).device
    peers = peers or Alone()
    together = train.accumulate * peers.n  # batches of a step
    asked = cast(nn.Module, torch.compile(module)) if train.compile else module  # with the weights of `module`
    with one_thread_number(train.threads), own_chance():
        optimizer = Optimizer(module, train, rates or Rates.alike(module))
        checkpoint = Checkpoint(keep, mark=_mark(problem, train, training, seed))
        standing = checkpoint.load(module, optimizer) or Standing()
        told = _Teller(len(problem.lengths), training.epochs, progress, standing)
        last_kept = time.monotonic()
        if watch is not None:
            watch.begin(standing.step, standing.epoch)
        while standing.epoch < training.epochs and not _is_over(standing, training.patience):
            module.train()
            rng = np.random.default_rng([_STREAM, seed, standing.epoch])
            batches = shuffled_batches(problem.lengths, training.batch_tokens, rng)
            steps = [batches[i : i + together] for i in range(0, len(batches), together)]
            usual = len(problem.lengths) / len(batches) * together  # items of a step
            for place in range(standing.place, len(steps)):
                n = sum(map(len, steps[place]))
                done = (standing.epoch + standing.items / len(problem.lengths)) / training.epochs
                stream = [_STREAM, seed, standing.step, *([peers.rank] if peers.rank else [])]
                torch.manual_seed(int(np.random.SeedSequence(stream).generate_state(1)[0]))
                mine = steps[place][peers.rank :: peers.n]
                loss = peers.total(_backward(asked, problem, mine, usual, standing, device, train))
                peers.add_gradients(module)
                rate = training.learning_rate * _rate(done, train)
                length = optimizer.step(rate, train.clip)
                if not math.isfinite(length):
                    raise _no_number("the gradient", standing.step, length, problem, np.concatenate(steps[place]))
                standing.loss += loss
                standing.items += n
                standing.step += 1
                standing.place = place + 1
                told.step(standing)
                if watch is not None:
                    watch.step(standing.step, {"epoch": standing.epoch + 1, "loss": loss / n, "rate": rate, "items": n})
                if keep is not None and peers.rank == 0 and time.monotonic() - last_kept >= keep_every:
                    checkpoint.save(module, optimizer, standing)
                    last_kept = time.monotonic()
                if after_step is not None:
                    after_step(standing.step)
            _end_epoch(module, problem, standing, peers)
            told.epoch(standing)
            if watch is not None:
                last = {name: value for name, value in standing.epochs[-1].items() if value is not None}
                watch.epoch(standing.epoch, standing.step, last)
            if keep is not None and peers.rank == 0:
                checkpoint.save(module, optimizer, standing)
                last_kept = time.monotonic()
        if standing.best is not None:
            module.load_state_dict(standing.best)
    return Trained(standing.epochs, standing.best_epoch or standing.epoch, standing.step, standing.halved)


def _end_epoch(module: nn.Module, problem: Problem, standing: Standing, peers: Peers) -> None:
    judged = None
    if problem.judges and peers.rank == 0:
        module.eval()
        with torch.inference_mode():
            judged = problem.judge(module)
    judged = peers.agreed(judged)
    standing.epoch += 1
    standing.epochs.append({"loss": standing.loss / max(1, standing.items), "validation": judged})
    standing.place = standing.items = 0
    standing.loss = 0.0
    if judged is not None and judged < standing.lowest:
        standing.lowest, standing.best_epoch = judged, standing.epoch
        standing.best = {name: value.detach().clone() for name, value in module.state_dict().items()}


def _is_over(standing: Standing, patience: int) -> bool:
    """Whether it got no better for as many epochs as it may."""
    return bool(patience and standing.best_epoch and standing.epoch - standing.best_epoch >= patience)


def _rate(done: float, train: TrainConfig) -> float:
    """The learning rate as a share of the highest, after a share of all items."""
    if done < train.warmup:
        return max(done / train.warmup, 0.01)
    left = (done - train.warmup) / max(1e-9, 1.0 - train.warmup)
    if train.decay == "none":
        return 1.0
    return 1.0 - left if train.decay == "linear" else 0.5 * (1.0 + math.cos(math.pi * min(1.0, left)))


def _backward(
    module: nn.Module,
    problem: Problem,
    batches: list[NDArray[np.int64]],
    usual: float,
    standing: Standing,
    device: torch.device,
    train: TrainConfig,
) -> float:
    """The gradient of a step: each item counts the same, however many are in its batch. Gives the loss, added up."""
    while True:
        waiting = [part for batch in batches for part in np.array_split(batch, min(len(batch), 2**standing.halved))]
        total = 0.0
        for some in waiting:
            value = _added(module, problem, some, usual, device, train)
            if value is None:
                break
            if not math.isfinite(value):
                raise _no_number("the loss", standing.step, value, problem, some)
            total += value
        else:
            return total
        module.zero_grad(set_to_none=True)  # a gradient that was added in part is worth nothing: the step anew
        standing.halved += 1


def _added(
    module: nn.Module, problem: Problem, some: NDArray[np.int64], usual: float, device: torch.device, train: TrainConfig
) -> float | None:
    """Add the gradient of some items; their loss, or None where memory ran out.

    What was computed until then goes with this call: the next one needs the room.
    """
    try:
        with _precision(train, device):
            loss = problem.loss(module, some)
        value = float(loss.detach())
        if math.isfinite(value):
            (loss / usual).backward()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
        if len(some) < 2:
            raise TrainingError(
                "it alone is too large for the memory",
                texts=problem.texts(some),
                hint="Lower model.max_tokens or model.width.",
            ) from error
        return None
    return value


def _no_number(what: str, steps: int, value: float, problem: Problem, some: NDArray[np.int64]) -> TrainingError:
    return TrainingError(
        f"{what} is no number at step {steps + 1}",
        texts=problem.texts(some),
        got=str(value),
        hint="Lower train.learning_rate or train.clip.",
    )


def _mark(problem: Problem, train: TrainConfig, training: Training, seed: int) -> str:
    """What decides a training besides the module and what its items say; where it differs nothing is gone on with."""
    said = {"train": asdict(train), "training": asdict(training), "seed": seed, "judges": problem.judges}
    lengths = np.ascontiguousarray(problem.lengths, "<i8").tobytes()
    return sha256(json.dumps(said, sort_keys=True).encode() + lengths).hexdigest()


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _precision(train: TrainConfig, device: torch.device) -> AbstractContextManager[object]:
    gains = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if train.precision == "bf16" or (train.precision == "auto" and gains):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def device_of(train: TrainConfig) -> torch.device:
    """Where is trained: a GPU where there is one, unless ``[train] device`` says otherwise."""
    there = torch.cuda.is_available()
    if train.device == "cuda" and not there:
        raise TrainingError("there is no GPU here", hint='Leave train.device out, or say "cpu".')
    return torch.device("cuda" if there and train.device != "cpu" else "cpu")


def _cuda_is_there() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


@contextmanager
def own_chance() -> Iterator[None]:
    """Inside, torch's generators may be drawn from and seeded; outside they are as before."""
    with torch.random.fork_rng(range(torch.cuda.device_count()) if _cuda_is_there() else []):
        yield


@contextmanager
def one_thread_number(threads: int) -> Iterator[None]:
    """Inside, torch computes with so many threads, however many processors there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Teller:
    """Says how far it is, not more than twice a second."""

    def __init__(self, n_items: int, epochs: int, progress: Callable[[str], None], standing: Standing) -> None:
        self._n, self._epochs, self._progress = n_items, epochs, progress
        self._began = self._last = time.monotonic()
        self._done_before = standing.epoch * n_items + standing.items

    def step(self, standing: Standing) -> None:
        now = time.monotonic()
        if now - self._last < 0.5:
            return
        self._last = now
        done = standing.epoch * self._n + standing.items
        speed = (done - self._done_before) / (now - self._began)
        left = (self._epochs * self._n - done) / speed
        self._progress(
            f"epoch {standing.epoch + 1} of {self._epochs}, {100 * standing.items // self._n} %, loss"
            f" {standing.loss / max(1, standing.items):.3f}, {speed:,.0f} texts/s, at most {left:,.0f} s left"
        )

    def epoch(self, standing: Standing) -> None:
        last = standing.epochs[-1]
        judged = "" if last["validation"] is None else f", validation {last['validation']:.4f}"
        self._progress(f"epoch {standing.epoch} of {self._epochs} done, loss {last['loss']:.4f}{judged}")
