"""Skip-grams: NLTK's, counted by a vocabulary that is learned, given or loaded, of one text and of many."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.util import skipgrams

from strategies import examples
from textmill import TextClassifier, _native
from textmill.config import FeaturesConfig, TextConfig, from_mapping
from textmill.errors import ConfigError, CorruptError, DataError
from textmill.features.csr import Csr
from textmill.features.words import WordFeatures
from textmill.text import TextPath

PLAIN = TextConfig(clean=(), map="none")
WORDS = ["aa", "ab", "ac", "b", "ba"]  # "b" is too short to be a word
texts_of_few_words = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=6)


def tokens(text: str) -> list[str]:
    return [word for word in text.split() if word != "b"]


def nltk_counts(words: list[str], ngrams: tuple[int, int], skip: int) -> Counter[str]:
    """NLTK's own; it has none of one word."""
    found: Counter[str] = Counter()
    for n in range(ngrams[0], ngrams[1] + 1):
        found.update(words if n == 1 else map(" ".join, skipgrams(words, n, skip)))
    return found


def counts_of(features: WordFeatures, csr: Csr) -> list[Counter[str]]:
    data, indices, indptr = csr[:3]
    return [
        Counter({features.names[indices[i]]: int(data[i]) for i in range(indptr[row], indptr[row + 1])})
        for row in range(len(indptr) - 1)
    ]


def same_bits(a: Csr, b: Csr) -> bool:
    return a.n_columns == b.n_columns and all(x.tobytes() == y.tobytes() for x, y in zip(a[:3], b[:3], strict=True))


def config_of(ngrams: tuple[int, int], skip: int, **more: Any) -> FeaturesConfig:
    return FeaturesConfig(**{"kind": "counts", "tf": "raw", "min_df": 1, "ngrams": ngrams, "skip": skip, **more})


def fitted(texts: list[str], config: FeaturesConfig, text: TextConfig = PLAIN, threads: int = 1) -> tuple[Any, Csr]:
    return WordFeatures.fit(TextPath(text), config, texts, threads=threads)


some_ngrams = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(lambda pair: (min(pair), max(pair)))


@settings(max_examples=examples(300), deadline=None)
@given(texts_of_few_words, some_ngrams, st.integers(0, 9), st.integers(1, 3), st.none() | st.integers(1, 9))
def test_counts_are_nltks(
    texts: list[str], ngrams: tuple[int, int], skip: int, min_df: int, max_features: int | None
) -> None:
    wanted = [nltk_counts(tokens(text), ngrams, skip) for text in texts]
    df: Counter[str] = Counter(gram for counts in wanted for gram in counts)
    names = sorted((gram for gram in df if df[gram] >= min_df), key=str.split)
    config = config_of(ngrams, skip, min_df=min_df, max_features=max_features)
    if not names or min_df > len(texts):
        with pytest.raises(DataError):
            fitted(texts, config)
        return
    features, csr = fitted(texts, config)
    if max_features is None or len(names) <= max_features:
        assert features.names == names
    else:
        total = Counter({name: sum(counts[name] for counts in wanted) for name in names})
        assert set(features.names) < set(names)
        assert sum(total[name] for name in features.names) == sum(n for _, n in total.most_common(max_features))
    kept = [Counter({name: n for name, n in counts.items() if name in features.names}) for counts in wanted]
    assert counts_of(features, csr) == kept
    assert same_bits(features.rows(texts), csr)
    assert [row for text in texts for row in counts_of(features, features.counts([text]))] == kept


@settings(max_examples=examples(100), deadline=None)
@given(texts_of_few_words, texts_of_few_words, some_ngrams, st.integers(1, 4))
def test_what_was_learned_meets_unknown_words(
    texts: list[str], others: list[str], ngrams: tuple[int, int], skip: int
) -> None:
    """A word outside of the vocabulary is in no n-gram, but is skipped as any other."""
    config = config_of(ngrams, skip)
    try:
        features, _ = fitted([text.replace("ac", "") for text in texts], config)
    except DataError:
        return
    wanted = [
        Counter({gram: n for gram, n in nltk_counts(tokens(text), ngrams, skip).items() if gram in features.names})
        for text in others
    ]
    many = features.counts(others * 30)
    assert counts_of(features, many) == wanted * 30
    given = WordFeatures.from_vocabulary(TextPath(PLAIN), config, features.names)
    assert same_bits(given.counts(others * 30), many)
    assert [row for text in others for row in counts_of(features, features.counts([text]))] == wanted


@settings(max_examples=examples(100), deadline=None)
@given(texts_of_few_words, some_ngrams, st.integers(0, 4))
def test_places_are_those_of_the_words_themselves(texts: list[str], ngrams: tuple[int, int], skip: int) -> None:
    try:
        features, csr = fitted(texts, config_of(ngrams, skip))
    except DataError:
        return
    for text, wanted in zip(texts, counts_of(features, csr), strict=True):
        places = features.places(text)
        assert Counter(features.names[column] for column, _ in places) == wanted
        for column, spans in places:
            assert " ".join(text[a:b] for a, b in spans) == features.names[column]


@settings(max_examples=examples(50), deadline=None)
@given(texts_of_few_words, some_ngrams, st.integers(1, 4))
def test_shares_are_of_all_skip_grams(texts: list[str], ngrams: tuple[int, int], skip: int) -> None:
    try:
        features, _ = fitted(texts, config_of(ngrams, skip, kind="tf-idf", tf="relative", idf="none", norm="none"))
    except DataError:
        return
    rows = features.rows(texts, dtype=np.float64).to_scipy().toarray()
    one_by_one = [features.rows([text], dtype=np.float64).to_scipy().toarray()[0] for text in texts]
    assert rows.tolist() == [row.tolist() for row in one_by_one]
    for text, row in zip(texts, rows, strict=True):
        wanted = nltk_counts(tokens(text), ngrams, skip)
        assert row.tolist() == [wanted[name] / max(1, wanted.total()) for name in features.names]


TEXTS = ["the red hot sun sets", "red wild hot sun", "a sun so red", "hot red sun and more", "", "sun"] * 3


def test_no_skip_is_what_there_was(tmp_path: Path) -> None:
    plain, rows = fitted(TEXTS, FeaturesConfig(min_df=1, ngrams=(1, 3)))
    zero, zero_rows = fitted(TEXTS, FeaturesConfig(min_df=1, ngrams=(1, 3), skip=0))
    assert same_bits(rows, zero_rows)
    for name, features in (("plain", plain), ("zero", zero)):
        (tmp_path / name).mkdir()
        features.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "plain").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "zero").iterdir())
    for file in files:
        assert (tmp_path / "plain" / file).read_bytes() == (tmp_path / "zero" / file).read_bytes()
    # as models were saved before there was such a key
    assert "skip" not in json.loads((tmp_path / "zero" / "features.json").read_text())["features"]
    assert WordFeatures.load(tmp_path / "zero").config.skip == 0


@pytest.mark.parametrize("text", [PLAIN, TextConfig(stop_words="english", map="porter")])
@pytest.mark.parametrize("skip", [1, 3])
def test_saved_and_loaded_it_gives_the_same(skip: int, text: TextConfig, tmp_path: Path) -> None:
    features, rows = fitted(TEXTS, FeaturesConfig(min_df=2, ngrams=(1, 3), skip=skip), text)
    features.save(tmp_path)
    loaded = WordFeatures.load(tmp_path)
    assert loaded.config == features.config
    assert loaded.names == features.names
    assert [*loaded.words] == [*features.words]
    assert same_bits(loaded.rows(TEXTS), rows)
    assert same_bits(loaded.rows(TEXTS * 10), features.rows(TEXTS * 10, threads=3))
    for row, one in enumerate(TEXTS):
        found = loaded.rows([one])
        assert found.data.tobytes() == rows.data[rows.indptr[row] : rows.indptr[row + 1]].tobytes()
        assert found.indices.tolist() == rows.indices[rows.indptr[row] : rows.indptr[row + 1]].tolist()


def test_a_saved_skip_that_cannot_be_is_no_surprise(tmp_path: Path) -> None:
    fitted(TEXTS, FeaturesConfig(min_df=2, skip=1))[0].save(tmp_path)
    head = json.loads((tmp_path / "features.json").read_text())
    head["features"]["skip"] = -1
    (tmp_path / "features.json").write_text(json.dumps(head))
    with pytest.raises(CorruptError, match="skip: wanted a number of words"):
        WordFeatures.load(tmp_path)


def test_a_stop_word_is_no_place_and_an_unknown_word_is_one() -> None:
    path = TextConfig(clean=(), map="none", stop_words=("of", "the"))
    features, csr = fitted(["king of the old hill"], config_of((2, 2), 1), path)
    assert features.names == ["king hill", "king old", "old hill"]
    assert csr.data.tolist() == [1, 1, 1]
    for text, found in (("king of the the of hill", 1), ("king new hill", 1), ("king of new the one hill", 0)):
        assert counts_of(features, features.counts([text]))[0]["king hill"] == found
        assert counts_of(features, features.counts([text] * 100))[99]["king hill"] == found


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(5)
    drawn = np.minimum(rng.zipf(1.3, (3_000, 20)), 500)
    texts = [" ".join(f"w{i}" for i in row) for row in drawn]
    config = FeaturesConfig(ngrams=(1, 3), skip=2, min_df=2)
    (one, rows), (three, three_rows) = (fitted(texts, config, threads=threads) for threads in (1, 3))
    assert one.names == three.names
    assert same_bits(rows, three_rows)
    assert same_bits(one.rows(texts, threads=1), rows)
    assert same_bits(one.rows(texts, threads=3), rows)
    few = WordFeatures.fit(TextPath(PLAIN), FeaturesConfig(ngrams=(1, 3), min_df=2), texts)[0]
    assert set(few.names) < set(one.names)


def test_a_skip_beyond_every_text_takes_all_pairs() -> None:
    texts = ["aa ab ac", "aa ba ba ab"]
    features, csr = fitted(texts, config_of((2, 2), 10**12))
    assert counts_of(features, csr) == [nltk_counts(text.split(), (2, 2), 9) for text in texts]
    assert same_bits(features.counts(texts), features.counts(texts * 1))


def test_too_many_for_32_bits_are_told() -> None:
    text = "aa " * 200
    with pytest.raises(DataError, match="text 0 has more than 2,147,483,647 n-grams of 5 words"):
        fitted([text], config_of((6, 6), 190))
    features, _ = fitted(["aa aa aa aa aa aa"], config_of((6, 6), 190))
    with pytest.raises(DataError, match="text 1 has more"):
        features.rows(["aa", text])


def test_a_classifier_explains_with_the_words_alone() -> None:
    good, bad = ["not so good", "not very good", "not good"], ["good and not bad", "so good", "very good"]
    model = TextClassifier.fit(
        good + bad,
        ["no"] * 3 + ["yes"] * 3,
        text=TextConfig(map="none"),
        features=FeaturesConfig(ngrams=(2, 2), skip=1, min_df=1),
    )
    pulls = {pull.term: pull.spans for pull in model.explain("not at good").pulls}
    assert pulls == {"not good": ((0, 3), (7, 11))}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"skip": -1}, "skip: wanted a number of words, 0 or more, got -1"),
        ({"skip": True}, "skip: wanted a whole number, got True"),
        ({"skip": 1.5}, "skip: wanted a whole number, got 1.5"),
        ({"skip": "1"}, "skip: wanted a whole number, got '1'"),
        ({"skip": 1, "analyzer": "char"}, "skip: is for analyzer = 'word', got analyzer = 'char'"),
        ({"skip": 2, "analyzer": "char_wb"}, "skip: is for analyzer = 'word', got analyzer = 'char_wb'"),
    ],
)
def test_wrong_values_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_mapping(FeaturesConfig, settings)
    assert error.value.faults == (said,)


def test_batches_are_refused() -> None:
    with pytest.raises(ConfigError, match="skip: wanted 0 where texts come in batches, got 2; fit takes all at once"):
        WordFeatures.fit_batches(TextPath(PLAIN), FeaturesConfig(skip=2), [["aa"]])


def test_nothing_to_learn_is_told() -> None:
    for texts, said in (
        ([], "there is no text"),
        (["b", ""], "no word is in 2 texts"),
        (["aa"], "no word is in 1 text"),
    ):
        with pytest.raises(DataError, match=said):
            fitted(texts, config_of((2, 2), 1))
    with pytest.raises(DataError, match="no word is left of 2 texts"):
        fitted(["aa ab", "ac ba"], config_of((2, 2), 1, min_df=2))


def test_the_core_checks_what_it_is_given() -> None:
    ids, rows, terms = np.array([0, 1], np.int32), np.array([0, 2], np.int64), np.array([0, 1], np.int32)
    for more in ((2, 1, 9, 1, 1), (2, 2, 1, 1, 1), (2, 1, 2, -1, 1), (3, 1, 2, 1, 1), (1, 1, 2, 1, 1)):
        with pytest.raises(ValueError):
            _native.SkipGramCounter(ids, rows, terms, *more)
    none = np.zeros(0, np.int32)
    with pytest.raises(ValueError, match="8 words at most"):
        _native.Grams([(none, none, terms)] + [(none, none, none)] * 8, 1, 1)
    with pytest.raises(ValueError, match="skip: wanted 0 or more"):
        _native.Grams([(none, none, terms)], 1, -1)
    counter = _native.SkipGramCounter(ids, rows, terms, 2, 1, 2, 1, 1)
    with pytest.raises(ValueError, match="keep: wanted one value a column"):
        counter.vocabulary(np.ones(1, bool))
