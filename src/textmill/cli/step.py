"""``textmill step``: one step of a run, for a scheduler that is not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.stores import StorePlace, store_in
from textmill.cli.terminal import plain

if TYPE_CHECKING:
    from textmill.flow import Event

__all__ = ["command"]


@click.command("step")
@click.argument("name")
@click.option(
    "--project", type=click.Path(path_type=Path), default=".", metavar="DIR", help="The project. [default: this folder]"
)
@click.option("--run", required=True, metavar="ID", help="The run that it is a step of; its first step begins it.")
@click.option(
    "--item",
    type=click.IntRange(min=0),
    metavar="N",
    help="Which item or share, from 0, if it is done several times.",
)
@click.option(
    "--date",
    metavar="DAY",
    help="The day that the run is for, as 2026-11-01; or a time, whose day in the time zone of [schedule] is meant.",
)
@click.option(
    "--plan", metavar="DIGEST", help="Of the steps as the scheduler knows them; if they are others, nothing is done."
)
@click.option("--force", is_flag=True, help="Do it again even if nothing has changed.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads to use. [default: all cores]")
@click.option(
    "--store",
    type=StorePlace(),
    metavar="DIR|URL",
    help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill in the project]",
)
def command(
    name: str,
    project: Path,
    run: str,
    item: int | None,
    date: str | None,
    plan: str | None,
    force: bool,
    threads: int | None,
    store: Path | str | None,
) -> None:
    """Do one step of a run, as Airflow or another scheduler asks for it.

    What it needs must have been done in that run. It is tried once. The last line on stdout is JSON: step, run, key,
    and the number of items if it gave a list. Ends with 3 if a gate says no.
    """
    from textmill.flow import run_step
    from textmill.flow.notices import noticing_drift

    place, day = None if store is None else store_in(store), _day(date, project)
    # whoever schedules tells what fails, and knows nothing of drift
    tell = noticing_drift(project, store=place, date=day, on_event=_tell, warn=_warn) if name == "read" else _tell
    result = run_step(
        project,
        name,
        run=run,
        item=item,
        date=day,
        expected=plan,
        store=place,
        threads=threads,
        on_event=tell,
        on_output=_show,
        force=force,
    )
    click.echo(json.dumps(result.to_json()))


def _day(date: str | None, project: Path) -> str | None:
    from datetime import datetime

    from textmill.config import load
    from textmill.flow.due import day_of

    if date is None or "T" not in date:
        return date
    try:
        moment = datetime.fromisoformat(date)
    except ValueError as error:
        raise click.BadParameter(
            f"wanted a day, or a time such as 2026-11-01T06:00:00+00:00, got {date!r}", param_hint="--date"
        ) from error
    schedule = load(project).schedule
    return day_of(schedule, moment if moment.tzinfo is not None else moment.replace(tzinfo=schedule.zone))


def _show(said: bytes) -> None:
    click.echo(said, nl=False, err=True)


def _warn(line: str) -> None:
    click.echo(f"Mind: {plain(line)}", err=True)


def _tell(event: Event) -> None:
    if event.kind != "progress":
        note = f": {plain(event.note)}" if event.note else ""
        click.echo(f"{event.step} {event.kind}{note}", err=True)
