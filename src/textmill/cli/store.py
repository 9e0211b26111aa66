"""``textmill store``: what the store keeps, and what it need not keep."""

from __future__ import annotations

from pathlib import Path

import click

from textmill.cli.stores import find_store, freed, store_option
from textmill.cli.terminal import json_option, print_json
from textmill.config.durations import seconds
from textmill.errors import ConfigError

__all__ = ["command"]


def _age(ctx: click.Context, param: click.Parameter, value: str) -> float:
    try:
        return seconds(value)
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from error


@click.group("store")
def command() -> None:
    """Free room in the store: finished work that nothing needs."""


@command.command("gc")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--older-than", callback=_age, default="30d", show_default=True, metavar="AGE", help="Leave what is younger."
)
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="For runs at work. [default: till done]")
@store_option
@json_option
def gc(dry_run: bool, older_than: float, wait: float | None, store: Path | str | None, as_json: bool) -> None:
    """Remove finished steps and objects that no version and no project's last run needs, and old records of runs.

    Every version stays, the rows of every data set, and what a run would find done. Waits for runs at work on this
    machine; on a store that machines share nothing goes that a run elsewhere needs.
    """
    from textmill.registry.collecting import collect, garbage

    found = find_store(store)
    if dry_run:
        going = garbage(found, older_than=older_than)
    else:
        going = collect(
            found,
            older_than=older_than,
            wait=wait,
            on_wait=lambda who: click.echo(f"waiting for {who}", err=True),
        )
    if as_json:
        counts = {"steps": len(going.steps), "objects": len(going.objects), "runs": len(going.runs)}
        print_json({"dry_run": dry_run} | counts | {"bytes": going.size})
        return
    if not going:
        click.echo("There is nothing to collect.")
    else:
        click.echo(f"Would free: {freed(going)}." if dry_run else f"Freed: {freed(going)}.")
