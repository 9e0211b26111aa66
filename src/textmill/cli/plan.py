"""``textmill plan``: what a run would do, and why."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.cli.days import dates_option, for_each_day
from textmill.cli.steps import step_names
from textmill.cli.stores import quoted, store_in
from textmill.cli.story import short
from textmill.cli.terminal import json_option, plain
from textmill.errors import DataError

if TYPE_CHECKING:
    from textmill.flow import ProjectPlan
    from textmill.flow.boxes import Line

__all__ = ["command"]

_COLOURS = {
    "cached": "green",
    "stale": "yellow",
    "missing": "magenta",
    "unknown": "bright_black",
    "waiting": "bright_black",
}
_MOST_DRAWN = 60  # steps
_MOST_TOLD = 50  # sentences


@click.command("plan")
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Draw it into a file.")
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill in PROJECT]",
)
@dates_option("Draw it for")
@json_option
def command(project: Path, svg: Path | None, store: Path | str | None, dates: list[str], as_json: bool) -> None:
    """Draw the steps of PROJECT: which are done, which a run would do, and why.

    \b
    cached   it is done, with these data, settings and code
    stale    it was done, and something has changed since: the code, a setting, a source, what a step before it left
    missing  no finished run of it is known
    unknown  whether it is to be done shows when a step before it is done
    waiting  it is done when one that it needs fails

    Nothing is run and nothing is written. More than 60 steps are not drawn; --svg draws any number.
    """
    from textmill.flow import plan_project

    if svg is not None and len(dates) > 1:
        raise click.UsageError("wanted one day with --svg, which draws one picture")

    def do(date: str | None) -> dict[str, Any]:
        found = plan_project(project, store=None if store is None else store_in(store), date=date)
        shown = _named(found, step_names(project))
        if svg is not None:
            _draw(shown, svg)
        if not as_json:
            _tell(shown, ["textmill", "run", str(project), *_options(store, date)])
        return _as_json(found)

    for_each_day(dates, do, as_json=as_json)
    if svg is not None and not as_json:
        click.echo(f"\nDrawn: {short(svg)}")


def _named(found: ProjectPlan, names: Mapping[str, str]) -> ProjectPlan:
    """The same with the names of candidates beside their steps."""

    def shown(steps: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(step, step) for step in steps)

    steps = (
        replace(
            one,
            step=names.get(one.step, one.step),
            needs=shown(one.needs),
            after=shown(one.after),
            changes=tuple(replace(change, name=names.get(change.name, change.name)) for change in one.changes),
        )
        for one in found.steps
    )
    return replace(found, steps=tuple(steps))


def _options(store: Path | str | None, date: str | None) -> list[str]:
    return [*(["--store", str(store)] if store is not None else []), *(["--dates", date] if date is not None else [])]


def _tell(found: ProjectPlan, command: list[str]) -> None:
    for line in _drawn(found):
        click.echo("".join(_coloured(plain(text), state) for text, state in line), color=_colours())
    if len(found.steps) <= _MOST_DRAWN:
        click.echo()
    for sentence in _told(found):
        click.echo(sentence)
    if not found.nothing_to_do:
        click.echo(f"\nDo it: {' '.join(map(quoted, command))}")


def _draw(found: ProjectPlan, path: Path) -> None:
    from textmill.flow.picture import picture

    if not path.parent.is_dir():
        raise DataError("there is no such folder to write into", where=str(path.parent))
    path.write_text(picture(found.name, found.steps), encoding="utf-8")


def _drawn(found: ProjectPlan) -> list[Line]:
    from textmill.flow.boxes import boxes, listed

    if len(found.steps) > _MOST_DRAWN:
        return []
    drawn = boxes(found.steps, shutil.get_terminal_size((100, 24)).columns) if _has_lines() else None
    return listed(found.steps) if drawn is None else drawn


def _has_lines() -> bool:
    """Whether what is printed to has the characters that lines are drawn with."""
    try:
        "┌─┐".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _colours() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None  # None: where it is a terminal


def _coloured(text: str, state: str) -> str:
    return click.style(text, fg=_COLOURS[state]) if state else text


def _told(found: ProjectPlan) -> list[str]:
    from textmill.flow.reasons import reasons

    n = len(found.steps)
    if found.nothing_to_do:
        return [f"Nothing to do: all {n:,} steps are done with these data, settings and code."]
    counts = ", ".join(f"{count:,} {state}" for state, count in found.counts().items())
    sentences = [plain(sentence) for _, sentence in reasons(found.steps)]
    more = len(sentences) - _MOST_TOLD
    return [
        f"{n:,} steps: {counts}.",
        *sentences[:_MOST_TOLD],
        *([f"And {more:,} more; --json tells all of them."] if more > 0 else []),
    ]


def _as_json(found: ProjectPlan) -> dict[str, Any]:
    from textmill.flow.reasons import reasons

    return {
        "project": found.name,
        "nothing_to_do": found.nothing_to_do,
        "counts": found.counts(),
        "steps": [
            {
                "step": one.step,
                "state": one.state,
                "needs": list(one.needs),
                "after": list(one.after),
                "changes": [
                    {"kind": change.kind, "name": change.name, "was": change.was, "now": change.now}
                    for change in one.changes
                ],
                "sentence": next((sentence for _, sentence in reasons([one])), None),
            }
            for one in found.steps
        ],
    }
