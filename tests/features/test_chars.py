"""Character n-grams: scikit-learn's columns, order and numbers; saved, loaded and applied to the same bits."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv
from sklearn.feature_extraction import text as theirs

from strategies import corpora, examples
from strategies import texts as any_texts
from textmill import _native
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import ConfigError, CorruptError, DataError, FormatError
from textmill.features import CharFeatures, CountVectorizer, HashingVectorizer, TfidfVectorizer
from textmill.features.csr import Csr
from textmill.features.learned import load_features
from textmill.text import TextPath

BLANKS = TextConfig(clean=(), tokens="whitespace", map="none")
NASTY = [
    *("", " ", "\t\n", "a", "a b", " a  b ", "\u00a0\u2003x\u3000y", "x\x1cy\x1dz\x1e\x1f", "a\x85b", "a\u200bb"),
    *("\0", "a\0b", "\0 \0", "e\u0301e\u0301", "\u0301", "İstanbul İ", "ΟΔΟΣ ΟΔΟΣ", "😀😀 👩\u200d🚀", "𐐀𝒳"),
    *("banana", "aaaaaaaa", "漢字 漢字かな", "¨a ¨", "ﬀ ﬁx", "\U0010ffff\U0010fffe", "ab\n\ncd", "ab\ncd", "\n"),
]
documents = st.lists(st.one_of(any_texts, st.sampled_from(NASTY), st.text("ab \n", max_size=9)), min_size=1, max_size=6)
options = st.fixed_dictionaries(
    {
        "analyzer": st.sampled_from(["char", "char_wb"]),
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 5), (3, 3), (4, 6), (1, 12), (7, 32)]),
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from([None, None, None, "unicode", "ascii"]),
        "binary": st.booleans(),
    }
)
cuts = st.fixed_dictionaries(
    {
        "min_df": st.sampled_from([1, 1, 2, 0.3]),
        "max_df": st.sampled_from([1.0, 1.0, 0.6]),
        "max_features": st.sampled_from([None, None, 4]),
    }
)
weightings = st.fixed_dictionaries(
    {
        "norm": st.sampled_from(["l1", "l2", None]),
        "use_idf": st.booleans(),
        "smooth_idf": st.booleans(),
        "sublinear_tf": st.booleans(),
        "dtype": st.sampled_from([np.float32, np.float64]),
    }
)


def agree(ours: Any, rival: Any, texts: Any, unseen: list[str]) -> None:
    try:
        wanted = rival.fit_transform(list(texts))
    except ValueError:
        with pytest.raises(ValueError, match=r"\w"):
            ours.fit_transform(texts)
        return
    made = ours.fit_transform(texts)
    assert ours.counted_by_ == "core"
    assert ours.get_feature_names_out().tolist() == rival.get_feature_names_out().tolist()
    assert same(made, wanted)
    assert same(ours.transform(unseen), rival.transform(unseen))


def same(made: Any, wanted: Any) -> bool:
    wanted.sort_indices()
    return bool(
        made.dtype == wanted.dtype
        and made.shape == wanted.shape
        and np.array_equal(made.indptr, wanted.indptr)
        and np.array_equal(made.indices, wanted.indices)
        and made.indices.dtype == made.indptr.dtype == np.int32
        and np.allclose(made.data, wanted.data, rtol=1e-6, atol=1e-6)
    )


def same_bits(a: Csr, b: Csr) -> bool:
    return a.n_columns == b.n_columns and all(x.tobytes() == y.tobytes() for x, y in zip(a[:3], b[:3], strict=True))


@settings(max_examples=examples(150))
@given(documents, options, cuts, st.integers(1, 3))
def test_counts_are_those_of_scikit_learn(
    texts: list[str], option: dict[str, Any], cut: dict[str, Any], threads: int
) -> None:
    ours = CountVectorizer(**option, **cut, n_jobs=threads)
    agree(ours, theirs.CountVectorizer(**option, **cut), texts, [*texts[:2], "unseen words, né", ""])


@settings(max_examples=examples(100))
@given(documents, options, cuts, weightings)
def test_weights_are_those_of_scikit_learn(
    texts: list[str], option: dict[str, Any], cut: dict[str, Any], weighting: dict[str, Any]
) -> None:
    every = option | cut | weighting
    agree(TfidfVectorizer(**every), theirs.TfidfVectorizer(**every), texts, [*texts[:2], "unseen words, né", ""])


@settings(max_examples=examples(100))
@given(
    documents,
    options,
    st.sampled_from([1, 2, 1000, 2**20, 2**31 - 2]),
    st.booleans(),
    st.sampled_from(["l1", "l2", None]),
)
def test_hashed_counts_are_those_of_scikit_learn(
    texts: list[str], option: dict[str, Any], n_features: int, alternate_sign: bool, norm: Any
) -> None:
    every = option | {"n_features": n_features, "alternate_sign": alternate_sign, "norm": norm}
    assert same(HashingVectorizer(**every).transform(texts), theirs.HashingVectorizer(**every).transform(texts))


@pytest.mark.slow
@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_tweets_and_reviews_are_counted_as_by_scikit_learn(data_dir: Path, analyzer: str) -> None:
    table = csv.read_csv(
        data_dir / "disaster_tweets" / "train.csv", parse_options=csv.ParseOptions(newlines_in_values=True)
    )
    texts = table["text"].slice(0, 1500)
    for wanted in ({"ngram_range": (2, 5)}, {"ngram_range": (1, 4), "min_df": 2, "max_df": 0.5, "max_features": 900}):
        ours = TfidfVectorizer(analyzer=analyzer, **wanted, n_jobs=2)
        rival = theirs.TfidfVectorizer(analyzer=analyzer, **wanted)
        assert same(ours.fit_transform(texts), rival.fit_transform(texts.to_pylist()))
        assert ours.get_feature_names_out().tolist() == rival.get_feature_names_out().tolist()


def test_an_own_preprocessor_runs_on_each_text() -> None:
    settings = {"analyzer": "char_wb", "ngram_range": (2, 3), "preprocessor": lambda text: text.replace("A", "b")}
    agree(CountVectorizer(**settings), theirs.CountVectorizer(**settings), ["AbA", "C"], ["A"])
    column = pa.chunked_array([["Né"]])
    assert CountVectorizer(analyzer="char", strip_accents="unicode").fit(column).vocabulary_ == {"e": 0, "n": 1}


def test_other_settings_are_left_to_scikit_learn() -> None:
    class Own(CountVectorizer):
        def _char_ngrams(self, text_document: str) -> list[str]:
            return ["x"]

    for vectorizer in (
        CountVectorizer(analyzer="char", vocabulary=["a"]),
        CountVectorizer(analyzer="char", ngram_range=(1, 40)),
        Own(analyzer="char"),
    ):
        assert vectorizer.fit_transform(["a"]).sum() == 1
        assert vectorizer.counted_by_ == "scikit-learn"


configs = st.builds(
    FeaturesConfig,
    kind=st.sampled_from(["tf-idf", "tf-idf", "counts"]),
    analyzer=st.sampled_from(["char", "char_wb"]),
    ngrams=st.sampled_from([(1, 1), (1, 3), (2, 5), (4, 6)]),
    min_df=st.sampled_from([1, 2]),
    max_df=st.sampled_from([1.0, 0.5]),
    max_features=st.sampled_from([None, 3]),
    tf=st.sampled_from(["raw", "sublinear", "relative", "binary"]),
    idf=st.sampled_from(["smooth", "plain-plus-one", "plain", "none"]),
    norm=st.sampled_from(["l2", "l1", "none"]),
)


@settings(max_examples=examples(100))
@given(st.one_of(corpora, documents), configs, st.sampled_from([(), ("html", "urls")]), st.data())
def test_saved_and_loaded_rows_are_those_of_the_fit_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], config: FeaturesConfig, clean: Any, data: st.DataObject
) -> None:
    path = TextPath(TextConfig(clean=clean, tokens="whitespace", map="none"))
    try:
        features, csr = CharFeatures.fit(path, config, texts)
    except DataError:
        return
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    features.save(one)
    loaded = load_features(one)
    assert isinstance(loaded, CharFeatures)
    loaded.save(two)
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}
    assert (loaded.names, loaded.n_features, loaded.n_types) == (features.names, csr.n_columns, features.n_types)
    assert same_bits(copy.deepcopy(features).rows(texts), csr)
    cut = data.draw(st.integers(0, len(texts)))
    parts = [loaded.rows(texts[:cut]), loaded.rows(texts[cut:])]  # alone as among others
    assert np.concatenate([part.data for part in parts]).tobytes() == csr.data.tobytes()
    assert np.concatenate([part.indices for part in parts]).tobytes() == csr.indices.tobytes()
    for i, text in enumerate(texts):  # every count has its places
        places = features.places(text)
        assert sorted({column for column, _ in places}) == csr.indices[csr.indptr[i] : csr.indptr[i + 1]].tolist()
        assert all(0 <= a < b <= len(text) for _, spans in places for a, b in spans)
        if config.kind == "counts" and config.tf != "binary":
            assert len(places) == csr.data[csr.indptr[i] : csr.indptr[i + 1]].sum()


@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_threads_change_no_bit(analyzer: Any) -> None:
    texts = [f"word{i % 97} fires\n in the house{i % 1013} né{i % 7}" for i in range(20_000)]
    config = FeaturesConfig(analyzer=analyzer, ngrams=(2, 4), min_df=2)
    one, csr = CharFeatures.fit(TextPath(BLANKS), config, texts, threads=1)
    for threads in (2, 5):
        features, other = CharFeatures.fit(TextPath(BLANKS), config, texts, threads=threads)
        assert same_bits(other, csr)
        assert features.names == one.names
        assert same_bits(features.rows(texts, threads=threads), csr)


def spans_of(features: CharFeatures, text: str) -> list[tuple[str, list[str]]]:
    return [(features.names[column], [text[a:b] for a, b in spans]) for column, spans in features.places(text)]


def test_places_are_in_the_raw_text() -> None:
    text = "<b>Né</b>  ﬁre"
    path = TextPath(TextConfig(clean=("html",), tokens="whitespace", map="none"))
    config = FeaturesConfig(kind="counts", analyzer="char_wb", ngrams=(3, 3), min_df=1)
    features, _ = CharFeatures.fit(path, config, [text])
    assert spans_of(features, text) == [
        (" né", ["Né"]),
        ("né ", ["Né"]),
        (" ﬁr", ["ﬁr"]),
        ("ﬁre", ["ﬁre"]),
        ("re ", ["re"]),
    ]
    running, _ = CharFeatures.fit(path, FeaturesConfig(kind="counts", analyzer="char", ngrams=(3, 3), min_df=1), [text])
    assert ("é ﬁ", ["é</b>  ﬁ"]) in spans_of(running, text)


def test_letters_of_a_stem_have_the_place_of_their_word() -> None:
    path = TextPath(TextConfig(clean=(), stop_words=("the",), map="porter"))
    config = FeaturesConfig(kind="counts", analyzer="char_wb", ngrams=(5, 5), min_df=1)
    features, _ = CharFeatures.fit(path, config, ["the fires"])
    assert spans_of(features, "The Fires") == [(" fire", ["Fires"]), ("fire ", ["Fires"])]


def test_running_text_knows_no_words() -> None:
    for text in (TextConfig(map="porter"), TextConfig(map="none", stop_words=("the",))):
        with pytest.raises(ConfigError, match=r"text\.map = 'none'"):
            CharFeatures.fit(TextPath(text), FeaturesConfig(analyzer="char"), ["fire"])


@pytest.mark.parametrize(
    ("texts", "min_df", "said"),
    [
        ([], 1, "there is no text"),
        (["", " \n"], 1, "no n-gram is in 2 texts"),
        (["ab", "cd"], 2, "no n-gram is left of 2 texts"),
    ],
)
def test_nothing_to_learn_from_is_said(texts: list[str], min_df: int, said: str) -> None:
    with pytest.raises(DataError, match=said):
        CharFeatures.fit(TextPath(BLANKS), FeaturesConfig(analyzer="char_wb", ngrams=(2, 2), min_df=min_df), texts)


def test_a_long_word_costs_no_more_than_its_letters() -> None:
    word = "ab" * 500_000
    features, csr = CharFeatures.fit(
        TextPath(BLANKS), FeaturesConfig(kind="counts", analyzer="char_wb", ngrams=(30, 32), min_df=1), [word]
    )
    assert features.n_features == 12
    assert csr.data.sum() == sum(len(word) + 2 - n + 1 for n in (30, 31, 32))


def head_with(**change: Any) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        head = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        head.update(change)
        (folder / "features.json").write_text(json.dumps(head), encoding="utf-8")

    return edit


def table(name: str, change: Callable[[Any], Any]) -> Callable[[Path], object]:
    return lambda folder: np.save(folder / f"{name}.npy", change(np.load(folder / f"{name}.npy")))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no json": lambda f: (f / "features.json").unlink(),
    "wrong number of features": head_with(n_features=5),
    "no number of types": head_with(n_types=None),
    "n-grams out of range": head_with(features={"analyzer": "char_wb", "ngrams": [1, 80]}),
    "a path that maps": head_with(features={"analyzer": "char"}),
    "no such analyzer": head_with(features={"analyzer": "letters"}),
    "missing table": lambda f: (f / "grams.npy").unlink(),
    "half a table": lambda f: (f / "idf.npy").write_bytes((f / "idf.npy").read_bytes()[:-4]),
    "bytes that are no utf-8": table("grams", lambda a: a | 0x80),
    "names that fall": table("grams", lambda a: a[::-1].copy()),
    "an empty name": table("gram_offsets", lambda a: np.concatenate([a[:1], a[:1], a[2:]])),
    "falling offsets": table("gram_offsets", lambda a: np.concatenate([a[:1], a[1:-1][::-1], a[-1:]])),
    "idf of another length": table("idf", lambda a: a[:-1]),
    "idf that is no number": table("idf", lambda a: a * np.nan),
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = TextPath(TextConfig(clean=(), map="porter"))
    features, _ = CharFeatures.fit(
        path, FeaturesConfig(analyzer="char_wb", ngrams=(2, 4), min_df=1), ["fire in the forest", "the sun"]
    )
    features.save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_a_damaged_folder_is_refused(saved: Path, damage: str) -> None:
    DAMAGE[damage](saved)
    with pytest.raises(CorruptError, match=r"\.(json|npy)"):
        load_features(saved)


def test_another_format_is_refused(saved: Path) -> None:
    head_with(format=99)(saved)
    with pytest.raises(FormatError, match="wanted 2, got 99"):
        load_features(saved)


def test_the_core_refuses_what_does_not_fit() -> None:
    units = (np.frombuffer(b"ab", np.uint8), np.array([0, 2], np.int64))
    ids, rows = np.zeros(1, np.int32), np.array([0, 1], np.int64)
    with pytest.raises(ValueError, match="1 <= low <= high"):
        _native.CharGramCounter(*units, 0, 2, True, 1)
    counter = _native.CharGramCounter(*units, 2, 2, True, 1)
    with pytest.raises(ValueError, match="outside the types"):
        counter.count(ids + 1, rows, 1)
    counter.count(ids, rows, 1)
    keep = np.ones(counter.n_columns, bool)
    with pytest.raises(ValueError, match="keep"):
        counter.names(keep[1:])
    with pytest.raises(ValueError, match="keep"):
        counter.matrix(keep[1:], 1)
    assert [part.tolist() for part in counter.matrix(keep, 1)] == [[1, 1, 1], [0, 1, 2], [0, 3], [3]]
    with pytest.raises(RuntimeError, match="taken already"):
        counter.matrix(keep, 1)
