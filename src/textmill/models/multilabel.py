"""From raw text to labels: as many for each text as fit, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import FeaturesConfig, ModelConfig, TextConfig, TrainConfig, from_mapping
from textmill.errors import ConfigError
from textmill.features.learned import LearnFeatures
from textmill.models.label_thresholds import LabelThresholds
from textmill.models.logistic import sigmoid
from textmill.models.targets import Targets
from textmill.models.text_model import TextModel
from textmill.text.path import TextPath
from textmill.types import LabelSets

if TYPE_CHECKING:
    from textmill.models.networks.watch import Watch

__all__ = ["MultiLabelClassifier"]


class MultiLabelClassifier(TextModel):
    """For each label whether a text has it, said by whichever kind of model ``[model]`` names.

    Made by `fit` or `load`. Its body has one output a label; a label is said of a text where its probability is one
    half or more, or as `thresholds` has it. The linear kind is one logistic regression for each label.

    Attributes
    ----------
    classes : names of the labels, sorted
    body : text path and model: what gives each text its outputs
    facts : what the fit took: types, features, iterations
    thresholds : from which probability on each label is said; None for one half

    Examples
    --------
    >>> texts = ["wheat and maize", "oil prices rise", "wheat for oil", "a quiet day"] * 3
    >>> model = MultiLabelClassifier.fit(texts, [["grain"], ["energy"], ["energy", "grain"], []] * 3)
    >>> model.predict(["wheat, oil", "wheat and maize", "a day"]).labels
    ['energy + grain', 'grain', '']
    """

    several = True
    kind = "multi-label-classifier"
    formats = (1, 2)
    thresholds: LabelThresholds | None = None

    @classmethod
    def fit(
        cls,
        texts: Any,
        labels: Sequence[str | Sequence[str]],
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
    ) -> MultiLabelClassifier:
        """Learn from labelled texts.

        Parameters
        ----------
        texts : what `textmill.text.buffers.text_chunks` takes; an iterator is gone through once. Or pairs of texts, as
            `textmill.text.pairs.pair_buffers` takes them
        labels : of each text, in a list or joined by `textmill.types.joined`; a text may have none
        text, features, model, train : settings; the defaults of ``mill.toml`` where left out. A text path may stand for
            its settings
        seed : of all that is left to chance
        threads : the result does not depend on it
        progress : called with a sentence on what is being done
        learn, keep, folder, soft, watch : as `TextClassifier.fit` takes them

        Raises
        ------
        LabelError : if there is no label, or there are not labels for each text
        ConfigError : if a setting is out of its range, or C is to be chosen
        DataError : if a text is none, or no word is left of them; or if a label cannot be joined with others
        """
        model = from_mapping(ModelConfig, asdict(model or ModelConfig()))
        if model.C == "cv":
            raise ConfigError(["model.C: wanted a number for a multi-label model, got 'cv'"])
        return cls._fit(
            texts,
            Targets.of_sets(labels).softened(soft),
            text=text,
            features=features,
            model=model,
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
        assert targets.members is not None
        # half a text more and half a text less keep the odds of a label that every text has finite
        there = targets.members.sum(axis=0)
        odds: NDArray[np.float64] = (there + 0.5) / (len(targets) - there + 0.5)
        return np.log(odds)

    def predict(self, texts: Any, *, threads: int | None = None) -> LabelSets:
        """The probability of each label, and which of them are said.

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes, or of pairs `textmill.text.pairs.pair_buffers`

        Raises
        ------
        DataError : if an item is no text
        """
        return self.answers(self.outputs(texts, threads=threads))

    def answers(self, outputs: NDArray[np.float64]) -> LabelSets:
        """What `predict` says of texts whose `outputs` are known."""
        scores = sigmoid(outputs).astype(np.float32)
        return LabelSets(self.classes, scores, self.thresholds.chosen(scores) if self.thresholds else scores >= 0.5)

    def learned(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """The probability of each label, float64 (n_texts, n_classes)."""
        return sigmoid(self.outputs(texts, threads=threads))

    def _head(self) -> dict[str, Any]:
        if self.thresholds is None:
            return {"format": self.formats[0]}
        return {"format": self.formats[-1], "thresholds": self.thresholds.to_json()}

    def _take(self, head: Mapping[str, Any]) -> None:
        if "thresholds" in head:
            self.thresholds = LabelThresholds.from_json(head["thresholds"], len(self.classes))

    def _says(self, text: str) -> tuple[str, str | None, tuple[float, ...]]:
        said = self.predict([text], threads=1)
        return self.classes[int(said.scores[0].argmax())], said.labels[0], tuple(said.scores[0].tolist())
