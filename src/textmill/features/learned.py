"""Which class learns which features: the one place that chooses by `analyzer`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeAlias

from textmill.config import FeaturesConfig
from textmill.features.chars import CharFeatures
from textmill.features.csr import Csr
from textmill.features.saved import analyzer_of
from textmill.features.word_chars import ANALYZER, WordCharFeatures
from textmill.features.words import WordFeatures
from textmill.text.path import TextPath

__all__ = ["Features", "LearnFeatures", "PlainFeatures", "features_class", "load_features"]

PlainFeatures: TypeAlias = WordFeatures | CharFeatures  # of one vocabulary
Features: TypeAlias = PlainFeatures | WordCharFeatures


class LearnFeatures(Protocol):
    """How features are learned: the `fit` of their class, or something that gives what that gives."""

    def __call__(
        self, text_path: TextPath, config: FeaturesConfig, texts: Any, *, threads: int | None = None
    ) -> tuple[Features, Csr]:
        """The frozen features, and the rows of `texts`."""


def features_class(analyzer: str) -> type[WordFeatures] | type[CharFeatures] | type[WordCharFeatures]:
    """The class whose `fit` learns the features of an analyzer.

    Examples
    --------
    >>> features_class("char_wb").__name__
    'CharFeatures'
    """
    if analyzer == ANALYZER:
        return WordCharFeatures
    return WordFeatures if analyzer == "word" else CharFeatures


def load_features(folder: Path) -> Features:
    """Read what `save` wrote, whichever features they are.

    Raises
    ------
    FormatError : if a newer textmill wrote it, or if the text path would give other terms here than it did there
    CorruptError : if a file is missing or is not what it says
    """
    return features_class(analyzer_of(folder)).load(folder)
