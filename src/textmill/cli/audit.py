"""``textmill audit``: what was done to a store, and whether its log is whole."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import json_option, plain, print_json

if TYPE_CHECKING:
    from textmill.registry import Line

__all__ = ["command"]


@click.group("audit")
def command() -> None:
    """Show the audit log of a store, or check that nobody changed it."""


@command.command("verify")
@click.option("--head", metavar="SHA256", help="A head that was noted elsewhere; the log has to hold that line.")
@store_option
@json_option
def verify(head: str | None, store: Path | str | None, as_json: bool) -> None:
    """Find any line that was changed, dropped or moved, and any alias that is not where the log says.

    Prints the head, the sha256 of the newest line. Who can write to the store can forge the whole log, but not so that
    it still holds a head that you noted elsewhere: note it from time to time, and give it with --head.
    """
    from textmill.registry.aliases import check_moves

    if head is not None and not re.fullmatch(r"[0-9a-f]{64}", head):
        raise click.UsageError("--head is the 64 small hexadecimal digits that 'textmill audit verify' prints.")
    found = find_store(store)
    lines = list(found.audit.lines())
    if head is not None:
        found.audit.verify(head)
    check_moves(lines, {name: found.aliases(name) for name in found.models()})
    newest = lines[-1].sha256 if lines else None
    if as_json:
        print_json({"lines": len(lines), "head": newest})
        return
    many = "1 line" if len(lines) == 1 else f"{len(lines):,} lines"
    click.echo(f"{found.audit.path}: {many}, none changed, dropped or moved.")
    if newest:
        click.echo(f"head: {newest}")


@command.command("show")
@click.argument("model", required=False)
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Lines at most.")
@store_option
@json_option
def show(model: str | None, last: int, store: Path | str | None, as_json: bool) -> None:
    """Print the newest lines, oldest first: all, or those about MODEL (a name or NAME@VERSION)."""
    found = find_store(store)
    lines = deque((line for line in found.audit.lines() if model is None or _is_about(line, model)), maxlen=last)
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    for line in lines:
        facts = dict(line.facts)
        about = [str(facts.pop("ref"))] if "ref" in facts else []
        told = about + [f"{name}: {_said(value)}" for name, value in facts.items() if value not in (None, [])]
        click.echo(plain(f"{line.n}  {line.when}  {line.by}  {line.event}  {', '.join(told)}"))


def _is_about(line: Line, model: str) -> bool:
    ref = str(line.facts.get("ref", "")).removeprefix("model/")
    wanted = model.removeprefix("model/")
    return wanted == (ref if "@" in wanted else ref.partition("@")[0])


def _said(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    said = str(value)
    return f"{said[:12]}..." if re.fullmatch(r"[0-9a-f]{64}", said) else said
