"""Pictures of words and of learning: a scatter of words, and accuracy over rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from textmill.evaluate.markup import escape, shortened
from textmill.evaluate.plots import grid, svg
from textmill.evaluate.sentences import number

__all__ = ["growth_plot", "scatter_plot"]

_WIDTH, _LEFT, _RIGHT, _TOP, _HEIGHT = 440, 40, 12, 14, 380
_NAMED = 14  # words of either class that are written out
_APART = 13.0  # between two written words


def _axes(across: str, up: str, height: float) -> str:
    middle = _TOP + height / 2
    return (
        f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2:.1f}" y="{_TOP + height + 22}" text-anchor="middle">'
        f'{escape(across)} →</text><text class="axis" x="13" y="{middle:.1f}" text-anchor="middle"'
        f' transform="rotate(-90 13 {middle:.1f})">{escape(up)} →</text>'
    )


def scatter_plot(points: Sequence[Mapping[str, Any]], *, across: str, up: str) -> str:
    """Words by how many texts of either class they are in.

    Parameters
    ----------
    points : as from `scatter`, those first that tell the classes apart best
    """
    inner = _WIDTH - _LEFT - _RIGHT

    def place(point: Mapping[str, Any]) -> tuple[float, float]:
        return _LEFT + point["x"] * inner, _TOP + (1 - point["y"]) * _HEIGHT

    body = [
        f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{inner}" height="{_HEIGHT}"/>',
        f'<line class="guide" x1="{_LEFT}" y1="{_TOP + _HEIGHT}" x2="{_LEFT + inner}" y2="{_TOP}"/>',
        _axes(across, up, _HEIGHT),
    ]
    for point in reversed(points):
        x, y = place(point)
        kind = f"c{int(point['z'] > 0)}" if abs(point["z"]) > 1.96 else "quiet"
        said = f"{shortened(point['word'], 60)}: {point['texts'][1]:,} against {point['texts'][0]:,} texts"
        body.append(
            f'<circle class="word-point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{escape(said)}</title>'
            "</circle>"
        )
    taken: list[tuple[float, float]] = []
    for positive in (True, False):
        named = [point for point in points if (point["z"] > 0) == positive and abs(point["z"]) > 1.96]
        written = 0
        for point in named:
            x, y = place(point)
            if written == _NAMED or any(abs(y - b) < _APART and abs(x - a) < 90 for a, b in taken):
                continue
            taken.append((x, y))
            written += 1
            side, dx = ("end", -7) if x > _LEFT + inner * 0.75 else ("start", 7)
            body.append(
                f'<text class="note strong" x="{x + dx:.1f}" y="{y + 4:.1f}" text-anchor="{side}">'
                f"{escape(shortened(point['word'], 18))}</text>"
            )
    said = ", ".join(shortened(point["word"], 30) for point in points[:20])
    return svg(_TOP + _HEIGHT + 30, "Words by class", f"Most telling: {said}", "".join(body), "scatter")


def growth_plot(points: Sequence[Mapping[str, float]]) -> str:
    """Accuracy over the number of rows, on a scale of doublings, with intervals."""
    height, inner = 240, _WIDTH - 58 - _RIGHT
    low = math.floor(20 * min(point["low"] for point in points)) / 20
    high = math.ceil(20 * max(point["high"] for point in points)) / 20
    first, last = math.log2(points[0]["rows"]), math.log2(points[-1]["rows"])

    def x(rows: float) -> float:
        return 58 + inner * (math.log2(rows) - first) / max(last - first, 1e-9)

    def y(value: float) -> float:
        return _TOP + (1 - (value - low) / max(high - low, 1e-9)) * height

    body = [grid(low, high, y)]
    line = " ".join(f"{x(point['rows']):.1f},{y(point['value']):.1f}" for point in points)
    body.append(f'<polyline class="line c0" points="{line}"/>')
    bottom = _TOP + height
    for point in points:
        at, high_at, low_at = x(point["rows"]), y(point["high"]), y(point["low"])
        rows = f"{int(point['rows']):,}"
        anchor = "end" if point is points[-1] else "middle"  # the last would stand out
        body.append(
            f'<line class="whisker c0" x1="{at:.1f}" x2="{at:.1f}" y1="{low_at:.1f}" y2="{high_at:.1f}"/>'
            f'<circle class="mark c0" cx="{at:.1f}" cy="{y(point["value"]):.1f}" r="4.5">'
            f"<title>{rows} rows: {number(point['value'])}</title></circle>"
            f'<text class="tick" x="{at:.1f}" y="{bottom + 19}" text-anchor="{anchor}">{rows}</text>'
        )
    middle = f"{58 + inner / 2:.1f}"
    body.append(f'<text class="axis" x="{middle}" y="{bottom + 41}" text-anchor="middle">rows learned from</text>')
    said = "; ".join(f"{int(point['rows']):,} rows: {number(point['value'])}" for point in points)
    return svg(_TOP + height + 48, "Accuracy over rows", said, "".join(body), "growth")
