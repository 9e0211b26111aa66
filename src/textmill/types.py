"""The nouns that more than one room uses: frozen records and arrays with their unit said once."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textmill.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BESIDE",
    "BETWEEN",
    "LabelSets",
    "Manifest",
    "Prediction",
    "Record",
    "Ref",
    "Report",
    "Score",
    "Tokens",
    "beside",
    "canonical_json",
    "joined",
    "memberships",
    "parted",
    "parts",
    "side_by_side",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
BETWEEN = " + "  # two labels of one text
BESIDE = "\x1e"  # two texts that are one pair: ASCII's record separator


def canonical_json(value: object) -> bytes:
    r"""The one JSON spelling of a value, for hashing: sorted keys, no blanks, UTF-8, no NaN.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def joined(labels: Iterable[str]) -> str:
    """Several labels of one text as one: sorted, each once; no label is the empty text.

    Raises
    ------
    DataError : if a label holds what stands between two, as it would come apart as others

    Examples
    --------
    >>> joined(["wheat", "grain", "wheat"]), joined([])
    ('grain + wheat', '')
    """
    names = sorted(set(labels))
    unclear = next((name for name in names if BETWEEN in name), None)
    if unclear is not None:
        raise DataError(f"the label {unclear!r} holds {BETWEEN!r}, which stands between two labels of a text")
    return BETWEEN.join(names)


def parted(label: str) -> list[str]:
    """The labels that `joined` put together.

    Examples
    --------
    >>> parted("grain + wheat"), parted("")
    (['grain', 'wheat'], [])
    """
    return label.split(BETWEEN) if label else []


def beside(first: str, second: str) -> str:
    r"""Two texts that are labelled together as one, which goes through splits, checks and stores as any other.

    Raises
    ------
    DataError : if one is no text, or holds what stands between the two

    Examples
    --------
    >>> beside("Is it raining?", "It pours.")
    'Is it raining?\x1eIt pours.'
    """
    for part in (first, second):
        if not isinstance(part, str):
            raise DataError("this is no pair of texts", wanted="two texts", got=type(part).__name__)
        if BESIDE in part:
            raise DataError("a text holds U+001E, which stands between the two texts of a pair")
    return f"{first}{BESIDE}{second}"


def parts(text: str) -> list[str]:
    r"""The texts that `beside` put together; one text as it is.

    Examples
    --------
    >>> parts("Is it raining?\x1eIt pours."), parts("It pours.")
    (['Is it raining?', 'It pours.'], ['It pours.'])
    """
    return text.split(BESIDE)


def side_by_side(text: str) -> str:
    r"""A text, or a pair of them, for people to read.

    Examples
    --------
    >>> side_by_side("Is it raining?\x1eIt pours.")
    'Is it raining? ⟷ It pours.'
    """
    return text.replace(BESIDE, " ⟷ ")


def memberships(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Joined labels as bool (n_labels, n_classes); one that is no class is passed over.

    Examples
    --------
    >>> memberships(["b", "", "a + c"], ["a", "b"]).tolist()
    [[False, True], [False, False], [True, False]]
    """
    import numpy as np

    number = {name: place for place, name in enumerate(classes)}
    found = np.zeros((len(labels), len(classes)), np.bool_)
    for row, label in enumerate(labels):
        found[row, [number[name] for name in parted(label) if name in number]] = True
    return found


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a source: a text and what is known of it."""

    id: str
    text: str
    label: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ref:
    """What a thing in the store is called: ``model/disaster@3``.

    Raises
    ------
    DataError : if the name could leave its folder or the version is not positive

    Examples
    --------
    >>> str(Ref.parse("model/disaster@3"))
    'model/disaster@3'
    >>> Ref("model", "../x", 1)
    Traceback (most recent call last):
    ...
    textmill.errors.DataError: '../x' is no name for a model; wanted small letters, digits, '-', '_' or '.', at most 100
    """

    kind: str
    name: str
    version: int

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or ".." in self.name:
            raise DataError(
                f"{self.name!r} is no name for a {self.kind}",
                wanted="small letters, digits, '-', '_' or '.', at most 100",
            )
        if self.version < 1:
            raise DataError(f"a version is 1 or more, not {self.version}", where=f"{self.kind}/{self.name}")

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read ``kind/name@version``."""
        match = re.fullmatch(r"([a-z]+)/([^@/]+)@([0-9]{1,9})", text)
        if match is None:
            raise DataError(f"{text!r} is no reference", wanted="kind/name@version, such as model/disaster@3")
        return cls(match[1], match[2], int(match[3]))

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The tokens of many texts, as numbers.

    Attributes
    ----------
    ids : int32 (n_tokens,), which type each token is
    rows : int64 (n_texts + 1,), text i owns ``ids[rows[i]:rows[i + 1]]``
    spans : int32 (n_tokens, 2) or None, half-open, in code points of the raw text
    types : the distinct tokens, numbered by first appearance
    """

    ids: NDArray[np.int32]
    rows: NDArray[np.int64]
    spans: NDArray[np.int32] | None
    types: Sequence[str]

    def lists(self) -> list[list[str]]:
        """The tokens of each text as strings; equal ones are one object.

        Examples
        --------
        >>> import numpy as np
        >>> Tokens(np.array([0, 1, 0], np.int32), np.array([0, 2, 3]), None, ["a", "b"]).lists()
        [['a', 'b'], ['a']]
        """
        import numpy as np

        strings = np.empty(len(self.types), object)
        strings[:] = self.types
        tokens = strings[self.ids].tolist()
        return [tokens[begin:end] for begin, end in itertools.pairwise(self.rows.tolist())]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a classifier says of some texts.

    Attributes
    ----------
    classes : names of the classes, in the order of the columns
    scores : float32 (n_texts, n_classes), probabilities, each row adds up to 1
    chosen : int64 (n_texts,), the class that was decided for, where that is not the most probable one; else None
    unsure : bool (n_texts,), where the model leaves the answer open; None: it never does
    """

    classes: tuple[str, ...]
    scores: NDArray[np.float32]
    chosen: NDArray[np.int64] | None = None
    unsure: NDArray[np.bool_] | None = None

    @property
    def codes(self) -> NDArray[np.int64]:
        """The class decided for, as a number, also where the answer is left open: int64 (n_texts,)."""
        return self.scores.argmax(axis=1) if self.chosen is None else self.chosen

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the class decided for, float32 (n_texts,)."""
        found: NDArray[np.float32] = self.scores[range(len(self.scores)), self.codes]
        return found

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answer to each text as plain JSON values: ``label``."""
        return [{"label": label} for label in self.labels]

    @property
    def decided(self) -> list[str]:
        """The class decided for of each text, also where the answer is left open."""
        return [self.classes[code] for code in self.codes.tolist()]

    @property
    def labels(self) -> list[str | None]:
        """The class decided for of each text (of equally probable ones the first); None where that is left open."""
        named: list[str | None] = [*self.decided]
        if self.unsure is not None:
            for i in self.unsure.nonzero()[0].tolist():
                named[i] = None
        return named

    def numbered(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Labels as numbers of the classes, -1 for one that is none: int64 (n_labels,)."""
        import numpy as np

        number = {name: place for place, name in enumerate(self.classes)}
        return np.fromiter((number.get(label, -1) for label in labels), np.int64, len(labels))

    def rows(self, which: NDArray[np.integer[Any] | np.bool_]) -> Prediction:
        """What was said of some of the texts, by number or by a mask."""
        parts = (None if part is None else part[which] for part in (self.chosen, self.unsure))
        return Prediction(self.classes, self.scores[which], *parts)


@dataclass(frozen=True, slots=True, eq=False)
class LabelSets:
    """What a multi-label classifier says of some texts: of each label whether it is one of the text's.

    Attributes
    ----------
    classes : names of the labels, in the order of the columns
    scores : float32 (n_texts, n_classes), the probability of each label, one apart from the other
    chosen : bool (n_texts, n_classes), the labels that were decided for

    Examples
    --------
    >>> import numpy as np
    >>> said = LabelSets(("a", "b"), np.array([[0.9, 0.6]], np.float32), np.array([[True, True]]))
    >>> said.labels, [f"{sure:.2f}" for sure in said.confidence]
    (['a + b'], ['0.60'])
    """

    classes: tuple[str, ...]
    scores: NDArray[np.float32]
    chosen: NDArray[np.bool_]

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answer to each text as plain JSON values: ``labels``."""
        return [{"labels": parted(label)} for label in self.labels]

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of what was decided of the label that is least sure, float32 (n_texts,)."""
        import numpy as np

        sure: NDArray[np.float32] = np.where(self.chosen, self.scores, 1 - self.scores).min(axis=1)
        return sure

    @property
    def labels(self) -> list[str]:
        """The labels of each text, as `joined` writes them."""
        return [joined(itertools.compress(self.classes, row)) for row in self.chosen.tolist()]

    decided = labels  # no answer is left open: no label is one too

    def rows(self, which: NDArray[np.integer[Any] | np.bool_]) -> LabelSets:
        """What was said of some of the texts, by number or by a mask."""
        return LabelSets(self.classes, self.scores[which], self.chosen[which])


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with its bootstrap interval, and what the majority baseline gets."""

    value: float
    low: float
    high: float
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How good a model is, on which rows, and what to doubt about it.

    Attributes
    ----------
    metrics : name -> Score over the test side
    per_class : class -> name -> Score (precision, recall, f1) with ``support`` as value
    confusion : rows are the truth, columns the prediction, in the order of `classes`
    leaks : what the check between the sides found
    data : counts of rows read, rejected, on each side, per class
    cost : train and predict seconds, model bytes
    details : curves, most telling words, mistakes: what the pictures are drawn from
    """

    model: str
    classes: tuple[str, ...]
    metrics: dict[str, Score]
    per_class: dict[str, dict[str, Score]]
    confusion: list[list[int]]
    leaks: dict[str, Any]
    data: dict[str, Any]
    cost: dict[str, Any]
    details: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        """Back from `to_json`."""
        plain = dict(value)
        plain["classes"] = tuple(plain["classes"])
        plain["metrics"] = {name: Score(**score) for name, score in plain["metrics"].items()}
        plain["per_class"] = {
            label: {name: Score(**score) for name, score in scores.items()}
            for label, scores in plain["per_class"].items()
        }
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version consists of and comes from.

    Attributes
    ----------
    files : path inside the version's folder -> sha256 in hexadecimal
    parents : name -> digest or reference of what it was made from (``data``, ``code``, ``text_path``)
    config : the settings of the run, defaults and all
    created : UTC, ISO 8601
    report : headline figures, for lists
    """

    ref: Ref
    files: dict[str, str]
    parents: dict[str, str]
    config: dict[str, Any]
    created: str
    report: dict[str, Any]
