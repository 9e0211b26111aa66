"""How fast a model answers: many texts at once, and one at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.read.sample import spread

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["timed"]

_SINGLE = 200  # texts asked one by one


def timed(model: Any, texts: pa.ChunkedArray, *, threads: int | None = None) -> dict[str, float]:
    """How long a model takes to answer.

    Parameters
    ----------
    model : has ``predict(texts, threads=...)``
    texts : one or more

    Returns
    -------
    ``texts_per_second`` (all at once), ``p50_ms`` and ``p95_ms`` (one at a time, of up to 200)
    """
    some = texts.take(spread(len(texts), _SINGLE)).to_pylist()
    model.predict(some[:1], threads=1)  # what is made once is no cost of a text
    began = time.perf_counter()
    model.predict(texts, threads=threads)
    took = time.perf_counter() - began
    single = []
    for text in some:
        began = time.perf_counter()
        model.predict([text], threads=1)
        single.append(1000 * (time.perf_counter() - began))
    p50, p95 = np.quantile(single, [0.5, 0.95]).tolist()
    return {"texts_per_second": len(texts) / max(took, 1e-9), "p50_ms": p50, "p95_ms": p95}
