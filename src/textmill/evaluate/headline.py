"""Which score says most about a model on these rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["headline"]

_MOST = 0.8  # share of the rows in one class, above which accuracy is no headline


def headline(true: NDArray[np.int64], classes: Sequence[str]) -> dict[str, str]:
    """The metric that leads, and why it does where that is not accuracy.

    Where more than 80 % of the rows are of one class, accuracy says little: who always names that class has it nearly
    all. Then F1 leads: of the positive class, or the mean of all classes where there are more than two.

    Parameters
    ----------
    true : int64 (n_classes,), test rows of each class

    Returns
    -------
    ``metric``, and ``why``, empty for accuracy

    Examples
    --------
    >>> headline(np.array([937, 63]), ["0", "1"])
    {'metric': 'f1', 'why': 'Of the test rows 93.7 % are “0”: accuracy says little here.'}
    >>> headline(np.array([60, 40]), ["ham", "spam"])
    {'metric': 'accuracy', 'why': ''}
    """
    share = float(true.max()) / max(int(true.sum()), 1)
    if share <= _MOST:
        return {"metric": "accuracy", "why": ""}
    common = classes[int(true.argmax())]
    why = f"Of the test rows {100 * share:.1f} % are “{common}”: accuracy says little here."
    return {"metric": "f1", "why": why}
