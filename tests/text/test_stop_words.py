"""Stop words: scikit-learn's list, without the negations unless asked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from textmill.errors import UnknownName
from textmill.text.stop_words import ENGLISH, NEGATIONS, spared, stop_words

KEPT = {
    *("cannot", "cant", "couldnt", "hasnt", "neither", "never", "no", "nobody", "none", "noone", "nor", "not"),
    *("nothing", "nowhere", "without"),
}


def test_the_english_list_is_that_of_scikit_learn() -> None:
    assert ENGLISH == ENGLISH_STOP_WORDS
    assert len(ENGLISH) == 318


@pytest.mark.parametrize("word", ["not", "no", "never", "n't"])
def test_example_t11_negations_stay_unless_asked_for(word: str) -> None:
    assert word not in stop_words("english")
    assert word not in stop_words((word, "the"))
    assert word in stop_words((word, "the"), keep_negations=False)


def test_the_english_list_loses_its_negations_and_nothing_else() -> None:
    assert stop_words("english") == ENGLISH - KEPT
    assert spared("english") == KEPT
    assert stop_words("english", keep_negations=False) == ENGLISH
    assert spared("english", keep_negations=False) == frozenset()


def test_none_drops_nothing() -> None:
    assert stop_words("none") == stop_words(()) == spared("none") == frozenset()


def test_the_list_that_comes_with_nltk_loses_its_negations_and_nothing_else(data_dir: Path) -> None:
    with zipfile.ZipFile(data_dir / "nltk_data" / "corpora" / "stopwords.zip") as kept:
        listed = kept.read("stopwords/english").decode().split()
    heads = "ain aren couldn didn doesn don hadn hasn haven isn mightn mustn needn shan shouldn wasn weren won wouldn"
    wanted = {"no", "nor", "not", "t", *heads.split(), *(f"{head}'t" for head in heads.split() if head != "ain")}
    assert spared(listed) == wanted
    assert stop_words(listed) == set(listed) - wanted


@pytest.mark.parametrize("word", ["Not", "NEVER", "didn't", "Didn’t", "didn", "didnt", "can't", "cant", "won", "t"])
def test_a_negation_is_known_in_any_case_and_with_either_apostrophe(word: str) -> None:
    assert stop_words([word]) == frozenset()
    assert stop_words([word], keep_negations=False) == {word}


@pytest.mark.parametrize("word", ["can", "did", "few", "less", "nevertheless", "notable", "now", "but", "against"])
def test_what_does_not_negate_is_dropped_as_asked(word: str) -> None:
    assert stop_words([word]) == {word}


@given(st.sets(st.one_of(st.text(), st.sampled_from(sorted(NEGATIONS)))), st.booleans())
def test_what_is_dropped_and_what_is_spared_make_up_the_list(listed: set[str], keep: bool) -> None:
    dropped, kept = stop_words(tuple(listed), keep), spared(tuple(listed), keep)
    assert dropped | kept == listed
    assert not dropped & kept
    assert keep or not kept


def test_an_unknown_list_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match=r"no list of stop words is called 'englisch'.*Did you mean 'english'"):
        stop_words("englisch")
