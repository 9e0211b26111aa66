"""Cleaners, cases and splitters as a project file names them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize import TweetTokenizer

from strategies import examples, texts
from textmill.config import TextConfig
from textmill.errors import ConfigError
from textmill.text import TextPath, profile, token_map


def terms(text: str, **chosen: object) -> list[str]:
    tokens = TextPath(TextConfig(**{"clean": (), "map": "none", **chosen})).tokens([text])  # type: ignore[arg-type]
    return [tokens.types[i] for i in tokens.ids]


@pytest.mark.parametrize("name", ["plain", "tweet", "web", "wiki"])
def test_a_profile_is_the_cleaners_it_stands_for(name: str) -> None:
    text = "<p>So&nbsp;hot 😀 @ann see https://t.example/x #ForestFire2020 [1] a.b@c.example</p>"
    assert terms(text, clean=name) == terms(text, clean=profile(name))
    assert TextPath(TextConfig(clean=name)).hash != TextPath(TextConfig(clean=())).hash  # type: ignore[arg-type]


def test_a_tweet_is_cleaned_to_its_words() -> None:
    found = terms("@ann RT: #ForestFire near La Ronge 😀 https://t.example/x", clean="tweet")
    assert found == ["rt", "forest", "fire", "near", "la", "ronge", "grinning", "face"]


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        ("words", ["can", "stop", "at", "15"]),
        ("unicode", ["can't", "stop", "a", "at", "3.15"]),
        ("whitespace", ["can't", "stop:", "a", "at", "3.15!"]),
    ],
)
def test_splitters_by_name(tokens: str, wanted: list[str]) -> None:
    assert terms("Can't stop: A at 3.15!", tokens=tokens) == wanted


@pytest.mark.parametrize(("case", "wanted"), [("lower", "straße"), ("casefold", "strasse"), ("keep", "STRAßE")])
def test_cases_by_name(case: str, wanted: str) -> None:
    assert terms("STRAßE", case=case) == [wanted]


def test_spans_lead_back_to_the_raw_text_through_a_profile() -> None:
    text = "@ann <b>Forest&amp;Fire</b> 😀 #LaRonge"
    tokens = TextPath(TextConfig(clean="tweet", map="none")).tokens([text], spans=True)
    assert tokens.spans is not None
    found = [(tokens.types[i], text[a:b]) for i, (a, b) in zip(tokens.ids, tokens.spans, strict=True)]
    assert found[:2] == [("forest", "Forest"), ("fire", "Fire")]
    assert found[-2:] == [("la", "La"), ("ronge", "Ronge")]
    assert {raw for term, raw in found if term in ("grinning", "face")} == {"😀"}


def test_each_stage_of_a_profile_is_explained() -> None:
    stages = [stage.stage for stage in TextPath(TextConfig(clean="wiki", case="casefold")).explain("A [1] b")]
    assert stages[:2] == ["raw", "clean: html"]
    assert "clean: citations" in stages
    assert "case: casefold" in stages


def test_words_are_left_out_as_they_stand_before_any_map() -> None:
    text = "The studies of 2020 ran on, 3d too: naïve"
    assert terms(text, min_length=3) == ["the", "studies", "2020", "ran", "too", "naïve"]
    assert terms(text, letters_only=True) == ["the", "studies", "of", "ran", "on", "too", "naïve"]
    assert terms(text, min_length=4, letters_only=True, map="porter") == ["studi", "naïv"]
    # "ran" is long enough before it is stemmed, "studi" is no stop word
    assert terms("ran studies", min_length=3, stop_words=("studi", "run"), map="lemma-en") == ["run", "study"]


def test_letters_come_with_their_marks() -> None:
    """str.isalpha would leave out every Hindi word with a vowel sign."""
    hindi, split = "हिन्दी", unicodedata.normalize("NFD", "naïve")
    assert not hindi.isalpha()
    assert terms(f"{hindi} {split} a1 ́ x", tokens="whitespace", letters_only=True) == [hindi, split, "x"]


@given(texts, st.integers(1, 6), st.booleans())
def test_what_is_left_out_is_told_by_the_words_themselves(text: str, shortest: int, letters_only: bool) -> None:
    everything = terms(text, tokens="unicode")
    kept = [
        word
        for word in everything
        if len(word) >= shortest and (not letters_only or all(unicodedata.category(c)[0] in "LM" for c in word))
    ]
    found = terms(text, tokens="unicode", min_length=shortest, letters_only=letters_only)
    # a mark alone is no letter
    assert found == [word for word in kept if not letters_only or any(c.isalpha() for c in word)]


@pytest.mark.parametrize("length", [0, -1])
def test_a_length_below_one_is_refused(length: int) -> None:
    with pytest.raises(ConfigError, match=rf"min_length: wanted 1 or more, got {length}"):
        TextPath(TextConfig(min_length=length))


def test_maps_run_one_after_the_other() -> None:
    words = ["studies", "slept", "better", "relational"]
    path = TextPath(TextConfig(map=("lemma-en", "porter")))
    assert path.terms(words) == token_map("porter")(token_map("lemma-en")(words)) == ["studi", "sleep", "good", "relat"]
    assert TextPath(TextConfig(map=("porter", "lemma-en"))).hash != path.hash
    assert TextPath(TextConfig(map=())).terms(words) == TextPath(TextConfig(map="none")).terms(words) == words
    assert TextPath(TextConfig(map=("none", "porter", "none"))).terms(words) == token_map("porter")(words)


def test_what_one_map_leaves_nothing_of_the_next_is_not_asked_about() -> None:
    path = TextPath(TextConfig(map=("porter-original", "lemma-en", "shape"), tokens="whitespace"))
    assert path.terms(["s", "is", "Cats"]) == [None, "X", "xxx"]
    stages = path.explain("s is")[-3:]
    assert [(stage.stage, [token[0] for token in stage.tokens or ()]) for stage in stages] == [
        ("map: porter-original", ["i"]), ("map: lemma-en", ["I"]), ("map: shape", ["X"])
    ]  # fmt: skip


def test_each_new_setting_is_explained_and_enters_the_hash() -> None:
    config = TextConfig(clean=(), stop_words="english", min_length=3, letters_only=True, map=("lemma-en", "porter"))
    stages = TextPath(config).explain("The 2020 studies of it, ran")
    assert [stage.stage for stage in stages] == [
        "raw", "case: lower", "tokens: words", "stop_words", "min_length: 3", "letters_only", "map: lemma-en",
        "map: porter",
    ]  # fmt: skip
    assert [[token[0] for token in stage.tokens or ()] for stage in stages[3:]] == [
        ["2020", "studies", "ran"], ["2020", "studies", "ran"], ["studies", "ran"], ["study", "run"], ["studi", "run"],
    ]  # fmt: skip
    plain = TextConfig()
    changes: list[dict[str, object]] = [
        {},
        {"min_length": 2},
        {"letters_only": True},
        {"map": ("porter",)},
        {"tokens": "tweet"},
    ]
    assert len({TextPath(replace(plain, **change)).hash for change in changes}) == 5  # type: ignore[arg-type]


def test_older_models_keep_their_hash() -> None:
    """The default as it was before there were `min_length` and `letters_only`: a model made then can be loaded."""
    described = TextPath(TextConfig(map="porter", stop_words="english")).description
    assert set(described) == {"program", "unicode", "settings", "map", "stop_words"}
    assert set(described["settings"]) == {"clean", "case", "tokens", "stop_words", "keep_negations", "map"}
    assert described["map"] == ["porter", "1"]


TWEETS = [
    "@NWS: #Flood in Bow :-( see http://t.example/X (call 555-123-4567) &amp; RT!!! :D",
    "HELPPPPP @bob XD <3 I'm NOT here...",
    "",
]


def test_tokens_of_tweets_are_those_of_nltk() -> None:
    kept, lowered = TweetTokenizer(), TweetTokenizer(preserve_case=False)
    for text in TWEETS:
        assert terms(text, tokens="tweet", case="keep") == kept.tokenize(text)
        assert terms(text, tokens="tweet") == lowered.tokenize(text)
        assert TextPath(TextConfig(tokens="tweet", map="none", clean=())).explain(text)[-1].stage == "tokens: tweet"


@given(texts)
@settings(max_examples=examples(50))
def test_any_text_is_split_as_by_nltks_tweet_tokenizer(text: str) -> None:
    wanted = [re.sub("[\ud800-\udfff]", "\ufffd", token) for token in TweetTokenizer().tokenize(text)]
    assert terms(text, tokens="tweet", case="keep") == wanted


def test_half_a_character_in_a_tweet_is_no_half_a_term() -> None:
    assert terms("a &#xD800; b", tokens="tweet") == ["a", "\N{REPLACEMENT CHARACTER}", "b"]


def punctuation(token: str) -> str | None:
    return None if not any(map(str.isalnum, token)) else token


def test_example_t4_the_tweet_profile() -> None:
    """Without the part of speech "building" stays a noun; the course's list has "build"."""
    text = "@huggingface is building a fantastic library of NLP datasets and models at http://huggingface.com"
    config = TextConfig(clean="tweet", case="keep", tokens="tweet", stop_words="english")
    path = TextPath(config, maps=["lemma-en"])
    tokens = path.tokens([text])
    found = [tokens.types[i] for i in tokens.ids]
    assert found == ["building", "fantastic", "library", "NLP", "dataset", "model"]
    tokens = TextPath(config, maps=[punctuation, "lemma-en"]).tokens([f"{text} !"])
    assert [tokens.types[i] for i in tokens.ids] == found
