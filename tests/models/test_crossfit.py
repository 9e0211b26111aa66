"""Predictions out of fold: each as if its fold had been left out by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from textmill.config import FeaturesConfig
from textmill.errors import LabelError, TrainingError
from textmill.models import TextClassifier
from textmill.models.crossfit import out_of_fold

TEXTS = [
    f"{word} {other} {n % 7}" for n, (word, other) in enumerate([("storm", "sea"), ("sun", "sea"), ("cat", "hat")] * 20)
]
LABELS = ["bad", "good", "pet"] * 20


def fit(texts: pa.Array, labels: list[str]) -> TextClassifier:
    return TextClassifier.fit(texts, labels, features=FeaturesConfig(min_df=1), threads=1)


def test_each_fold_is_said_by_a_model_of_the_others() -> None:
    folds = np.random.default_rng(1).integers(0, 4, 60)
    said = out_of_fold(pa.array(TEXTS), LABELS, folds, fit, threads=1)
    for fold in range(4):
        model = fit(
            pa.array([t for t, f in zip(TEXTS, folds, strict=True) if f != fold]),
            [n for n, f in zip(LABELS, folds, strict=True) if f != fold],
        )
        own = np.flatnonzero(folds == fold)
        by_hand = model.predict([TEXTS[row] for row in own], threads=1)
        assert said.scores[own].tobytes() == by_hand.scores.tobytes()


def test_a_class_that_the_other_folds_lack_has_probability_nought() -> None:
    folds = np.array([0, 1, 2] * 20)
    said = out_of_fold(pa.array(TEXTS), LABELS, folds, fit, threads=1)
    assert said.classes == ("bad", "good", "pet")
    assert (said.scores[folds == 0, 0] == 0).all()
    assert np.allclose(said.scores.sum(axis=1), 1, atol=1e-6)


def test_other_folds_of_one_class_are_told() -> None:
    with pytest.raises(LabelError, match="fold 1 of 2, the rows of the others: there is nothing to tell apart"):
        out_of_fold(pa.array(["a b", "c d"] * 5), ["x", "y"] * 5, np.array([0, 1] * 5), fit)


def test_texts_that_stop_a_training_are_told_by_their_numbers_among_all() -> None:
    def stopping(texts: pa.Array, labels: list[str]) -> TextClassifier:
        assert texts.to_pylist()[:3] == [TEXTS[1], TEXTS[2], TEXTS[4]]
        raise TrainingError("the loss is no number", texts=[0, 2])

    with pytest.raises(TrainingError, match=r"^texts 1, 4: the loss is no number$") as caught:
        out_of_fold(pa.array(TEXTS), LABELS, np.array([0, 1, 2] * 20), stopping, threads=1)
    assert caught.value.texts == (1, 4)
