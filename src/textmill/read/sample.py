"""Some of many rows, the same each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["spread"]


def spread(n: int, most: int) -> NDArray[np.int64]:
    """Up to `most` of the places from 0 to n - 1, spread evenly, the first and the last among them.

    Examples
    --------
    >>> spread(9, 3).tolist(), spread(2, 3).tolist(), spread(0, 3).tolist()
    ([0, 4, 8], [0, 1], [])
    """
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, most)).astype(np.int64))
