"""A vocabulary learned from batches in bounded memory: that of all texts at once, to the bit, or a clear refusal."""

from __future__ import annotations

import itertools
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import corpora, examples
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import ConfigError, DataError
from textmill.features import CountVectorizer, HashingVectorizer, TfidfVectorizer, WordFeatures, stream
from textmill.read import Corpus
from textmill.text import TextPath

PLAIN = TextConfig(clean=(), map="none")
MAPPED = TextConfig(clean=("urls",), map="porter", stop_words=("the", "fires", "x1"))
MIB = 2**20

feature_settings = st.builds(
    FeaturesConfig,
    kind=st.sampled_from(["tf-idf", "counts"]),
    ngrams=st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3), (2, 4), (3, 3), (5, 6), (1, 8)]),
    min_df=st.sampled_from([1, 2, 3, 4, 0.0, 0.3, "auto"]),
    max_df=st.sampled_from([1.0, 1.0, 0.6, 2]),
    max_features=st.sampled_from([None, None, 1, 5]),
    tf=st.sampled_from(["raw", "binary", "sublinear"]),
)


def cut(texts: list[str], places: list[int]) -> list[list[str]]:
    ends = sorted({min(place, len(texts)) for place in places} | {0, len(texts)})
    return [texts[a:b] for a, b in itertools.pairwise(ends)] or [[]]


def weights(features: WordFeatures, texts: list[str]) -> list[bytes]:
    return [array.tobytes() for array in features.rows(texts)[:3]]


def files(features: WordFeatures) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        features.save(Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def many_texts(n: int = 4_000, seed: int = 1) -> list[str]:
    """Some frequent words among ten thousand, enough for several threads."""
    draw = random.Random(seed)
    return [
        " ".join(f"w{min(9_999, int(draw.paretovariate(0.5)))}" for _ in range(draw.randrange(40))) for _ in range(n)
    ]


def one_pass(features: WordFeatures, whole: WordFeatures) -> None:
    """The same in all that can be seen of it."""
    assert features.names == whole.names
    assert [*features.words] == [*whole.words]
    assert (features.idf is None) == (whole.idf is None)
    assert features.idf is None or whole.idf is None or features.idf.tobytes() == whole.idf.tobytes()


@settings(max_examples=examples(150))
@given(
    corpora,
    feature_settings,
    st.sampled_from([PLAIN, MAPPED]),
    st.lists(st.integers(0, 12), max_size=4),
    st.integers(1, 3),
    st.integers(1, 40),
)
def test_batches_teach_what_the_whole_teaches(
    texts: list[str], config: FeaturesConfig, text: TextConfig, places: list[int], threads: int, slice_bytes: int
) -> None:
    path, batches = TextPath(text), cut(texts, places)
    with mock.patch.object(stream, "_SLICE_BYTES", slice_bytes):
        try:
            whole, csr = WordFeatures.fit(path, config, texts)
        except DataError as error:
            with pytest.raises(DataError, match=f"^{re.escape(str(error))}$"):
                WordFeatures.fit_batches(path, config, batches, memory=4 * MIB, threads=threads)
            return
        features = WordFeatures.fit_batches(path, config, batches, memory=4 * MIB, threads=threads)
    one_pass(features, whole)
    assert weights(features, texts) == [array.tobytes() for array in csr[:3]]
    unseen = ["a new fire", *(text[1:] + " nowhere" for text in texts)]
    assert weights(features, unseen) == weights(whole, unseen)


@settings(max_examples=examples(12))
@given(
    st.lists(st.integers(0, 4_000), max_size=6),
    st.integers(2, 3),
    st.sampled_from([4 * MIB, 9 * MIB, 64 * MIB]),
    st.sampled_from([PLAIN, MAPPED]),
    st.sampled_from(
        [FeaturesConfig(min_df=5), FeaturesConfig(ngrams=(1, 3), min_df=0.005, max_features=500, tf="raw")]
    ),
)
def test_batches_threads_and_memory_do_not_show_in_the_saved_bytes(
    places: list[int], threads: int, memory: int, text: TextConfig, config: FeaturesConfig
) -> None:
    texts = many_texts()
    path = TextPath(text)
    once = files(WordFeatures.fit_batches(path, config, [texts], threads=1))
    assert files(WordFeatures.fit_batches(path, config, cut(texts, places), memory=memory, threads=threads)) == once


def test_words_that_come_and_go_are_not_all_kept_at_once() -> None:
    # more distinct words than the table of the first pass may hold, each frequent one met on both sides of a new table
    texts = [f"common rare{i} twice{i % 6_000} common" for i in range(12_000)]
    config = FeaturesConfig(ngrams=(1, 2), min_df=2)
    features = WordFeatures.fit_batches(TextPath(PLAIN), config, [texts], memory=4 * MIB)
    one_pass(features, WordFeatures.fit(TextPath(PLAIN), config, texts)[0])
    assert features.n_features == 1 + 6_000 + 6_000


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    texts = [f"a{i} b{i} common words" for i in range(40_000)]
    path = TextPath(PLAIN)
    with pytest.raises(
        DataError, match=r"which is more than memory allows; wanted at most 4,194,304 bytes, got [\d,]+\."
    ) as refused:
        WordFeatures.fit_batches(path, FeaturesConfig(ngrams=(1, 2), min_df=1), [texts], memory=4 * MIB)
    assert refused.value.hint is not None
    assert refused.value.hint.startswith("With min_df = 1 every n-gram stays: raise min_df.")
    assert WordFeatures.fit_batches(path, FeaturesConfig(ngrams=(1, 2), min_df=2), [texts], memory=4 * MIB).names == [
        "common",
        "common words",
        "words",
    ]
    twice = FeaturesConfig(ngrams=(1, 2), min_df=2)
    with pytest.raises(
        DataError, match=r"after [\d,]+ of 80,000 texts there are [\d,]+ n-grams .* Raise min_df or memory"
    ):
        WordFeatures.fit_batches(path, twice, [texts, texts], memory=4 * MIB)
    with pytest.raises(ConfigError, match="memory: wanted 4,194,304 bytes or more, got 1,000"):
        WordFeatures.fit_batches(path, twice, [texts], memory=1000)


@pytest.mark.parametrize("once", [iter([["a fire"]]), (batch for batch in [["a fire"]]), map(list, [["a fire"]])])
def test_a_source_that_can_be_read_only_once_is_refused(once: Any) -> None:
    for fit in (
        lambda: WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(), once),
        lambda: TfidfVectorizer().fit_batches(once),
    ):
        with pytest.raises(
            DataError, match=r"an iterator can be gone through only once.* got (list_iterator|generator|map)"
        ):
            fit()


def test_other_texts_the_second_time_are_noticed() -> None:
    begun = []

    def batches() -> Iterator[list[str]]:
        begun.append(1)
        yield ["a fire"] * len(begun)

    with pytest.raises(
        DataError, match="other texts the second time; wanted 1 texts of 6 bytes, got 2 texts of 12 bytes"
    ):
        WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(), batches)


@pytest.mark.parametrize("source", ["a fire", b"a fire", {"a": "fire"}, 7, None])
def test_what_is_no_source_is_refused(source: Any) -> None:
    with pytest.raises(DataError, match="wanted batches of texts, got"):
        WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(), source)


def test_sources_of_all_kinds_are_gone_through_twice() -> None:
    texts = ["a red sun", "the red moon", "a red sun"]
    whole = WordFeatures.fit(TextPath(PLAIN), FeaturesConfig(min_df=2), texts)[0]
    column = pa.chunked_array([texts[:1], texts[1:]])
    for source in (
        [texts[:2], texts[2:]],
        (texts,),
        [pa.array(texts), []],
        column,
        [column],
        Corpus.of(texts),
        lambda: iter([texts]),
        lambda: ([text] for text in texts),
    ):
        one_pass(WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(min_df=2), source), whole)


def test_a_corpus_on_disk_is_a_source(tmp_path: Path) -> None:
    texts = [f"a {text}" for text in many_texts(200)]
    Corpus.of(texts).save(tmp_path / "texts.arrow")
    made = WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(min_df=2), Corpus.load(tmp_path / "texts.arrow"))
    one_pass(made, WordFeatures.fit(TextPath(PLAIN), FeaturesConfig(min_df=2), texts)[0])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (None, "text 4 is no str but NoneType"),
        ("a \ud800 fire", "text 4 holds a lone surrogate"),
        (7, "text 4 is no str"),
    ],
)
def test_a_text_that_is_none_is_named_by_its_place_in_the_whole(bad: Any, said: str) -> None:
    batches = [["one fire", "two"], ["three"], ["four", bad]]
    vectorizer = CountVectorizer().fit(["one fire", "two"])
    features = WordFeatures.fit(TextPath(PLAIN), FeaturesConfig(min_df=1), ["one fire"])[0]
    for work in (
        lambda: WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(), batches),
        lambda: list(features.transform_batches(batches)),
        lambda: CountVectorizer().fit_batches(batches),
        lambda: CountVectorizer().fit(text for batch in batches for text in batch),
        lambda: list(vectorizer.transform_batches(batches)),
        lambda: list(HashingVectorizer().transform_batches(batches)),
    ):
        with pytest.raises(DataError, match=said):
            work()


def test_a_missing_text_of_an_arrow_batch_is_named_by_its_place_in_the_whole() -> None:
    batches = [pa.array(["one", "two"]), pa.array(["three", None, "five"])]
    with pytest.raises(DataError, match="text 3 is missing"):
        WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(), batches)


def test_a_million_empty_texts_hold_no_word_and_one_more_holds_one() -> None:
    empty = pa.LargeStringArray.from_buffers(10**6, pa.py_buffer(np.zeros(10**6 + 1, np.int64)), pa.py_buffer(b""))
    with pytest.raises(DataError, match="no word is in 1,000,000 texts"):
        WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(min_df=1), [empty])
    features = WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(min_df=1), [empty, ["fire"]])
    assert features.names == ["fire"]
    assert features.idf is not None
    assert features.idf.tolist() == [np.log((1 + 1_000_001) / 2) + 1]
    assert [matrix.nnz for matrix in features.transform_batches([empty, ["a fire"]])] == [0, 1]


@pytest.mark.parametrize("kind", [CountVectorizer, TfidfVectorizer])
def test_estimators_learn_the_same_from_batches(kind: Any) -> None:
    texts = many_texts(600)
    options: dict[str, Any] = {"ngram_range": (1, 2), "min_df": 3, "max_df": 0.5, "max_features": 800}
    whole, batched = kind(**options), kind(**options)
    matrix = whole.fit_transform(texts)
    assert batched.fit_batches(cut(texts, [7, 100])) is batched
    assert batched.counted_by_ == "core"
    assert batched.get_feature_names_out().tolist() == whole.get_feature_names_out().tolist()
    assert batched.vocabulary_ == whole.vocabulary_
    assert (batched.transform(texts) != matrix).nnz == 0
    rows = [part.toarray() for part in batched.transform_batches(iter(cut(texts, [1, 300])))]
    assert np.array_equal(np.vstack(rows), matrix.toarray())
    if kind is TfidfVectorizer:
        assert batched.idf_.tobytes() == whole.idf_.tobytes()
        batched.idf_ = whole.idf_**2
        assert not np.array_equal(next(batched.transform_batches([texts])).toarray(), matrix.toarray())


def test_estimators_learn_from_an_iterator_as_from_a_list() -> None:
    texts = many_texts(5_000)  # more than are held at once
    for kind in (CountVectorizer, TfidfVectorizer):
        assert (kind().fit_transform(iter(texts)) != kind().fit_transform(texts)).nnz == 0
    hashing = HashingVectorizer(ngram_range=(1, 2))
    assert (hashing.transform(text for text in texts) != hashing.transform(texts)).nnz == 0
    with pytest.raises(ValueError, match="max_df corresponds to < documents than min_df"):
        CountVectorizer(min_df=2, max_df=1).fit(iter(["a fire", "a flood"]))
    with pytest.raises(ValueError, match="empty vocabulary"):
        CountVectorizer().fit(iter([]))


def test_files_are_read_a_batch_at_a_time(tmp_path: Path) -> None:
    for i, text in enumerate(("a red sun", "a red moon", "the sun")):
        (tmp_path / f"{i}.txt").write_text(text)
    names = sorted(str(path) for path in tmp_path.iterdir())
    vectorizer = CountVectorizer(input="filename", min_df=2).fit_batches([names[:1], names[1:]])
    assert vectorizer.get_feature_names_out().tolist() == ["red", "sun"]
    assert vectorizer.transform(names).toarray().tolist() == [[1, 1], [1, 0], [0, 1]]


def test_what_the_core_does_not_count_is_not_learned_from_batches() -> None:
    with pytest.raises(DataError, match="only the core learns from batches"):
        CountVectorizer(tokenizer=str.split, token_pattern=None).fit_batches([["a fire"]])
    with pytest.raises(DataError, match="only the core learns from batches"):
        CountVectorizer(vocabulary=["fire"]).fit_batches([["a fire"]])
    with pytest.raises(ValueError, match="After pruning, no terms remain"):
        TfidfVectorizer(min_df=2).fit_batches([["fire"], ["flood"]])
    with pytest.raises(ValueError, match="string object received"):
        TfidfVectorizer().fit_batches(["fire"])


@given(corpora, st.lists(st.integers(0, 12), max_size=4), st.integers(1, 3))
def test_hashed_batches_are_the_rows_of_the_whole(texts: list[str], places: list[int], threads: int) -> None:
    whole = HashingVectorizer(ngram_range=(1, 2)).transform(texts)
    made = list(HashingVectorizer(ngram_range=(1, 2), n_jobs=threads).transform_batches(cut(texts, places)))
    assert b"".join(part.data.tobytes() for part in made) == whole.data.tobytes()
    assert b"".join(part.indices.tobytes() for part in made) == whole.indices.tobytes()
    assert sum(part.shape[0] for part in made) == len(texts)


def test_partial_fit_checks_the_settings_and_learns_nothing() -> None:
    vectorizer = HashingVectorizer(n_features=64)
    before = dict(vars(vectorizer))
    assert vectorizer.partial_fit(["a fire"]) is vectorizer
    assert vars(vectorizer) == before
    with pytest.raises(ValueError, match="n_features"):
        HashingVectorizer(n_features=0).partial_fit(["a fire"])
    with pytest.raises(DataError, match="clean and map are the core's"):
        HashingVectorizer(clean=("urls",), tokenizer=str.split).partial_fit(["a fire"])
    assert [part.shape for part in vectorizer.transform_batches([[], ["a fire"]])] == [(0, 64), (1, 64)]
