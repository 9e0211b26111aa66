"""From raw text to a label: one class for each text."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import FeaturesConfig, ModelConfig, TextConfig, from_mapping, thread_count
from textmill.errors import LabelError
from textmill.features.learned import LearnFeatures
from textmill.models.decision import Decision
from textmill.models.linear import Explanation, LinearText, Pull, check_count, counted, facts_of
from textmill.models.logistic import balanced_weights, fit_logistic, probabilities
from textmill.text.path import TextPath
from textmill.types import Prediction

__all__ = ["Explanation", "Pull", "TextClassifier"]

_PLAIN, _DECIDING = 1, 2  # formats; where the answer is the most probable class, what cannot do more can read it


class TextClassifier(LinearText):
    """A text path, its features and a linear model.

    Made by `fit` or `load`.

    Attributes
    ----------
    classes : names of the classes, sorted
    weights : float64 (n_features, n_outputs); one output for two classes, else one a class
    bias : float64 (n_outputs,)
    facts : what the fit took: types, features, iterations
    decision : how its probabilities become answers; None: the most probable class, as it stands

    Examples
    --------
    >>> texts = ["fire in the forest", "flood on main street", "what a lovely day", "lovely song, great day"] * 3
    >>> labels = ["disaster", "disaster", "other", "other"] * 3
    >>> model = TextClassifier.fit(texts, labels)
    >>> model.predict(["lovely song", "fire on main street"]).labels
    ['other', 'disaster']
    >>> why = model.explain("fire on a lovely day, a lovely song")
    >>> why.label, abs(why.bias + sum(pull.value for pull in why.pulls) - why.log_odds) < 1e-9
    ('other', True)
    """

    kind = "text-classifier"
    formats = (_PLAIN, _DECIDING)

    decision: Decision | None = None

    @classmethod
    def fit(
        cls,
        texts: Any,
        labels: Sequence[str],
        *,
        text: TextConfig | TextPath | None = None,
        features: FeaturesConfig | None = None,
        model: ModelConfig | None = None,
        seed: int = 13,
        threads: int | None = None,
        progress: Callable[[str], None] | None = None,
        learn: LearnFeatures | None = None,
    ) -> TextClassifier:
        """Learn from labelled texts.

        Parameters
        ----------
        texts : what `textmill.text.buffers.text_chunks` takes; an iterator is gone through once
        labels : one a text
        text, features, model : settings; the defaults of ``mill.toml`` where left out. A text path may stand for its
            settings
        seed : of the folds of cross-validation
        threads : the result does not depend on it
        progress : called with a sentence on what is being done
        learn : in the place of the features' own `fit`; it has to give the same

        Raises
        ------
        LabelError : if there are fewer than two classes, a label is missing, or there is not one label a text
        ConfigError : if a setting is out of its range
        DataError : if a text is none, or no word is left of them
        """
        threads = thread_count(threads)
        model = from_mapping(ModelConfig, asdict(model or ModelConfig()))
        names = _label_names(labels)
        classes = tuple(sorted(set(names)))
        if len(classes) < 2:
            raise LabelError(
                "there is nothing to tell apart",
                wanted="two classes or more",
                got=f"only {classes[0]!r}" if classes else "no labelled text",
            )
        code = {name: i for i, name in enumerate(classes)}
        codes = np.array([code[name] for name in names], np.int64)
        facts: dict[str, Any] = {"n_texts": len(names), "n_classes": len(classes)}
        started = time.perf_counter()
        if model.kind == "majority":
            check_count(texts, len(names), through=True)
            shares = np.bincount(codes, minlength=len(classes)) / len(codes)
            log_odds = np.log(shares[1:] / shares[:1]) if len(classes) == 2 else np.log(shares)
            return cls(classes, model, None, np.zeros((0, len(log_odds))), log_odds, facts)
        made, csr = counted(texts, len(names), text, features, threads, progress, learn)
        then = time.perf_counter()
        fit = fit_logistic(
            csr,
            codes,
            len(classes),
            C=model.C,
            sample_weights=balanced_weights(codes, len(classes)) if model.class_weight == "balanced" else None,
            tol=model.tol,
            max_iter=model.max_iter,
            seed=seed,
            threads=threads,
            progress=progress,
        )
        model_made = cls(classes, model, made, fit.weights, fit.bias, facts | facts_of(made, csr, fit))
        model_made.seconds = {"features": then - started, "model": time.perf_counter() - then}
        return model_made

    def predict(self, texts: Any, *, threads: int | None = None) -> Prediction:
        """Probabilities of the classes.

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes

        Returns
        -------
        Prediction, scores float32 (n_texts, n_classes)

        Raises
        ------
        DataError : if an item is no text
        """
        return self.answers(self.outputs(texts, threads=threads))

    def answers(self, outputs: NDArray[np.float64]) -> Prediction:
        """What `predict` says of texts whose `outputs` are known."""
        p = self._probabilities(outputs)
        return self.decision.of(p) if self.decision else Prediction(self.classes, p.astype(np.float32))

    def learned(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """Probabilities before ``[decide]``, float64 (n_texts, n_classes)."""
        return self._probabilities(self.outputs(texts, threads=threads))

    def _probabilities(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        p = probabilities(outputs)
        return np.concatenate([1.0 - p, p], axis=1) if p.shape[1] == 1 else p

    def _says(self, text: str) -> tuple[str, str | None, tuple[float, ...]]:
        said = self.predict([text], threads=1)
        label = self.classes[int(said.codes[0])]
        return label, said.labels[0], tuple(said.scores[0].tolist())

    def _output(self, place: int) -> tuple[float, int]:
        return (1.0 if place == 1 else -1.0, 0) if len(self.classes) == 2 else (1.0, place)

    def _head(self) -> dict[str, Any]:
        if self.decision is None:
            return {"format": _PLAIN}
        return {"format": _DECIDING, "decision": self.decision.to_json()}

    def _take(self, head: Mapping[str, Any]) -> None:
        if head["format"] == _DECIDING:
            self.decision = Decision.from_json(head["decision"], self.classes)

    def _fits(self) -> bool:
        return len(self.classes) > 1 and super()._fits()


def _label_names(labels: Sequence[str]) -> list[str]:
    names = []
    for i, label in enumerate(labels):
        plain = label.as_py() if hasattr(label, "as_py") else label  # what an Arrow array hands out
        if plain is None or plain != plain:  # a missing label is None in lists and NaN in pandas
            raise LabelError(f"label {i} is missing")
        names.append(str(plain))
    return names
