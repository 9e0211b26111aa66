"""A vocabulary learned from a corpus larger than memory: exactly the one that all texts at once would give.

The corpus is gone through twice. The first pass keeps no word: each n-gram of a text, single words too, counts up one
small counter that its hash picks in an array of fixed size (a count-min sketch of one row, Cormode and Muthukrishnan
2005). Several n-grams may share a counter, so it says in how many texts an n-gram stands at most. The second pass
counts exactly, with exact keys, only the n-grams whose bound reaches `min_df`; the others are known to be rarer. So the
result has no error, and depends on neither the batches nor the threads nor the memory allowed.

Why not sorted runs on disk: they need several times the corpus's size of it, and a source that can be read twice is
what there is anyway. Why not an approximate count in one pass: its vocabulary would depend on the order of the texts.

What takes memory is the vocabulary itself. With ``min_df=1`` there is nothing to rule out, the first pass is left out,
and every n-gram of the corpus has to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from textmill import _native
from textmill.config import FeaturesConfig, from_mapping, thread_count
from textmill.errors import ConfigError, DataError
from textmill.features.terms import Vocabulary, spelled
from textmill.features.weights import chosen, document_limits, idf_weights, nothing_left
from textmill.read.corpus import Corpus
from textmill.text.buffers import TextBuffers, text_chunks
from textmill.text.path import TextPath

__all__ = ["MEMORY", "batches_of", "learn"]

MEMORY = 512 * 2**20
_LEAST_MEMORY = 4 * 2**20
_SLICE_BYTES, _SLICE_TEXTS = 8 * 2**20, 2**18  # at most split and counted at once, whatever the batches are


def batches_of(source: Any) -> Callable[[], Iterator[Any]]:
    """A source of batches as a function that begins anew whenever it is called.

    Parameters
    ----------
    source : a `Corpus`; a list, or any other object that `iter` goes through anew each time, of what `text_buffers`
        takes; a column of strings of Arrow, pandas or polars; a function without arguments that gives a new iterator

    Raises
    ------
    DataError : if `source` can be gone through only once, or is none of these

    Examples
    --------
    >>> begin = batches_of([["one", "two"], ["three"]])
    >>> list(begin()) == list(begin())
    True
    """
    if isinstance(source, Corpus):
        return lambda: (batch.column("text") for batch in source.batches())
    if isinstance(source, TextBuffers) or hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__"):
        return lambda: iter([source])
    if isinstance(source, Iterator):
        raise DataError(
            "an iterator can be gone through only once, and the texts are needed twice",
            wanted="a Corpus, a list of batches, or a function that gives a new iterator",
            got=type(source).__name__,
        )
    if callable(source):
        return lambda: iter(source())
    if isinstance(source, (str, bytes, dict)) or not isinstance(source, Iterable):
        raise DataError(f"wanted batches of texts, got {type(source).__name__}")
    return lambda: iter(source)


def learn(
    text_path: TextPath, config: FeaturesConfig, source: Any, *, memory: int = MEMORY, threads: int | None = None
) -> Vocabulary:
    """Learn a vocabulary and its weights in bounded memory.

    Parameters
    ----------
    source : what `batches_of` takes
    memory : bytes for what is counted, 4 MiB or more. A batch, and what is split of 8 MiB of it, come on top
    threads : how many; the result does not depend on it

    Raises
    ------
    ConfigError : if a setting is out of its range, or `skip` is not 0
    DataError : if the n-grams that may stay do not fit into `memory`; if `source` gives other texts the second time;
        else as `WordFeatures.fit`

    Examples
    --------
    >>> from textmill.text.buffers import decode_types
    >>> found = learn(TextPath(), FeaturesConfig(min_df=2, ngrams=(1, 2)), [["red sun", "sun"], ["red sun"]])
    >>> decode_types(*found.terms), found.levels[1][2].tolist()
    (['red', 'sun'], [1])
    """
    config = from_mapping(FeaturesConfig, asdict(config))
    if config.skip:
        raise ConfigError([f"skip: wanted 0 where texts come in batches, got {config.skip}; fit takes all at once"])
    if memory < _LEAST_MEMORY:
        raise ConfigError([f"memory: wanted {_LEAST_MEMORY:,} bytes or more, got {memory:,}"])
    threads = thread_count(threads)
    begin = batches_of(source)
    low, high = config.ngrams
    first: _Extent | None = None
    passing = _native.GramFilter()
    if config.min_df != 1 or isinstance(config.min_df, float):
        first, passing = _first_pass(text_path, config, begin, memory, threads)
    frequencies = config.max_features is not None and config.tf != "binary"
    counter = _native.StreamCounter(passing, low, high, text_path.is_plain, frequencies, memory // 32)
    second = _Extent()
    for texts in _slices(begin, second, memory):
        others = _native.TypeTable()
        ids, rows, _ = text_path.scan_frozen(texts, counter.types, others, threads=threads)
        terms = None if text_path.is_plain else spelled(text_path, others)
        counter.add(ids, rows, others, terms and terms.bytes, terms and terms.offsets, threads)
        if counter.memory > memory:
            raise _too_large(counter, second, first, memory)
    if first is not None and (first.n_texts, first.n_bytes) != (second.n_texts, second.n_bytes):
        raise DataError(
            "the source gave other texts the second time",
            wanted=f"{first.n_texts:,} texts of {first.n_bytes:,} bytes",
            got=f"{second.n_texts:,} texts of {second.n_bytes:,} bytes",
        )
    n_texts = second.n_texts
    min_df, max_df = document_limits(config, n_texts)
    there = counter.reached(low)
    counter.finish(min(min_df, n_texts), threads)
    df = counter.document_frequencies()
    keep = chosen(counter, df, min_df, max_df, config)
    if not keep.any():
        raise nothing_left(n_texts, there)
    terms_table, term_types, types_table, type_terms, levels = counter.vocabulary(keep)
    del counter
    return Vocabulary(
        types=TextBuffers(*types_table.arrays()),
        type_terms=type_terms,
        terms=TextBuffers(*terms_table.arrays()),
        term_types=term_types,
        levels=levels,
        idf=idf_weights(config, df[keep], n_texts),
    )


class _Extent:
    """How much was gone through."""

    def __init__(self) -> None:
        self.n_texts = self.n_bytes = 0


def _slices(begin: Callable[[], Iterator[Any]], extent: _Extent, memory: int) -> Iterator[TextBuffers]:
    """The texts in pieces of a bounded size, whole texts each."""
    most = min(_SLICE_BYTES, memory // 64)
    for chunk in text_chunks(begin()):
        offsets, first = chunk.offsets, 0
        while first < chunk.n_texts:
            end = int(np.searchsorted(offsets, offsets[first] + most, side="right")) - 1
            end = min(max(end, first + 1), first + _SLICE_TEXTS, chunk.n_texts)
            yield TextBuffers(chunk.bytes, offsets[first : end + 1])
            extent.n_texts += end - first
            extent.n_bytes += int(offsets[end] - offsets[first])
            first = end


def _first_pass(
    text_path: TextPath, config: FeaturesConfig, begin: Callable[[], Iterator[Any]], memory: int, threads: int
) -> tuple[_Extent, _native.GramFilter]:
    """What there is, and which n-grams may stand in `min_df` texts or more."""
    sketch = _native.GramSketch(memory // 2, _counter_bits(config), config.ngrams[1])
    extent = _Extent()
    types = _native.TypeTable()
    for texts in _slices(begin, extent, memory):
        if types.memory > memory // 8:  # words are met anew then; none is kept for good
            types = _native.TypeTable()
            sketch.forget()
        known = len(types)
        ids, rows, _ = text_path.scan(texts, types, threads=threads)
        if text_path.is_plain:
            sketch.name(types)
        else:
            sketch.name_terms(*spelled(text_path, types, known))
        sketch.add(ids, rows, threads)
    limit, _ = document_limits(config, extent.n_texts)
    return extent, _native.GramFilter() if limit == 1 else sketch.at_least(limit, threads)


def _counter_bits(config: FeaturesConfig) -> int:
    """Bits of a counter: the fewest that tell `min_df` texts from fewer, as more counters are shared less.

    A limit above what 8 bits hold rules out less than it could, and no n-gram that it should not.
    """
    if config.min_df == "auto":
        return 2
    if isinstance(config.min_df, float):
        return 8
    return next((bits for bits in (1, 2, 4) if config.min_df < 1 << bits), 8)


def _too_large(counter: _native.StreamCounter, now: _Extent, whole: _Extent | None, memory: int) -> DataError:
    far = f"{now.n_texts:,} of {whole.n_texts:,} texts" if whole else f"{now.n_texts:,} texts"
    hint = "Raise min_df or memory, or take shorter n-grams."
    if whole is None:
        hint = f"With min_df = 1 every n-gram stays: raise min_df. {hint}"
    return DataError(
        f"after {far} there are {counter.n_grams:,} n-grams to count, which is more than memory allows",
        where="features",
        wanted=f"at most {memory:,} bytes",
        got=f"{counter.memory:,}",
        hint=hint,
    )
