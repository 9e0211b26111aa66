"""The networks that are trained from nothing. Imports torch.

Each has two halves: `embed` looks up vectors of tokens, `score` makes outputs of them, so that an explanation can ask
what each token's vector adds. Masks are bool (n_texts, longest), true where there is a token; no output depends on how
much was filled up behind.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from textmill.models.networks.shape import Shape

__all__ = ["Attention", "Convolution", "Encoder", "Network", "Recurrent", "mask_of", "pooled"]

_KERNELS = (3, 4, 5)  # words that a filter of Kim's sees


class Network(nn.Module):
    """Outputs of numbered tokens.

    Attributes
    ----------
    head : the last layer
    """

    head: nn.Linear

    @abstractmethod
    def embed(self, ids: Tensor) -> Tensor:
        """Vectors of tokens: int64 (n_texts, longest) to float32 (n_texts, longest, width)."""

    @abstractmethod
    def score(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Outputs float32 (n_texts, n_outputs) of vectors."""

    def whose(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The mask for `score`; where a network has to know, 1 for tokens of a pair's first text, 2 of its second."""
        return mask

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Outputs float32 (n_texts, n_outputs) of tokens."""
        return self.score(self.embed(ids), self.whose(ids, mask))

    @property
    def table_width(self) -> int | None:
        """Of the vectors of words, where there is a table of them that a file may have filled."""
        return None

    def finish(self) -> None:
        """After the training: what only the training needs goes."""

    def save_config(self, path: Path) -> None:
        """Write what has to be known of the architecture besides the settings."""


def mask_of(lengths: Tensor, longest: int) -> Tensor:
    """Where there is a token: bool (n_texts, longest) of int64 (n_texts,)."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def pooled(states: Tensor, mask: Tensor, how: str, attention: nn.Module | None = None) -> Tensor:
    """One vector for each text: float32 (n_texts, width) of (n_texts, longest, width)."""
    inside = mask.unsqueeze(-1)
    if how == "first":
        return states[:, 0]
    if how == "max":
        return states.masked_fill(~inside, -torch.inf).amax(1)
    if how == "attention":
        assert attention is not None
        weights = attention(states).masked_fill(~inside, -torch.inf).softmax(1)
        found: Tensor = (weights * states).sum(1)
        return found
    mean: Tensor = (states * inside).sum(1) / inside.sum(1)
    return mean


class _Words(Network):
    """A table of vectors, whose gradients touch only the rows that a batch has."""

    def __init__(self, n_terms: int, shape: Shape, vectors: Tensor | None, frozen: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(n_terms, shape.width if vectors is None else vectors.shape[1], sparse=True)
        nn.init.normal_(self.table.weight, std=0.1)
        if vectors is not None:
            self.table.weight.data.copy_(vectors)
        self.table.weight.data[0] = 0.0  # of what fills up
        self.table.weight.requires_grad_(not frozen)
        self.dropout = nn.Dropout(shape.dropout)

    @property
    def table_width(self) -> int:
        return self.table.embedding_dim

    def embed(self, ids: Tensor) -> Tensor:
        found: Tensor = self.table(ids)
        return found


class Convolution(_Words):
    """Filters over three, four and five words, the strongest answer of each (Kim, 2014)."""

    def __init__(self, n_terms: int, n_outputs: int, shape: Shape, vectors: Tensor | None, frozen: bool) -> None:
        super().__init__(n_terms, shape, vectors, frozen)
        self.filters = nn.ModuleList(nn.Conv1d(self.table_width, shape.width, k, padding=k - 1) for k in _KERNELS)
        self.head = nn.Linear(shape.width * len(_KERNELS), n_outputs)

    def score(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """See `Network.score`."""
        across = self.dropout(vectors * mask.unsqueeze(-1)).transpose(1, 2)
        found = []
        for kernel, convolution in zip(_KERNELS, self.filters, strict=True):
            answers = convolution(across)  # one a place of the filter, those that hang over the ends among them
            ends = mask.sum(1)[:, None, None] + kernel - 1  # from there on a filter sees no word of the text
            touched = torch.arange(answers.shape[2], device=mask.device) < ends
            found.append(answers.masked_fill(~touched, -torch.inf).amax(2))
        outputs: Tensor = self.head(self.dropout(functional.relu(torch.cat(found, 1))))
        return outputs


class Recurrent(_Words):
    """LSTM or GRU, read from both ends.

    The way back is a layer of its own over texts that were turned round, each within its length. So nothing needs to be
    packed: a text's states are the same whatever is filled up behind it.
    """

    def __init__(
        self, kind: str, n_terms: int, n_outputs: int, shape: Shape, vectors: Tensor | None, frozen: bool
    ) -> None:
        super().__init__(n_terms, shape, vectors, frozen)
        make = nn.LSTM if kind == "lstm" else nn.GRU
        widths = [self.table_width, *[2 * shape.width] * (shape.layers - 1)]
        self.there = nn.ModuleList(make(width, shape.width, batch_first=True) for width in widths)
        self.back = nn.ModuleList(make(width, shape.width, batch_first=True) for width in widths)
        self.pooling = shape.pooling
        self.attention = Attention(2 * shape.width) if shape.pooling == "attention" else None
        self.head = nn.Linear(2 * shape.width, n_outputs)

    def score(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """See `Network.score`."""
        turned = _turned(mask)
        states = vectors
        for there, back in zip(self.there, self.back, strict=True):
            states = self.dropout(states)
            forth, _ = there(states)
            other, _ = back(_taken(states, turned))
            states = torch.cat([forth, _taken(other, turned)], 2)
        outputs: Tensor = self.head(self.dropout(pooled(states, mask, self.pooling, self.attention)))
        return outputs


def _turned(mask: Tensor) -> Tensor:
    """Where each token stands when its text is turned round: int64 (n_texts, longest); what fills up stays."""
    places = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    return torch.where(mask, mask.sum(1, keepdim=True) - 1 - places, places)


def _taken(states: Tensor, places: Tensor) -> Tensor:
    return states.gather(1, places.unsqueeze(-1).expand_as(states))


class Attention(nn.Module):
    """How much each state counts (Yang and others, Hierarchical Attention Networks, 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width // 2)
        self.weight = nn.Linear(width // 2, 1, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """Weights before the softmax: float32 (n_texts, longest, 1)."""
        found: Tensor = self.weight(torch.tanh(self.hidden(states)))
        return found


class Encoder(_Words):
    """A small transformer: norms first, rotary or learned positions (Vaswani, 2017; Su, RoFormer, 2021)."""

    def __init__(self, n_terms: int, n_outputs: int, shape: Shape, positions: str) -> None:
        super().__init__(n_terms, shape, None, False)
        self.positions = nn.Embedding(shape.max_tokens, shape.width) if positions == "learned" else None
        if self.positions is not None:
            nn.init.normal_(self.positions.weight, std=0.02)
        self.head_width = shape.width // shape.heads
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.pooling = shape.pooling
        self.attention = Attention(shape.width) if shape.pooling == "attention" else None
        self.head = nn.Linear(shape.width, n_outputs)

    def score(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """See `Network.score`."""
        if self.positions is not None:
            vectors = vectors + self.positions.weight[: vectors.shape[1]]
        turn = None if self.positions is not None else _rotation(vectors, self.head_width)
        seen = mask[:, None, None, :]
        states = self.dropout(vectors)
        for block in self.blocks:
            states = block(states, seen, turn)
        outputs: Tensor = self.head(self.dropout(pooled(self.norm(states), mask, self.pooling, self.attention)))
        return outputs


class _Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_width = shape.heads, shape.width // shape.heads
        self.first, self.second = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.asked = nn.Linear(shape.width, 3 * shape.width)
        self.said = nn.Linear(shape.width, shape.width)
        self.wide = nn.Linear(shape.width, 4 * shape.width)
        self.narrow = nn.Linear(4 * shape.width, shape.width)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, states: Tensor, seen: Tensor, turn: tuple[Tensor, Tensor] | None) -> Tensor:
        n, longest, width = states.shape
        query, key, value = (
            self.asked(self.first(states)).view(n, longest, 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4)
        )
        if turn is not None:
            query, key = _rotated(query, *turn), _rotated(key, *turn)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        states = states + self.dropout(self.said(found.transpose(1, 2).reshape(n, longest, width)))
        wide: Tensor = states + self.dropout(self.narrow(functional.gelu(self.wide(self.second(states)))))
        return wide


def _rotation(vectors: Tensor, width: int) -> tuple[Tensor, Tensor]:
    rates = 10_000.0 ** (-torch.arange(0, width, 2, device=vectors.device) / width)
    angles = torch.arange(vectors.shape[1], device=vectors.device)[:, None] * rates
    return angles.cos(), angles.sin()


def _rotated(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    even, odd = states.chunk(2, -1)
    return torch.cat([even * cos - odd * sin, even * sin + odd * cos], -1)
