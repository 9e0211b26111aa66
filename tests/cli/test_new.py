"""`textmill new`: a project file that works at once."""

from __future__ import annotations

import json
import os

import pytest
from cli_fakes import messages

from textmill.cli.new import name_from
from textmill.config import MillConfig, load
from textmill.types import Ref


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "messages.csv").write_text(messages(300), encoding="utf-8")
    return tmp_path


def test_what_is_proposed_is_said_with_its_reason_and_the_next_command(here, textmill):
    found = textmill("new", "alarm", "--from", "data/messages.csv")
    assert (found.exit_code, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[0] == "Looked at 302 rows of data/messages.csv."
    assert any(line.startswith("  'text' is the text: ") for line in lines)
    assert "  'kind' is the label: 2 values (bad, good)." in lines
    assert lines[-3:] == ["", "Next:", "  textmill run alarm"]


def test_the_project_runs_as_it_was_written(here, textmill):
    assert textmill("new", "alarm", "--from", "data/messages.csv").exit_code == 0
    found = textmill("run", "alarm")
    assert found.exit_code == 0, found.stderr
    assert "Registered: alarm, version 1" in found.stdout


def test_the_source_is_seen_from_the_project_and_not_copied(here, textmill):
    textmill("new", "a/b", "--from", "data/messages.csv")
    assert load(here / "a" / "b").read.source == "../../data/messages.csv"
    assert [path.name for path in (here / "a" / "b").iterdir()] == ["mill.toml"]


def test_a_source_far_away_is_named_in_full(here, textmill, tmp_path_factory):
    deep = here / "1" / "2" / "3" / "4"
    textmill("new", deep, "--from", "data/messages.csv")
    assert load(deep).read.source == str(here / "data" / "messages.csv")


def test_a_project_in_the_folder_of_its_data(here, textmill, monkeypatch):
    monkeypatch.chdir(here / "data")
    found = textmill("new", ".", "--from", "messages.csv")
    assert found.stdout.splitlines()[-1] == "  textmill run ."
    mill = load(here / "data")
    assert (mill.project.name, mill.read.source) == ("data", "messages.csv")


def test_what_is_there_is_not_overwritten(here, textmill):
    (here / "alarm").mkdir()
    (here / "alarm" / "mill.toml").write_text("mine")
    found = textmill("new", "alarm", "--from", "data/messages.csv")
    assert found.exit_code == 1
    assert found.stderr == (
        "Error: alarm/mill.toml: there is a project file already, which is not overwritten. "
        "Choose another folder, or edit that file.\n"
    )
    assert (here / "alarm" / "mill.toml").read_text() == "mine"


def test_nothing_is_made_of_a_source_that_cannot_be_used(here, textmill):
    (here / "data" / "empty.csv").write_text("")
    for source in ("nothing.csv", "data/empty.csv"):
        found = textmill("new", "alarm", "--from", source)
        assert found.exit_code == 1
        assert found.stderr.startswith(f"Error: {source}: ")
        assert not (here / "alarm").exists()


def test_a_file_is_no_folder_for_a_project(here, textmill):
    found = textmill("new", "data/messages.csv", "--from", "data/messages.csv")
    assert found.stderr == "Error: data/messages.csv: a project is a folder, and this is a file\n"


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_written(here, textmill):
    found = textmill("new", "alarm", "--from", "data/messages.csv", "--name", "My Model")
    assert found.exit_code == 1
    assert "project.name" in found.stderr
    assert not (here / "alarm").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_is_one_sentence(here, textmill):
    (here / "locked").mkdir(mode=0o500)
    found = textmill("new", "locked/alarm", "--from", "data/messages.csv")
    assert found.stderr == "Error: locked/alarm/mill.toml: it cannot be written: permission denied\n"


@pytest.mark.parametrize("folder", ["", ".", "..", "A B", "x" * 300, "ünï", "a..b", "-x-", "a/b"])
def test_any_folder_gives_a_name(folder):
    Ref("model", name_from(folder), 1)


def test_defaults_are_those_of_the_settings(here, textmill):
    textmill("new", "alarm", "--from", "data/messages.csv")
    mill, default = load(here / "alarm"), MillConfig.__dataclass_fields__
    for table in ("split", "text", "features", "model", "evaluate"):
        assert getattr(mill, table) == default[table].default_factory(), table


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_project_of_several_labels_runs_as_it_was_written(here, textmill, form):
    topics = {"grain": "wheat harvest", "oil": "barrel crude", "trade": "tariff export"}
    rows = []
    for number in range(150):
        some = [name for place, name in enumerate(topics) if (number % 7 + 1) >> place & 1]
        rows.append((f"{' '.join(topics[name] for name in some)} in town {number}", some))
    if form == "csv":
        text = "text,topics\n" + "".join(f"{text},{';'.join(some)}\n" for text, some in rows)
    else:
        text = "".join(json.dumps({"text": text, "topics": some}) + "\n" for text, some in rows)
    (here / f"news.{form}").write_text(text, encoding="utf-8")
    found = textmill("new", "news", "--from", f"news.{form}")
    assert "'topics' holds the labels, several a text" in found.stdout
    mill = load(here / "news")
    assert (mill.project.task, mill.read.label_separator) == ("multi-label", ";" if form == "csv" else None)
    gated = (here / "news" / "mill.toml").read_text().replace("# promote_if", "promote_if")
    (here / "news" / "mill.toml").write_text(gated)
    ran = textmill("run", "news")
    assert ran.exit_code == 0, ran.output
