"""Porter's stemmer: NLTK is the oracle, on vocabularies, on every pair of suffixes and on arbitrary text."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from strategies import examples
from textmill.text.porter import Mode, stem

NLTK = PorterStemmer()
ORACLES: dict[Mode, PorterStemmer] = {
    "nltk": NLTK,
    "original": PorterStemmer(PorterStemmer.ORIGINAL_ALGORITHM),
    "martin": PorterStemmer(PorterStemmer.MARTIN_EXTENSIONS),
}
every_mode = pytest.mark.parametrize("mode", ["nltk", "original", "martin"])

_SUFFIXES = """
    s es sses ies ss ed ied eed ing y at bl iz ll ational tional enci anci izer bli abli alli entli eli ousli ization
    ation ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance
    ence er ic able ible ant ement ment ent sion tion ion ou ism ate iti ous ive ize e
"""
SUFFIXES = _SUFFIXES.split()
_STARTS = "b a y us by tr ay oat trot hop snow boy fizz control syzyg é"
STARTS = ["", *_STARTS.split()]
PIECES = [*SUFFIXES, *STARTS, *"aeiouybdlmnrstwxz", "*", "*d", "1", "İ", "Σ", "ǅ", "'"]


def differences(words: Iterable[str], mode: Mode = "nltk") -> list[tuple[str, str, str]]:
    oracle = ORACLES[mode].stem
    return [(word, got, wanted) for word in words if (got := stem(word, mode)) != (wanted := oracle(word))]


def lines_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().split()


def test_example_t2_dance_and_study() -> None:
    stems = [stem(word) for word in ("dance", "dancing", "dancer", "studies", "study", "studying")]
    assert stems == ["danc", "danc", "dancer", "studi", "studi", "studi"]


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("cats", "cat"),
        ("feed", "feed"),
        ("agreed", "agre"),
        ("plastered", "plaster"),
        ("bled", "bled"),
        ("sing", "sing"),
        ("conflated", "conflat"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("vietnamization", "vietnam"),
        ("sensibiliti", "sensibl"),
        ("electrical", "electr"),
        ("adoption", "adopt"),
        ("rate", "rate"),
        ("cease", "ceas"),
        ("controll", "control"),
        ("roll", "roll"),
    ],
)
def test_the_examples_of_the_paper(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("skies", "sky"),  # the pool of irregular forms
        ("Dying", "die"),
        ("is", "is"),  # two letters stay
        ("dies", "die"),  # ies and ied after one letter
        ("died", "die"),
        ("flies", "fli"),
        ("enjoy", "enjoy"),  # y after a vowel stays
        ("using", "use"),  # a short word of two letters
        ("rationally", "ration"),  # alli, then once more
        ("geologi", "geolog"),
        ("hopefulli", "hope"),
    ],
)
def test_the_departures_from_the_paper(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed == NLTK.stem(word)


@pytest.mark.parametrize(
    ("word", "stems"),
    [
        ("sky", "sky sky sky"),
        ("dying", "die dy dy"),
        ("is", "is i is"),
        ("s", "s  s"),
        ("y", "y y y"),
        ("by", "by by by"),
        ("dies", "die di di"),
        ("spied", "spi spi spi"),
        ("enjoy", "enjoy enjoi enjoi"),
        ("possibly", "possibl possibli possibl"),
        ("archaeology", "archaeolog archaeologi archaeolog"),
        ("geology", "geolog geologi geologi"),
        ("using", "use us us"),
        ("rationally", "ration ration ration"),
        ("hopefully", "hope hopefulli hopefulli"),
        ("agefulness", "age ag ag"),
    ],
)
def test_the_three_modes_where_they_part(word: str, stems: str) -> None:
    """In the order nltk, original, martin."""
    assert [stem(word, mode) for mode in ORACLES] == stems.split(" ")
    assert [oracle.stem(word) for oracle in ORACLES.values()] == stems.split(" ")


@pytest.mark.slow
@every_mode
def test_every_pair_of_suffixes_is_stemmed_as_by_nltk(mode: Mode) -> None:
    endings = ["", *SUFFIXES]
    starts = STARTS if mode == "nltk" else STARTS[::6]
    assert differences((a + b + c for a in starts for b in endings for c in endings), mode) == []


@given(st.text())
@settings(deadline=None, max_examples=examples(300))
def test_arbitrary_text_is_stemmed_as_by_nltk(word: str) -> None:
    for mode in ORACLES:
        assert differences([word, word.upper()], mode) == []


@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
@settings(deadline=None, max_examples=examples(500))
def test_words_made_of_suffixes_are_stemmed_as_by_nltk(word: str) -> None:
    for mode in ORACLES:
        assert differences([word], mode) == []


@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
@settings(deadline=None)
def test_a_stem_is_lower_case_not_empty_and_not_longer_than_the_word(word: str) -> None:
    for mode in ORACLES:
        stemmed = stem(word, mode)
        assert stemmed == stemmed.lower()
        assert bool(stemmed) == bool(word) or (mode == "original" and word == "s")
        assert len(stemmed) <= len(word.lower())


def test_a_token_of_a_million_letters_takes_linear_time() -> None:
    # with quadratic time in a run of y's this test would take an hour
    million = 1_000_000
    assert stem("y" * million) == "y" * (million - 1) + "i"
    assert stem("ay" * million + "s") == "ay" * million
    assert stem("a" * million + "ing") == "a" * million
    for mode in ORACLES:
        assert len(stem("y" * 100_000 + "ing", mode)) >= 99_999


@pytest.mark.slow
@every_mode
def test_the_vocabularies_of_snowball_are_stemmed_as_by_nltk(data_dir: Path, mode: Mode) -> None:
    words = {word for name in ("porter", "english") for word in lines_of(data_dir / "snowball" / name / "voc.txt.gz")}
    assert len(words) > 42_600
    assert differences(words, mode) == []


@every_mode
def test_the_published_output_of_nltk_is_met(data_dir: Path, mode: Mode) -> None:
    with zipfile.ZipFile(data_dir / "nltk_data" / "stemmers" / "porter_test.zip") as kept:
        words = kept.read("porter_test/porter_vocabulary.txt").decode().split()
        wanted = kept.read(f"porter_test/porter_{mode}_output.txt").decode().split("\n")
    assert len(words) > 23_000
    assert [stem(word, mode) for word in words] == wanted[: len(words)]


@pytest.mark.slow
def test_the_words_corpus_is_stemmed_as_by_nltk(data_dir: Path) -> None:
    with zipfile.ZipFile(data_dir / "nltk_data" / "corpora" / "words.zip") as kept:
        words = kept.read("words/en").decode().split()
    assert len(words) > 230_000
    assert differences(words) == []


@pytest.mark.slow
def test_every_word_of_imdb_is_stemmed_as_by_nltk(data_dir: Path) -> None:
    words: set[str] = set()
    for side in ("train", "test"):
        with gzip.open(data_dir / "imdb" / f"{side}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                words.update(re.findall(r"\b\w\w+\b", json.loads(line)["text"].lower()))
    assert len(words) > 100_000
    assert [found for mode in ORACLES for found in differences(words, mode)] == []
