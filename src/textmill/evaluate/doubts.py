"""Labels that are probably wrong: confident disagreement of models that did not learn from the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import Prediction

__all__ = ["doubtful_labels"]


def doubtful_labels(truth: NDArray[np.int64], prediction: Prediction) -> list[dict[str, Any]]:
    """The rows whose label the models doubt with confidence, the surest first.

    A class is claimed for a row where its probability is at least the mean of those that the rows of that class give
    it; a label is in doubt where another class is claimed, and is the most probable of those that are (confident
    learning: Northcutt, Jiang and Chuang, 2021). What the rows of a class say on the whole sets the bar, so that rare
    classes are not drowned.

    Parameters
    ----------
    truth : int64 (n,), class numbers of the labels as they stand
    prediction : out of fold, see `textmill.models.crossfit.out_of_fold`

    Returns
    -------
    for each ``row``, its ``label``, the ``said`` class, and the ``probability`` of both

    Examples
    --------
    >>> from textmill.types import Prediction
    >>> scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.95, 0.05]], np.float32)
    >>> [one["row"] for one in doubtful_labels(np.array([0, 0, 1, 1]), Prediction(("a", "b"), scores))]
    [3]
    """
    scores, n = prediction.scores.astype(np.float64), len(truth)
    sums = np.zeros(scores.shape[1])
    np.add.at(sums, truth, scores[np.arange(n), truth])
    counts = np.bincount(truth, minlength=scores.shape[1])
    bars = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    claimed = np.where(scores >= bars, scores, -1.0)
    said = claimed.argmax(axis=1)
    own = scores[np.arange(n), truth]
    rows = np.flatnonzero((claimed.max(axis=1) > 0) & (said != truth))
    order = rows[np.argsort(own[rows] - scores[rows, said[rows]], kind="stable")]
    return [
        {
            "row": row,
            "label": prediction.classes[truth[row]],
            "said": prediction.classes[said[row]],
            "probability": {"label": float(own[row]), "said": float(scores[row, said[row]])},
        }
        for row in order.tolist()
    ]
