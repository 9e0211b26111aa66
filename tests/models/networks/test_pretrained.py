"""Pretrained encoders: what `transformers` computes, which part is trained, and what is kept.

What imports transformers is imported where it is used: that takes seconds, in each process that looks for tests.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer
from toy_models import TRAIN, bert, files_of, pretrained, texts

from textmill.config import ModelConfig, TextConfig, TrainConfig
from textmill.errors import ConfigError, CorruptError, TextmillError
from textmill.models import TextClassifier
from textmill.models.classifier import TextClassifier as Classifier
from textmill.models.networks import sentence as sentences
from textmill.models.networks.shape import Shape
from textmill.models.networks.weights import find_weights
from textmill.models.saved import load_model

TEXTS, LABELS = texts()
PLAIN = TextConfig(clean=())
SHAPE = Shape(0, 0, 0, 0.1, 24, "mean")
ONCE = TrainConfig(threads=1, epochs=1, batch_tokens=256)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bert(tmp_path_factory.mktemp("weights") / "bert")


def states(weights: Path, some: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """What transformers' own model makes of texts, and where there are tokens."""
    from transformers import BertModel, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(weights / "tokenizer.json"), pad_token="[PAD]")
    batch = tokenizer(some, padding=True, truncation=True, max_length=24, return_tensors="pt")
    with torch.inference_mode():
        found = BertModel.from_pretrained(weights).eval()(batch["input_ids"], batch["attention_mask"])
    return found.last_hidden_state, batch["attention_mask"].bool()


def mean(weights: Path, some: list[str]) -> torch.Tensor:
    found, mask = states(weights, some)
    return (found * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def kept(model: Classifier, folder: Path) -> dict[str, torch.Tensor]:
    model.save(folder)
    return load_file(folder / "weights.safetensors")


@pytest.mark.parametrize("pooling", ["mean", "max", "first"])
def test_outputs_are_those_of_transformers_own_model_pooled(weights: Path, pooling: str, tmp_path: Path) -> None:
    model = TextClassifier.fit(
        TEXTS, LABELS, text=PLAIN, model=pretrained(weights, learns="head", pooling=pooling), train=ONCE
    )
    some = [*TEXTS[:9], "", "people " * 40]
    found, mask = states(weights, some)
    if pooling == "mean":
        vectors = mean(weights, some)
    else:
        vectors = found[:, 0] if pooling == "first" else found.masked_fill(~mask[..., None], -torch.inf).amax(1)
    head = model.body.network.head
    with torch.inference_mode():
        wanted = (vectors @ head.weight.T + head.bias).numpy()
    np.testing.assert_allclose(model.outputs(some), wanted, atol=1e-4)


def test_where_the_head_alone_learns_the_encoder_keeps_its_bytes(weights: Path, tmp_path: Path) -> None:
    model = TextClassifier.fit(TEXTS, LABELS, model=pretrained(weights, learns="head"), train=TRAIN)
    before, after = load_file(weights / "model.safetensors"), kept(model, tmp_path / "model")
    encoder = {name.removeprefix("encoder."): value for name, value in after.items() if name.startswith("encoder.")}
    assert len(encoder) > 30
    assert all(torch.equal(value, before[name]) for name, value in encoder.items())
    assert not any("pooler" in name for name in after)


def test_where_all_learns_all_of_it_moves(weights: Path, tmp_path: Path) -> None:
    model = TextClassifier.fit(TEXTS, LABELS, model=pretrained(weights), train=ONCE)
    before, after = load_file(weights / "model.safetensors"), kept(model, tmp_path / "model")
    names = [name for name in before if "pooler" not in name]
    still = [name for name in names if torch.equal(after[f"encoder.{name}"], before[name])]
    # a bias of keys moves no softmax, and of positions and kinds only those that are met
    assert all("key.bias" in name for name in still)


@pytest.mark.slow
def test_lora_moves_what_it_is_for_and_is_kept_as_the_plain_encoder(weights: Path, tmp_path: Path) -> None:
    model = TextClassifier.fit(TEXTS, LABELS, model=pretrained(weights, learns="lora"), train=TRAIN)
    before, after = load_file(weights / "model.safetensors"), kept(model, tmp_path / "model")
    encoder = {name.removeprefix("encoder."): value for name, value in after.items() if name.startswith("encoder.")}
    assert encoder.keys() == {name for name in before if "pooler" not in name}
    moved = {name for name, value in encoder.items() if not torch.equal(value, before[name])}
    assert moved == {
        f"encoder.layer.{layer}.attention.self.{part}.weight" for layer in (0, 1) for part in ("query", "value")
    }
    for name in moved:
        change = torch.linalg.matrix_rank(encoder[name] - before[name], atol=1e-5)
        assert change >= 1
    np.testing.assert_array_equal(load_model(tmp_path / "model").outputs(TEXTS[:5]), model.outputs(TEXTS[:5]))
    again = TextClassifier.fit(TEXTS, LABELS, model=pretrained(weights, learns="lora"), train=TRAIN)
    again.save(tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(tmp_path / "model")


def test_rates_fall_from_layer_to_layer(weights: Path) -> None:
    from textmill.models.networks.pretrained import Pretrained, layered

    network = Pretrained.of_weights(find_weights(str(weights)), 1, SHAPE)
    rates = layered(network, 0.5).shares
    assert rates.keys() == {name for name, _ in network.named_parameters()}
    assert rates["head.weight"] == 1.0
    assert rates["encoder.encoder.layer.1.output.dense.weight"] == 0.5
    assert rates["encoder.encoder.layer.0.attention.self.query.bias"] == 0.25
    assert rates["encoder.embeddings.word_embeddings.weight"] == 0.125
    assert set(layered(network, 1.0).shares.values()) == {1.0}
    network.learn("lora")
    rates = layered(network, 0.5).shares
    assert {share for name, share in rates.items() if "layer.0" in name and "lora" in name} == {0.25}


def test_an_encoder_that_is_not_trained_drops_nothing_out(weights: Path) -> None:
    from textmill.models.networks.pretrained import Pretrained

    network = Pretrained.of_weights(find_weights(str(weights)), 1, SHAPE)
    network.train()
    assert network.encoder.training
    network.learn("head")
    network.train()
    assert not network.encoder.training
    assert network.dropout.training


# --- sentence vectors ---


@pytest.mark.slow
def test_the_head_is_scikit_learns_over_unit_vectors_of_means(weights: Path) -> None:
    for labels in (LABELS, [["a", "b", "c"][number % 3] for number in range(len(TEXTS))]):
        model = TextClassifier.fit(TEXTS, labels, text=PLAIN, model=pretrained(weights, "sentence", C=3.0, tol=1e-7))
        vectors = torch.nn.functional.normalize(mean(weights, TEXTS), dim=1).numpy().astype(np.float64)
        theirs = LogisticRegression(C=3.0, tol=1e-9, max_iter=10_000).fit(vectors, labels)
        np.testing.assert_allclose(model.learned(TEXTS), theirs.predict_proba(vectors), atol=2e-3)
        if len(theirs.classes_) == 2:
            head = model.body.network.head
            np.testing.assert_allclose(head.weight.detach().numpy(), theirs.coef_, atol=2e-2)


def cosines(model: Classifier, some: list[str]) -> np.ndarray:
    network, vocabulary = model.body.network, model.body.vocabulary
    encoded = vocabulary.encode(some)
    ids = torch.from_numpy(encoded.padded(np.arange(len(some)), vocabulary.pad))
    mask = torch.arange(ids.shape[1]) < torch.from_numpy(encoded.lengths)[:, None]
    with torch.inference_mode():
        vectors = network.sentence(network.embed(ids), mask).numpy()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    return vectors @ vectors.T


@pytest.mark.slow
def test_pairs_bring_texts_of_a_class_near_each_other(weights: Path) -> None:
    few, labels = TEXTS[:16], LABELS[:16]
    train = TrainConfig(threads=1, epochs=6, batch_tokens=256, learning_rate=1e-2)
    fixed = TextClassifier.fit(few, labels, model=pretrained(weights, "sentence"), train=train)
    moved = TextClassifier.fit(few, labels, model=pretrained(weights, "sentence", learns="all"), train=train)
    unseen, wanted = texts(60, seed=5)
    same = np.equal.outer(wanted, wanted)

    def apart(model: Classifier) -> float:
        found = cosines(model, unseen)
        return float(found[same].mean() - found[~same].mean())

    def right(model: Classifier) -> float:
        return float(np.mean(np.array(model.predict(unseen).labels) == wanted))

    assert apart(moved) > apart(fixed) + 0.2
    assert right(moved) > right(fixed)
    assert moved.facts["pairs"] == 16 * (7 + 8)


def test_pairs_are_of_one_class_and_of_two_each_as_often() -> None:
    codes = np.array([0] * 30 + [1] * 30 + [2])
    pairs, alike = sentences._drawn(codes, np.random.default_rng(1))
    assert (pairs[:, 0] != pairs[:, 1]).all()
    np.testing.assert_array_equal(alike, codes[pairs[:, 0]] == codes[pairs[:, 1]])
    first = pairs[:, 0]
    assert (np.bincount(first[alike], minlength=61)[:60] == 20).all()
    assert (np.bincount(first[~alike], minlength=61) == 20).all()
    assert 60 not in first[alike]  # alone in its class
    assert len({tuple(pair) for pair in pairs.tolist()}) == len(pairs)


# --- weights that are wanting ---


def broken(weights: Path, folder: Path, **config: Any) -> Path:
    shutil.copytree(weights, folder)
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | config))
    return folder


def refused(folder: Path | str, error: type[TextmillError], said: str, **more: Any) -> None:
    model = ModelConfig(**{"kind": "pretrained", "weights": str(folder), "max_tokens": 24} | more)
    with pytest.raises(error, match=said) as caught:
        TextClassifier.fit(TEXTS, LABELS, model=model, train=ONCE)
    assert "\n" not in str(caught.value)


def test_weights_that_want_their_own_code_are_refused(weights: Path, tmp_path: Path) -> None:
    folder = broken(weights, tmp_path / "own", auto_map={"AutoModel": "evil.Evil"}, model_type="evil")
    (folder / "evil.py").write_text("raise SystemExit('it ran')")
    refused(folder, CorruptError, "wants code of its own to be run, and no model is given that here")


def test_pickles_are_refused(weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "pickled")
    tensors = load_file(weights / "model.safetensors")
    torch.save(tensors, tmp_path / "pickled" / "pytorch_model.bin")
    (tmp_path / "pickled" / "model.safetensors").unlink()
    refused(tmp_path / "pickled", ConfigError, "lacks weights as safetensors")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("fault", ["gone", "short", "garbage"])
def test_files_that_are_not_there_or_damaged_are_said(name: str, fault: str, weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(weights, folder)
    data = (folder / name).read_bytes()
    if fault == "gone":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data[: len(data) // 2] if fault == "short" else b"\xff\x00nothing")
    refused(folder, TextmillError, "lacks" if fault == "gone" else ".")


def test_weights_of_another_architecture_are_refused(weights: Path, tmp_path: Path) -> None:
    refused(broken(weights, tmp_path / "deep", num_hidden_layers=3), CorruptError, "not those of a bert model")
    refused(broken(weights, tmp_path / "wide", hidden_size=32), CorruptError, ".")
    refused(broken(weights, tmp_path / "odd", num_attention_heads=3), CorruptError, "config.json: no architecture can")
    refused(broken(weights, tmp_path / "none", model_type="telepathy"), CorruptError, "telepathy")
    renamed = tmp_path / "renamed"
    shutil.copytree(weights, renamed)
    tensors = load_file(renamed / "model.safetensors")
    save_file({f"x{name}": value for name, value in tensors.items()}, renamed / "model.safetensors", {"format": "pt"})
    refused(renamed, CorruptError, "not those of a bert model")


def test_a_tokenizer_of_other_weights_is_refused(weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "other")
    made = Tokenizer.from_file(str(weights / "tokenizer.json"))
    made.add_tokens(["telepathy"])
    made.save(str(tmp_path / "other" / "tokenizer.json"))
    refused(tmp_path / "other", CorruptError, r"not that of the weights; wanted \d+ terms at most, got \d+")


def test_more_tokens_than_the_weights_take_are_a_fault_where_they_are_asked_for(weights: Path) -> None:
    refused(weights, ConfigError, "model.max_tokens: these weights take up to 32, got 33", max_tokens=33)
    model = TextClassifier.fit(
        [*TEXTS, "people " * 50], [*LABELS, "bad"], model=pretrained(weights, max_tokens="auto"), train=ONCE
    )
    assert model.facts["max_tokens"] == 32
    assert model.facts["n_longer"] == 1


def test_roberta_has_two_places_less_than_it_says(tmp_path: Path) -> None:
    from transformers import RobertaConfig, RobertaModel

    folder = bert(tmp_path / "roberta")
    for file in ("config.json", "model.safetensors"):
        (folder / file).unlink()
    config = RobertaConfig(
        vocab_size=90, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=34, pad_token_id=1,
    )  # fmt: skip
    RobertaModel(config).save_pretrained(folder)
    refused(folder, ConfigError, "these weights take up to 32, got 33", max_tokens=33)
    long = ["people " * 50, *TEXTS]
    model = TextClassifier.fit(long, ["bad", *LABELS], model=pretrained(folder, max_tokens=32), train=ONCE)
    assert np.isfinite(model.predict(long[:1]).scores).all()


def test_a_name_that_is_nowhere_says_what_was_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.getaddrinfo", no_network)
    monkeypatch.setattr("socket.create_connection", no_network)
    with pytest.raises(ConfigError) as caught:
        find_weights("nobody/nothing-of-the-kind")
    said = str(caught.value)
    assert "\n" not in said
    for part in ("there is no folder nobody/nothing-of-the-kind", "the hub cannot be reached", "Give a folder with"):
        assert part in said
    assert "Got:" not in said
    with pytest.raises(ConfigError, match="a name on the hub is OWNER/NAME"):
        find_weights("distilbert-base-uncased")
    for name in ("telepathy", "./there", "/nowhere/at/all", "a/b/c"):
        with pytest.raises(ConfigError, match="no package of that name that ships weights is installed"):
            find_weights(name)


def test_weights_that_are_cut_short_are_told_by_their_head_alone(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w" / "short"
    shutil.copytree(weights, folder)
    whole = (folder / "model.safetensors").read_bytes()
    for rest, wanted in (
        (whole[:-9], f"wanted {len(whole):,} bytes"),
        (whole[:99], "head"),
        (b"version https", "head"),
    ):
        (folder / "model.safetensors").write_bytes(rest)
        with pytest.raises(CorruptError, match="cut short or damaged") as caught:
            find_weights(str(tmp_path / "w" / ".." / "w" / "short"))
        assert caught.value.where == str(folder / "model.safetensors")  # without ..
        assert wanted in str(caught.value)
        assert f"got {len(rest):,} bytes. Fetch it again." in str(caught.value)


def test_an_installed_package_that_ships_weights_is_found_and_not_imported(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "toy_weights"
    shutil.copytree(weights, package / "data")
    (package / "__init__.py").write_text("raise SystemExit('it was imported')")
    info = tmp_path / "toy_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n")
    files = [package / "__init__.py", *(package / "data").iterdir()]
    (info / "RECORD").write_text("".join(f"{file.relative_to(tmp_path)},,\n" for file in files))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path / "toy_weights")
    found = find_weights("toy-weights")
    assert found.folder == package / "data"
    assert {path.name for path in found.files} == {"config.json", "tokenizer.json", "model.safetensors"}
    with pytest.raises(ConfigError, match="'numpy' is not to be found"):
        find_weights("numpy")  # installed, and without weights


def test_weights_in_several_files_are_read_and_all_of_them_count(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(weights, folder)
    (folder / "model.safetensors").unlink()
    from transformers import BertModel

    BertModel.from_pretrained(weights).save_pretrained(folder, max_shard_size="10KB")
    parts = {path.name for path in find_weights(str(folder)).files}
    assert "model.safetensors.index.json" in parts
    assert len(parts) > 4
    made = [
        TextClassifier.fit(TEXTS, LABELS, model=pretrained(one, "sentence"), train=ONCE) for one in (weights, folder)
    ]
    np.testing.assert_array_equal(made[0].outputs(TEXTS), made[1].outputs(TEXTS))


def test_what_was_fetched_before_is_taken_and_what_lacks_of_it_is_fetched(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    part = tmp_path / "part"
    part.mkdir()
    shutil.copy(weights / "config.json", part)

    def snapshot_download(name: str, *, allow_patterns: list[str], local_files_only: bool) -> str:
        asked.append(local_files_only)
        return str(part if local_files_only and len(asked) < 3 else weights)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert find_weights("some/body").folder == weights
    assert asked == [True, False]
    assert find_weights("some/body").folder == weights
    assert asked == [True, False, True]
