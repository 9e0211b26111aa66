"""A project whose texts have several labels, from its file to what the model answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from textmill.cli.program import program
from textmill.config import MillConfig, from_mapping
from textmill.errors import ConfigError
from textmill.evaluate import render_html
from textmill.flow import run_project
from textmill.models import MultiLabelClassifier
from textmill.serve import Service

MILL = """
[project]
name = "news"
task = "multi-label"

[read]
source = "news.jsonl"
label = "topics"

[evaluate]
bootstrap = 100

[[candidate]]
name = "majority"
model = { kind = "majority" }
"""
WORDS = {"grain": "wheat maize barley harvest", "energy": "oil gas pipeline barrel", "money": "dollar yen bank rate"}


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("news")
    rows = []
    for n in range(240):
        topics = [topic for bit, topic in enumerate(WORDS) if n >> bit & 1]
        words = [WORDS[topic].split()[(n + shift) % 4] for topic in topics for shift in (0, n // 8 % 3)]
        rows.append({"text": f"report {n}: {' '.join(words)} today in {n * 7919 % 1013}", "topics": topics})
    (folder / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "mill.toml").write_text(MILL)
    run_project(folder, store=folder / ".textmill", threads=1)
    return folder


def textmill(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments])


def test_a_run_learns_judges_and_reports(news: Path) -> None:
    result = run_project(news, store=news / ".textmill", threads=2)
    assert result.nothing_to_do
    report = result.report
    assert report.metrics["f1"].value > 0.9
    assert set(report.classes) == set(WORDS)
    assert report.data["classes"]["grain"]["train"] + report.data["classes"]["grain"]["test"] == 120
    board = report.details["candidates"]["leaderboard"]
    assert board["others"][0]["outcome"] == "worse"
    assert report.details["robustness"]
    assert all(one["of"] == "length" for one in report.details["slices"])
    page = render_html(report)
    assert "F1, micro" in page
    assert "All labels right" in page
    assert "Confusion matrix" not in page


@pytest.mark.slow
def test_every_door_says_the_labels(news: Path) -> None:
    store = ("--store", news / ".textmill")
    said = textmill("predict", "news", "wheat and oil", "a word", *store)
    assert [line.split("\t")[0] for line in said.output.splitlines()] == ["energy + grain", "-"]
    told = json.loads(textmill("predict", "news", "wheat and oil", "--json", *store).output)
    assert told["predictions"][0]["labels"] == ["energy", "grain"]
    result = run_project(news, store=news / ".textmill")
    answer = Service(result.store).predict("news", ["wheat and oil"]).to_json()
    assert answer["predictions"][0]["labels"] == ["energy", "grain"]
    assert answer["predictions"][0]["scores"] == told["predictions"][0]["scores"]
    rows = textmill("predict", "news", "--in", news / "news.jsonl", "--format", "jsonl", *store)
    first = json.loads(rows.output.splitlines()[3])
    assert first["label"] == "energy + grain"
    why = json.loads(textmill("explain", "news", "wheat and oil", "--toward", "energy", "--json", *store).output)
    assert why["labels"] == ["energy", "grain"]
    assert why["toward"] == "energy"
    assert why["turns"]["label"] == "not energy"
    assert "oil" in [one["word"] for one in why["turns"]["without"]]
    shown = textmill("explain", "news", "wheat and oil", *store)
    assert shown.exit_code == 0
    assert "energy + grain" in shown.output
    assert "log-odds of" in shown.output
    assert "several may" not in shown.output
    card = textmill("models", "card", "news", *store).output
    assert "3 labels, of which a text may have several" in card
    checked = textmill("data", "check", news)
    assert checked.exit_code == 0, checked.output
    assert "where a text has one label only" in checked.output


@pytest.mark.slow
def test_models_are_compared_on_rows_as_they_were_trained_on(news: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (news / "news.jsonl").read_text().splitlines()]
    fresh = [row | {"text": f"late {row['text']} again {n * 31 % 97}"} for n, row in enumerate(rows[:60])]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in fresh))
    (news / "mill.toml").write_text(MILL.replace("bootstrap = 100", "bootstrap = 101"))
    run_project(news, store=news / ".textmill", threads=1)
    found = textmill("compare", "news@1", "news@2", "--in", tmp_path / "new.jsonl", "--store", news / ".textmill")
    assert found.exit_code == 0, found.output
    assert "are the same within noise: F1" in found.output


def test_a_gate_on_what_is_not_measured_here_is_refused_before_training(news: Path, tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_bytes((news / "news.jsonl").read_bytes())
    (tmp_path / "mill.toml").write_text(MILL.replace("bootstrap = 100", 'bootstrap = 100\npromote_if = "mcc >= 0.2"'))
    with pytest.raises(ConfigError, match="mcc is not measured where a text may have several labels"):
        run_project(tmp_path, store=tmp_path / ".textmill")


def test_a_rule_gives_each_label_a_threshold_on_rows_held_back(news: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (news / "news.jsonl").read_text().splitlines()]
    for row in rows[3:9]:
        row["topics"] = [*row["topics"], "rare"]
    (tmp_path / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "mill.toml").write_text(MILL.split("[[candidate]]")[0] + '[decide]\nthreshold = "f1"\n')
    result = run_project(tmp_path, store=tmp_path / ".textmill", threads=1)
    model = MultiLabelClassifier.load(result.store.open("news")[1])
    assert model.thresholds is not None
    assert model.classes == ("energy", "grain", "money", "rare")
    assert model.thresholds.values[3] == 0.5
    facts = result.report.details["label_thresholds"]
    assert facts["rows"] == result.report.data["held_back"] > 20
    assert facts["kept"] == ["rare"]
    said = model.predict([row["text"] for row in rows])
    assert (said.chosen == (said.scores >= model.thresholds.values)).all()
    page = render_html(result.report)
    assert "for the highest F1, on" in page
    assert "One half stays for" in page
    assert result.report.metrics["f1"].value > 0.85


def test_the_model_in_the_store_is_of_several_labels(news: Path) -> None:
    store = run_project(news, store=news / ".textmill").store
    _, folder = store.open("news")
    assert MultiLabelClassifier.load(folder).classes == tuple(sorted(WORDS))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"split": {"stratify": True}}, "split.stratify"),
        ({"split": {"folds": 3}}, "split.folds"),
        ({"decide": {"unsure_below": 0.6}}, "decide.unsure_below"),
        ({"decide": {"calibrate": "isotonic"}}, "decide.calibrate"),
        ({"tune": {"space": {"model.C": [1.0, 2.0]}}}, "tune"),
        ({"evaluate": {"learning_curve": True}}, "evaluate.learning_curve"),
        ({"evaluate": {"stratify": True}}, "evaluate.stratify"),
        ({"model": {"C": "cv"}}, "model.C"),
    ],
)
def test_what_is_for_one_label_a_text_is_refused_by_name(more: dict[str, object], said: str) -> None:
    project = {"project": {"name": "x", "task": "multi-label"}, "read": {"source": "a.csv"}}
    with pytest.raises(ConfigError, match=f'{said}: is for one label a text, and task = "multi-label"'):
        from_mapping(MillConfig, project | more)
    with pytest.raises(ConfigError, match=r"read\.label: is for several labels a text"):
        from_mapping(MillConfig, {"project": {"name": "x"}, "read": {"source": "a.csv", "label": ["a", "b"]}})
