"""From raw text to the outputs of a linear model: a text path, features and weights, saved and loaded as one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import FeaturesConfig, ModelConfig, TextConfig, from_mapping, thread_count
from textmill.errors import ConfigError, CorruptError, DataError, FormatError, LabelError
from textmill.features.arrays import read_array, write_array
from textmill.features.csr import Csr
from textmill.features.learned import Features, LearnFeatures, features_class, load_features
from textmill.models.logistic import LogisticFit
from textmill.text.buffers import TextBuffers, text_buffers, text_chunks
from textmill.text.path import TextPath

__all__ = ["Explanation", "LinearText", "Pull", "check_count", "counted", "facts_of", "read_head"]


@dataclass(frozen=True, slots=True)
class Pull:
    """How one term moves the decision, and where it stands.

    Attributes
    ----------
    value : what it adds to the log-odds of `Explanation.toward`
    spans : half-open, in code points of the raw text, one a word
    """

    term: str
    value: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, taken apart: exact, because the model is linear.

    What is taken apart are the log-odds as they were learned, before ``[decide]`` calibrates them.

    Attributes
    ----------
    toward : the class whose log-odds `bias` and the pulls add up to
    answer : what the model says of the text in the end: `label`, or None where it leaves the answer open
    said : probability of `toward` by the log-odds; `scores` are those that ``[decide]`` made of it
    log_odds : bias + the sum of the pulls; of `toward` against the other class, or with more than two classes its
        output before the softmax
    pulls : strongest first
    several : whether a text may have several labels; then `answer` is all of them, as `textmill.types.joined` writes
        them, and `label` the most probable one
    """

    text: str
    classes: tuple[str, ...]
    scores: tuple[float, ...]
    label: str
    toward: str
    bias: float
    log_odds: float
    pulls: tuple[Pull, ...]
    answer: str | None
    said: float
    several: bool = False


class LinearText(ABC):
    """A text path, its features and a linear model; what its outputs mean is said by the classes made of it.

    Attributes
    ----------
    classes : names of the classes, sorted
    weights : float64 (n_features, n_outputs)
    bias : float64 (n_outputs,)
    facts : what the fit took: types, features, iterations
    seconds : what each stage of the fit took; empty after `load`
    """

    several: ClassVar[bool] = False  # whether a text may have several labels
    kind: ClassVar[str]  # as ``model.json`` says it
    formats: ClassVar[tuple[int, ...]]  # of it, those that can be read

    def __init__(
        self,
        classes: tuple[str, ...],
        config: ModelConfig,
        features: Features | None,
        weights: NDArray[np.float64],
        bias: NDArray[np.float64],
        facts: dict[str, Any],
    ) -> None:
        self.classes = classes
        self.config = config
        self.features = features
        self.weights = weights
        self.bias = bias
        self.facts = facts
        # kept apart from the facts: times differ from run to run, and what is saved must not
        self.seconds: dict[str, float] = {}

    @property
    def text_path(self) -> TextPath | None:
        """The program that makes terms of texts; None for the majority baseline, which reads none."""
        return self.features.text_path if self.features else None

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.features.n_features if self.features else 0

    def outputs(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """What the linear model gives before sigmoid or softmax, float64 (n_texts, n_outputs).

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes, or the rows that `features` made of them
        """
        threads = thread_count(threads)
        if self.features is None:
            return np.repeat(self.bias[None, :], text_buffers(texts).n_texts, axis=0)
        csr = texts if isinstance(texts, Csr) else self.features.rows(texts, threads=threads)
        return _native.SparseMatrix(*csr).multiply(self.weights, threads) + self.bias

    @abstractmethod
    def learned(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """The probability of each class as it was learned, float64 (n_texts, n_classes)."""

    @abstractmethod
    def _says(self, text: str) -> tuple[str, str | None, tuple[float, ...]]:
        """Of a text: the label to explain, the answer in the end, the probabilities."""

    def _output(self, place: int) -> tuple[float, int]:
        """The sign and the number of the output that speaks for a class."""
        return 1.0, place

    def explain(self, text: str, *, toward: str | None = None) -> Explanation:
        """Take the decision on one text apart into what each term adds.

        Parameters
        ----------
        toward : the class to explain; the most probable one if left out

        Raises
        ------
        DataError : if there is no class of that name
        """
        label, answer, scores = self._says(text)
        toward = label if toward is None else toward
        if toward not in self.classes:
            raise DataError(f"no class is called {toward!r}", wanted=f"one of {', '.join(self.classes)}")
        place = self.classes.index(toward)
        sign, output = self._output(place)
        pulls: list[Pull] = []
        if self.features is not None:
            csr = self.features.rows([text], threads=1)
            spans: dict[int, list[tuple[int, int]]] = {}
            for column, where in self.features.places(text):
                spans.setdefault(column, []).extend(where)
            names = self.features.words
            pulls = [
                Pull(names[column], sign * float(value) * float(self.weights[column, output]), tuple(spans[column]))
                for column, value in zip(csr.indices.tolist(), csr.data.tolist(), strict=True)
            ]
            pulls.sort(key=lambda pull: (-abs(pull.value), pull.term))
        bias = sign * float(self.bias[output])
        return Explanation(
            text=text,
            classes=self.classes,
            scores=scores,
            label=label,
            toward=toward,
            bias=bias,
            log_odds=bias + sum(pull.value for pull in pulls),
            pulls=tuple(pulls),
            answer=answer,
            said=float(self.learned([text], threads=1)[0, place]),
            several=self.several,
        )

    def telling(self, n: int = 20) -> dict[str, list[tuple[str, float]]]:
        """The terms that speak most for each class, with their weights, strongest first."""
        found: dict[str, list[tuple[str, float]]] = {label: [] for label in self.classes}
        if self.features is None:
            return found
        names = self.features.words
        for place, label in enumerate(self.classes):
            sign, output = self._output(place)
            weights = sign * self.weights[:, output]
            least = np.partition(weights, len(weights) - n)[len(weights) - n] if n < len(weights) else 0.0
            some = np.flatnonzero(weights >= max(least, np.nextafter(0.0, 1.0)))
            # ties by spelling, so that equal models tell the same
            best = some[np.argsort(-weights[some], kind="stable")[:n]]
            found[label] = [(names[i], float(weights[i])) for i in best.tolist()]
        return found

    def _head(self) -> dict[str, Any]:
        """What ``model.json`` says besides what every model says; its format first."""
        return {"format": self.formats[0]}

    def _take(self, head: Mapping[str, Any]) -> None:  # noqa: B027 - most models say nothing of their own
        """Back from `_head`."""

    def save(self, folder: Path | str) -> None:
        """Write ``model.json``, the features' files and the weights as .npy into a folder; no file holds code.

        Saved twice, the bytes are the same.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_array(folder / "weights.npy", self.weights)
        write_array(folder / "bias.npy", self.bias)
        if self.features is not None:
            self.features.save(folder)
        own = self._head()
        head = {
            "format": own.pop("format"),
            "kind": self.kind,
            "classes": list(self.classes),
            "model": asdict(self.config),
            "features": self.features is not None,
            "facts": self.facts,
            **own,
        }
        (folder / "model.json").write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote; the scores are the same to the bit.

        Raises
        ------
        FormatError : if a newer textmill wrote it, or it is another kind of model
        CorruptError : if a file is missing or is not what it says
        """
        folder = Path(folder)
        where = str(folder / "model.json")
        head = read_head(folder)
        if head["kind"] != cls.kind:
            raise FormatError("a model of another kind", where=where, wanted=cls.kind, got=str(head["kind"]))
        if head["format"] not in cls.formats:
            newest = str(max(cls.formats))
            raise FormatError("a model of another format", where=where, wanted=newest, got=str(head["format"]))
        try:
            weights = read_array(folder / "weights.npy", np.float64, 2)
            bias = read_array(folder / "bias.npy", np.float64)
            features = load_features(folder) if head["features"] else None
            config = from_mapping(ModelConfig, head["model"])
            made = cls(tuple(head["classes"]), config, features, weights, bias, head["facts"])
            made._take(head)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ConfigError) as error:
            raise CorruptError(f"the saved model cannot be read: {error}", where=where) from error
        if not made._fits() or not isinstance(head["classes"], list):
            raise CorruptError("the saved model does not fit together", where=where)
        return made

    def _fits(self) -> bool:
        classes = self.classes
        if not classes or not all(isinstance(name, str) for name in classes) or len(set(classes)) != len(classes):
            return False
        n_outputs = max(self._output(place)[1] for place in range(len(classes))) + 1
        return bool(
            self.weights.shape == (self.n_features, n_outputs)
            and self.bias.shape == (n_outputs,)
            and np.isfinite(self.weights).all()
            and np.isfinite(self.bias).all()
            and isinstance(self.facts, dict)
        )


def read_head(folder: Path) -> dict[str, Any]:
    """What ``model.json`` says.

    Raises
    ------
    CorruptError : if it is missing or says no kind and no format
    """
    where = str(folder / "model.json")
    try:
        head: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        head["kind"], head["format"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptError(f"the saved model cannot be read: {error}", where=where) from error
    return head


def counted(
    texts: Any,
    n_labels: int,
    text: TextConfig | TextPath | None,
    features: FeaturesConfig | None,
    threads: int,
    progress: Callable[[str], None] | None,
    learn: LearnFeatures | None,
) -> tuple[Features, Csr]:
    """The features that texts have, learned from them; there is one label a text.

    Raises
    ------
    LabelError : if there is not
    """
    check_count(texts, n_labels)
    if progress is not None:
        progress("splitting and counting words")
    path = text if isinstance(text, TextPath) else TextPath(text or TextConfig())
    asked = features or FeaturesConfig()
    learn = learn or features_class(asked.analyzer).fit
    made, csr = learn(path, asked, texts, threads=threads)
    _check_equal(len(csr.indptr) - 1, n_labels)
    if progress is not None:
        progress(f"learning {made.n_features:,} weights")
    return made, csr


def facts_of(features: Features, csr: Csr, fit: LogisticFit) -> dict[str, Any]:
    """What a fit took."""
    return {
        "n_types": features.n_types,
        "n_features": features.n_features,
        "n_counts": len(csr.data),
        "C": fit.C,
        "tried_C": {f"{C:g}": loss for C, loss in fit.tried.items()},
        "iterations": fit.iterations,
        "converged": fit.converged,
    }


def check_count(texts: Any, n_labels: int, *, through: bool = False) -> None:
    """There are as many texts as labels; what has no length is only gone `through` if asked for.

    Raises
    ------
    LabelError : if not
    """
    if through:
        _check_equal(sum(chunk.n_texts for chunk in text_chunks(texts)), n_labels)
    elif hasattr(texts, "__len__"):  # said before the work, where it can be known
        _check_equal(texts.n_texts if isinstance(texts, TextBuffers) else len(texts), n_labels)


def _check_equal(n_texts: int, n_labels: int) -> None:
    if n_texts != n_labels:
        raise LabelError("texts and labels differ in number", wanted=f"{n_texts} labels", got=str(n_labels))
