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
@click.option("--in", "source", metavar="FILE|-", help="Rows with a text in each: CSV, JSON Lines or Parquet.")
@click.option("--in-format", type=click.Choice(("csv", "jsonl")), help="What comes through the pipe with --in -.")
@click.option("--out", "target", metavar="FILE|-", help="Where the rows go, with the columns added. [default: stdout]")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Format of the output. [default: as its name says]")
@click.option("--text", "column", metavar="COLUMN", help="Column that holds the text. [default: as in training]")
@click.option("--rejected", metavar="FILE", help="Where unusable rows go. [default: OUT.rejected.jsonl]")
@store_option
@version_option
@json_option
def command(
    model: str,
    texts: tuple[str, ...],
    source: str | None,
    in_format: str | None,
    target: str | None,
    form: str | None,
    column: str | None,
    rejected: str | None,
    store: Path | str | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Label texts with MODEL, a name or NAME@VERSION.

    The texts stand on the command line, come line by line through a pipe, or stand in a file of rows (--in):

    \b
      textmill predict disaster "Forest fire near La Ronge"
      cat tweets.txt | textmill predict disaster
      textmill predict disaster --in tweets.csv --out labelled.parquet

    A model of pairs takes two texts after each other, lines with a tab between them, or rows with the two columns that
    it learned from.

    Rows keep their columns and get more: label (the most probable class; of a model of several labels those that are
    said, " + " between them), score (its probability; of several that of the yes or no it is least sure of) and
    score_CLASS for each class. Where one of these names is taken, all of them begin with predicted_ instead.
    """
    if source is None:
        for option, given in (
            ("--in-format", in_format),
            ("--out", target),
            ("--format", form),
            ("--text", column),
            ("--rejected", rejected),
        ):
            if given is not None:
                raise click.UsageError(f"{option} is for rows; name their file with --in.")
        if not texts and sys.stdin.isatty():
            raise click.UsageError("there is no text: give one, pipe lines in, or name a file of rows with --in.")
    elif texts:
        raise click.UsageError("give texts here or rows with --in, not both.")
    elif as_json:
        raise click.UsageError("--json is for texts given here or line by line; for rows use --format jsonl.")
    elif source == "-" and in_format is None:
        raise click.UsageError("--in - needs --in-format csv or --in-format jsonl: a pipe has no name to tell by.")
    elif source != "-" and in_format is not None:
        raise click.UsageError("--in-format is for --in -; a file tells by its name and content.")

    from textmill.cli.labelling import label_texts, open_model

    opened = open_model(find_store(store), model, version)
    if source is None:
        label_texts(opened, texts, as_json=as_json)
        return
    from textmill.cli.rows import label_rows

    label_rows(opened, source, target, in_format=in_format, form=form, column=column, rejected=rejected)
