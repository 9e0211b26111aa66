"""A text path in a folder, and texts as it splits them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from subword_zoo import model_of

from strategies import texts
from textmill.config import TextConfig
from textmill.errors import CorruptError, FormatError
from textmill.text import TextPath
from textmill.text.saved import read_path, write_path

PLAIN = TextConfig(clean=("urls",), map="porter", stop_words=("the",))


def subwords(folder: Path) -> TextPath:
    spec = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}}
    (folder / "t.json").write_text(json.dumps(spec | {"model": model_of("WordPiece", False)}))
    return TextPath(TextConfig(tokens="subword", tokens_file="t.json", map="none"), folder=folder)


def test_a_path_comes_back_as_it_was(tmp_path: Path) -> None:
    for number, path in enumerate((TextPath(PLAIN), subwords(tmp_path))):
        folder = tmp_path / str(number)
        folder.mkdir()
        head = json.loads(json.dumps(write_path(folder, path)))
        back = read_path(folder, head, "head.json")
        assert (back.hash, back.config) == (path.hash, path.config)
        text = "The flooding of http://t.example/x the rivers"
        assert back.tokens([text]).lists() == path.tokens([text]).lists()
        assert len(list(folder.iterdir())) == number  # only files that it needs


@pytest.mark.parametrize(
    ("other", "error", "said"),
    [
        ({"text_path": "0" * 64}, FormatError, r"head.json: this model's text path cannot be run here as it was"),
        ({"text": {"case": "keep"}}, FormatError, "cannot be run here as it was"),
        ({"text_path_description": None}, (TypeError, CorruptError), ""),
    ],
)
def test_a_path_that_is_not_what_it_was_is_refused(other: Any, error: Any, said: str, tmp_path: Path) -> None:
    head = json.loads(json.dumps(write_path(tmp_path, subwords(tmp_path))))
    with pytest.raises(error, match=said or None):
        read_path(tmp_path, {**head, **other, "text": {**head["text"], **other.get("text", {})}}, "head.json")


def test_a_file_of_a_path_that_was_changed_is_refused(tmp_path: Path) -> None:
    head = write_path(tmp_path, subwords(tmp_path))
    asset = tmp_path / "asset_tokens_file"
    asset.write_bytes(asset.read_bytes() + b" ")
    with pytest.raises(CorruptError, match="asset_tokens_file: this file is not what was saved"):
        read_path(tmp_path, head, "head.json")
    asset.unlink()
    with pytest.raises(OSError, match="asset_tokens_file"):
        read_path(tmp_path, head, "head.json")


@given(st.lists(texts, max_size=5))
def test_what_is_prepared_is_what_is_split(some: list[str]) -> None:
    path = TextPath(TextConfig(clean=("urls",), tokens="whitespace", map="none"))
    kept = TextPath(TextConfig(clean=(), case="keep", tokens="whitespace", map="none"))
    prepared = list(path.prepared(some))
    assert len(prepared) == len(some)
    assert list(path.prepared(pa.array(some, pa.string()))) == prepared
    assert list(path.prepared(pa.array([text], pa.string()) for text in some)) == prepared
    assert kept.tokens(prepared).lists() == path.tokens(some).lists()


def test_letters_stay_large_where_the_path_says_so() -> None:
    assert list(TextPath(TextConfig(case="keep", clean=())).prepared(["SEE", "", "İ☃"])) == ["SEE", "", "İ☃"]
    assert list(TextPath(TextConfig(clean=())).prepared(["SEE"], threads=2)) == ["see"]
