"""`[model]` and `[train]`: what counts for each kind, and what candidates of another kind take over."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from textmill.config import MillConfig, ModelConfig, TrainConfig, from_mapping
from textmill.config.models import Kind, model_keys
from textmill.errors import ConfigError
from textmill.models.networks.shape import shape_of, training_of


def mill(model: dict[str, Any], *candidates: dict[str, Any], **tables: Any) -> MillConfig:
    raw = {"project": {"name": "demo"}, "read": {"source": "a.csv"}, "model": model, **tables}
    return from_mapping(MillConfig, raw | ({"candidate": list(candidates)} if candidates else {}))


def faults(make: Any, *arguments: Any, **more: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        make(*arguments, **more)
    assert "\n" not in str(caught.value)
    return caught.value.faults


def test_every_kind_has_its_keys_and_says_those() -> None:
    assert set(model_keys) == set(get_args(Kind))
    for kind in get_args(Kind):
        weights = {"weights": "x"} if "weights" in model_keys[kind] else {}
        made = from_mapping(ModelConfig, {"kind": kind, **weights})
        assert made.said.keys() == {"kind", *model_keys[kind]}
        assert from_mapping(ModelConfig, made.said) == made
        if made.is_network:
            assert shape_of(made).max_tokens > 1
            assert training_of(made, TrainConfig(), [10] * 100).epochs >= 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"kind": "lstm", "C": 2.0},
            "model.C: is for kind = 'logistic-regression' or 'sentence', got",
        ),
        ({"kind": "cnn", "weights": "x"}, "model.weights: is for kind = 'pretrained' or 'sentence', got kind = 'cnn'"),
        ({"kind": "logistic-regression", "width": 3}, "model.width: is for kind = 'bag' or 'cnn' or 'lstm' or 'gru'"),
        ({"kind": "sentence"}, "model.weights: is missing"),
        ({"kind": "encoder", "vectors": "x"}, "model.vectors: is for kind = 'cnn' or 'lstm' or 'gru'"),
        ({"kind": "cnn", "freeze_vectors": True}, "model.freeze_vectors: there are no vectors to freeze"),
        ({"kind": "cnn", "dropout": 1}, "model.dropout: wanted a share from 0 to below 1"),
        ({"kind": "cnn", "width": 0}, "model.width: wanted 1 or more, got 0"),
        ({"kind": "pretrained", "weights": "x", "layer_decay": 0.0}, "model.layer_decay: wanted a share above 0"),
        ({"kind": "cnnn"}, "did you mean 'cnn'?"),
        ({"kind": "BERT"}, "got 'BERT', did you mean 'pretrained', with weights = a folder or OWNER/NAME?"),
        ({"kind": "logistic"}, "did you mean 'logistic-regression'?"),
    ],
)
def test_what_does_not_fit_a_kind_is_told(settings: dict[str, Any], said: str) -> None:
    found = faults(mill, settings)
    assert any(said in fault for fault in found), found


def test_few_texts_are_gone_through_more_often_and_longer_without_getting_better() -> None:
    def asked(kind: Kind, n: int, **train: Any) -> tuple[int, int]:
        found = training_of(ModelConfig(kind=kind), TrainConfig(**train), [20] * n)
        return found.epochs, found.patience

    assert [asked("lstm", n) for n in (50, 2000, 10_000)] == [(50, 10), (16, 3), (10, 2)]
    assert [asked("pretrained", n) for n in (50, 2000, 10_000)] == [(20, 4), (6, 2), (3, 2)]
    assert asked("lstm", 50, epochs=4, patience=1) == (4, 1)
    assert asked("lstm", 2000, accumulate=2) == (31, 6)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epochs": 0}, "train.epochs: wanted 1 or more, got 0"),
        ({"learning_rate": 0.0}, "train.learning_rate: wanted a number above 0"),
        ({"clip": 0.0}, "train.clip: wanted a number above 0"),
        ({"warmup": 1.5}, "train.warmup: wanted a number from 0 to 1"),
        ({"label_smoothing": 0.9}, "train.label_smoothing: wanted a number from 0 to 0.5"),
        ({"validation": 0.0, "patience": 2}, "train.validation: without it nothing says when to stop"),
        ({"device": "gpu"}, "got 'gpu', did you mean 'cuda'?"),
        ({"log": ["wandb"]}, "got ['wandb'], which nothing here writes to"),
        ({"precision": "fp8"}, "train.precision: wanted"),
        ({"threads": 0}, "train.threads: wanted 1 or more"),
    ],
)
def test_what_is_wrong_in_training_is_told(settings: dict[str, Any], said: str) -> None:
    found = faults(mill, {"kind": "cnn"}, train=settings)
    assert any(said in fault for fault in found), found


def test_a_candidate_takes_over_what_its_kind_knows() -> None:
    base = {"kind": "lstm", "width": 7, "layers": 2, "class_weight": "balanced", "max_tokens": 9}
    found = mill(
        base, {"model": {"kind": "cnn"}}, {"model": {"kind": "logistic-regression", "C": 2.0}},
        {"model": {"layers": 3}}, {"model": {"kind": "encoder", "width": 16}},
    )  # fmt: skip
    cnn, linear, deeper, encoder = (one.model for one in found.candidate)
    assert (cnn.kind, cnn.width, cnn.layers, cnn.class_weight, cnn.max_tokens) == ("cnn", 7, "auto", "balanced", 9)
    assert linear == ModelConfig(C=2.0, class_weight="balanced")
    assert deeper == ModelConfig(**base | {"layers": 3})  # type: ignore[arg-type]
    assert (encoder.width, encoder.layers) == (16, 2)
    networks = mill({"C": 2.0, "tol": 1e-3}, {"model": {"kind": "cnn"}}, train={"epochs": 2})
    assert networks.candidate[0].model == ModelConfig(kind="cnn")
    assert networks.candidate[0].train.epochs == 2
    slower = mill({"kind": "cnn"}, {"train": {"epochs": 9}}, train={"clip": 2.0})
    assert (slower.candidate[0].train.epochs, slower.candidate[0].train.clip) == (9, 2.0)


@pytest.mark.parametrize("kind", [["cnn"], {"cnn": 1}, 3, None, True, "cnnn"])
def test_a_kind_that_is_none_is_a_fault_in_a_candidate_too(kind: Any) -> None:
    found = faults(mill, {}, {"model": {"kind": kind}})
    assert any("candidate[0].model.kind" in fault for fault in found), found


def test_what_a_candidate_says_itself_has_to_fit_its_kind() -> None:
    found = faults(mill, {}, {"model": {"kind": "cnn", "C": 2.0}})
    assert any("candidate[0].model.C: is for kind" in fault for fault in found), found


def test_how_to_train_is_refused_where_no_model_is_trained_so() -> None:
    (found,) = faults(mill, {}, train={"epochs": 3})
    assert found.startswith("train.epochs: is for kind = 'bag' or 'cnn'")
    assert found.endswith("got kind = 'logistic-regression'")
    (found,) = faults(mill, {"kind": "bag"}, train={"epochs": 3, "warmup": 0.2})
    assert found.startswith("train.warmup: is for kind = 'cnn'")
    (found,) = faults(mill, {"kind": "cnn"}, {"model": {"kind": "majority"}, "train": {"epochs": 3}})
    assert found.startswith("candidate[0].train.epochs: is for kind")
    # one of the models takes it, and the others need not
    assert mill({}, {"model": {"kind": "cnn"}}, train={"epochs": 3}).train.epochs == 3
    assert mill({"kind": "cnn"}, {"model": {"kind": "majority"}}, train={"epochs": 3}).candidate[0].train.epochs == 3
    space = {"model.kind": ["logistic-regression", "bag"]}
    assert mill({}, train={"epochs": 3}, tune={"space": space}).train.epochs == 3
