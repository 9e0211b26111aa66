"""A flow as an SVG file of its own: light or dark as the reader's screen, text that can be selected."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from textmill.evaluate.markup import escape, shortened
from textmill.flow.boxes import columns_of
from textmill.flow.layout import Layers, essential, layered, placed
from textmill.flow.reasons import reasons
from textmill.flow.staleness import PlannedStep

__all__ = ["picture"]

# Pixels. Letters are of one width, so that boxes fit whatever fonts there are
_LETTER, _LINE, _SIDE, _HIGH, _BETWEEN, _GAP, _BEND, _MARGIN = 8, 20, 14, 52, 48, 24, 12, 24
_LONGEST = 40  # of a step's name
_SENTENCES = 40
_STYLE = """
svg { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --soft: #5b6675; --line: #93a0b0; --fill: #f6f8fa;
  --cached: #1a7f4b; --stale: #a15c00; --missing: #7a3fb3; --unknown: #5b6675;
  font: 13.3px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
@media (prefers-color-scheme: dark) { svg { --paper: #12161c; --ink: #e8ecf1; --soft: #a3aebb; --line: #5f6c7b;
  --fill: #1b212a; --cached: #5fd39a; --stale: #f0b45b; --missing: #cba2f5; --unknown: #a3aebb } }
.paper { fill: var(--paper) }
text { fill: var(--ink) }
.name { font-weight: 600 }
.edge { fill: none; stroke: var(--line); stroke-width: 1.5 }
.tip { fill: var(--line) }
.box { fill: var(--fill); stroke: var(--colour); stroke-width: 1.5 }
.unknown .box, .waiting .box { stroke-dasharray: 5 4 }
.missing .box { stroke-dasharray: 1.5 3; stroke-linecap: round }
.stale .box { stroke-width: 3 }
.state { fill: var(--colour) }
.cached { --colour: var(--cached) }
.stale { --colour: var(--stale) }
.missing { --colour: var(--missing) }
.unknown, .waiting { --colour: var(--unknown) }
"""


def picture(name: str, steps: Sequence[PlannedStep]) -> str:
    """The steps as an SVG document, as wide as it must be; a browser scrolls.

    What follows from other lines is not drawn; each box says all that its step needs when it is pointed at.

    Parameters
    ----------
    name : of the flow
    steps : each after all that it needs

    Examples
    --------
    >>> drawn = picture("demo", [PlannedStep("read", (), "cached"), PlannedStep("split", ("read",), "cached")])
    >>> drawn.count("<rect class='box'"), drawn.count("<path class='edge'")
    (2, 1)
    """
    layers = layered(essential({one.step: one.needs for one in steps}))
    widths = [_width(one) for one in steps]
    widths += [_BEND] * (sum(map(len, layers.rows)) - len(steps))
    left = [place + _MARGIN for place in placed(layers, widths, _GAP)]
    sentences = _wrapped([sentence for _, sentence in reasons(steps)])
    wide = max((place + width for place, width in zip(left, widths, strict=True)), default=0)
    wide = max(wide, _MARGIN + _LETTER * max(map(len, sentences), default=0)) + _MARGIN
    below = _MARGIN + len(layers.rows) * (_HIGH + _BETWEEN) - _BETWEEN + _MARGIN
    high = below + (_LINE * len(sentences) + _MARGIN if sentences else 0)
    written = "".join(
        f"<text x='{_MARGIN}' y='{below + _LINE * (number + 0.7):g}'>{escape(sentence)}</text>\n"
        for number, sentence in enumerate(sentences)
    )
    said = "; ".join(f"{one.step}: {one.state}" for one in steps)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{wide}' height='{high}' viewBox='0 0 {wide} {high}' role='img'"
        f" aria-labelledby='plan-title plan-desc'>\n<title id='plan-title'>Plan of {escape(name)}</title>\n"
        f"<desc id='plan-desc'>{escape(said)}. {escape(' '.join(sentences))}</desc>\n<style>{_STYLE}</style>\n"
        f"<rect class='paper' width='100%' height='100%'/>\n"
        f"{''.join(_edges(layers, left, widths))}{''.join(_boxes(steps, layers, left, widths))}{written}</svg>\n"
    )


def _width(one: PlannedStep) -> int:
    return _LETTER * max(columns_of(shortened(one.step, _LONGEST)), len(one.state)) + 2 * _SIDE


def _top(row: int) -> int:
    return _MARGIN + row * (_HIGH + _BETWEEN)


def _boxes(steps: Sequence[PlannedStep], layers: Layers, left: Sequence[int], widths: Sequence[int]) -> Iterator[str]:
    row_of = {node: number for number, row in enumerate(layers.rows) for node in row}
    for node, one in enumerate(steps):
        x, y, middle = left[node], _top(row_of[node]), left[node] + widths[node] / 2
        said = f"{one.step} needs {', '.join(one.needs)}" if one.needs else f"{one.step} needs no other step"
        yield (
            f"<g class='{one.state}'><title>{escape(said)}</title>"
            f"<rect class='box' x='{x}' y='{y}' width='{widths[node]}' height='{_HIGH}' rx='7'/>"
            f"<text class='name' x='{middle:g}' y='{y + 22}' text-anchor='middle'>"
            f"{escape(shortened(one.step, _LONGEST))}</text>"
            f"<text class='state' x='{middle:g}' y='{y + 41}' text-anchor='middle'>{one.state}</text></g>\n"
        )


def _edges(layers: Layers, left: Sequence[int], widths: Sequence[int]) -> Iterator[str]:
    row_of = {node: number for number, row in enumerate(layers.rows) for node in row}
    middle = [place + wide / 2 for place, wide in zip(left, widths, strict=True)]
    for upper, lower in layers.edges:
        bend = layers.is_bend(lower)
        top, bottom = _top(row_of[upper]) + _HIGH, _top(row_of[lower])
        # a bend is a straight piece beside the boxes of its row; what leads to a box ends in a tip
        end, half = (bottom if bend else bottom - 6), (top + bottom) / 2
        x, to = middle[upper], middle[lower]
        yield (
            f"<path class='edge' d='M{x:g} {top}C{x:g} {half:g} {to:g} {half:g} {to:g} {end}"
            f"{f'V{bottom + _HIGH}' if bend else ''}'/>"
        )
        if not bend:
            yield f"<path class='tip' d='M{to:g} {bottom}l-4.5 -8h9z'/>"
        yield "\n"


def _wrapped(sentences: Sequence[str]) -> list[str]:
    found = [
        line for sentence in sentences[:_SENTENCES] for line in textwrap.wrap(sentence, 100, subsequent_indent="  ")
    ]
    return [*found, f"And {len(sentences) - _SENTENCES} more."] if sentences[_SENTENCES:] else found
