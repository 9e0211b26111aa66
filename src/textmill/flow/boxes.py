"""A flow drawn with characters: a box for each step, lines to what needs it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from textmill.flow.layout import Layers, essential, layered, placed
from textmill.flow.staleness import PlannedStep

__all__ = ["Line", "boxes", "columns_of", "listed"]

Line = list[tuple[str, str]]  # texts, each with the state whose colour it has, or ""

_GAP = 2  # columns between boxes
_BEND = 2  # columns of a line that passes: one of them is surely free
_UP, _RIGHT, _DOWN, _LEFT = 1, 2, 4, 8
_SIGNS = {
    _UP | _DOWN: "│", _LEFT | _RIGHT: "─", _UP | _RIGHT: "└", _UP | _LEFT: "┘", _DOWN | _RIGHT: "┌", _DOWN | _LEFT: "┐",
    _UP | _DOWN | _RIGHT: "├", _UP | _DOWN | _LEFT: "┤", _UP | _LEFT | _RIGHT: "┴", _DOWN | _LEFT | _RIGHT: "┬",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}  # fmt: skip


def boxes(steps: Sequence[PlannedStep], columns: int) -> list[Line] | None:
    """Lines that draw the steps, or None where so many columns are not enough.

    What follows from other lines is not drawn. Lines of one step join (``┬``); where those of two cross, one passes
    under the other (``─│─``).

    Parameters
    ----------
    steps : each after all that it needs

    Examples
    --------
    >>> steps = [PlannedStep("a", (), "stale"), *(PlannedStep(name, ("a",), "unknown") for name in "bc")]
    >>> for line in boxes(steps, 80) or ():
    ...     print("".join(text for text, _ in line))
             ┌──────────┐
             │ a  stale │
             └─────┬────┘
           ┌───────┴───────┐
    ┌──────┴─────┐  ┌──────┴─────┐
    │ b  unknown │  │ c  unknown │
    └────────────┘  └────────────┘
    """
    layers = layered(essential({one.step: one.needs for one in steps}))
    for join in ("  ", None):  # name and state side by side, or one below the other
        labels = [_label(one, join) for one in steps]
        drawn = _Canvas(layers, labels)
        if drawn.columns <= columns:
            return drawn.lines()
    return None


def listed(steps: Sequence[PlannedStep]) -> list[Line]:
    """The same as a list, for more steps in a row than there are columns.

    Examples
    --------
    >>> for line in listed([PlannedStep("split", (), "cached"), PlannedStep("train", ("split",), "unknown")]):
    ...     print("".join(text for text, _ in line))
    split  cached
    train  unknown  after split
    """
    needs = essential({one.step: one.needs for one in steps})
    wide = max((columns_of(one.step) for one in steps), default=0)
    found: list[Line] = []
    for one in steps:
        name = one.step + " " * (wide - columns_of(one.step) + 2)
        after = f"  after {', '.join(needs[one.step])}" if needs[one.step] else ""
        found.append([(name, ""), (one.state, one.state), (after, "")])
    return found


def _label(one: PlannedStep, join: str | None) -> list[Line]:
    name, state = (one.step, ""), (one.state, one.state)
    return [[name], [state]] if join is None else [[name, (join, ""), state]]


def columns_of(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


class _Canvas:
    """Cells of characters. Each row of boxes is drawn, then the lines to the next."""

    def __init__(self, layers: Layers, labels: Sequence[Sequence[Line]]) -> None:
        self._layers, self._labels = layers, labels
        self._below: dict[int, list[int]] = {}
        into: dict[int, int] = {}
        for upper, lower in layers.edges:
            self._below.setdefault(upper, []).append(lower)
            into[lower] = into.get(lower, 0) + 1
        widths = []
        for node in range(sum(map(len, layers.rows))):
            if layers.is_bend(node):
                widths.append(_BEND)
            else:
                text = max(sum(columns_of(text) for text, _ in line) for line in labels[node]) + 4
                widths.append(max(text, 2 * into.get(node, 0) + 3))  # every other column may be taken from above
        self._widths = widths
        self._left = placed(layers, widths, _GAP)
        self.columns = max((left + wide for left, wide in zip(self._left, widths, strict=True)), default=0)
        self._cells: list[list[tuple[str, str]]] = []

    def lines(self) -> list[Line]:
        """The drawing."""
        height = max((len(label) for label in self._labels), default=0) + 2
        entries: dict[int, list[int]] = {}  # node -> columns at which lines come in
        for upper, lower in zip(self._layers.rows, (*self._layers.rows[1:], ()), strict=False):
            first = len(self._cells)
            self._cells += [[(" ", "")] * self.columns for _ in range(height)]
            exits = {node: self._exit(node, entries) for node in upper}
            for node in upper:
                if self._layers.is_bend(node):
                    for row in range(first, first + height):
                        self._cells[row][exits[node]] = "│", ""
                else:
                    self._box(node, first, height, entries.get(node, []), exits[node] if node in self._below else None)
            nets = self._entries(upper, lower, exits)
            entries = {node: sorted(at[node] for at in nets.values() if node in at) for node in lower}
            self._channel(exits, nets)
        return [_merged(row) for row in self._cells]

    def _exit(self, node: int, entries: Mapping[int, list[int]]) -> int:
        return entries[node][0] if self._layers.is_bend(node) else self._left[node] + self._widths[node] // 2

    def _entries(
        self, upper: Sequence[int], lower: Sequence[int], exits: Mapping[int, int]
    ) -> dict[int, dict[int, int]]:
        """For each upper node the column at which its line enters each lower one: under itself, or where none begins.

        So no two lines ever run down the same column.
        """
        nets: dict[int, dict[int, int]] = {node: {} for node in upper}
        for node in lower:
            bend = self._layers.is_bend(node)
            left, wide = self._left[node], self._widths[node]
            inside = range(left, left + wide) if bend else range(left + 1, left + wide - 1)
            coming = [one for one in upper if node in self._below.get(one, ())]
            straight = [one for one in coming if exits[one] in inside]
            others = [one for one in coming if one not in straight]
            for one in straight:
                nets[one][node] = exits[one]
            free = [column for column in inside if column not in exits.values()]
            middle = left + wide // 2
            # beside the straight ones, as near to the middle as can be, in the order of where they come from
            near = sorted(sorted(free, key=lambda column: abs(column - middle))[: len(others)])
            for one, column in zip(others, near, strict=True):
                nets[one][node] = column
        return nets

    def _box(self, node: int, first: int, height: int, entries: Sequence[int], exit: int | None) -> None:
        left, wide = self._left[node], self._widths[node]
        for row in range(first, first + height):
            middle = " " if first < row < first + height - 1 else "─"
            ends = ("┌", "┐") if row == first else ("└", "┘") if row == first + height - 1 else ("│", "│")
            self._cells[row][left : left + wide] = [(sign, "") for sign in (ends[0], *middle * (wide - 2), ends[1])]
        for column in entries:
            self._cells[first][column] = "┴", ""
        if exit is not None:
            self._cells[first + height - 1][exit] = "┬", ""
        for row, line in enumerate(self._labels[node], first + 1):
            free = wide - 2 - sum(columns_of(text) for text, _ in line)
            column = left + 1 + free // 2
            for text, state in line:
                for char in text:
                    # a wide character takes two cells, one that combines none
                    taken = columns_of(char)
                    if taken:
                        self._cells[row][column : column + taken] = [(char, state), *[("", state)] * (taken - 1)]
                    else:
                        self._cells[row][column - 1] = self._cells[row][column - 1][0] + char, state
                    column += taken

    def _channel(self, exits: Mapping[int, int], nets: Mapping[int, Mapping[int, int]]) -> None:
        """The lines between two rows; each step's turn in a row of its own, or in one with others beside it."""
        spans = {}
        for node, at in nets.items():
            columns = [exits[node], *at.values()]
            if min(columns) < max(columns):
                spans[node] = min(columns), max(columns)
        tracks: list[int] = []  # where the last span of each ends
        track_of: dict[int, int] = {}
        for node in sorted(spans, key=spans.__getitem__):
            track = next((track for track, end in enumerate(tracks) if end < spans[node][0]), len(tracks))
            tracks[track : track + 1] = [spans[node][1]]
            track_of[node] = track
        first = len(self._cells)
        self._cells += [[(" ", "")] * self.columns for _ in tracks]
        for node, (low, high) in spans.items():
            ends, row = {*nets[node].values()}, first + track_of[node]
            for column in range(low, high + 1):
                sign = (_LEFT if column > low else 0) | (_RIGHT if column < high else 0)
                sign |= (_UP if column == exits[node] else 0) | (_DOWN if column in ends else 0)
                self._cells[row][column] = _SIGNS[sign], ""
        for node, at in nets.items():  # down to the turn and from it; over the turns of others
            if not at:
                continue
            turn = track_of.get(node, len(tracks))
            for track in range(len(tracks)):
                for column in {exits[node]} if track < turn else {*at.values()} if track > turn else ():
                    self._cells[first + track][column] = "│", ""


def _merged(cells: Sequence[tuple[str, str]]) -> Line:
    found: Line = []
    for sign, state in cells:
        if found and found[-1][1] == state:
            found[-1] = found[-1][0] + sign, state
        else:
            found.append((sign, state))
    if not found[-1][1]:
        found[-1] = found[-1][0].rstrip(), ""
    return found
