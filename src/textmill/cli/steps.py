"""The steps of a run as they happen: bars that move in a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import click

from textmill.cli.terminal import console, plain
from textmill.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from textmill.flow import Event
    from textmill.registry import Finished

__all__ = ["Steps", "step_names"]

_WIDTH = 10  # of a step's name
_SILENT = 30  # seconds; a pipe hears of a step that takes longer, so that a log shows that it goes on
_LONGEST = 30  # of a candidate's name beside its step
_COLOUR = {"refused": "yellow", "retry": "yellow", "failed": "red"}


def step_names(project: Path) -> dict[str, str]:
    """What steps of candidates are shown as: ``train-2 (lstm)``; empty where there is no project file to read."""
    from textmill.config import load

    try:
        candidates = load(project).candidate
    except ConfigError:  # which whoever runs it says
        return {}
    found: dict[str, str] = {}
    for number, one in enumerate(candidates, 2):
        name = plain(one.name)
        name = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
        found |= {f"{step}-{number}": f"{step}-{number} ({name})" for step in ("train", "validate")}
    return found


class Steps:
    """Shows each event of a run on stdout; call it with one, inside a ``with``.

    A step that is done gets one line with its seconds or ``unchanged``. What moves is only drawn in a terminal; a pipe
    gets a line of it every half a minute.

    Parameters
    ----------
    names : what steps are shown as, where that is not their own name
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = names or {}
        trained = [name for step, name in self._names.items() if step.startswith("train")]
        self._width = max(_WIDTH, *map(len, trained)) if trained else _WIDTH
        # the path of a run that has nothing to do loads no rich
        self._console: Console | None = console() if sys.stdout.isatty() else None
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}  # of the steps that are at work
        self._told: dict[str, float] = {}  # of steps, after how many seconds a pipe last heard of them

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._tasks.clear()
        self._stop()

    def __call__(self, event: Event) -> None:
        """Show what happens."""
        if event.kind == "waiting":
            self._say(f"waiting for another run of this project: {plain(event.note)}", "yellow")
        elif event.kind == "started":
            self._start(event.step)
        elif event.kind == "progress":
            self._move(event)
        else:
            if self._bars is not None and event.step in self._tasks:
                self._bars.remove_task(self._tasks.pop(event.step))
            self._stop()
            name = self._names.get(event.step, event.step)
            self._say(f"{name:<{self._width}} {_outcome(event)}", _COLOUR.get(event.kind))

    def _say(self, line: str, colour: str | None = None) -> None:
        if self._bars is not None:
            self._bars.console.print(line, style=colour)  # above the bars that go on
            return
        click.secho(line, fg=colour)
        sys.stdout.flush()  # a pipe sees it now and not in the end

    def _start(self, step: str) -> None:
        if self._console is None:
            return
        if self._bars is None:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._bars = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[note]}", markup=False),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bars.start()
        name = self._names.get(step, step)
        self._tasks[step] = self._bars.add_task(f"{name:<{self._width - 2}}", total=None, note="")

    def _move(self, event: Event) -> None:
        if self._bars is not None and event.step in self._tasks:
            note = plain(event.note)
            self._bars.update(self._tasks[event.step], completed=event.done, total=event.total, note=note)
        elif self._console is None and event.seconds - self._told.get(event.step, 0.0) >= _SILENT:
            self._told[event.step] = event.seconds
            far = f"{event.done:,} of {event.total:,}" if event.total else ""
            said = ", ".join(part for part in (plain(event.note), far) if part)
            name = self._names.get(event.step, event.step)
            self._say(f"{name:<{self._width}} after {event.seconds:,.0f} s{said and ': '}{said}")

    def _stop(self) -> None:
        """No bars while nothing is at work."""
        if self._bars is not None and not self._tasks:
            self._bars.stop()
            self._bars = None


def _without_page(left: Finished) -> bool:
    # a step of the user's own that is called so leaves a result
    return "report.html" not in left.files and "result" not in left.values


def _outcome(event: Event) -> str:
    if event.kind == "finished":
        if event.step == "report" and event.left is not None and _without_page(event.left):
            return " not written: the model was not evaluated"  # rows that were set aside it has handed out
        return f"{event.seconds:8.2f} s"
    words = {
        "cached": "unchanged",
        "refused": "refused",
        "skipped": f"left out: {event.note or 'the gate said no'}",
        "retry": f"failed and is tried again in {event.delay:g} s ({event.done} of {event.total}): {plain(event.note)}",
        "failed": "failed",
    }
    return f"{words[event.kind]:>10}" if len(words[event.kind]) <= 10 else f" {words[event.kind]}"
