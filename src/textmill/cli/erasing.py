"""``textmill data erase``: rows that somebody wants forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.cli.stores import find_store, freed, store_option
from textmill.cli.terminal import json_option, plain, print_json
from textmill.cli.trace import found_json, found_lines, row_options, wanted_rows
from textmill.errors import DataError

if TYPE_CHECKING:
    from textmill.registry.erasure import Erasure

__all__ = ["erase_rows"]


@click.command("erase")
@click.argument("dataset", required=False)
@row_options
@click.option("--reason", required=True, metavar="WHY", help="For the audit log, such as the number of the request.")
@click.option("--purge", is_flag=True, help="Remove the rows, and what was made from them, from the store for good.")
@store_option
@json_option
def erase_rows(
    dataset: str | None,
    texts: tuple[str, ...],
    persons: tuple[str, ...],
    file: str | None,
    reason: str,
    purge: bool,
    store: Path | str | None,
    as_json: bool,
) -> None:
    """Make DATASET, by default every data set, forget texts and persons.

    A new version is made without their rows, and later runs set such rows aside as "erased". Says which models learned
    from them: these do so until they are trained again and removed. Without --purge the rows of older versions stay.
    """
    if not (texts or persons or file):
        raise click.UsageError("say whose rows, or which, with --text, --person or --from.")
    if not reason.strip():
        raise click.UsageError("--reason is blank.")
    named = [*persons, *(part for text in texts for part in text.split("\t"))]  # of a pair each text
    if any(said.strip() and said.strip() in reason for said in named):
        raise DataError("the reason holds what is to be erased, and stays in the audit log", where="--reason")
    from textmill.registry.erasure import erase

    done = erase(
        find_store(store),
        wanted_rows(texts, persons, file),
        reason=reason,
        name=dataset.removeprefix("dataset/") if dataset is not None else None,
        purge=purge,
        on_wait=lambda who: click.echo(f"waiting for {who}", err=True),
    )
    if as_json:
        print_json(_as_json(done))
    else:
        for line in _told(done):
            click.echo(line)


def _as_json(done: Erasure) -> dict[str, Any]:
    return found_json(done.found) | {
        "successors": [
            {
                "before": str(one.before),
                "after": one.after and str(one.after),
                "rows": one.rows,
                "why": one.why,
                "alike": one.alike,
            }
            for one in done.successors
        ],
        "retrain": [str(one.ref) for one in done.found.models if one.how != "tested"],
        "purged": done.purged,
        "steps": len(done.holding.steps),
        "objects": len(done.holding.objects),
        "runs": len(done.holding.runs),
        "bytes": done.holding.size,
    }


def _told(done: Erasure) -> Iterator[str]:
    for one in done.successors:
        if one.rows == 0:
            yield f"{one.before} is without it already."
        elif one.after is None:
            yield f"No version of {one.before.name} was made without it: {plain(one.why)}."
        else:
            yield f"{one.after} is {one.before} without {'1 row' if one.rows == 1 else f'{one.rows:,} rows'}."
        if one.alike:
            stay = "1 row of others has" if one.alike == 1 else f"{one.alike:,} rows of others have"
            yield f"Not erased: {stay} the same text. --text erases a text whoever wrote it."
    yield from found_lines(done.found)
    again = sorted({one.ref.name for one in done.found.models if one.how != "tested"})
    if again:
        yield f"Train again: {', '.join(again)}. A model that learned from it does so until it is removed:"
        yield from (f"  textmill models remove {one.ref.name}@{one.ref.version}" for one in done.found.models)
    if done.purged:
        yield f"Purged, as they held it or may have: {freed(done.holding)}."
    elif done.holding:
        yield f"Still in the store, and holding it or maybe so: {freed(done.holding)}. --purge removes them."
    yield "The source is yours: remove the rows there too. Until then a run sets them aside as erased."
    yield "report.html and rejected.jsonl beside the project file may show them until the next run."
