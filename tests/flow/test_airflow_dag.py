"""A folder of projects as DAGs: what is asked of their interpreter, and remembered; with a stand-in for Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from textmill.errors import ConfigError, MissingExtra, SourceError
from textmill.flow import airflow_dag

Dags = Callable[[], dict[str, Any]]


def project(folder: Path, name: str, tables: str = '[[step]]\nname = "a"\nshell = "true"\n') -> None:
    folder.mkdir(exist_ok=True)
    (folder / "mill.toml").write_text(f'[project]\nname = "{name}"\n{tables}')


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The projects of each call of the interpreter."""
    found: list[list[str]] = []
    run = subprocess.run

    def noted(command: list[str], **options: Any) -> Any:
        found.append([Path(one).name for one in command[3:]])
        return run(command, **options)

    monkeypatch.setattr(airflow_dag.subprocess, "run", noted)
    return found


@pytest.fixture
def dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dags:
    """`dags` of a folder, with plans in the place of Airflow's objects."""
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    sdk = ModuleType("airflow.sdk")
    sdk.get_parsing_context = lambda: SimpleNamespace(dag_id=None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    monkeypatch.setattr(airflow_dag, "_dag", lambda plan: plan)
    return lambda: airflow_dag.dags(tmp_path, python=sys.executable)


def test_without_airflow_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow", None)
    with pytest.raises(MissingExtra, match=r"needs the package 'apache-airflow'.*textmill\[airflow\]"):
        airflow_dag.dags(tmp_path, python=sys.executable)


def test_only_what_has_changed_is_asked_again(dags: Dags, tmp_path: Path, asked: list[list[str]]) -> None:
    project(tmp_path / "one", "first")
    project(tmp_path / "two", "second")
    assert list(dags()) == ["first", "second"]
    assert dags() == dags()
    assert asked == [["one", "two"]]
    project(tmp_path / "two", "second", '[[step]]\nname = "b"\nshell = "true"\n')
    assert [task["id"] for task in dags()["second"]["tasks"]] == ["b"]
    assert asked[1:] == [["two"]]


@pytest.mark.slow
def test_what_is_remembered_may_be_lost_or_broken(dags: Dags, tmp_path: Path, asked: list[list[str]]) -> None:
    project(tmp_path / "one", "first")
    found = dags()
    for text in ("", "[]", '{"format": 9}', '{"format": 1, "python": 3}'):
        (tmp_path / ".textmill-airflow.json").write_text(text)
        assert dags() == found
    assert len(asked) == 5
    known = json.loads((tmp_path / ".textmill-airflow.json").read_text())
    (tmp_path / ".textmill-airflow.json").write_text(json.dumps(known | {"stamp": [1, 2]}))  # another textmill
    assert dags() == found
    assert len(asked) == 6


@pytest.mark.slow
def test_a_project_at_fault_keeps_its_dag_and_a_new_one_says_what_is_wrong(
    dags: Dags, tmp_path: Path, asked: list[list[str]]
) -> None:
    project(tmp_path / "old", "old")
    project(tmp_path / "other", "other")
    before = dags()
    project(tmp_path / "old", "old", "[[stap]]\n")
    project(tmp_path / "new", "new", "[[stap]]\n")
    for _ in range(2):  # it is asked again each time: another file may be what is wrong
        found = dags()
        assert found["old"] == before["old"]
        assert found["other"] == before["other"]
        assert "no table is called 'stap', did you mean 'step'?" in found["broken.new"]["description"]
        assert [task["id"] for task in found["broken.new"]["tasks"]] == ["project.broken"]
        assert asked[-1] == ["new", "old"]
    project(tmp_path / "new", "new")
    assert "new" in dags()
    assert "broken.new" not in dags()


def test_faults_that_concern_all_projects_are_one_sentence(dags: Dags, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no project in this folder; wanted mill"):
        dags()
    project(tmp_path / "one", "same")
    project(tmp_path / "two", "same")
    with pytest.raises(ConfigError, match=r"two projects are called 'same': .*one and .*two"):
        dags()
    for python, said in (("/nowhere/python", "No such file"), ("/bin/false", "and says nothing")):
        with pytest.raises(ConfigError, match=f"{python}: this interpreter cannot tell the plans of projects.*{said}"):
            airflow_dag.dags(tmp_path, python=python)
