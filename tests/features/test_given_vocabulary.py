"""A vocabulary that is given, and a few texts at a time: as scikit-learn counts them, and as many are counted."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context
from sklearn.feature_extraction.text import CountVectorizer as TheirCounts
from sklearn.feature_extraction.text import TfidfVectorizer as TheirTfidf

from strategies import corpora
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import DataError
from textmill.features import CountVectorizer, Csr, TfidfVectorizer, WordFeatures
from textmill.features.csr import sparse_like
from textmill.text import TextPath, text_buffers

GRAMS = [
    *("fire", "Fire", "the", "in", "not", "flood", "flooded", "été", "日本", "a", "x1"),
    *("fire in", "in the", "fire the", "fire in the", "the fire in the", "not flood"),
    *("fire  in", " fire", "fire ", "don't", "fire\tin", "Fire in", "no such word"),  # what no text can have
]
vocabularies = st.lists(st.sampled_from(GRAMS), min_size=1, unique=True)
settings = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3), (1, 4)]),
        "binary": st.booleans(),
        "stop_words": st.sampled_from([None, ["the", "in"]]),
        "lowercase": st.booleans(),
    }
)
pytestmark = pytest.mark.filterwarnings("ignore:Upper case characters found", "ignore:divide by zero")


def same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert ours.has_canonical_format
    theirs.sort_indices()
    assert np.array_equal(ours.indptr, theirs.indptr)
    assert np.array_equal(ours.indices, theirs.indices)
    np.testing.assert_allclose(ours.data, theirs.data, rtol=1e-6, atol=1e-6)


@given(corpora, vocabularies, settings, st.sampled_from([list, set, dict]))
def test_counts_of_a_given_vocabulary_are_those_of_scikit_learn(
    texts: list[str], grams: list[str], options: dict[str, Any], form: Any
) -> None:
    vocabulary = {gram: len(grams) - 1 - i for i, gram in enumerate(grams)} if form is dict else form(grams)
    ours, theirs = (kind(vocabulary=vocabulary, **options) for kind in (CountVectorizer, TheirCounts))
    same(ours.transform(texts), theirs.transform(texts))  # no fit is needed
    assert ours.counted_by_ == "core"
    same(ours.fit_transform(texts), theirs.fit_transform(texts))
    same(ours.transform(texts[::-1]), theirs.transform(texts[::-1]))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    assert ours.vocabulary_ == theirs.vocabulary_


@given(corpora, vocabularies, settings, st.booleans(), st.sampled_from([np.float64, np.float32]))
def test_weights_of_a_given_vocabulary_are_those_of_scikit_learn(
    texts: list[str], grams: list[str], options: dict[str, Any], smooth: bool, dtype: Any
) -> None:
    options |= {"smooth_idf": smooth, "dtype": dtype, "sublinear_tf": smooth}
    ours, theirs = (kind(vocabulary=grams, **options) for kind in (TfidfVectorizer, TheirTfidf))
    same(ours.fit_transform(texts), theirs.fit_transform(texts))
    assert ours.counted_by_ == "core"
    np.testing.assert_allclose(ours.idf_, theirs.idf_, rtol=1e-6)
    if smooth:  # else columns that no text has weigh infinitely much
        unseen = ["fire in the flood", "", *texts[:2]]
        same(ours.transform(unseen), theirs.transform(unseen))


def test_settings_may_change_where_nothing_was_fitted() -> None:
    ours, theirs = (kind(vocabulary=["fire", "in the"]) for kind in (CountVectorizer, TheirCounts))
    for change in ({}, {"ngram_range": (1, 2)}, {"stop_words": ["in"]}, {"stop_words": None, "binary": True}):
        for vectorizer in (ours, theirs):
            vectorizer.set_params(**change)
        same(ours.transform(["fire in the fire"]), theirs.transform(["fire in the fire"]))
    for vectorizer in (ours, theirs):
        vectorizer.vocabulary_ = {"the": 0}
    same(ours.transform(["fire in the fire"]), theirs.transform(["fire in the fire"]))


@pytest.mark.parametrize("vocabulary", [[], {}, ["a", "a"], {"x": 0, "y": 0}, {"x": 0, "y": 2}, {"x": 1}, [["x"]]])
def test_faults_of_a_vocabulary_are_told_in_scikit_learns_words(vocabulary: Any) -> None:
    told = []
    for kind in (CountVectorizer, TheirCounts):
        for call in ("fit", "transform"):
            with pytest.raises((ValueError, TypeError)) as caught:
                getattr(kind(vocabulary=vocabulary), call)(["x"])
            told.append((type(caught.value), str(caught.value)))
    assert told[:2] == told[2:]


def test_large_letters_that_cannot_occur_are_warned_of() -> None:
    for kind in (CountVectorizer, TheirCounts):
        with pytest.warns(UserWarning, match="Upper case characters found in vocabulary while 'lowercase' is True"):
            kind(vocabulary=["Fire"]).fit(["fire"])


@pytest.mark.parametrize("grams", [["", "fire"], ["fire", "\ud800"]])
def test_what_is_no_text_is_left_to_scikit_learn(grams: list[str]) -> None:
    ours, theirs = CountVectorizer(vocabulary=grams), TheirCounts(vocabulary=grams)
    same_shape = ours.fit_transform(["fire fire"])
    assert ours.counted_by_ == "scikit-learn"
    assert np.array_equal(same_shape.toarray(), theirs.fit_transform(["fire fire"]).toarray())


def test_features_of_a_vocabulary_are_saved_and_refuse_what_is_none(tmp_path: Path) -> None:
    path = TextPath(TextConfig(clean=(), stop_words=("the",), map="porter"))
    features = WordFeatures.from_vocabulary(path, FeaturesConfig(ngrams=(1, 2), norm="none"), ["fire", "forest fire"])
    features.fit_idf(["Fires in the forest", "forest: the fires"])
    features.save(tmp_path)
    for made in (features, WordFeatures.load(tmp_path), pickle.loads(pickle.dumps(features))):  # noqa: S301
        assert made.names == ["fire", "forest fire"]
        assert made.transform(["the forest the fires"]).toarray().tolist() == [[1, pytest.approx(1.405, abs=1e-3)]]
    for grams, said in (([], "there is no n-gram"), (["a", "a"], "'a' is in the vocabulary twice"), ([""], "is ''")):
        with pytest.raises(DataError, match=said):
            WordFeatures.from_vocabulary(path, FeaturesConfig(), grams)


# those of the core; the others need a file or a pattern
SPLITTERS = [name for name in get_args(get_type_hints(TextConfig)["tokens"]) if name not in ("regex", "subword")]


@pytest.mark.parametrize("tokens", SPLITTERS)
@pytest.mark.parametrize("text", [{}, {"stop_words": ("the", "in")}, {"map": "porter", "stop_words": "english"}])
def test_a_few_texts_have_the_rows_they_have_among_many(tokens: str, text: dict[str, Any]) -> None:
    path = TextPath(TextConfig(**{"clean": ("html",), "map": "none", "tokens": tokens} | text))
    texts = ["Fire in the <b>forest</b>", "The fires; a flood!", "", "été 日本 fire"]
    unseen = ["a flood in the forests", "no word of it", "", "the", "Fire! " * 30, "日本 \x00 &amp; fires"]
    for config in (
        FeaturesConfig(ngrams=(1, 2), min_df=1),
        FeaturesConfig(kind="counts", ngrams=(1, 1), min_df=1),
        FeaturesConfig(ngrams=(1, 3), min_df=1, tf="relative", idf="plain", norm="l1"),
        FeaturesConfig(ngrams=(2, 2), min_df=1, tf="binary"),
    ):
        features, _ = WordFeatures.fit(path, config, texts)
        for some in (texts, unseen, unseen[:1], []):
            for dtype in (np.float32, np.float64, np.dtype("float32")):
                few, many = features.rows(some, dtype=dtype), features.rows(text_buffers(some), dtype=dtype)
                assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(few[:3], many[:3], strict=True))
            few, many = features.counts(some), features.counts(text_buffers(some))
            assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(few[:3], many[:3], strict=True))


@given(corpora)
def test_a_few_of_any_texts_have_the_rows_they_have_among_many(texts: list[str]) -> None:
    path = TextPath(TextConfig(clean=(), map="snowball-english"))
    features, _ = WordFeatures.fit(path, FeaturesConfig(min_df=1), ["fire in the forest", "the flood", *texts[:3]])
    for a, b in zip(features.rows(texts), features.rows(text_buffers(texts)), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("bad", [["fire", None], ["fire", 3], ["\ud800"], "fire", None, [b"fire"]])
def test_what_is_no_text_is_refused_among_few_too(bad: Any) -> None:
    features, _ = WordFeatures.fit(TextPath(TextConfig()), FeaturesConfig(min_df=1), ["a fire"])
    with pytest.raises(DataError):
        features.rows(bad)


def test_many_threads_ask_for_one_text_each() -> None:
    path = TextPath(TextConfig(clean=(), map="porter"))
    features, _ = WordFeatures.fit(path, FeaturesConfig(min_df=1), ["fire in the forest", "the flood"])
    texts = [f"fires {i} in floods{i}" for i in range(200)]
    wanted = [row.tolist() for row in features.transform(texts).toarray()]
    found: list[Any] = [None] * len(texts)

    def work(first: int) -> None:
        for i in range(first, len(texts), 4):
            found[i] = features.rows([texts[i]]).to_scipy().toarray()[0].tolist()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


@pytest.mark.parametrize("interface", ["spmatrix", "sparray"])
def test_matrices_are_what_scipy_would_make(interface: str) -> None:
    def attributes(matrix: Any) -> dict[str, Any]:
        return {name: np.asarray(value).tolist() for name, value in vars(matrix).items()}

    with config_context(sparse_interface=interface):
        ours = CountVectorizer(vocabulary=["fire", "flood"]).transform(["fire", "a fire", ""])
    kind: Callable[..., Any] = csr_matrix if interface == "spmatrix" else csr_array
    theirs = kind((np.array([1, 1]), np.array([0, 0], np.int32), np.array([0, 1, 2, 2], np.int32)), shape=(3, 2))
    theirs.has_canonical_format = True
    assert type(ours) is kind
    assert attributes(ours) == attributes(theirs)
    assert (ours.T @ ours).toarray().tolist() == [[2, 0], [0, 0]]
    assert ours[1:].sum() == 1

    class Strange(csr_array):  # as another scipy's might be
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.__dict__.pop("_has_canonical_format", None)

    csr = Csr(np.ones(1, np.float32), np.zeros(1, np.int32), np.array([0, 1], np.int32), 2)
    made = sparse_like(Strange((1, 1)), csr)
    assert made.toarray().tolist() == [[1, 0]]
    assert made.has_canonical_format
