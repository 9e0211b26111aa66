"""The cleaners as plain functions, and the profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given

from strategies import texts
from textmill import _native
from textmill.errors import DataError, UnknownName
from textmill.text import clean
from textmill.text.profiles import PROFILES, profile

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "ascii": clean.fold_to_ascii,
    "casefold": clean.casefold,
    "citations": clean.drop_citations,
    "control": clean.drop_controls,
    "digits": clean.fold_digits,
    "emails": clean.drop_emails,
    "emoji-drop": clean.drop_emoji,
    "emoji-name": clean.name_emoji,
    "hashtags-drop": clean.drop_hashtags,
    "hashtags-keep": clean.keep_hashtags,
    "hashtags-split": clean.split_hashtags,
    "headers": clean.drop_headers,
    "html": clean.strip_html,
    "mentions": clean.drop_mentions,
    "nfc": clean.normalize,
    **{form: lambda text, form=form: clean.normalize(text, form) for form in ("nfd", "nfkc", "nfkd")},  # type: ignore[misc]
    "spaces": clean.join_spaces,
    "urls": clean.drop_urls,
}


def test_every_stage_has_its_function() -> None:
    assert sorted(FUNCTIONS) == list(clean.STAGES)


@pytest.mark.parametrize("name", clean.STAGES)
def test_a_function_is_the_stage_of_its_name_for_one_text_and_for_many(name: str) -> None:
    raw = (
        "A: b\nC: d\n\n" * (name == "headers")
        + "<p>#ÉtéChaud2020</p>\x00 e\u0301 ﬁ ½ 😀 @bob bob@a.org http://x.y [1]  12 "
    )
    want = _native.Program([name], False, 1).rewrite(raw).decode()
    assert want != raw
    assert FUNCTIONS[name](raw) == want
    assert FUNCTIONS[name]([raw, "", "x", raw]) == [want, "", "x", want]
    assert FUNCTIONS[name](pa.array([raw])) == [want]
    assert FUNCTIONS[name]([]) == []


@given(texts)
def test_a_chain_is_its_stages_one_after_the_other(text: str) -> None:
    for name, stages in PROFILES.items():
        one_by_one = text
        for stage in stages:
            one_by_one = clean.clean_text(one_by_one, [stage])
        assert clean.clean_text(text, name) == one_by_one


@given(texts)
def test_a_plain_text_stays_plain(text: str) -> None:
    once = clean.clean_text(text, "plain")
    assert clean.clean_text(once, "plain") == once


@pytest.mark.parametrize(
    ("name", "raw", "left"),
    [
        ("plain", " e\u200b\u0301\r\n\r\nx\x00 ", "é x"),
        (
            "tweet",
            "@huggingface is building a fantastic library of NLP datasets and models at http://huggingface.com",
            "is building a fantastic library of NLP datasets and models at",
        ),
        ("tweet", "R&amp;D @a&#8203;b #NewYork😀 me@x.org t.co/#x", "R&D New York grinning face t.co/x"),
        ("web", "<p>One</p><p>Two &amp; three</p>", "One Two & three"),
        ("wiki", "It rose.[1]\nIt fell[citation needed].", "It rose. It fell."),
    ],
)
def test_what_a_profile_leaves(name: str, raw: str, left: str) -> None:
    assert clean.clean_text(raw, name) == left


def test_names_that_are_none_are_told_with_those_that_are() -> None:
    with pytest.raises(UnknownName, match=r"no cleaner is called 'emoji'.*emoji-drop"):
        clean.clean_text("x", ["emoji"])
    with pytest.raises(UnknownName, match=r"no profile is called 'tweets'.*Did you mean 'tweet'"):
        profile("tweets")


@pytest.mark.parametrize("wrong", [["fine", None], ["\ud800"], "\ud800", 7, b"x", {"a": "b"}])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    with pytest.raises(DataError):
        clean.drop_urls(wrong)
