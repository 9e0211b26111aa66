"""Words and their letters side by side are the two features that they are made of, each with its share."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack

from strategies import corpora, examples
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import CorruptError, DataError, FormatError
from textmill.features import CharFeatures, WordCharFeatures, WordFeatures
from textmill.features.csr import Csr
from textmill.features.learned import load_features
from textmill.text import TextPath


def same_bits(one: Csr, other: Csr) -> bool:
    return one.n_columns == other.n_columns and all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one[:3], other[:3], strict=True)
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


configs = st.builds(
    FeaturesConfig,
    kind=st.sampled_from(["tf-idf", "tf-idf", "counts"]),
    ngrams=st.sampled_from([(1, 1), (1, 2), (2, 2)]),
    skip=st.sampled_from([0, 0, 1]),
    min_df=st.sampled_from([1, 2]),
    max_features=st.sampled_from([None, 3]),
    tf=st.sampled_from(["raw", "sublinear", "binary"]),
    idf=st.sampled_from(["smooth", "none"]),
    norm=st.sampled_from(["l2", "l1", "none"]),
)


@settings(max_examples=examples(60), deadline=None)
@given(corpora, configs, st.sampled_from(["none", "porter"]), st.sampled_from([(1, 2), (3, 5)]), st.data())
def test_rows_are_those_of_words_and_of_letters(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    config: FeaturesConfig,
    mapped: Any,
    char_ngrams: tuple[int, int],
    data: st.DataObject,
) -> None:
    path = TextPath(TextConfig(map=mapped))
    try:
        both = replace(config, analyzer="word+char_wb", char_ngrams=char_ngrams)
        features, csr = WordCharFeatures.fit(path, both, texts, threads=2)
    except DataError:
        return
    words, of_words = WordFeatures.fit(path, config, texts)
    letters = replace(config, analyzer="char_wb", ngrams=char_ngrams, skip=0)
    chars, of_chars = CharFeatures.fit(path, letters, texts)
    a, b = {"l2": (0.8, 0.6), "l1": (4 / 7, 3 / 7), "none": (1, 1)}["none" if config.kind == "counts" else config.norm]
    wanted = hstack([of_words.to_scipy() * np.float32(a), of_chars.to_scipy() * np.float32(b)], format="csr")
    made = csr.to_scipy()
    assert made.shape == wanted.shape == (len(texts), features.n_features)
    assert (made.indptr == wanted.indptr).all()
    assert (made.indices == wanted.indices).all()
    assert made.data.tobytes() == wanted.data.astype(np.float32).tobytes()
    assert features.names == words.names + chars.names
    assert features.n_types == words.n_types
    assert len(features.words) == len(list(features.words)) == features.n_features
    # again, as a copy, from a file, some texts at a time
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    features.save(one)
    loaded = load_features(one)
    assert isinstance(loaded, WordCharFeatures)
    loaded.save(two)
    assert files(one) == files(two)
    assert same_bits(copy.deepcopy(features).rows(texts), csr)
    cut = data.draw(st.integers(0, len(texts)))
    parts = [loaded.rows(texts[:cut]), loaded.rows(texts[cut:], threads=3)]
    assert np.concatenate([part.data for part in parts]).tobytes() == csr.data.tobytes()
    assert np.concatenate([part.indices for part in parts]).tobytes() == csr.indices.tobytes()
    for i, text in enumerate(texts):  # every count has its places
        places = features.places(text)
        assert sorted({column for column, _ in places}) == csr.indices[csr.indptr[i] : csr.indptr[i + 1]].tolist()
        assert all(0 <= a < b <= len(text) for _, spans in places for a, b in spans)


def test_many_rows_are_put_together_in_order() -> None:
    texts = [f"word{i % 97} fires in house{i % 1013}" for i in range(9000)]  # more than are put together at a time
    config = FeaturesConfig(min_df=2)
    path = TextPath(TextConfig(map="none"))
    features, csr = WordCharFeatures.fit(path, config, texts, dtype=np.float64)
    words, chars = features.words_part, features.chars_part
    parts = [
        words.rows(texts, dtype=np.float64).to_scipy() * 0.8,
        chars.rows(texts, dtype=np.float64).to_scipy() * 0.6,
    ]
    assert abs(csr.to_scipy() - hstack(parts, format="csr")).max() == 0
    assert np.allclose(csr.to_scipy().power(2).sum(axis=1), 1)


def test_a_word_that_was_not_learned_is_known_by_its_letters() -> None:
    config = FeaturesConfig(ngrams=(1, 1), min_df=1)
    features, _ = WordCharFeatures.fit(TextPath(TextConfig(map="none")), config, ["flooding", "burning"])
    csr = features.rows(["raining", "xyz"])
    assert csr.indptr[2] == csr.indptr[1]
    said = [features.words[column] for column in csr.indices.tolist()]
    assert "…ning" in said
    assert "…in…" not in said  # of three letters or more
    assert {"…nin…", "…ing"} <= {*said}
    assert features.words[0:2] == ["burning", "flooding"]
    assert features.some_words(2) == ["burning", "flooding"]
    assert features.words[-1] == [*features.words][-1]
    with pytest.raises(IndexError):
        features.words[features.n_features]


def test_texts_may_come_one_after_the_other() -> None:
    config = FeaturesConfig(min_df=1)
    texts = ["red sun", "a red moon"]
    features, csr = WordCharFeatures.fit(TextPath(), config, texts)
    again, other = WordCharFeatures.fit(TextPath(), config, iter([texts[:1], texts[1:]]))
    assert same_bits(csr, other)
    assert features.names == again.names
    assert same_bits(features.rows(iter(texts)), csr)


def head_with(**change: Any) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        head = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        head.update(change)
        (folder / "features.json").write_text(json.dumps(head), encoding="utf-8")

    return edit


def other_part(name: str, config: FeaturesConfig, text: TextConfig) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        made = WordCharFeatures.fit(TextPath(text), config, ["fire in the forest", "the sun"])[0]
        for file in (folder / name).iterdir():
            file.unlink()
        (made.words_part if name == "words" else made.chars_part).save(folder / name)

    return edit


PLAIN = TextConfig(map="none")
DAMAGE: dict[str, Callable[[Path], object]] = {
    "no json": lambda f: (f / "features.json").unlink(),
    "wrong number of features": head_with(n_features=5),
    "no number of features": head_with(n_features=None),
    "no format": lambda f: (f / "features.json").write_text('{"features": {"analyzer": "word+char_wb"}}'),
    "no words": lambda f: (f / "words" / "features.json").unlink(),
    "half a table": lambda f: (f / "chars" / "idf.npy").write_bytes(b"x"),
    "letters of another text path": other_part("chars", FeaturesConfig(min_df=1), TextConfig(map="porter")),
    "letters of other settings": other_part("chars", FeaturesConfig(min_df=1, tf="raw"), PLAIN),
    "words of other settings": other_part("words", FeaturesConfig(min_df=1, norm="l1"), PLAIN),
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    features, _ = WordCharFeatures.fit(TextPath(PLAIN), FeaturesConfig(min_df=1), ["fire in the forest", "the sun"])
    features.save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_a_damaged_folder_is_refused(saved: Path, damage: str) -> None:
    DAMAGE[damage](saved)
    with pytest.raises(CorruptError, match=r"\.(json|npy)"):
        load_features(saved)


def test_another_format_is_refused(saved: Path) -> None:
    head_with(format=99)(saved)
    with pytest.raises(FormatError, match="wanted 1, got 99"):
        load_features(saved)


def test_a_stream_of_arrow_arrays_gives_what_a_list_gives() -> None:
    texts = ["fire in the forest", "the sun", "a forest", "fires"]
    config = FeaturesConfig(analyzer="word+char_wb", min_df=1)
    _, wanted = WordCharFeatures.fit(TextPath(), config, texts)
    parts = (pa.array(texts[begin : begin + 2], pa.large_string()) for begin in (0, 2))
    _, got = WordCharFeatures.fit(TextPath(), config, parts)
    assert got.data.tobytes() == wanted.data.tobytes()
    assert got.indices.tolist() == wanted.indices.tolist()
