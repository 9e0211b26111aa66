"""What can be used of a source, piece by piece; kept in a file by whoever reads one file of several.

Such a file holds Arrow IPC streams one after the other, as the columns of JSON Lines may differ from piece to piece: a
record batch a piece, and in its metadata the rows that were set aside. The last one says what was seen on the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill.errors import CorruptError
from textmill.read.piece import Seen
from textmill.read.reject import Rejected

__all__ = ["Parsed", "read_parsed", "write_parsed"]

_KEY = b"textmill.parsed"


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """The rows of a piece.

    Attributes
    ----------
    batch : those that can be used, with the columns of a corpus; all ids are null if the source has none
    places : int64 (n_rows,), the place of each among the rows that the piece stands for, from 0
    n_seen : how many those are
    bad : the rows set aside
    """

    batch: pa.RecordBatch
    places: NDArray[np.int64]
    n_seen: int
    bad: list[Rejected]


def write_parsed(path: Path, pieces: Iterable[Parsed], seen: Seen) -> None:
    """Keep what can be used of a file.

    Parameters
    ----------
    seen : of the same file; it is complete once the pieces have been gone through
    """
    with pa.OSFile(str(path), "wb") as file:
        writer: pa.RecordBatchStreamWriter | None = None
        schema: pa.Schema | None = None

        def write(batch: pa.RecordBatch, said: object) -> None:
            nonlocal writer, schema
            if writer is None or batch.schema != schema:
                if writer is not None:
                    writer.close()
                schema = batch.schema
                writer = pa.ipc.new_stream(file, schema)
            writer.write_batch(batch, custom_metadata={_KEY: json.dumps(said)})

        for one in pieces:
            placed = one.batch.append_column("place", pa.array(one.places))
            write(placed, {"n_seen": one.n_seen, "bad": [asdict(row) for row in one.bad]})
        write(pa.record_batch([pa.nulls(0)], names=["none"]), {"seen": seen.facts()})
        if writer is not None:
            writer.close()


def read_parsed(path: Path, seen: Seen) -> Iterator[Parsed]:
    """What `write_parsed` kept; what was seen on the way is added to `seen` in the end.

    Raises
    ------
    CorruptError : if the file is no such file, or cut short
    """
    try:
        with pa.memory_map(str(path)) as file:
            while True:
                for batch, said in _batches(pa.ipc.open_stream(file)):
                    if "seen" in said:
                        seen.add(said["seen"])
                        return
                    *columns, places = batch.columns
                    rows = pa.record_batch(columns, schema=pa.schema(list(batch.schema)[:-1]))
                    yield Parsed(rows, places.to_numpy(), said["n_seen"], [Rejected(**row) for row in said["bad"]])
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise CorruptError("this is not what was read of a file", where=str(path)) from error


def _batches(reader: pa.RecordBatchStreamReader) -> Iterator[tuple[pa.RecordBatch, dict[str, Any]]]:
    while True:
        try:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            return
        yield batch, json.loads(metadata[_KEY])
