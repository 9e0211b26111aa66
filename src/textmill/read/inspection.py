"""What there is to know of rows before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from textmill import _native
from textmill.config import ReadConfig, SplitConfig
from textmill.read.corpus import Corpus
from textmill.read.giveaways import inspect_columns
from textmill.read.layout import string_layout
from textmill.read.leaks import find_leaks
from textmill.read.personal import find_personal
from textmill.read.reading import stream_rows
from textmill.read.split import alike_rows

__all__ = ["inspect_rows", "one_sided"]

_FEW = 20  # rows of a class below which its scores say little


def inspect_rows(
    corpus: Corpus, config: ReadConfig, folder: Path, *, leaks: Mapping[str, Any], threads: int = 1
) -> dict[str, Any]:
    """Look at the rows of a corpus, and at the columns of the source that it came from.

    Parameters
    ----------
    config : as the corpus was read
    folder : where the source is looked for
    leaks : as from `find_leaks`

    Returns
    -------
    dict of JSON values:

    - ``rows`` and ``rejected``, how many rows were set aside, ``reasons`` -> how many, and the ``encoding``
    - ``classes`` (label -> rows, the most frequent first), ``several_labels`` (whether a row may have several),
      ``rare`` (labels with fewer than 20 rows)
    - ``characters``: ``min``, ``median``, ``p95``, ``max`` of the texts
    - ``duplicates`` and ``contradictions``, as in `find_leaks`
    - ``giveaways`` and ``constant``: columns that give the label away or say nothing, see `inspect_columns`
    - ``headers``: the share of texts that begin with the header of a message, which ``clean = ["headers"]`` drops
    - ``personal``: texts that seem to hold personal data, see `find_personal`
    """
    classes = dict(sorted(corpus.facts["classes"].items(), key=lambda one: (-one[1], one[0])))
    lengths = np.sort(pc.utf8_length(corpus.table()["text"]).to_numpy())
    source = config.source if Path(config.source).is_absolute() else str(folder / config.source)
    return {
        "rows": corpus.n_rows,
        "rejected": corpus.facts["rejected"],
        "reasons": corpus.facts["reasons"],
        "encoding": corpus.facts["encoding"],
        "classes": classes,
        "several_labels": bool(corpus.facts.get("several_labels")),
        "rare": [label for label, rows in classes.items() if rows < _FEW],
        "characters": {
            "min": int(lengths[0]),
            "median": int(lengths[len(lengths) // 2]),
            "p95": int(lengths[int(0.95 * (len(lengths) - 1))]),
            "max": int(lengths[-1]),
        },
        "duplicates": leaks["duplicates"],
        "contradictions": leaks["contradictions"],
        **inspect_columns(stream_rows(source, config), label=config.label, text=config.text),
        "headers": _with_headers(corpus, threads) / corpus.n_rows,
        "personal": find_personal(corpus),
    }


def one_sided(corpus: Corpus, config: SplitConfig, threads: int) -> dict[str, Any]:
    """What `find_leaks` finds where there are no sides."""
    alike, _ = alike_rows([corpus], similarity=config.similarity, threads=threads)
    side = np.zeros(corpus.n_rows, np.int8)
    return find_leaks([corpus], side, alike, policy="report", similarity=config.similarity)


def _with_headers(corpus: Corpus, threads: int) -> int:
    """How many texts begin with the header of a message."""
    program = _native.Program(["headers"], False, 1)
    found = 0
    for batch in corpus.batches():
        data, offsets = string_layout(batch.column("text"))
        _, ends = _native.rewrite(program, data, offsets, threads)
        found += int((np.diff(ends) != np.diff(offsets)).sum())
    return found
