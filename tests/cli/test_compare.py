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
    assert lines[0].split() == ["model", "accuracy", "F1", "MCC", "ROC", "AUC", "log", "loss", "texts/s", "ms", "MB"]
    assert [line.split()[0] for line in lines[1:3]] == ["alarm@1", "alarm@2"]
    assert lines[-1].startswith("alarm@2 and alarm@1 are the same within noise: ")


def test_as_json(two, textmill):
    found = json.loads(
        textmill("compare", "alarm@2", "alarm@1", "--in", "new.csv", "--store", "alarm", "--json").stdout
    )
    assert list(found["models"]) == ["alarm@2", "alarm@1"]
    assert found["rows"] == 120
    assert set(found["cost"]["alarm@1"]) == {"texts_per_second", "p50_ms", "p95_ms", "model_bytes"}
    assert found["others"][0]["model"] == "alarm@1"


def learned_rows(project):
    """The lines of the project's source that the newest version has learned from."""
    import pyarrow as pa

    from textmill.cli.stores import find_store
    from textmill.read.seen import seen_by

    rows = [line.split(",") for line in (project / "messages.csv").read_text(encoding="utf-8").splitlines()[1:]]
    rows = [row for row in rows if len(row) == 3 and all(row)]
    loud = pa.array(
        [f"{row[1].upper()} !" for row in rows], pa.large_string()
    )  # case and punctuation count for nothing
    seen = seen_by(find_store(project).open("alarm")[1], pa.chunked_array([loud]))
    return [",".join(row) for row, one in zip(rows, seen.tolist(), strict=True) if one], len(rows)


def test_rows_that_were_learned_from_prove_nothing(two, textmill):
    """Of the project's own rows only its test rows are left."""
    learned, n = learned_rows(two)
    found = textmill("compare", "alarm@1", "alarm@2", "--in", "alarm/messages.csv", "--store", "alarm", "--json")
    told = json.loads(found.stdout)
    assert told["rows"] == n - len(learned) > 0
    assert told["notes"] == [
        f"{len(learned)} of {n} rows were left out: alarm@1 or alarm@2 has learned from such texts."
    ]


def test_rows_that_are_all_learned_from_are_refused(two, textmill):
    learned, _ = learned_rows(two)
    (two.parent / "learned.csv").write_text("id,text,kind\n" + "\n".join(learned) + "\n", encoding="utf-8")
    found = textmill("compare", "alarm@1", "alarm@2", "--in", "learned.csv", "--store", "alarm")
    assert found.exit_code == 1
    assert "learned.csv: these are rows that alarm@1 and alarm@2 learned from; wanted others" in found.output


def test_a_version_that_kept_no_marks_is_told(tmp_path):
    import pyarrow as pa

    from textmill.cli.compare import _unseen
    from textmill.flow.labelling import OpenModel

    table = pa.table({"text": pa.array(["a", "b"], pa.large_string())})
    left, notes = _unseen({"old@1": OpenModel(None, None, tmp_path)}, table, "x.csv")
    assert left.num_rows == 2
    assert notes == ["Whether old@1 has learned from some of these rows is not known: an older version made it."]


@pytest.mark.parametrize(
    ("models", "said"), [(["alarm@1"], "name two models or more"), (["alarm@2", "alarm"], "a model is named twice")]
)
def test_two_different_models_are_wanted(two, textmill, models, said):
    found = textmill("compare", *models, "--in", "new.csv", "--store", "alarm")
    assert found.exit_code == 2
    assert said in found.output
