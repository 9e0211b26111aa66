"""`textmill compare`: models on the same rows."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def two(project, textmill):
    """The project with a second version, and rows that neither has learned from."""
    mill = project / "mill.toml"
    mill.write_text(mill.read_text() + "\n[model]\nC = 3.0\n", encoding="utf-8")
    assert textmill("run", "alarm").exit_code == 0
    labels = sorted(
        json.loads(textmill("predict", "alarm", "x", "--store", "alarm", "--json").stdout)["predictions"][0]["scores"]
    )
    rows = [f"{word} number {n},{labels[n % 2]}" for n in range(60) for word in ("fire", "song")]
    (project.parent / "new.csv").write_text("text,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return project


def test_two_versions_that_hardly_differ_are_the_same_within_noise(two, textmill):
    found = textmill("compare", "alarm@1", "alarm@2", "--in", "new.csv", "--store", "alarm")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[0].split() == ["model", "accuracy", "F1", "MCC", "ROC", "AUC", "log", "loss", "texts/s", "MB"]
    assert [line.split()[0] for line in lines[1:3]] == ["alarm@1", "alarm@2"]
    assert lines[-1].startswith("alarm@2 and alarm@1 are the same within noise: ")


def test_as_json(two, textmill):
    found = json.loads(
        textmill("compare", "alarm@2", "alarm@1", "--in", "new.csv", "--store", "alarm", "--json").stdout
    )
    assert list(found["models"]) == ["alarm@2", "alarm@1"]
    assert found["rows"] == 120
    assert set(found["cost"]["alarm@1"]) == {"texts_per_second", "model_bytes"}
    assert found["others"][0]["model"] == "alarm@1"


def test_rows_that_were_learned_from_prove_nothing(two, textmill):
    found = textmill("compare", "alarm@1", "alarm@2", "--in", "alarm/messages.csv", "--store", "alarm")
    assert found.exit_code == 1
    assert "alarm/messages.csv: these are the rows that alarm@1 has learned from" in found.output


@pytest.mark.parametrize(
    ("models", "said"), [(["alarm@1"], "name two models or more"), (["alarm@2", "alarm"], "a model is named twice")]
)
def test_two_different_models_are_wanted(two, textmill, models, said):
    found = textmill("compare", *models, "--in", "new.csv", "--store", "alarm")
    assert found.exit_code == 2
    assert said in found.output
