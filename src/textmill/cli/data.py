"""``textmill data``: public data sets, checked against their checksums."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from textmill.cli.stores import quoted
from textmill.cli.story import short
from textmill.cli.terminal import json_option, plain, print_json
from textmill.errors import GateRefused

__all__ = ["command"]

_MOST_CLASSES = 12
_MOST_DOUBTS = 5


@click.group("data")
def command() -> None:
    """Check a project's rows; get public data sets."""


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


@command.command("check")
@click.argument("project", type=click.Path(path_type=Path), default=".", required=False)
@click.option(
    "--labels/--no-labels",
    default=None,
    help="Look for labels that are probably wrong, by training five models. [default: up to 50,000 rows]",
)
@json_option
def check(project: Path, labels: bool | None, as_json: bool) -> None:
    """Look at the rows of PROJECT before it is run: classes, lengths, twins, columns and labels that look wrong.

    Ends with 3 if they are not as [expect] says.
    """
    from textmill.config import load, thread_count
    from textmill.flow.checking import check_project

    mill_file = project / "mill.toml" if project.is_dir() else project
    found = check_project(load(mill_file), mill_file.parent, threads=thread_count(None), labels=labels)
    if as_json:
        print_json(found)
    else:
        for line in _told(found):
            click.echo(plain(line))
    if found["unmet"]:
        raise GateRefused("the rows are not as [expect] says: " + "; ".join(found["unmet"]), where=str(mill_file))


def _told(found: dict[str, Any]) -> Iterator[str]:
    from textmill.evaluate.markup import shortened
    from textmill.evaluate.sentences import PERSONAL

    why = ", ".join(f"{reason}: {count:,}" for reason, count in found["reasons"].items())
    aside = f", {found['rejected']:,} set aside ({why})" if found["rejected"] else ""
    aside += f"; written in {found['encoding']}" if found["encoding"] not in (None, "utf-8") else ""
    yield f"rows       {found['rows']:,}{aside}"
    shown = list(found["classes"].items())[:_MOST_CLASSES]
    more = f" and {len(found['classes']) - len(shown):,} more" if len(found["classes"]) > len(shown) else ""
    yield (
        "classes    "
        + ", ".join(f"{label}: {rows:,} ({100 * rows / found['rows']:.1f} %)" for label, rows in shown)
        + more
    )
    if found["rare"]:
        yield f"           fewer than 20 rows: {', '.join(found['rare'][:_MOST_CLASSES])}"
    sizes = found["characters"]
    yield (
        f"lengths    {sizes['min']:,} to {sizes['max']:,} characters, half of them up to {sizes['median']:,},"
        f" 95 % up to {sizes['p95']:,}"
    )
    if found["languages"] is None:
        yield "languages  not looked at: pip install 'textmill[languages]'"
    elif found["languages"]:
        of = sum(found["languages"].values())
        shares = [f"{code} {100 * n / of:.1f} %" for code, n in list(found["languages"].items())[:5]]
        yield f"languages  {', '.join(shares)} (of {of:,} texts)"
    twins = found["duplicates"]
    yield (
        f"twins      {twins['equal_rows']:,} rows in {twins['equal_groups']:,} groups of equal texts,"
        f" {twins['similar_rows']:,} in {twins['similar_groups']:,} of nearly equal ones"
    )
    odds = found["contradictions"]
    if odds["texts"]:
        yield f"           {odds['texts']:,} texts stand there with different labels ({odds['rows']:,} rows)"
    for one in found["giveaways"]:
        of = f"the domain of {one['column']}" if one["of"] == "domain" else one["column"]
        yield (
            f"giveaway   {of} alone gives the label away: {100 * one['accuracy']:.1f} % right, always naming the most"
            f" frequent label {100 * one['baseline']:.1f} %; keep it out of the text and the features"
        )
    if found["headers"] >= 0.1:
        yield (
            f"headers    {100 * found['headers']:.1f} % of the texts begin with the header of a message, whose sender"
            ' or organisation may give the label away; "headers" in [text] clean takes it out'
        )
    yield f"sides      {found['leaks']}"
    if shift := found["shift"]:
        yield from _told_of_words(shift)
    if doubts := found["doubtful"]:
        few = doubts["listed"][:_MOST_DOUBTS]
        yield f"labels     {doubts['rows']:,} are in doubt: models that had not seen the row are sure of another"
        for one in few:
            said = f"{one['label']!r}, looks like {one['said']!r}"
            yield f"           row id {one['id']} is {said}: {shortened(' '.join(one['text'].split()), 70)}"
    elif found["several_labels"]:
        yield "labels     those in doubt are looked for where a text has one label only"
    for kind, one in found["personal"].items():
        texts = "1 text seems" if one["texts"] == 1 else f"{one['texts']:,} texts seem"
        yield f"personal   {texts} to hold {PERSONAL[kind]}, such as row id {one['ids'][0]}"


def _told_of_words(shift: dict[str, Any]) -> Iterator[str]:
    apart = "more than by chance" if shift["p"] < 0.05 else "as by chance"
    yield (
        f"words      {100 * shift['unseen']:.1f} % of the words of the test side are in no training text; the sides are"
        f" {shift['divergence']:.3f} bits apart, {apart} ({shift['usual']:.3f})"
    )
    if shift["p"] < 0.05:
        for side, words in (("test", shift["more_in_test"]), ("training", shift["more_in_train"])):
            if words:
                yield f"           more in {side}: {', '.join(word for word, _ in words[:8])}"
