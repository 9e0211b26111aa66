"""From texts and labels to a saved network: the same bytes, the same answers, whoever asks and from wherever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from toy_models import TRAIN, bert, files_of, own, pretrained, texts

from textmill.config import ModelConfig, TextConfig, TrainConfig
from textmill.errors import ConfigError, CorruptError, DataError, FormatError, LabelError, MissingExtra, TextmillError
from textmill.models import TextClassifier
from textmill.models.multilabel import MultiLabelClassifier
from textmill.models.networks.fitting import judged_texts
from textmill.models.networks.objective import Classification, loss_of
from textmill.models.networks.vocabulary import Vocabulary
from textmill.models.saved import load_model
from textmill.models.targets import Targets
from textmill.text import TextPath

SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("lstm", "gru", "encoder", "pretrained", "pairs")]
KINDS = ["cnn", "sentence", *SLOW]
TEXTS, LABELS = texts()
ASKED = [*TEXTS[:20], "", "☃ zzz", "fire " * 60, "Flood STREET!"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bert(tmp_path_factory.mktemp("weights") / "bert")


def config(kind: str, weights: Path) -> ModelConfig:
    if kind in ("pretrained", "sentence"):
        return pretrained(weights, kind)
    return pretrained(weights, "sentence", learns="all") if kind == "pairs" else own(kind)


def fitted(kind: str, weights: Path, **more: Any) -> TextClassifier:
    model = more.pop("model", None) or config(kind, weights)
    train = TrainConfig(threads=1, epochs=1, batch_tokens=512) if kind == "pairs" else TRAIN
    some = 12 if kind == "pairs" else len(TEXTS)
    return TextClassifier.fit(TEXTS[:some], LABELS[:some], model=model, **{"train": train} | more)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(kind: str, weights: Path) -> TextClassifier:
    return fitted(kind, weights)


def test_the_same_seed_gives_the_same_bytes(kind: str, weights: Path, model: TextClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "one")
    fitted(kind, weights, threads=2, keep=tmp_path / "keep").save(tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert not (tmp_path / "one" / "training.safetensors").exists()


def test_another_seed_gives_other_weights(kind: str, weights: Path, model: TextClassifier) -> None:
    if kind != "sentence":  # where nothing is left to chance
        other = fitted(kind, weights, seed=14)
        assert (other.predict(ASKED).scores != model.predict(ASKED).scores).any()


def test_it_learns(kind: str, model: TextClassifier) -> None:
    unseen, labels = texts(40, seed=9)
    right = np.mean([said == label for said, label in zip(model.predict(unseen).labels, labels, strict=True)])
    assert right >= (0.6 if kind in ("sentence", "pairs") else 0.95)  # of weights of chance


def test_the_answers_are_the_same_from_another_folder_and_through_every_door(
    model: TextClassifier, tmp_path: Path
) -> None:
    wanted = model.predict(ASKED).scores
    assert wanted.shape == (len(ASKED), 2)
    np.testing.assert_allclose(wanted.sum(1), 1, atol=1e-6)
    model.save(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    back = load_model(tmp_path / "there")
    assert isinstance(back, TextClassifier)
    assert back.facts == model.facts
    for asked in (ASKED, pa.array(ASKED), pa.chunked_array([ASKED[:7], ASKED[7:]]), np.array(ASKED, object)):
        np.testing.assert_array_equal(back.predict(asked).scores, wanted)
    assert back.predict([]).scores.shape == (0, 2)
    back.save(tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(tmp_path / "there")


def test_the_answers_do_not_depend_on_threads_and_hardly_on_what_is_beside_a_text(
    model: TextClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    wanted = model.predict(ASKED, threads=1).scores
    monkeypatch.setattr("textmill.models.networks.body._BUDGET", 100)
    cut = [model.predict(ASKED, threads=threads).scores for threads in (1, 2, 5)]
    np.testing.assert_array_equal(cut[0], cut[1])
    np.testing.assert_array_equal(cut[0], cut[2])
    np.testing.assert_allclose(cut[0], wanted, atol=1e-5)
    alone = np.concatenate([model.predict([text]).scores for text in ASKED])
    np.testing.assert_allclose(alone, wanted, atol=1e-5)
    assert torch.get_num_threads() == 2


def test_a_stream_is_learned_from_as_a_list_is(model: TextClassifier, kind: str, weights: Path) -> None:
    if kind not in ("cnn", "encoder", "sentence"):
        return
    chunks = (pa.array(TEXTS[begin : begin + 17]) for begin in range(0, len(TEXTS), 17))
    made = TextClassifier.fit(chunks, LABELS, model=config(kind, weights), train=TRAIN)
    np.testing.assert_array_equal(made.predict(ASKED).scores, model.predict(ASKED).scores)


def test_nothing_of_the_callers_torch_is_changed(kind: str, weights: Path, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(11)
    wanted = torch.rand(3).tolist()
    torch.manual_seed(11)
    fitted(kind, weights, train=TrainConfig(threads=1, epochs=1)).save(tmp_path)
    load_model(tmp_path).predict(ASKED, threads=2)
    assert torch.rand(3).tolist() == wanted
    assert torch.get_num_threads() == 2


def test_a_training_that_was_stopped_ends_in_the_same_bytes(
    kind: str, weights: Path, model: TextClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind not in ("cnn", "encoder", "pairs"):
        return

    def fail(note: str) -> None:
        if " done, " in note:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fitted(kind, weights, keep=tmp_path / "keep", progress=fail)
    monkeypatch.setattr("textmill.models.networks.loop._KEEP_EVERY", 0.0)
    fitted(kind, weights, keep=tmp_path / "keep").save(tmp_path / "two")
    model.save(tmp_path / "one")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


# --- damaged folders ---


@pytest.fixture(scope="module")
def saved(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("saved")
    for kind in ("cnn", "pretrained"):
        fitted(kind, weights, train=TrainConfig(threads=1, epochs=1)).save(top / kind)
    return {kind: top / kind for kind in ("cnn", "pretrained")}


@pytest.mark.parametrize("kind_", ["cnn", "pretrained"])
def test_a_file_that_is_missing_short_or_no_such_file_is_said(
    kind_: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    for name in [file.name for file in saved[kind_].iterdir()]:
        for fault in ("gone", "empty", "short", "garbage"):
            folder = tmp_path / f"{name} {fault}"
            shutil.copytree(saved[kind_], folder)
            data = (folder / name).read_bytes()
            if fault == "gone":
                (folder / name).unlink()
            else:
                broken = {"empty": b"", "short": data[: len(data) // 2], "garbage": b"\xff\x00nothing"}
                (folder / name).write_bytes(broken[fault])
            with pytest.raises((CorruptError, FormatError)) as caught:
                load_model(folder)
            assert "\n" not in str(caught.value)
            assert str(folder) in str(caught.value)


@pytest.mark.parametrize("place", [0, 9, 60, -1, -200])
def test_a_bit_of_the_weights_that_was_turned_is_found(place: int, saved: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(saved["cnn"], tmp_path / "model")
    file = tmp_path / "model" / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptError, match="weights"):
        load_model(tmp_path / "model")


def test_files_of_two_models_do_not_go_together(saved: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(saved["cnn"], tmp_path / "model")
    shutil.copy(saved["pretrained"] / "weights.safetensors", tmp_path / "model")
    with pytest.raises(CorruptError):
        load_model(tmp_path / "model")
    head = json.loads((saved["cnn"] / "model.json").read_text())
    shutil.copytree(saved["cnn"], tmp_path / "other")
    for other, error in (
        ({"body": "telepathy"}, FormatError),
        ({"n_terms": 7}, CorruptError),
        ({"width": 9}, CorruptError),
        ({"width": "x"}, CorruptError),
        ({"model": {"kind": "lstm"}}, CorruptError),
        ({"model": {"kind": "telepathy"}}, CorruptError),
        ({"classes": ["a", "b", "c"]}, CorruptError),
    ):
        (tmp_path / "other" / "model.json").write_text(json.dumps(head | other))
        with pytest.raises(error) as caught:
            load_model(tmp_path / "other")
        assert "\n" not in str(caught.value)


def test_no_code_is_run_from_an_architecture_that_was_tampered_with(saved: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(saved["pretrained"], tmp_path / "model")
    file = tmp_path / "model" / "encoder.json"
    said = json.loads(file.read_text())
    (tmp_path / "model" / "evil.py").write_text("raise SystemExit('it ran')")
    for other in (
        {"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}, "model_type": "evil"},
        {"model_type": ["bert"]},
        {"hidden_size": -3},
        {"hidden_size": "large"},
        {"num_hidden_layers": 1},
    ):
        file.write_text(json.dumps(said | other))
        with pytest.raises(CorruptError) as caught:
            load_model(tmp_path / "model")
        assert "\n" not in str(caught.value)


# --- what is learned ---


@pytest.mark.slow
def test_several_labels_a_text(weights: Path, tmp_path: Path) -> None:
    sets = [sorted({label, "fire"} if "fire" in text else {label}) for text, label in zip(TEXTS, LABELS, strict=True)]
    sets[0] = []
    for kind in ("cnn", "sentence"):
        model = MultiLabelClassifier.fit(TEXTS, sets, model=config(kind, weights), train=TRAIN)
        model.save(tmp_path / kind)
        back = load_model(tmp_path / kind)
        np.testing.assert_array_equal(back.predict(ASKED).scores, model.predict(ASKED).scores)
        assert model.classes == ("bad", "fire", "good")
    learned = MultiLabelClassifier.fit(TEXTS, sets, model=own("cnn"), train=TRAIN).learned(["people fire", "sun day"])
    assert learned[0, 1] > 0.5 > learned[1, 1]
    with pytest.raises(ConfigError, match="pairs are of texts with one label"):
        MultiLabelClassifier.fit(TEXTS, sets, model=config("pairs", weights), train=TRAIN)


def test_three_classes_and_validation_by_them() -> None:
    labels = ["fire" if "fire" in text else label for text, label in zip(TEXTS, LABELS, strict=True)]
    model = TextClassifier.fit(TEXTS, labels, model=own("cnn"), train=TRAIN)
    assert model.predict(["people fire", "sun town", "flood house"]).labels == ["fire", "good", "bad"]
    assert model.facts["judged"] > 0
    assert model.facts["epochs"][0]["validation"] > model.facts["epochs"][-1]["validation"]


@pytest.mark.slow
def test_vectors_of_words_are_begun_with(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text("fire 1 0 2\nflood 3 4 5\npeople -1 -1 -1\n")
    model = own("gru", width="auto", vectors="glove.txt", freeze_vectors=True)
    made = TextClassifier.fit(TEXTS, LABELS, model=model, train=TRAIN, folder=tmp_path)
    terms, table = made.body.vocabulary.terms, made.body.network.table.weight
    assert table[terms.index("flood")].tolist() == [3, 4, 5]
    made.save(tmp_path / "model")
    (tmp_path / "glove.txt").unlink()
    assert load_model(tmp_path / "model").predict(["fire"]).scores.tolist() == made.predict(["fire"]).scores.tolist()
    (tmp_path / "glove.txt").write_text("fire 1 0 2\n")
    with pytest.raises(ConfigError, match=r"model.width: the vectors of .*glove.txt have 3, got 8"):
        TextClassifier.fit(TEXTS, LABELS, model=own("gru", vectors="glove.txt"), train=TRAIN, folder=tmp_path)
    (tmp_path / "glove.txt").write_text("telepathy 1 0 2\n")
    with pytest.raises(ConfigError, match=r"model.vectors: .* has none of the \d+ words of the texts"):
        TextClassifier.fit(TEXTS, LABELS, model=model, train=TRAIN, folder=tmp_path)


def problem(encoded: Any, targets: Targets, judged: Any = None, **more: Any) -> Classification:
    judged = np.zeros(len(targets), bool) if judged is None else judged
    settings = {"smoothing": 0.0, "balanced": False, "budget": 64, "pad": 0, "device": torch.device("cpu")}
    return Classification(encoded, targets, judged, **settings | more)


class Fixed(torch.nn.Module):
    """Says of each piece what its first token is told to say."""

    def __init__(self, outputs: torch.Tensor) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.outputs[ids[:, 0]]


def encode(some: list[str], **more: Any) -> Any:
    path = TextPath(TextConfig(tokens="whitespace"))
    return Vocabulary(path, ["", "", "a", "b", "c"], **{"max_tokens": 9} | more).encode(some)


def test_what_a_text_costs_is_torchs_cross_entropy_with_smoothing() -> None:
    encoded = encode(["a", "b", "c c", "a b"])
    outputs = torch.randn(5, 3)
    targets = Targets.of_labels(["x", "y", "z", "x"])
    codes = torch.tensor([0, 1, 2, 0])
    said = outputs[torch.tensor([2, 3, 4, 2])]
    for smoothing in (0.0, 0.2):
        found = problem(encoded, targets, smoothing=smoothing).loss(Fixed(outputs), np.arange(4))
        wanted = torch.nn.functional.cross_entropy(said, codes, label_smoothing=smoothing, reduction="sum")
        torch.testing.assert_close(found, wanted)
    binary = Targets.of_labels(["x", "y", "y", "x"])
    found = problem(encoded, binary, smoothing=0.2).loss(Fixed(outputs[:, :1]), np.arange(4))
    two = torch.cat([torch.zeros(4, 1), said[:, :1]], 1)  # a sigmoid is a softmax over it and nothing
    wanted = torch.nn.functional.cross_entropy(two, torch.tensor([0, 1, 1, 0]), label_smoothing=0.2, reduction="sum")
    torch.testing.assert_close(found, wanted)


def test_every_class_counts_as_much_where_that_is_asked_for() -> None:
    encoded = encode(["a", "b", "b", "b", "c", "c"])
    targets = Targets.of_labels(["x", "y", "y", "y", "z", "z"])
    balanced = problem(encoded, targets, balanced=True)
    costs = [float(balanced.loss(Fixed(torch.zeros(5, 3)), np.array([row]))) for row in range(6)]
    by_class = [costs[0], sum(costs[1:4]), sum(costs[4:])]
    np.testing.assert_allclose(by_class, by_class[0], rtol=1e-6)
    assert sum(costs) == pytest.approx(6 * np.log(3), rel=1e-6)


def test_of_several_labels_those_that_have_it_count_as_much_as_those_that_have_not() -> None:
    encoded = encode(["a", "b", "b", "b", "c", "c"])
    members = Targets.of_sets([["x"], ["x", "y"], ["y"], [], ["y"], ["y"]])
    balanced = problem(encoded, members, balanced=True)
    loss = balanced.loss(Fixed(torch.zeros(5, 2)), np.arange(6))
    assert float(loss) == pytest.approx(6 * 2 * np.log(2), rel=1e-6)
    for output in (0, 1):  # right of all that have it, or of all that have it not: half is gained either way
        for sign in (1.0, -1.0):
            outputs = torch.zeros(5, 2)
            outputs[:, output] = sign * 50
            wrong = float(balanced.loss(Fixed(outputs), np.arange(6))) - 6 * np.log(2)
            assert wrong == pytest.approx(3 * 50, rel=1e-6)
    judging = problem(encoded, members, np.array([True] * 3 + [False] * 3), balanced=True)
    assert judging.judge(Fixed(torch.zeros(5, 2))) == pytest.approx(2 * np.log(2), rel=1e-6)


def test_a_text_in_windows_counts_as_one_and_is_judged_by_the_mean() -> None:
    encoded = encode(["a b c", "a"], max_tokens=1, windows=True)
    outputs = torch.randn(5, 3)
    targets = Targets.of_labels(["x", "y"])
    members = Targets.of_sets([["x"], ["y", "z"]])
    found = problem(encoded, members)
    assert found.lengths.tolist() == [1, 1, 1, 1]
    assert found.texts(np.array([0, 1, 3])) == [0, 1]
    costs = loss_of(outputs[[2, 3, 4, 2]], torch.tensor([[1.0, 0, 0]] * 3 + [[0.0, 1, 1]]), apart=True)
    torch.testing.assert_close(found.loss(Fixed(outputs), np.arange(4)), costs[:3].sum() / 3 + costs[3])
    judging = problem(encoded, members, np.array([True, False]))
    assert judging.lengths.tolist() == [1]
    wanted = loss_of(outputs[2:5].mean(0, keepdim=True), torch.tensor([[1.0, 0, 0]]), apart=True)
    assert judging.judge(Fixed(outputs)) == pytest.approx(float(wanted), rel=1e-5)
    assert targets.n_outputs == 1


def test_texts_alike_are_on_one_side_and_of_few_there_may_be_none() -> None:
    encoded = encode(["a b", "b", "a b", "c"] * 40)
    for seed in range(20):
        judged = judged_texts(encoded, 0.3, seed).reshape(40, 4)
        assert (judged == judged[0]).all()
        assert judged[0, 0] == judged[0, 2]
        assert not judged.all()
    assert not judged_texts(encoded, 0.0, 1).any()
    assert not judged_texts(encode(["a"] * 9), 0.5, 1).any()
    assert len(judged_texts(encode([]), 0.5, 1)) == 0


# --- bad input ---


@pytest.mark.slow
def test_a_text_that_is_far_too_long_is_cut_or_read_in_windows() -> None:
    long = ["people " * 20_000, *TEXTS]
    labels = ["good", *LABELS]
    cut = TextClassifier.fit(long, labels, model=own("cnn", max_tokens=50), train=TRAIN)
    assert cut.facts["n_longer"] == 1
    assert cut.facts["max_tokens"] == 50
    end = ["people " * 60 + "flood fire flood fire", "people " * 50]
    scores = cut.predict(end).scores
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)
    model = own("cnn", max_tokens=50, longer="windows")
    windows = TextClassifier.fit(["people " * 500, *TEXTS], labels, model=model, train=TRAIN)
    scores = windows.predict(end).scores
    assert scores[0, 0] > scores[1, 0] + 0.1
    assert windows.predict(["people " * 100_000]).scores.shape == (1, 2)
    assert windows.facts["n_longer"] == 1


@pytest.mark.parametrize("kind_", ["cnn", "encoder", "sentence"])
def test_texts_of_nothing_and_one_class_are_said(kind_: str, weights: Path) -> None:
    model = config(kind_, weights)
    for empty in (["", " "] * 6, ["☃☃"] * 12) if kind_ in ("pretrained", "sentence") else (["", " "] * 6,):
        with pytest.raises(DataError, match="no word"):
            TextClassifier.fit(empty, ["a", "b"] * 6, model=model, train=TRAIN)
    with pytest.raises(LabelError, match="nothing to tell apart"):
        TextClassifier.fit(TEXTS, ["a"] * len(TEXTS), model=model, train=TRAIN)
    with pytest.raises(LabelError, match="differ in number"):
        TextClassifier.fit(iter([TEXTS]), LABELS[:-1], model=model, train=TRAIN)
    some = TextClassifier.fit([*TEXTS[:12], "", "☃"], [*LABELS[:12], "bad", "good"], model=model, train=TRAIN)
    assert np.isfinite(some.predict(["", "☃ \0", "\u202e"]).scores).all()


def test_a_vocabulary_of_one_word(tmp_path: Path) -> None:
    model = TextClassifier.fit(TEXTS, LABELS, model=own("lstm", vocabulary=1), train=TRAIN)
    model.save(tmp_path)
    assert len(load_model(tmp_path).body.vocabulary.terms) == 3


def test_few_texts_are_learned_without_a_part_that_judges() -> None:
    model = TextClassifier.fit(["fire", "sun"], ["a", "b"], model=own("cnn"), train=TrainConfig(threads=1))
    assert model.facts["judged"] in (0, 1)
    assert np.isfinite(model.predict(["fire"]).scores).all()


@pytest.mark.parametrize("missing", ["torch", "safetensors", "transformers"])
def test_an_extra_that_is_missing_is_named(missing: str, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(name: str) -> None:
        if name == missing:
            raise ImportError(name)

    monkeypatch.setattr("textmill.models.networks.bodies.import_module", import_module)
    kind_ = "pretrained" if missing == "transformers" else "lstm"
    with pytest.raises(MissingExtra, match=f"{missing!r}. Install it with: pip install 'textmill\\[networks\\]'"):
        fitted(kind_, weights)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (ModelConfig(kind="lstm", C=2.0), "C: is for kind = 'logistic-regression'"),
        (ModelConfig(kind="cnn", layers=2), "layers: is for kind = 'lstm' or 'gru' or 'encoder'"),
        (ModelConfig(kind="cnn", freeze_vectors=True), "there are no vectors to freeze"),
        (ModelConfig(kind="pretrained"), "weights: is missing"),
        (ModelConfig(kind="encoder", width=10, heads=4), "width: wanted a multiple of 8"),
        (ModelConfig(kind="cnn", width=0), "width: wanted 1 or more"),
        (ModelConfig(kind="cnn", dropout=1.0), "dropout: wanted a share"),
        (ModelConfig(kind="gru", max_tokens=0), "max_tokens: wanted 1 or more"),
    ],
)
def test_settings_that_do_not_fit_are_said_at_once(model: ModelConfig, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TextClassifier.fit(TEXTS, LABELS, model=model)


def test_every_fault_is_one_sentence() -> None:
    for model in (own("cnn", vectors="nowhere.txt"), pretrained(Path("nowhere"))):
        with pytest.raises(TextmillError) as caught:
            TextClassifier.fit(TEXTS, LABELS, model=model, train=TRAIN)
        assert "\n" not in str(caught.value)
        assert "nowhere" in str(caught.value)
