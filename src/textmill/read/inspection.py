"""What there is to know of a project's rows before anything is trained."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from textmill import _native
from textmill.config import MillConfig
from textmill.read.corpus import Corpus
from textmill.read.expectations import measures, unmet
from textmill.read.giveaways import find_giveaways
from textmill.read.layout import string_layout
from textmill.read.leaks import find_leaks
from textmill.read.personal import find_personal
from textmill.read.reading import read_corpus, stream_rows
from textmill.read.split import alike_rows

__all__ = ["inspect_rows"]

_FEW = 20  # rows of a class below which its scores say little


def inspect_rows(mill: MillConfig, folder: Path, *, threads: int = 1) -> dict[str, Any]:
    """Look at the rows that ``[read]`` names.

    Parameters
    ----------
    folder : the project's, where the source is looked for

    Returns
    -------
    dict of JSON values:

    - ``rows`` and ``rejected``, how many rows were set aside
    - ``classes`` (label -> rows, the most frequent first), ``rare`` (those with fewer than 20 rows)
    - ``characters``: ``min``, ``median``, ``p95``, ``max`` of the texts
    - ``duplicates`` and ``contradictions``, as in `find_leaks`
    - ``giveaways``: columns that give the label away, see `find_giveaways`
    - ``headers``: the share of texts that begin with the header of a message, which ``clean = ["headers"]`` drops
    - ``personal``: texts that seem to hold personal data, see `find_personal`
    - ``unmet``: what is not as ``[expect]`` says

    Raises
    ------
    as `read_corpus`
    """
    with tempfile.TemporaryDirectory() as made:
        corpus = read_corpus(mill.read, folder, out=Path(made) / "rows.arrow", rejected=Path(made) / "rejected.jsonl")
        table = corpus.table()
        classes = dict(sorted(corpus.facts["classes"].items(), key=lambda one: (-one[1], one[0])))
        lengths = np.sort(pc.utf8_length(table["text"]).to_numpy())
        alike, _ = alike_rows([corpus], similarity=mill.split.similarity, threads=threads)
        one_side = np.zeros(corpus.n_rows, np.int8)
        leaks = find_leaks([corpus], one_side, alike, policy="report", similarity=mill.split.similarity)
        source = mill.read.source if Path(mill.read.source).is_absolute() else str(folder / mill.read.source)
        giveaways = find_giveaways(stream_rows(source, mill.read), label=mill.read.label, text=mill.read.text)
        expected = replace(mill.expect, leaked=None)  # there are no sides yet
        return {
            "rows": corpus.n_rows,
            "rejected": corpus.facts["rejected"],
            "classes": classes,
            "rare": [label for label, rows in classes.items() if rows < _FEW],
            "characters": {
                "min": int(lengths[0]),
                "median": int(lengths[len(lengths) // 2]),
                "p95": int(lengths[int(0.95 * (len(lengths) - 1))]),
                "max": int(lengths[-1]),
            },
            "duplicates": leaks["duplicates"],
            "contradictions": leaks["contradictions"],
            "giveaways": giveaways,
            "headers": _with_headers(corpus, threads) / corpus.n_rows,
            "personal": find_personal(corpus),
            "unmet": unmet(expected, measures(corpus, leaks), classes),
        }


def _with_headers(corpus: Corpus, threads: int) -> int:
    """How many texts begin with the header of a message."""
    program = _native.Program(["headers"], False, 1)
    found = 0
    for batch in corpus.batches():
        data, offsets = string_layout(batch.column("text"))
        _, ends = _native.rewrite(program, data, offsets, threads)
        found += int((np.diff(ends) != np.diff(offsets)).sum())
    return found
