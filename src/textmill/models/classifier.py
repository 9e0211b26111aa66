"""From raw text to a label: a text path, features and a linear model, fitted, saved and loaded as one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import FeaturesConfig, ModelConfig, TextConfig, from_mapping, thread_count
from textmill.errors import ConfigError, CorruptError, DataError, FormatError, LabelError
from textmill.features.arrays import read_array, write_array
from textmill.features.learned import Features, features_class, load_features
from textmill.models.decision import Decision
from textmill.models.logistic import balanced_weights, fit_logistic, probabilities
from textmill.text.buffers import TextBuffers, text_buffers, text_chunks
from textmill.text.path import TextPath
from textmill.types import Prediction

__all__ = ["Explanation", "Pull", "TextClassifier"]

FORMAT = 2
_PLAIN = 1  # the format of a model whose answer is the most probable class; what cannot do more can read it


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


class TextClassifier:
    """A text path, its features and a linear model.

    Made by `fit` or `load`.

    Attributes
    ----------
    classes : names of the classes, sorted
    weights : float64 (n_features, n_outputs); one output for two classes, else one a class
    bias : float64 (n_outputs,)
    facts : what the fit took: types, features, seconds a stage, iterations
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
        self.decision: Decision | None = None

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

        Raises
        ------
        LabelError : if there are fewer than two classes, a label is missing, or there is not one label a text
        ConfigError : if a setting is out of its range
        DataError : if a text is none, or no word is left of them
        """
        threads = thread_count(threads)
        say = progress or (lambda _: None)
        text, features, model = text or TextConfig(), features or FeaturesConfig(), model or ModelConfig()
        model = from_mapping(ModelConfig, asdict(model))
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
        if hasattr(texts, "__len__"):  # said before the work, where it can be known
            _check_count(texts.n_texts if isinstance(texts, TextBuffers) else len(texts), names)
        if model.kind == "majority":
            _check_count(sum(chunk.n_texts for chunk in text_chunks(texts)), names)
            shares = np.bincount(codes, minlength=len(classes)) / len(codes)
            log_odds = np.log(shares[1:] / shares[:1]) if len(classes) == 2 else np.log(shares)
            return cls(classes, model, None, np.zeros((0, len(log_odds))), log_odds, facts)
        say("splitting and counting words")
        path = text if isinstance(text, TextPath) else TextPath(text)
        made, csr = features_class(features.analyzer).fit(path, features, texts, threads=threads)
        _check_count(len(csr.indptr) - 1, names)
        counted = time.perf_counter()
        say(f"learning {made.n_features:,} weights")
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
        facts |= {
            "n_types": made.n_types,
            "n_features": made.n_features,
            "n_counts": len(csr.data),
            "C": fit.C,
            "tried_C": {f"{C:g}": loss for C, loss in fit.tried.items()},
            "iterations": fit.iterations,
            "converged": fit.converged,
        }
        model_made = cls(classes, model, made, fit.weights, fit.bias, facts)
        # kept apart from the facts: times differ from run to run, and what is saved must not
        model_made.seconds = {"features": counted - started, "model": time.perf_counter() - counted}
        return model_made

    seconds: dict[str, float] = {}  # noqa: RUF012 - a default that nobody writes into

    @property
    def text_path(self) -> TextPath | None:
        """The program that makes terms of texts; None for the majority baseline, which reads none."""
        return self.features.text_path if self.features else None

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.features.n_features if self.features else 0

    def outputs(self, texts: Any, *, threads: int | None = None) -> NDArray[np.float64]:
        """What the linear model gives before sigmoid or softmax, float64 (n_texts, n_outputs)."""
        threads = thread_count(threads)
        if self.features is None:
            return np.repeat(self.bias[None, :], text_buffers(texts).n_texts, axis=0)
        csr = self.features.rows(texts, threads=threads)
        return _native.SparseMatrix(*csr).multiply(self.weights, threads) + self.bias

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
        p = self._learned(texts, threads)
        return self.decision.of(p) if self.decision else Prediction(self.classes, p.astype(np.float32))

    def _learned(self, texts: Any, threads: int | None) -> NDArray[np.float64]:
        """Probabilities before ``[decide]``, float64 (n_texts, n_classes)."""
        p = probabilities(self.outputs(texts, threads=threads))
        return np.concatenate([1.0 - p, p], axis=1) if p.shape[1] == 1 else p

    def explain(self, text: str, *, toward: str | None = None) -> Explanation:
        """Take the decision on one text apart into what each term adds.

        Parameters
        ----------
        toward : the class to explain; the predicted one if left out

        Raises
        ------
        DataError : if there is no class of that name
        """
        prediction = self.predict([text], threads=1)
        label = self.classes[int(prediction.codes[0])]
        toward = label if toward is None else toward
        if toward not in self.classes:
            raise DataError(f"no class is called {toward!r}", wanted=f"one of {', '.join(self.classes)}")
        place = self.classes.index(toward)
        sign, output = (1.0 if place == 1 else -1.0, 0) if len(self.classes) == 2 else (1.0, place)
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
        said = float(self._learned([text], 1)[0, place])
        return Explanation(
            text=text,
            classes=self.classes,
            scores=tuple(prediction.scores[0].tolist()),
            label=label,
            toward=toward,
            bias=bias,
            log_odds=bias + sum(pull.value for pull in pulls),
            pulls=tuple(pulls),
            answer=prediction.labels[0],
            said=said,
        )

    def telling(self, n: int = 20) -> dict[str, list[tuple[str, float]]]:
        """The terms that speak most for each class, with their weights, strongest first.

        Examples
        --------
        >>> model = TextClassifier.fit(["fire", "fire", "sun", "sun"], ["bad", "bad", "good", "good"])
        >>> [term for term, _ in model.telling(1)["bad"]]
        ['fire']
        """
        found: dict[str, list[tuple[str, float]]] = {label: [] for label in self.classes}
        if self.features is None:
            return found
        names = self.features.words
        for place, label in enumerate(self.classes):
            weights = self.weights[:, 0] * (1 if place else -1) if len(self.classes) == 2 else self.weights[:, place]
            # ties by spelling, so that equal models tell the same
            best = np.argsort(-weights, kind="stable")[:n]
            found[label] = [(names[i], float(weights[i])) for i in best.tolist() if weights[i] > 0]
        return found

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
        head = {
            "format": FORMAT if self.decision else _PLAIN,
            "kind": "text-classifier",
            "classes": list(self.classes),
            "model": asdict(self.config),
            "features": self.features is not None,
            "facts": self.facts,
        }
        if self.decision:
            head["decision"] = self.decision.to_json()
        (folder / "model.json").write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | str) -> TextClassifier:
        """Read what `save` wrote; the scores are the same to the bit.

        Raises
        ------
        FormatError : if a newer textmill wrote it
        CorruptError : if a file is missing or is not what it says
        """
        folder = Path(folder)
        where = str(folder / "model.json")
        try:
            head = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            if head["format"] not in (_PLAIN, FORMAT):
                raise FormatError("a model of another format", where=where, wanted=str(FORMAT), got=str(head["format"]))
            weights = read_array(folder / "weights.npy", np.float64, 2)
            bias = read_array(folder / "bias.npy", np.float64)
            features = load_features(folder) if head["features"] else None
            made = cls(
                tuple(head["classes"]), from_mapping(ModelConfig, head["model"]), features, weights, bias, head["facts"]
            )
            if head["format"] == FORMAT:
                made.decision = Decision.from_json(head["decision"], made.classes)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ConfigError) as error:
            raise CorruptError(f"the saved model cannot be read: {error}", where=where) from error
        n_outputs = 1 if len(made.classes) == 2 else len(made.classes)
        if (
            weights.shape != (made.n_features, n_outputs)
            or bias.shape != (n_outputs,)
            or not (np.isfinite(weights).all() and np.isfinite(bias).all())
            or not isinstance(head["classes"], list)
            or len(made.classes) < 2
            or not all(isinstance(name, str) for name in made.classes)
            or len(set(made.classes)) != len(made.classes)
            or not isinstance(made.facts, dict)
        ):
            raise CorruptError("the saved model does not fit together", where=where)
        return made


def _check_count(n_texts: int, names: list[str]) -> None:
    if n_texts != len(names):
        raise LabelError("texts and labels differ in number", wanted=f"{n_texts} labels", got=str(len(names)))


def _label_names(labels: Sequence[str]) -> list[str]:
    names = []
    for i, label in enumerate(labels):
        plain = label.as_py() if hasattr(label, "as_py") else label  # what an Arrow array hands out
        if plain is None or plain != plain:  # a missing label is None in lists and NaN in pandas
            raise LabelError(f"label {i} is missing")
        names.append(str(plain))
    return names
