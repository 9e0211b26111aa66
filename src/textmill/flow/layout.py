"""Where the steps of a flow stand in a drawing: in layers, each below what it needs, with few crossings.

The method of Sugiyama, Tagawa and Toda (1981): layers by the longest path, bends where an edge passes a layer, an
order within each layer by barycentres; then places by least squares. The same flow gives the same drawing.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layers", "essential", "layered", "placed"]

_SWEEPS = 12  # down and up; few flows gain from more
_STIFF = 8.0  # how much more a bend wants to stand straight than a step


@dataclass(frozen=True, slots=True)
class Layers:
    """Steps and bends in rows; every edge leads from one row to the next.

    Attributes
    ----------
    names : of the steps; nodes from ``len(names)`` on are bends
    rows : numbers of nodes, from left to right
    edges : (upper, lower) node, each pair once. The edges of a step share its bends
    """

    names: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    edges: tuple[tuple[int, int], ...]

    def is_bend(self, node: int) -> bool:
        """Whether a node is only a place where an edge passes."""
        return node >= len(self.names)


def essential(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The needs that do not follow from others (the transitive reduction), which is what is drawn.

    Parameters
    ----------
    needs : of each step, which stands after all of them

    Examples
    --------
    >>> essential({"read": (), "split": ("read",), "train": ("read", "split")})
    {'read': (), 'split': ('read',), 'train': ('split',)}
    """
    number = {name: n for n, name in enumerate(needs)}
    above: dict[str, int] = {}  # a bit for each step that comes before
    for name, wanted in needs.items():
        above[name] = 0
        for need in wanted:
            above[name] |= above[need] | 1 << number[need]
    return {
        name: tuple(
            need
            for need in dict.fromkeys(wanted)
            if not any(above[other] >> number[need] & 1 for other in wanted if other != need)
        )
        for name, wanted in needs.items()
    }


def layered(needs: Mapping[str, Sequence[str]]) -> Layers:
    """Rows of steps and bends, ordered so that few edges cross.

    Parameters
    ----------
    needs : of each step, which stands after all of them

    Examples
    --------
    >>> found = layered({"a": (), "b": ("a",), "c": ("a", "b")})
    >>> found.rows, found.edges
    (((0,), (1, 3), (2,)), ((0, 1), (0, 3), (3, 2), (1, 2)))
    """
    number = {name: n for n, name in enumerate(needs)}
    layer: list[int] = []
    for wanted in needs.values():
        layer.append(max((layer[number[need]] + 1 for need in wanted), default=0))
    bends: dict[tuple[int, int], int] = {}  # (step, layer) -> node
    edges: dict[tuple[int, int], None] = {}
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for step, row in enumerate(layer):
        rows[row].append(step)
    for name, wanted in needs.items():
        for need in wanted:
            last = number[need]
            for row in range(layer[last] + 1, layer[number[name]]):
                bend = bends.setdefault((number[need], row), len(layer) + len(bends))
                edges[last, bend] = None
                last = bend
            edges[last, number[name]] = None
    for (_, row), bend in bends.items():
        rows[row].append(bend)
    found = Layers(tuple(needs), tuple(map(tuple, rows)), tuple(edges))
    return Layers(found.names, _ordered(found), found.edges)


def _ordered(layers: Layers) -> tuple[tuple[int, ...], ...]:
    above, below = _neighbours(layers)
    rows = [list(row) for row in layers.rows]
    best, fewest = [*map(tuple, rows)], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        near, walked = (above, rows) if sweep % 2 == 0 else (below, rows[::-1])
        for fixed, row in pairwise(walked):
            at = {node: place for place, node in enumerate(fixed)}
            centre = {
                node: sum(at[other] for other in near[node]) / len(near[node]) if near[node] else float(place)
                for place, node in enumerate(row)
            }
            row.sort(key=centre.__getitem__)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [*map(tuple, rows)], crossings
    return tuple(best)


def _neighbours(layers: Layers) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    above: dict[int, list[int]] = {node: [] for row in layers.rows for node in row}
    below: dict[int, list[int]] = {node: [] for row in layers.rows for node in row}
    for upper, lower in layers.edges:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def _crossings(rows: Sequence[Sequence[int]], below: Mapping[int, Sequence[int]]) -> int:
    found = 0
    for row, lower in pairwise(rows):
        at = {node: place for place, node in enumerate(lower)}
        seen: list[int] = []
        for node in row:
            ends = sorted(at[other] for other in below[node])
            found += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return found


def placed(layers: Layers, widths: Sequence[int], gap: int) -> list[int]:
    """The left end of each node, from 0 on: near what it is joined to, in order, and no two overlapping.

    Parameters
    ----------
    widths : of each node
    gap : between two nodes of a row, at least

    Examples
    --------
    >>> placed(layered({"a": (), "b": ("a",), "c": ("a",)}), [5, 5, 5], 1)
    [3, 0, 6]
    """
    above, below = _neighbours(layers)
    left = [0] * len(widths)
    for row in layers.rows:
        end = 0
        for node in row:
            left[node] = end
            end += widths[node] + gap
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in layers.rows if down else layers.rows[::-1]:
            _place_row(row, left, widths, gap, above if down else below, layers)
    least = min(left, default=0)
    return [place - least for place in left]


def _place_row(
    row: Sequence[int],
    left: list[int],
    widths: Sequence[int],
    gap: int,
    near: Mapping[int, Sequence[int]],
    layers: Layers,
) -> None:
    """Least squares under the order: what nodes wish, less what stands before each, may not fall from left to right.

    Where it does, neighbours share their mean, weighted (pooled adjacent violators).
    """
    before, offsets = 0, list[int]()
    pools: list[list[float]] = []  # sum of weighted wishes, weight, nodes
    for node in row:
        ends = near[node]
        wish = float(left[node])
        if ends:
            wish = sum(left[end] + widths[end] // 2 for end in ends) / len(ends) - widths[node] // 2
        weight = _STIFF if layers.is_bend(node) else 1.0 if ends else 0.1
        pools.append([weight * (wish - before), weight, 1])
        offsets.append(before)
        before += widths[node] + gap
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [mine + its for mine, its in zip(pools[-1], last, strict=True)]
    ends_at = [round(wishes / weight) for wishes, weight, nodes in pools for _ in range(int(nodes))]
    for node, offset, place in zip(row, offsets, ends_at, strict=True):
        left[node] = offset + place
