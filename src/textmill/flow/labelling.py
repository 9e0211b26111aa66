"""Rows through a model: batch by batch in constant memory, never row by row in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from textmill.config import ReadConfig, from_mapping
from textmill.errors import DataError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

    from textmill.models import MultiLabelClassifier, TextClassifier
    from textmill.read import RejectedFile, Sink
    from textmill.registry import Store
    from textmill.types import LabelSets, Manifest, Prediction, Ref

__all__ = ["OpenModel", "added_columns", "added_names", "label_stream", "open_model", "reading", "said_reasons"]


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A version of a model, ready to be asked."""

    manifest: Manifest
    classifier: TextClassifier | MultiLabelClassifier
    folder: Path

    @property
    def ref(self) -> Ref:
        """Its name and version."""
        return self.manifest.ref


def open_model(store: Store, model: str | Ref, version: int | None = None) -> OpenModel:
    """A version from a store, its files checked.

    Raises
    ------
    NotInStore, CorruptError, FormatError
    """
    from textmill.models import load_model

    manifest, folder = store.open(model, version)
    return OpenModel(manifest, load_model(folder), folder)


def label_stream(
    source: str | BinaryIO,
    opened: OpenModel,
    config: ReadConfig,
    sink: Sink,
    aside: RejectedFile,
    *,
    format: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> int:
    """Write the rows of a source with the columns that a prediction adds; how many there were.

    Parameters
    ----------
    source : path or glob, or an open binary file
    config : as `reading` gives it
    sink, aside : where rows go, and those that cannot be used
    format : instead of ``config.format``, as `textmill.read.stream_rows` takes it
    progress : told the bytes read and all bytes
    threads : with 1, reading, predicting and writing do not overlap

    Raises
    ------
    SourceError : if the source cannot be read, or none of its rows be used
    DataError : if the columns of a batch do not fit those before
    StoreWriteError : if there is no room
    """
    from textmill.read import stream_rows

    rows = 0
    where = source if isinstance(source, str) else "standard input"
    try:
        batches = stream_rows(source, config, rejected=aside, format=format, progress=progress)
        # a thread that waits for a pipe could not be stopped
        overlap = threads != 1 and isinstance(source, str) and Path(source).is_file()
        for batch in (_overlapped if overlap else _labelled)(batches, config.texts, opened, threads):
            sink.write(batch)
            rows += batch.num_rows
    except DataError as error:
        if error.where is None:
            error.where = where
            error.args = (error.sentence(),)
        raise
    if rows == 0:
        said = f"no row can be used ({said_reasons(aside.reasons)})" if aside.count else "there is no row"
        raise SourceError(said, where=where)
    return rows


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


def said_reasons(reasons: Counter[str]) -> str:
    """Why rows were set aside, and how many for each reason.

    Examples
    --------
    >>> said_reasons(Counter({"no text": 1200, "too few fields": 1}))
    'no text: 1,200, too few fields: 1'
    """
    return ", ".join(f"{reason}: {count:,}" for reason, count in reasons.most_common())


def _overlapped(
    batches: Iterator[pa.RecordBatch], columns: tuple[str, ...], opened: OpenModel, threads: int | None
) -> Iterator[pa.RecordBatch]:
    from textmill.read.ahead import ahead

    with closing(ahead(batches)) as read, closing(ahead(_labelled(read, columns, opened, threads))) as labelled:
        yield from labelled


def _labelled(
    batches: Iterable[pa.RecordBatch], columns: tuple[str, ...], opened: OpenModel, threads: int | None
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
        one = texts[0] if len(texts) == 1 else pa.StructArray.from_arrays(texts, columns)
        added = added_columns(opened.classifier.predict(one, threads=threads))
        yield pa.RecordBatch.from_arrays([*batch.columns, *added], names=[*batch.schema.names, *names])
