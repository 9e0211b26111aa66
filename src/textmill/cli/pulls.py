"""An explanation as a person reads it: the text with each word's pull, and the strongest pulls in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from textmill.cli.terminal import plain
from textmill.types import parted, parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from textmill.evaluate.attribution import WordEffect
    from textmill.models import Explanation
    from textmill.text.path import StageResult
    from textmill.types import Ref

__all__ = [
    "decision_shown",
    "effects_shown",
    "pulls_json",
    "pulls_shown",
    "stages_json",
    "stages_shown",
    "turned_json",
    "turned_shown",
    "word_pulls",
]

_TOWARD, _AWAY = "blue", "dark_orange"  # told apart by eyes that do not tell red from green
_FAINT = 0.005  # rounds to 0.00


def word_pulls(explanation: Explanation) -> dict[tuple[int, int], float]:
    """The pull of each word, by its span in code points of the text, in the order of the text.

    A pull is shared out evenly over the words that its term is made of, wherever it stands; so the words add up to
    all pulls.
    """
    totals: dict[tuple[int, int], float] = {}
    for pull in explanation.pulls:
        for span in pull.spans:
            totals[span] = totals.get(span, 0.0) + pull.value / len(pull.spans)
    return dict(sorted(totals.items()))


def pulls_json(ref: Ref, explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain JSON values."""
    return {
        "model": ref.name,
        "version": ref.version,
        "text": both if len(both := parts(explanation.text)) > 1 else explanation.text,
        **({"labels": parted(explanation.answer or "")} if explanation.several else {"label": explanation.answer}),
        "scores": dict(zip(explanation.classes, explanation.scores, strict=True)),
        "toward": explanation.toward,
        "bias": explanation.bias,
        "exact": explanation.exact,
        "pulls": [
            {"term": pull.term, "value": pull.value, "spans": [list(span) for span in pull.spans]}
            for pull in explanation.pulls
        ],
        "log_odds": explanation.log_odds,
    }


def pulls_shown(ref: Ref, explanation: Explanation, *, top: int) -> RenderableType:
    """What rich prints of an explanation: the text, and a table of the `top` strongest pulls."""
    nothing = Text("no word of this text is known to the model: what is left is the bias")
    unknown = [] if explanation.pulls else [nothing]
    return Group(_head(ref, explanation), Text(), _marked(explanation), Text(), *unknown, *_table(explanation, top))


def effects_shown(ref: Ref, explanation: Explanation, effects: Sequence[WordEffect], *, top: int) -> RenderableType:
    """What rich prints of words and how much of the probability each is worth."""
    shown, at = Text(), 0
    for one in effects:
        shown.append(plain(explanation.text[at : one.span[0]]))
        shown.append(plain(one.word), _style(one.value))
        at = one.span[1]
    shown.append(plain(explanation.text[at:]))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("worth", justify="right")
    table.add_column("")
    table.add_column("word", overflow="fold")
    strongest = sorted(effects, key=lambda one: (-abs(one.value), one.span))[:top]
    widest = max((abs(one.value) for one in strongest), default=1.0) or 1.0
    for one in strongest:
        style = _style(one.value)
        bar = "#" * max(1, round(12 * abs(one.value) / widest))
        table.add_row(Text(f"{one.value:+.3f}", style), Text(bar, style), Text(plain(one.word)))
    note = Text(f"of the probability of {plain(explanation.toward)}", "dim")
    return Group(_head(ref, explanation), Text(), shown, Text(), table, Text(), note)


def turned_shown(turned: tuple[Sequence[WordEffect], str]) -> Text:
    """What rich prints of the words without which the decision would be another."""
    words, said = turned
    named = ", ".join(plain(one.word) for one in words)
    return Text.assemble("Without ", (named, "bold"), ", it would say ", (plain(said), "bold"), ".")


def turned_json(turned: tuple[Sequence[WordEffect], str] | None) -> dict[str, Any] | None:
    """The words without which the decision would be another, as plain JSON values."""
    if turned is None:
        return None
    words, said = turned
    return {"label": said, "without": [{"word": one.word, "span": list(one.span)} for one in words]}


def _head(ref: Ref, explanation: Explanation) -> Text:
    score = explanation.scores[explanation.classes.index(explanation.label)]
    by = f", by the model {ref.name}@{ref.version}"
    if explanation.answer is None:
        return Text.assemble(("no answer", "bold"), f": {plain(explanation.label)} has probability {score:.3f}{by}")
    if explanation.several:
        said = plain(explanation.answer) or "no label"
        return Text.assemble((said, "bold"), f" ({plain(explanation.label)} has probability {score:.3f}){by}")
    return Text.assemble((plain(explanation.answer), "bold"), f" (probability {score:.3f}){by}")


def decision_shown(explanation: Explanation, told: Sequence[str]) -> Text:
    """What rich prints of how the probability became an answer."""
    score = explanation.scores[explanation.classes.index(explanation.toward)]
    moved = f", which is {score:.3f} in the end" if abs(score - explanation.said) >= 5e-4 else ""
    return Text(f"How the model answers: {'; '.join(map(plain, told))}{moved}.", "dim")


def stages_shown(stages: Sequence[StageResult]) -> RenderableType:
    """What rich prints of what each stage of the text path made of a text."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("stage", no_wrap=True)
    table.add_column("what it left", overflow="fold")
    for stage in stages:
        if stage.tokens is None:
            table.add_row(stage.stage, Text(plain(stage.text or "")))
        else:
            table.add_row(stage.stage, Text(" | ".join(plain(token) for token, _, _ in stage.tokens)))
    return table


def stages_json(stages: Sequence[StageResult]) -> list[dict[str, Any]]:
    """The stages as plain JSON values; a token is [term, start, end]."""
    return [
        {"stage": stage.stage, "text": stage.text}
        if stage.tokens is None
        else {"stage": stage.stage, "tokens": [list(token) for token in stage.tokens]}
        for stage in stages
    ]


def _marked(explanation: Explanation) -> Text:
    shown, at = Text(), 0
    for (start, end), value in word_pulls(explanation).items():
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
    widest = max((abs(pull.value) for pull in explanation.pulls), default=1.0) or 1.0
    for pull in explanation.pulls[:top]:
        bar = max(1, round(12 * abs(pull.value) / widest)) if pull.value else 0
        often = len(pull.spans) // len(pull.term.split())  # a span a word
        times = f"  x {often}" if often > 1 else ""
        unknown = "" if explanation.exact or pull.value else "  (a word that it does not know)"
        style = _style(pull.value)
        word = Text.assemble(plain(pull.term) + times, (unknown, "dim"))
        table.add_row(Text(f"{pull.value:+.2f}", style), Text("#" * bar, style), word)
    others = explanation.pulls[top:]
    if others:
        table.add_row(f"{sum(pull.value for pull in others):+.2f}", "", f"{len(others)} more")
    start = (
        "where the model stands before it reads a word" if explanation.exact else "what it says of unknown words alone"
    )
    table.add_row(f"{explanation.bias:+.2f}", "", f"bias: {start}")
    # with more than two classes every class has an output of its own, and all of them decide on the probability
    name = "log-odds" if len(explanation.classes) == 2 or explanation.several else "output"
    total = Text(f"{name} of {plain(explanation.toward)}: probability {explanation.said:.3f}")
    table.add_row(Text(f"{explanation.log_odds:+.2f}", "bold"), "", total)
    note = Text.assemble(
        ("+ pulls towards ", "dim"),
        (plain(explanation.toward), _TOWARD),
        (", - pulls ", "dim"),
        ("away from it", _AWAY),
    )
    if any(len(set(pull.spans)) > 1 for pull in explanation.pulls):
        # else the figures in the text and those of the table look at odds
        note.append("; in the text, a pull is shared evenly by all words that it comes from", "dim")
    return [table, Text(), note]


def _style(value: float, *, dim: bool = False) -> str:
    if abs(value) < _FAINT:
        return "dim"
    return ("" if dim else "bold ") + (_TOWARD if value > 0 else _AWAY)
