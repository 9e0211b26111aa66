"""``textmill models``: the versions in a store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.cli import bundling, promoting
from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import console, json_option, plain, print_json
from textmill.errors import NotInStore, StoreError

if TYPE_CHECKING:
    from rich.table import Table

    from textmill.registry import Store
    from textmill.types import Manifest

__all__ = ["command"]

_KNOWN = ("accuracy", "f1", "precision", "recall")
_LINES = 50


@click.group("models")
def command() -> None:
    """List, show, compare, promote, bundle, export and remove models."""


@command.command("list")
@click.argument("model", required=False)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Lines at most, the newest. [default: 50; JSON: all]"
)
@click.option("--all", "every", is_flag=True, help="Every version, which takes a while where there are thousands.")
@store_option
@json_option
def list_models(model: str | None, limit: int | None, every: bool, store: Path | str | None, as_json: bool) -> None:
    """List the newest versions of every model, or of MODEL."""
    if every and limit is not None:
        raise click.UsageError("give --limit or --all, not both.")
    found = find_store(store)
    known = found.models()
    if model is not None:
        name = found.ref(model).name
        known = {name: known[name]}
    if limit is None and not every and not as_json:
        limit = _LINES
    shown = _newest(known, limit)
    manifests, broken = [], []
    for name, versions in shown.items():
        for version in versions:
            try:
                manifests.append(found.manifest(name, version))
            except StoreError as error:  # one that cannot be read hides no other
                broken.append(f"{name}@{version} is broken: {error}")
    aliases: dict[str, dict[int, list[str]]] = {}
    for name in shown:
        try:
            aliases[name] = _by_version(found, name)
        except StoreError as error:
            aliases[name] = {}
            broken.append(f"the aliases of {name} are broken: {error}")
    for said in broken:
        click.echo(said, err=True)
    if as_json:
        print_json([_entry(one) | {"aliases": aliases[one.ref.name].get(one.ref.version, [])} for one in manifests])
    elif manifests or not broken:
        _print(found, manifests, aliases)
    left = sum(map(len, known.values())) - sum(map(len, shown.values()))
    if left and not as_json:
        click.echo(f"... and {left:,} more; --all lists them.")
    if broken:
        raise SystemExit(1)


def _newest(known: Mapping[str, tuple[int, ...]], limit: int | None) -> dict[str, tuple[int, ...]]:
    """The newest versions of each model, in all no more than `limit`; a manifest that is not shown is not read."""
    if limit is None or not known:
        return dict(known)
    each = max(1, limit // len(known))
    return {name: versions[-each:] for name, versions in list(known.items())[:limit]}


def _by_version(found: Store, name: str) -> dict[int, list[str]]:
    named: dict[int, list[str]] = {}
    for alias, at in found.aliases(name).items():
        named.setdefault(at.version, []).append(alias)
    return named


def _print(found: Store, manifests: list[Manifest], aliases: Mapping[str, Mapping[int, list[str]]]) -> None:
    if not manifests:
        click.echo(f"{found.place} holds no model; make one with: textmill run PROJECT")
        return
    scores = _scores_of(manifests)
    marks = ["aliases"] if any(aliases.values()) else []
    rows = [["model", "version", "made", *scores, *marks]]
    for manifest in manifests:
        values = (manifest.report.get(name) for name in scores)
        figures = ["" if score is None else f"{score:.3f}" for score in values]
        made = manifest.created[:16].replace("T", " ")  # to the minute, UTC
        named = ", ".join(aliases[manifest.ref.name].get(manifest.ref.version, ()))
        rows.append([manifest.ref.name, str(manifest.ref.version), made, *figures, *([named] if marks else [])])
    # by hand: to load rich takes longer than to find fifty versions among ten thousand
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo(plain("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()))


@command.command("show")
@click.argument("model")
@store_option
@json_option
def show(model: str, store: Path | str | None, as_json: bool) -> None:
    """Show what MODEL (a name or NAME@VERSION) consists of and comes from."""
    manifest = find_store(store).manifest(model)
    if as_json:
        print_json(_entry(manifest) | {"files": manifest.files, "parents": manifest.parents, "config": manifest.config})
        return
    click.echo(f"{manifest.ref.name}, version {manifest.ref.version}, made {manifest.created}")
    for title, pairs in (
        ("scores", _flat(manifest.report)),
        ("made from", manifest.parents),
        ("settings", _flat(manifest.config)),
        ("files (sha256)", manifest.files),
    ):
        click.echo(f"\n{title}")
        width = max(map(len, pairs), default=0)
        for name, value in pairs.items():
            click.echo(f"  {name.ljust(width)}  {plain(_figure(value))}")


@command.command("card")
@click.argument("model")
@store_option
def card(model: str, store: Path | str | None) -> None:
    """Print the model card of MODEL, Markdown: what it is for, made of, good at and bad at."""
    manifest, folder = find_store(store).open(model)
    page = folder / "card.md"
    if not page.exists():
        raise NotInStore("this version has no model card", where=str(manifest.ref), hint="Run its project again.")
    click.echo(page.read_text(encoding="utf-8"))


@command.command("diff")
@click.argument("a", metavar="MODEL@A")
@click.argument("b", metavar="MODEL@B")
@store_option
@json_option
def diff(a: str, b: str, store: Path | str | None, as_json: bool) -> None:
    """Say what differs between two versions: settings, data, code, scores, files."""
    found = find_store(store).diff(a, b)
    parts = {part: getattr(found, part) for part in ("settings", "data", "code", "scores", "files")}
    if as_json:
        changes = {
            part: {name: {"a": old, "b": new} for name, (old, new) in pairs.items()} for part, pairs in parts.items()
        }
        print_json({"a": str(found.a), "b": str(found.b)} | changes)
        return
    if not found:
        click.echo(f"{found.a} and {found.b} are the same.")
        return
    table = _table("what", str(found.a), str(found.b))
    for part, pairs in parts.items():
        for name, (old, new) in pairs.items():
            said = ["-" if value is None else _short(_figure(value)) for value in (old, new)]
            table.add_row(f"{part}: {name}", *map(plain, said))
    console().print(table)


@command.command("remove")
@click.argument("model", metavar="MODEL@VERSION")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Remove it even if it is the newest, which the bare name stands for.")
@store_option
def remove(model: str, yes: bool, force: bool, store: Path | str | None) -> None:
    """Remove one version; its number is not given again."""
    found = find_store(store)
    going = found.removal(model)
    said = f"{going.ref}: {len(going.files)} files, {going.size / 1e6:,.1f} MB"
    found.check_removal(model, force=force)
    if not yes:
        click.confirm(f"Remove {said}?", abort=True)
    found.remove(model, force=force)
    click.echo(f"removed {said}.")


for _verb in (promoting.promote, promoting.rollback, promoting.aliases, promoting.approve):
    command.add_command(_verb)
for _verb in (bundling.bundle_model, bundling.export_model, bundling.install_model, bundling.log_model):
    command.add_command(_verb)


def _entry(manifest: Manifest) -> dict[str, Any]:
    return {
        "model": manifest.ref.name,
        "version": manifest.ref.version,
        "created": manifest.created,
        "report": manifest.report,
    }


def _scores_of(manifests: list[Manifest]) -> list[str]:
    """The figures worth a column: the well-known ones that some version has, else the first that there are."""
    names = dict.fromkeys(
        name for manifest in manifests for name, value in manifest.report.items() if isinstance(value, (int, float))
    )
    return [name for name in _KNOWN if name in names] or list(names)[:4]


def _figure(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _short(figure: str) -> str:
    # enough of a digest to tell two apart
    return f"{figure[:12]}..." if len(figure) == 64 and set(figure) <= set("0123456789abcdef") else figure


def _flat(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in value.items():
        found |= _flat(inner, f"{path}{name}.") if isinstance(inner, Mapping) else {f"{path}{name}": inner}
    return found


def _table(*titles: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
