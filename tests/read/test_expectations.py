"""What rows are expected to be like, and texts that hold personal data."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.config import ExpectConfig, from_mapping
from textmill.errors import ConfigError, GateRefused
from textmill.read import Corpus
from textmill.read.expectations import check_expectations, measures, unmet
from textmill.read.leaks import find_leaks
from textmill.read.personal import find_personal, is_card, is_iban
from textmill.read.split import alike_rows


def looked_at(rows: list[dict[str, str]]) -> tuple[Corpus, dict[str, object]]:
    import numpy as np

    corpus = Corpus.of(rows)
    alike, _ = alike_rows([corpus], similarity=0.8, threads=1)
    return corpus, find_leaks(
        [corpus], np.array([0] * (len(rows) - 1) + [1], np.int8), alike, policy="report", similarity=0.8
    )


ROWS = [
    {"text": "same text here", "label": "a"},
    {"text": "same text here", "label": "b"},
    {"text": "quite another one", "label": "a"},
    {"text": "ab", "label": "a"},
    {"text": "same text here", "label": "a"},
]


def test_what_is_measured_is_what_is_there() -> None:
    corpus, leaks = looked_at(ROWS)
    assert measures(corpus, leaks) == {
        "rows": 5, "rejected": 0, "rarest": 1, "commonest": 0.8, "shortest": 2, "longest": 17,
        "duplicates": 0.6, "contradictions": 3, "leaked": 1.0,
    }  # fmt: skip
    names = {key.name for key in dataclasses.fields(ExpectConfig)} - {"label", "languages"}
    assert names == set(measures(corpus, leaks))


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"rows": ">= 5", "longest": "< 18", "contradictions": "== 3", "commonest": "<= 0.8"}, []),
        ({"rows": "> 5"}, ["rows: wanted > 5, got 5"]),
        (
            {"duplicates": "<= 0.1"},
            [
                "duplicates (the share of rows that are equal or nearly equal to another row): wanted <= 0.1, got 0.6",
            ],
        ),
        ({"label": ["a"]}, ["label: 1 row is 'b', which is not expected"]),
        (
            {"label": ["a", "b", "c"], "rarest": ">= 2"},
            ["rarest (rows of the rarest class): wanted >= 2, got 1", "label: no row is 'c'"],
        ),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_is_told(expected: dict[str, object], said: list[str]) -> None:
    corpus, leaks = looked_at(ROWS)
    config = from_mapping(ExpectConfig, expected)
    assert unmet(config, measures(corpus, leaks), corpus.facts["classes"]) == said
    if said:
        with pytest.raises(GateRefused, match="Nothing was trained"):
            check_expectations(config, corpus, leaks)


@pytest.mark.parametrize("said", ["1000", ">= many", "=> 3", ""])
def test_a_comparison_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ConfigError, match="rows: wanted a comparison, such as '>= 1000'"):
        from_mapping(ExpectConfig, {"rows": said})


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        ({"english": ">= 0.9"}, "languages: wanted codes of languages, such as en or de, got 'english'"),
        ({"en": "0.9"}, "languages.en: wanted a comparison, such as '>= 0.95', got '0.9'"),
        ({"en": ">= 95"}, "languages.en: wanted a share between 0 and 1"),
    ],
)
def test_languages_that_say_nothing_are_refused(languages: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        from_mapping(ExpectConfig, {"languages": languages})


def test_languages_are_expected_like_other_shares() -> None:
    pytest.importorskip("py3langid")
    english, german = "The river has come over the road again.", "Der Fluss ist wieder über die Straße getreten."
    corpus, leaks = looked_at([{"text": text, "label": "a"} for text in [english] * 3 + [german]])
    check_expectations(from_mapping(ExpectConfig, {"languages": {"en": ">= 0.7", "de": "<= 0.3"}}), corpus, leaks)
    asked = from_mapping(ExpectConfig, {"languages": {"en": ">= 0.95", "fr": "> 0"}})
    with pytest.raises(
        GateRefused,
        match=re.escape(
            "languages.en: wanted >= 0.95, got 0.75 (en 0.75, de 0.25); languages.fr: wanted > 0, got 0 (en 0.75"
        ),
    ):
        check_expectations(asked, corpus, leaks)
    short, leaks = looked_at([{"text": "ok", "label": "a"}, {"text": "so", "label": "a"}])
    with pytest.raises(GateRefused, match="no text is long and clear enough to tell its language"):
        check_expectations(asked, short, leaks)


@given(st.integers(10**11, 10**14 - 1))
def test_one_check_digit_makes_a_card(number: int) -> None:
    assert sum(is_card(f"4{number}{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize(
    "said",
    ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NO9386011117947"],
)
def test_accounts_of_the_standards_examples(said: str) -> None:
    assert is_iban(said)
    assert not is_iban(said[:-1] + str((int(said[-1]) + 1) % 10))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("mail me: First.Last+tag@sub.example.co.uk!", {"e-mail"}),
        ("call +49 30 1234567 or (206) 555-0100", {"phone"}),
        ("206-555-0100", {"phone"}),
        ("card 5555 5555 5555 4444", {"card"}),
        ("5555-5555-5555-4445 is none", set()),
        ("IBAN DE89 3704 0044 0532 0130 00 please", {"iban"}),
        ("IBAN DE88 3704 0044 0532 0130 00 please", set()),
        ("@user at 10:30, 1999-12-31, 3.14159, v1.2.3, 1,000,000 and 12345", set()),
        ("http://t.co/abc a@b", set()),
    ],
)
def test_personal_data_are_found_and_no_others(text: str, kinds: set[str]) -> None:
    found = find_personal(Corpus.of(["nothing", text], label=None))
    assert set(found) == kinds
    assert all(one == {"texts": 1, "ids": ["2"]} for one in found.values())
