"""Counts of parts, added up in whatever way, teach what the whole teaches, to the byte."""

from __future__ import annotations

import itertools
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import corpora, examples
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import CorruptError, DataError
from textmill.features import WordFeatures
from textmill.features.word_counts import WordCounts
from textmill.text import TextPath

PLAIN = TextConfig(clean=(), map="none")
MAPPED = TextConfig(clean=("urls",), map="porter", stop_words=("the", "fires", "x1"))

feature_settings = st.builds(
    FeaturesConfig,
    kind=st.sampled_from(["tf-idf", "counts"]),
    ngrams=st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3), (2, 4), (3, 3), (5, 6), (1, 8)]),
    min_df=st.sampled_from([1, 2, 3, 4, 0.0, 0.3, "auto"]),
    max_df=st.sampled_from([1.0, 1.0, 0.6, 2]),
    max_features=st.sampled_from([None, None, 1, 5]),
    tf=st.sampled_from(["raw", "binary", "sublinear"]),
)


def files(saved: WordFeatures | WordCounts) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        saved.save(Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def parts_of(path: TextPath, config: FeaturesConfig, texts: list[str], places: list[int]) -> list[WordCounts]:
    ends = sorted({min(place, len(texts)) for place in places} | {0, len(texts)})
    cut = [texts[a:b] for a, b in itertools.pairwise(ends)] or [[]]
    return [WordCounts.of(path, config, some) for some in cut]


@settings(max_examples=examples(60))
@given(corpora, feature_settings, st.sampled_from([PLAIN, MAPPED]), st.lists(st.integers(0, 12), max_size=6), st.data())
def test_parts_teach_what_the_whole_teaches(
    texts: list[str], config: FeaturesConfig, text: TextConfig, places: list[int], data: st.DataObject
) -> None:
    path = TextPath(text)
    parts = parts_of(path, config, texts, places)
    while len(parts) > 1:  # any tree over neighbours
        first = data.draw(st.integers(0, len(parts) - 2))
        last = data.draw(st.integers(first + 2, len(parts)))
        parts[first:last] = [WordCounts.merged(parts[first:last])]
    assert files(parts[0]) == files(WordCounts.of(path, config, texts))
    try:
        whole, _ = WordFeatures.fit(path, config, texts)
    except DataError as error:
        with pytest.raises(DataError, match=f"^{re.escape(str(error))}$"):
            parts[0].vocabulary(config)
        return
    assert files(WordFeatures(path, config, **parts[0].vocabulary(config)._asdict())) == files(whole)


def test_so_many_terms_that_no_number_holds_a_whole_n_gram_are_in_order_too() -> None:
    path, config = TextPath(PLAIN), FeaturesConfig(ngrams=(1, 8), min_df=1)
    texts = [" ".join(f"w{(31 * i + j * j) % 997}" for j in range(12)) for i in range(200)]
    merged = WordCounts.merged(parts_of(path, config, texts, [17, 90]))
    assert (merged.words.terms.n_texts + 1) ** 8 > 2**63
    assert files(merged) == files(WordCounts.of(path, config, texts))


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    counts = WordCounts.of(TextPath(), FeaturesConfig(ngrams=(1, 2)), ["red sun", "a red sun rises"])
    counts.save(tmp_path)
    assert files(WordCounts.load(tmp_path)) == files(counts)
    (tmp_path / "df.npy").unlink()
    with pytest.raises(CorruptError, match=r"df\.npy"):
        WordCounts.load(tmp_path)
