"""Pairs of texts: how they are put together, taken apart, and what their words become."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import DataError
from textmill.features.stream import learn
from textmill.features.words import WordFeatures
from textmill.text import TextPath
from textmill.text.buffers import decode_types
from textmill.text.pairs import are_pairs, pair_buffers, part_chunks
from textmill.types import BESIDE, beside, parts, side_by_side

PATH = TextPath(TextConfig(pairs=True))
texts = st.text(st.characters(exclude_characters=BESIDE, exclude_categories=("Cs",)), max_size=30)
words = st.lists(st.sampled_from(["red", "sun", "The", "the", "fires", "fire", "né", "not"]), max_size=6).map(" ".join)


@given(texts, texts)
def test_what_was_put_together_comes_apart(first: str, second: str) -> None:
    assert parts(beside(first, second)) == [first, second]


@given(st.lists(st.tuples(texts, texts), max_size=5))
def test_parts_are_the_texts_one_after_the_other(pairs: list[tuple[str, str]]) -> None:
    (found,) = part_chunks(pair_buffers(pairs))
    assert decode_types(*found) == [*itertools.chain.from_iterable(pairs)]


@settings(deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_terms_say_who_has_the_word(pairs: list[tuple[str, str]]) -> None:
    tokens = PATH.tokens(pair_buffers(pairs), spans=True)
    assert tokens.spans is not None
    for pair, found, (begin, end) in zip(pairs, tokens.lists(), itertools.pairwise(tokens.rows), strict=True):
        first, second = (PATH.part.tokens([text]).lists()[0] for text in pair)
        marked = [f"both:{word}" if word in second else f"1:{word}" for word in first]
        marked += [f"both:{word}" if word in first else f"2:{word}" for word in second]
        assert found == marked + [term.partition(":")[0] + ":" for term in marked]
        spelled = [beside(*pair)[a:b] for a, b in tokens.spans[begin:end].tolist()]
        half = len(spelled) // 2
        own = [term.partition(":")[2] for term in found[:half]]
        assert [PATH.part.tokens([word]).lists()[0] for word in spelled[:half]] == [[word] for word in own]
        assert spelled[half:] == spelled[:half]


def test_words_that_are_left_out_have_no_mark() -> None:
    path = TextPath(TextConfig(pairs=True, stop_words=("the",), map="none"))
    assert path.tokens([beside("the sun", "the moon")]).lists() == [["1:sun", "2:moon", "1:", "2:"]]


@pytest.mark.parametrize("tokens", ["words", "unicode", "whitespace", "tweet"])
def test_every_splitter_sees_each_text_on_its_own(tokens: str) -> None:
    path = TextPath(TextConfig(pairs=True, tokens=tokens, map="none"))
    assert path.tokens([beside("ab cd", "cd ef")]).lists()[0][:4] == ["1:ab", "both:cd", "both:cd", "2:ef"]


def test_features_are_the_same_however_they_are_learned_and_asked_for() -> None:
    pairs = [
        beside("a red sun", "the sun sets"),
        beside("fires", "a fire"),
        beside("", "red"),
        beside("sun", "sun"),
    ] * 3
    config = FeaturesConfig(min_df=1)
    features, csr = WordFeatures.fit(PATH, config, pairs, threads=2)
    other = learn(PATH, config, [pairs[:5], pairs[5:]])
    assert decode_types(*other.terms) == decode_types(*features._terms)
    for number, pair in enumerate(pairs):
        one = features.rows([pair], threads=1).to_scipy()
        np.testing.assert_array_equal(one.toarray()[0], csr.to_scipy().toarray()[number])


def test_the_path_says_that_it_is_of_pairs() -> None:
    assert PATH.hash != TextPath().hash == PATH.part.hash
    stages = PATH.explain(beside("The fires", "A fire"))
    assert [stages[0].text, stages[-1].stage] == ["The fires", "pairs"]
    assert stages[-1].tokens is not None
    assert stages[-1].tokens[1] == ("both:fire", 4, 9)


def test_arrow_and_lists_say_the_same() -> None:
    pairs = [("a", "b"), ("né", "")]
    table = pa.table({"one": ["a", "né"], "two": ["b", ""]})
    struct = pa.array([{"x": a, "y": b} for a, b in pairs])
    joined = [beside(*pair) for pair in pairs]
    for said in (pairs, [list(pair) for pair in pairs], table, struct, pa.chunked_array([struct]), joined):
        assert pair_buffers(said).bytes.tobytes() == "".join(joined).encode()
    assert are_pairs(table)
    assert are_pairs(struct)
    assert not are_pairs(table["one"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["one"], "text 0 is no pair.*got one text"),
        ([("a", "b"), "one"], "text 1 is no pair"),
        ([("a", "b", "c")], "text 0 is no pair: it has 3 texts"),
        ([("a", 3)], "text 0 is no pair.*got int"),
        ([("a", f"b{BESIDE}")], "U\\+001E"),
        ([f"a{BESIDE}b{BESIDE}c"], "got 3 texts"),
        (pa.table({"x": ["a"]}), "two columns, got 1"),
        (pa.table({"x": ["a"], "y": [f"b{BESIDE}"]}), "column 2 holds U\\+001E"),
        (pa.table({"x": ["a"], "y": [None]}), "text 0 is missing"),
    ],
)
def test_what_is_no_pair_is_refused(given: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        pair_buffers(given)


def test_people_see_an_arrow_between() -> None:
    assert side_by_side(beside("a", "b")) == "a ⟷ b"
