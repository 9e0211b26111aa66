"""How a training went, as others read it: JSON Lines, TensorBoard, MLflow."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.flow.test_project import MILL, rows_of, write_csv

from textmill.cli.story import told
from textmill.config import ModelConfig, TrainConfig
from textmill.errors import ConfigError, MissingExtra
from textmill.flow import RunResult, run_project
from textmill.flow.training_log import JsonLines
from textmill.models import TextClassifier

pytest.importorskip("torch")

NETWORK = '[model]\nkind = "cnn"\nwidth = 8\nonnx = "no"\n[train]\nepochs = 2\nbatch_tokens = 256\nthreads = 1\n'


def run(folder: Path, more: str, **settings: Any) -> RunResult:
    (folder / "mill.toml").write_text(MILL + more)
    return run_project(folder, store=folder / ".textmill", threads=1, **settings)


def lines_of(result: RunResult) -> list[dict[str, Any]]:
    (train,) = [done.finished for done in result.steps if done.step == "train"]
    path = result.store.object(train.files["training.jsonl"].sha256, verify=True)
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write_csv(tmp_path / "tweets.csv", rows_of(n=200))
    return tmp_path


def test_each_step_and_each_epoch_is_a_line_without_times(made: Path) -> None:
    result = run(made, NETWORK)
    lines = lines_of(result)
    (said,) = [sentence for sentence in told(result) if sentence.startswith("How the training went")]
    place = Path(said.partition(": ")[2].removesuffix(", JSON Lines."))
    assert [json.loads(line) for line in place.read_text().splitlines()] == lines
    steps = [line for line in lines if line["what"] == "step"]
    epochs = [line for line in lines if line["what"] == "epoch"]
    assert [line["step"] for line in steps] == list(range(1, len(steps) + 1))
    assert all({*line} == {"what", "step", "epoch", "loss", "rate", "items"} for line in steps)
    assert [line["epoch"] for line in epochs] == [1, 2]
    facts = TextClassifier.load(result.store.open("toy")[1]).facts
    assert [{key: line[key] for key in ("loss", "validation")} for line in epochs] == facts["epochs"]
    for epoch in epochs:  # the loss of an epoch is the mean of its steps'
        own = [line for line in steps if line["epoch"] == epoch["epoch"]]
        mean = sum(line["loss"] * line["items"] for line in own) / sum(line["items"] for line in own)
        assert mean == pytest.approx(epoch["loss"])
    assert run(made, NETWORK + 'log = ["tensorboard"]\n').steps[2].cached  # who watches decides nothing


@pytest.mark.slow  # MLflow alone takes that long to load
def test_tensorboard_and_mlflow_read_the_same(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    mlflow = pytest.importorskip("mlflow")
    uri = f"{(made / 'mlruns').as_uri()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    lines = lines_of(run(made, NETWORK + 'log = ["tensorboard", "mlflow"]\n'))
    steps = [line for line in lines if line["what"] == "step"]
    (folder,) = (made / ".textmill" / "runs" / "tensorboard").iterdir()
    events = accumulator.EventAccumulator(str(folder)).Reload()
    assert {*events.Tags()["scalars"]} == {f"step/{name}" for name in ("loss", "rate", "items")} | {
        "epoch/loss",
        "epoch/validation",
    }
    assert [one.step for one in events.Scalars("step/loss")] == [line["step"] for line in steps]
    assert [one.value for one in events.Scalars("step/loss")] == pytest.approx([line["loss"] for line in steps])
    client = mlflow.MlflowClient(tracking_uri=uri)
    (logged,) = client.search_runs([client.get_experiment_by_name("toy").experiment_id])
    assert logged.info.status == "FINISHED"
    told = sorted(client.get_metric_history(logged.info.run_id, "step_loss"), key=lambda one: one.step)
    assert [one.value for one in told] == pytest.approx([line["loss"] for line in steps])
    assert logged.data.metrics["epoch_validation"] == lines[-1]["validation"]


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_package_is_told_before_anything_is_read(
    made: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    events: list[str] = []
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("textmill.flow.training_log.find_spec", lambda one: None if one == name else find_spec(one))
    with pytest.raises(MissingExtra, match=rf"\[train\] log: {name} needs the package .*textmill\[{name}\]"):
        run(made, NETWORK + f'log = ["{name}"]\n', on_event=lambda event: events.append(event.kind))
    assert events == []


def test_mlflow_without_an_address_is_told_before_anything_is_read(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ConfigError, match="mlflow wants the address of a tracking server in MLFLOW_TRACKING_URI"):
        run(made, NETWORK + 'log = ["mlflow"]\n')


class Stopped(Exception):
    """In the place of a kill."""


class Stopping(JsonLines):
    """Writes the line of a step, and stops."""

    def __init__(self, path: Path, last: int) -> None:
        super().__init__(path)
        self._last = last

    def step(self, step: int, values: Mapping[str, float]) -> None:
        super().step(step, values)
        if step == self._last:
            raise Stopped


def test_a_training_that_was_stopped_writes_what_one_in_one_go_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textmill.models.networks.loop._KEEP_EVERY", -1.0)  # after each step
    rows = rows_of(n=120)
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    asked: dict[str, Any] = {
        "model": ModelConfig(kind="cnn", width=8),
        "train": TrainConfig(epochs=2, batch_tokens=256, threads=1),
        "threads": 1,
    }
    whole, parts = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    TextClassifier.fit(texts, labels, watch=JsonLines(whole), **asked)
    n = sum(json.loads(line)["what"] == "step" for line in whole.read_text().splitlines())
    for last in (2, n // 2 + 1, n):
        with pytest.raises(Stopped):
            TextClassifier.fit(texts, labels, watch=Stopping(parts, last), keep=tmp_path / "keep", **asked)
    parts.write_text(parts.read_text() + '{"what": "st')  # a line that was cut
    TextClassifier.fit(texts, labels, watch=JsonLines(parts), keep=tmp_path / "keep", **asked)
    assert parts.read_bytes() == whole.read_bytes()
