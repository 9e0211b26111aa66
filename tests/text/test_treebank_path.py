"""`tokens = "treebank"`: NLTK's word_tokenize in a text path, with its tables saved inside the model."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings

from strategies import examples, texts
from textmill.config import FeaturesConfig, TextConfig, from_mapping
from textmill.errors import ConfigError
from textmill.features import WordFeatures
from textmill.text import Punkt, TextPath, TreebankTokens

SETTINGS = {"clean": (), "tokens": "treebank", "map": "none"}
TABLES = {
    "abbrev_types.txt": "dr\nvs\n",
    "collocations.tab": "##number##.\tjune\n",
    "sent_starters.txt": "however\n",
    "ortho_context.tab": "smith\t4\n",
}
DOCS = ["Dr. Smith can't come. However, he won't mind.", '"Twas" (so) vs. them... 3 June.']


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "punkt_tab" / "english"
    folder.mkdir(parents=True)
    for name, table in TABLES.items():
        (folder / name).write_text(table)
    return folder.parent


def terms(path: TextPath, docs: list[str]) -> list[list[str]]:
    return path.tokens(docs).lists()


@settings(max_examples=examples(60))
@given(texts)
def test_a_path_splits_what_it_has_put_in_small_letters(text: str) -> None:
    lowered = text.lower()
    wanted = TreebankTokens().tokenize(lowered)
    assert terms(TextPath(TextConfig(**SETTINGS)), [text]) == [wanted]  # type: ignore[arg-type]


def test_tables_by_path_give_the_words_of_punkt(tables: Path) -> None:
    config = TextConfig(**SETTINGS, case="keep", tokens_file=str(tables))  # type: ignore[arg-type]
    ours = TextPath(config)
    assert terms(ours, DOCS) == [TreebankTokens(sentences=Punkt.read(tables)).tokenize(doc) for doc in DOCS]
    ends_in_one = ["He saw Dr. However, it rained."]
    by_rules = TextPath(TextConfig(**SETTINGS, case="keep"))  # type: ignore[arg-type]
    assert terms(ours, ends_in_one) != terms(by_rules, ends_in_one)
    assert ours.hash != TextPath(TextConfig(**SETTINGS, case="keep")).hash  # type: ignore[arg-type]


def test_the_path_of_the_tables_does_not_count_their_content_does(tables: Path, tmp_path: Path) -> None:
    def hashed(folder: Path) -> str:
        return TextPath(TextConfig(**SETTINGS, tokens_file=str(folder))).hash  # type: ignore[arg-type]

    before = hashed(tables)
    moved = tables.rename(tmp_path / "moved")
    assert hashed(moved) == before
    (moved / "english" / "abbrev_types.txt").write_text("mr\n")
    assert hashed(moved) != before


def test_saved_features_hold_the_tables(tables: Path, tmp_path: Path) -> None:
    config = TextConfig(**SETTINGS, case="keep", tokens_file=str(tables))  # type: ignore[arg-type]
    features, csr = WordFeatures.fit(TextPath(config), FeaturesConfig(min_df=1), DOCS)
    folder = tmp_path / "model"
    folder.mkdir()
    features.save(folder)
    for name in TABLES:
        os.remove(tables / "english" / name)
    again = WordFeatures.load(folder).rows(DOCS)
    assert (again.indices == csr.indices).all()
    assert (again.data == csr.data).all()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"tokens": "treebank", "tokens_file": "nowhere"}, "there are no tables of Punkt"),
        ({"tokens": "words", "tokens_file": "punkt"}, "tokens_file: is for tokens = 'subword' or 'treebank'"),
    ],
)
def test_what_is_wrong_is_one_sentence(raw: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TextPath(from_mapping(TextConfig, raw))


def test_the_textbooks_chain_counts_as_nltk_does(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small letters, word_tokenize, stop words, Porter, count."""
    nltk = pytest.importorskip("nltk")
    from nltk.stem import PorterStemmer

    monkeypatch.setattr(nltk.data, "path", [str(data_dir / "nltk_data")])
    stop = ["the", "a", "of", "and", "is"]
    docs = [*DOCS, "The houses of the Smiths were burning. It's a fire and it is HUGE!"]
    stem = PorterStemmer().stem
    wanted = [Counter(stem(w) for w in nltk.word_tokenize(doc.lower()) if w not in stop) for doc in docs]
    path = TextPath(
        TextConfig(
            clean=(),
            tokens="treebank",
            tokens_file=str(data_dir / "nltk_data"),
            stop_words=tuple(stop),
            map="porter",
        )
    )
    assert [Counter(found) for found in terms(path, docs)] == wanted
