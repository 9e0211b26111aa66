"""The table of maps: names, versions, results equal to the libraries behind them."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st
from simplemma import lemmatize
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

from textmill.config import MillConfig, from_mapping
from textmill.errors import ConfigError, DataError, MissingExtra, UnknownName
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


def test_the_names_are_ours_and_every_language_of_pystemmer_and_simplemma() -> None:
    ours = {"none", "lancaster", "porter", "porter-martin", "porter-original", "shape"}
    snowball = {f"snowball-{name}" for name in Stemmer.algorithms()}
    lemma = {f"lemma-{code}" for code in SUPPORTED_LANGUAGES}
    assert map_names() == tuple(sorted(ours | snowball | lemma))
    assert {f"snowball-{language}" for language in LANGUAGES} < set(map_names())


def test_the_project_file_takes_exactly_these_names() -> None:
    wrong = [*map_names(), "lemma-xx", "snowball-", "lemma-", "Porter", "os.system", ":", "a:b.c", "a:<lambda>", "1:a"]
    for name in wrong:
        needed = {"project": {"name": "demo"}, "read": {"source": "a.csv"}, "text": {"map": name}}
        if name in map_names():
            assert from_mapping(MillConfig, needed).text.map == name
        else:
            with pytest.raises(ConfigError, match=r"text\.map: wanted one of"):
                from_mapping(MillConfig, needed)


def test_every_name_gives_a_map_that_says_name_and_version() -> None:
    for name in map_names():
        made = token_map(name)
        assert made.name == name
        assert made.version
        assert made == token_map(name)
        assert not made.opaque
        if not name.startswith("lemma-") or name == "lemma-sq":  # a table takes up to a second to be read
            mapped = made(["running", "häuser", "бегущий", "123", "", "x" * 2000])
            assert len(mapped) == 6
            assert mapped[4] == ""


def test_the_version_is_that_of_the_code_behind_the_map() -> None:
    assert token_map("porter").version == token_map("porter-martin").version == porter.VERSION
    assert token_map("lemma-en").version == f"simplemma {version('simplemma')}"
    assert token_map("shape").version.endswith(unicodedata.unidata_version)
    assert token_map("snowball-english").version == f"PyStemmer {version('PyStemmer')}"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Porter", "porter"),
        ("snowball-englisch", "snowball-english"),
        ("snowbal-german", "snowball-german"),
        ("non", "none"),
        ("porter_martin", "porter-martin"),
        ("lemma-eng", "lemma-en"),
        ("lancester", "lancaster"),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=re.escape(f"no map is called {name!r}")) as caught:
        token_map(name)
    assert str(caught.value).endswith(f"Did you mean {meant!r}?")
    assert caught.value.known == map_names()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "snowball-",
        "snowball",
        "english",
        "en",
        "snowball-en",
        "snowball-ENGLISH",
        "none ",
        "lemma-",
        "lemma-english",
    ],
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


@pytest.mark.parametrize(
    "name",
    ["none", "lancaster", "porter", "porter-original", "snowball-english", "snowball-russian", "shape", "lemma-en"],
)
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
    names = ("Stemmer", "simplemma", "stop_words", "textmill.text.porter", "textmill.text.lancaster")
    code = f"import sys, textmill.text.maps; print(*(name in sys.modules for name in {names}))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False"] * len(names)


def test_example_t3_lemmas() -> None:
    assert token_map("lemma-en")(["slept", "am", "are", "is"]) == ["sleep", "be", "be", "be"]


@pytest.mark.parametrize(
    ("code", "language"),
    [("en", "ud_english_ewt"), pytest.param("de", "german", marks=pytest.mark.slow)],
)
def test_lemmas_are_those_of_simplemma(data_dir: Path, code: str, language: str) -> None:
    if code == "en":
        lines = gzip.decompress((data_dir / language / "en_ewt-ud-dev.conllu.gz").read_bytes()).decode().splitlines()
        types = [*dict.fromkeys(line.split("\t")[1] for line in lines if line[:1].isdigit())]
    else:
        types = vocabulary(data_dir, language)[0][::20]
    assert len(types) > 1_700
    assert token_map(f"lemma-{code}")(types) == [lemmatize(word, lang=code) for word in types]


def test_lemmas_agree_with_the_treebank_as_often_as_simplemma_says(data_dir: Path) -> None:
    """It claims 0.96 on another English treebank; words whose lemma hangs on their part of speech are the rest."""
    folder = data_dir / "ud_english_ewt"
    lines = gzip.decompress((folder / "en_ewt-ud-dev.conllu.gz").read_bytes()).decode().splitlines()
    rows = [line.split("\t") for line in lines if line[:1].isdigit()]
    pairs = [(row[1], row[2]) for row in rows if row[0].isdigit() and row[3] != "PROPN"]
    mapped = token_map("lemma-en")([word.lower() for word, _ in pairs])
    hits = sum(lemma.lower() == wanted.lower() for lemma, (_, wanted) in zip(mapped, pairs, strict=True))
    assert hits / len(pairs) > 0.9


def test_a_missing_package_is_one_sentence_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplemma", None)
    with pytest.raises(MissingExtra, match=r"simplemma.*pip install 'textmill\[languages\]'"):
        token_map("lemma-en")(["is"])
    monkeypatch.setattr("importlib.metadata.version", _not_installed)
    with pytest.raises(MissingExtra, match=r"simplemma.*pip install 'textmill\[languages\]'"):
        token_map("lemma-en")


def _not_installed(name: str) -> str:
    raise PackageNotFoundError(name)
