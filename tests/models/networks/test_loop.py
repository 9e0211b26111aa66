"""The training loop: what is computed, when it stops, and that it goes on after whatever happened."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from toy_training import Problem, Toy, fitted, state, toy, training

from textmill.config import TrainConfig
from textmill.errors import TrainingError
from textmill.models.networks import loop
from textmill.models.networks.checkpoint import Standing
from textmill.models.networks.optimizer import Optimizer

FILE = "training.safetensors"


class Watched(nn.Module):
    """Keeps the gradient of each step, and the rate it was moved by."""

    def __init__(self, patch: pytest.MonkeyPatch, module: nn.Module) -> None:
        self.gradients: list[torch.Tensor] = []
        self.rates: list[float] = []
        step = Optimizer.step

        def watched(optimizer: Optimizer, rate: float, clip: float) -> float:
            self.gradients.append(torch.cat([one.grad.to_dense().ravel() for one in module.parameters()]).double())
            self.rates.append(rate)
            return step(optimizer, rate, clip)

        patch.setattr(Optimizer, "step", watched)


@pytest.mark.parametrize(("accumulate", "batch_tokens"), [(1, 10_000), (4, 60), (1000, 24), (1000, 9), (1000, 1)])
def test_the_gradient_of_a_step_counts_each_item_the_same(
    accumulate: int, batch_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, module = Problem(), toy(dropout=0.0)
    n = len(problem.lengths)
    problem.loss(module, np.arange(n)).backward()
    wanted = torch.cat([one.grad.to_dense().ravel() for one in module.parameters()]).double() / n
    module = toy(dropout=0.0)
    watched = Watched(monkeypatch, module)
    sizes = []
    loss = problem.loss
    monkeypatch.setattr(problem, "loss", lambda module, some: sizes.append(len(some)) or loss(module, some))
    settings = {"train": {"accumulate": accumulate}, "training": training(epochs=1, batch_tokens=batch_tokens)}
    monkeypatch.setattr(Problem, "judges", False)
    monkeypatch.setattr(loop, "_rate", lambda done, train: 0.0)  # nothing is moved: all steps see the same weights
    fitted(module, problem, **settings)
    assert sum(sizes) == n
    usual = n / len(sizes) * accumulate
    mean = sum(watched.gradients) * usual / n  # type: ignore[operator]
    torch.testing.assert_close(mean, wanted, atol=1e-7, rtol=1e-5)
    assert len(watched.gradients) == -(-len(sizes) // accumulate)


def test_the_rate_rises_and_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    for decay, law in {
        "linear": lambda left: 1 - left,
        "cosine": lambda left: (1 + math.cos(math.pi * left)) / 2,
        "none": lambda left: 1.0,
    }.items():
        with pytest.MonkeyPatch.context() as patch:
            module = toy()
            watched = Watched(patch, module)
            fitted(module, train={"warmup": 0.25, "decay": decay}, training=training(epochs=4, learning_rate=0.02))
        rates = np.array(watched.rates) / 0.02
        quarter = len(rates) // 4  # as many steps an epoch
        assert (np.diff(rates[:quarter]) > 0).all()
        assert rates[0] == pytest.approx(0.01)
        assert rates[quarter] == pytest.approx(1.0)
        assert rates[2 * quarter] == pytest.approx(law(1 / 3))
        assert rates[3 * quarter] == pytest.approx(law(2 / 3))


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1), st.sampled_from(["cosine", "linear", "none"]))
def test_a_rate_is_a_share(done: float, warmup: float, decay: Any) -> None:
    assert 0 <= loop._rate(done, TrainConfig(warmup=warmup, decay=decay)) <= 1


def test_it_stops_early_with_the_weights_that_were_best(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = iter([0.9, 0.5, 0.7, 0.5, 0.1])  # the fifth is never asked: twice it got no better
    seen = []

    def judge(problem: Problem, module: nn.Module) -> float:
        seen.append(state(module))
        return next(judged)

    monkeypatch.setattr(Problem, "judge", judge)
    module = toy()
    trained = loop.fit(module, Problem(), TrainConfig(threads=1), training(epochs=9, patience=2), seed=3)
    assert trained.best == 2
    assert [one["validation"] for one in trained.epochs] == [0.9, 0.5, 0.7, 0.5]
    assert state(module) == seen[1] != seen[3]


def test_without_a_part_that_judges_the_last_weights_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Problem, "judges", False)
    trained = loop.fit(toy(), Problem(), TrainConfig(threads=1, validation=0.0), training(), seed=3)
    assert (trained.best, len(trained.epochs)) == (3, 3)
    assert all(one["validation"] is None for one in trained.epochs)


def test_the_same_seed_gives_the_same_bytes_and_another_others() -> None:
    wanted = state(fitted())
    assert state(fitted()) == wanted
    assert state(fitted(seed=4)) != wanted
    assert state(fitted(train={"threads": 2})).keys() == wanted.keys()


@pytest.mark.slow
def test_what_the_caller_had_of_torch_is_as_before(tmp_path: Path) -> None:
    torch.set_num_threads(3)
    torch.manual_seed(11)
    wanted = torch.rand(3).tolist()
    torch.manual_seed(11)
    fitted(keep=tmp_path)
    assert torch.rand(3).tolist() == wanted
    assert torch.get_num_threads() == 3
    with pytest.raises(KeyError):
        fitted(after_step=lambda step: {}[step])
    assert torch.get_num_threads() == 3


# --- going on ---


class Stop(Exception):
    pass


def stopped(at: int, keep: Path, **more: Any) -> None:
    def stop(step: int) -> None:
        if step == at:
            raise Stop

    with pytest.raises(Stop):
        fitted(keep=keep, after_step=stop, **more)


def n_steps() -> int:
    steps: list[int] = []
    fitted(after_step=steps.append)
    return len(steps)


def test_stopped_after_any_step_it_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    wanted = state(fitted())
    last = n_steps()
    for at in range(1, last + 1, 3):
        keep = tmp_path / str(at)
        stopped(at, keep)
        begun: list[int] = []
        assert state(fitted(toy(seed=99), keep=keep, after_step=begun.append)) == wanted, at
        assert begun == list(range(at + 1, last + 1))
        assert [file.name for file in keep.iterdir()] == [FILE]


def test_stopped_again_and_again_it_gets_there(tmp_path: Path) -> None:
    for at in (2, 3, 7, 8, n_steps() - 1):
        stopped(at, tmp_path)
    assert state(fitted(toy(seed=99), keep=tmp_path)) == state(fitted())


def test_stopped_while_early_stopping_waits_it_has_the_best_weights(tmp_path: Path) -> None:
    settings = {"training": training(epochs=30, learning_rate=0.5, patience=1)}
    whole: list[int] = []
    wanted = state(fitted(after_step=whole.append, **settings))
    stopped(len(whole) - 1, tmp_path, **settings)
    rest: list[int] = []
    assert state(fitted(toy(seed=99), keep=tmp_path, after_step=rest.append, **settings)) == wanted
    assert whole == list(range(1, len(whole))) + rest


def test_a_training_that_is_through_is_only_loaded(tmp_path: Path) -> None:
    wanted = state(fitted(keep=tmp_path))
    begun: list[int] = []
    assert state(fitted(toy(seed=99), keep=tmp_path, after_step=begun.append)) == wanted
    assert begun == []


@pytest.mark.parametrize("fault", ["short", "empty", "bit", "text", "head", "half"])
def test_a_checkpoint_that_is_damaged_is_not_gone_on_with(fault: str, tmp_path: Path) -> None:
    wanted = state(fitted())
    stopped(5, tmp_path)
    file = tmp_path / FILE
    data = bytearray(file.read_bytes())
    if fault == "short":
        del data[-5:]
    elif fault == "empty":
        data.clear()
    elif fault == "bit":
        data[-3] ^= 4
    elif fault == "text":
        data[:] = b"nothing of the kind"
    elif fault == "head":
        data[:] = data.replace(b'\\"epoch\\"', b'\\"epock\\"')
    if fault == "half":
        file.rename(tmp_path / f"{FILE}.new")  # killed before the new one was whole
    else:
        file.write_bytes(data)
    begun: list[int] = []
    assert state(fitted(keep=tmp_path, after_step=begun.append)) == wanted
    assert begun[0] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 4},
        {"training": training(learning_rate=0.01)},
        {"training": training(epochs=4)},
        {"train": {"clip": 0.5}},
        {"problem": Problem(n=41)},
    ],
)
def test_a_checkpoint_of_another_training_is_not_gone_on_with(other: dict[str, Any], tmp_path: Path) -> None:
    stopped(5, tmp_path)
    assert state(fitted(keep=tmp_path, **other)) == state(fitted(**other))


def test_a_checkpoint_of_another_shape_is_not_gone_on_with(tmp_path: Path) -> None:
    stopped(5, tmp_path)

    def wider() -> Toy:
        module = toy()
        module.head = nn.Linear(4, 1, bias=False)
        nn.init.ones_(module.head.weight)
        return module

    assert state(fitted(wider(), keep=tmp_path)) == state(fitted(wider()))


def test_what_is_kept_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(4, tmp_path)
    before = (tmp_path / FILE).read_bytes()

    def full(tensors: Any, path: Path, head: Any) -> None:
        path.write_bytes(b"half of")
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("textmill.models.networks.checkpoint.save_file", full)
        with pytest.raises(OSError, match="no room"):
            fitted(keep=tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert state(fitted(keep=tmp_path)) == state(fitted())


@pytest.mark.slow
def test_killed_at_any_step_the_next_process_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    script = Path(__file__).parent / "toy_training.py"
    some = sorted(random.Random(8).sample(range(1, n_steps()), 6))
    subprocess.run([sys.executable, script, tmp_path, *map(str, some), "0"], check=True)
    wanted, found = np.load(tmp_path / "whole.npz"), np.load(tmp_path / "killed.npz")
    for name in wanted.files:
        assert found[name].tobytes() == wanted[name].tobytes()


# --- what goes wrong ---


def test_a_loss_that_is_no_number_stops_with_step_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem()
    calls = itertools.count(1)
    loss = problem.loss
    seen: list[list[int]] = []

    def spoiled(module: nn.Module, some: Any) -> torch.Tensor:
        seen.append(problem.texts(some))
        return loss(module, some) * (math.nan if next(calls) == 5 else 1.0)

    monkeypatch.setattr(problem, "loss", spoiled)
    with pytest.raises(TrainingError) as caught:
        fitted(problem=problem)
    said = str(caught.value)
    named = ", ".join(map(str, seen[4]))
    assert said.startswith(f"texts {named}: the loss is no number at step 3; got nan. ")  # two batches a step
    assert said.endswith("Lower train.learning_rate or train.clip.")
    assert caught.value.texts == tuple(seen[4])


def test_a_gradient_that_is_no_number_stops_before_it_is_in_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    module = toy()
    module.head.bias.register_hook(lambda gradient: gradient * math.inf)
    before = state(module)
    with pytest.raises(TrainingError, match=r"^texts 10\d\d, .*: the gradient is no number at step 1; got (inf|nan)"):
        fitted(module)
    assert state(module) == before


class Small(Toy):
    """Holds no more than some texts at once."""

    def __init__(self, most: int) -> None:
        super().__init__(dropout=0.0)
        self.most = most
        self.held: weakref.ref[torch.Tensor] | None = None
        self.asked: list[int] = []

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        if self.held is not None:
            assert self.held() is None, "what did not fit is still there"
            self.held = None
        self.asked.append(len(ids))
        states = super().forward(ids, lengths)
        if len(ids) > self.most and self.training:
            large = torch.zeros(10)
            self.held = weakref.ref(large)
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return states


def small(most: int) -> Small:
    torch.manual_seed(1)
    return Small(most)


def test_where_memory_runs_out_the_batch_is_halved_and_the_gradient_is_the_same() -> None:
    settings = {"training": training(batch_tokens=60)}
    wanted, halved = small(10_000), small(5)
    fitted(wanted, **settings)
    assert max(wanted.asked) > 10
    train = TrainConfig(threads=1, accumulate=2)
    trained = loop.fit(halved, Problem(), train, training(batch_tokens=60), seed=3)
    assert trained.halved >= 2
    for one, other in zip(wanted.parameters(), halved.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_memory_that_is_halved_is_halved_after_a_stop_too(tmp_path: Path) -> None:
    settings = {"training": training(batch_tokens=60)}
    whole = small(5)
    fitted(whole, **settings)
    stopped(3, tmp_path, module=small(5), **settings)
    rest = small(5)
    fitted(rest, keep=tmp_path, **settings)
    assert state(rest) == state(whole)
    assert max(rest.asked[:4]) <= 5


def test_one_text_that_is_too_large_is_named() -> None:
    with pytest.raises(TrainingError, match=r"^text 10\d\d: it alone is too large for the memory\. Lower model"):
        fitted(small(0))


def test_other_errors_of_torch_are_not_taken_for_want_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(problem: Problem, module: nn.Module, some: Any) -> torch.Tensor:
        return torch.zeros(2, 3) @ torch.zeros(2, 3)

    monkeypatch.setattr(Problem, "loss", broken)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        fitted()


def test_no_gpu_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="there is no GPU here"):
        loop.device_of(TrainConfig(device="cuda"))
    assert loop.device_of(TrainConfig()).type == "cpu"


def test_how_far_it_is_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    told: list[str] = []
    fitted(progress=told.append)
    assert told[0].startswith("epoch 1 of 3, ")
    assert "texts/s" in told[0]
    assert [one for one in told if " done, " in one][-1].startswith("epoch 3 of 3 done, loss ")


def test_a_standing_is_nowhere_at_first() -> None:
    assert Standing() == Standing(0, 0, 0, 0, 0.0, math.inf, 0, None, 0, [])
