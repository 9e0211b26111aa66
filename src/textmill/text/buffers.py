"""Texts as Arrow lays them out: all bytes side by side, and where each text begins."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import DataError
from textmill.read.layout import string_layout

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 4 << 20  # characters of a list of texts that are packed at a time
_PIECE = 64 << 20  # that are scanned at a time, where they lie: only their tokens take room

__all__ = ["TextBuffers", "decode_types", "encode_types", "text_buffers", "text_chunks", "texts_in_place"]


class TextBuffers(NamedTuple):
    """UTF-8 of many texts.

    Attributes
    ----------
    bytes : uint8 (n_bytes,)
    offsets : int64 (n_texts + 1,), text i is ``bytes[offsets[i]:offsets[i + 1]]``
    """

    bytes: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @property
    def n_texts(self) -> int:
        """How many texts there are."""
        return len(self.offsets) - 1


def text_buffers(texts: Any, before: int = 0) -> TextBuffers:
    """Bring texts into Arrow's layout, without a copy where they have it already.

    Parameters
    ----------
    texts : list or other iterable of str; an Arrow array, chunked array, or anything that speaks
        ``__arrow_c_stream__`` or ``__arrow_c_array__`` with strings (a column of pandas or polars)
    before : how many texts came before these; errors count on from there

    Raises
    ------
    DataError : if an item is no text, is missing, or holds a lone surrogate; if `texts` is one str

    Examples
    --------
    >>> text_buffers(["fire", "né"]).offsets.tolist()
    [0, 4, 7]
    """
    if isinstance(texts, TextBuffers):
        return texts
    if isinstance(texts, str):
        raise DataError("wanted a list of texts, got one text", hint="Put it in a list: [text].")
    if not isinstance(texts, list):
        if hasattr(texts, "__arrow_c_array__") or hasattr(texts, "__arrow_c_stream__"):
            return _from_arrow(texts, before)
        if not isinstance(texts, Iterable) or isinstance(texts, (bytes, dict)):
            raise DataError(f"wanted a list of texts, got {type(texts).__name__}")
        texts = list(texts)
    try:
        return TextBuffers(*_native.pack(texts, before))
    except (TypeError, ValueError) as error:
        raise DataError(str(error)) from None


def text_chunks(texts: Any) -> Iterator[TextBuffers]:
    """Texts a piece at a time, so that what needs each text once never holds them all.

    Parameters
    ----------
    texts : what `text_buffers` takes, or an iterator over such things; a list is packed some texts at a time, a chunked
        array taken chunk by chunk

    Raises
    ------
    DataError : as `text_buffers`; a text is named by its number among all of them

    Examples
    --------
    >>> [chunk.n_texts for chunk in text_chunks(iter([["one", "two"], ["three"]]))]
    [2, 1]
    """
    before = 0
    for part in _parts(texts):
        for chunk in _pieces(part, before):
            yield chunk
            before += chunk.n_texts


def _parts(texts: Any) -> Iterator[Any]:
    if isinstance(texts, Iterator):
        for part in texts:
            yield from _parts(part)
    elif hasattr(texts, "iterchunks"):  # an Arrow chunked array
        yield from texts.iterchunks()
    else:
        yield texts


def _pieces(texts: Any, before: int) -> Iterator[TextBuffers]:
    if not isinstance(texts, list) or not texts:
        yield text_buffers(texts, before)
        return
    first = 0
    while first < len(texts):
        try:
            data, offsets, first = _native.pack_some(texts, first, _CHUNK, before)
        except (TypeError, ValueError) as error:
            raise DataError(str(error)) from None
        yield TextBuffers(data, offsets)


def in_place(texts: Any, before: int = 0) -> TextBuffers | list[str]:
    """What the core scans: a list as it is, its strings are read where they lie; anything else as `text_buffers`."""
    return texts if isinstance(texts, list) else text_buffers(texts, before)


def texts_in_place(texts: Any) -> Iterator[TextBuffers | list[str]]:
    """As `text_chunks`, but a list stays one: the core reads its strings where they lie.

    Errors of texts in a list come from whoever reads them; see `numbered_from`.
    """
    before = 0
    for each in _parts(texts):
        part = in_place(each, before)
        before += text_count(part)
        if not isinstance(part, list):
            yield part
            continue
        first = 0
        while (last := _native.last_of(part, first, _PIECE)) < len(part):
            yield part[first:last]
            first = last
        yield part[first:] if first else part


def text_count(texts: TextBuffers | list[str]) -> int:
    """How many texts there are."""
    return len(texts) if isinstance(texts, list) else texts.n_texts


@contextmanager
def numbered_from(before: int) -> Iterator[None]:
    """Where the core refuses a text, say so, with its number behind `before` others, or that all are too much."""
    try:
        yield
    except (OverflowError, TypeError, ValueError) as error:
        text = re.match(r"text (\d+) ", str(error))
        if not text:
            if isinstance(error, OverflowError):
                raise DataError(str(error), hint="Take fewer texts at a time, or shorter ones.") from None
            raise
        hint = "Cut it into several texts." if isinstance(error, OverflowError) else ""
        raise DataError(f"text {before + int(text[1])} {str(error)[text.end() :]}", hint=hint) from None


def _from_arrow(texts: Any, before: int) -> TextBuffers:
    import pyarrow as pa

    if not isinstance(texts, (pa.Array, pa.ChunkedArray)):
        try:
            texts = pa.array(texts) if hasattr(texts, "__arrow_c_array__") else pa.chunked_array(texts)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # a pandas column of all sorts: one by one, the culprit has a name
            return text_buffers(list(texts), before)
    kind = texts.type.value_type if pa.types.is_dictionary(texts.type) else texts.type
    # an all-missing column has no type of its own; the check for missing texts below speaks of it better
    if not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    ):
        raise DataError("these are no texts", wanted="strings", got=str(texts.type))
    if pa.types.is_dictionary(texts.type):
        # spelled out also where a cast of Arrow's cannot; a null among the words of the dictionary is a missing text
        chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
        spelled = [chunk.dictionary.cast(pa.large_string()).take(chunk.indices) for chunk in chunks]
        texts = pa.chunked_array(spelled, pa.large_string())
    if texts.null_count:
        missing = texts.is_null().to_pylist().index(True) if len(texts) else 0
        raise DataError(f"text {before + missing} is missing")
    if not (isinstance(texts, pa.Array) and pa.types.is_string(texts.type)):
        texts = texts.cast(pa.large_string())
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()
        if isinstance(texts, pa.ChunkedArray):
            texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.large_string())
    _require_utf8(texts, before)
    return TextBuffers(*string_layout(texts))


def _require_utf8(texts: pa.Array, before: int) -> None:
    """What Arrow takes on trust: that offsets rise and lie in the bytes, and that these are UTF-8."""
    import pyarrow as pa

    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        row = re.search(r"Invalid UTF8 sequence at string index (\d+)", str(error))
        if row:
            raise DataError(f"text {before + int(row[1])} is no UTF-8") from None
        raise DataError(f"the Arrow array is corrupt: {error}") from None


def decode_types(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> list[str]:
    """The strings of a table of types.

    Examples
    --------
    >>> decode_types(*encode_types(["fire", "né"]))
    ['fire', 'né']
    """
    raw = data.tobytes()
    ends = offsets.tolist()
    if raw.isascii():
        text = raw.decode("ascii")
        return [text[a:b] for a, b in itertools.pairwise(ends)]
    return [raw[a:b].decode() for a, b in itertools.pairwise(ends)]


def encode_types(types: Sequence[str]) -> TextBuffers:
    """The inverse of `decode_types`."""
    return TextBuffers(*_native.pack(list(types)))
