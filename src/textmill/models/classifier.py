"""From raw text to a label: one class for each text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import FeaturesConfig, ModelConfig, TextConfig, TrainConfig, from_mapping
from textmill.features.learned import LearnFeatures
from textmill.models.decision import Decision
from textmill.models.explanation import Explanation, Pull
from textmill.models.logistic import probabilities
from textmill.models.targets import Targets
from textmill.models.text_model import TextModel
from textmill.text.path import TextPath
from textmill.types import Prediction

if TYPE_CHECKING:
    from textmill.models.networks.watch import Watch

__all__ = ["Explanation", "Pull", "TextClassifier"]

# formats; where the answer is the most probable class, what cannot do more can read it
_PLAIN, _DECIDING, _NETWORK = 1, 2, 3


class TextClassifier(TextModel):
    """One label for each text, said by whichever kind of model ``[model]`` names.

    Made by `fit` or `load`. Its body has one output for two classes, else one a class.

    Attributes
    ----------
    classes : names of the classes, sorted
    body : text path and model: what gives each text its outputs
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
    formats = (_PLAIN, _DECIDING, _NETWORK)
    fewest = 2

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
        train: TrainConfig | None = None,
        seed: int = 13,
        threads: int | None = None,
        progress: Callable[[str], None] | None = None,
        learn: LearnFeatures | None = None,
        keep: Path | None = None,
        folder: Path | None = None,
        soft: NDArray[np.float32] | None = None,
        watch: Watch | None = None,
    ) -> TextClassifier:
        """Learn from labelled texts.

        Parameters
        ----------
        texts : what `textmill.text.buffers.text_chunks` takes; an iterator is gone through once. Or pairs of texts, as
            `textmill.text.pairs.pair_buffers` takes them
        labels : one a text
        text, features, model, train : settings; the defaults of ``mill.toml`` where left out. A text path may stand for
            its settings
        seed : of all that is left to chance
        threads : the result does not depend on it
        progress : called with a sentence on what is being done
        learn : in the place of the features' own `fit`; it has to give the same
        keep : a folder for what a network's training needs to go on after it was stopped; made if it is not there. The
            caller removes it
        folder : where the paths of weights and vectors begin, by default the working directory
        soft : float32 (n_texts, n_outputs), from 0 to 1: what each output should say in the place of the 0 or 1 of the
            labels, as a teacher says it
        watch : told of each step of a network's training; ``train.log`` is for runs of a project, which make one of it

        Raises
        ------
        LabelError : if there are fewer than two classes, a label is missing, or there is not one label a text
        ConfigError : if a setting is out of its range
        DataError : if a text is none, no word is left of them, or `soft` does not fit
        """
        return cls._fit(
            texts,
            Targets.of_labels(labels).softened(soft),
            text=text,
            features=features,
            model=from_mapping(ModelConfig, asdict(model or ModelConfig())),
            train=train,
            seed=seed,
            threads=threads,
            progress=progress,
            learn=learn,
            keep=keep,
            folder=folder,
            watch=watch,
        )

    @classmethod
    def _log_odds(cls, targets: Targets) -> NDArray[np.float64]:
        assert targets.codes is not None
        shares = np.bincount(targets.codes, minlength=len(targets.classes)) / len(targets)
        return np.log(shares[1:] / shares[:1]) if len(shares) == 2 else np.log(shares)

    def predict(self, texts: Any, *, threads: int | None = None) -> Prediction:
        """Probabilities of the classes.

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes, or of pairs `textmill.text.pairs.pair_buffers`

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

    @classmethod
    def _output(cls, classes: tuple[str, ...], place: int) -> tuple[float, int]:
        return (1.0 if place == 1 else -1.0, 0) if len(classes) == 2 else (1.0, place)

    def _head(self) -> dict[str, Any]:
        if self.decision is None:
            return {"format": _PLAIN}
        return {"format": _DECIDING, "decision": self.decision.to_json()}

    def _take(self, head: Mapping[str, Any]) -> None:
        if "decision" in head:
            self.decision = Decision.from_json(head["decision"], self.classes)
