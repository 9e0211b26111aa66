"""How fast a model answers: many texts at once, and one at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from textmill.types import Prediction

__all__ = ["predict_timed"]

_SINGLE = 200  # texts asked one by one


def predict_timed(
    model: Any, texts: pa.ChunkedArray, *, threads: int | None = None
) -> tuple[Prediction, dict[str, float]]:
    """What a model says of texts, and how long it takes.

    Parameters
    ----------
    model : has ``predict(texts, threads=...)``
    texts : one or more

    Returns
    -------
    prediction, and ``texts_per_second`` (all at once), ``p50_ms`` and ``p95_ms`` (one at a time, of up to 200)
    """
    some = texts.take(np.unique(np.linspace(0, len(texts) - 1, _SINGLE).astype(np.int64))).to_pylist()
    model.predict(some[:1], threads=1)  # what is made once is no cost of a text
    began = time.perf_counter()
    prediction: Prediction = model.predict(texts, threads=threads)
    took = time.perf_counter() - began
    single = []
    for text in some:
        began = time.perf_counter()
        model.predict([text], threads=1)
        single.append(1000 * (time.perf_counter() - began))
    p50, p95 = np.quantile(single, [0.5, 0.95]).tolist()
    return prediction, {"texts_per_second": len(texts) / max(took, 1e-9), "p50_ms": p50, "p95_ms": p95}
