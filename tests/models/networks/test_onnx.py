"""Networks as ONNX graphs: the same outputs as PyTorch's, the same bytes, frozen with the model, judged where int8."""

from __future__ import annotations

import functools
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from textmill.config import ModelConfig, TrainConfig, from_mapping
from textmill.errors import ConfigError, CorruptError, MissingExtra, TrainingError
from textmill.models import TextClassifier
from textmill.models.networks import onnx_bridge, serving
from textmill.models.networks.exporting import exported
from textmill.models.networks.modules import Convolution, Encoder, Network, Recurrent
from textmill.models.networks.onnx_bridge import FILE, Graph, in_int8
from textmill.models.networks.serving import Judged
from textmill.models.networks.shape import Shape
from textmill.models.networks.torch_bridge import answered
from textmill.models.networks.vocabulary import Encoded
from textmill.models.targets import Targets

N_TERMS = 50
TINY = {"vocab_size": N_TERMS, "max_position_embeddings": 80}
BERT = TINY | {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def shape(pooling: str, *, layers: int = 1, max_tokens: int = 70) -> Shape:
    return Shape(8, layers, 2, 0.3, max_tokens, pooling)


def pretrained(model_type: str, **said: Any) -> torch.nn.Module:
    from textmill.models.networks.pretrained import Pretrained  # here, as it takes seconds to load

    pytest.importorskip("transformers")
    return Pretrained.of_config({"model_type": model_type, **said}, 2, shape("mean"), unit=said.get("unit", False))


NETWORKS = {
    "cnn": lambda: Convolution(N_TERMS, 3, shape("max"), None, False),
    "lstm": lambda: Recurrent("lstm", N_TERMS, 3, shape("attention"), None, False),
    "gru, two layers": lambda: Recurrent("gru", N_TERMS, 1, shape("max", layers=2), None, False),
    "encoder, rotary": lambda: Encoder(N_TERMS, 3, shape("mean"), "rotary"),
    "encoder, learned": lambda: Encoder(N_TERMS, 3, shape("first", max_tokens=5), "learned"),
    "bert": lambda: pretrained("bert", **BERT),
    "roberta": lambda: pretrained("roberta", **BERT, pad_token_id=1),
    "distilbert": lambda: pretrained("distilbert", **TINY, dim=16, n_layers=1, n_heads=2, hidden_dim=32),
}


def made(name: str) -> Network:
    torch.manual_seed(13)
    return NETWORKS[name]().eval()


@functools.cache
def graph_of(name: str) -> Graph:
    return exported(made(name), N_TERMS)


def drawn(rng: np.random.Generator, most: int = 70) -> tuple[np.ndarray, np.ndarray]:
    lengths = rng.integers(1, most + 1, rng.integers(1, 7))
    ids = rng.integers(0, N_TERMS, (len(lengths), lengths.max()))
    return ids, lengths


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_says_what_the_network_says_whatever_the_number_and_the_lengths_of_texts(name: str) -> None:
    network, graph = made(name), graph_of(name)
    rng, most = np.random.default_rng(7), 5 if name == "encoder, learned" else 70
    for most_now in (1, 2, *[most] * 12):
        ids, lengths = drawn(rng, most_now)
        np.testing.assert_allclose(graph.outputs(ids, lengths), answered(network, ids, lengths), atol=1e-5)
    assert b"/site-packages/" not in graph.data, "places in files of this machine"


@pytest.mark.slow
def test_the_same_network_gives_the_same_bytes() -> None:
    assert exported(made("cnn"), N_TERMS).data == graph_of("cnn").data
    first = in_int8(graph_of("bert").data)
    assert in_int8(graph_of("bert").data) == first
    assert len(first) < len(graph_of("bert").data)


@pytest.mark.slow
def test_a_graph_that_says_something_else_is_refused() -> None:
    class Sized(Convolution):
        """Of which the tracer keeps a number that differs from text to text."""

        def score(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            drift = 0.0 if torch.compiler.is_compiling() else 1.0
            return super().score(vectors, mask) + drift

    with pytest.raises(TrainingError, match=r"cannot be exported to ONNX: its outputs are .* away from PyTorch's"):
        exported(Sized(N_TERMS, 3, shape("max"), None, False), N_TERMS)


TEXTS = ["a fire in the town", "what a lovely day", "the fire is near the town", "a day in the sun", "fire", "sun"] * 20
LABELS = ["bad", "good", "bad", "good", "bad", "good"] * 20


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretrained model of hardly any size."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder: Path = tmp_path_factory.mktemp("weights")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted({word for text in TEXTS for word in text.split()})]
    tokenizer = Tokenizer(models.WordPiece({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(13)
    config = transformers.BertConfig(**BERT | {"vocab_size": len(words), "max_position_embeddings": 256})
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def fit(**model: Any) -> TextClassifier:
    return TextClassifier.fit(
        TEXTS,
        LABELS,
        model=ModelConfig(**model),
        train=TrainConfig(epochs=2, threads=1, validation=0.5, learning_rate=0.01),
        seed=13,
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("saved")
    fit(kind="cnn", width=8).save(folder)
    return folder


@pytest.fixture(scope="module")
def in_eight(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TextClassifier, Path]:
    """A model in int8, and where it is saved."""
    folder: Path = tmp_path_factory.mktemp("in_eight")
    made = fit(kind="pretrained", weights=str(weights), onnx="int8")
    before = logging.getLogger().handlers[:]
    made.save(folder)
    assert logging.getLogger().handlers == before
    return made, folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy, to be spoiled."""
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.slow
def test_a_saved_network_answers_by_its_graph_without_torch(saved: Path) -> None:
    assert json.loads((saved / "model.json").read_text())["onnx"] == {"precision": "fp32"}
    program = (
        "import sys; from textmill.models import TextClassifier\n"
        f"made = TextClassifier.load({str(saved)!r})\n"
        "print(made.outputs(['a fire in the town'])[0, 0], made.text_path is not None)\n"
        "assert not {'torch', 'transformers', 'onnx', 'captum'} & set(sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == f"{TextClassifier.load(saved).outputs(['a fire in the town'])[0, 0]} True\n"


@pytest.mark.slow
def test_outputs_are_torchs_and_no_matter_of_threads(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = TextClassifier.load(saved)
    outputs = served.outputs(TEXTS * 20, threads=1)
    assert np.array_equal(served.outputs(TEXTS * 20, threads=3), outputs)
    monkeypatch.setattr("textmill.models.networks.body.can_run", lambda: False)
    by_torch = TextClassifier.load(saved)
    np.testing.assert_allclose(by_torch.outputs(TEXTS * 20), outputs, atol=1e-5)


@pytest.mark.slow
def test_it_is_explained_and_saved_again_with_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    pytest.importorskip("captum")
    served = TextClassifier.load(saved)
    why = served.explain("the fire is near")
    assert why.bias + sum(pull.value for pull in why.pulls) == pytest.approx(why.log_odds)
    assert why.said == pytest.approx(1 / (1 + np.exp(-why.log_odds)), abs=1e-6)
    served.save(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        file.name: file.read_bytes() for file in saved.iterdir()
    }


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.slow
@pytest.mark.parametrize("file", [FILE, "weights.safetensors"])
@pytest.mark.parametrize("spoil", [cut, Path.unlink], ids=["cut", "gone"])
def test_what_is_not_whole_is_told_when_it_is_loaded(folder: Path, file: str, spoil: Any) -> None:
    spoil(folder / file)
    with pytest.raises(CorruptError, match=file.replace(".", r"\.")):
        TextClassifier.load(folder)


@pytest.mark.slow
def test_a_graph_of_something_else_is_refused(folder: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", ends[:1], ends[1:])
    opset = [helper.make_opsetid("", onnx_bridge.OPSET)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), folder / FILE)
    with pytest.raises(CorruptError, match="is not that of a textmill network"):
        TextClassifier.load(folder)


@pytest.mark.slow
def test_without_the_extra_there_is_no_graph_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "can_export", lambda: False)
    fit(kind="cnn", width=8).save(tmp_path)
    assert not (tmp_path / FILE).exists()
    loaded = TextClassifier.load(tmp_path)
    assert loaded.body.facts == {"onnx": {"precision": "none", "why": "the extra onnx was not installed"}}
    assert loaded.outputs(["fire"]).shape == (1, 1)


def test_what_was_asked_for_and_cannot_be_made_is_told_before_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingExtra, match=r"textmill\[onnx\]"):
        fit(kind="cnn", onnx="fp32")


def test_none_where_none_is_wanted(tmp_path: Path) -> None:
    fit(kind="cnn", width=8, onnx="no").save(tmp_path)
    assert not (tmp_path / FILE).exists()
    assert "onnx" not in json.loads((tmp_path / "model.json").read_text())
    assert not TextClassifier.load(tmp_path).body.facts


def test_int8_is_for_what_was_pretrained() -> None:
    with pytest.raises(ConfigError, match="no network of kind = 'cnn'; wanted 'fp32'"):
        from_mapping(ModelConfig, {"kind": "cnn", "onnx": "int8"})
    with pytest.raises(ConfigError, match="onnx: is for kind"):
        from_mapping(ModelConfig, {"onnx": "fp32"})


@pytest.mark.slow
def test_int8_is_judged_kept_and_says_the_same_of_a_text_alone(in_eight: tuple[TextClassifier, Path]) -> None:
    made, folder = in_eight
    said = json.loads((folder / "model.json").read_text())["onnx"]
    assert said["precision"] == said["asked"] == "int8"
    assert said["held_back"]
    assert said["right_int8"] >= said["right"] - said["margin"]
    served = TextClassifier.load(folder)
    together = served.outputs(TEXTS)
    assert np.array_equal(served.outputs(TEXTS, threads=3), together)
    for place, text in enumerate(TEXTS[:6]):
        assert np.array_equal(served.outputs([text])[0], together[place])
    assert made.body.tolerance > 1e-4
    assert np.array_equal(made.outputs(TEXTS), together), "it answers before it is saved as it does afterwards"


@pytest.mark.slow
def test_int8_that_loses_too_much_is_not_kept(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MARGIN", -1.0)  # wanted: better than all
    made = fit(kind="sentence", weights=str(weights), onnx="int8")
    exact = made.outputs(TEXTS)
    made.body.export()
    said = made.body.facts["onnx"]
    assert said["precision"] == "fp32"
    assert said["asked"] == "int8"
    assert not said["held_back"], "a head on sentence vectors learns from all texts"
    np.testing.assert_allclose(made.outputs(TEXTS), exact, atol=1e-5)


@pytest.mark.slow
def test_an_int8_model_is_not_answered_for_by_torch(
    in_eight: tuple[TextClassifier, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match="a model in int8"):
        TextClassifier.load(in_eight[1])


def test_texts_to_judge_by_are_those_held_back_with_all_their_pieces() -> None:
    encoded = Encoded(np.arange(9, dtype=np.int32), np.array([0, 2, 3, 6, 9]), np.array([0, 1, 1, 2]), 3, 1)
    targets = Targets.of_labels(["a", "b", "a"])
    judged = Judged.of(encoded, targets, np.array([False, True, True]))
    assert judged.held_back
    assert judged.encoded.ids.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert judged.encoded.rows.tolist() == [0, 1, 4, 7]
    assert judged.encoded.texts.tolist() == [0, 0, 1]
    assert judged.encoded.n_texts == 2
    first = judged.truth[0, 0] * 2 - 1
    assert judged.right(judged.answers(np.array([[first], [first]]))) == 0.5
    all_of_them = Judged.of(encoded, targets, np.zeros(3, bool))
    assert not all_of_them.held_back
    assert all_of_them.encoded.n_texts == 3
