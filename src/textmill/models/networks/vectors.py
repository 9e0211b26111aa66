"""Vectors that the words of a network begin with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from textmill.errors import ConfigError
from textmill.features.vector_files import read_vectors

__all__ = ["vectors_for"]


def vectors_for(terms: Sequence[str], path: Path, width: int | Literal["auto"], seed: int) -> NDArray[np.float32]:
    """The vectors of terms: from a file, and for those that it lacks drawn with the spread of those that it has.

    Parameters
    ----------
    terms : of a vocabulary; one that is no text is never looked for
    width : that the settings ask for, which has to be that of the file

    Returns
    -------
    float32 (n_terms, width)

    Raises
    ------
    ConfigError : if the widths differ, or the file has none of the terms
    """
    rows = [row for row, term in enumerate(terms) if term]
    read, there = read_vectors(path, {terms[row]: place for place, row in enumerate(rows)})
    vectors, found = np.zeros((len(terms), read.shape[1]), np.float32), np.zeros(len(terms), bool)
    vectors[rows], found[rows] = read, there
    faults = []
    if width not in ("auto", vectors.shape[1]):
        faults.append(f"model.width: the vectors of {path} have {vectors.shape[1]}, got {width}")
    if not found.any():
        hint = '; [text] map = "none" keeps words as they are spelled'
        faults.append(f"model.vectors: {path} has none of the {len(terms):,} words of the texts{hint}")
    if faults:
        raise ConfigError(faults)
    drawn = np.random.default_rng(seed).normal(0.0, vectors[found].std(), vectors.shape).astype(np.float32)
    return np.where(found[:, None], vectors, drawn)
