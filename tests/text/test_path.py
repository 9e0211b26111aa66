"""The text path: one frozen program, whose hash says which terms to expect."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import words
from strategies import corpora, texts
from textmill.config import TextConfig
from textmill.errors import ConfigError, DataError, UnknownName
from textmill.text import TextPath, token_map
from textmill.text import path as path_module
from textmill.text.stop_words import stop_words
from textmill.types import Tokens

configs = st.builds(
    TextConfig,
    clean=st.lists(st.sampled_from(["html", "urls", "mentions"]), max_size=3).map(tuple),
    case=st.sampled_from(["lower", "keep"]),
    stop_words=st.sampled_from(["none", "english", ("fire", "in")]),
    keep_negations=st.booleans(),
    map=st.sampled_from(["none", "porter", "snowball-english"]),
)


def spelled(tokens: Tokens) -> list[list[str]]:
    rows = tokens.rows.tolist()
    return [[tokens.types[i] for i in tokens.ids[a:b]] for a, b in itertools.pairwise(rows)]


@given(corpora, configs)
def test_terms_are_those_of_a_plain_program(batch: list[str], config: TextConfig) -> None:
    """Clean, case, split, drop, map: word by word, without a type table."""
    dropped, one = stop_words(config.stop_words, config.keep_negations), token_map(config.map)
    expected = [
        [
            (term, begin, end)
            for word, begin, end in words.tokens(text, config.clean, config.case == "lower")
            if word not in dropped and (term := one([word])[0])
        ]
        for text in batch
    ]
    tokens = TextPath(config).tokens(batch, spans=True)
    assert spelled(tokens) == [[term for term, _, _ in text] for text in expected]
    assert tokens.spans is not None
    assert tokens.spans.tolist() == [[begin, end] for text in expected for _, begin, end in text]
    first_seen = list(dict.fromkeys(term for text in expected for term, _, _ in text))
    assert tokens.types == first_seen


@given(corpora, configs)
def test_a_text_does_not_depend_on_its_neighbours(batch: list[str], config: TextConfig) -> None:
    path = TextPath(config)
    assert spelled(path.tokens(batch)) == [spelled(path.tokens([text]))[0] for text in batch]


@given(texts, configs)
def test_the_last_stage_of_an_explanation_is_the_tokens(text: str, config: TextConfig) -> None:
    path = TextPath(config)
    stages = path.explain(text)
    tokens = path.tokens([text], spans=True)
    assert tokens.spans is not None
    last = [(tokens.types[i], a, b) for i, (a, b) in zip(tokens.ids, tokens.spans.tolist(), strict=True)]
    # a map may leave nothing of a word; the stage before it still shows the word
    assert stages[0].text == text
    assert [token for token in stages[-1].tokens or () if token[0]] == last
    cleaned = [stage.text for stage in stages if stage.text is not None]
    for i, shown in enumerate(cleaned[1 : len(config.clean) + 1], 1):
        assert shown == words.rewrite(text, config.clean[:i], False)
    if config.case == "lower":
        assert cleaned[-1] == words.rewrite(text, config.clean, True)


def test_an_explanation_shows_each_stage_under_its_name() -> None:
    config = TextConfig(clean=("html", "urls"), stop_words="english", map="porter")
    stages = TextPath(config).explain("<b>The</b> FIRES, http://a.b/c")
    assert [stage.stage for stage in stages] == [
        "raw", "clean: html", "clean: urls", "case: lower", "tokens: words", "stop_words", "map: porter",
    ]  # fmt: skip
    assert stages[2].text == "The FIRES,  "
    assert stages[-1].tokens == (("fire", 11, 16),)


CHANGES: dict[str, dict[str, object]] = {
    "clean": {"clean": ("html",)},
    "order of cleaners": {"clean": ("urls", "html")},
    "case": {"case": "keep"},
    "stop words": {"stop_words": "english"},
    "own stop words": {"stop_words": ("fire",)},
    "negations": {"stop_words": "english", "keep_negations": False},
    "map": {"map": "porter"},
    "no map": {"map": "none"},
}


def test_every_setting_changes_the_hash() -> None:
    hashes = {name: TextPath(replace(TextConfig(), **change)).hash for name, change in CHANGES.items()}  # type: ignore[arg-type]
    hashes["default"] = TextPath().hash
    assert len(set(hashes.values())) == len(hashes)
    assert all(len(value) == 64 for value in hashes.values())
    assert TextPath(TextConfig()).hash == hashes["default"]


@pytest.mark.parametrize("part", ["PROGRAM_VERSION", "stop word", "map"])
def test_what_is_behind_the_settings_changes_the_hash_too(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TextConfig(stop_words="english", map="porter")
    before = TextPath(config).hash
    if part == "PROGRAM_VERSION":
        monkeypatch.setattr(path_module, "PROGRAM_VERSION", path_module.PROGRAM_VERSION + 1)
    elif part == "stop word":
        monkeypatch.setattr(path_module, "stop_words", lambda *_: frozenset(["the"]))
    else:
        monkeypatch.setattr(path_module, "token_map", lambda name: replace(token_map(name), version="other"))
    assert TextPath(config).hash != before


def test_negations_stay_unless_asked() -> None:
    """Worked example T11."""
    text = ["it is not good, no, never"]
    kept = TextPath(TextConfig(stop_words="english", map="none"))
    gone = TextPath(TextConfig(stop_words="english", keep_negations=False, map="none"))
    assert spelled(kept.tokens(text)) == [["not", "good", "no", "never"]]
    assert spelled(gone.tokens(text)) == [["good"]]


def test_porter_on_the_words_of_the_course() -> None:
    """Worked example T2."""
    path = TextPath(TextConfig(map="porter"))
    assert spelled(path.tokens(["dance dancing dancer studies study studying"])) == [
        ["danc", "danc", "dancer", "studi", "studi", "studi"]
    ]


def test_wrong_settings_and_wrong_texts_are_refused() -> None:
    with pytest.raises(UnknownName, match="no map is called 'portr'"):
        TextPath(TextConfig(map="portr"))
    with pytest.raises(ConfigError, match=r"clean: wanted .* got .*htlm"):
        TextPath(TextConfig(clean=("htlm",)))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="text 0 is no str but int"):
        TextPath().tokens([1])
    with pytest.raises(DataError, match="lone surrogate"):
        TextPath().explain("\ud800")
