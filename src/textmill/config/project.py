"""The whole project file, and what its tables may not say together."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from textmill.config.flowing import StepConfig
from textmill.config.judging import EvaluateConfig
from textmill.config.learning import (
    CandidateConfig,
    DecideConfig,
    DistilConfig,
    FeaturesConfig,
    TextConfig,
    TuneConfig,
)
from textmill.config.models import Kind, ModelConfig, TrainConfig, model_keys
from textmill.config.policy import PolicyConfig
from textmill.config.rows import ExpectConfig, ReadConfig, SplitConfig
from textmill.config.telling import NotifyConfig
from textmill.config.timing import ScheduleConfig
from textmill.errors import ConfigError
from textmill.names import map_faults
from textmill.settings import from_mapping

__all__ = ["MillConfig", "ProjectConfig", "load", "text_faults"]

_NO_ROWS = ReadConfig(source="")  # of a project of own steps only
_DATE = "{date}"
_ALONE = {"project", "step", "schedule", "notify"}  # tables that need no rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """``[project]``: what the model is called and what it is for."""

    name: str
    task: Literal["classify", "multi-label"] = "classify"  # one class a text, or as many labels as fit
    seed: int = 13
    description: str = ""
    intended_use: str = ""  # for the model card: what the model is for and what it is not
    data_licence: str = ""  # for the model card: what the data may be used for

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self.task == "multi-label"

    def _faults(self) -> list[str]:
        found = []
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", self.name) or ".." in self.name:
            found.append("name: wanted small letters, digits, '-', '_' or '.', got " + repr(self.name))
        if not 0 <= self.seed < 2**63:
            found.append(f"seed: wanted a whole number from 0 to 2**63 - 1, got {self.seed}")
        return found


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
    read: ReadConfig = _NO_ROWS
    split: SplitConfig = field(default_factory=SplitConfig)
    expect: ExpectConfig = field(default_factory=ExpectConfig)
    text: TextConfig = field(default_factory=TextConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    distil: DistilConfig | None = None
    decide: DecideConfig = field(default_factory=DecideConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    candidate: tuple[CandidateConfig, ...] = ()
    tune: TuneConfig = field(default_factory=TuneConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    notify: NotifyConfig = field(default_factory=NotifyConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    step: tuple[StepConfig, ...] = ()

    @property
    def decisive(self) -> dict[str, Any]:
        """The tables that decide what comes of a run, as plain values: not when it runs, nor who is told."""
        return {name: table for name, table in asdict(self).items() if name not in ("schedule", "notify")}

    @property
    def trains(self) -> bool:
        """Whether there are rows to learn from; a project may consist of steps of its own alone."""
        return bool(self.read.source)

    @property
    def own(self) -> CandidateConfig:
        """The project's own model, as a candidate."""
        tables = {key: getattr(self, key) for key in ("text", "features", "model", "train", "distil")}
        return CandidateConfig(name="model", **tables)

    @staticmethod
    def completed(raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is left unsaid: that texts are pairs, and of candidates the tables of the project and a name."""
        if not raw.get("step") or not set(raw) <= _ALONE:
            raw = {"read": {}, **raw}  # whose source is then said to be missing
        raw = _paired(raw)
        given = raw.get("candidate")
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, Mapping) for one in given):
            return raw
        return {**raw, "candidate": [_completed(one, raw) for one in given]}

    def _faults(self) -> list[str]:
        # asked of a project only: scikit-learn's vectorisers take words that match nothing, and predicting needs no
        # source
        names = ["model", *(one.name for one in self.candidate)]
        return (
            ([] if self.read is _NO_ROWS else _nameless(self.read))
            + text_faults(self.text, "text")
            + [
                fault
                for number, one in enumerate(self.candidate)
                for fault in text_faults(one.text, f"candidate[{number}].text")
            ]
            + [
                f"candidate[{number}].name: {one.name!r} is the name of another model already"
                for number, one in enumerate(self.candidate)
                if one.name in names[: number + 1]
            ]
            + [
                f"candidate[{number}]: it says nothing that is other than in the project"
                for number, one in enumerate(self.candidate)
                if replace(one, name="model") == self.own
            ]
            + _dealing_nothing(self)
            + _holding_back(self)
            + _of_one_label(self)
            + _of_pairs(self)
            + _drawing_groups(self)
            + _teaching(self)
            + _training_nothing(self)
        )


def dated(mill: MillConfig, date: str | None) -> MillConfig:
    """The settings with a date in the place of ``{date}``, in ``[read]`` and ``[[step]]``; own steps are told it too.

    Parameters
    ----------
    date : as 2026-11-01; None if the run is for no date

    Raises
    ------
    ConfigError : if a date is wanted and there is none, or there is one and nothing depends on it

    Examples
    --------
    >>> raw = {"project": {"name": "demo"}, "read": {"source": "{date}.csv"}}
    >>> dated(from_mapping(MillConfig, raw), "2026-11-01").read.source
    '2026-11-01.csv'
    """
    found = dated_keys(mill)
    if date is None:
        if found:
            raise ConfigError([f"{path}: {_DATE} wants a day, as in: --dates 2026-11-01" for path in found])
        return mill
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", date):
        raise ConfigError([f"date: wanted a day such as 2026-11-01, got {date!r}"])
    if not found and not mill.step:
        raise ConfigError([f"nothing here depends on a date; write {_DATE} where [read] or a [[step]] is to have it"])
    filled = [_filled(asdict(step), date) for step in mill.step]
    return replace(
        mill,
        read=replace(mill.read, **_filled(asdict(mill.read), date)),
        step=tuple(
            replace(step, **{**keys, "env": {"TEXTMILL_DATE": date, **keys["env"]}})
            for step, keys in zip(mill.step, filled, strict=True)
        ),
    )


def dated_keys(mill: MillConfig) -> list[str]:
    """Where ``{date}`` stands.

    Examples
    --------
    >>> dated_keys(from_mapping(MillConfig, {"project": {"name": "demo"}, "read": {"source": "{date}.csv"}}))
    ['read.source']
    """
    tables = {"read": asdict(mill.read)} | {f"step[{number}]": asdict(step) for number, step in enumerate(mill.step)}
    return [f"{path}.{key}" for path, table in tables.items() for key, value in table.items() if _mentions(value)]


def _mentions(value: object) -> bool:
    if isinstance(value, dict):
        return any(_mentions(one) for one in value.values())
    return any(map(_mentions, value)) if isinstance(value, (list, tuple)) else isinstance(value, str) and _DATE in value


def _filled(value: Any, date: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, date) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(one, date) for one in value)
    return value.replace(_DATE, date) if isinstance(value, str) else value


def text_faults(text: TextConfig, path: str) -> list[str]:
    """What is wrong with ``[text]`` of a project, beyond what each of its keys may be, a line each.

    Parameters
    ----------
    path : of the table, as in ``candidate[0].text``

    Examples
    --------
    >>> text_faults(TextConfig(tokens="subword", tokens_file="t.json", map="porter"), "text")[0][:21]
    'text.map: porter is f'
    """
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
    if mill.evaluate.learning_curve:
        return ["evaluate.learning_curve: it is drawn on a test side; wanted one, not split.folds"]
    if not mill.decide.needs_fold:
        return []
    return [
        "decide: calibration and threshold are learned on rows held back from one model, and split.folds makes many"
    ]


def _of_one_label(mill: MillConfig) -> list[str]:
    """What only a text with one label can be asked, and what only one with several."""
    if not mill.project.multi_label:
        asked = {
            "read.label": isinstance(mill.read.label, tuple),
            "read.label_separator": mill.read.label_separator is not None,
            "decide.threshold = 'f1'": mill.decide.wanted() == ("f1", 0.0),
        }
        why = 'is for several labels a text; wanted task = "multi-label" in [project]'
        return [f"{key}: {why}" for key, said in asked.items() if said]
    asked = {
        "split.stratify": mill.split.stratify,
        "split.folds": mill.split.folds is not None,
        **{
            f"decide.{key}": getattr(mill.decide, key) != getattr(DecideConfig(), key)
            for key in ("calibrate", "positive", "costs", "unsure_below")
        },
        "tune": bool(mill.tune.space),
        "evaluate.learning_curve": mill.evaluate.learning_curve,
        "evaluate.stratify": mill.evaluate.stratify,
        "model.C": "cv" in (mill.model.C, *(one.model.C for one in mill.candidate)),
    }
    why = 'is for one label a text, and task = "multi-label" in [project] gives several'
    return [f"{key}: {why}" for key, said in asked.items() if said]


def _paired(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The text path knows that its texts are pairs where two columns hold them."""
    read, text = raw.get("read"), raw.get("text", {})
    if not isinstance(read, Mapping) or not isinstance(read.get("text"), (list, tuple)):
        return raw
    return {**raw, "text": {"pairs": True, **text}} if isinstance(text, Mapping) else raw


def _of_pairs(mill: MillConfig) -> list[str]:
    """What is said of pairs of texts has to fit the columns, and every model has to take them."""
    paired = len(mill.read.texts) == 2
    models = {"": mill.own} | {f"candidate[{number}].": one for number, one in enumerate(mill.candidate)}
    found = []
    for path, one in models.items():
        if one.text.pairs != paired:
            columns = (
                'two columns: read.text = ["question", "answer"]' if one.text.pairs else "true: read.text names two"
            )
            found.append(f"{path}text.pairs: wanted {columns}")
        if paired and one.model.is_linear and one.features.analyzer != "word":
            wanted = "'word', by which pairs are compared"
            found.append(f"{path}features.analyzer: wanted {wanted}, got {one.features.analyzer!r}")
        found += [f"{path}model.{fault}" for fault in one.model.pair_faults] if paired else []
    return found


def _drawing_groups(mill: MillConfig) -> list[str]:
    if not (mill.evaluate.stratify and mill.split.groups):
        return []
    return ["evaluate.stratify: groups hold rows of several classes and are drawn whole; wanted it or split.group"]


def _teaching(mill: MillConfig) -> list[str]:
    """What nobody can be taught by, and what a taught model cannot be asked."""
    models = {"distil": mill.own} | {f"candidate[{number}].distil": one for number, one in enumerate(mill.candidate)}
    own = {one.name: one for one in models.values()}
    found = []
    for path, one in models.items():
        if one.distil is None:
            continue
        teacher = own.get(one.distil.teacher)
        if teacher is one:
            found.append(f"{path}.teacher: {one.name!r} is this model itself; wanted another one")
        elif teacher is not None and teacher.distil is not None:
            found.append(f"{path}.teacher: {teacher.name!r} is taught itself; wanted one that learns from labels alone")
        if one.model.kind == "majority":
            found.append(f"{path}: the majority baseline learns nothing from a teacher; wanted another kind of model")
        if mill.split.folds is not None:
            found.append(
                f"{path}: with split.folds every row is tested, and the teacher would know it; wanted a test side"
            )
    if mill.distil is not None:
        asked = {"tune": bool(mill.tune.space), "evaluate.learning_curve": mill.evaluate.learning_curve}
        found += [
            f"{key}: it trains models without the teacher of [distil]; wanted one of the two"
            for key, said in asked.items()
            if said
        ]
    return found


def _training_nothing(mill: MillConfig) -> list[str]:
    """What ``[train]`` says and no model of the project knows, or a candidate's and its kind does not."""
    models = (mill.own, *mill.candidate)
    tried = mill.tune.space.get("model.kind")
    kinds = {one.model.kind for one in models}
    kinds |= {kind for kind in tried if kind in get_args(Kind)} if isinstance(tried, list) else set()
    asked = [("", kinds, mill.train, TrainConfig())]
    asked += [
        (f"candidate[{number}].", {one.model.kind}, one.train, mill.train) for number, one in enumerate(mill.candidate)
    ]
    found = []
    for path, its, train, base in asked:
        known = {key for kind in its for key in TrainConfig.keys(kind)}
        for key, value in asdict(train).items():
            if key not in known and value != getattr(base, key):
                users = " or ".join(repr(kind) for kind in get_args(Kind) if key in TrainConfig.keys(kind))
                got = " and ".join(repr(kind) for kind in get_args(Kind) if kind in its)
                found.append(f"{path}train.{key}: is for kind = {users}, got kind = {got}")
    return found


def _nameless(read: ReadConfig) -> list[str]:
    found = [
        f"read.{key}: wanted {wanted}, got {value!r}"
        for key, wanted, value in (
            ("source", "a file, a folder or a glob", read.source),
            ("test", "a file, a folder or a glob", read.test),
            *(("text", "the name of a column", name) for name in read.texts),
            *(("label", "the name of a column", name) for name in read.labels),
            ("id", "the name of a column", read.id),
            ("person", "the name of a column", read.person),
        )
        if value is not None and not value.strip()
    ]
    for key, names, other, taken in (
        ("label", read.labels, "text", read.texts),
        ("id", (read.id,), "text", read.texts),
        ("id", (read.id,), "label", read.labels),
        ("person", (read.person,), "text", read.texts),
        ("person", (read.person,), "label", read.labels),
    ):
        found += [f"read.{key}: {name!r} is the {other} column already" for name in names if name in taken]
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


def _completed(candidate: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: table for key, table in candidate.items() if isinstance(table, Mapping)}
    bases = {key: raw.get(key, {}) for key in ("text", "features", "model", "train")}
    asked = own.get("model", {}).get("kind", "")
    if (
        isinstance(bases["model"], Mapping) and isinstance(asked, str) and asked in model_keys
    ):  # what another kind does not know is not asked of it
        bases["model"] = {key: value for key, value in bases["model"].items() if key in model_keys[asked]}
    whole = {
        key: {**base, **own.get(key, {})}
        for key, base in bases.items()
        if isinstance(base, Mapping) and isinstance(candidate.get(key, {}), Mapping)
    }
    said = [f"{key} = {value}" for table in own.values() for key, value in table.items()]
    return {"name": ", ".join(said)} | dict(candidate) | whole
