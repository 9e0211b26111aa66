"""Languages of texts: on paragraphs of eleven languages, and where the package is not there."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from textmill.errors import MissingExtra
from textmill.read import Corpus
from textmill.read.languages import _identifier, find_languages


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
    told = [texts for code, texts in mixed.items() if code != "und"]
    assert told == sorted(told, reverse=True)


def test_what_is_in_no_language_is_not_guessed_at() -> None:
    pytest.importorskip("py3langid")
    noise = "#PBBan (Temporary:300) avYsss @'aRmageddon | DO NOT KILL | FLAGS ONLY | Fast XP'"
    english = "The river has come over the road again, and @somebody cannot get home. https://t.co/x"
    found = find_languages(Corpus.of([noise, english], label=None))
    assert list(found.items()) == [("en", 1), ("und", 1)]


def test_short_texts_are_no_texts_of_a_language() -> None:
    pytest.importorskip("py3langid")
    assert (
        find_languages(
            Corpus.of(
                ["ok", "so la la", "@a_long_name_of_somebody #and_a_tag https://example.org/and/more"], label=None
            )
        )
        == {}
    )


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid", None)
    monkeypatch.delitem(sys.modules, "py3langid.langid", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'textmill\[languages\]'"):
        find_languages(Corpus.of(["a text that is long enough"], label=None))
