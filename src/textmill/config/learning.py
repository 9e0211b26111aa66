"""The tables about learning: the text path, features, what decides, what is looked for, candidates."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from textmill.config.models import ModelConfig, TrainConfig
from textmill.names import Cleaner, Language

__all__ = ["CandidateConfig", "DecideConfig", "DistilConfig", "FeaturesConfig", "TextConfig", "TuneConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """``[text]``: the text path, in the order in which it runs."""

    clean: tuple[Cleaner, ...] | Literal["plain", "tweet", "web", "wiki"] = ("html", "urls")
    case: Literal["lower", "casefold", "keep"] = "lower"
    tokens: Literal["words", "unicode", "whitespace", "treebank", "tweet", "regex", "subword"] = "words"
    pattern: str | None = None  # for regex: what a token looks like
    tokens_file: str | None = None  # for subword: a tokenizer.json; for treebank: NLTK's punkt_tab, or rules of our own
    stop_words: Literal["none"] | Language | tuple[str, ...] = "none"
    keep_negations: bool | Language = True  # 'not', 'no', 'never' carry the meaning of many texts
    min_length: int = 1  # of a token, in code points
    letters_only: bool = False
    map: str | tuple[str, ...] = "snowball-english"  # functions of one token, each on what the one before made
    pairs: bool = False  # whether each text is two; goes without saying where [read] text names two columns

    @property
    def maps(self) -> tuple[str, ...]:
        """The names of the maps, in the order in which they run; "none" goes without saying."""
        named = (self.map,) if isinstance(self.map, str) else self.map
        return tuple(name for name in named if name != "none")

    def _faults(self) -> list[str]:
        found = [] if self.min_length >= 1 else [f"min_length: wanted 1 or more, got {self.min_length}"]
        for tokens, key, wanted in (("regex", "pattern", "a pattern"), ("subword", "tokens_file", "a file")):
            if self.tokens == tokens and not getattr(self, key):
                found.append(f"{key}: is missing; tokens = {tokens!r} wants {wanted}")
        for key, users in (("pattern", ("regex",)), ("tokens_file", ("subword", "treebank"))):
            if self.tokens not in users and getattr(self, key) is not None:
                found.append(f"{key}: is for tokens = {' or '.join(map(repr, users))}, got tokens = {self.tokens!r}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesConfig:
    """``[features]``: how a text becomes a row of numbers."""

    kind: Literal["tf-idf", "counts"] = "tf-idf"
    # n-grams of words, of letters, of letters inside words, of words and of the letters inside them
    analyzer: Literal["word", "char", "char_wb", "word+char_wb"] = "word"
    ngrams: tuple[int, int] = (1, 2)
    char_ngrams: tuple[int, int] = (3, 5)  # of word+char_wb, the letters of its words
    skip: int = 0  # words that an n-gram may leave out in all between its words
    min_df: int | float | Literal["auto"] = "auto"  # fewest texts; auto: 1, from 10,000 texts on 2 (a third the size)
    max_df: int | float = 1.0
    max_features: int | None = None
    tf: Literal["raw", "sublinear", "relative", "binary"] = "sublinear"
    idf: Literal["smooth", "plain-plus-one", "plain", "none"] = "smooth"  # ln((1+n)/(1+df))+1, ln(n/df)+1, ln(n/df)
    log_base: float = 0.0  # base of the idf's logarithm; 0 is e
    norm: Literal["l2", "l1", "none"] = "l2"

    def _faults(self) -> list[str]:
        found = []
        of_words = self.analyzer in ("word", "word+char_wb")
        most = 8 if of_words else 32
        if not 1 <= self.ngrams[0] <= self.ngrams[1] <= most:
            found.append(f"ngrams: wanted [low, high] with 1 <= low <= high <= {most}, got {list(self.ngrams)}")
        if self.skip < 0:
            found.append(f"skip: wanted a number of words, 0 or more, got {self.skip}")
        if self.skip > 0 and not of_words:
            found.append(f"skip: is for analyzer = 'word', got analyzer = {self.analyzer!r}")
        if not 1 <= self.char_ngrams[0] <= self.char_ngrams[1] <= 32:
            got = list(self.char_ngrams)
            found.append(f"char_ngrams: wanted [low, high] with 1 <= low <= high <= 32, got {got}")
        if self.char_ngrams != (3, 5) and self.analyzer != "word+char_wb":
            found.append(f"char_ngrams: is for analyzer = 'word+char_wb', got analyzer = {self.analyzer!r}")
        for key, value in (("min_df", self.min_df), ("max_df", self.max_df)):
            if isinstance(value, float) and not 0 <= value <= 1:
                found.append(f"{key}: wanted a share between 0.0 and 1.0, or a whole number of texts, got {value}")
            if isinstance(value, int) and value < 1:
                found.append(f"{key}: wanted a number of texts, 1 or more, got {value}")
        if self.max_features is not None and self.max_features < 1:
            found.append(f"max_features: wanted 1 or more, got {self.max_features}")
        if self.log_base != 0 and self.log_base <= 1:
            found.append(f"log_base: wanted 0 (for e) or a base above 1, got {self.log_base}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideConfig:
    """``[decide]``: how probabilities become an answer."""

    calibrate: Literal["none", "temperature", "isotonic"] = "none"
    # "precision >= 0.99" or "recall >= 0.9", of the positive one of two classes; of several labels of each, or "f1"
    threshold: str | None = None
    positive: str | None = None  # the class that the threshold is about
    costs: dict[str, dict[str, float]] | None = None  # truth -> answer -> what it costs; a mistake not named costs 1
    unsure_below: float = 0.0  # no answer where its probability is less
    fold: float = 0.2  # share of the training side that calibration and threshold are learned on, and the model is not

    @property
    def needs_fold(self) -> bool:
        """Whether rows are held back from the model to learn this from."""
        return self.calibrate != "none" or self.threshold is not None

    @property
    def is_plain(self) -> bool:
        """Whether the most probable class is the answer, as it stands."""
        return not self.needs_fold and self.costs is None and self.unsure_below == 0

    def wanted(self) -> tuple[Literal["precision", "recall", "f1"], float] | None:
        """`threshold` as (metric, number); "f1" is to be as high as it can be, whatever the number."""
        if self.threshold is not None and self.threshold.strip() == "f1":
            return "f1", 0.0
        match = re.fullmatch(r"\s*(precision|recall)\s*>=\s*(0?\.[0-9]+)\s*", self.threshold or "")
        return (typing.cast(Literal["precision", "recall"], match[1]), float(match[2])) if match else None

    def _faults(self) -> list[str]:
        found = []
        if self.threshold is not None and self.wanted() is None:
            found.append(
                "threshold: wanted precision or recall >= a share below 1, such as 'precision >= 0.95', or for several"
                f" labels 'f1', got {self.threshold!r}"
            )
        if self.threshold is not None and self.costs is not None:
            found.append("costs: they decide where the threshold lies; wanted costs or a threshold, got both")
        if self.positive is not None and self.threshold is None:
            found.append("positive: is the class that a threshold is about, and there is no threshold")
        found += [
            f"costs.{truth}.{said}: wanted a number, 0 or more, got {cost}"
            for truth, row in (self.costs or {}).items()
            for said, cost in row.items()
            if not 0 <= cost < float("inf")
        ]
        if not 0 <= self.unsure_below < 1:
            found.append(f"unsure_below: wanted a share from 0 to below 1, got {self.unsure_below}")
        if not 0.05 <= self.fold <= 0.5:
            found.append(f"fold: wanted a share from 0.05 to 0.5, got {self.fold}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneConfig:
    """``[tune]``: settings that are looked for on folds of the training side."""

    trials: int = 30
    folds: int = 4
    metric: Literal["auto", "accuracy", "f1_macro"] = "auto"
    space: dict[str, Any] = field(default_factory=dict)  # "table.key" -> choices, or low and high

    def _faults(self) -> list[str]:
        found = [] if 1 <= self.trials <= 10_000 else [f"trials: wanted a number from 1 to 10,000, got {self.trials}"]
        if not 2 <= self.folds <= 20:
            found.append(f"folds: wanted a number from 2 to 20, got {self.folds}")
        if not self.space and self != TuneConfig():
            found.append('space: wanted settings to try, such as "model.C" = [0.5, 5.0]')
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DistilConfig:
    """``[distil]``: a model that learns what another one says, beside the labels."""

    teacher: str  # a version in the store, such as "disaster@1", or the name of another model of the project
    unlabelled: str | None = None  # more texts, which the teacher alone labels: a source with the text column of [read]
    weight: float = 0.5  # of what the teacher says; the labels have the rest
    temperature: float = 1.0  # divides what the teacher says before it is a probability: above 1 it is less sure

    def _faults(self) -> list[str]:
        found = []
        for key, value in (("teacher", self.teacher), ("unlabelled", self.unlabelled)):
            if value is not None and not value.strip():
                found.append(f"{key}: it is blank")
        if not 0 < self.weight <= 1:
            found.append(f"weight: wanted a share above 0, at most 1, got {self.weight}")
        if not 0 < self.temperature < float("inf"):
            found.append(f"temperature: wanted a number above 0, got {self.temperature}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateConfig:
    """``[[candidate]]``: another model on the same rows, beside ``[model]``; what it does not say is the same."""

    name: str = ""  # what it says, where it has no name
    text: TextConfig = field(default_factory=TextConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    distil: DistilConfig | None = None  # a candidate is taught only where it says so itself
