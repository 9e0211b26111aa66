"""What makes outputs of texts, whichever model it is: what the outputs mean is said elsewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from textmill.config import ModelConfig

if TYPE_CHECKING:
    from textmill.features.learned import Features
    from textmill.models.explanation import Pull
    from textmill.text.path import TextPath

__all__ = ["Body"]


class Body(ABC):
    """The learned part of a model: one or more outputs for each text, before sigmoid or softmax.

    Attributes
    ----------
    name : as ``model.json`` says it
    text_path : the program that makes terms of texts; None for the majority baseline, which reads none
    features : the columns that a linear model weighs; None where there are none
    n_outputs : how many outputs a text has
    facts : what `export` made; empty where it makes nothing
    tolerance : by how much what it says of a text may differ from what it says elsewhere, or beside other texts
    """

    name: ClassVar[str]
    tolerance: float = 0.0
    text_path: TextPath | None
    features: Features | None = None
    facts: Mapping[str, Any] = MappingProxyType({})

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """How many outputs a text has."""

    @abstractmethod
    def outputs(self, texts: Any, *, threads: int) -> NDArray[np.float64]:
        """What is learned to be said of each text, float64 (n_texts, n_outputs).

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes
        threads : no result depends on it
        """

    @abstractmethod
    def pulls(self, text: str, output: int) -> tuple[float, list[Pull]]:
        """One output of one text as a sum: what it is without any term, and what each term adds."""

    @abstractmethod
    def numbers(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """What each text is to the model: the numbers of its columns, or of its tokens in their order."""

    @abstractmethod
    def some_words(self, most: int) -> list[str]:
        """Up to `most` words that it knows."""

    def strongest(self, output: int, sign: float, n: int) -> list[tuple[str, float]]:
        """The terms that raise an output times `sign` most, with their weights; none where terms have no weight."""
        return []

    def export(self) -> None:  # noqa: B027 - most bodies answer as they are
        """Make what it answers by where it is served, once, after the fit; `save` does it where it was not done."""

    @abstractmethod
    def save(self, folder: Path) -> dict[str, Any]:
        """Write its files into a folder; what ``model.json`` has to say of them."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, head: Any, config: ModelConfig, n_outputs: int) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        CorruptError, OSError, ValueError, KeyError, TypeError : if it is not there, or is not what it says
        """
