"""``textmill data``: public data sets, checked against their checksums."""

from __future__ import annotations

from pathlib import Path

import click

from textmill.cli.stores import quoted
from textmill.cli.story import short
from textmill.cli.terminal import json_option, print_json

__all__ = ["command"]


@click.group("data")
def command() -> None:
    """Get public data sets, checked against their checksums."""


@command.command("list")
@json_option
def list_sets(as_json: bool) -> None:
    """List the data sets that are known, with licence and origin."""
    from textmill.read import CATALOGUE

    if as_json:
        print_json(
            [
                {
                    "name": known.name,
                    "what": known.what,
                    "page": known.page,
                    "licence": known.licence,
                    "note": known.note,
                    "bytes": sum(file.bytes for file in known.files),
                    "files": {file.name: file.sha256 for file in known.files},
                }
                for known in CATALOGUE.values()
            ]
        )
        return
    for known in CATALOGUE.values():
        size = sum(file.bytes for file in known.files) / 1e6
        click.echo(f"{click.style(known.name, bold=True)}  {size:.1f} MB: {known.what}")
        click.echo(f"  licence: {known.licence}\n  from {known.page}")
    click.echo("\nGet one with: textmill data get NAME")


@command.command("get")
@click.argument("name")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@json_option
def get_set(name: str, folder: Path | None, as_json: bool) -> None:
    """Put the files of the data set NAME into DIR, by default a folder of that name.

    They come from their public origin, or from the mirror that TEXTMILL_DATA names; each is checked against its
    sha256 before it gets its name.
    """
    from textmill.read import CATALOGUE, get

    paths = get(name, folder if folder is not None else Path(name))
    known = CATALOGUE[name]
    if as_json:
        print_json({"name": name, "licence": known.licence, "page": known.page, "files": [str(path) for path in paths]})
        return
    for path in paths:
        click.echo(f"{short(path)}  ({path.stat().st_size / 1e6:.1f} MB, sha256 as known)")
    click.echo(f"{known.note}\nLicence: {known.licence}; from {known.page}")
    click.echo(f"\nNext:\n  textmill new {quoted(f'my-{name}')} --from {quoted(short(paths[0]))}")
