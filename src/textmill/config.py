"""The project file, ``mill.toml``: one table a room, every key typed, all faults told at once."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from textmill.errors import ConfigError
from textmill.names import Cleaner, Language, map_faults
from textmill.settings import from_mapping

__all__ = [
    "CandidateConfig",
    "Cleaner",
    "DecideConfig",
    "EvaluateConfig",
    "ExpectConfig",
    "FeaturesConfig",
    "Language",
    "MillConfig",
    "ModelConfig",
    "ProjectConfig",
    "ReadConfig",
    "SplitConfig",
    "TextConfig",
    "TuneConfig",
    "from_mapping",
    "load",
    "thread_count",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """``[project]``: what the model is called and what it is for."""

    name: str
    task: Literal["classify"] = "classify"
    seed: int = 13
    description: str = ""
    intended_use: str = ""  # for the model card: what the model is for and what it is not
    data_licence: str = ""  # for the model card: what the data may be used for

    def _faults(self) -> list[str]:
        found = []
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", self.name) or ".." in self.name:
            found.append("name: wanted small letters, digits, '-', '_' or '.', got " + repr(self.name))
        if not 0 <= self.seed < 2**63:
            found.append(f"seed: wanted a whole number from 0 to 2**63 - 1, got {self.seed}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfig:
    """``[read]``: where the rows are and which columns matter."""

    source: str
    test: str | None = None  # a second source: the official test side; then [split] does not deal rows out
    format: Literal["auto", "csv", "jsonl", "parquet", "arrow", "folder"] = "auto"
    text: str = "text"
    label: str = "label"
    id: str | None = None  # without one, a row's number is its id
    columns: tuple[str, ...] | None = None  # names for a CSV file that has no header
    encoding: str = "auto"
    delimiter: str = "auto"
    max_rejected: float = 0.01

    def _faults(self) -> list[str]:
        found = []
        if not 0 <= self.max_rejected <= 1:
            found.append(f"max_rejected: wanted a share between 0 and 1, got {self.max_rejected}")
        if self.delimiter != "auto" and len(self.delimiter) != 1:
            found.append(f"delimiter: wanted 'auto' or one character, got {self.delimiter!r}")
        if self.columns is not None:
            found += [
                f"{key}: no column is called {name!r}; columns names {', '.join(self.columns)}"
                for key, name in (("text", self.text), ("label", self.label), ("id", self.id))
                if name is not None and name not in self.columns
            ]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectConfig:
    """``[expect]``: what the rows must be like; else the run stops before anything is trained, exit 3."""

    label: tuple[str, ...] | None = None  # these labels, all of them and no other
    rows: str | None = None  # ">= 1000", and so on below
    rejected: str | None = None  # share of rows set aside
    rarest: str | None = None  # rows of the rarest class
    commonest: str | None = None  # share of the most common class
    shortest: str | None = None  # characters of the shortest text
    longest: str | None = None
    duplicates: str | None = None  # share of rows that are equal or nearly equal to another
    contradictions: str | None = None  # rows whose text has another label elsewhere
    leaked: str | None = None  # share of test rows that are equal or nearly equal to a training text

    def bound(self, key: str) -> tuple[str, float] | None:
        """What is expected of a key, as (operator, number)."""
        match = re.fullmatch(r"\s*(>=|<=|==|>|<)\s*([0-9]+(?:\.[0-9]+)?)\s*", getattr(self, key) or "")
        return (match[1], float(match[2])) if match else None

    def _faults(self) -> list[str]:
        shares = ("rejected", "commonest", "duplicates", "leaked")
        above = [
            f"{key}: wanted a share between 0 and 1, such as '<= 0.1', got {getattr(self, key)!r}"
            for key in shares
            if (wanted := self.bound(key)) is not None and wanted[1] > 1
        ]
        return above + [
            f"{spec.name}: wanted a comparison, such as '>= 1000', got {getattr(self, spec.name)!r}"
            for spec in dataclasses.fields(self)
            if spec.name != "label" and getattr(self, spec.name) is not None and self.bound(spec.name) is None
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConfig:
    """``[split]``: which rows the model never sees."""

    test: float = 0.2
    near_duplicates: Literal["together", "report", "allow"] = "together"
    similarity: float = 0.8  # what nearly equal texts share of the words that are in either
    group: str | tuple[str, ...] = ()  # columns; rows that share a value of any, such as an author, are on one side
    time: str | None = None  # a column; the newest rows are the test side
    test_from: str | None = None  # with time: rows from then on, so that new rows move no old ones
    stratify: bool = False  # the same share of each class, at the price that new rows may move a few old ones
    folds: int | None = None  # instead of a test side: each row is tested once, by a model of the other folds
    repeats: int = 1  # of the folds, dealt anew

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns that `group` names."""
        return (self.group,) if isinstance(self.group, str) else self.group

    def _faults(self) -> list[str]:
        found = [] if 0 < self.test < 1 else [f"test: wanted a share between 0 and 1, got {self.test}"]
        if self.test_from is not None and self.time is None:
            found.append("test_from: wanted a column in time as well")
        if self.folds is not None and not 2 <= self.folds <= 100:
            found.append(f"folds: wanted a number from 2 to 100, got {self.folds}")
        if not 1 <= self.repeats <= 100 or (self.repeats > 1 and self.folds is None):
            found.append(f"repeats: wanted a number from 1 to 100, and folds to repeat, got {self.repeats}")
        if self.folds is not None and self.near_duplicates != "together":
            found.append('near_duplicates: wanted "together" with folds, or every score is flattered')
        if self.folds is not None and self.time is not None:
            found.append("time: wanted time or folds: a model of newer rows would be tested on older ones")
        if self.time is not None and self.stratify:
            found.append("stratify: wanted time or stratify, as the newest rows are of whatever classes they are")
        if not 0.5 <= self.similarity <= 1:  # below, most texts of one subject are alike
            found.append(f"similarity: wanted a share from 0.5 to 1, got {self.similarity}")
        return found


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
    analyzer: Literal["word", "char", "char_wb"] = "word"  # n-grams of words, of letters, of letters inside words
    ngrams: tuple[int, int] = (1, 2)
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
        most = 8 if self.analyzer == "word" else 32
        if not 1 <= self.ngrams[0] <= self.ngrams[1] <= most:
            found.append(f"ngrams: wanted [low, high] with 1 <= low <= high <= {most}, got {list(self.ngrams)}")
        if self.skip < 0:
            found.append(f"skip: wanted a number of words, 0 or more, got {self.skip}")
        if self.skip > 0 and self.analyzer != "word":
            found.append(f"skip: is for analyzer = 'word', got analyzer = {self.analyzer!r}")
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
class ModelConfig:
    """``[model]``: what learns."""

    kind: Literal["logistic-regression", "majority"] = "logistic-regression"
    C: float | Literal["cv"] = 5.0  # inverse strength of the L2 penalty, as in scikit-learn
    class_weight: Literal["none", "balanced"] = "none"
    max_iter: int = 1000
    tol: float = 1e-4

    def _faults(self) -> list[str]:
        found = []
        if isinstance(self.C, float) and not 0 < self.C < float("inf"):
            found.append(f"C: wanted a number above 0, or 'cv', got {self.C}")
        if self.max_iter < 1:
            found.append(f"max_iter: wanted 1 or more, got {self.max_iter}")
        if not 0 < self.tol < 1:
            found.append(f"tol: wanted a number between 0 and 1, got {self.tol}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideConfig:
    """``[decide]``: how probabilities become an answer."""

    calibrate: Literal["none", "temperature", "isotonic"] = "none"
    threshold: str | None = None  # "precision >= 0.99" or "recall >= 0.9", of the positive one of two classes
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

    def wanted(self) -> tuple[Literal["precision", "recall"], float] | None:
        """`threshold` as (metric, number)."""
        match = re.fullmatch(r"\s*(precision|recall)\s*>=\s*(0?\.[0-9]+)\s*", self.threshold or "")
        return (typing.cast(Literal["precision", "recall"], match[1]), float(match[2])) if match else None

    def _faults(self) -> list[str]:
        found = []
        if self.threshold is not None and self.wanted() is None:
            found.append(
                "threshold: wanted precision or recall >= a share below 1, such as 'precision >= 0.95', got"
                f" {self.threshold!r}"
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
class EvaluateConfig:
    """``[evaluate]``: how sure the scores are to be, and what the gate asks."""

    bootstrap: int = 1000
    confidence: float = 0.95
    promote_if: str | None = None  # "f1 >= 0.75"; below it the version is not registered, exit 3
    learning_curve: bool = False  # whether to learn from ever more of the rows and see if more would help
    robustness: bool = True  # whether to change test texts a little and see which decisions turn
    slices: tuple[str, ...] = ("length",)  # parts of the test side to score on their own: by length, by a column

    def _faults(self) -> list[str]:
        found = []
        if self.bootstrap < 100:
            found.append(f"bootstrap: wanted 100 resamples or more, got {self.bootstrap}")
        if not 0.5 <= self.confidence < 1:
            found.append(f"confidence: wanted a share from 0.5 to below 1, got {self.confidence}")
        if self.promote_if is not None and self.gate() is None:
            found.append(f"promote_if: wanted METRIC >= NUMBER, such as 'f1 >= 0.75', got {self.promote_if!r}")
        return found

    def gate(self) -> tuple[str, str, float] | None:
        """`promote_if` as (metric, operator, number)."""
        match = re.fullmatch(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|>|<)\s*([0-9.]+)\s*", self.promote_if or "")
        return (match[1], match[2], float(match[3])) if match else None


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
class CandidateConfig:
    """``[[candidate]]``: another model on the same rows, beside ``[model]``; what it does not say is the same."""

    name: str = ""  # what it says, where it has no name
    text: TextConfig = field(default_factory=TextConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: ModelConfig = field(default_factory=ModelConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class MillConfig:
    """A whole project file.

    Examples
    --------
    >>> mill = from_mapping(MillConfig, {"project": {"name": "demo"}, "read": {"source": "a.csv"}})
    >>> mill.project.seed, mill.features.kind
    (13, 'tf-idf')
    >>> from_mapping(MillConfig, {"project": {"name": "demo"}, "read": {"source": "a.csv"}, "featurs": {}})
    Traceback (most recent call last):
    ...
    textmill.errors.ConfigError: no table is called 'featurs', did you mean 'features'?
    """

    project: ProjectConfig
    read: ReadConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    expect: ExpectConfig = field(default_factory=ExpectConfig)
    text: TextConfig = field(default_factory=TextConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    decide: DecideConfig = field(default_factory=DecideConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    candidate: tuple[CandidateConfig, ...] = ()
    tune: TuneConfig = field(default_factory=TuneConfig)

    @property
    def own(self) -> CandidateConfig:
        """The project's own model, as a candidate."""
        return CandidateConfig(name="model", text=self.text, features=self.features, model=self.model)

    @staticmethod
    def completed(raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The candidates with what they leave unsaid: the tables of the project, and a name of what they say."""
        given = raw.get("candidate")
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, Mapping) for one in given):
            return raw
        return {**raw, "candidate": [_completed(one, raw) for one in given]}

    def _faults(self) -> list[str]:
        # asked of a project only: scikit-learn's vectorisers take words that match nothing, and predicting needs no
        # source
        names = ["model", *(one.name for one in self.candidate)]
        return (
            _nameless(self.read)
            + _text_faults(self.text, "text")
            + [
                fault
                for number, one in enumerate(self.candidate)
                for fault in _text_faults(one.text, f"candidate[{number}].text")
            ]
            + [
                f"candidate[{number}].name: {one.name!r} is the name of another model already"
                for number, one in enumerate(self.candidate)
                if one.name in names[: number + 1]
            ]
            + [
                f"candidate[{number}]: it says nothing that is other than in the project"
                for number, one in enumerate(self.candidate)
                if (one.text, one.features, one.model) == (self.text, self.features, self.model)
            ]
            + _dealing_nothing(self)
            + _holding_back(self)
        )


def _text_faults(text: TextConfig, path: str) -> list[str]:
    unknown = [fault for name in text.maps for fault in map_faults(name)]
    found = _matching_nothing(text) + unknown + _mapping_subwords(text)
    return [path + fault.removeprefix("text") for fault in found]


def _dealing_nothing(mill: MillConfig) -> list[str]:
    if mill.read.test is None:
        return []
    return [
        f"split.{key}: it says how rows are dealt out, and read.test names a test side"
        for key in ("time", "test_from", "stratify", "folds")
        if getattr(mill.split, key)
    ]


def _holding_back(mill: MillConfig) -> list[str]:
    if mill.split.folds is None:
        return []
    if mill.tune.space:
        return ["tune: settings are chosen once, on one training side; wanted a test side, not split.folds"]
    if mill.evaluate.learning_curve:
        return ["evaluate.learning_curve: it is drawn on a test side; wanted one, not split.folds"]
    if not mill.decide.needs_fold:
        return []
    return [
        "decide: calibration and threshold are learned on rows held back from one model, and split.folds makes many"
    ]


def _nameless(read: ReadConfig) -> list[str]:
    found = [
        f"read.{key}: wanted {wanted}, got {value!r}"
        for key, wanted, value in (
            ("source", "a file, a folder or a glob", read.source),
            ("test", "a file, a folder or a glob", read.test),
            ("text", "the name of a column", read.text),
            ("label", "the name of a column", read.label),
            ("id", "the name of a column", read.id),
        )
        if value is not None and not value.strip()
    ]
    for key, other in (("label", "text"), ("id", "text"), ("id", "label")):
        if getattr(read, key) == getattr(read, other):
            found.append(f"read.{key}: {getattr(read, key)!r} is the {other} column already")
    return found


def _matching_nothing(text: TextConfig) -> list[str]:
    words = text.stop_words
    if isinstance(words, str):
        return []
    if not words:
        return ["text.stop_words: the list is empty; wanted words, or 'none' to leave out no word"]
    no_word = [word for word in words if len(word.split()) != 1 or word != word.strip()]
    found = [f"text.stop_words: wanted single words, got {_few(no_word)}"] if no_word else []
    large = [word for word in words if word not in no_word and word != word.lower()]
    if large and text.case == "lower":
        found.append(
            f"text.stop_words: wanted lower case, which case = 'lower' gives every text, got {_few(large)}, which"
            " would match nothing"
        )
    return found


def _mapping_subwords(text: TextConfig) -> list[str]:
    if text.tokens != "subword" or not text.maps:
        return []
    named = ", ".join(text.maps)
    return [f"text.map: {named} is for words, and tokens = 'subword' gives parts of words; wanted map = 'none'"]


def _few(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words[:5])) + (" ..." if len(words) > 5 else "")


def load(path: Path) -> MillConfig:
    """Read a project file, or the ``mill.toml`` of a folder.

    Raises
    ------
    ConfigError : if it is missing, is no TOML or holds faults, all of them at once
    """
    if path.is_dir():
        path = path / "mill.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            ["there is no project file here; make one with: textmill new DIR --from FILE"], where=str(path)
        ) from error
    except IsADirectoryError as error:
        raise ConfigError(["wanted a project file, got a folder"], where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"this is no TOML: {error}"], where=str(path)) from error
    except OSError as error:
        raise ConfigError([f"it cannot be read: {error.strerror}"], where=str(path)) from error
    others = raw.get("candidate")
    unread = [
        fault
        for one in (raw, *(others if isinstance(others, list) else ()))
        if isinstance(one, dict)
        for fault in _read_stop_words(one, path.parent)
    ]
    try:
        made = from_mapping(MillConfig, raw)
    except ConfigError as error:
        raise ConfigError([*unread, *error.faults], where=str(path)) from None
    if unread:
        raise ConfigError(unread, where=str(path))
    return made


def _read_stop_words(raw: dict[str, Any], folder: Path) -> list[str]:
    """Put the words of ``stop_words = "file:PATH"`` in its place, so that the settings say all; gives faults."""
    text = raw.get("text")
    said = text.get("stop_words") if isinstance(text, dict) else None
    if not isinstance(text, dict) or not isinstance(said, str) or not said.startswith("file:"):
        return []
    name = said.removeprefix("file:")
    text["stop_words"] = "none"
    try:
        lines = (folder / name).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        return [f"text.stop_words: {name!r} cannot be read: {error.strerror}"]
    except ValueError:
        return [f"text.stop_words: {name!r} is no UTF-8 text"]
    # as Snowball writes its lists: what follows a bar is a remark
    text["stop_words"] = [word for line in lines for word in line.partition("|")[0].split()]
    return []


def thread_count(wanted: int | None = None) -> int:
    """How many threads to use: `wanted`, else ``TEXTMILL_THREADS``, else the processors this process may run on.

    Results never depend on it.

    Raises
    ------
    ConfigError : if it is less than 1 or no number
    """
    if type(wanted) is int and wanted >= 1:  # first: asked with each single text
        return min(wanted, 256)
    where, said = "threads", str(wanted)
    if wanted is None:
        where, said = "TEXTMILL_THREADS", os.environ.get("TEXTMILL_THREADS", "")
        if not said:
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not (said.isascii() and said.isdigit()) or int(said) < 1:
        raise ConfigError([f"wanted a number of threads, 1 or more, got {said!r}"], where=where)
    return min(int(said), 256)


def _completed(candidate: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: table for key, table in candidate.items() if isinstance(table, Mapping)}
    bases = {key: raw.get(key, {}) for key in ("text", "features", "model")}
    whole = {
        key: {**base, **own.get(key, {})}
        for key, base in bases.items()
        if isinstance(base, Mapping) and isinstance(candidate.get(key, {}), Mapping)
    }
    said = [f"{key} = {value}" for table in own.values() for key, value in table.items()]
    return {"name": ", ".join(said)} | dict(candidate) | whole
