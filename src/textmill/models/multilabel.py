"""From raw text to labels: as many for each text as fit, or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import FeaturesConfig, ModelConfig, TextConfig, from_mapping, thread_count
from textmill.errors import ConfigError, LabelError
from textmill.features.learned import LearnFeatures
from textmill.models.linear import LinearText, check_count, counted, facts_of
from textmill.models.logistic import fit_labels, sigmoid
from textmill.text.path import TextPath
from textmill.types import LabelSets, joined, memberships, parted

__all__ = ["MultiLabelClassifier"]


class MultiLabelClassifier(LinearText):
    """A text path, its features, and one logistic regression for each label.

    Made by `fit` or `load`. A label is said of a text where its probability is one half or more.

    Attributes
    ----------
    classes : names of the labels, sorted
    weights : float64 (n_features, n_classes)
    bias : float64 (n_classes,)
    facts : what the fit took: types, features, iterations

    Examples
    --------
    >>> texts = ["wheat and maize", "oil prices rise", "wheat for oil", "a quiet day"] * 3
    >>> model = MultiLabelClassifier.fit(texts, [["grain"], ["energy"], ["energy", "grain"], []] * 3)
    >>> model.predict(["wheat, oil", "wheat and maize", "a day"]).labels
    ['energy + grain', 'grain', '']
    """

    several = True
    kind = "multi-label-classifier"
    formats = (1,)

    @classmethod
    def fit(
        cls,
        texts: Any,
        labels: Sequence[str | Sequence[str]],
        *,
        text: TextConfig | TextPath | None = None,
        features: FeaturesConfig | None = None,
        model: ModelConfig | None = None,
        seed: int = 13,
        threads: int | None = None,
        progress: Callable[[str], None] | None = None,
        learn: LearnFeatures | None = None,
    ) -> MultiLabelClassifier:
        """Learn from labelled texts.

        Parameters
        ----------
        texts : what `textmill.text.buffers.text_chunks` takes; an iterator is gone through once
        labels : of each text, in a list or joined by `textmill.types.joined`; a text may have none
        text, features, model : settings; the defaults of ``mill.toml`` where left out. A text path may stand for its
            settings
        seed : nothing is left to chance here; taken as `TextClassifier.fit` takes it
        threads : the result does not depend on it
        progress : called with a sentence on what is being done
        learn : in the place of the features' own `fit`; it has to give the same

        Raises
        ------
        LabelError : if there is no label, or there are not labels for each text
        ConfigError : if a setting is out of its range, or C is to be chosen
        DataError : if a text is none, or no word is left of them; or if a label cannot be joined with others
        """
        threads = thread_count(threads)
        model = from_mapping(ModelConfig, asdict(model or ModelConfig()))
        if model.C == "cv":
            raise ConfigError(["model.C: wanted a number for a multi-label model, got 'cv'"])
        sets = [one if isinstance(one, str) else joined(one) for one in labels]
        classes = tuple(sorted({name for one in set(sets) for name in parted(one)}))
        if not classes:
            raise LabelError("no text has a label", wanted="a label for some of them")
        members = memberships(sets, classes)
        facts: dict[str, Any] = {"n_texts": len(sets), "n_classes": len(classes)}
        started = time.perf_counter()
        if model.kind == "majority":
            check_count(texts, len(sets), through=True)
            # half a text more and half a text less keep the odds of a label that every text has finite
            there = members.sum(axis=0)
            log_odds = np.log((there + 0.5) / (len(sets) - there + 0.5))
            return cls(classes, model, None, np.zeros((0, len(classes))), log_odds, facts)
        made, csr = counted(texts, len(sets), text, features, threads, progress, learn)
        then = time.perf_counter()
        fit = fit_labels(
            csr,
            members,
            C=float(model.C),
            balanced=model.class_weight == "balanced",
            tol=model.tol,
            max_iter=model.max_iter,
            threads=threads,
            progress=progress,
        )
        model_made = cls(classes, model, made, fit.weights, fit.bias, facts | facts_of(made, csr, fit))
        model_made.seconds = {"features": then - started, "model": time.perf_counter() - then}
        return model_made

    def predict(self, texts: Any, *, threads: int | None = None) -> LabelSets:
        """The probability of each label, and which of them are said.

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes

        Raises
        ------
        DataError : if an item is no text
        """
        return self.answers(self.outputs(texts, threads=threads))

    def answers(self, outputs: NDArray[np.float64]) -> LabelSets:
        """What `predict` says of texts whose `outputs` are known."""
        scores = sigmoid(outputs).astype(np.float32)
        return LabelSets(self.classes, scores, scores >= 0.5)

    def learned(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """The probability of each label, float64 (n_texts, n_classes)."""
        return sigmoid(self.outputs(texts, threads=threads))

    def _says(self, text: str) -> tuple[str, str | None, tuple[float, ...]]:
        said = self.predict([text], threads=1)
        return self.classes[int(said.scores[0].argmax())], said.labels[0], tuple(said.scores[0].tolist())
