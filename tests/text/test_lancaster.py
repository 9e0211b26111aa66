"""The Lancaster stemmer: NLTK is the oracle."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.lancaster import LancasterStemmer

from textmill.text.lancaster import _rules, stem

NLTK = LancasterStemmer()
ENDINGS = [rule.ending for rules in _rules().values() for rule in rules]
PIECES = [*ENDINGS, *"aeiouybdlmnrstwxz", "-", "1", "İ", "Σ", "é"]


def test_the_table_is_that_of_nltk() -> None:
    ours = [
        f"{rule.ending[::-1]}{'*' * rule.intact}{rule.cut}{rule.put}{'>' if rule.goes_on else '.'}"
        for rules in _rules().values()
        for rule in rules
    ]
    assert ours == list(NLTK.default_rule_tuple)


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("maximum", "maxim"),  # um goes from a whole word
        ("presumably", "presum"),  # and from no other
        ("multiply", "multiply"),
        ("provision", "provid"),
        ("owed", "ow"),
        ("ear", "ear"),
        ("crying", "cry"),
        ("string", "string"),
        ("", ""),
    ],
)
def test_what_the_rules_say(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed == NLTK.stem(word)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_words_made_of_endings_are_stemmed_as_by_nltk(word: str) -> None:
    assert stem(word) == NLTK.stem(word)


@given(st.text())
def test_arbitrary_text_is_stemmed_as_by_nltk(word: str) -> None:
    assert stem(word) == NLTK.stem(word)


def test_the_rules_are_chosen_by_the_letters_a_word_begins_with() -> None:
    """A trait of NLTK's: "c-magic" has the rules for c tried on its end."""
    for word in ("c-magic", "d-magic", "1running", "run1ing"):
        assert stem(word) == NLTK.stem(word)


def test_a_token_of_a_million_letters_is_left_alone() -> None:
    assert stem("ING" * 400_000) == "ing" * 400_000
    assert stem("ing" * 333) == NLTK.stem("ing" * 333)


@pytest.mark.slow
def test_the_vocabulary_of_snowball_is_stemmed_as_by_nltk(data_dir: Path) -> None:
    words = gzip.decompress((data_dir / "snowball" / "porter" / "voc.txt.gz").read_bytes()).decode().split()
    assert len(words) > 42_600
    assert [(word, stem(word), NLTK.stem(word)) for word in words if stem(word) != NLTK.stem(word)] == []
