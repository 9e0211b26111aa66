"""Languages of texts: on paragraphs of eleven languages, and where the package is not there."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from textmill.errors import MissingExtra
from textmill.read import Corpus
from textmill.read.languages import find_languages


def test_paragraphs_of_eleven_languages_are_told_apart(data_dir: Path) -> None:
    pytest.importorskip("py3langid")
    with gzip.open(data_dir / "multilingual" / "xquad_paragraphs.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for language in ("de", "el", "en", "zh"):
        texts = [row["text"] for row in rows if row["lang"] == language][:60]
        if texts:
            found = find_languages(Corpus.of(texts, label=None))
            assert found[language] >= 0.9 * len(texts)  # 56 of 60 in Chinese, others nearly all
    mixed = find_languages(Corpus.of([row["text"] for row in rows], label=None), most=300)
    assert sum(mixed.values()) == 300
    assert list(mixed.values()) == sorted(mixed.values(), reverse=True)


def test_short_texts_are_no_texts_of_a_language() -> None:
    pytest.importorskip("py3langid")
    assert find_languages(Corpus.of(["ok", "so la la"], label=None)) == {}


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    with pytest.raises(MissingExtra, match=r"pip install 'textmill\[languages\]'"):
        find_languages(Corpus.of(["a text that is long enough"], label=None))
