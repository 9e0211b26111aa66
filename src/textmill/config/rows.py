"""The tables about rows: where they are, what they must be like, which of them the model never sees."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from textmill.config.bounds import bound

__all__ = ["ExpectConfig", "ReadConfig", "SplitConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfig:
    """``[read]``: where the rows are and which columns matter."""

    source: str
    test: str | None = None  # a second source: the official test side; then [split] does not deal rows out
    format: Literal["auto", "csv", "jsonl", "parquet", "arrow", "folder"] = "auto"
    text: str | tuple[str, str] = "text"  # two columns: pairs, such as a question and an answer
    label: str | tuple[str, ...] = "label"  # multi-label: a column of lists, of text with a separator, or 0/1 columns
    label_separator: str | None = None  # multi-label: what stands between the labels of a text, such as ","
    id: str | None = None  # without one, a row's number is its id
    person: str | None = None  # the column that says whose row it is, so that it can be found and erased
    columns: tuple[str, ...] | None = None  # names for a CSV file that has no header
    encoding: str = "auto"
    delimiter: str = "auto"
    max_rejected: float = 0.01

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that `text` names."""
        return (self.text,) if isinstance(self.text, str) else self.text

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that `label` names."""
        return (self.label,) if isinstance(self.label, str) else self.label

    def _faults(self) -> list[str]:
        found = []
        if not self.labels:
            found.append("label: wanted the name of a column or more, got none")
        if len(set(self.texts)) < len(self.texts):
            found.append(f"text: {self.texts[0]!r} is named twice")
        found += [f"label: {name!r} is named twice" for name in {*self.labels} if self.labels.count(name) > 1]
        if self.label_separator is not None and (not self.label_separator or isinstance(self.label, tuple)):
            found.append(
                "label_separator: wanted what stands between labels in a column of text; columns of 0 and 1 have none"
            )
        if not 0 <= self.max_rejected <= 1:
            found.append(f"max_rejected: wanted a share between 0 and 1, got {self.max_rejected}")
        if self.delimiter != "auto" and len(self.delimiter) != 1:
            found.append(f"delimiter: wanted 'auto' or one character, got {self.delimiter!r}")
        if self.columns is not None:
            found += [
                f"{key}: no column is called {name!r}; columns names {', '.join(self.columns)}"
                for key, name in (
                    *(("text", one) for one in self.texts),
                    *(("label", one) for one in self.labels),
                    ("id", self.id),
                    ("person", self.person),
                )
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
    languages: dict[str, str] = field(default_factory=dict)  # code -> share of the texts, such as en = ">= 0.95"

    def bounds(self) -> Iterator[tuple[str, str, tuple[str, float] | None]]:
        """Each comparison: its key, as it is written, and as (operator, number), None where it is none."""
        keys = [spec.name for spec in dataclasses.fields(self) if spec.name not in ("label", "languages")]
        said = {key: getattr(self, key) for key in keys} | {f"languages.{k}": v for k, v in self.languages.items()}
        for key, text in said.items():
            if text is not None:
                yield key, text, bound(text)

    def _faults(self) -> list[str]:
        shares = ("rejected", "commonest", "duplicates", "leaked")
        found = []
        for key, text, wanted in self.bounds():
            share = key in shares or key.startswith("languages.")
            if share and wanted is not None and wanted[1] > 1:
                found.append(f"{key}: wanted a share between 0 and 1, such as '<= 0.1', got {text!r}")
            if wanted is None:
                example = ">= 0.95" if share else ">= 1000"
                found.append(f"{key}: wanted a comparison, such as '{example}', got {text!r}")
        return found + [
            f"languages: wanted codes of languages, such as en or de, got {code!r}"
            for code in self.languages
            if not re.fullmatch("[a-z]{2,3}", code)
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
