"""``textmill models promote``, ``rollback``, ``aliases`` and ``approve``: which version a name stands for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import json_option, plain, print_json
from textmill.errors import GateRefused
from textmill.types import Ref

if TYPE_CHECKING:
    from textmill.flow import Promotion

__all__ = ["aliases", "approve", "promote", "rollback"]


@click.command("promote")
@click.argument("model", metavar="MODEL@VERSION")
@click.option("--to", default="champion", show_default=True, metavar="ALIAS", help="The alias that points to it then.")
@click.option("--by", metavar="NAME", help="Who does it, for the audit log.")
@click.option("--reason", metavar="TEXT", help="Why, for the audit log.")
@click.option("--override", is_flag=True, help="Do it although checks say no; needs --by and --reason.")
@store_option
@json_option
def promote(
    model: str, to: str, by: str | None, reason: str | None, override: bool, store: Path | str | None, as_json: bool
) -> None:
    """Let an alias point to MODEL@VERSION, if the policy lets it.

    What is asked is what [policy] said in the project file that the version was made from, or policy.toml in the store.
    For the aliases that it guards, champion unless it names others, the model is also asked again in a fresh process
    and over HTTP, and counts what a task of Airflow's found that asked it: token ids and scores have to be those of
    training. Ends with 3 if a check says no.
    """
    if override and not ((by or "").strip() and (reason or "").strip()):
        raise click.UsageError("--override needs --by NAME and --reason TEXT: who answers for it, and why.")
    from textmill.flow import PromotionRefused
    from textmill.flow import promote as work

    def waiting(who: str) -> None:
        click.echo(f"waiting for {who}", err=True)

    try:
        made = work(find_store(store), model, to, by=by, reason=reason, override=override, on_wait=waiting)
    except PromotionRefused as refused:
        _tell(refused.promotion, as_json, refused=True)
        names = ", ".join(dict.fromkeys(check.name for check in refused.promotion.broken))
        raise GateRefused(f"it may not be {to}: {names}", where=refused.where, hint=refused.hint) from refused
    _tell(made, as_json, refused=False)


def _tell(made: Promotion, as_json: bool, *, refused: bool) -> None:
    if as_json:
        print_json(
            {
                "model": made.ref.name,
                "version": made.ref.version,
                "alias": made.alias,
                "before": made.before and made.before.version,
                "refused": refused,
                "checks": [asdict(check) for check in made.checks],
            }
        )
        return
    width = max((len(check.name) for check in made.checks), default=0)
    for check in made.checks:
        click.echo(plain(f"  {'yes' if check.holds else 'NO '}  {check.name.ljust(width)}  {check.said}"))
    if refused:
        return
    if made.before == made.ref:
        click.echo(f"{made.ref.name}@{made.alias} is version {made.ref.version} already.")
        return
    if made.broken:
        click.echo("overridden, which the audit log says.")
    click.echo(_moved(made.ref, made.alias, made.before))


def _moved(ref: Ref, alias: str, before: Ref | None) -> str:
    was = f"was version {before.version}" if before else "was nowhere"
    return f"{ref.name}@{alias} is version {ref.version} now; it {was}."


@click.command("rollback")
@click.argument("model")
@click.option("--alias", default="champion", show_default=True, metavar="ALIAS", help="The alias that goes back.")
@click.option("--by", metavar="NAME", help="Who does it, for the audit log.")
@click.option("--reason", metavar="TEXT", help="Why, for the audit log.")
@store_option
@json_option
def rollback(
    model: str, alias: str, by: str | None, reason: str | None, store: Path | str | None, as_json: bool
) -> None:
    """Let the champion of MODEL be what it was before. Nothing is asked: it was let through once."""
    found = find_store(store)
    before = found.ref(f"{model}@{alias}")
    now = Ref("model", before.name, found.roll_back(before.name, alias, by=by, reason=reason).version)
    if as_json:
        print_json({"model": now.name, "version": now.version, "alias": alias, "before": before.version})
        return
    click.echo(_moved(now, alias, before))


@click.command("aliases")
@click.argument("model")
@click.option("--drop", metavar="ALIAS", help="Take this alias away.")
@store_option
@json_option
def aliases(model: str, drop: str | None, store: Path | str | None, as_json: bool) -> None:
    """List the aliases of MODEL: where each points, and where it pointed before."""
    found = find_store(store)
    name = found.ref(model).name
    if drop is not None:
        gone = found.drop_alias(name, drop)
        click.echo(f"{name}@{drop} is gone; it was version {gone.version}.", err=as_json)
    kept = found.aliases(name)
    if as_json:
        print_json({alias: {"version": at.version, "before": list(at.before)} for alias, at in kept.items()})
        return
    for alias, at in kept.items():
        before = f"  (before: {', '.join(map(str, reversed(at.before[-5:])))})" if at.before else ""
        click.echo(f"{name}@{alias}  version {at.version}{before}")
    if not kept and drop is None:
        click.echo(f"{name} has no alias; make one with: textmill models promote {name}@VERSION")


@click.command("approve")
@click.argument("model", metavar="MODEL@VERSION")
@click.option("--by", required=True, metavar="NAME", help="Who approves.")
@click.option("--reason", required=True, metavar="TEXT", help="Why: what was looked at.")
@store_option
def approve(model: str, by: str, reason: str, store: Path | str | None) -> None:
    """Note that somebody approves of MODEL@VERSION, for a policy that asks for approvals.

    Anybody can write any name here. The audit log also holds which user of the machine it was.
    """
    from textmill.flow import approve as work

    ref = work(find_store(store), model, by=by, reason=reason)
    click.echo(plain(f"{ref.name}@{ref.version} is approved by {by}."))
