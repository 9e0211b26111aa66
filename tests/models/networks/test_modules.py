"""Networks: against torch's own and naive ones; nothing of a text's output depends on what is filled up behind it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from textmill.models.networks.modules import (
    Convolution,
    Encoder,
    Network,
    Recurrent,
    _Block,
    _rotated,
    _rotation,
    pooled,
)
from textmill.models.networks.shape import Shape

N_TERMS, N_OUTPUTS = 30, 3
LENGTHS = [1, 2, 7, 4, 11]


def shape(pooling: str = "mean", **sizes: int) -> Shape:
    return Shape(**({"width": 16, "layers": 2, "heads": 2, "dropout": 0.3, "max_tokens": 12} | sizes), pooling=pooling)


def made(kind: str, pooling: str = "mean") -> Network:
    torch.manual_seed(5)
    if kind == "cnn":
        return Convolution(N_TERMS, N_OUTPUTS, shape(), None, False).eval()
    if kind in ("lstm", "gru"):
        return Recurrent(kind, N_TERMS, N_OUTPUTS, shape(pooling), None, False).eval()
    return Encoder(N_TERMS, N_OUTPUTS, shape(pooling), kind).eval()


def batch(lengths: list[int], longest: int, fill: int = 0) -> tuple[Tensor, Tensor]:
    draw = np.random.default_rng(1)
    ids = np.full((len(lengths), longest), fill)
    for row, length in enumerate(lengths):
        ids[row, :length] = draw.integers(1, N_TERMS, length)
    return torch.from_numpy(ids), torch.arange(longest) < torch.tensor(lengths)[:, None]


ALL = [
    ("cnn", "max"),
    *((kind, how) for kind in ("lstm", "gru", "rotary", "learned") for how in ("mean", "max", "attention", "first")),
]


@pytest.mark.parametrize(("kind", "pooling"), ALL)
def test_a_text_alone_scores_as_among_longer_ones(kind: str, pooling: str) -> None:
    network = made(kind, pooling)
    ids, mask = batch(LENGTHS, 12, fill=9)  # whatever stands behind a text
    with torch.inference_mode():
        together = network(ids, mask)
        alone = torch.cat([network(ids[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(LENGTHS)])
        filled = network(torch.where(mask, ids, 0), mask)
    assert together.shape == (len(LENGTHS), N_OUTPUTS)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together, filled, atol=1e-5, rtol=1e-5)
    assert (together.std(0) > 1e-4).all()  # they are not all alike


@pytest.mark.parametrize(("kind", "pooling"), ALL)
def test_what_is_filled_up_has_no_gradient_and_every_token_has_one(kind: str, pooling: str) -> None:
    network = made(kind, pooling)
    ids, mask = batch(LENGTHS, 12, fill=9)
    vectors = network.embed(ids).detach().requires_grad_()
    (network.score(vectors, mask) * torch.tensor([1.0, -2.0, 0.5])).sum().backward()
    met = vectors.grad.abs().sum(-1)
    assert (met[~mask] == 0).all()
    if pooling not in ("max", "first"):
        assert (met[mask] > 0).all()


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_reading_from_both_ends_is_torchs_own_over_packed_texts(kind: str) -> None:
    network = made(kind)
    assert isinstance(network, Recurrent)
    theirs = (nn.LSTM if kind == "lstm" else nn.GRU)(16, 16, num_layers=2, batch_first=True, bidirectional=True)
    named = dict(theirs.named_parameters())
    for layer, (there, back) in enumerate(zip(network.there, network.back, strict=True)):
        for one, end in ((there, ""), (back, "_reverse")):
            for name, value in one.named_parameters():
                named[f"{name.removesuffix('_l0')}_l{layer}{end}"].data.copy_(value)
    ids, mask = batch(LENGTHS, 12)
    with torch.inference_mode():
        vectors = network.embed(ids)
        packed = pack_padded_sequence(vectors, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True)
        wanted = torch.stack([states[i, :n].mean(0) for i, n in enumerate(LENGTHS)])
        torch.testing.assert_close(network(ids, mask), network.head(wanted), atol=1e-5, rtol=1e-5)


def test_filters_are_a_naive_loop_over_words() -> None:
    network = made("cnn")
    assert isinstance(network, Convolution)
    ids, mask = batch(LENGTHS, 12)
    wanted = []
    with torch.inference_mode():
        for row, length in enumerate(LENGTHS):
            words = network.embed(ids[row, :length])
            strongest = []
            for kernel, filters in zip((3, 4, 5), network.filters, strict=True):
                nothing = torch.zeros(kernel - 1, words.shape[1])
                wide = torch.cat([nothing, words, nothing])  # a filter may hang over the ends
                answers = [
                    torch.einsum("okw,kw->o", filters.weight.permute(0, 2, 1), wide[at : at + kernel]) + filters.bias
                    for at in range(length + kernel - 1)
                ]
                strongest.append(torch.stack(answers).amax(0))
            wanted.append(network.head(torch.cat(strongest).clamp(min=0)))
        torch.testing.assert_close(network(ids, mask), torch.stack(wanted), atol=1e-5, rtol=1e-5)


def test_rotary_attention_knows_places_apart_and_not_where_it_all_begins() -> None:
    torch.manual_seed(2)
    block = _Block(shape()).eval()
    states = torch.randn(1, 6, 16)
    angles = _rotation(torch.zeros(1, 40, 16), 8)
    seen = torch.ones(1, 1, 1, 6, dtype=torch.bool)

    def said(begin: int) -> Tensor:
        return block(states, seen, tuple(one[begin : begin + 6] for one in angles))

    with torch.inference_mode():
        torch.testing.assert_close(said(0), said(33), atol=1e-5, rtol=1e-5)
        assert (said(0) - block(states, seen, None)).abs().max() > 1e-3
        spread = tuple(one[:12:2] for one in angles)  # twice as far apart
        assert (said(0) - block(states, seen, spread)).abs().max() > 1e-3
        one = torch.randn(1, 1, 40, 8)
        torch.testing.assert_close(_rotated(one, *angles).norm(dim=-1), one.norm(dim=-1))  # a turn and no stretch


def test_an_encoder_without_turns_is_a_naive_attention() -> None:
    torch.manual_seed(2)
    block = _Block(shape()).eval()
    states = torch.randn(2, 5, 16)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    with torch.inference_mode():
        found = block(states, mask[:, None, None, :], None)
        for row, length in enumerate((5, 2)):
            x = states[row, :length]
            query, key, value = block.asked(block.first(x)).split(16, -1)
            heads = []
            for head in range(2):
                own = slice(8 * head, 8 * head + 8)
                weights = (query[:, own] @ key[:, own].T / 8**0.5).softmax(-1)
                heads.append(weights @ value[:, own])
            x = x + block.said(torch.cat(heads, -1))
            x = x + block.narrow(nn.functional.gelu(block.wide(block.second(x))))
            torch.testing.assert_close(found[row, :length], x, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["rotary", "learned", "lstm", "gru", "cnn"])
def test_the_order_of_words_counts(kind: str) -> None:
    network = made(kind, "mean")
    ids = torch.tensor([[2, 3, 4, 5]])
    mask = torch.ones_like(ids, dtype=torch.bool)
    with torch.inference_mode():
        assert (network(ids, mask) - network(ids.flip(1), mask)).abs().max() > 1e-4


def test_pooling_of_a_text_of_one_token_is_that_token() -> None:
    states = torch.randn(1, 4, 6)
    mask = torch.tensor([[True, False, False, False]])
    torch.manual_seed(0)
    for how in ("mean", "max", "first", "attention"):
        torch.testing.assert_close(pooled(states, mask, how, nn.Linear(6, 1)), states[:, 0])


def test_vectors_that_are_given_stay_where_they_are_frozen_and_decide_the_width() -> None:
    vectors = torch.randn(N_TERMS, 10)
    network = Recurrent("gru", N_TERMS, N_OUTPUTS, shape(), vectors, True)
    assert network.table_width == 10
    assert not network.table.weight.requires_grad
    torch.testing.assert_close(network.table.weight[1:], vectors[1:])
    assert (network.table.weight[0] == 0).all()
