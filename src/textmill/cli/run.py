"""``textmill run``: a project, from its file to a registered version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.cli.days import dates_option, for_each_day
from textmill.cli.process import load_pyarrow
from textmill.cli.stores import StorePlace, store_in
from textmill.cli.terminal import console, json_option, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from textmill.flow import Event, RunResult

__all__ = ["command"]

_STATES = {
    "cached": "unchanged",
    "stale": "to do",
    "missing": "to do",
    "unknown": "to do if what comes before it leaves something new",
    "waiting": "only after a failure",
}


@click.command("run")
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--force", is_flag=True, help="Do every step again.")
@click.option("--only", multiple=True, metavar="STEP", help="Do this step and no other; may be given several times.")
@click.option("--from", "since", metavar="STEP", help="Do this step again, and all that come after it.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@dates_option("Run for")
@click.option(
    "--on",
    metavar="WHERE",
    help="Share the heavy parts: 'dask' for processes on this machine, or tcp://HOST:PORT, a Dask scheduler.",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads to use. [default: all cores]")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait for another run of this project. [default: until it is done]",
)
@click.option(
    "--store",
    type=StorePlace(),
    metavar="DIR|URL",
    help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill in PROJECT]",
)
@click.option("--again", metavar="WHEN", hidden=True, help="Said by the schedule: when it is tried again if it fails.")
@json_option
def command(
    project: Path,
    force: bool,
    only: tuple[str, ...],
    since: str | None,
    dry_run: bool,
    dates: list[str],
    on: str | None,
    threads: int | None,
    wait: float | None,
    store: Path | str | None,
    again: str | None,
    as_json: bool,
) -> None:
    """Run PROJECT, a folder with a mill.toml: read, split, train, evaluate, register, report, and steps of its own.

    What was done before with the same data, settings and code is not done again. Stop it whenever you like: the next
    run goes on from there. Ends with 3 if the rows are not as [expect] says or [evaluate] promote_if refuses the model.
    """
    if only and since is not None:
        raise click.UsageError("wanted --only or --from, not both")
    how: dict[str, Any] = {"store": None if store is None else store_in(store), "force": force}
    how |= {"only": only, "since": since}

    def do(date: str | None) -> dict[str, Any]:
        if dry_run:
            return _planned(project, as_json, date=date, on=on, **how)
        return _run(project, as_json, again, date=date, on=on, threads=threads, wait=wait, **how)

    for_each_day(dates, do, as_json=as_json)


def _planned(project: Path, as_json: bool, **how: Any) -> dict[str, Any]:
    from textmill.cli.steps import step_names
    from textmill.flow import plan_project

    told = {one.step: one.state for one in plan_project(project, **how).steps}
    names = {} if as_json else {step: step_names(project).get(step, step) for step in told}
    wide = max([10, *map(len, names.values())])
    for step, name in names.items():
        click.echo(f"{name:<{wide}}  {_STATES[told[step]]}")
    return {"steps": told}


def _run(project: Path, as_json: bool, again: str | None, **how: Any) -> dict[str, Any]:
    from textmill.cli import story
    from textmill.flow import ProjectRefused, run_project
    from textmill.flow.notices import noticing

    def work(on_event: Callable[[Event], None] | None) -> RunResult:
        def tell(event: Event) -> None:
            if event.kind == "started":  # a run with nothing to do loads no pyarrow
                load_pyarrow()
            if on_event is not None:
                on_event(event)

        with noticing(project, store=how["store"], date=how["date"], on_event=tell, again=again, warn=_warn) as watch:
            return run_project(project, on_event=watch, **how)

    try:
        if as_json:
            result = work(None)
        else:
            from textmill.cli.steps import Steps, step_names

            with Steps(step_names(project)) as steps:
                result = work(steps)
    except ProjectRefused as refused:
        if as_json:
            print_json(story.as_json(refused.result))
        else:
            _tell(refused.result)
        raise
    if not as_json:
        _tell(result)
    return story.as_json(result)


def _warn(sentence: str) -> None:
    click.echo(f"Mind: {plain(sentence)}", err=True)


def _tell(result: RunResult) -> None:
    from textmill.cli import story

    click.echo()
    if result.report is None:
        done = sum(not step.cached for step in result.steps)
        click.echo(f"Done: {done} {'step' if done == 1 else 'steps'}." if done else "Nothing to do.")
        return
    if result.nothing_to_do and result.manifest is not None:
        from textmill.evaluate.sentences import verdict

        ref = result.manifest.ref
        click.echo(f"Nothing to do: {ref.name}, version {ref.version}, is made of these data, settings and code.")
        click.echo(verdict(result.report))
    else:
        from textmill.evaluate import summary

        for sentence in story.told(result):
            click.echo(sentence)
        click.echo()
        console(wrap=True).print(summary(result.report))
    click.echo(f"\nReport: {story.short(result.folder / 'report.html')}")
    if result.manifest is not None:
        ref = result.manifest.ref
        click.echo(f"Registered: {ref.name}, version {ref.version}, in {story.short(result.store.place)}")
        click.echo("\nTry next:")
        for line in story.next_commands(result):
            click.echo(f"  {line}")
