"""A report in the terminal: what a person wants to read after a run, within 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from textmill.evaluate.markup import colour
from textmill.evaluate.sentences import (
    LOWER_IS_BETTER,
    confusions,
    decided,
    folded,
    leak_check,
    measured,
    number,
    sliced_by,
    standing,
    title,
    verdict,
)

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from textmill.types import Report, Score

__all__ = ["summary"]

_COLOURS = ("blue", "dark_orange", "green", "magenta", "cyan", "yellow", "red", "bright_black")
_MOST_CLASSES = 12
_MOST_TOLD = 6
_WORDS = 10


def summary(report: Report) -> Summary:
    """What rich prints of a report.

    Colour is rich's to give or to leave away, so a pipe gets plain text; a terminal without Unicode gets ASCII.

    Examples
    --------
    >>> import io
    >>> from rich.console import Console
    >>> from textmill.types import Report, Score
    >>> scores = {name: Score(1, 1, 1) for name in ("precision", "recall", "f1", "support")}
    >>> report = Report("demo", ("a", "b"), {"accuracy": Score(0.9, 0.8, 1.0, 0.5)}, {"a": scores, "b": scores},
    ...                 [[3, 0], [0, 3]], {}, {"test": 6}, {}, {})
    >>> out = io.StringIO()
    >>> Console(file=out, width=80).print(summary(report))
    >>> out.getvalue().splitlines()[0].strip()
    'demo: 6 test rows'
    """
    return Summary(report)


class Summary:
    """Renders itself in rich's protocol; made by `summary`."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(40, min(options.max_width, 100))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        report, plain = self.report, options.ascii_only
        width = min(options.max_width, 100)
        yield _safe(_headline(report), plain)
        yield _safe(Text(verdict(report)), plain)
        yield Text()
        if folded(report):
            yield _safe(Text(folded(report)), plain)
            yield Text()
        yield _metrics(report, plain, width)
        yield Text()
        yield _per_class(report, plain)
        yield Text()
        if report.details.get("candidates"):
            yield _board(report, plain)
            for sentence in standing(report):
                yield _safe(Text(sentence), plain)
            yield Text()
        if report.confusion:
            yield from _confusion(report, plain)
            yield Text()
        yield _safe(_leaks(report), plain)
        for sentence in decided(report):
            yield _safe(Text.assemble(("Answers: ", "dim"), sentence), plain)
        worse = [one for one in report.details.get("slices") or () if one["outcome"] == "worse"]
        if worse:
            metric = title(sliced_by(report), report)
            yield _safe(Text.assemble(("Worse than the rest: ", "yellow"), f"{metric} of {_slices(worse)}"), plain)
        words = _telling(report, plain)
        if words is not None:
            yield Text()
            yield words
        for note in report.details.get("notes", ()):
            yield _safe(Text.assemble(("Mind: ", "yellow"), note), plain)


def _safe(text: Text, plain: bool) -> Text:
    # labels and words are other people's: no control characters reach the terminal
    shown = text.copy()
    shown.plain = "".join(c if c.isprintable() or c == " " else "�" for c in text.plain)
    if plain:
        straight = shown.plain.translate({0x201C: '"', 0x201D: '"', 0x2019: "'", 0xFFFD: "?"})
        shown.plain = straight.encode("ascii", "replace").decode()
    return shown


def _headline(report: Report) -> Text:
    version = report.details.get("version")
    rows = int(report.data.get("test", 0))
    name = report.model + (f"@{version}" if version else "")
    return Text.assemble((name, "bold"), f": {rows:,} test row{'s' * (rows != 1)}")


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
    for head, justify in columns:
        table.add_column(
            head,
            justify="right" if justify == "right" else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=24 if justify == "name" else None,
        )
    return table


def _metrics(report: Report, plain: bool, width: int) -> Table:
    confidence = report.details.get("bootstrap", {}).get("confidence", 0.95)
    table = _table(
        ("metric", "name"),
        ("score", "right"),
        (f"{100 * confidence:g} % interval", "left"),
        ("baseline", "right"),
        ("", "left"),
    )
    positive = (report.details.get("positive") or {}).get("class")
    cells = max(8, min(30, width - 56))
    for name, score in measured(report):
        top = 1.0
        if name == "log_loss":
            top = 1.1 * max(score.high, score.baseline or 0.0, 1e-9)
        table.add_row(
            Text(title(name, report)),
            Text(number(score.value), style="bold"),
            f"{number(score.low)} to {number(score.high)}",
            "" if score.baseline is None else number(score.baseline),
            _bar(score, top, cells, plain, lower=name in LOWER_IS_BETTER),
        )
    if positive is not None:
        about = Text(f"precision, recall, F1 and the ranks are of the positive class: {positive}", style="dim")
        table.caption = _safe(about, plain)
        table.caption_justify = "left"
    return table


def _bar(score: Score, top: float, cells: int, plain: bool, *, lower: bool) -> Text:
    """The range from `low` to `high` on a line from 0 to `top`, the value in it, the baseline as a tick."""

    def at(value: float) -> int:
        return max(0, min(cells - 1, round(value / top * (cells - 1))))

    line, range_, dot, tick = ("-", "=", "o", "|") if plain else ("─", "━", "●", "│")
    bar = [(line, "bright_black")] * cells
    better = score.baseline is None or (score.value < score.baseline if lower else score.value > score.baseline)
    shade = "green" if better else "yellow"
    for i in range(at(score.low), at(score.high) + 1):
        bar[i] = (range_, shade)
    if score.baseline is not None:
        bar[at(score.baseline)] = (tick, "default")
    bar[at(score.value)] = (dot, shade)
    return Text.assemble(*bar)


def _shown(report: Report) -> list[str]:
    if len(report.classes) <= _MOST_CLASSES:
        return list(report.classes)
    # the worst first: with many classes those are what one looks for, if anything is known of them
    scores = report.per_class
    order = sorted(
        report.classes, key=lambda name: (scores[name]["support"].value == 0, scores[name]["f1"].value, name)
    )
    return order[:_MOST_CLASSES]


def _per_class(report: Report, plain: bool) -> Table:
    table = _table(
        ("class", "name"),
        ("precision", "right"),
        ("recall", "right"),
        ("F1", "right"),
        ("interval", "left"),
        ("rows", "right"),
    )
    for name in _shown(report):
        scores = report.per_class[name]
        f1 = scores["f1"]
        table.add_row(
            _safe(Text(name, style=_colour(report, name)), plain),
            number(scores["precision"].value),
            number(scores["recall"].value) if scores["support"].value else ("-" if plain else "–"),
            Text(number(f1.value), style="bold"),
            f"{number(f1.low)} to {number(f1.high)}",
            f"{int(scores['support'].value):,}",
        )
    hidden = len(report.classes) - len(_shown(report))
    if hidden:
        table.caption = Text(f"the {_MOST_CLASSES} with the lowest F1; {hidden} more are in the report", style="dim")
        table.caption_justify = "left"
    return table


def _colour(report: Report, name: str) -> str:
    return _COLOURS[colour(report, name)]


def _confusion(report: Report, plain: bool) -> Iterator[RenderableType]:
    if len(report.classes) > 6:
        yield _confused(report, plain)
        return
    table = _table(("truth \\ said", "name"), *((_short(name), "right") for name in report.classes))
    for name, row in zip(report.classes, report.confusion, strict=True):
        cells = [
            Text(f"{count:,}", style="bold" if said == name else "")
            for said, count in zip(report.classes, row, strict=True)
        ]
        table.add_row(_safe(Text(name, style=_colour(report, name)), plain), *cells)
    for column in table.columns:
        column.header = _safe(Text(str(column.header)), plain)
    yield table


def _confused(report: Report, plain: bool) -> Table:
    table = _table(("most confused: truth", "name"), ("said", "name"), ("rows", "right"))
    for count, _, truth, said in confusions(report)[:6]:
        table.add_row(_safe(Text(truth), plain), _safe(Text(said), plain), f"{count:,}")
    return table


def _short(name: str) -> str:
    return name if len(name) <= 10 else name[:9] + "…"


def _leaks(report: Report) -> Text:
    state, sentences = leak_check(report)
    style = {"clean": "green", "leak": "bold yellow"}.get(state, "dim")
    return Text.assemble(("Leaks: ", style), " ".join(sentences))


def _board(report: Report, plain: bool) -> Table:
    found = report.details["candidates"]
    board, metric = found["leaderboard"], found["leaderboard"]["metric"]
    table = _table(
        ("leaderboard", "name"),
        (title(metric, report), "right"),
        ("interval", "left"),
        ("CPU s", "right"),
        ("MB", "right"),
        ("ms a text", "right"),
    )
    # a candidate without a name is called by what it says, which is to be read whole
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    for name in board["order"]:
        score, cost = board["models"][name][metric], found["costs"][name]
        table.add_row(
            _safe(Text(name), plain),
            Text(number(score["value"]), style="bold"),
            f"{number(score['low'])} to {number(score['high'])}",
            f"{cost['cpu_seconds']:,.1f}" if "cpu_seconds" in cost else "-",
            f"{cost['model_bytes'] / 1e6:,.1f}",
            f"{cost['p95_ms']:.2f}",
        )
    return table


def _slices(worse: list[dict[str, Any]]) -> str:
    told = [f"{one['slice']} {number(one['value'])} ({one['rows']:,} rows)" for one in worse[:3]]
    return "; ".join(told) + (f"; {len(worse) - 3} more" if len(worse) > 3 else "")


def _telling(report: Report, plain: bool) -> Table | None:
    telling = report.details.get("telling") or {}
    if not any(telling.values()):
        return None
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
    longest = max(len("class"), *(len(name) for name in _shown(report)[:_MOST_TOLD]))
    table.add_column("class", no_wrap=True, overflow="ellipsis", min_width=min(24, longest), max_width=24)
    table.add_column("most telling words", no_wrap=True, overflow="ellipsis")
    for name in _shown(report)[:_MOST_TOLD]:
        words = ", ".join(str(word) for word, _ in telling.get(name, ())[:_WORDS])
        if words:
            table.add_row(_safe(Text(name, style=_colour(report, name)), plain), _safe(Text(words), plain))
    return table
