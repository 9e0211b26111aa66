"""Models of pairs of texts, linear and networks."""

from __future__ import annotations

import csv
import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from textmill.config import FeaturesConfig, ModelConfig, TextConfig, TrainConfig
from textmill.errors import ConfigError, DataError
from textmill.evaluate.probe import PROBE, Probe, difference, probe_texts
from textmill.models import MultiLabelClassifier, TextClassifier, load_model
from textmill.text import TextPath
from textmill.text.pairs import pair_buffers
from textmill.types import beside

ALIKE = [("a red sun", "the red sun"), ("fires in town", "a fire in the town"), ("cold rain", "rain, cold rain")]
OTHERS = [("a red sun", "fires in town"), ("cold rain", "the red sun"), ("rain", "a fire in the town")]
PAIRS, LABELS = (ALIKE + OTHERS) * 4, (["same"] * 3 + ["other"] * 3) * 4
networks = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "tokenizers", "transformers", "safetensors"))),
    reason="the extra 'networks' is not installed",
)
QUICK = TrainConfig(epochs=1, validation=0.0, patience=0)


def test_words_in_both_texts_are_told_from_words_in_one(tmp_path: Path) -> None:
    model = TextClassifier.fit(PAIRS, LABELS)
    new = [("green grass", "the green grass"), ("green grass", "a blue sea")]  # no word of it was learned
    said = model.predict(new)
    assert said.labels == ["same", "other"]
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.pairs
    for other in ([beside(*pair) for pair in new], pa.table({"a": [a for a, _ in new], "b": [b for _, b in new]})):
        np.testing.assert_array_equal(loaded.predict(other).scores, said.scores)
    why = loaded.explain(new[0])
    assert why.bias + sum(pull.value for pull in why.pulls) == pytest.approx(why.log_odds)
    shared = next(pull for pull in why.pulls if pull.term == "both:")
    assert [why.text[a:b] for a, b in shared.spans] == ["green", "grass", "green", "grass"]


def test_a_bag_learns_from_pairs() -> None:
    model = TextClassifier.fit(PAIRS * 10, LABELS * 10, model=ModelConfig(kind="bag"))
    assert model.predict([("green grass", "the green grass"), ("green grass", "a blue sea")]).labels == [
        "same",
        "other",
    ]


def test_several_labels_and_the_majority_take_pairs_too(tmp_path: Path) -> None:
    several = MultiLabelClassifier.fit(PAIRS, [[label] for label in LABELS])
    assert several.predict(ALIKE[:1]).labels == ["same"]
    majority = TextClassifier.fit(PAIRS[:5], LABELS[:5], model=ModelConfig(kind="majority"))
    majority.save(tmp_path)
    assert load_model(tmp_path).predict(ALIKE[:1]).labels == ["same"]


def test_pairs_and_single_texts_are_not_taken_for_each_other() -> None:
    pairs, single = TextClassifier.fit(PAIRS, LABELS), TextClassifier.fit([a for a, _ in PAIRS], LABELS)
    with pytest.raises(DataError, match="text 0 is no pair, and the model is of pairs"):
        pairs.predict(["a red sun"])
    with pytest.raises(DataError, match="the model is of single ones"):
        single.predict(ALIKE)
    for analyzer in ("char_wb", "word+char_wb"):
        with pytest.raises(ConfigError, match=rf"analyzer: wanted 'word', .*got '{re.escape(analyzer)}'"):
            TextClassifier.fit(PAIRS, LABELS, features=FeaturesConfig(analyzer=analyzer))  # type: ignore[arg-type]


def test_the_probe_set_is_asked_in_pairs(tmp_path: Path) -> None:
    model = TextClassifier.fit(PAIRS, LABELS)
    model.save(tmp_path)
    asked = probe_texts(model, PROBE)
    assert len(asked) == len(PROBE) + 1
    again = load_model(tmp_path)
    assert difference(Probe.of(model, asked), Probe.of(again, probe_texts(again, PROBE)), "again") is None


@networks
@pytest.mark.parametrize("kind", ["cnn", "gru", "encoder"])
def test_networks_of_words_read_one_text_after_the_other(kind: str, tmp_path: Path) -> None:
    config = ModelConfig(kind=kind, width=8, max_tokens=9, onnx="no")  # type: ignore[arg-type]
    model = TextClassifier.fit(PAIRS, LABELS, model=config, train=QUICK)
    said = model.predict([*ALIKE, ("", ""), ("x " * 50, "y")])
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    np.testing.assert_allclose(loaded.predict([*ALIKE, ("", ""), ("x " * 50, "y")]).scores, said.scores, atol=1e-6)
    turned = loaded.predict([(b, a) for a, b in ALIKE]).scores
    assert abs(turned - said.scores[:3]).max() > 0  # which text is first is known
    vocabulary = loaded.body.vocabulary  # type: ignore[union-attr]
    (ids,) = loaded.body.numbers([beside("red red sun", "sun")])
    (between,) = vocabulary.pairs.between
    assert ids.tolist().index(between) == len(ids) - ids.tolist()[::-1].index(between) - 1 == 3


@networks
def test_ids_types_and_cuts_are_those_of_the_tokenizers_library(bert: Path) -> None:
    from tokenizers import Tokenizer

    from textmill.models.networks.subwords import subword_vocabulary

    data = (bert / "tokenizer.json").read_bytes()
    tokenizer = Tokenizer.from_str(data.decode())
    tokenizer.no_padding()
    rng = np.random.default_rng(5)
    lengths = rng.integers(0, 12, (60, 2)).tolist()
    pairs = [(" ".join(["red"] * one), " ".join(["sun"] * two)) for one, two in lengths]
    for most in (5, 6, 9, 10, 64):
        tokenizer.enable_truncation(most, strategy="longest_first")
        vocabulary = subword_vocabulary(
            TextPath(TextConfig(clean=(), pairs=True)), data, max_tokens=most, windows=False, shift=1000
        )
        encoded = vocabulary.encode(pair_buffers(pairs))
        for number, wanted in enumerate(tokenizer.encode_batch(pairs)):
            ids = encoded.ids[encoded.rows[number] : encoded.rows[number + 1]]
            assert (ids % 1000).tolist() == wanted.ids
            assert (ids // 1000).tolist() == wanted.type_ids


@networks
def test_a_pretrained_encoder_is_given_what_transformers_gives_it(bert: Path, tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer

    config = ModelConfig(kind="pretrained", weights=str(bert), max_tokens=32, dropout=0.0, pooling="first", onnx="no")
    model = TextClassifier.fit(PAIRS, LABELS, model=config, train=QUICK)
    model.save(tmp_path / "model")
    network = load_model(tmp_path / "model").body.network  # type: ignore[union-attr]
    said = Tokenizer.from_file(str(bert / "tokenizer.json")).encode(*ALIKE[1])
    with torch.inference_mode():
        states = network.encoder(
            input_ids=torch.tensor([said.ids]), token_type_ids=torch.tensor([said.type_ids])
        ).last_hidden_state
        wanted = network.head(states[:, 0]).numpy()
    np.testing.assert_allclose(model.outputs(ALIKE[1:2]), wanted, atol=1e-5)


@networks
def test_sentence_vectors_are_made_of_each_text_apart(bert: Path) -> None:
    import torch

    config = ModelConfig(kind="sentence", weights=str(bert), max_tokens=8)
    pairs = TextClassifier.fit(PAIRS, LABELS, model=config)
    alone = TextClassifier.fit([text for pair in PAIRS for text in pair], LABELS * 2, model=config)
    some = [*ALIKE, ("red " * 30, "sun"), ("", "sun")]
    vectors = []
    for side in (0, 1):
        encoded = alone.body.vocabulary.encode([pair[side] for pair in some])  # type: ignore[union-attr]
        every = np.arange(len(some))
        ids = torch.from_numpy(encoded.padded(every, 0))
        mask = torch.arange(ids.shape[1]) < torch.from_numpy(encoded.lengths)[:, None]
        with torch.inference_mode():
            network = alone.body.network  # type: ignore[union-attr]
            vectors.append(network.sentence(network.embed(ids), mask))
    u, v = vectors
    with torch.inference_mode():
        head = pairs.body.network.head  # type: ignore[union-attr]
        wanted = head(torch.cat([(u - v).abs(), u * v, (u * v).sum(1, keepdim=True)], 1)).numpy()
    np.testing.assert_allclose(pairs.outputs(some), wanted, atol=1e-5)


@networks
def test_what_pairs_cannot_have_is_said(bert: Path) -> None:
    for config in (
        ModelConfig(kind="cnn", longer="windows"),
        ModelConfig(kind="sentence", weights=str(bert), learns="all"),
        ModelConfig(kind="sentence", weights=str(bert), onnx="fp32"),
    ):
        with pytest.raises(ConfigError, match=r"model\.(longer|learns|onnx)"):
            TextClassifier.fit(PAIRS, LABELS, model=config, train=QUICK)


@networks
def test_pairs_of_no_word_that_is_known_are_told(bert: Path) -> None:
    config = ModelConfig(kind="pretrained", weights=str(bert), max_tokens=16)
    with pytest.raises(DataError, match="no word of the texts is one that the network knows"):
        TextClassifier.fit([("xx yy", "zz"), ("zz", "")], ["same", "other"], model=config, train=QUICK)


@networks
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pretrained", "encoder"])
def test_the_graph_of_a_network_of_pairs_says_what_torch_says(kind: str, bert: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    own = {"weights": str(bert)} if kind == "pretrained" else {"width": 8}
    config = ModelConfig(kind=kind, max_tokens=16, onnx="fp32", **own)  # type: ignore[arg-type]
    TextClassifier.fit(PAIRS, LABELS, model=config, train=QUICK).save(tmp_path)
    served = load_model(tmp_path)
    assert served.body.graph is not None  # type: ignore[union-attr]
    some = [*PAIRS, *[(b, a) for a, b in PAIRS], ("", ""), ("red " * 30, "sun"), ("sun", "red " * 30), ("", "sun")]
    encoded = served.body.vocabulary.encode(pair_buffers(some))  # type: ignore[union-attr]
    every = np.arange(len(some))
    ids, lengths = encoded.padded(every, served.body.vocabulary.pad), encoded.lengths  # type: ignore[union-attr]
    wanted = answered(served.body, ids, lengths)
    np.testing.assert_allclose(served.body.graph.outputs(ids, lengths), wanted, atol=1e-4)  # type: ignore[union-attr]
    np.testing.assert_allclose(served.outputs(some), wanted, atol=1e-4)


def answered(body: Any, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    from textmill.models.networks import torch_bridge

    return torch_bridge.answered(body.network, ids, lengths)


@networks
@pytest.mark.slow  # what makes graphs takes that long to load
def test_sentence_vectors_of_pairs_have_no_graph_and_say_why(bert: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    model = TextClassifier.fit(PAIRS, LABELS, model=ModelConfig(kind="sentence", weights=str(bert), max_tokens=8))
    model.save(tmp_path)
    served = load_model(tmp_path)
    body: Any = served.body
    assert body.graph is None
    assert body.facts["onnx"]["precision"] == "none"
    assert "how long the texts of pairs are" in body.facts["onnx"]["why"]
    np.testing.assert_allclose(served.outputs(ALIKE), model.outputs(ALIKE), atol=1e-6)


@pytest.mark.slow
@networks
def test_explanations_add_up_and_point_into_the_pair(bert: Path) -> None:
    pytest.importorskip("captum")
    config = ModelConfig(kind="pretrained", weights=str(bert), max_tokens=32)
    model = TextClassifier.fit(PAIRS, LABELS, model=config, train=QUICK)
    why = model.explain(("a red sun", "the sun"))
    assert why.bias + sum(pull.value for pull in why.pulls) == pytest.approx(why.log_odds)
    sun = next(pull for pull in why.pulls if pull.term == "sun")
    assert [why.text[a:b] for a, b in sun.spans] == ["sun", "sun"]


def test_overlap_beats_a_bag_of_both_texts_on_real_pairs(data_dir: Path) -> None:
    """Similarity of sentences, 3 of 5 or more: without the marks the words of both say next to nothing."""
    with (data_dir / "stsb" / "stsb-en-train.csv").open(encoding="utf-8", newline="") as file:
        rows = [(one[0], one[1], "same" if float(one[2]) >= 3 else "other") for one in csv.reader(file)][::2]
    pairs, labels = [row[:2] for row in rows], [row[2] for row in rows]
    held = np.arange(len(rows)) % 4 == 0
    learn = np.flatnonzero(~held).tolist()
    model = TextClassifier.fit([pairs[i] for i in learn], [labels[i] for i in learn])
    bag = TextClassifier.fit([" ".join(pairs[i]) for i in learn], [labels[i] for i in learn])
    truth = np.array(labels)[held]
    asked = [pairs[i] for i in np.flatnonzero(held).tolist()]
    right = float(np.mean(np.array(model.predict(asked).labels) == truth))
    of_bag = float(np.mean(np.array(bag.predict([" ".join(pair) for pair in asked]).labels) == truth))
    assert right > 0.72
    assert right > of_bag + 0.08


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights, and a tokenizer with a template for pairs."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    terms = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *["a", "red", "sun", "the", "fires", "in", "town", "fire", "cold", "rain", ",", "##s"],
    ]
    tokenizer = Tokenizer(models.WordPiece({term: i for i, term in enumerate(terms)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(terms),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder
