"""Cleaners, cases and splitters as a project file names them."""

from __future__ import annotations

import pytest

from textmill.config import TextConfig
from textmill.text import TextPath, profile


def terms(text: str, **settings: object) -> list[str]:
    tokens = TextPath(TextConfig(**{"clean": (), "map": "none", **settings})).tokens([text])  # type: ignore[arg-type]
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
