"""The project file: faults are found, all at once, and said where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from textmill.config import MillConfig, from_mapping, load, thread_count
from textmill.errors import ConfigError

LEAST: dict[str, Any] = {"project": {"name": "demo"}, "read": {"source": "a.csv"}}


def faults(**tables: dict[str, Any]) -> tuple[str, ...]:
    made = {**LEAST, **{name: {**LEAST.get(name, {}), **table} for name, table in tables.items()}}
    with pytest.raises(ConfigError) as caught:
        from_mapping(MillConfig, made)
    return caught.value.faults


@pytest.mark.parametrize(
    ("table", "settings", "said"),
    [
        ("project", {"seed": -1}, "project.seed: wanted a whole number from 0 to 2**63 - 1, got -1"),
        ("project", {"seed": True}, "project.seed: wanted a whole number, got True"),
        ("project", {"name": "a/b"}, "project.name: wanted small letters"),
        ("read", {"source": ""}, "read.source: wanted a file, a folder or a glob, got ''"),
        ("read", {"label": "text"}, "read.label: 'text' is the text column already"),
        ("read", {"max_rejected": 2}, "read.max_rejected: wanted a share between 0 and 1, got 2.0"),
        ("split", {"test": 1}, "split.test: wanted a share between 0 and 1, got 1.0"),
        ("text", {"map": "snowball-klingon"}, "text.map: wanted one of"),
        ("text", {"clean": ["htm"]}, "did you mean 'html'?"),
        ("text", {"clean": "twet"}, "did you mean 'tweet'?"),
        ("text", {"stop_words": []}, "text.stop_words: the list is empty"),
        ("text", {"stop_words": ["Fire", "the end"]}, "text.stop_words: wanted single words, got 'the end'"),
        ("features", {"min_df": 0}, "features.min_df: wanted a number of texts, 1 or more, got 0"),
        ("features", {"ngrams": [2, 1]}, "features.ngrams: wanted [low, high]"),
        ("model", {"C": -1}, "model.C: wanted a number above 0, or 'cv', got -1.0"),
        ("evaluate", {"promote_if": "f1 > "}, "evaluate.promote_if: wanted METRIC >= NUMBER"),
        ("evaluate", {"bootstrap": 5}, "evaluate.bootstrap: wanted 100 resamples or more, got 5"),
    ],
)
def test_a_wrong_value_is_told_with_its_path(table: str, settings: dict[str, Any], said: str) -> None:
    assert any(said in fault for fault in faults(**{table: settings})), faults(**{table: settings})


def test_all_faults_are_told_at_once() -> None:
    found = faults(project={"sed": 1}, features={"kind": "tfidf"}, modle={})
    assert len(found) == 3
    assert any("did you mean 'seed'?" in fault for fault in found)
    assert any("did you mean 'tf-idf'?" in fault for fault in found)
    assert any("no table is called 'modle', did you mean 'model'?" in fault for fault in found)


def test_a_missing_file_and_one_that_is_no_toml_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no project file here"):
        load(tmp_path)
    (tmp_path / "mill.toml").write_text("[project\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="this is no TOML"):
        load(tmp_path)


def test_threads_are_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTMILL_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.setenv("TEXTMILL_THREADS", "many")
    with pytest.raises(ConfigError, match="TEXTMILL_THREADS: wanted a number of threads"):
        thread_count()
    with pytest.raises(ConfigError, match="threads: wanted a number of threads"):
        thread_count(0)
