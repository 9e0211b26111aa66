"""Rows of a file through a model: batch by batch in constant memory, never row by row in Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.ahead import ahead
from textmill.cli.process import load_pyarrow
from textmill.cli.story import short
from textmill.config import ReadConfig, from_mapping
from textmill.errors import DataError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

    from textmill.cli.labelling import OpenModel
    from textmill.read import RejectedFile
    from textmill.types import LabelSets, Manifest, Prediction

__all__ = ["added_columns", "added_names", "label_rows", "reading"]


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
    from textmill.read import RejectedFile, open_sink, stream_rows

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
    rows = 0
    with (
        open_sink(out, form) as sink,
        RejectedFile(Path(rejected) if rejected is not None else beside) as aside,
        _bar(opened) as moved,
    ):
        stream = sys.stdin.buffer if source == "-" else source
        batches = stream_rows(stream, config, rejected=aside, format=in_format, progress=moved)
        for batch in _overlapped(batches, source, config.texts, opened):
            sink.write(batch)
            rows += batch.num_rows
        if rows == 0:
            raise SourceError(_none_usable(aside), where="standard input" if source == "-" else source)
    if rejected is None and beside is not None and aside.count == 0:
        beside.unlink(missing_ok=True)  # nothing to look at
    _tell(opened, rows, aside, out)


def added_names(classes: Iterable[str], taken: Iterable[str]) -> list[str]:
    """The names of the columns that a prediction adds: ``label``, ``score`` and ``score_CLASS`` for each class.

    Where one of these names is taken, all of them begin with ``predicted_`` (and if that is taken too, with
    ``predicted2_`` and so on): a column of the input is never replaced.

    Examples
    --------
    >>> added_names(["a", "b"], ["text"])
    ['label', 'score', 'score_a', 'score_b']
    >>> added_names(["a", "b"], ["text", "label"])
    ['predicted_label', 'predicted_score', 'predicted_score_a', 'predicted_score_b']
    """
    names = ["label", "score", *(f"score_{name}" for name in classes)]
    used, prefix, count = set(taken), "", 1
    while used.intersection(prefix + name for name in names):
        prefix = f"predicted{count if count > 1 else ''}_"
        count += 1
    return [prefix + name for name in names]


def added_columns(prediction: Prediction | LabelSets) -> list[pa.Array]:
    """What stands in the columns of `added_names`: string, then float32 each.

    Several labels are one string, as `textmill.types.joined` writes them.
    """
    import numpy as np
    import pyarrow as pa

    from textmill.types import LabelSets

    if isinstance(prediction, LabelSets):
        said = pa.array(prediction.labels, pa.string())
    else:
        classes = pa.array(prediction.classes, pa.string())
        said = classes.take(pa.array(prediction.codes, mask=prediction.unsure))  # no answer is null
    return [
        said,
        pa.array(prediction.confidence),
        *(pa.array(np.ascontiguousarray(column)) for column in prediction.scores.T),
    ]


def _overlapped(
    batches: Iterator[pa.RecordBatch], source: str, columns: tuple[str, ...], opened: OpenModel
) -> Iterator[pa.RecordBatch]:
    if not Path(source).is_file():  # a thread that waits for a pipe could not be stopped
        yield from _labelled(batches, columns, opened)
        return
    with closing(ahead(batches)) as read, closing(ahead(_labelled(read, columns, opened))) as labelled:
        yield from labelled


def _labelled(
    batches: Iterable[pa.RecordBatch], columns: tuple[str, ...], opened: OpenModel
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    names: list[str] = []
    for batch in batches:
        names = names or added_names(opened.classifier.classes, batch.schema.names)
        late = set(names).intersection(batch.schema.names)
        if late:
            raise DataError(
                f"the column {min(late)!r} comes up only after the first rows, and has the name of one that is added",
                hint="Give it another name.",
            )
        texts = [batch.column(name) for name in columns]
        said = opened.classifier.predict(texts[0] if len(texts) == 1 else pa.StructArray.from_arrays(texts, columns))
        added = added_columns(said)
        yield pa.RecordBatch.from_arrays([*batch.columns, *added], names=[*batch.schema.names, *names])


def reading(manifest: Manifest, column: str | None) -> ReadConfig:
    """How to read rows for a model: columns are called as in training; how the file is written it says itself."""
    trained = from_mapping(ReadConfig, {"source": "", **manifest.config.get("read", {})})
    config = replace(trained, format="auto", encoding="auto", delimiter="auto", person=None)
    if column is None:
        return config
    if len(config.texts) > 1:
        raise DataError(
            "the model is of pairs of texts, and --text names one column",
            wanted=f"the columns {' and '.join(map(repr, config.texts))}, as in training",
        )
    named = config.columns if config.columns is not None and column in config.columns else None
    return replace(config, text=column, columns=named)


def _none_usable(aside: RejectedFile) -> str:
    return f"no row can be used ({_reasons(aside)})" if aside.count else "there is no row"


def _reasons(aside: RejectedFile) -> str:
    return ", ".join(f"{reason}: {count:,}" for reason, count in aside.reasons.most_common())


def _tell(opened: OpenModel, rows: int, aside: RejectedFile, out: Path | None) -> None:
    if out is not None:
        many = "1 row" if rows == 1 else f"{rows:,} rows"
        said = f"{opened.ref.name}, version {opened.ref.version}, labelled {many}: {short(out)}"
        click.echo(said, err=True)
    if aside.count:
        many = "1 row was" if aside.count == 1 else f"{aside.count:,} rows were"
        where = f"; see {short(aside.path)}" if aside.path is not None else "; name a file with --rejected to keep them"
        click.echo(f"{many} set aside ({_reasons(aside)}){where}", err=True)


@contextmanager
def _bar(opened: OpenModel) -> Iterator[Callable[[int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from textmill.cli.terminal import console

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{opened.ref.name}@{opened.ref.version}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)
