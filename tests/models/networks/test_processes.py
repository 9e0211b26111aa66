"""Several processes train as one does that takes as many batches for a step."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.test_project import MILL, rows_of, write_csv

from textmill.config import ModelConfig, TrainConfig
from textmill.errors import TrainingError
from textmill.flow import run_project
from textmill.models import TextClassifier

pytest.importorskip("torch")
if find_spec("accelerate") is None:  # not imported: that takes a second, and all here are slow
    pytest.skip("accelerate is not installed", allow_module_level=True)
pytestmark = pytest.mark.slow  # each process loads torch

NETWORK = """
[model]
kind = "lstm"
width = 8
dropout = 0.0
[train]
epochs = 2
batch_tokens = 256
threads = 1
"""
LINEAR = '[[candidate]]\nmodel = { kind = "logistic-regression" }\n'  # so that steps are done by processes of their own


def test_two_processes_in_a_step_of_a_run_learn_what_one_learns_of_two_batches(tmp_path: Path) -> None:
    said = []
    rows = rows_of(n=150)
    for name, shared in (("one", "accumulate = 2\n"), ("two", "processes = 2\n")):
        folder = tmp_path / name
        folder.mkdir()
        write_csv(folder / "tweets.csv", rows)
        (folder / "mill.toml").write_text(MILL + NETWORK + shared + LINEAR)
        result = run_project(folder, store=folder / ".textmill", threads=2)
        (train,) = [done.finished for done in result.steps if done.step == "train"]
        path = result.store.object(train.files["training.jsonl"].sha256, verify=True)
        model = TextClassifier.load(result.store.open("toy")[1])
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        said.append((model.outputs([row["text"] for row in rows]), lines))
    (one, its), (two, lines) = said
    np.testing.assert_allclose(two, one, atol=1e-5)
    assert [line["step"] for line in lines] == [line["step"] for line in its]
    assert [line["loss"] for line in lines] == pytest.approx([line["loss"] for line in its], rel=1e-5)


def test_what_goes_wrong_in_one_process_is_told_as_one_sentence() -> None:
    rows = rows_of(n=60)
    asked: dict[str, Any] = {
        "model": ModelConfig(kind="cnn", width=8),
        "train": TrainConfig(epochs=3, learning_rate=1e38, clip=1e38, processes=2, threads=1),
    }
    with pytest.raises(TrainingError, match="the loss is no number at step"):
        TextClassifier.fit([row["text"] for row in rows], [row["label"] for row in rows], threads=1, **asked)
