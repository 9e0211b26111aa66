"""Similar texts are those that a look at every pair finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv as csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import similar as oracle
from strategies import examples
from strategies import texts as any_texts
from textmill import _native
from textmill.config import SplitConfig
from textmill.read import Corpus, split_corpus
from textmill.read.similar import similar_groups

few_words = st.lists(st.sampled_from("abcdefgh"), max_size=9).map(" ".join)
corpora = st.lists(
    st.one_of(few_words, st.sampled_from(["a b c d e", "!", "http://t.co/a b c"]), any_texts), max_size=14
)


def corpus_of(texts: list[str]) -> Corpus:
    return Corpus.of([{"text": text} for text in texts], label=None)


@settings(max_examples=examples(300))
@given(corpora, st.sampled_from([0.5, 0.6, 2 / 3, 0.75, 0.8, 0.9, 1.0]), st.integers(1, 3))
def test_groups_are_those_of_all_pairs(texts: list[str], similarity: float, threads: int) -> None:
    texts = [text for text in texts if text.strip() and "\0" not in text]
    if texts:
        found = similar_groups([corpus_of(texts)], similarity=similarity, threads=threads)
        assert found.tolist() == oracle.groups(texts, similarity).tolist()


@settings(max_examples=examples(100))
@given(st.lists(st.frozensets(st.integers(0, 30), max_size=12), max_size=40), st.floats(0.3, 1))
def test_sets_of_any_size_are_joined_as_by_all_pairs(sets: list[frozenset[int]], threshold: float) -> None:
    ids = np.array([word for words in sets for word in words], np.int32)
    rows = np.cumsum([0, *map(len, sets)]).astype(np.int64)
    first, compared = _native.similar_texts(ids, rows, 31, threshold, 2)
    parent = list(range(len(sets)))
    for a, b in oracle.similar_pairs([frozenset(map(str, words)) for words in sets], threshold):
        low, high = sorted((parent[a], parent[b]))
        parent = [low if group == high else group for group in parent]
    assert first.tolist() == parent
    assert 0 <= compared <= len(sets) ** 2


def test_two_files_are_numbered_one_after_the_other() -> None:
    parts = [corpus_of(["a fire in the old town", "sun"]), corpus_of(["rain", "A fire in the old town!"])]
    assert similar_groups(parts, similarity=0.8).tolist() == [0, 1, 2, 0]


def test_thousands_of_texts_from_one_template_take_no_time_for_each_pair() -> None:
    text = "your parcel from the old town post office waits for you at the counter until friday noon number "
    sent = [f"{text}{number}" for number in range(30_000)]
    rows = np.arange(len(sent) + 1, dtype=np.int64)
    words: dict[str, int] = {}
    ids = [words.setdefault(word, len(words)) for line in sent for word in line.split()]
    rows *= len(ids) // len(sent)
    first, compared = _native.similar_texts(np.array(ids, np.int32), rows, len(words), 0.8, 2)
    assert not first.any()
    assert compared < 2 * len(sent)


@pytest.mark.parametrize("bad", [0.0, -1.0, 1.1, float("nan")])
def test_a_threshold_is_a_share(bad: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        _native.similar_texts(np.zeros(1, np.int32), np.array([0, 1], np.int64), 1, bad, 1)


@pytest.fixture(scope="module")
def tweets(data_dir: Path) -> list[str]:
    table = csv.read_csv(
        data_dir / "disaster_tweets" / "train.csv", parse_options=csv.ParseOptions(newlines_in_values=True)
    )
    texts: list[str] = table["text"].to_pylist()
    return texts


@pytest.mark.slow
def test_tweets_are_grouped_as_by_all_pairs(tweets: list[str]) -> None:
    found = similar_groups([corpus_of(tweets)], similarity=0.8, threads=2)
    assert found.tolist() == oracle.groups(tweets, 0.8).tolist()


@pytest.mark.slow
def test_one_tweet_in_six_of_a_random_split_has_a_twin(tweets: list[str]) -> None:
    """The check of the split against all pairs: equal up to those that are similar to a third only."""
    corpus = corpus_of(tweets)
    split = split_corpus(corpus, SplitConfig(near_duplicates="report"), seed=13)
    pairs = oracle.similar_pairs(oracle.word_sets(tweets), 0.8)
    leaked = np.zeros(len(tweets), bool)
    for a, b in pairs:
        if split.side[a] != split.side[b]:
            leaked[a if split.side[a] else b] = True
    wanted = leaked.sum() / split.side.sum()
    assert 0.14 < wanted < 0.2
    assert wanted <= split.leaks["similar"]["share"] <= wanted + 0.01


def test_texts_of_one_group_are_on_one_side_whatever_the_order_of_rows(tweets: list[str]) -> None:
    texts = tweets[:3000]
    sides = []
    for order in (np.arange(len(texts)), np.random.default_rng(1).permutation(len(texts))):
        split = split_corpus(corpus_of([texts[i] for i in order]), SplitConfig(), seed=13)
        assert split.leaks["similar"]["test_rows"] == 0
        sides.append(split.side[np.argsort(order)])
    assert (sides[0] == sides[1]).all()
