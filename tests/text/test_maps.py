"""The table of maps: names, versions, results equal to the libraries behind them."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from textmill.errors import DataError, UnknownName
from textmill.text import porter
from textmill.text.maps import map_names, token_map

_HERE = "dutch english finnish french german greek hindi italian porter portuguese russian spanish swedish turkish"
LANGUAGES = _HERE.split()  # those whose vocabulary is among the data

words = st.text(st.characters(exclude_categories=["Cs"]))


def vocabulary(data_dir: Path, language: str) -> tuple[list[str], list[str]]:
    folder = data_dir / "snowball" / language
    before, after = (
        gzip.decompress((folder / name).read_bytes()).decode().removesuffix("\n").split("\n")
        for name in ("voc.txt.gz", "output.txt.gz")
    )
    assert len(before) == len(after)
    return before, after


def test_the_names_are_none_porter_and_every_language_of_pystemmer() -> None:
    assert map_names() == tuple(sorted(["none", "porter", *(f"snowball-{name}" for name in Stemmer.algorithms())]))
    assert {f"snowball-{language}" for language in LANGUAGES} < set(map_names())


def test_every_name_gives_a_map_that_says_name_and_version() -> None:
    for name in map_names():
        made = token_map(name)
        assert made.name == name
        assert made.version
        assert made == token_map(name)
        assert len(made(["running", "häuser", "бегущий", "123"])) == 4


def test_the_version_is_that_of_the_code_behind_the_map() -> None:
    assert token_map("porter").version == porter.VERSION
    assert token_map("snowball-english").version == f"PyStemmer {version('PyStemmer')}"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Porter", "porter"),
        ("snowball-englisch", "snowball-english"),
        ("snowbal-german", "snowball-german"),
        ("non", "none"),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=re.escape(f"no map is called {name!r}")) as caught:
        token_map(name)
    assert str(caught.value).endswith(f"Did you mean {meant!r}?")
    assert caught.value.known == map_names()


@pytest.mark.parametrize(
    "name", ["", "snowball-", "snowball", "english", "en", "snowball-en", "snowball-ENGLISH", "none "]
)
def test_nothing_but_the_names_is_taken(name: str) -> None:
    # PyStemmer itself would take "en" for English
    with pytest.raises(UnknownName):
        token_map(name)


def test_example_t2_dance_and_study() -> None:
    types = ["dance", "dancing", "dancer", "studies", "study", "studying"]
    assert token_map("porter")(types) == ["danc", "danc", "dancer", "studi", "studi", "studi"]


@given(st.lists(words))
def test_none_gives_the_types_back_in_a_new_list(types: list[str]) -> None:
    mapped = token_map("none")(types)
    assert mapped == types
    assert mapped is not types


@pytest.mark.parametrize("name", ["none", "porter", "snowball-english", "snowball-russian"])
@given(types=st.lists(words, max_size=8))
@settings(deadline=None)
def test_the_image_of_a_type_does_not_depend_on_its_neighbours(name: str, types: list[str]) -> None:
    mapped = token_map(name)
    assert mapped(types) == mapped(tuple(types)) == [mapped([token])[0] for token in types]


@given(st.lists(words, max_size=8))
@settings(deadline=None)
def test_snowball_is_pystemmer(types: list[str]) -> None:
    assert token_map("snowball-english")(types) == Stemmer.Stemmer("english").stemWords(types)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_published_vocabulary_is_met(data_dir: Path, language: str) -> None:
    before, after = vocabulary(data_dir, language)
    mapped = token_map(f"snowball-{language}")(before)
    differing = [word for word, got, wanted in zip(before, mapped, after, strict=True) if got != wanted]
    if language == "finnish":
        # the vocabulary is of Snowball 3.0; 3.1 also cuts the illative -hVn after a consonant: idahon -> idaho
        assert len(differing) in (0, 103)
        assert all(re.search("h[aeiouäö]n|h[iu]nko$", word) for word in differing)
    else:
        assert differing == []


def test_two_threads_with_the_same_map_do_not_disturb_each_other(data_dir: Path) -> None:
    before, after = vocabulary(data_dir, "english")
    backwards, wanted = before[::-1], after[::-1]
    mapped = token_map("snowball-english")
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(mapped, types) for types in [before, backwards] * 3]
        assert [each.result() for each in done] == [after, wanted] * 3


def test_half_a_character_is_refused_in_one_sentence() -> None:
    with pytest.raises(DataError, match=r"map snowball-english: the token 'ab\\ud800' cannot be written as UTF-8"):
        token_map("snowball-english")(["fine", "ab\ud800"])
    assert token_map("porter")(["ab\ud800s"]) == ["ab\ud800"]


def test_importing_the_table_imports_no_stemmer() -> None:
    code = "import sys, textmill.text.maps; print('Stemmer' in sys.modules, 'textmill.text.porter' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]
