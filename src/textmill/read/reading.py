"""From a source to a corpus, and from a source to a stream of batches, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from textmill.config import ReadConfig
from textmill.errors import SourceError, TooManyRejected
from textmill.read.check import check_piece, numbered
from textmill.read.corpus import Corpus, CorpusWriter, rejected_facts
from textmill.read.csv_rows import csv_pieces
from textmill.read.encoding import to_utf8
from textmill.read.ids import Ids
from textmill.read.json_rows import json_pieces
from textmill.read.labels import MANY, check_classes, check_labels, check_many
from textmill.read.lines import line_pieces
from textmill.read.parsed import Parsed, read_parsed, write_parsed
from textmill.read.piece import Piece, Seen, Wanted
from textmill.read.reject import RejectedFile, check_share
from textmill.read.shape import Widened, conform, laid_out
from textmill.read.source import Source, find_files, format_of, opened, raw_blocks
from textmill.types import BESIDE

if TYPE_CHECKING:
    from textmill.read.row_hashes import Erased

__all__ = ["parse_file", "pieces_of", "read_corpus", "stream_rows"]


def read_corpus(
    config: ReadConfig,
    folder: Path,
    *,
    out: Path,
    rejected: Path,
    rejected_as: Path | None = None,
    source: str | None = None,
    labelled: bool = True,
    several: bool = False,
    erased: Erased | None = None,
    progress: Callable[[int, int], None] | None = None,
    parsed: Callable[[Source], Path] | None = None,
) -> Corpus:
    """Read a source into an Arrow file, setting aside what cannot be used.

    Parameters
    ----------
    folder : where `source` is looked for
    out : Arrow IPC file to write
    rejected : JSON Lines file for the rows set aside; written also when the reading stops because of them
    rejected_as : where `rejected` will lie in the end, for the sentence that names it, if it is moved from there
    source : instead of ``config.source``; the classes of another source, such as the test side, are not judged
    labelled : whether each row must have a label
    several : whether a row may have several labels, or none
    erased : rows that are set aside as erased, without what stands in them
    progress : told the bytes read and all bytes
    parsed : where what `parse_file` made of each of several files lies; None reads them here

    Raises
    ------
    SourceError : if the source cannot be opened, holds no row that was not erased, or is not what it says
    TooManyRejected : if more than ``config.max_rejected`` of the rows cannot be used
    DataError : if two rows have the same id
    LabelError : if the labels cannot be learned from
    StoreWriteError : if `out` or `rejected` cannot be written
    """
    name = source if source is not None else config.source
    files = find_files(name, folder, config.format)
    wanted = _wanted(config, files, labelled=labelled, several=several)
    schema: pa.Schema | None = None
    while True:
        try:
            with RejectedFile(rejected, rejected_as) as aside:
                seen = Seen(", ".join(sorted({file.format for file in files})))
                pieces: Iterator[Parsed]
                if parsed is not None and len(files) > 1:
                    pieces = chain.from_iterable(read_parsed(parsed(file), seen) for file in files)
                else:
                    pieces = _usable(pieces_of(files, wanted, config, seen, progress), wanted, name, erased)
                return _read_once(config, name, pieces, seen, wanted, schema, out, aside)
        except Widened as widened:
            schema = widened.schema  # a column turned out to need another type: from the start with that


def parse_file(
    config: ReadConfig,
    file: Source,
    out: Path,
    *,
    source: str | None = None,
    labelled: bool = True,
    several: bool = False,
    erased: Erased | None = None,
) -> None:
    """Do for one of several files what `read_corpus` does for each before it puts their rows together.

    Parameters
    ----------
    out : the file to write; with what it holds `read_corpus` comes to the same corpus
    source, labelled, several, erased : as for `read_corpus`

    Raises
    ------
    SourceError : if it cannot be read, or is not what it says
    """
    wanted, seen = _wanted(config, [file], labelled=labelled, several=several), Seen(file.format)
    name = source if source is not None else config.source
    pieces = pieces_of([file], wanted, config, seen, one_of_several=True)
    write_parsed(out, _usable(pieces, wanted, name, erased), seen)


def _wanted(config: ReadConfig, files: list[Source], *, labelled: bool, several: bool) -> Wanted:
    in_folder = files[0].format == "folder"  # there a file's path is the id
    return Wanted(
        config.text,
        config.label if labelled else None,
        config.id or ("id" if in_folder else None),
        several,
        config.label_separator,
        config.person,
    )


def _usable(pieces: Iterable[Piece], wanted: Wanted, name: str, erased: Erased | None) -> Iterator[Parsed]:
    for piece in pieces:
        checked = check_piece(piece, wanted, name, erased)
        ids = checked.ids if checked.ids is not None else pa.nulls(len(checked.texts), pa.string())
        batch = laid_out(ids, checked.texts, checked.labels, checked.batch, wanted)
        yield Parsed(batch, checked.rows - piece.start, piece.n_seen, checked.bad)


def _read_once(
    config: ReadConfig,
    name: str,
    pieces: Iterable[Parsed],
    seen: Seen,
    wanted: Wanted,
    schema: pa.Schema | None,
    out: Path,
    aside: RejectedFile,
) -> Corpus:
    rows = 0
    writer: CorpusWriter | None = None
    ids_seen = Ids()
    try:
        for piece in pieces:
            aside.add(piece.bad)
            # the rows of several files are numbered through, so that a number is one row's
            numbers = piece.places + rows + 1
            rows += piece.n_seen
            if len(numbers) == 0:
                continue
            batch = piece.batch
            if wanted.id is not None:
                ids_seen.add(batch.column("id"), numbers)
            else:
                batch = batch.set_column(batch.schema.get_field_index("id"), "id", numbered(numbers))
            writer = writer or CorpusWriter(out, schema or batch.schema, several=wanted.several)
            writer.write(conform(batch, writer.schema))
            if wanted.labels and len(writer.classes) > MANY:
                check_many(writer.classes, name, ", ".join(wanted.labels))
        _judge(aside, rows, config, name)
        if writer is None:  # no row, and nothing but bad rows, have been told
            raise SourceError("all of its rows were erased", where=name)
        if wanted.several and name == config.source:
            check_labels(writer.classes, name, wanted.label or (), separated=wanted.separator is not None)
        elif wanted.labels and name == config.source:
            check_classes(writer.classes, name, ", ".join(wanted.labels))
        if wanted.id is not None:
            ids_seen.check(wanted.id, name)
        return writer.close(Path(name).name, {**rejected_facts(aside, rows), **seen.facts()})
    finally:
        if writer is not None:
            writer.discard()


def _judge(aside: RejectedFile, rows: int, config: ReadConfig, where: str) -> None:
    if rows == 0:
        raise SourceError("there is no row", where=where)
    try:
        check_share(aside, rows, allowed=config.max_rejected, where=where)
    except TooManyRejected:
        aside.close()  # its sentence says that the rows are there to be looked at
        raise


def pieces_of(
    files: Sequence[Source],
    wanted: Wanted,
    config: ReadConfig,
    seen: Seen,
    progress: Callable[[int, int], None] | None = None,
    *,
    one_of_several: bool = False,
) -> Iterator[Piece]:
    """The rows of several files, one file after the other.

    Parameters
    ----------
    one_of_several : there are others besides these, so that a row is told with its file

    Raises
    ------
    SourceError : if one of them cannot be read
    """
    single = next((file for file in files if file.format in ("folder", "lines")), None)
    if single is not None and len(wanted.texts) > 1:
        what = (
            "a folder holds one text a file" if single.format == "folder" else "a file of lines holds one text a line"
        )
        raise SourceError(what, where=single.where, wanted=f"the columns {' and '.join(map(repr, wanted.texts))}")
    done = 0
    total = sum(file.path.stat().st_size for file in files if file.format != "folder") if progress is not None else 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(min(done, total), total)

    for source in files:
        file = source.where if one_of_several or len(files) > 1 else None
        if source.format == "folder":
            from textmill.read.folder import folder_pieces

            yield from folder_pieces(source.path, wanted, where=source.where, encoding=config.encoding, seen=seen)
        elif source.format in ("parquet", "arrow"):
            from textmill.read.tables import file_pieces

            yield from file_pieces(source.path, source.format, wanted, where=source.where, file=file, read=read)
        else:
            with opened(source.path, source.where) as handle:
                yield from _byte_pieces(handle, source, wanted, config, seen, file, read)


def _byte_pieces(
    handle: BinaryIO,
    source: Source,
    wanted: Wanted,
    config: ReadConfig,
    seen: Seen,
    file: str | None,
    read: Callable[[int], None] | None = None,
    *,
    once: bool = False,
) -> Iterator[Piece]:
    def again() -> Iterator[bytes]:
        with opened(source.path, source.where) as anew:
            yield from raw_blocks(anew, source.where)

    blocks = to_utf8(
        raw_blocks(handle, source.where, read),
        config.encoding,
        where=source.where,
        said=seen.encoded,
        again=None if once else again,
    )
    if source.format == "jsonl":
        return json_pieces(blocks, wanted, where=source.where, file=file)
    if source.format == "lines":
        return line_pieces(blocks, wanted, where=source.where, file=file)
    return csv_pieces(
        blocks,
        wanted,
        where=source.where,
        seen=seen,
        delimiter=config.delimiter,
        columns=config.columns,
        file=file,
    )


def stream_rows(
    source: str | Path | BinaryIO,
    config: ReadConfig,
    *,
    rejected: RejectedFile | Path | None = None,
    format: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of a source in batches of about a mebibyte, all columns, for predicting.

    Only the text column is asked for, and has type large_string; so have both columns of pairs of texts. The others
    are as the source has them. The types of JSON Lines may differ from batch to batch.

    Parameters
    ----------
    source : path or glob, or an open binary file such as ``sys.stdin.buffer``
    config : names of the columns, encoding, delimiter; its `source` does not matter
    rejected : where rows go that cannot be used; a path is written when the stream ends
    format : instead of ``config.format``; ``"lines"`` takes each line for a text, and is what "auto" means for a
        ``.txt`` file and for an open file

    Raises
    ------
    SourceError : if the source cannot be opened or has no text column
    """
    kind = format or config.format
    wanted = Wanted(config.text)
    aside = rejected if isinstance(rejected, RejectedFile) else RejectedFile(rejected)
    own = aside is not rejected
    try:
        for piece in _streamed(source, kind, wanted, config, progress):
            checked = check_piece(piece, wanted, _said(source))
            aside.add(checked.bad)
            if len(checked.texts):
                yield _with_texts(checked.batch, wanted, checked.texts)
        if own:
            aside.close()
    finally:
        if own:
            aside.discard()


def _with_texts(batch: pa.RecordBatch, wanted: Wanted, texts: pa.Array) -> pa.RecordBatch:
    columns = [texts]
    if len(wanted.texts) > 1:
        both = pc.split_pattern(texts, BESIDE)
        columns = [pc.list_element(both, number) for number in range(2)]
    for name, column in zip(wanted.texts, columns, strict=True):
        batch = batch.set_column(batch.schema.get_field_index(name), name, column)
    return batch


def _said(source: str | Path | BinaryIO) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "standard input"


def _streamed(
    source: str | Path | BinaryIO,
    kind: str,
    wanted: Wanted,
    config: ReadConfig,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Piece]:
    seen = Seen(kind)
    where = _said(source)
    if isinstance(source, (str, Path)):
        if kind == "lines" or (kind == "auto" and Path(where).suffix == ".txt"):
            format_of(Path(source), "csv", where)  # says when it is missing, empty or a folder
            files = [Source(Path(source), "lines", where)]
        else:
            files = find_files(str(source), Path(), kind)
        return pieces_of(files, wanted, config, seen, progress)
    if kind in ("parquet", "arrow", "folder"):
        raise SourceError(f"{kind} cannot be read from an open stream", where=where, hint="Give the file's name.")
    stream = Source(Path(where), "lines" if kind == "auto" else kind, where)
    return _byte_pieces(source, stream, wanted, config, seen, None, once=True)
