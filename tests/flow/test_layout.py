"""Laws of a drawing: whatever the flow, nothing overlaps, all leads down, and the lines that are seen are the needs."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textmill.flow import Change, PlannedStep
from textmill.flow.boxes import boxes, columns_of, listed
from textmill.flow.layout import essential, layered, placed
from textmill.flow.picture import picture

STATES = ["cached", "stale", "missing", "unknown"]
SVG = "{http://www.w3.org/2000/svg}"
NORTH, EAST, SOUTH, WEST = (-1, 0), (0, 1), (1, 0), (0, -1)
TURNS = {
    "│": {NORTH, SOUTH}, "─": {EAST, WEST}, "└": {NORTH, EAST}, "┘": {NORTH, WEST}, "┌": {SOUTH, EAST},
    "┐": {SOUTH, WEST}, "├": {NORTH, SOUTH, EAST}, "┤": {NORTH, SOUTH, WEST}, "┴": {NORTH, EAST, WEST},
    "┬": {SOUTH, EAST, WEST}, "┼": {NORTH, EAST, SOUTH, WEST},
}  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn, most: int = 12) -> dict[str, tuple[str, ...]]:
    """Steps n0, n1, ... in an order in which they can run; what each needs is drawn from those before."""
    found: dict[str, tuple[str, ...]] = {}
    for n in range(draw(st.integers(0, most))):
        chosen = draw(st.lists(st.integers(0, n - 1), max_size=4, unique=True)) if n else []
        found[f"n{n}"] = tuple(f"n{m}" for m in chosen)
    return found


def states_of(needs: dict[str, tuple[str, ...]]) -> list[PlannedStep]:
    return [PlannedStep(name, wanted, STATES[n % 4]) for n, (name, wanted) in enumerate(needs.items())]


def reach(needs: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    above: dict[str, set[str]] = {}
    for name, wanted in needs.items():
        above[name] = set(wanted).union(*(above[need] for need in wanted))
    return {(name, need) for name, found in above.items() for need in found}


@given(graphs())
def test_what_is_drawn_implies_all_needs_and_no_line_too_many(needs) -> None:
    drawn = essential(needs)
    assert reach(drawn) == reach(needs)
    for name, wanted in drawn.items():
        for need in wanted:
            without = drawn | {name: tuple(other for other in wanted if other != need)}
            assert reach(without) != reach(needs)


@given(graphs(), st.booleans())
def test_edges_lead_one_row_down_and_follow_the_needs(needs, all_of_them) -> None:
    needs = needs if all_of_them else essential(needs)
    layers = layered(needs)
    row_of = {node: number for number, row in enumerate(layers.rows) for node in row}
    assert sorted(row_of) == list(range(len(row_of)))
    assert all(row_of[lower] == row_of[upper] + 1 for upper, lower in layers.edges)
    ends = {(upper, lower) for upper, lower in layers.edges}
    while bends := {edge for edge in ends if layers.is_bend(edge[1])}:  # walk on from each bend
        ends = (ends - bends) | {
            (upper, lower) for upper, bend in bends for over, lower in layers.edges if over == bend
        }
    found = {(layers.names[upper], layers.names[lower]) for upper, lower in ends if not layers.is_bend(upper)}
    assert found == {(need, name) for name, wanted in needs.items() for need in wanted}
    for name, wanted in needs.items():  # the longest path
        above = [row_of[layers.names.index(need)] for need in wanted]
        assert row_of[layers.names.index(name)] == max(above, default=-1) + 1


@given(graphs(), st.integers(0, 3), st.data())
def test_nothing_overlaps_in_a_row_and_the_same_flow_is_laid_out_the_same(needs, gap, data) -> None:
    layers = layered(needs)
    nodes = sum(map(len, layers.rows))
    widths = data.draw(st.lists(st.integers(1, 9), min_size=nodes, max_size=nodes))
    left = placed(layers, widths, gap)
    for row in layers.rows:
        assert all(left[a] + widths[a] + gap <= left[b] for a, b in pairwise(row))
    assert min(left, default=0) == 0
    assert layered(dict(needs)) == layers
    assert placed(layers, list(widths), gap) == left


def test_lines_that_need_not_cross_do_not() -> None:
    layers = layered({"a": (), "b": (), "c": (), "x": ("c",), "y": ("b",), "z": ("a",)})
    upper, lower = ([layers.names[node] for node in row] for row in layers.rows)
    assert dict(zip(lower, upper, strict=True)) == {"x": "c", "y": "b", "z": "a"}


def seen(lines: list[str]) -> set[tuple[str, str]]:
    """(need, step) for each line that a reader can follow from one box down to another."""
    grid = {(y, x): sign for y, line in enumerate(lines) for x, sign in enumerate(line)}
    owner = {}
    for y, line in enumerate(lines):
        for name in re.finditer(r"│ +(n\d+) .*?│|│ +(n\d+) *│", line):
            top, bottom = y, y
            while grid[top, name.start()] != "┌":
                top -= 1
            while grid[bottom, name.start()] != "└":
                bottom += 1
            for x in range(name.start(), name.end()):
                owner[top, x] = owner[bottom, x] = name[1] or name[2]
    found = set()
    for place, name in owner.items():
        if grid[place] != "┬":
            continue
        walks, been = [(place, SOUTH)], set()
        while walks:
            (y, x), (down, right) = walks.pop()
            at = (y + down, x + right)
            sign = grid.get(at, " ")
            if (at, (down, right)) in been:
                continue
            been.add((at, (down, right)))
            if at in owner:
                assert (sign, (down, right)) == ("┴", SOUTH), "a line ends at a box from above, and nowhere else"
                found.add((name, owner[at]))
            elif sign == "│" and (down, right) in (EAST, WEST):
                walks.append((at, (down, right)))  # below another's line
            else:
                back = (-down, -right)
                assert back in TURNS[sign], f"a line breaks off at {at}"
                walks += [(at, turn) for turn in TURNS[sign] - {back}]
    return found


@given(graphs())
@example({"n0": (), "n1": (), "n2": ("n0", "n1"), "n3": ("n1", "n0"), "n4": ("n0",), "n5": ("n4", "n2", "n1")})
def test_the_lines_that_a_reader_follows_are_the_needs(needs) -> None:
    drawn = boxes(states_of(needs), 10_000)
    assert drawn is not None
    lines = ["".join(text for text, _ in line) for line in drawn]
    assert seen(lines) == {(need, name) for name, wanted in essential(needs).items() for need in wanted}
    assert drawn == boxes(states_of(needs), 10_000)
    for one in states_of(needs):  # each once, its state beside it and in its colour
        assert sum(len(re.findall(rf"│ +{one.step}  {one.state} +│", line)) for line in lines) == 1
    coloured = [(text, state) for line in drawn for text, state in line if state]
    assert sorted(coloured) == sorted((one.state, one.state) for one in states_of(needs))


def test_where_there_are_too_few_columns_boxes_get_narrower_and_then_none() -> None:
    needs = {"n0": (), **{f"n{n}": ("n0",) for n in range(1, 7)}}
    wide, narrow = (boxes(states_of(needs), columns) for columns in (120, 90))
    assert wide is not None
    assert narrow is not None
    assert max(sum(len(text) for text, _ in line) for line in narrow) <= 90
    assert len(narrow) > len(wide)
    assert seen(["".join(text for text, _ in line) for line in narrow]) == {("n0", f"n{n}") for n in range(1, 7)}
    assert boxes(states_of(needs), 40) is None
    assert len(listed(states_of(needs))) == 7


def test_wide_and_combining_characters_keep_the_box_straight() -> None:
    drawn = boxes([PlannedStep("漢字", (), "cached"), PlannedStep("e\u0301", ("漢字",), "stale")], 80)
    assert drawn is not None
    lines = ["".join(text for text, _ in line) for line in drawn]
    assert "漢字" in lines[1]
    assert len({columns_of(line) for line in lines[:3]}) == 1
    assert "│ e\u0301  stale │" in lines[4]


@given(graphs())
def test_in_the_picture_no_boxes_overlap_and_edges_lead_down(needs) -> None:
    root = ElementTree.fromstring(picture("demo", states_of(needs)))
    rects = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "box"]
    assert len(rects) == len(needs)
    spans = [tuple(int(rect.attrib[key]) for key in ("x", "y", "width", "height")) for rect in rects]
    for n, (x, y, wide, high) in enumerate(spans):
        assert x + wide <= int(root.attrib["width"])
        assert y + high <= int(root.attrib["height"])
        for other_x, other_y, other_wide, _ in spans[:n]:
            assert y != other_y or x + wide <= other_x or other_x + other_wide <= x
    for path in root.iter(f"{SVG}path"):
        if path.get("class") == "edge":
            start, *_, end = (float(number) for number in re.findall(r"[\d.]+", path.attrib["d"]))
            start = float(path.attrib["d"].split("C")[0].split()[1])
            assert end > start
    assert picture("demo", states_of(needs)) == picture("demo", states_of(needs))


def test_the_picture_says_in_words_what_it_shows_and_keeps_words_words() -> None:
    changed = (Change("setting", "model.<b>", "a & b", 'c"'),)
    drawn = picture(
        "<x>", [PlannedStep("a&b", (), "stale", changed), PlannedStep("c\x07", ("a&b",), "unknown", (), ("a&b",))]
    )
    root = ElementTree.fromstring(drawn)
    assert root.findtext(f"{SVG}title") == "Plan of <x>"
    said = root.findtext(f"{SVG}desc") or ""
    assert 'a&b: stale; c␇: unknown. a&b is stale: model.<b> was "a & b", is "c\\"".' in said
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[:4] == ["a&b", "stale", "c␇", "unknown"]
    assert "prefers-color-scheme: dark" in drawn
    assert [title.text for title in root.iter(f"{SVG}title")][1:] == ["a&b needs no other step", "c␇ needs a&b"]


@pytest.mark.parametrize("shape", ["chain", "fan", "grid"])
def test_a_thousand_steps_are_laid_out(shape: str) -> None:
    needs = {
        "chain": {f"n{n}": tuple(f"n{m}" for m in range(max(0, n - 3), n)) for n in range(1000)},
        "fan": {"n0": (), **{f"n{n}": ("n0",) for n in range(1, 999)}, "n999": tuple(f"n{n}" for n in range(1, 999))},
        "grid": {f"n{n}": tuple(f"n{m}" for m in (n - 25, n - 26) if m >= 0) for n in range(1000)},
    }[shape]
    layers = layered(essential(needs))
    assert {node for row in layers.rows for node in row} >= set(range(1000))
