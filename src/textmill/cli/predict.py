"""``textmill predict``: texts in, labels out, in whatever form both come."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from textmill.cli.stores import find_store, store_option, version_option
from textmill.cli.terminal import json_option

__all__ = ["command"]

_FORMATS = ("csv", "jsonl", "parquet")


@click.command("predict")
@click.argument("model")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option("--in", "source", metavar="FILE|-", help="A CSV, JSON Lines or Parquet file with a text in each row.")
@click.option("--out", "target", metavar="FILE|-", help="Where the rows go, with the columns added. [default: stdout]")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Format of the output. [default: by its name, else as the input]")
@click.option("--text", "column", metavar="COLUMN", help="Column of --in that holds the text. [default: as in training]")
@click.option("--rejected", metavar="FILE", help="Where rows go that cannot be used. [default: OUT.rejected.jsonl]")
@store_option
@version_option
@json_option
def command(
    model: str,
    texts: tuple[str, ...],
    source: str | None,
    target: str | None,
    form: str | None,
    column: str | None,
    rejected: str | None,
    store: Path | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Label texts with MODEL, a name or NAME@VERSION.

    The texts stand on the command line, come line by line through a pipe, or stand in a file of rows (--in):

    \b
      textmill predict disaster "Forest fire near La Ronge"
      cat tweets.txt | textmill predict disaster
      textmill predict disaster --in tweets.csv --out labelled.parquet

    Rows keep their columns and get three or more: label (the most probable class), score (its probability) and
    score_CLASS for each class. Where one of these names is taken, all of them begin with predicted_ instead.
    """
    if source is None:
        for option, given in (("--format", form), ("--text", column), ("--rejected", rejected), ("--out", target)):
            if given is not None:
                raise click.UsageError(f"{option} is for rows of a file; name the file with --in.")
        if not texts and sys.stdin.isatty():
            raise click.UsageError("there is no text: give one, pipe lines in, or name a file of rows with --in.")
    elif texts:
        raise click.UsageError("give texts here or a file with --in, not both.")
    elif as_json:
        raise click.UsageError("--json is for texts given here or line by line; for rows use --format jsonl.")

    from textmill.cli.labelling import label_rows, label_texts, open_model

    opened = open_model(find_store(store), model, version)
    if source is None:
        label_texts(opened, texts, as_json=as_json)
    else:
        label_rows(opened, source, target, form=form, column=column, rejected=rejected)

