"""Files of rows through a model: which file, and what is told in the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.process import load_pyarrow
from textmill.cli.story import short
from textmill.errors import DataError

if TYPE_CHECKING:
    from collections import Counter

    from textmill.flow.labelling import OpenModel
    from textmill.registry import Store
    from textmill.types import Ref

__all__ = ["label_folder", "label_rows"]


def label_rows(
    opened: OpenModel,
    source: str,
    target: str | None,
    *,
    in_format: str | None = None,
    form: str | None = None,
    column: str | None = None,
    rejected: str | None = None,
) -> None:
    """Write the rows of a source with the columns that a prediction adds.

    Rows that cannot be used are set aside, counted and told. A file gets its name when it is whole.

    Parameters
    ----------
    source, target : files; ``-`` is standard input and output, and so is no target
    in_format, form : formats; None goes by the names of the files
    column : holds the text; None takes the name that it had in training
    rejected : file for rows that cannot be used; None puts them beside the target

    Raises
    ------
    DataError : if the source cannot be read, or none of its rows be used
    StoreWriteError : if the target cannot be written
    """
    load_pyarrow()
    from textmill.flow.labelling import label_stream, reading
    from textmill.read import RejectedFile, open_sink

    out = Path(target) if target not in (None, "-") else None
    if out is None and form is None:
        form = "jsonl" if "jsonl" in (in_format, Path(source).suffix.removeprefix(".")) else "csv"
    if out is None and form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for reading on a screen; name a file with --out.")
    beside = out.with_name(f"{out.name}.rejected.jsonl") if out is not None else None
    for option, path in (("--out", out), ("--rejected", Path(rejected) if rejected is not None else None)):
        if path is not None and source != "-" and path.exists() and Path(source).exists() and path.samefile(source):
            raise DataError(
                f"{option} names the file that is read, which would be written over",
                where=str(path),
                hint="Name another file.",
            )
    config = reading(opened.manifest, column)
    with (
        open_sink(out, form) as sink,
        RejectedFile(Path(rejected) if rejected is not None else beside) as aside,
        _bar(f"{opened.ref.name}@{opened.ref.version}") as moved,
    ):
        stream = sys.stdin.buffer if source == "-" else source
        rows = label_stream(stream, opened, config, sink, aside, format=in_format, progress=moved)
    if rejected is None and beside is not None and aside.count == 0:
        beside.unlink(missing_ok=True)  # nothing to look at
    if out is not None:
        click.echo(f"{_said(opened.ref)}, labelled {_many(rows, 'row')}: {short(out)}", err=True)
    where = f"see {short(aside.path)}" if aside.path is not None else "name a file with --rejected to keep them"
    _tell_aside(aside.reasons, where)


def label_folder(
    store: Store,
    model: str,
    version: int | None,
    source: str,
    folder: str,
    *,
    form: str | None = None,
    column: str | None = None,
    on: str | None = None,
) -> None:
    """Label each file of a source into a file of its own; see `textmill.flow.label_files`."""
    load_pyarrow()
    from textmill.flow.label_files import label_files

    with _bar(model, files=True) as moved:
        done = label_files(store, model, version, source, Path(folder), form=form, column=column, on=on, progress=moved)
    there = ""
    if done.there:
        were = "was" if done.there == 1 else "were"
        there = f" ({'all' if done.there == done.files > 1 else f'{done.there:,}'} {were} there already)"
    many = f"{_many(done.rows, 'row')} of {_many(done.files, 'file')}"
    click.echo(f"{_said(done.ref)}, labelled {many}{there}: {short(folder)}", err=True)
    _tell_aside(done.reasons, f"see {short(Path(folder))}/*.rejected.jsonl")


def _said(ref: Ref) -> str:
    return f"{ref.name}, version {ref.version}"


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def _tell_aside(reasons: Counter[str], where: str) -> None:
    from textmill.flow.labelling import said_reasons

    if count := reasons.total():
        were = "was" if count == 1 else "were"
        click.echo(f"{_many(count, 'row')} {were} set aside ({said_reasons(reasons)}); {where}", err=True)


@contextmanager
def _bar(model: str, *, files: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from textmill.cli.terminal import console

    many = MofNCompleteColumn() if files else DownloadColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), many, TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(model, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)
