r"""Grapheme clusters, words and sentences by Unicode's own rules (UAX #29), in the compiled core.

A word is a segment that holds at least one word character: a letter, a digit or other number, an ideograph, a connector
such as ``_``. Precisely: a code point that Python's ``re`` calls ``\w``, or one whose Word_Break is ALetter,
Hebrew_Letter, Numeric, Katakana or ExtendNumLet and that is no white space. White space, punctuation, symbols and
emoji lie between words; ``all=True`` gives them too. Scripts that write no blanks (Chinese, Thai, ...) need a
dictionary to be split into words; by these rules each of their characters, with its marks, is a segment.

Source: Unicode Standard Annex #29, Unicode Text Segmentation, Unicode 15.0.0.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import thread_count
from textmill.text.buffers import numbered_from, text_buffers
from textmill.text.program_tokens import program_tokens
from textmill.types import Tokens

__all__ = [
    "SEGMENT_VERSION",
    "Segments",
    "grapheme_spans",
    "graphemes",
    "sentence_spans",
    "sentences",
    "word_spans",
    "word_tokens",
    "words",
]

SEGMENT_VERSION = _native.SEGMENT_VERSION  # of Unicode: its rules and its properties


class Segments(NamedTuple):
    """Where the segments of many texts lie.

    Attributes
    ----------
    rows : int64 (n_texts + 1,), text i owns ``spans[rows[i]:rows[i + 1]]``
    spans : int32 (n_segments, 2), half-open, in code points of the segment's own text
    """

    rows: NDArray[np.int64]
    spans: NDArray[np.int32]


def graphemes(text: str) -> list[str]:
    r"""What a reader takes for one character each; together they are the text.

    Raises
    ------
    DataError : if `text` is no str, or holds a lone surrogate

    Examples
    --------
    >>> [len(cluster) for cluster in graphemes("e\u0301a\r\n")]
    [2, 1, 2]
    >>> len(graphemes("👩‍👩‍👧🇫🇷"))
    2
    """
    return _cut("graphemes", text)


def words(text: str, *, all: bool = False) -> list[str]:
    """The words of a text.

    Parameters
    ----------
    all : also what lies between the words; all segments together are the text

    Raises
    ------
    DataError : if `text` is no str, or holds a lone surrogate

    Examples
    --------
    >>> words("Don't pay $3.50, naïve fool!")
    ["Don't", 'pay', '3.50', 'naïve', 'fool']
    >>> words("Don't pay!", all=True)
    ["Don't", ' ', 'pay', '!']
    """
    return _cut("all_words" if all else "words", text)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the white space behind it; together they are the text.

    The rules know no abbreviations: a full stop and a blank before a capital letter end a sentence.

    Raises
    ------
    DataError : if `text` is no str, or holds a lone surrogate

    Examples
    --------
    >>> sentences("It cost $3.50 (i.e. too much). Really? Yes!")
    ['It cost $3.50 (i.e. too much). ', 'Really? ', 'Yes!']
    """
    return _cut("sentences", text)


def grapheme_spans(texts: Any, *, threads: int | None = None) -> Segments:
    r"""Where the grapheme clusters of many texts lie.

    Parameters
    ----------
    texts : what `text_buffers` takes

    Raises
    ------
    DataError : if `texts` holds something that is no text, or a text of 2 GiB or more

    Examples
    --------
    >>> grapheme_spans(["ab", "e\u0301"]).spans.tolist()
    [[0, 1], [1, 2], [0, 2]]
    """
    return _spans("graphemes", texts, threads)


def word_spans(texts: Any, *, all: bool = False, threads: int | None = None) -> Segments:
    """Where the words of many texts lie.

    Parameters
    ----------
    texts : what `text_buffers` takes
    all : also what lies between the words

    Raises
    ------
    DataError : if `texts` holds something that is no text, or a text of 2 GiB or more

    Examples
    --------
    >>> found = word_spans(["Hi, you!", "", "née"])
    >>> found.rows.tolist()
    [0, 2, 2, 3]
    >>> found.spans.tolist()
    [[0, 2], [4, 7], [0, 3]]
    """
    return _spans("all_words" if all else "words", texts, threads)


def word_tokens(texts: Any, *, all: bool = False, spans: bool = False, threads: int | None = None) -> Tokens:
    """The words of many texts, numbered; `Tokens.lists` gives them as lists of strings.

    Parameters
    ----------
    texts : what `text_buffers` takes
    all : also what lies between the words
    spans : also say where each word lies

    Raises
    ------
    DataError : if `texts` holds something that is no text

    Examples
    --------
    >>> word_tokens(["No fire, no smoke.", "No!"]).lists()
    [['No', 'fire', 'no', 'smoke'], ['No']]
    """
    return program_tokens(_programs["all_words" if all else "words"], texts, spans=spans, threads=threads)


def sentence_spans(texts: Any, *, threads: int | None = None) -> Segments:
    """Where the sentences of many texts lie, each with the white space behind it.

    Parameters
    ----------
    texts : what `text_buffers` takes

    Raises
    ------
    DataError : if `texts` holds something that is no text, or a text of 2 GiB or more

    Examples
    --------
    >>> sentence_spans(["One. Two."]).spans.tolist()
    [[0, 5], [5, 9]]
    """
    return _spans("sentences", texts, threads)


_Kind = Literal["graphemes", "words", "all_words", "sentences"]


_programs: dict[_Kind, _native.Program] = {
    "graphemes": _native.Program([], False, 1, "graphemes"),
    "words": _native.Program([], False, 1, "unicode"),
    "all_words": _native.Program([], False, 1, "unicode", 1),  # its bit for all segments, see native/core/splitters.hpp
    "sentences": _native.Program([], False, 1, "sentences"),
}


def _spans(kind: _Kind, texts: Any, threads: int | None) -> Segments:
    with numbered_from(0):
        return Segments(*_native.segment(kind, *text_buffers(texts), thread_count(threads)))


def _cut(kind: _Kind, text: str) -> list[str]:
    try:
        return _programs[kind].split(text)
    except (TypeError, ValueError):
        text_buffers([text])  # says what is wrong
        raise
