"""Which texts a model has learned from, kept beside it in four bytes a text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import CorruptError
from textmill.read.layout import string_layout

__all__ = ["FILE", "Unseen", "mark", "marks_in", "marks_of", "seen_by", "unseen_by", "write_seen"]

FILE = "seen.npy"


def mark(texts: pa.ChunkedArray, *, threads: int = 1) -> NDArray[np.uint32]:
    """32 bits of each text's fingerprint, without links, case and punctuation: uint32 (n_texts,).

    Two texts have the same by chance once in 4 billion pairs.
    """
    prints = [_native.fingerprints(*string_layout(chunk), True, threads) for chunk in texts.chunks]
    return marks_of(np.concatenate([np.empty((0, 2), np.uint64), *prints]))


def marks_of(prints: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The same from fingerprints that are there already, uint64 (n_texts, 2)."""
    return (prints[:, 0] & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def write_seen(folder: Path, marks: NDArray[np.uint32]) -> None:
    """Keep the marks of the texts that a model has learned from in its folder."""
    np.save(folder / FILE, np.unique(marks), allow_pickle=False)


def seen_by(folder: Path, texts: pa.ChunkedArray, *, threads: int = 1) -> NDArray[np.bool_] | None:
    """Which texts the model in a folder has learned from, bool (n_texts,); None where that was not kept.

    Raises
    ------
    CorruptError : if the file of marks cannot be read
    """
    known = _known(folder)
    return None if known is None else np.isin(mark(texts, threads=threads), known)


def marks_in(folder: Path) -> frozenset[int] | None:
    """The marks of the texts that the model in a folder has learned from; None where they were not kept.

    Raises
    ------
    CorruptError : if the file of marks cannot be read
    """
    known = _known(folder)
    return None if known is None else frozenset(known.tolist())


def _known(folder: Path) -> NDArray[np.uint32] | None:
    path = folder / FILE
    if not path.exists():
        return None
    try:
        known = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CorruptError(f"the marks of learned texts cannot be read: {error}", where=str(path)) from error
    if known.dtype != np.uint32 or known.ndim != 1:
        raise CorruptError("these are no marks of learned texts", where=str(path))
    return np.asarray(known)


class Unseen(NamedTuple):
    """Which texts some models have not learned from.

    Attributes
    ----------
    rows : bool (n_texts,), where none of them has, as far as is known
    learned : the names of those that have learned from some
    unknown : the names of those of which it was not kept
    """

    rows: NDArray[np.bool_]
    learned: list[str]
    unknown: list[str]


def unseen_by(folders: Mapping[str, Path], texts: pa.ChunkedArray, *, threads: int = 1) -> Unseen:
    """Which texts none of the models in some folders has learned from.

    Parameters
    ----------
    folders : name -> the model's folder

    Raises
    ------
    CorruptError : if the file of marks cannot be read
    """
    found = Unseen(np.ones(len(texts), bool), [], [])
    for name, folder in folders.items():
        seen = seen_by(folder, texts, threads=threads)
        if seen is None:
            found.unknown.append(name)
        elif seen.any():
            found.learned.append(name)
            found.rows[seen] = False
    return found
