"""Stop words: scikit-learn's list, without the negations unless asked."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import get_args

import pytest
import stop_words as guest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from textmill.config import Language
from textmill.errors import MissingExtra, UnknownName
from textmill.text.negations import NEGATIONS
from textmill.text.stop_words import ENGLISH, spared, stop_words

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


@given(st.sets(st.one_of(st.text(), st.sampled_from(sorted(NEGATIONS["english"])))), st.booleans())
def test_what_is_dropped_and_what_is_spared_make_up_the_list(listed: set[str], keep: bool) -> None:
    dropped, kept = stop_words(tuple(listed), keep), spared(tuple(listed), keep)
    assert dropped | kept == listed
    assert not dropped & kept
    assert keep or not kept


def test_an_unknown_list_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match=r"no list of stop words is called 'englisch'.*Did you mean 'english'"):
        stop_words("englisch")


SPARED: dict[Language, str] = {
    "catalan": "sense",
    "czech": """
        ani aniž bez beze ne nebyl nebyla nebyli nebyly nedělají nedělá nedělám neděláme neděláte neděláš nejsi nejsou
        nemají nemáme nemáte neměl neni není nestačí nevadí nic
    """,
    "danish": "ikke",
    "dutch": "geen niet niets zonder",
    "finnish": """
        ei eikä eivät ellei elleivät ellemme ellen ellet ellette emme en et ette ilman koskaan kukaan mikään mitään
        tuskin älköön älä
    """,
    "french": "aucun aucuns n n' ne ni pas personne point sans",
    "german": "kein keine keinem keinen keiner keines nein nicht nichts ohne",
    "indonesian": """
        belum belumlah bukan bukankah bukanlah bukannya enggak enggaknya jangan jangankan janganlah tak tanpa tidak
        tidakkah tidaklah
    """,
    "italian": "mai no non senza",
    "norwegian": "ikke ikkje ingen ingi inkje uten",
    "polish": "ani bez bynajmniej nic nie nigdy żaden żadna żadne żadnych",
    "portuguese": "nem não sem",
    "russian": "без нельзя нет ни никогда никуда ничего не",
    "spanish": "apenas nada nadie ni ninguna ningunas ninguno ningunos ningún no nunca sin tampoco",
    "swedish": "aldrig ej icke inga ingen ingenting inget inte knappast nej utan varken",
    "ukrainian": "без ледве не немає ні ніколи нікуди нічого",
}


@pytest.mark.parametrize("language", SPARED)
def test_example_t11_negations_of_other_languages_stay_unless_asked_for(language: Language) -> None:
    listed = frozenset(guest.get_stop_words(language))
    assert stop_words(language, keep_negations=False) == listed
    assert spared(language) == set(SPARED[language].split())
    assert stop_words(language) == listed - spared(language)


def test_each_language_has_a_list_and_a_table() -> None:
    assert set(NEGATIONS) == set(get_args(Language)) == {"english", *SPARED}
    for language, words in NEGATIONS.items():
        assert words == {word.lower() for word in words}, language
        assert len(words) >= 10, language


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("german", "das ist nicht gut und auch keineswegs schön"),
        ("french", "ce n'est pas bon et jamais beau"),
        ("spanish", "no es bueno ni nunca lo fue"),
        ("italian", "non è buono e mai lo sarà"),
        ("portuguese", "não é bom nem nunca foi"),
        ("dutch", "het is niet goed en ook geen mooi boek"),
        ("russian", "это не хорошо и никогда не было"),
        ("swedish", "det är inte bra och aldrig vackert"),
    ],
)
def test_a_sentence_keeps_what_turns_it_round(language: Language, said: str) -> None:
    kept = [word for word in said.split() if word not in stop_words(language)]
    gone = [word for word in said.split() if word not in stop_words(language, keep_negations=False)]
    negating = [word for word in said.split() if word in NEGATIONS[language]]
    assert negating
    assert [word for word in kept if word in negating] == negating
    assert len(gone) < len(kept) < len(said.split())


def test_words_of_ones_own_are_english_unless_another_language_is_named() -> None:
    words = ("der", "nicht", "not")
    assert stop_words(words) == {"der", "nicht"}
    assert stop_words(words, keep_negations="german") == {"der", "not"}
    assert stop_words(words, keep_negations=False) == set(words)
    assert stop_words("english", keep_negations="german") == ENGLISH
    with pytest.raises(UnknownName, match="no table of negations is called 'klingon'"):
        stop_words(words, keep_negations="klingon")


def test_a_missing_package_is_one_sentence_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stop_words", None)
    assert stop_words("english") < ENGLISH
    with pytest.raises(MissingExtra, match=r"german stop words needs .*'stop-words'.*textmill\[languages\]"):
        stop_words("german")
