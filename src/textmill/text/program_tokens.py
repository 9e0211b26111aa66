"""The tokens that one of the core's programs finds, with the types spelled out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import thread_count
from textmill.text.buffers import decode_types, in_place, numbered_from
from textmill.types import Tokens

__all__ = ["program_tokens"]


def program_tokens(
    program: _native.Program,
    texts: Any,
    *,
    spans: bool,
    threads: int | None,
    decode: Callable[[NDArray[np.uint8], NDArray[np.int64]], list[str]] = decode_types,
) -> Tokens:
    """The tokens of many texts; the same for any number of threads.

    Parameters
    ----------
    texts : what `text_buffers` takes; the strings of a list are read where they lie
    spans : also say where each token lies in its raw text
    decode : makes strings of the types' bytes and offsets

    Raises
    ------
    DataError : if `texts` holds something that is no text, or one that is too long

    Examples
    --------
    >>> program_tokens(_native.Program([], False, 1), ["Fire fire"], spans=False, threads=None).types
    ['Fire', 'fire']
    """
    table = _native.TypeTable()
    with numbered_from(0):
        ids, rows, places = _native.scan(program, in_place(texts), table, spans, thread_count(threads))
    return Tokens(ids=ids, rows=rows, spans=places, types=decode(*table.arrays()))
