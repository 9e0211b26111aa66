"""TF-IDF: scikit-learn's numbers, the textbook's numbers, and the same to the bit when saved, loaded and applied."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from strategies import corpora, examples
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import ConfigError, CorruptError, DataError, FormatError
from textmill.features.csr import Csr
from textmill.features.words import WordFeatures
from textmill.text import TextPath
from textmill.text import path as path_module

PLAIN = TextConfig(clean=(), map="none")
COUNTS = FeaturesConfig(kind="counts", ngrams=(1, 1), min_df=1)


def fitted(
    texts: list[str], config: FeaturesConfig | None = None, text: TextConfig = PLAIN, threads: int = 1
) -> tuple[WordFeatures, Csr]:
    return WordFeatures.fit(TextPath(text), config or FeaturesConfig(min_df=1), texts, threads=threads)


def same_bits(a: Csr, b: Csr) -> bool:
    return a.n_columns == b.n_columns and all(x.tobytes() == y.tobytes() for x, y in zip(a[:3], b[:3], strict=True))


def agrees_with_sklearn(texts: list[str], settings: dict[str, Any], threads: int = 1) -> None:
    theirs = TfidfVectorizer(dtype=np.float64, **settings)
    idf = ("smooth" if settings["smooth_idf"] else "plain-plus-one") if settings["use_idf"] else "none"
    # scikit-learn applies both to the counts; the logarithm of a one is a one
    tf = "binary" if settings["binary"] else "sublinear" if settings["sublinear_tf"] else "raw"
    config = FeaturesConfig(
        ngrams=settings["ngram_range"],
        min_df=settings["min_df"],
        max_df=settings["max_df"],
        max_features=settings["max_features"],
        tf=tf,
        idf=idf,
        norm=settings["norm"] or "none",
    )
    try:
        wanted = theirs.fit_transform(texts)
    except ValueError:
        with pytest.raises(DataError):
            fitted(texts, config)
        return
    features, csr = fitted(texts, config, threads=threads)
    assert features.names == theirs.get_feature_names_out().tolist()
    ours = csr.to_scipy()
    assert ours.dtype == np.float32
    assert ours.indices.dtype == ours.indptr.dtype == np.int32
    assert abs(ours - wanted).max() <= 1e-6 * max(1.0, wanted.max())
    assert same_bits(csr, features.rows(texts, threads=threads))
    unseen = [*texts[:2], "fire of unseen words", ""]
    np.testing.assert_allclose(
        features.transform(unseen).toarray(), theirs.transform(unseen).toarray(), rtol=1e-6, atol=1e-6
    )


weightings = {
    "norm": st.sampled_from(["l1", "l2", None]),
    "use_idf": st.booleans(),
    "smooth_idf": st.booleans(),
    "sublinear_tf": st.booleans(),
    "binary": st.booleans(),
}
cuts = {
    "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3)]),
    "min_df": st.sampled_from([1, 1, 2, 0.3]),
    "max_df": st.sampled_from([1.0, 1.0, 0.6]),
    "max_features": st.sampled_from([None, None, 4]),
}


@settings(max_examples=examples(120))
@given(corpora, st.fixed_dictionaries({**weightings, **cuts}))
def test_weights_of_hypothesis_texts_are_those_of_scikit_learn(texts: list[str], settings: dict[str, Any]) -> None:
    agrees_with_sklearn(texts, settings)


@pytest.mark.parametrize("norm", ["l2", None])
@pytest.mark.parametrize("sublinear", [False, True])
def test_weights_of_tweets_are_those_of_scikit_learn(data_dir: Path, norm: str | None, sublinear: bool) -> None:
    with (data_dir / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)][:2000]
    agrees_with_sklearn(
        texts,
        {
            "norm": norm,
            "use_idf": True,
            "smooth_idf": norm is None,
            "sublinear_tf": sublinear,
            "binary": False,
            "ngram_range": (1, 2),
            "min_df": 2,
            "max_df": 0.9,
            "max_features": None,
        },
        threads=2,
    )


def test_v3_counts_of_the_athletes() -> None:
    """Worked example V3."""
    features, csr = fitted(["The athletes were playing", "Ronaldo was playing well"], COUNTS)
    by_name = dict(zip(features.names, csr.to_scipy().toarray().T.tolist(), strict=True))
    order = ["the", "athletes", "were", "playing", "ronaldo", "was", "well"]
    assert [by_name[name] for name in order] == [[1, 0], [1, 0], [1, 0], [1, 1], [0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize(("base", "cars", "kids"), [(10.0, 0.0753, 0.1338), (0.0, 0.1733, 0.3081), (2.0, 0.25, 4 / 9)])
def test_v4_tf_idf_of_the_textbook(base: float, cars: float, kids: float) -> None:
    """Worked example V4, with either logarithm."""
    config = FeaturesConfig(ngrams=(1, 1), min_df=1, tf="relative", idf="plain", log_base=base, norm="none")
    texts = ["this this is is is about cars cars", "this is is about about kids kids kids kids"]
    features, csr = fitted(texts, config)
    assert features.names == ["about", "cars", "is", "kids", "this"]
    assert csr.to_scipy().toarray().astype(float).round(4).tolist() == [
        [0, pytest.approx(cars, abs=1e-4), 0, 0, 0],
        [0, 0, 0, pytest.approx(kids, abs=1e-4), 0],
    ]


@pytest.mark.parametrize(
    ("n", "wanted"),
    [(1, ["love", "morning", "runs"]), (2, ["love morning", "morning runs"]), (3, ["love morning runs"])],
)
def test_n_grams_of_the_morning_runs(n: int, wanted: list[str]) -> None:
    """Worked example T1, but for the word of one letter, which the words pattern leaves out."""
    features, csr = fitted(["I love morning runs"], FeaturesConfig(kind="counts", ngrams=(n, n), min_df=1))
    assert features.names == wanted
    assert csr.data.tolist() == [1.0] * len(wanted)


def test_a_dropped_stop_word_lets_its_neighbours_touch() -> None:
    text = TextConfig(clean=(), stop_words=("the",), map="none")
    features, _ = fitted(["fire in the forest"], FeaturesConfig(kind="counts", ngrams=(2, 2), min_df=1), text)
    assert features.names == ["fire in", "in forest"]


def test_relative_counts_are_shares_of_all_n_grams_also_of_unknown_ones() -> None:
    features, csr = fitted(
        ["fire fire sun"], FeaturesConfig(ngrams=(1, 2), min_df=1, tf="relative", idf="none", norm="none")
    )
    assert features.names == ["fire", "fire fire", "fire sun", "sun"]
    np.testing.assert_allclose(csr.data, [2 / 5, 1 / 5, 1 / 5, 1 / 5], rtol=1e-6)
    np.testing.assert_allclose(features.rows(["fire moon"]).data, [1 / 3], rtol=1e-6)


all_features = st.builds(
    FeaturesConfig,
    kind=st.sampled_from(["tf-idf", "tf-idf", "counts"]),
    ngrams=st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 4)]),
    min_df=st.sampled_from([1, 2]),
    max_df=st.sampled_from([1.0, 0.5]),
    max_features=st.sampled_from([None, 3]),
    tf=st.sampled_from(["raw", "sublinear", "relative", "binary"]),
    idf=st.sampled_from(["smooth", "plain-plus-one", "plain", "none"]),
    norm=st.sampled_from(["l2", "l1", "none"]),
)
all_texts = st.builds(
    TextConfig,
    clean=st.sampled_from([(), ("html", "urls")]),
    stop_words=st.sampled_from(["none", "english"]),
    map=st.sampled_from(["none", "porter", "snowball-english"]),
)


@settings(max_examples=examples(80))
@given(corpora, all_features, all_texts)
def test_saved_and_loaded_rows_are_those_of_the_fit_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], config: FeaturesConfig, text: TextConfig
) -> None:
    try:
        features, csr = fitted(texts, config, text)
    except DataError:
        return
    assert same_bits(csr, features.rows(texts))
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    features.save(one)
    loaded = WordFeatures.load(one)
    assert same_bits(csr, loaded.rows(texts))
    assert loaded.names == features.names
    assert (loaded.n_features, loaded.n_types) == (features.n_features, features.n_types)
    loaded.save(two)
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}
    for i, row in enumerate(texts):  # alone as among others, and every count has its places
        alone = features.rows([row])
        assert alone.indices.tolist() == csr.indices[csr.indptr[i] : csr.indptr[i + 1]].tolist()
        places = features.places(row)
        assert sorted({column for column, _ in places}) == alone.indices.tolist()
        for column, spans in places:
            assert len(spans) == len(features.names[column].split(" "))
            assert all(0 <= a < b <= len(row) for a, b in spans)


def test_threads_change_no_bit() -> None:
    texts = [f"word{i % 97} fires in the house{i % 1013} again{i % 7}" for i in range(20_000)]
    one = fitted(texts, FeaturesConfig(), TextConfig())
    for threads in (2, 5):
        features, csr = fitted(texts, FeaturesConfig(), TextConfig(), threads)
        assert same_bits(csr, one[1])
        assert same_bits(features.rows(texts, threads=threads), one[1])
        assert features.names == one[0].names


def test_an_unseen_word_counts_when_its_stem_is_known() -> None:
    features, _ = fitted(["burning forests", "forest walks"], COUNTS, TextConfig(map="porter"))
    row = features.transform(["forested burns, unheard"]).toarray()[0]
    assert dict(zip(features.names, row.tolist(), strict=True)) == {"burn": 1, "forest": 1, "walk": 0}


def test_new_words_are_mapped_alike_whenever_they_come() -> None:
    text = TextConfig(clean=(), stop_words=("of",), map="porter")
    features, _ = fitted(["burning forests", "forest walks"], COUNTS, text)
    long_word = "x" * 1000
    first = features.transform(["walked of burns", "heard", long_word]).toarray().tolist()
    for _ in range(2):
        assert features.transform(["walked of burns", "heard", long_word]).toarray().tolist() == first
    assert first == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert long_word not in features._met


def test_words_for_people_are_the_commonest_of_each_term() -> None:
    features, _ = fitted(
        ["peoples people people", "people fires", "fire fires fires"],
        FeaturesConfig(min_df=1),
        TextConfig(map="porter"),
    )
    assert [features.words[column] for column in range(features.n_features)] == list(features.words)
    assert features.words[-1] == features.words[-1:][0] == "people people"
    assert dict(zip(features.names, features.words, strict=True)) == {
        "fire": "fires",
        "fire fire": "fires fires",
        "peopl": "people",
        "peopl fire": "people fires",
        "peopl peopl": "people people",
    }


def test_a_stop_word_unseen_in_training_is_dropped_all_the_same() -> None:
    text = TextConfig(clean=(), stop_words=("of", "the"), map="none")
    features, _ = fitted(["fire forest"], FeaturesConfig(kind="counts", ngrams=(2, 2), min_df=1), text)
    assert features.transform(["fire of the forest", "fire unknown forest"]).toarray().tolist() == [[1], [0]]


def test_a_word_below_min_df_stands_between_its_neighbours() -> None:
    features, _ = fitted(
        ["fire rare forest", "fire forest", "fire forest"], FeaturesConfig(kind="counts", ngrams=(2, 2), min_df=2)
    )
    assert features.names == ["fire forest"]
    assert features.transform(["fire rare forest"]).nnz == 0


@pytest.mark.parametrize(
    ("texts", "config", "said"),
    [
        ([], COUNTS, "there is no text to learn a vocabulary from"),
        (["", "a !"], COUNTS, "no word is in 2 texts. Check min_df"),
        (["fire", "sun"], FeaturesConfig(min_df=2), "no word is left of 2 texts"),
        (["fire"], FeaturesConfig(min_df=5), "min_df asks for words that are in 5 texts or more"),
    ],
)
def test_nothing_to_learn_from_is_said(texts: list[str], config: FeaturesConfig, said: str) -> None:
    with pytest.raises(DataError, match=said):
        fitted(texts, config)


@pytest.mark.parametrize(
    "change", [{"ngrams": (2, 1)}, {"ngrams": (0, 1)}, {"tf": "log"}, {"max_features": 0}, {"min_df": 1.5}]
)
def test_settings_out_of_range_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(change))):
        fitted(["fire"], FeaturesConfig(**change))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    features, _ = fitted(
        ["fire in the forest né", "the sun", "fire in town"], FeaturesConfig(ngrams=(1, 2), min_df=1), TextConfig()
    )
    features.save(tmp_path)
    return tmp_path


def head_with(**change: Any) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        head = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        head.update(change)
        (folder / "features.json").write_text(json.dumps(head), encoding="utf-8")

    return edit


def table(name: str, change: Callable[[Any], Any]) -> Callable[[Path], object]:
    return lambda folder: np.save(folder / f"{name}.npy", change(np.load(folder / f"{name}.npy")), allow_pickle=True)


def with_item(index: int, value: float) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[index] = value
        return array

    return change


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must never run",)


def huge_header(folder: Path) -> None:
    raw = (folder / "idf.npy").read_bytes()
    said = raw[: raw.index(b"(") + 1] + b"999999999999,), }"
    (folder / "idf.npy").write_bytes(said.ljust(127) + b"\n" + raw[128:])


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no json": lambda f: (f / "features.json").unlink(),
    "empty json": lambda f: (f / "features.json").write_bytes(b""),
    "json of a list": lambda f: (f / "features.json").write_bytes(b"[]"),
    "json of a number": lambda f: (f / "features.json").write_bytes(b"1"),
    "deep json": lambda f: (f / "features.json").write_bytes(b"[" * 200_000),
    "json that is no utf-8": lambda f: (f / "features.json").write_bytes(b'{"format": 1, "text": "\xff"}'),
    "json without its keys": lambda f: (f / "features.json").write_bytes(b'{"format": 1}'),
    "unknown setting": head_with(features={"kind": "tf-idf", "colour": "red"}),
    "settings of a list": head_with(text=[1]),
    "n-grams out of range": head_with(features={"ngrams": [1, 80]}),
    "more n-grams than saved": head_with(features={"ngrams": [1, 3]}),
    "wrong number of features": head_with(n_features=5),
    "missing table": lambda f: (f / "types.npy").unlink(),
    "a folder for a table": lambda f: ((f / "idf.npy").unlink(), (f / "idf.npy").mkdir()),
    "empty table": lambda f: (f / "idf.npy").write_bytes(b""),
    "half a table": lambda f: (f / "idf.npy").write_bytes((f / "idf.npy").read_bytes()[:-4]),
    "too long a table": lambda f: (f / "idf.npy").write_bytes((f / "idf.npy").read_bytes() + b"\0" * 8),
    "a table that asks for 8 TB": huge_header,
    "a deep header": lambda f: (f / "idf.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10_000),
    "a header that is no literal": lambda f: (f / "idf.npy").write_bytes(
        b"\x93NUMPY\x01\x00\x76\x00" + b"__import__('os')".ljust(117) + b"\n"
    ),
    "a table of pickles": table("idf", lambda a: np.array([Bomb()] * len(a), dtype=object)),
    "an archive": lambda f: (np.savez(f / "idf.npz", a=np.zeros(3)), (f / "idf.npz").rename(f / "idf.npy")),
    "floats for numbers": table("type_terms", lambda a: a.astype(np.float32)),
    "big-endian": table("idf", lambda a: a.astype(">f8")),
    "two dimensions": table("idf", lambda a: a[None, :]),
    "no dimension": table("idf", lambda a: a[0]),
    "too few types": table("type_offsets", lambda a: a[:-1]),
    "falling offsets": table("type_offsets", with_item(1, 99)),
    "offsets from one": table("term_offsets", with_item(0, 1)),
    "no offset": table("term_offsets", lambda a: a[:0]),
    "a type twice": table("types", lambda a: a * 0 + 97),
    "bytes that are no utf-8": table("terms", with_item(0, 255)),
    "offsets inside a letter": table("term_offsets", with_item(4, 14)),
    "term out of range": table("type_terms", with_item(0, 10**6)),
    "unknown mark": table("type_terms", with_item(0, -3)),
    "words of no term": table("term_types", with_item(0, 10**6)),
    "too few words of terms": table("term_types", lambda a: a[:-1]),
    "column twice": table("columns_1", with_item(0, 1)),
    "column below -1": table("columns_1", with_item(0, -2)),
    "far column": table("columns_1", with_item(0, 2**31 - 1)),
    "prefix out of range": table("prefixes_2", with_item(0, 10**6)),
    "prefix below zero": table("prefixes_2", with_item(0, -1)),
    "last term out of range": table("last_terms_2", with_item(0, 10**6)),
    "unlike lengths": table("last_terms_2", lambda a: a[:-1]),
    "idf of another length": table("idf", lambda a: a[:-1]),
    "idf that is no number": table("idf", with_item(0, np.nan)),
}


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_a_damaged_folder_is_refused(saved: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    DAMAGE[damage](saved)
    with pytest.raises(CorruptError, match=r"\.(json|npy)"):
        WordFeatures.load(saved)
    assert capsys.readouterr().out == ""


def test_another_format_is_refused(saved: Path) -> None:
    head_with(format=99)(saved)
    with pytest.raises(FormatError, match="wanted 1, got 99"):
        WordFeatures.load(saved)


def test_a_text_path_that_gives_other_terms_here_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_module, "PROGRAM_VERSION", 99)
    with pytest.raises(
        FormatError, match=r"text path cannot be run here as it was: program changed; wanted .*2.* got .*99"
    ):
        WordFeatures.load(saved)


def test_a_map_that_is_not_here_is_refused(saved: Path) -> None:
    head_with(text={"map": "snowball-klingon"})(saved)
    with pytest.raises(FormatError, match="no map is called 'snowball-klingon'"):
        WordFeatures.load(saved)
