"""How a network was trained: for how long, why it stopped, and its loss from epoch to epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import escape
from textmill.evaluate.plots import grid, svg
from textmill.evaluate.sentences import counted

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["loss_plot", "trained", "training"]

_WIDTH, _LEFT, _RIGHT, _TOP, _HEIGHT = 440, 58, 12, 14, 240
_LINES = (("loss", 0, "of texts learned from, as they were met"), ("validation", 1, "of texts held back"))


def training(report: Report, config: Mapping[str, Any]) -> str:
    """The section of the page; nothing where no network was trained."""
    facts = report.cost.get("training") or {}
    told = trained(facts, _kind(config))
    if not told:
        return ""
    parts = [f'<p class="lead">{escape(" ".join(told))}</p>']
    epochs = facts.get("epochs") or []
    if len(epochs) > 1:
        names = [(name, colour, said) for name, colour, said in _LINES if epochs[0].get(name) is not None]
        legend = "".join(f'<li><i class="swatch c{colour}"></i>loss {said}</li>' for _, colour, said in names)
        parts.append(
            f"<figure>{loss_plot(epochs, facts.get('best_epoch', 0))}<figcaption>Where the loss of texts held back"
            f' rises again, it learns by heart.<ul class="legend">{legend}</ul></figcaption></figure>'
        )
    return "".join(parts)


def _kind(config: Mapping[str, Any]) -> str:
    return str((config.get("model") or {}).get("kind", "network"))


def trained(facts: Mapping[str, Any], kind: str) -> list[str]:
    """Sentences on a network and its training; none of a model that is no network.

    Parameters
    ----------
    facts : of the training
    kind : of the model

    Examples
    --------
    >>> facts = {"n_weights": 1_300_000, "n_terms": 9_000, "judged": 210, "best_epoch": 2, "steps": 300,
    ...          "learning_rate": 0.001, "most_epochs": 10,
    ...          "epochs": [{"loss": 0.7, "validation": 0.6}, {"loss": 0.5, "validation": 0.5},
    ...                     {"loss": 0.4, "validation": 0.52}]}
    >>> for sentence in trained(facts, "lstm"):
    ...     print(sentence)
    kind = lstm: 1,300,000 weights, 9,000 terms.
    3 epochs of at most 10, 300 steps, learning rate 0.001.
    Epoch 2 was the best on 210 texts held back: its weights are the model's.
    """
    if "n_weights" not in facts:
        return []
    told = [f"kind = {kind}: {facts['n_weights']:,} weights, {counted(facts['n_terms'], 'term', 'terms')}."]
    epochs = facts.get("epochs") or []
    if not epochs or "most_epochs" not in facts:
        return told
    few = f" of at most {facts['most_epochs']}" if len(epochs) < facts["most_epochs"] else ""
    told.append(
        f"{counted(len(epochs), 'epoch', 'epochs')}{few}, {counted(facts['steps'], 'step', 'steps')}, learning rate"
        f" {facts['learning_rate']:g}."
    )
    if epochs[0].get("validation") is not None:
        held = counted(facts["judged"], "text", "texts")
        told.append(f"Epoch {facts['best_epoch']} was the best on {held} held back: its weights are the model's.")
    if facts.get("halved"):
        told.append(f"Memory ran out, and the batch was cut in two {counted(facts['halved'], 'time', 'times')}.")
    return told


def loss_plot(epochs: Sequence[Mapping[str, float | None]], best: int) -> str:
    """The loss after each epoch, of the texts learned from and of those held back.

    Parameters
    ----------
    epochs : two or more, of each ``loss`` and ``validation``
    best : the epoch that is marked, from 1
    """
    lines = {
        name: [value for one in epochs if (value := one.get(name)) is not None and math.isfinite(value)]
        for name, _, _ in _LINES
    }
    top = max(value for line in lines.values() for value in line) or 1.0
    inner = _WIDTH - _LEFT - _RIGHT

    def x(epoch: int) -> float:
        return _LEFT + inner * (epoch - 1) / (len(epochs) - 1)

    def y(value: float) -> float:
        return _TOP + (1 - value / top) * _HEIGHT

    body = [grid(0, top, y, ".2g")]
    for name, colour, said in _LINES:
        line = lines[name]
        if len(line) == len(epochs):
            points = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in enumerate(line, 1))
            body.append(f'<polyline class="line c{colour}" points="{points}"><title>loss {said}</title></polyline>')
    if 0 < best <= len(lines["validation"]):
        body.append(
            f'<circle class="mark c1" cx="{x(best):.1f}" cy="{y(lines["validation"][best - 1]):.1f}" r="6">'
            f"<title>the best epoch, {best}</title></circle>"
        )
    bottom = _TOP + _HEIGHT
    every = -(-len(epochs) // 10)
    for epoch in range(1, len(epochs) + 1, every):
        body.append(f'<text class="tick" x="{x(epoch):.1f}" y="{bottom + 19}" text-anchor="middle">{epoch}</text>')
    body.append(f'<text class="axis" x="{_LEFT + inner / 2:.1f}" y="{bottom + 41}" text-anchor="middle">epoch</text>')
    said = "; ".join(
        f"loss {said} from {lines[name][0]:.3f} to {lines[name][-1]:.3f}" for name, _, said in _LINES if lines[name]
    )
    return svg(bottom + 48, "Loss over epochs", said, "".join(body), "loss")
