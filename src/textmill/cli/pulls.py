"""An explanation as a person reads it: the text with each word's pull, and the strongest pulls in a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from textmill.cli.terminal import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from textmill.models import Explanation
    from textmill.types import Ref

__all__ = ["pulls_json", "pulls_shown", "word_pulls"]

_TOWARD, _AWAY = "blue", "dark_orange"  # told apart by eyes that do not tell red from green
_FAINT = 0.005  # rounds to 0.00


def word_pulls(
    explanation: Explanation, words: Sequence[tuple[int, int]]
) -> tuple[list[tuple[tuple[int, int], float]], float]:
    """The pull of each word, and what belongs to none of them.

    A pull is shared out evenly over the places where its term stands, and there over the words it is made of; so
    the words and the rest add up to all pulls.

    Parameters
    ----------
    words : half-open spans in code points of the text; none stands for every run of word characters

    Returns
    -------
    pulls : each word's span with its pull, in the order of the text
    rest : what no word carries
    """
    spans = sorted(set(words)) or [match.span() for match in re.finditer(r"\w+", explanation.text)]
    totals = dict.fromkeys(spans, 0.0)
    rest = 0.0
    for pull in explanation.pulls:
        if not pull.spans:
            rest += pull.value
        for start, end in pull.spans:
            share = pull.value / len(pull.spans)
            inside = [span for span in spans if span[0] < end and start < span[1]]
            for span in inside:
                totals[span] += share / len(inside)
            if not inside:
                rest += share
    return list(totals.items()), rest


def pulls_json(ref: Ref, explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain JSON values."""
    return {
        "model": ref.name,
        "version": ref.version,
        "text": explanation.text,
        "label": explanation.label,
        "scores": dict(zip(explanation.classes, map(float, explanation.scores), strict=True)),
        "toward": explanation.toward,
        "bias": float(explanation.bias),
        "pulls": [
            {"term": pull.term, "value": float(pull.value), "spans": [list(span) for span in pull.spans]}
            for pull in _strongest(explanation)
        ],
        "log_odds": _log_odds(explanation),
    }


def pulls_shown(
    ref: Ref, explanation: Explanation, words: Sequence[tuple[int, int]], *, top: int
) -> RenderableType:
    """What rich prints of an explanation."""
    score = float(explanation.scores[explanation.classes.index(explanation.label)])
    head = Text.assemble(
        (plain(explanation.label), "bold"), f", probability {score:.3f}, says {ref.name}, version {ref.version}"
    )
    return Group(head, Text(), _marked(explanation, words), Text(), *_table(explanation, top))


def _marked(explanation: Explanation, words: Sequence[tuple[int, int]]) -> Text:
    pulls, _ = word_pulls(explanation, words)
    shown, at = Text(), 0
    for (start, end), value in pulls:
        if start < at:  # spans of one word inside another: the first has been shown
            continue
        shown.append(plain(explanation.text[at:start]))
        shown.append(plain(explanation.text[start:end]), _style(value))
        if abs(value) >= _FAINT:
            shown.append(f"({value:+.2f})", _style(value, dim=True))
        at = end
    shown.append(plain(explanation.text[at:]))
    return shown


def _table(explanation: Explanation, top: int) -> list[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("pull", justify="right")
    table.add_column("")
    table.add_column("word or words", overflow="fold")
    strongest = _strongest(explanation)
    widest = max((abs(pull.value) for pull in strongest), default=1.0) or 1.0
    for pull in strongest[:top]:
        bar = max(1, round(12 * abs(pull.value) / widest))
        times = f"  x {len(pull.spans)}" if len(pull.spans) > 1 else ""
        style = _style(pull.value)
        table.add_row(Text(f"{pull.value:+.2f}", style), Text("#" * bar, style), Text(plain(pull.term) + times))
    others = strongest[top:]
    if others:
        table.add_row(f"{sum(pull.value for pull in others):+.2f}", "", f"{len(others)} more")
    table.add_row(f"{float(explanation.bias):+.2f}", "", "bias: where the model stands before it reads a word")
    total = _log_odds(explanation)
    table.add_section()
    table.add_row(
        Text(f"{total:+.2f}", "bold"), "", Text(f"log-odds of {plain(explanation.toward)}: probability {_sigmoid(total):.3f}")
    )
    note = Text.assemble(
        ("+ pulls towards ", "dim"), (plain(explanation.toward), _TOWARD), (", - pulls ", "dim"), ("away from it", _AWAY)
    )
    return [table, Text(), note]


def _strongest(explanation: Explanation) -> list[Any]:
    return sorted(explanation.pulls, key=lambda pull: (-abs(pull.value), pull.term))


def _log_odds(explanation: Explanation) -> float:
    return float(explanation.bias) + sum(float(pull.value) for pull in explanation.pulls)


def _sigmoid(log_odds: float) -> float:
    from math import exp

    return 1 / (1 + exp(-log_odds)) if log_odds >= 0 else exp(log_odds) / (1 + exp(log_odds))


def _style(value: float, *, dim: bool = False) -> str:
    if abs(value) < _FAINT:
        return "dim"
    return ("" if dim else "bold ") + (_TOWARD if value > 0 else _AWAY)
