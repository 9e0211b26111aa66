"""``textmill store``: what the store keeps, and what it need not keep."""

from __future__ import annotations

import re
from pathlib import Path

import click

from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import json_option, print_json

__all__ = ["command"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def _age(ctx: click.Context, param: click.Parameter, value: str) -> float:
    match = re.fullmatch(r"([0-9]{1,6})([smhdw])", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is no age; wanted such as 30d, 12h or 0d.")
    return float(int(match[1]) * _SECONDS[match[2]])


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
def gc(dry_run: bool, older_than: float, wait: float | None, store: Path | None, as_json: bool) -> None:
    """Remove finished steps and objects that no version and no project's last run needs.

    Every version stays, the rows of every data set, and what a run would find done. Waits for runs at work.
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
        counts = {"steps": len(going.steps), "objects": len(going.objects), "bytes": going.size}
        print_json({"dry_run": dry_run} | counts)
        return
    said = f"{len(going.steps):,} finished steps and {len(going.objects):,} objects, {going.size / 1e6:,.1f} MB"
    if not going:
        click.echo("There is nothing to collect.")
    else:
        click.echo(f"Would free: {said}." if dry_run else f"Freed: {said}.")
