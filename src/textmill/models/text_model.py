"""From raw text to what is said of it: a body that was learned, and classes that its outputs stand for."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from textmill.config import FeaturesConfig, ModelConfig, TextConfig, TrainConfig, from_mapping, thread_count
from textmill.errors import ConfigError, CorruptError, DataError, FormatError
from textmill.features.csr import Csr
from textmill.features.learned import Features, LearnFeatures
from textmill.models.body import Body
from textmill.models.explanation import Explanation
from textmill.models.linear import LinearBody, fit_linear
from textmill.models.targets import Targets
from textmill.text.buffers import TextBuffers, text_chunks
from textmill.text.pairs import are_pairs, pair_buffers
from textmill.text.path import TextPath
from textmill.types import beside

if TYPE_CHECKING:
    from textmill.models.networks.watch import Watch
    from textmill.types import LabelSets, Prediction

__all__ = ["TextModel", "load_body", "read_head"]


class TextModel(ABC):
    """A body and the names of the classes; what the outputs of the body mean is said by the classes made of it.

    Attributes
    ----------
    classes : names of the classes, sorted
    config : the settings of ``[model]``
    body : what gives each text its outputs
    facts : what the fit took: types, features, iterations
    seconds : what each stage of the fit took; empty after `load`
    pairs : whether each text is two, see `textmill.text.pairs`
    """

    several: ClassVar[bool] = False  # whether a text may have several labels
    fewest: ClassVar[int] = 1  # classes
    kind: ClassVar[str]  # as ``model.json`` says it
    formats: ClassVar[tuple[int, ...]]  # of it, those that can be read; the last where the body is not linear

    def __init__(self, classes: tuple[str, ...], config: ModelConfig, body: Body, facts: dict[str, Any]) -> None:
        self.classes = classes
        self.config = config
        self.body = body
        self.facts = facts
        # kept apart from the facts: times differ from run to run, and what is saved must not
        self.seconds: dict[str, float] = {}
        self.pairs = False

    @classmethod
    def _fit(
        cls,
        texts: Any,
        targets: Targets,
        *,
        text: TextConfig | TextPath | None,
        features: FeaturesConfig | None,
        model: ModelConfig,
        train: TrainConfig | None,
        seed: int,
        threads: int | None,
        progress: Callable[[str], None] | None,
        learn: LearnFeatures | None,
        keep: Path | None,
        folder: Path | None,
        watch: Watch | None,
    ) -> Self:
        threads = thread_count(threads)
        paired = (text.config if isinstance(text, TextPath) else text or TextConfig()).pairs or are_pairs(texts)
        if paired and not isinstance(texts, Iterator):  # which comes from a corpus, where they are put together already
            texts = pair_buffers(texts)
        if hasattr(texts, "__len__"):  # said before the work, where it can be known
            targets.check_number(texts.n_texts if isinstance(texts, TextBuffers) else len(texts))
        facts: dict[str, Any] = {"n_texts": len(targets), "n_classes": len(targets.classes)}
        body: Body
        took: dict[str, Any] = {}
        seconds: dict[str, float] = {}
        if model.kind == "majority":
            targets.check_number(sum(chunk.n_texts for chunk in text_chunks(texts)))
            log_odds = cls._log_odds(targets)
            body = LinearBody(None, np.zeros((0, len(log_odds))), log_odds)
        else:
            path = text if isinstance(text, TextPath) else TextPath(text or TextConfig())
            train = from_mapping(TrainConfig, asdict(train or TrainConfig()))
            if paired and not path.config.pairs:
                path = TextPath(replace(path.config, pairs=True), assets=path.assets)
            if paired and model.pair_faults:
                raise ConfigError([f"model.{fault}" for fault in model.pair_faults])
            asked: dict[str, Any] = {"text": path, "model": model, "train": train, "seed": seed, "threads": threads}
            asked["progress"] = progress or _silent
            if model.is_network:
                from textmill.models.networks.fitting import fit_network

                body, took, seconds = fit_network(texts, targets, keep=keep, folder=folder, watch=watch, **asked)
            else:
                features = features or FeaturesConfig()
                body, took, seconds = fit_linear(texts, targets, features=features, learn=learn, **asked)
        made = cls(targets.classes, model, body, facts | took)
        made.seconds = seconds
        made.pairs = paired
        return made

    @classmethod
    @abstractmethod
    def _log_odds(cls, targets: Targets) -> NDArray[np.float64]:
        """The outputs that say no more than how common each label is."""

    @property
    def text_path(self) -> TextPath | None:
        """The program that makes terms of texts; None for the majority baseline, which reads none."""
        return self.body.text_path

    @property
    def features(self) -> Features | None:
        """What a linear model weighs; None where there is nothing of the kind."""
        return self.body.features

    def outputs(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """What the body gives before sigmoid or softmax, float64 (n_texts, n_outputs).

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes, or of pairs `textmill.text.pairs.pair_buffers`; for a linear
            model also the rows that `features` made of them

        Raises
        ------
        DataError : if an item is no text, or a text where the model is of pairs, or the other way round
        """
        if self.pairs and not isinstance(texts, Csr):
            texts = pair_buffers(texts)
        elif are_pairs(texts):
            raise DataError("these are pairs of texts, and the model is of single ones")
        return self.body.outputs(texts, threads=thread_count(threads))

    @abstractmethod
    def predict(self, texts: Any, *, threads: int | None = None) -> Prediction | LabelSets:
        """What is said of texts."""

    @abstractmethod
    def answers(self, outputs: NDArray[np.float64]) -> Prediction | LabelSets:
        """What `predict` says of texts whose `outputs` are known."""

    @abstractmethod
    def learned(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """The probability of each class as it was learned, float64 (n_texts, n_classes)."""

    @abstractmethod
    def _says(self, text: str) -> tuple[str, str | None, tuple[float, ...]]:
        """Of a text: the label to explain, the answer in the end, the probabilities."""

    @classmethod
    def _output(cls, classes: tuple[str, ...], place: int) -> tuple[float, int]:
        """The sign and the number of the output that speaks for a class."""
        return 1.0, place

    def explain(self, text: str | tuple[str, str], *, toward: str | None = None) -> Explanation:
        """Take the decision on one text apart into what each term adds.

        Parameters
        ----------
        text : or a pair of them; then the explanation is of both put together by `textmill.types.beside`
        toward : the class to explain; the most probable one if left out

        Raises
        ------
        DataError : if there is no class of that name
        """
        if not isinstance(text, str):
            text = beside(*text)
        label, answer, scores = self._says(text)
        toward = label if toward is None else toward
        if toward not in self.classes:
            raise DataError(f"no class is called {toward!r}", wanted=f"one of {', '.join(self.classes)}")
        place = self.classes.index(toward)
        sign, output = self._output(self.classes, place)
        start, found = self.body.pulls(text, output)
        pulls = sorted(
            (replace(pull, value=sign * pull.value) for pull in found), key=lambda pull: (-abs(pull.value), pull.term)
        )
        bias = sign * start
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
            exact=self.features is not None,
        )

    def telling(self, n: int = 20) -> dict[str, list[tuple[str, float]]]:
        """The terms that speak most for each class, with their weights, strongest first."""
        found = {}
        for place, label in enumerate(self.classes):
            sign, output = self._output(self.classes, place)
            found[label] = self.body.strongest(output, sign, n)
        return found

    def _head(self) -> dict[str, Any]:
        """What ``model.json`` says besides what every model says; its format first."""
        return {"format": self.formats[0]}

    def _take(self, head: Mapping[str, Any]) -> None:  # noqa: B027 - most models say nothing of their own
        """Back from `_head`."""

    def save(self, folder: Path | str) -> None:
        """Write ``model.json`` and the files of the body into a folder; no file holds code.

        Saved twice, the bytes are the same.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        said = self.body.save(folder)
        own = self._head()
        form = own.pop("format")
        if self.body.name != LinearBody.name:  # what knows linear models only must not take it for a damaged one
            form, said = self.formats[-1], {"body": self.body.name, **said}
        head = {
            "format": form,
            "kind": self.kind,
            "classes": list(self.classes),
            "model": self.config.said,
            **said,
            "facts": self.facts,
            **({"pairs": True} if self.pairs else {}),
            **own,
        }
        (folder / "model.json").write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote. No code is run from it.

        Raises
        ------
        FormatError : if a newer textmill wrote it, or it is another kind of model
        CorruptError : if a file is missing or is not what it says
        MissingExtra : if what it needs is not installed
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
            config = from_mapping(ModelConfig, head["model"])
            classes = tuple(head["classes"])
            if not cls._are_classes(head["classes"]) or not isinstance(head["facts"], dict):
                raise CorruptError("the saved model does not fit together", where=where)
            n_outputs = max(cls._output(classes, place)[1] for place in range(len(classes))) + 1
            made = cls(classes, config, load_body(folder, head, config, n_outputs), head["facts"])
            made.pairs = head.get("pairs") is True
            made._take(head)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ConfigError) as error:
            raise CorruptError(f"the saved model cannot be read: {error}", where=where) from error
        return made

    @classmethod
    def _are_classes(cls, names: Any) -> bool:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return False
        return len(set(names)) == len(names) >= cls.fewest


def load_body(folder: Path, head: Mapping[str, Any], config: ModelConfig, n_outputs: int) -> Body:
    """The body that ``model.json`` names; a linear one where it names none."""
    name = head.get("body", LinearBody.name)
    if name == LinearBody.name:
        return LinearBody.load(folder, head, config, n_outputs)
    from textmill.models.networks.bodies import body_class

    made: Body = body_class(name).load(folder, head, config, n_outputs)
    return made


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


def _silent(note: str) -> None:
    """Nobody is told."""
