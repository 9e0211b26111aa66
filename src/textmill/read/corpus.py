"""A data set: the columns id, text and label, whatever else the source had, and a digest of the content."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textmill.errors import CorruptError, FormatError, StoreWriteError
from textmill.read.digest import Digest
from textmill.read.reject import RejectedFile
from textmill.types import Record, parted

__all__ = ["Corpus", "CorpusWriter", "rejected_facts"]

FORMAT = 1
_KEY = "textmill.corpus"


class CorpusWriter:
    """Writes a corpus batch by batch to a temporary name, which becomes `path` when all is there.

    Parameters
    ----------
    path : file to make; None keeps the batches in memory
    schema : id string, text large_string, label string if there are labels, then other columns
    several : whether a label is several, as `textmill.types.joined` writes them

    Raises
    ------
    StoreWriteError : if there is no room or no permission
    """

    def __init__(self, path: Path | None, schema: pa.Schema, *, several: bool = False) -> None:
        self.path, self.schema, self.several = path, schema, several
        self.digest = Digest()
        self.classes: Counter[str] = Counter()
        self._kept: list[pa.RecordBatch] = []
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}") if path else None
        self._file: pa.NativeFile | None = None
        try:
            self._file = pa.OSFile(str(self._temporary), "wb") if self._temporary else None
            self._writer = pa.ipc.new_file(self._file, schema) if self._file else None
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        names = [name for name in ("id", "text", "label") if name in batch.schema.names]
        self.digest.add({name: batch.column(name) for name in names})
        if "label" in names and batch.num_rows:
            counted = pc.value_counts(batch.column("label"))
            labels, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
            for label, count in zip(labels, counts, strict=True):
                for name in parted(label) if self.several else [label]:
                    self.classes[name] += count
        if self._writer is None:
            self._kept.append(batch)
            return
        try:
            self._writer.write_batch(batch)
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self, name: str, facts: Mapping[str, Any]) -> Corpus:
        """Finish, and open what was written."""
        said = dict(facts)
        if "label" in self.schema.names:
            said |= {"classes": dict(sorted(self.classes.items()))} | ({"several_labels": True} if self.several else {})
        digest = self.digest.hexdigest()
        head = {"format": FORMAT, "name": name, "digest": digest, "facts": said}
        if self._writer is None or self._file is None or self._temporary is None or self.path is None:
            return Corpus(name, digest, pa.Table.from_batches(self._kept, self.schema), said)
        try:
            # the digest is known last, and a schema is written first: an empty last batch carries it
            closing = pa.RecordBatch.from_pylist([], schema=self.schema)
            self._writer.write_batch(closing, custom_metadata={_KEY: json.dumps(head)})
            self._writer.close()
            self._file.close()
            self._temporary.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from error
        self._temporary = None
        return Corpus.load(self.path)

    def discard(self) -> None:
        """Leave nothing half-written; does nothing after `close`."""
        if self._temporary is not None:
            with contextlib.suppress(OSError):  # a full disk says so again on closing
                if self._file is not None:
                    self._file.close()
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def _unwritable(self, error: OSError) -> StoreWriteError:
        self.discard()
        why = os.strerror(error.errno) if error.errno else str(error)
        return StoreWriteError(f"cannot be written: {why.lower()}", where=str(self.path))


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """A data set that can be gone through again and again, in Arrow batches.

    Attributes
    ----------
    name : what it is called
    digest : 64 hexadecimal digits, over the ordered content of id, text and label only
    source : the Arrow file it lies in, or the table in memory
    facts : what was found on reading: rows, rejected, reasons, format, encoding, delimiter, classes, notes; and
        ``several_labels`` where a label is several

    Examples
    --------
    >>> corpus = Corpus.of([{"text": "good", "label": 1}, {"text": "bad", "label": 0}])
    >>> corpus.n_rows, corpus.facts["classes"]
    (2, {'0': 1, '1': 1})
    >>> [(record.id, record.text, record.label) for record in corpus.records()]
    [('1', 'good', '1'), ('2', 'bad', '0')]
    """

    name: str
    digest: str
    source: Path | pa.Table
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        text: str | tuple[str, str] = "text",
        label: str | None = "label",
        id: str | None = None,
        name: str = "memory",
        max_rejected: float = 0.01,
    ) -> Corpus:
        """A corpus from an object in memory.

        Parameters
        ----------
        data : whatever has ``__arrow_c_stream__`` (pandas, polars, DuckDB, Arrow, Hugging Face datasets), a list of
            dicts or of `Record`, a dict of columns, or a list of texts
        text, label, id : names of the columns, two of them for texts that are pairs; ``label=None`` for texts without
            labels; without `id` a row's number is its id
        max_rejected : share of rows that may be unusable; they are counted in ``facts``

        Raises
        ------
        SourceError : if there is no such column, or no row
        DataError : if two rows have the same id
        TooManyRejected : if more rows cannot be used
        """
        from textmill.read.memory import corpus_of

        return corpus_of(data, text=text, label=label, id=id, name=name, max_rejected=max_rejected)

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Open a saved corpus; the file is mapped, not read.

        Raises
        ------
        CorruptError : if it is missing, cut short or no corpus
        FormatError : if a newer textmill wrote it
        """
        try:
            with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
                count = reader.num_record_batches
                metadata = reader.get_batch_with_custom_metadata(count - 1)[1] if count else None
        except (OSError, pa.ArrowInvalid) as error:
            raise CorruptError("this is no corpus that can be opened", where=str(path)) from error
        found = dict(metadata or {}).get(_KEY.encode())
        try:
            head = json.loads(found) if found is not None else None
        except ValueError:
            head = None
        if head is None:
            raise CorruptError("this Arrow file was not written as a corpus", where=str(path))
        if head["format"] != FORMAT:
            raise FormatError(
                "the corpus has a format this textmill does not know",
                where=str(path),
                wanted=str(FORMAT),
                got=str(head["format"]),
            )
        return cls(head["name"], head["digest"], Path(path), head["facts"])

    def save(self, path: Path) -> None:
        """Write an Arrow IPC file, under a temporary name first.

        Raises
        ------
        StoreWriteError : if there is no room or no permission
        """
        writer = CorpusWriter(Path(path), self.schema)
        try:
            for batch in self.batches():
                writer.write(batch)
            writer.close(self.name, self.facts)
        finally:
            writer.discard()

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        if isinstance(self.source, pa.Table):
            return self.source.schema
        with pa.memory_map(str(self.source)) as file, pa.ipc.open_file(file) as reader:
            return reader.schema

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        if isinstance(self.source, pa.Table):
            return int(self.source.num_rows)
        return sum(batch.num_rows for batch in self.batches())

    @property
    def labelled(self) -> bool:
        """Whether each row has a label."""
        return "label" in self.schema.names

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, some thousand at a time: id string, text large_string, label string, other columns."""
        if isinstance(self.source, pa.Table):
            yield from self.source.to_batches()
            return
        try:
            file = pa.memory_map(str(self.source))
        except OSError as error:
            raise CorruptError("the corpus is gone", where=str(self.source)) from error
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            if batch.num_rows:
                yield batch

    def table(self) -> pa.Table:
        """All rows at once; of a saved corpus they stay in the mapped file."""
        if isinstance(self.source, pa.Table):
            return self.source
        return pa.Table.from_batches(list(self.batches()), self.schema)

    def records(self) -> Iterator[Record]:
        """The rows one by one."""
        for batch in self.batches():
            for row in batch.to_pylist():
                yield Record(row.pop("id"), row.pop("text"), row.pop("label", None), row)


def rejected_facts(rejected: RejectedFile, rows: int) -> dict[str, Any]:
    """The part of a corpus's facts that tells of rows set aside."""
    return {"rows": rows, "rejected": rejected.count, "reasons": dict(sorted(rejected.reasons.items()))}
