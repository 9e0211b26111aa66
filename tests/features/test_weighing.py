"""TfidfTransformer: scikit-learn's weights of counts, and the textbook's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csc_array, csr_array, issparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfTransformer as TheirTransformer
from sklearn.pipeline import make_pipeline

from textmill.features import CountVectorizer, TfidfTransformer, TfidfVectorizer

counts = hnp.arrays(
    st.sampled_from([np.int64, np.int32, np.uint8, np.float64, np.float32]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.integers(0, 5),
)
settings = st.fixed_dictionaries(
    {
        "norm": st.sampled_from(["l1", "l2", None]),
        "use_idf": st.booleans(),
        "smooth_idf": st.just(True),
        "sublinear_tf": st.booleans(),
    }
)
TEXTBOOK: dict[str, Any] = {"norm": None, "relative_tf": True, "plain_idf": True, "log_base": 10}
V4 = ["this this is is is about cars cars", "this is is about about kids kids kids kids"]


@given(counts, settings, st.sampled_from([csr_array, csc_array, np.asarray]), st.integers(1, 3))
def test_weights_are_those_of_scikit_learn(matrix: Any, options: dict[str, Any], form: Any, threads: int) -> None:
    theirs, ours = TheirTransformer(**options).fit(form(matrix)), TfidfTransformer(**options, n_jobs=threads)
    wanted, given_ = theirs.transform(form(matrix)), form(matrix)
    got = ours.fit_transform(given_)
    assert got.dtype == wanted.dtype
    assert type(got) is type(wanted)
    np.testing.assert_allclose(got.toarray(), wanted.toarray(), rtol=1e-6, atol=1e-6)
    assert np.array_equal(given_.toarray() if issparse(given_) else given_, matrix)  # it stays as it was


def test_v4_the_textbook_in_a_pipeline() -> None:
    """Worked example V4."""
    vocabulary = ["this", "is", "about", "cars", "kids"]
    first = ["this", "this", "is", "is", "is", "about", "cars", "cars"]
    texts = [" ".join(first), V4[1]]
    for base, cars, kids in ((10, 0.0753, 0.1338), (None, 0.1733, 0.3081)):
        weights = make_pipeline(
            CountVectorizer(vocabulary=vocabulary), TfidfTransformer(**TEXTBOOK | {"log_base": base})
        ).fit_transform(texts)
        assert weights.toarray().round(4).tolist() == [[0, 0, 0, cars, 0], [0, 0, 0, 0, kids]]


@pytest.mark.parametrize("base", [None, 2, 10.0])
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("pattern", [r"(?u)\b\w\w+\b", r"(?u)\b\w\w+"])
def test_the_vectoriser_knows_the_textbook_whoever_counts(base: float | None, plain: bool, pattern: str) -> None:
    options = {"norm": None, "smooth_idf": False, "relative_tf": True, "plain_idf": plain, "log_base": base}
    vectorizer = TfidfVectorizer(token_pattern=pattern, **options)
    got = vectorizer.fit_transform(V4)
    wanted = make_pipeline(CountVectorizer(), TfidfTransformer(**options)).fit_transform(V4)
    np.testing.assert_allclose(got.toarray(), wanted.toarray(), rtol=1e-12)
    np.testing.assert_allclose(vectorizer.transform(V4).toarray(), wanted.toarray(), rtol=1e-12)
    logs = np.log(2) / np.log(base or np.e)
    assert vectorizer.idf_[vectorizer.vocabulary_["cars"]] == pytest.approx(logs + (not plain))


def test_shares_are_of_a_row_whether_whole_or_not() -> None:
    options = {"norm": None, "use_idf": False, "relative_tf": True}
    for dtype, who in ((np.int64, "core"), (np.float64, "scikit-learn")):
        transformer = TfidfTransformer(**options)
        got = transformer.fit_transform(csr_array(np.array([[1, 3, 0], [0, 0, 0]], dtype)))
        assert got.toarray().tolist() == [[0.25, 0.75, 0], [0, 0, 0]]
        assert transformer.weighed_by_ == who


def test_counts_of_any_kind_are_weighed_and_zeros_kept_as_scikit_learn_keeps_them() -> None:
    stored_zero = csr_array((np.array([0, 2]), np.array([0, 1]), np.array([0, 2])), shape=(1, 3))
    large = csr_array(np.array([[2**40, 1]]))
    negative = csr_array(np.array([[-2, 1]]))
    for matrix in (stored_zero, large, negative):
        ours, theirs = TfidfTransformer(use_idf=False), TheirTransformer(use_idf=False)
        assert np.array_equal(ours.fit_transform(matrix).toarray(), theirs.fit_transform(matrix).toarray())


def test_places_are_not_shared_with_a_copy() -> None:
    matrix = csr_array((np.array([1, 2]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    got = TfidfTransformer().fit_transform(matrix)
    got.sort_indices()
    assert matrix.indices.tolist() == [1, 0]


def test_weights_set_by_hand_are_used_and_a_clone_has_none() -> None:
    transformer = TfidfTransformer(norm=None).fit([[1, 1], [0, 1]])
    transformer.idf_ = np.array([2.0, 3.0])
    assert transformer.transform([[1, 2]]).toarray().tolist() == [[2, 6]]
    with pytest.raises(NotFittedError):
        clone(transformer).transform([[1, 2]])


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="relative_tf and sublinear_tf exclude each other"):
        TfidfTransformer(relative_tf=True, sublinear_tf=True).fit([[1]])
    with pytest.raises(ValueError, match="relative_tf and binary exclude each other"):
        TfidfVectorizer(relative_tf=True, binary=True).fit(["one storm"])
    with pytest.raises(ValueError, match="'log_base' parameter"):
        TfidfTransformer(log_base=1).fit([[1]])
    with pytest.raises(ValueError, match="features"):
        TfidfTransformer().fit([[1, 2]]).transform([[1]])
