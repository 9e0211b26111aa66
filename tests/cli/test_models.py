"""`textmill models`, `doctor` and `data`: what is there."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from textmill.cli.doctor import EXTRAS, NEEDED, findings
from textmill.registry import Store

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def two(project, textmill):
    """The project with a second version."""
    mill = project / "mill.toml"
    mill.write_text(mill.read_text() + "\n[model]\nC = 3.0\n", encoding="utf-8")
    assert textmill("run", "alarm").exit_code == 0
    return project


def test_list_has_a_line_for_each_version(two, textmill):
    lines = [line.split() for line in textmill("models", "list", "--store", "alarm").stdout.splitlines()]
    assert lines[0] == ["model", "version", "made", "accuracy", "f1", "precision", "recall"]
    assert [line[:2] for line in lines[1:]] == [["alarm", "1"], ["alarm", "2"]]


def test_list_as_json(two, textmill):
    found = json.loads(textmill("models", "list", "--store", "alarm", "--json").stdout)
    assert [(entry["model"], entry["version"]) for entry in found] == [("alarm", 1), ("alarm", 2)]
    assert "accuracy" in found[0]["report"]


def test_an_empty_store_says_how_to_fill_it(tmp_path, textmill):
    found = textmill("models", "list", "--store", tmp_path)
    assert found.stdout == f"{tmp_path} holds no model; make one with: textmill run PROJECT\n"


def test_show_tells_scores_origin_settings_and_files(two, textmill):
    found = textmill("models", "show", "alarm@1", "--store", "alarm").stdout
    assert found.startswith("alarm, version 1, made 20")
    for part in ("accuracy", "text_path", "model.C", "weights.npy"):
        assert part in found
    as_json = json.loads(textmill("models", "show", "alarm", "--store", "alarm", "--json").stdout)
    assert as_json["version"] == 2
    assert as_json["config"]["model"]["C"] == 3.0


def test_diff_names_the_setting_that_changed(two, textmill):
    found = textmill("models", "diff", "alarm@1", "alarm@2", "--store", "alarm").stdout
    assert ["settings:", "model.C"] in [line.split()[:2] for line in found.splitlines()]
    as_json = json.loads(textmill("models", "diff", "alarm@1", "alarm@2", "--store", "alarm", "--json").stdout)
    assert as_json["settings"]["model.C"]["b"] == 3.0
    assert textmill("models", "diff", "alarm@1", "alarm@1", "--store", "alarm").stdout == (
        "model/alarm@1 and model/alarm@1 are the same.\n"
    )


def test_remove_asks_first(two, textmill):
    kept = textmill("models", "remove", "alarm@1", "--store", "alarm", input="n\n")
    assert kept.exit_code == 130
    assert Store(two / ".textmill").models() == {"alarm": (1, 2)}
    gone = textmill("models", "remove", "alarm@1", "--store", "alarm", input="y\n")
    assert gone.exit_code == 0
    assert "removed model/alarm@1: " in gone.stdout
    assert Store(two / ".textmill").models() == {"alarm": (2,)}


def test_the_newest_is_removed_by_force_only(two, textmill):
    found = textmill("models", "remove", "alarm@2", "--yes", "--store", "alarm")
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: model/alarm@2 is the newest version, which 'alarm' stands for")
    assert textmill("models", "remove", "alarm@2", "--yes", "--force", "--store", "alarm").exit_code == 0


def test_remove_wants_a_version(two, textmill):
    found = textmill("models", "remove", "alarm", "--yes", "--store", "alarm")
    assert (found.exit_code, found.stderr) == (
        1,
        "Error: 'alarm' does not say which version. Name one, such as alarm@2.\n",
    )


def test_doctor_finds_all_well(project, textmill):
    found = textmill("doctor", "--store", "alarm")
    assert found.exit_code == 0, found.stdout
    assert found.stdout.splitlines()[-1] == "All is well."
    states = {finding["what"]: finding["state"] for finding in json.loads(textmill("doctor", "--json").stdout)}
    assert states["native core"] == "fine"
    assert states["TEXTMILL_STORE"] == "fine"


def test_doctor_tells_what_is_missing_and_how_to_get_it(monkeypatch):
    monkeypatch.setitem(EXTRAS, "networks", {"torch": "no_such_module_torch"})
    monkeypatch.setitem(NEEDED, "numpie", "no_such_module_numpie")
    found = {finding.what: finding for finding in findings()}
    assert found["extra networks"].state == "missing"
    assert found["extra networks"].said == "torch not installed; pip install 'textmill[networks]'"
    assert found["numpie"].state == "broken"


def test_doctor_tells_of_a_core_that_does_not_work(monkeypatch, textmill):
    import textmill._native as native

    def broken(*_):
        raise ImportError("wrong ELF class")

    monkeypatch.setattr(native, "fingerprints", broken)
    found = textmill("doctor")
    assert found.exit_code == 1
    assert "wrong ELF class" in found.stdout


@pytest.mark.skipif(not PYPROJECT.exists(), reason="the sources are not beside the tests")
def test_doctor_knows_the_packages_of_pyproject():
    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]

    def names(requirements):
        return {requirement.split(">")[0].split("[")[0] for requirement in requirements}

    assert names(declared["dependencies"]) == set(NEEDED)
    extras = declared["optional-dependencies"]
    assert {name: set(packages) for name, packages in EXTRAS.items()} == {
        name: names(extras[name]) for name in extras if name not in ("test", "check", "docs", "bench")
    }


def test_data_list_names_licence_and_origin(textmill):
    found = textmill("data", "list").stdout
    assert "disaster-tweets  0.8 MB" in found
    assert found.count("licence: ") == found.count("from http")
    as_json = json.loads(textmill("data", "list", "--json").stdout)
    assert {"name", "licence", "page", "files"} <= set(as_json[0])


def test_data_get_refuses_an_unknown_name_with_a_suggestion(textmill):
    found = textmill("data", "get", "disaster-tweet")
    assert found.exit_code == 1
    assert found.stderr.endswith("Did you mean 'disaster-tweets'?\n")


def test_data_get_takes_from_the_mirror_and_checks(data_dir, tmp_path, monkeypatch, textmill):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTMILL_DATA", str(data_dir))
    found = textmill("data", "get", "sms-spam")
    assert found.exit_code == 0, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0] == "sms-spam/spam.csv  (0.5 MB, sha256 as known)"
    assert lines[-1] == "  textmill new my-sms-spam --from sms-spam/spam.csv"
    as_json = json.loads(textmill("data", "list", "--json").stdout)
    (wanted,) = [entry["files"]["spam.csv"] for entry in as_json if entry["name"] == "sms-spam"]
    assert hashlib.sha256((tmp_path / "sms-spam" / "spam.csv").read_bytes()).hexdigest() == wanted


def test_data_get_refuses_a_changed_file(tmp_path, monkeypatch, textmill):
    (tmp_path / "sms_spam").mkdir()
    (tmp_path / "sms_spam" / "spam.csv").write_text("text,label\n")
    monkeypatch.setenv("TEXTMILL_DATA", str(tmp_path))
    found = textmill("data", "get", "sms-spam", tmp_path / "got")
    assert found.exit_code == 1
    assert "this is not the file the catalogue knows" in found.stderr
    assert not list((tmp_path / "got").glob("*"))
