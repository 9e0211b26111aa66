"""``textmill data``: public data sets, checked against their checksums."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from textmill.cli.days import dates_option, for_each_day
from textmill.cli.erasing import erase_rows
from textmill.cli.stores import quoted
from textmill.cli.story import short
from textmill.cli.terminal import json_option, plain, print_json
from textmill.errors import ConfigError, GateRefused
from textmill.types import side_by_side

__all__ = ["command"]

_MOST_CLASSES = 12
_MOST_DOUBTS = 5


@click.group("data")
def command() -> None:
    """Check a project's rows; erase rows; get public data sets."""


command.add_command(erase_rows)


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
@dates_option("Look at the rows of")
@json_option
def check(project: Path, labels: bool | None, dates: list[str], as_json: bool) -> None:
    """Look at the rows of PROJECT before it is run: classes, lengths, twins, columns and labels that look wrong.

    Ends with 3 if they are not as [expect] says.
    """
    from textmill.config import load, thread_count
    from textmill.config.project import dated
    from textmill.flow.checking import check_project

    mill_file = project / "mill.toml" if project.is_dir() else project
    written = load(mill_file)
    unmet: list[str] = []

    def do(date: str | None) -> dict[str, Any]:
        try:
            mill = dated(written, date)
        except ConfigError as error:
            raise ConfigError(error.faults, where=str(mill_file)) from error
        with _saying() as say:
            found = check_project(mill, mill_file.parent, threads=thread_count(None), labels=labels, progress=say)
        for line in () if as_json else _told(found, "row id" if mill.read.id else "row"):
            click.echo(_wrapped(plain(line)))
        if found["unmet"]:
            day = "" if date is None else f" of {date}"
            unmet.append(f"the rows{day} are not as [expect] says: {'; '.join(found['unmet'])}")
        return found

    for_each_day(dates, do, as_json=as_json)
    if unmet:
        raise GateRefused("; ".join(unmet), where=str(mill_file))


@contextmanager
def _saying() -> Iterator[Callable[[str], None] | None]:
    """Says in a terminal what is being looked at: five models may take minutes."""
    if not sys.stderr.isatty():
        yield None
        return
    from textmill.cli.terminal import console

    with console(stderr=True).status("") as status:
        yield lambda note: status.update(note)


def _wrapped(line: str) -> str:
    """A line for a terminal, what does not fit below its beginning; for a pipe as it is."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or width < 40:
        return line
    return textwrap.fill(line, width, subsequent_indent=" " * 11, break_on_hyphens=False)


def _told(found: dict[str, Any], row: str) -> Iterator[str]:
    from textmill.evaluate.datacheck import columns_told, doubts_told, languages_told, shift_told
    from textmill.evaluate.markup import shortened
    from textmill.evaluate.sentences import PERSONAL, counted

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
    else:
        yield f"languages  {languages_told(found['languages'])}"
    twins = found["duplicates"]
    if twins["similar_rows"]:
        yield (
            f"twins      {counted(twins['similar_rows'], 'row', 'rows')} in"
            f" {counted(twins['similar_groups'], 'group', 'groups')} of equal or nearly equal texts,"
            f" {twins['equal_rows']:,} of them with texts that are equal to the letter"
        )
    else:
        yield "twins      none: no two texts are equal or nearly equal"
    odds = found["contradictions"]
    if odds["texts"]:
        texts = counted(odds["texts"], "text stands", "texts stand")
        yield f"           {texts} there with different labels ({counted(odds['rows'], 'row', 'rows')})"
    for sentence in columns_told(found):
        yield f"columns    {sentence}"
    if found["headers"] >= 0.1:
        yield (
            f"headers    {100 * found['headers']:.1f} % of the texts begin with the header of a message, whose sender"
            ' or organisation may give the label away; "headers" in [text] clean takes it out'
        )
    if sides := found["sides"]:
        yield f"sides      {sides['train']:,} rows to learn from, {sides['test']:,} to test on"
    if found["leaks"]:
        yield f"{'' if sides else 'sides':<11}{found['leaks']}"
    if shift := found["shift"]:
        yield f"words      {shift_told(shift)}"
        if shift["p"] < 0.05:
            for side, words in (("test", shift["more_in_test"]), ("training", shift["more_in_train"])):
                if words:
                    yield f"           more in {side}: {', '.join(word for word, _ in words[:8])}"
    if doubts := found["doubtful"]:
        yield f"labels     {doubts_told(doubts)}"
        for one in doubts["listed"][:_MOST_DOUBTS]:
            said = f"{one['label']!r}, looks like {one['said']!r}"
            text = " ".join(side_by_side(one["text"]).split())
            yield f"           {row} {one['id']} is {said}: {shortened(text, 70)}"
    elif found["several_labels"]:
        yield "labels     those in doubt are looked for where a text has one label only"
    else:
        yield "labels     not looked for ones in doubt"
    for kind, one in found["personal"].items():
        texts = "1 text seems" if one["texts"] == 1 else f"{one['texts']:,} texts seem"
        yield f"personal   {texts} to hold {PERSONAL[kind]}, such as {row} {one['ids'][0]}"
