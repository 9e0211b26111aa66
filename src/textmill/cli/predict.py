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
@click.option(
    "--out",
    "target",
    metavar="FILE|FOLDER/|-",
    help="Where the rows go, with the columns added; into a folder each file by itself. [default: stdout]",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Format of the output. [default: as its name says]")
@click.option("--text", "column", metavar="COLUMN", help="Column that holds the text. [default: as in training]")
@click.option("--rejected", metavar="FILE", help="Where unusable rows go. [default: OUT.rejected.jsonl]")
@click.option(
    "--on",
    metavar="WHERE",
    help="Share the files of a folder: 'dask' for processes on this machine, or tcp://HOST:PORT, a Dask scheduler.",
)
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
    on: str | None,
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

    Many files, each into a file of its own, by several processes if you like; those that are there are not made again:

    \b
      textmill predict disaster --in 'rows/*.csv' --out labelled/ --on dask

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
            ("--on", on),
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

    folder = target is not None and (target.endswith("/") or Path(target).is_dir())
    if folder and source == "-":
        raise click.UsageError("a pipe is no file that could go into a folder; name a file with --out.")
    if folder and rejected is not None:
        raise click.UsageError("--rejected is for one file; in a folder unusable rows lie beside the file they are of.")
    if on is not None and not folder:
        raise click.UsageError("--on shares files among processes; name a folder for them with --out FOLDER/.")

    if source is not None and target is not None and folder:
        from textmill.cli.rows import label_folder

        label_folder(find_store(store), model, version, source, target, form=form, column=column, on=on)
        return
    from textmill.flow.labelling import open_model

    opened = open_model(find_store(store), model, version)
    if source is None:
        from textmill.cli.labelling import label_texts

        label_texts(opened, texts, as_json=as_json)
        return
    from textmill.cli.rows import label_rows

    label_rows(opened, source, target, in_format=in_format, form=form, column=column, rejected=rejected)
