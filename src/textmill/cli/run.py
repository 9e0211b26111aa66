"""``textmill run``: a project, from its file to a registered version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.process import load_pyarrow
from textmill.cli.stores import store_in
from textmill.cli.terminal import console, json_option, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from textmill.flow import Event, RunResult

__all__ = ["command"]


@click.command("run")
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--force", is_flag=True, help="Do every step again.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads to use. [default: all cores]")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait for another run of this project. [default: until it is done]",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill in PROJECT]",
)
@click.option("--again", metavar="WHEN", hidden=True, help="Said by the schedule: when it is tried again if it fails.")
@json_option
def command(
    project: Path,
    force: bool,
    threads: int | None,
    wait: float | None,
    store: Path | None,
    again: str | None,
    as_json: bool,
) -> None:
    """Run PROJECT, a folder with a mill.toml: read, split, train, evaluate, register, report.

    What was done before with the same data, settings and code is not done again. Stop it whenever you like: the next
    run goes on from there. Ends with 3 if the rows are not as [expect] says or [evaluate] promote_if refuses the model.
    """
    from textmill.flow import ProjectRefused, run_project
    from textmill.flow.notices import noticing

    kept = None if store is None else store_in(store)

    def work(on_event: Callable[[Event], None] | None) -> RunResult:
        def tell(event: Event) -> None:
            if event.kind == "started":  # a run with nothing to do loads no pyarrow
                load_pyarrow()
            if on_event is not None:
                on_event(event)

        with noticing(project, store=kept, on_event=tell, again=again, warn=_warn) as watch:
            return run_project(project, store=kept, threads=threads, on_event=watch, force=force, wait=wait)

    try:
        if as_json:
            result = work(None)
        else:
            from textmill.cli.steps import Steps

            with Steps() as steps:
                result = work(steps)
    except ProjectRefused as refused:
        _tell(refused.result, as_json)
        raise
    _tell(result, as_json)


def _warn(sentence: str) -> None:
    click.echo(f"Mind: {plain(sentence)}", err=True)


def _tell(result: RunResult, as_json: bool) -> None:
    from textmill.cli import story

    if as_json:
        print_json(story.as_json(result))
        return
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
        click.echo(f"Registered: {ref.name}, version {ref.version}, in {story.short(result.store.root)}")
        click.echo("\nTry next:")
        for line in story.next_commands(result):
            click.echo(f"  {line}")
