"""Small pictures: range bars in HTML, curves in SVG. Colours are classes of the style sheet, so dark mode is free."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textmill.evaluate.markup import escape, share
from textmill.evaluate.sentences import number

__all__ = ["curve_plot", "grid", "range_bar", "reliability_plot", "svg", "trade_plot"]

_WIDTH, _LEFT, _RIGHT, _TOP = 440, 58, 12, 14
_INNER = _WIDTH - _LEFT - _RIGHT
_HEIGHT = 300


def range_bar(value: float, low: float, high: float, baseline: float | None, *, top: float = 1.0, said: str) -> str:
    """An interval on a line from 0 to `top`, the score in it, the baseline as a tick.

    Parameters
    ----------
    said : what a screen reader says of it
    """

    def at(x: float) -> str:
        return f"{100 * max(0.0, min(1.0, x / top)):.2f}%"

    width = f"{100 * (max(0.0, min(1.0, high / top)) - max(0.0, min(1.0, low / top))):.2f}%"
    tick = "" if baseline is None else f'<i class="tick" style="left:{at(baseline)}"></i>'
    return (
        f'<span class="range" role="img" aria-label="{escape(said)}"><i class="band" style="left:{at(low)};'
        f'width:{width}"></i>{tick}<i class="dot" style="left:{at(value)}"></i></span>'
    )


def _x(value: float) -> float:
    return _LEFT + value * _INNER


def _y(value: float) -> float:
    return _TOP + (1 - value) * _HEIGHT


def grid(low: float, high: float, y: Callable[[float], float], form: str = ".3g") -> str:
    """Five lines across a picture of the common width, from the value `low` up to `high`, and what they stand for.

    Parameters
    ----------
    y : where a value is drawn
    form : of the written values
    """
    lines = []
    for value in (low + step * (high - low) / 4 for step in range(5)):
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _INNER}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        lines.append(
            f'<text class="tick" x="{_LEFT - 8}" y="{y(value) + 4.5:.1f}" text-anchor="end">{value:{form}}</text>'
        )
    return "".join(lines)


def _frame(across: str, up: str, *, below: float = 0) -> str:
    bottom = _TOP + _HEIGHT
    parts = [grid(0, 1, _y)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f'<text class="tick" x="{_x(tick):.1f}" y="{bottom + 19 + below}" text-anchor="middle">{tick:g}</text>'
        )
    parts.append(
        f'<text class="axis" x="{_LEFT + _INNER / 2:.1f}" y="{bottom + 41 + below}" text-anchor="middle">'
        f"{escape(across)}</text>"
    )
    parts.append(
        f'<text class="axis" x="13" y="{_TOP + _HEIGHT / 2:.1f}" text-anchor="middle"'
        f' transform="rotate(-90 13 {_TOP + _HEIGHT / 2:.1f})">{escape(up)}</text>'
    )
    return "".join(parts)


def svg(height: float, title: str, said: str, body: str, name: str) -> str:
    """A drawing of the common width with what a screen reader says of it."""
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(said)}</desc>{body}</svg>'
    )


def curve_plot(curves: Mapping[str, Mapping[str, Any]], colours: Mapping[str, int], *, only: bool) -> str:
    """Precision over recall, a line a class, with the point at which the model decides.

    Parameters
    ----------
    curves : from the report's details
    colours : class -> number of its colour
    only : whether there is one curve, so that the share of its class can be drawn beside it
    """
    body = [_frame("recall: share of them found", "precision: share of those that are")]
    for name, curve in reversed(list(curves.items())):
        colour = colours[name]
        if only:
            y = _y(curve["share"])
            body.append(f'<line class="guide" x1="{_LEFT}" x2="{_x(1):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
            above = y - 7 if curve["share"] < 0.9 else y + 17
            body.append(
                f'<text class="note" x="{_LEFT + 8}" y="{above:.1f}">by chance {number(curve["share"], 2)}</text>'
            )
        points = [f"{_x(r):.1f},{_y(p):.1f}" for r, p in zip(curve["recall"], curve["precision"], strict=True)]
        if points:
            points.insert(0, f"{_x(0):.1f},{points[0].split(',')[1]}")
        if only:
            floor = f"{_y(0):.1f}"
            area = [f"{_LEFT:.1f},{floor}", *points, f"{points[-1].split(',')[0]},{floor}"]
            body.append(f'<polygon class="area c{colour}" points="{" ".join(area)}"/>')
        body.append(f'<polyline class="line c{colour}" points="{" ".join(points)}"/>')
    for name, curve in curves.items():
        at = curve["at"]
        if at["precision"] is not None:
            x, y = _x(at["recall"]), _y(at["precision"])
            body.append(f'<circle class="mark c{colours[name]}" cx="{x:.1f}" cy="{y:.1f}" r="{6 if only else 4.5}"/>')
            if only:
                side, dx = ("end", -12) if at["recall"] > 0.45 else ("start", 12)
                body.append(
                    f'<text class="note strong" x="{x + dx:.1f}" y="{y + 20:.1f}" text-anchor="{side}">'
                    "as it decides</text>"
                )
    said = "; ".join(
        f"{name}: average precision {number(curve['average_precision'])}" for name, curve in curves.items()
    )
    return svg(_TOP + _HEIGHT + 48, "Precision over recall", said, "".join(body), "curve")


def reliability_plot(reliability: Mapping[str, Any], colour: int) -> str:
    """How often a probability came true, with Wilson intervals, and how many rows got it."""
    bins: Sequence[Mapping[str, Any]] = reliability["bins"]
    strip = 56.0
    base = _TOP + _HEIGHT + strip
    most = max((part["rows"] for part in bins), default=1)
    body = [
        _frame("probability the model gave", "share that came true", below=strip),
        f'<line class="guide" x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}"/>',
        f'<line class="grid" x1="{_LEFT}" x2="{_x(1):.1f}" y1="{base:.1f}" y2="{base:.1f}"/>',
    ]
    for part in bins:
        height = (strip - 14) * part["rows"] / most
        left, wide = _x(part["low"]) + 1.5, _INNER / 10 - 3
        said = f"{part['rows']:,} rows were given {part['low']:.1f} to {part['high']:.1f}"
        body.append(
            f'<rect class="count" x="{left:.1f}" y="{base - height:.1f}" width="{wide:.1f}" height="{height:.1f}">'
            f"<title>{said}</title></rect>"
        )
    points = " ".join(f"{_x(part['said']):.1f},{_y(part['share']):.1f}" for part in bins)
    body.append(f'<polyline class="line thin c{colour}" points="{points}"/>')
    for part in bins:
        x = f"{_x(part['said']):.1f}"
        said = f"said {share(part['said'])}, came true {share(part['share'])} of {part['rows']:,} rows"
        body.append(
            f'<line class="whisker c{colour}" x1="{x}" x2="{x}" y1="{_y(part["share_low"]):.1f}"'
            f' y2="{_y(part["share_high"]):.1f}"/><circle class="mark c{colour}" cx="{x}"'
            f' cy="{_y(part["share"]):.1f}" r="4.5"><title>{escape(said)}</title></circle>'
        )
    said = "; ".join(f"said {share(p['said'])}, came true {share(p['share'])} ({p['rows']:,} rows)" for p in bins)
    return svg(base + 48, "Reliability", said, "".join(body), "reliability")


def _apart(spots: Sequence[tuple[float, float]], room: float = 15.0, wide: float = 20.0) -> list[float]:
    """How high the number beside each point stands, so that none stands on another.

    Examples
    --------
    >>> _apart([(100, 50), (104, 52), (300, 51)])
    [50, 65.0, 51]
    """
    heights: list[float] = [at for _, at in spots]
    placed: list[int] = []
    for place in sorted(range(len(spots)), key=lambda place: (spots[place][1], place)):
        near = [heights[other] for other in placed if abs(spots[other][0] - spots[place][0]) < wide]
        heights[place] = max([heights[place], *(height + room for height in near)])
        placed.append(place)
    return heights


def trade_plot(
    points: Sequence[tuple[str, float, Mapping[str, float]]], filled: set[str], *, across: str, up: str
) -> str:
    """A score over a cost, with its interval; each point carries its number in the list, from 1 on.

    Parameters
    ----------
    points : name, cost (above 0, drawn on a logarithmic scale) and score (``value``, ``low``, ``high``)
    filled : names whose points stand out
    """
    costs = [max(cost, 1e-6) for _, cost, _ in points]
    # whole powers of ten around the costs; a score's scale begins at the tenth below the worst
    first, last = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    last += last == first
    low = min(0.9, math.floor(10 * max(0.0, min(score["low"] for _, _, score in points))) / 10)  # all may be right
    high = max(1.0, max(score["high"] for _, _, score in points))

    def x(cost: float) -> float:
        return _x((math.log10(cost) - first) / (last - first))

    def y(score: float) -> float:
        return _y((score - low) / (high - low))

    bottom = _TOP + _HEIGHT
    body = [grid(low, high, y)]
    for power in range(first, last + 1):
        tick = f"{x(10.0**power):.1f}"
        body.append(f'<text class="tick" x="{tick}" y="{bottom + 19}" text-anchor="middle">{10.0**power:g}</text>')
    body.append(
        f'<text class="axis" x="{_LEFT + _INNER / 2:.1f}" y="{bottom + 41}" text-anchor="middle">'
        f'{escape(across)}</text><text class="axis" x="13" y="{_TOP + _HEIGHT / 2:.1f}" text-anchor="middle"'
        f' transform="rotate(-90 13 {_TOP + _HEIGHT / 2:.1f})">{escape(up)}</text>'
    )
    spots = [(x(max(cost, 1e-6)), y(interval["value"])) for _, cost, interval in points]
    beside = _apart(spots)
    for place, (name, cost, interval) in enumerate(points, 1):
        left, at = spots[place - 1]
        kind = "mark" if name in filled else "mark hollow"
        body.append(
            f'<line class="whisker c0" x1="{left:.1f}" x2="{left:.1f}" y1="{y(interval["low"]):.1f}"'
            f' y2="{y(interval["high"]):.1f}"/><circle class="{kind} c0" cx="{left:.1f}" cy="{at:.1f}" r="6">'
            f"<title>{escape(name)}: {number(interval['value'])}, {cost:.3g}</title></circle>"
            f'<text class="note strong" x="{left + 11:.1f}" y="{beside[place - 1] + 4.5:.1f}">{place}</text>'
        )
    said = "; ".join(f"{name}: {number(score['value'])} at {cost:.3g}" for name, cost, score in points)
    return svg(bottom + 48, f"{up} over {across}", said, "".join(body), "trade")
