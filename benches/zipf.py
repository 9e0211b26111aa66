"""Made-up text whose words are as unequally frequent as those of real text, in any amount.

Words are drawn by Zipf's law with Mandelbrot's shift, p(r) ~ 1 / (r + 2.7)^1.07; the lengths of texts are log-normal.
Texts are made block by block as they are asked for, each block from the seed and its own number, so the bytes depend on
neither how many a batch holds nor how far one has read.

    python -m benches.zipf 100 [FILE]        # megabytes: makes them, into an Arrow stream if asked, and says how fast
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

WORDS = 1_500_000
EXPONENT, SHIFT = 1.07, 2.7
MEDIAN_WORDS, SPREAD = 150.0, 0.8  # of a text
_BLOCK = 2_048  # texts
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"


@cache
def words() -> pa.Array:
    """A word a rank, a blank behind each: syllables that spell the rank, so that frequent words are short."""
    syllables = np.array([(c + v).encode() for c in _CONSONANTS for v in _VOWELS], "S2")
    base = len(syllables)
    # numbers of k syllables, one behind the other: k = 1 has `base` of them, k = 2 base^2, ...
    rank, first, parts = np.arange(WORDS), 0, 1
    made: list[pa.Array] = []
    while first < WORDS:
        these = rank[first : first + base**parts] - first
        spelled = np.full((len(these), parts + 1), b" ", "S2")
        for place in range(parts):
            spelled[:, place] = syllables[these // base**place % base]
        width = 2 * parts + 1
        flat = np.ascontiguousarray(spelled.view(np.uint8).reshape(len(these), -1)[:, :width])
        ends = np.arange(0, (len(these) + 1) * width, width, dtype=np.int64)
        made.append(pa.LargeStringArray.from_buffers(len(these), pa.py_buffer(ends), pa.py_buffer(flat)))
        first, parts = first + len(these), parts + 1
    return pa.concat_arrays(made)


def _ranks(uniform: NDArray[np.float64]) -> NDArray[np.int32]:
    """The continuous law's ranks for uniform numbers, cut down to whole ones."""
    low, high = SHIFT ** (1 - EXPONENT), (WORDS + SHIFT) ** (1 - EXPONENT)
    found = np.exp(np.log(low + uniform * (high - low)) / (1 - EXPONENT)) - SHIFT
    return np.minimum(found.astype(np.int32), WORDS - 1)


def _block(number: int, seed: int) -> pa.Array:
    draw = np.random.Generator(np.random.SFC64([seed, number]))
    lengths = np.maximum(1, draw.lognormal(np.log(MEDIAN_WORDS), SPREAD, _BLOCK)).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    joined = words().take(pa.array(_ranks(draw.random(int(ends[-1])))))
    offsets = np.frombuffer(joined.buffers()[1], np.int64)
    return pa.LargeStringArray.from_buffers(_BLOCK, pa.py_buffer(offsets[ends]), joined.buffers()[2])


def texts(megabytes: float, *, batch: int = _BLOCK, seed: int = 13) -> Iterator[pa.Array]:
    """Batches of texts until there are that many million bytes.

    Parameters
    ----------
    batch : texts of a batch; the last one may have fewer
    """
    wanted, made, number = int(megabytes * 1e6), 0, 0
    left = pa.array([], pa.large_string())
    while made < wanted:
        block = _block(number, seed)
        number += 1
        ends = np.frombuffer(block.buffers()[1], np.int64)
        kept = min(_BLOCK, int(np.searchsorted(ends, wanted - made)))
        made += int(ends[kept])
        left = block.slice(0, kept) if not len(left) else pa.concat_arrays([left, block.slice(0, kept)])
        while len(left) >= batch:
            yield left.slice(0, batch)
            left = left.slice(batch)
    if len(left):
        yield left


def write(path: str, megabytes: float, *, seed: int = 13) -> tuple[int, int]:
    """An Arrow stream of such texts in a file, and the number of texts and of bytes."""
    n_texts = n_bytes = 0
    schema = pa.schema([("text", pa.large_string())])
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for batch in texts(megabytes, seed=seed):
            stream.write_batch(pa.record_batch([batch], schema=schema))
            n_texts += len(batch)
            n_bytes += pc.sum(pc.binary_length(batch)).as_py()
    return n_texts, n_bytes


def read(path: str, megabytes: float) -> Iterator[pa.Array]:
    """The first so many million bytes of such a file, in whole batches."""
    n_bytes = 0
    with pa.OSFile(path) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            n_bytes += pc.sum(pc.binary_length(batch.column(0))).as_py()
            yield batch.column(0)
            if n_bytes >= megabytes * 1e6:
                return


if __name__ == "__main__":
    started = time.perf_counter()
    texts_made, bytes_made = write(*(sys.argv[2:3] or [os.devnull]), float(sys.argv[1]))
    took = time.perf_counter() - started
    print(f"{texts_made:,} texts, {bytes_made / 1e6:,.0f} MB in {took:.1f} s, {bytes_made / 1e6 / took:.0f} MB/s")
