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
        ("features", {"skip": -1}, "features.skip: wanted a number of words, 0 or more, got -1"),
        ("features", {"skip": 1, "analyzer": "char"}, "features.skip: is for analyzer = 'word'"),
        ("model", {"C": -1}, "model.C: wanted a number above 0, or 'cv', got -1.0"),
        ("evaluate", {"promote_if": "f1 > "}, "evaluate.promote_if: wanted METRIC >= NUMBER"),
        ("distil", {"weight": 0.5}, "distil.teacher: is missing; wanted text"),
        ("distil", {"teacher": "a@1", "weight": 0}, "distil.weight: wanted a share above 0, at most 1, got 0.0"),
        ("distil", {"teacher": "a@1", "temperature": 0}, "distil.temperature: wanted a number above 0, got 0.0"),
        ("distil", {"teacher": "model"}, "distil.teacher: 'model' is this model itself"),
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


def project(folder: Path, text: str) -> Path:
    (folder / "mill.toml").write_text(
        f'[project]\nname = "demo"\n[read]\nsource = "a.csv"\n[text]\n{text}\n', encoding="utf-8"
    )
    return folder


def test_stop_words_of_a_file_stand_in_the_settings(tmp_path: Path) -> None:
    words = "\ufeffder | the\ndie das\n\n | a remark\nund\n"
    (tmp_path / "stop.txt").write_text(words, encoding="utf-8")
    found = load(project(tmp_path, 'stop_words = "file:stop.txt"\nkeep_negations = "german"'))
    assert found.text.stop_words == ("der", "die", "das", "und")
    assert found.text.keep_negations == "german"
    (tmp_path / "deep").mkdir()
    assert (
        load(project(tmp_path / "deep", 'stop_words = "file:../stop.txt"')).text
        == load(project(tmp_path / "deep", f'stop_words = "file:{tmp_path}/stop.txt"')).text
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"text\.stop_words: 'stop.txt' cannot be read: No such file"),
        (b"", r"text\.stop_words: the list is empty"),
        (b"\xff\xfe\x00", r"text\.stop_words: 'stop.txt' is no UTF-8 text"),
        (b"The", r"text\.stop_words: wanted lower case"),
    ],
)
def test_a_file_of_stop_words_that_is_at_fault_is_told_with_the_rest(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "stop.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(project(tmp_path, 'stop_words = "file:stop.txt"'))
    with pytest.raises(ConfigError, match=r"text\.mapp: no setting"):
        load(project(tmp_path, 'stop_words = "file:stop.txt"\nmapp = "none"'))


def test_only_a_project_file_may_name_a_file_of_stop_words() -> None:
    """A model's settings are words: opening one reads no file that it names."""
    assert any("text.stop_words: wanted" in fault for fault in faults(text={"stop_words": "file:/etc/passwd"}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stop_words": "germann"}, "did you mean 'german'?"),
        ({"stop_words": "klingon"}, "text.stop_words: wanted 'none' or 'catalan'"),
        ({"keep_negations": "klingon"}, "text.keep_negations: wanted true or false or 'catalan'"),
        ({"min_length": 0}, "text.min_length: wanted 1 or more, got 0"),
        ({"min_length": "3"}, "text.min_length: wanted a whole number, got '3'"),
        ({"map": ["porter", "portr"]}, "did you mean 'porter'?"),
        ({"map": "my maps:stem"}, "text.map: wanted one of"),
        ({"map": 3}, "text.map: wanted text or a list of text, got 3"),
        ({"tokens": "tweets"}, "did you mean 'tweet'?"),
    ],
)
def test_wrong_settings_of_the_text_path_are_told(settings: dict[str, Any], said: str) -> None:
    assert any(said in fault for fault in faults(text=settings)), faults(text=settings)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (
            {"candidate": [{"name": "a", "distil": {"teacher": "b"}}, {"name": "b", "distil": {"teacher": "x@1"}}]},
            "candidate[0].distil.teacher: 'b' is taught itself",
        ),
        (
            {"candidate": [{"model": {"kind": "majority"}, "distil": {"teacher": "x@1"}}]},
            "the majority baseline learns",
        ),
        ({"distil": {"teacher": "x@1"}, "split": {"folds": 5}}, "distil: with split.folds every row is tested"),
        ({"distil": {"teacher": "x@1"}, "evaluate": {"learning_curve": True}}, "evaluate.learning_curve: it trains"),
    ],
)
def test_what_a_taught_model_cannot_be_is_told(tables: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(MillConfig, {**LEAST, **tables})
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_a_candidate_is_taught_only_where_it_says_so() -> None:
    mill = from_mapping(MillConfig, {**LEAST, "distil": {"teacher": "x@1"}, "candidate": [{"name": "untaught"}]})
    assert mill.distil is not None
    assert mill.candidate[0].distil is None
