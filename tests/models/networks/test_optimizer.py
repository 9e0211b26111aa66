"""Updates of weights: torch's own AdamW, a lazy Adam for tables, and which of them decay."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from textmill.config import TrainConfig
from textmill.models.networks.optimizer import Optimizer, Rates

RATE = 0.05


class Toy(nn.Module):
    def __init__(self, sparse: bool = False) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 4, sparse=sparse)
        self.places = nn.Embedding(5, 4)
        self.norm = nn.LayerNorm(4)
        self.linear = nn.Linear(4, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states = self.norm(self.table(ids) + self.places.weight[: ids.shape[1]])
        return self.linear(states).square().mean(1)


def optimizer(module: nn.Module, **train: float) -> Optimizer:
    return Optimizer(module, TrainConfig(**train), Rates.alike(module))  # type: ignore[arg-type]


def batches(n: int) -> list[torch.Tensor]:
    return [torch.randint(0, 6, (3, 4)) for _ in range(n)]  # rows 6, 7, 8 of the table are never met


def test_it_is_torchs_adamw_after_clip_grad_norm() -> None:
    ours = Toy()
    theirs = copy.deepcopy(ours)
    own = optimizer(ours, weight_decay=0.1)
    tables = [theirs.table.weight, theirs.places.weight]
    plain = [*tables, theirs.norm.weight, theirs.norm.bias, theirs.linear.bias]
    reference = torch.optim.AdamW(
        [{"params": [theirs.linear.weight], "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=RATE
    )
    for number, ids in enumerate(batches(8)):
        clip = (0.05, 100.0)[number % 2]  # shortened, and not
        ours(ids).sum().backward()
        theirs(ids).sum().backward()
        length = own.step(RATE, clip)
        assert length == pytest.approx(float(nn.utils.clip_grad_norm_(theirs.parameters(), clip)), rel=1e-5)
        reference.step()
        reference.zero_grad()
        assert all(one.grad is None for one in ours.parameters())
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5, msg=name)


def test_biases_norms_and_tables_do_not_decay() -> None:
    module = Toy()
    before = {name: one.detach().clone() for name, one in module.named_parameters()}
    own = optimizer(module, weight_decay=0.5)
    for one in module.parameters():
        one.grad = torch.zeros_like(one)
    own.step(RATE, 1.0)
    moved = {name for name, one in module.named_parameters() if not torch.equal(one, before[name])}
    assert moved == {"linear.weight"}
    torch.testing.assert_close(module.linear.weight.detach(), before["linear.weight"] * (1 - RATE * 0.5))


def test_a_sparse_table_is_a_lazy_adam() -> None:
    module = Toy(sparse=True)
    twin = module.table.weight.detach().clone().double()
    own = optimizer(module, weight_decay=0.3)
    first, second = torch.zeros_like(twin), torch.zeros_like(twin)
    for step, ids in enumerate(batches(6), 1):
        module(ids).sum().backward()
        gradient = module.table.weight.grad.coalesce().to_dense().double()
        met = ids.unique()
        own.step(RATE, 1e9)
        first[met] = 0.9 * first[met] + 0.1 * gradient[met]
        second[met] = 0.999 * second[met] + 0.001 * gradient[met] ** 2
        rate = RATE * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        twin[met] -= rate * first[met] / (second[met].sqrt() + 1e-8)
    torch.testing.assert_close(module.table.weight.detach().double(), twin, atol=1e-5, rtol=1e-4)


def test_rows_that_no_step_met_stay_and_a_sparse_gradient_counts_in_the_length() -> None:
    sparse, dense = Toy(sparse=True), Toy()
    dense.load_state_dict(sparse.state_dict())
    before = sparse.table.weight.detach().clone()
    ids = torch.tensor([[1, 1, 2, 5], [1, 3, 2, 5]])  # rows that are met more than once among them
    for module in (sparse, dense):
        module(ids).sum().backward()
    lengths = [optimizer(module).step(RATE, 1e-3) for module in (sparse, dense)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-5)
    moved = (sparse.table.weight != before).any(1).nonzero().ravel().tolist()
    assert moved == [1, 2, 3, 5]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_moves_nothing(bad: float) -> None:
    module = Toy()
    before = {name: one.detach().clone() for name, one in module.named_parameters()}
    own = optimizer(module)
    for one in module.parameters():
        one.grad = torch.zeros_like(one)
    module.linear.bias.grad[1] = bad
    assert not math.isfinite(own.step(RATE, 1.0))
    assert all(torch.equal(one, before[name]) for name, one in module.named_parameters())


def test_a_share_of_the_rate_and_weights_that_are_not_trained() -> None:
    module = Toy()
    module.norm.requires_grad_(False)
    before = {name: one.detach().clone() for name, one in module.named_parameters()}
    shares = {name: 0.5 if name.startswith("linear") else 1.0 for name in before}
    own = Optimizer(module, TrainConfig(weight_decay=0.0), Rates(shares))
    module(torch.tensor([[0, 1]])).sum().backward()
    own.step(RATE, 1e9)
    moved = {name: float((one.detach() - before[name]).abs().max()) for name, one in module.named_parameters()}
    assert moved["norm.weight"] == moved["norm.bias"] == 0
    assert moved["linear.bias"] == pytest.approx(RATE / 2, rel=1e-4)  # the first step of Adam is as long as the rate
    assert moved["places.weight"] == pytest.approx(RATE, rel=1e-3)


def test_state_and_back_go_on_alike() -> None:
    def go_on(module: Toy, own: Optimizer, some: list[torch.Tensor]) -> None:
        for ids in some:
            module(ids).sum().backward()
            own.step(RATE, 1.0)

    whole = Toy(sparse=True)
    some = batches(8)
    cut = copy.deepcopy(whole)
    go_on(whole, optimizer(whole), some)
    own = optimizer(cut)
    go_on(cut, own, some[:4])
    kept = {name: value.clone() for name, value in own.state()}
    other = copy.deepcopy(cut)
    again = optimizer(other)
    again.restore(kept)
    go_on(other, again, some[4:])
    assert all(torch.equal(one, two) for one, two in zip(whole.parameters(), other.parameters(), strict=True))
