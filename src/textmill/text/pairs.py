"""Pairs of texts: one text each in a corpus, two to the text path, and terms that say where a word stands.

What two texts have to do with each other is not in a bag of all their words. A term of a pair is a word with its mark:
``both:`` where both texts have it, ``1:`` or ``2:`` where only one has. Behind the words of a pair each mark stands
once more, alone, for every word that has it: so a model sees how much the texts share also where it does not know the
words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import DataError
from textmill.text.buffers import TextBuffers, decode_types, text_buffers, text_chunks
from textmill.types import BESIDE, Tokens, beside

if TYPE_CHECKING:
    from textmill.text.path import TextPath

__all__ = ["MARKS", "PairTokens", "are_pairs", "marked_terms", "pair_buffers", "part_chunks"]

MARKS = ("1:", "2:", "both:")
_BYTE = ord(BESIDE)


def are_pairs(texts: Any) -> bool:
    """Whether an object in memory holds pairs: a list of two texts each, or Arrow data with two columns.

    Examples
    --------
    >>> are_pairs([("a", "b")]), are_pairs(["a", "b"])
    (True, False)
    """
    if isinstance(texts, (list, tuple)):
        return bool(texts) and isinstance(texts[0], (list, tuple))
    return _columns(texts) is not None


def pair_buffers(texts: Any) -> TextBuffers:
    r"""Pairs as Arrow lays texts out, each as `textmill.types.beside` puts two texts together.

    Parameters
    ----------
    texts : list of two texts each; Arrow data with two columns of strings, or structs of two (a data frame); or what
        `text_buffers` takes, of texts that are put together already

    Raises
    ------
    DataError : if one of them is no pair

    Examples
    --------
    >>> pair_buffers([("a", "b"), ("c", "")]).bytes.tobytes()
    b'a\x1ebc\x1e'
    """
    columns = _columns(texts)
    if columns is not None:
        import pyarrow as pa
        import pyarrow.compute as pc

        for number, column in enumerate(columns, 1):
            if any(BESIDE in one for one in column.to_pylist() if one is not None):
                raise DataError(f"a text of column {number} holds U+001E, which stands between the two texts of a pair")
        texts = pc.binary_join_element_wise(*columns, pa.scalar(BESIDE, pa.large_string()))
    elif isinstance(texts, (list, tuple)):
        texts = [_joined(number, one) for number, one in enumerate(texts)]
    found = text_buffers(texts)
    _middles(found)
    return found


def _joined(number: int, text: Any) -> Any:
    if not isinstance(text, (list, tuple)):
        return text
    try:
        first, second = text
        return beside(first, second)
    except (ValueError, DataError) as error:
        said = str(error) if isinstance(error, DataError) else f"it has {len(text)} texts"
        raise DataError(f"text {number} is no pair: {said}") from None


def _columns(texts: Any) -> list[Any] | None:
    """The two columns of Arrow data; None where it is none, or texts."""
    if isinstance(texts, TextBuffers) or not (
        hasattr(texts, "__arrow_c_stream__") or hasattr(texts, "__arrow_c_array__")
    ):
        return None
    import pyarrow as pa

    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        if not pa.types.is_struct(texts.type):
            return None
        columns = texts.combine_chunks().flatten() if isinstance(texts, pa.ChunkedArray) else texts.flatten()
    elif isinstance(texts, (pa.Table, pa.RecordBatch)):
        columns = texts.columns
    else:
        try:
            table = pa.table(texts) if hasattr(texts, "columns") else None
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
            return None
        if table is None:
            return None
        columns = table.columns
    if len(columns) != 2:
        raise DataError("these are no pairs of texts", wanted="two columns", got=f"{len(columns)}")
    return [column.cast(pa.large_string()) for column in columns]


def _middles(texts: TextBuffers) -> NDArray[np.int64]:
    """Where the first text of each pair ends: int64 (n_texts,), places in the bytes."""
    found: NDArray[np.int64] = np.flatnonzero(texts.bytes[: texts.offsets[-1]] == _BYTE)
    found = found[found >= texts.offsets[0]]
    often = np.diff(np.searchsorted(found, texts.offsets))
    wrong = np.flatnonzero(often != 1)
    if len(wrong):
        got = "one text" if often[wrong[0]] == 0 else f"{often[wrong[0]] + 1} texts"
        raise DataError(
            f"text {wrong[0]} is no pair, and the model is of pairs", wanted='two texts, as ("...", "...")', got=got
        )
    return found


def parts_of(texts: TextBuffers) -> TextBuffers:
    """The two texts of each pair as texts of their own, side by side.

    Raises
    ------
    DataError : if one of the texts is no pair

    Examples
    --------
    >>> data, offsets = parts_of(pair_buffers([("a", "b"), ("c", "")]))
    >>> data.tobytes(), offsets.tolist()
    (b'abc', [0, 1, 2, 3, 3])
    """
    middles = _middles(texts)
    begin, end = int(texts.offsets[0]), int(texts.offsets[-1])
    data = texts.bytes[begin:end]
    offsets = np.empty(2 * texts.n_texts + 1, np.int64)
    gone = np.arange(texts.n_texts + 1)
    offsets[0::2] = texts.offsets - begin - gone
    offsets[1::2] = middles - begin - gone[:-1]
    return TextBuffers(np.ascontiguousarray(data[data != _BYTE]), offsets)


def part_chunks(texts: Any) -> Iterator[TextBuffers]:
    """`parts_of` of texts that come a piece at a time, as `text_chunks` takes them."""
    for chunk in text_chunks(texts):
        yield parts_of(chunk)


def marked_terms(path: TextPath, types: Sequence[str]) -> list[str | None]:
    """What each distinct word of pairs becomes, its mark kept; None where it is left out.

    Parameters
    ----------
    path : the program for one text of a pair
    """
    marks, words = zip(*((mark + ":", word) for mark, _, word in (one.partition(":") for one in types)), strict=True)
    known = [word for word in words if word]
    terms = iter(path.terms(known))
    found = [next(terms) if word else "" for word in words]
    return [None if term is None else mark + term for mark, term in zip(marks, found, strict=True)]


class PairTokens:
    """Splits pairs into marked words, each text of a pair on its own.

    Parameters
    ----------
    path : the program for one text of a pair; words that it leaves out have no mark, and those that become the same
        term are the same
    """

    def __init__(self, path: TextPath) -> None:
        self._path = path

    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens:
        """The words of each pair, marked, then their marks alone; places are those in the pair's text."""
        pairs = text_buffers(texts)
        parts, table = parts_of(pairs), _native.TypeTable()
        ids, rows, places = self._path.scan(parts, table, spans=spans, threads=threads)
        words = decode_types(*table.arrays())
        of_part = np.repeat(np.arange(len(rows) - 1), np.diff(rows))
        terms = _numbers(self._path.terms(words))[ids] if len(ids) else np.zeros(0, np.int64)
        kept = terms >= 0
        ids, terms, of_part = ids[kept], terms[kept], of_part[kept]
        side, text = of_part % 2, of_part // 2
        marks = _marks(text * (len(words) + 1) + terms, side)
        lengths = np.bincount(text, minlength=pairs.n_texts)
        starts = np.cumsum(lengths) - lengths
        first = np.arange(len(ids)) + starts[text]  # of a text's words, each once as it is, and behind them its mark
        codes = np.empty(2 * len(ids), np.int64)
        codes[first] = (ids + 1) * len(MARKS) + marks
        codes[first + lengths[text]] = marks
        found, made = None, np.concatenate([np.zeros(1, np.int64), np.cumsum(2 * lengths)])
        if places is not None:
            behind = np.where(side == 1, _letters(parts)[0::2][text] + 1, 0)
            shifted = (places[kept] + behind[:, None]).astype(np.int32)
            found = np.empty((2 * len(ids), 2), np.int32)
            found[first] = found[first + lengths[text]] = shifted
        distinct, at, numbers = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(at, kind="stable")  # numbered by first appearance, as everywhere
        number = np.empty(len(order), np.int32)
        number[order] = np.arange(len(order), dtype=np.int32)
        types = [_spelled(code, words) for code in distinct[order].tolist()]
        return Tokens(number[numbers.ravel()].astype(np.int32), made, found, types)


def _numbers(terms: Iterable[str | None]) -> NDArray[np.int64]:
    known: dict[str, int] = {}
    return np.array([-1 if term is None else known.setdefault(term, len(known)) for term in terms], np.int64)


def _marks(keys: NDArray[np.int64], side: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each word of a pair, given as a number of both, the place of its mark in `MARKS`."""
    distinct, which = np.unique(keys, return_inverse=True)
    which = which.ravel()
    there = np.zeros((2, len(distinct)), bool)
    there[side, which] = True
    return np.where((there[0] & there[1])[which], 2, side)


def _spelled(code: int, words: Sequence[str]) -> str:
    word, mark = divmod(code, len(MARKS))
    return MARKS[mark] + (words[word - 1] if word else "")


def _letters(texts: TextBuffers) -> NDArray[np.int64]:
    """Code points of each text: int64 (n_texts,)."""
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum((texts.bytes & 0xC0) != 0x80)])
    return np.diff(begins[texts.offsets])
