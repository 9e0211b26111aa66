"""Explanations of networks: they add up, to what the text says; words that decide pull most, each word whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from toy_models import TRAIN, bert, own, pretrained, texts

from textmill.config import TextConfig
from textmill.errors import DataError, MissingExtra
from textmill.models import TextClassifier
from textmill.models.networks.subwords import subword_vocabulary
from textmill.text import TextPath

TEXTS, LABELS = texts()
SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("lstm", "gru", "encoder", "pretrained")]
KINDS = ["cnn", "sentence", *SLOW]


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextClassifier:
    kind = request.param
    if kind in ("pretrained", "sentence"):
        config = pretrained(bert(tmp_path_factory.mktemp("weights") / "bert"), kind)
    else:
        config = own(kind)
    train = replace(TRAIN, learning_rate=0.002) if kind == "pretrained" else TRAIN
    return TextClassifier.fit(TEXTS, LABELS, model=config, train=train)


def log_odds(model: TextClassifier, text: str) -> float:
    return float(model.outputs([text])[0, 0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["people in the street: Flood, flood warnings!", "sun", "", "☃ telepathy", "fire " * 12]
)
def test_bias_and_pulls_are_the_log_odds(model: TextClassifier, text: str) -> None:
    for toward, sign in (("good", 1), ("bad", -1)):
        why = model.explain(text, toward=toward)
        assert why.bias + sum(pull.value for pull in why.pulls) == pytest.approx(why.log_odds, abs=1e-9)
        assert why.log_odds == pytest.approx(sign * log_odds(model, text), abs=1e-4)
        assert why.said == pytest.approx(1 / (1 + np.exp(-why.log_odds)), abs=1e-4)
        for pull in why.pulls:
            assert all(0 <= begin < end <= len(text) for begin, end in pull.spans)


@pytest.mark.parametrize("text", ["people in the street: flood, flood warnings", "sun today and a picnic everyone"])
def test_what_the_sum_misses_of_the_integral_is_little(model: TextClassifier, text: str) -> None:
    why = model.explain(text, toward="good")
    vocabulary, network = model.body.vocabulary, model.body.network
    ids = torch.from_numpy(vocabulary.encode([text]).ids.astype(np.int64))[None]
    before, after = map(len, vocabulary.around)
    ids[:, before : ids.shape[1] - after] = vocabulary.unknown
    with torch.inference_mode():
        nothing = float(network(ids, torch.ones_like(ids, dtype=torch.bool))[0, 0])
    moved = sum(abs(pull.value) for pull in why.pulls)
    assert abs(why.bias - nothing) <= 0.01 * max(abs(why.log_odds - nothing), moved)


def test_the_word_that_decides_pulls_most(model: TextClassifier) -> None:
    if model.config.weights is not None:
        return  # weights of chance mix words up
    right = 0
    for text, label in zip(TEXTS[:10], LABELS[:10], strict=True):
        strongest = model.explain(text, toward=label).pulls[0]
        right += strongest.value > 0 and strongest.term in ("flood", "fire", "picnic", "sun")
    assert right >= 8


@pytest.mark.slow
def test_a_text_that_is_read_in_windows_is_explained_whole() -> None:
    model = TextClassifier.fit(TEXTS, LABELS, model=own("cnn", max_tokens=4, longer="windows"), train=TRAIN)
    text = "people town street morning people flood"
    why = model.explain(text, toward="bad")
    assert "flood" in [pull.term for pull in why.pulls]
    assert why.log_odds == pytest.approx(-log_odds(model, text), abs=1e-5)
    cut = TextClassifier.fit(TEXTS, LABELS, model=own("cnn", max_tokens=4), train=TRAIN)
    assert {pull.spans for pull in cut.explain(text).pulls} == {((0, 6),), ((7, 11),), ((12, 18),), ((19, 26),)}


def word_piece() -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ga", "##ra", "##ge", "the", "!", "東", "京"]
    made = Tokenizer(models.WordPiece({term: i for i, term in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def byte_level() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("g", "a"), ("r", "a"), ("g", "e"), ("Ġ", "ga"), ("t", "h"), ("Ġ", "th")]
    terms = ["<s>", "<pad>", "</s>", *letters, *(a + b for a, b in merges)]
    made = Tokenizer(models.BPE({term: i for i, term in enumerate(terms)}, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return made


def unigram() -> Tokenizer:
    pieces = ["<unk>", "<pad>", "</s>", "▁ga", "ra", "ge", "▁the", "!", "▁", "東", "京", "é"]
    made = Tokenizer(models.Unigram([(term, -float(i)) for i, term in enumerate(pieces)], unk_id=0))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return made


@pytest.mark.parametrize("make", [word_piece, byte_level, unigram])
def test_pieces_of_one_word_are_one_word(make) -> None:  # type: ignore[no-untyped-def]
    vocabulary = subword_vocabulary(
        TextPath(TextConfig(clean=())), make().to_str().encode(), max_tokens=40, windows=False
    )
    text = "the garage! garage"
    found = vocabulary.words(text)
    assert [word.term for word in found] == ["the", "garage", "!", "garage"]
    assert [text[slice(*word.span)].strip() for word in found] == ["the", "garage", "!", "garage"]
    places = [place for word in found for place in word.places]
    before = len(vocabulary.around[0])
    assert places == [(0, before + i) for i in range(len(places))]  # every token is in one word, in order
    assert len(found[1].places) > 1
    wide = "the 東京 é"
    assert "".join(wide[slice(*word.span)] for word in vocabulary.words(wide)).replace(" ", "") == "the東京é"


def test_windows_cut_a_word_and_it_is_whole_all_the_same() -> None:
    vocabulary = subword_vocabulary(TextPath(), word_piece().to_str().encode(), max_tokens=4, windows=True)
    words = vocabulary.words("the garage")
    assert [(word.term, word.places) for word in words] == [
        ("the", ((0, 1),)),
        ("garage", ((0, 2), (1, 1), (1, 2))),
    ]
    cut = subword_vocabulary(TextPath(), word_piece().to_str().encode(), max_tokens=4, windows=False)
    assert [(word.term, word.span) for word in cut.words("the garage")] == [("the", (0, 3)), ("ga", (4, 6))]


def test_a_class_that_is_none_and_captum_that_is_missing_are_said(
    model: TextClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="no class is called 'ugly'"):
        model.explain("fire", toward="ugly")
    monkeypatch.setitem(__import__("sys").modules, "captum.attr", None)
    with pytest.raises(MissingExtra, match="explaining a network needs the package 'captum'"):
        model.explain("fire")


def test_more_than_two_classes_and_a_saved_model(tmp_path: Path) -> None:
    labels = ["fire" if "fire" in text else label for text, label in zip(TEXTS, LABELS, strict=True)]
    model = TextClassifier.fit(TEXTS, labels, model=own("cnn"), train=TRAIN)
    model.save(tmp_path)
    for toward in model.classes:
        why = TextClassifier.load(tmp_path).explain("people fire, everyone", toward=toward)
        place = model.classes.index(toward)
        assert why.log_odds == pytest.approx(float(model.outputs([why.text])[0, place]), abs=1e-5)
    assert model.explain("people fire, everyone", toward="fire").pulls[0].term in ("fire", "fires")
    assert model.telling() == {name: [] for name in model.classes}
