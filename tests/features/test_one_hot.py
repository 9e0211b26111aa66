"""One-hot vectors of words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder

from textmill.config import TextConfig
from textmill.errors import ConfigError, DataError
from textmill.features import OneHot
from textmill.text import TextPath

RHYME = (
    "Mary had a little lamb, little lamb, little lamb, Mary had a little lamb, its fleece was white as snow. "
    "And everywhere that Mary went, Mary went, Mary went, everywhere that Mary went, the lamb was sure to go."
)
CARS = ("seat", "gear", "car", "seats", "auto", "engine", "belt")


def test_v1_gear_is_a_one_in_the_second_place_and_all_words_are_equally_far_apart() -> None:
    """Worked example V1."""
    words = [*CARS, *(f"word{i}" for i in range(93))]
    vectors = OneHot(words).transform(words).toarray()
    gear = vectors[1]
    assert gear.tolist() == [0, 1, *[0] * 98]
    distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.testing.assert_allclose(distances[~np.eye(100, dtype=bool)], np.sqrt(2), rtol=1e-6)


def test_v2_the_rhyme_has_nineteen_distinct_vectors_and_is_their_sum() -> None:
    """Worked example V2."""
    tokens = RHYME.lower().replace(",", "").replace(".", "").split()
    assert len(tokens) == 39
    one_hot = OneHot.fit(tokens)
    rows = one_hot.transform(tokens)
    assert rows.shape == (39, 19)
    assert len({tuple(row) for row in rows.toarray().tolist()}) == 19
    total = dict(zip(one_hot.words, rows.sum(axis=0).tolist(), strict=True))
    assert (total["mary"], total["lamb"]) == (6, 5)
    assert total == {word: tokens.count(word) for word in tokens}


def test_tokens_of_a_text_path_have_their_rows() -> None:
    tokens = TextPath(TextConfig(clean=(), map="none")).tokens(["no fire", "fire fire"])
    one_hot = OneHot.fit(tokens)
    assert one_hot.words == ("no", "fire")
    assert one_hot.transform(tokens)[tokens.rows[1] : tokens.rows[2]].toarray().tolist() == [[0, 1], [0, 1]]
    assert OneHot(["x"]).transform(TextPath(TextConfig()).tokens(["", ""])).shape == (0, 1)


@given(st.lists(st.text("abc", max_size=2), min_size=1), st.lists(st.text("abcd", max_size=2)))
def test_rows_are_those_of_scikit_learns_encoder(known: list[str], asked: list[str]) -> None:
    one_hot = OneHot.fit(known)
    rows = one_hot.transform(asked)
    assert (rows.dtype, rows.indices.dtype, rows.indptr.dtype) == (np.float32, np.int32, np.int32)
    if asked:
        theirs = OneHotEncoder(categories=[[*one_hot.words]], handle_unknown="ignore", dtype=np.float32)
        wanted = theirs.fit(np.array(known, object)[:, None]).transform(np.array(asked, object)[:, None])
        assert np.array_equal(rows.toarray(), wanted.toarray())


def test_an_unknown_word_is_zeros_or_an_error_that_names_it() -> None:
    assert OneHot(CARS).transform(["gears"]).nnz == 0
    with pytest.raises(DataError, match=r"the word 'gears' is not in the vocabulary.*Did you mean 'gear'\?"):
        OneHot(CARS, unknown="error").transform(["gear", "gears"])


def test_what_is_no_vocabulary_is_refused() -> None:
    with pytest.raises(DataError, match="the word 'car' occurs twice, as 0 and as 2"):
        OneHot(["car", "seat", "car"])
    with pytest.raises(DataError, match="there is no word"):
        OneHot([])
    with pytest.raises(DataError, match="wanted a list of words, got one text"):
        OneHot(CARS).transform("gear")
    with pytest.raises(DataError, match="word 1 is no str but int"):
        OneHot.fit(["car", 3])  # type: ignore[list-item]
    with pytest.raises(DataError, match="got int"):
        OneHot.fit(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="wanted 'zero' or 'error', got 'ignore'"):
        OneHot(CARS, unknown="ignore")  # type: ignore[arg-type]
