"""A saved corpus in pieces that other processes can open: each knows where its rows begin, and reads no others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill.errors import CorruptError

__all__ = ["Shard", "shards_of"]


class Shard(NamedTuple):
    """Neighbouring rows of a corpus's Arrow file.

    Attributes
    ----------
    batch : of the file, the one where they begin
    skip : rows of that batch that come before them
    first : the number of the first row among all
    n_rows : how many there are
    """

    batch: int
    skip: int
    first: int
    n_rows: int

    def texts(self, path: Path, wanted: NDArray[np.bool_] | None = None) -> Iterator[pa.Array]:
        """The texts, an Arrow array a batch, so that never more than a batch of them is copied.

        Parameters
        ----------
        path : of the corpus's file
        wanted : bool (n_rows,), which of them; by default all

        Raises
        ------
        CorruptError : if the file is not there
        """
        number, skip, seen = self.batch, self.skip, 0
        with _opened(path) as reader:
            while seen < self.n_rows:
                batch = reader.get_batch(number)
                texts = batch.column("text").slice(skip, self.n_rows - seen)
                yield texts if wanted is None else texts.filter(pa.array(wanted[seen : seen + len(texts)]))
                number, skip, seen = number + 1, 0, seen + len(texts)

    def part_of(self, path: Path) -> NDArray[np.generic]:
        """What a .npy file with a value for each row of the corpus says of these."""
        whole = np.load(path, mmap_mode="r", allow_pickle=False)
        return np.array(whole[self.first : self.first + self.n_rows])


def shards_of(path: Path, size: int) -> list[Shard]:
    """Cut a saved corpus into shards with equally many rows.

    Parameters
    ----------
    size : bytes of the file that a shard is to stand for, about; the same file and size give the same shards

    Raises
    ------
    CorruptError : if the file is not there
    """
    with _opened(path) as reader:
        ends = np.cumsum([reader.get_batch(number).num_rows for number in range(reader.num_record_batches)])
    n_rows = int(ends[-1]) if len(ends) else 0
    n = max(1, min(n_rows, -(-path.stat().st_size // size)))
    cuts = [n_rows * number // n for number in range(n + 1)]
    found = []
    for first, end in pairwise(cuts):
        batch = int(np.searchsorted(ends, first, side="right"))
        before = int(ends[batch - 1]) if batch else 0
        found.append(Shard(batch, first - before, first, end - first))
    return found


def _opened(path: Path) -> pa.RecordBatchFileReader:
    try:
        return pa.ipc.open_file(pa.memory_map(str(path)))
    except (OSError, pa.ArrowInvalid) as error:
        raise CorruptError("this is no corpus that can be opened", where=str(path)) from error
