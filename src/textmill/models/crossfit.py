"""What models say of rows that they did not learn from, for every row: cross-validation's predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill.errors import LabelError, TrainingError
from textmill.models.classifier import TextClassifier
from textmill.types import Prediction

__all__ = ["out_of_fold"]

Fit = Callable[[pa.Array | pa.ChunkedArray, list[str]], TextClassifier]


def out_of_fold(
    texts: pa.Array | pa.ChunkedArray,
    labels: Sequence[str],
    folds: NDArray[np.integer[Any]],
    fit: Fit | Sequence[Fit],
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """Predict each fold with a model that learned from the others.

    Parameters
    ----------
    texts : n texts
    labels : one a text
    folds : (n,), the fold of each, from 0 on
    fit : makes a classifier of texts and labels, or one for each fold; what it learns, words and weights, comes from
        these rows only
    progress : told how many folds are done, and of how many

    Returns
    -------
    Prediction of all rows, with all classes; a class that the other folds lack gets probability 0

    Raises
    ------
    LabelError : if the other folds hold fewer than two classes
    TrainingError : of a network, with the numbers that its texts have here

    Examples
    --------
    >>> texts = pa.array(["fire and smoke", "smoke and flood", "sun and cake", "cake and songs"] * 5)
    >>> labels = ["bad", "bad", "good", "good"] * 5
    >>> said = out_of_fold(texts, labels, np.arange(20) % 5, TextClassifier.fit)
    >>> said.classes, said.labels == labels
    (('bad', 'good'), True)
    """
    classes = tuple(sorted(set(labels)))
    place = {name: column for column, name in enumerate(classes)}
    scores = np.zeros((len(labels), len(classes)), np.float32)
    n_folds = int(folds.max()) + 1
    for fold in range(n_folds):
        if progress is not None:
            progress(fold, n_folds)
        asked = np.flatnonzero(folds == fold)
        if len(asked) == 0:
            continue
        others = folds != fold
        names = [label for label, other in zip(labels, others.tolist(), strict=True) if other]
        try:
            model = (fit if callable(fit) else fit[fold])(texts.filter(pa.array(others)), names)
        except LabelError as error:
            raise LabelError(
                error.what,
                where=f"fold {fold + 1} of {n_folds}, the rows of the others",
                wanted=error.wanted,
                got=error.got,
                hint="Take more rows, fewer folds or another seed.",
            ) from error
        except TrainingError as error:
            raise error.among(np.flatnonzero(others).tolist()) from error
        said = model.predict(texts.take(pa.array(asked)), threads=threads).scores
        columns = np.array([place[name] for name in model.classes])
        scores[asked[:, None], columns] = said
    return Prediction(classes, scores)
