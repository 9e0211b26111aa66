"""Projects whose text path needs a file or a pattern."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from textmill import TextClassifier
from textmill.errors import ConfigError
from textmill.flow import run_project
from textmill.registry import Store

MILL = """
[project]
name = "toy"

[read]
source = "rows.csv"

[text]
tokens = "subword"
tokens_file = "words.json"
map = "none"

[evaluate]
bootstrap = 100
"""


def tokenizer(*words: str) -> str:
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(["[UNK]", *words])}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return str(made.to_str())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    folder = tmp_path / "toy"
    folder.mkdir()
    rows = [f"{word} number {i},{label}" for i in range(30) for word, label in (("fire", "a"), ("song", "b"))]
    (folder / "rows.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    (folder / "words.json").write_text(tokenizer("fire", "song"))
    (folder / "mill.toml").write_text(MILL)
    return folder


def redone(project: Path) -> list[str]:
    return [done.step for done in run_project(project, threads=1).steps if not done.cached]


def test_a_model_is_made_anew_when_the_bytes_of_its_file_change(project: Path) -> None:
    assert "train" in redone(project)
    (project / "words.json").write_text((project / "words.json").read_text())  # written anew, the same bytes
    assert redone(project) == []
    (project / "words.json").write_text(tokenizer("fire", "song", "number"))
    again = redone(project)
    assert {"train", "evaluate", "register"} <= {*again}
    assert not {"read", "split"} & {*again}


def test_a_registered_model_needs_the_project_no_more(project: Path) -> None:
    run_project(project, threads=1)
    moved = project.parent / "elsewhere"
    project.rename(moved)
    (moved / "words.json").unlink()
    _, folder = Store(moved / ".textmill").open("toy")
    assert TextClassifier.load(folder).predict(["fire", "song"]).labels == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"words.json"', '"no.json"', "no.json' cannot be read: No such file or directory"),
        ('"words.json"', '"rows.csv"', "text.tokens_file: rows.csv: this is no tokenizer file"),
        ('"words.json"', '"."', "cannot be read: Is a directory"),
        ('tokens_file = "words.json"', "", "text.tokens_file: is missing"),
        ('map = "none"', "", "text.map: snowball-english is for words"),
        (
            'tokens = "subword"\ntokens_file = "words.json"',
            'tokens = "regex"\npattern = "(a"',
            "text.pattern: '(a' is no pattern: missing ) at position 2",
        ),
    ],
)
def test_what_cannot_be_used_is_told_before_the_data_are_read(project: Path, old: str, new: str, said: str) -> None:
    (project / "mill.toml").write_text(MILL.replace(old, new))
    (project / "rows.csv").unlink() if "rows.csv" not in new else None
    with pytest.raises(ConfigError) as caught:
        run_project(project, threads=1)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(project / "mill.toml")) or caught.value.where == str(project)
    assert not (project / ".textmill" / "steps").exists()
