"""`textmill step`: what another scheduler reads of it."""

from __future__ import annotations

import json

import pytest

MILL = """
[project]
name = "toy"

[[step]]
name = "list"
shell = 'echo noise; echo "[1, 2, 3]" > $TEXTMILL_OUT/result.json'

[[step]]
name = "bad"
shell = "echo why >&2; false"
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "mill.toml").write_text(MILL, encoding="utf-8")
    return tmp_path / "toy"


def test_the_last_line_is_a_reference(toy, textmill):
    found = textmill("step", "list", "--project", "toy", "--run", "r1")
    assert found.exit_code == 0
    said = json.loads(found.stdout.splitlines()[-1])
    assert (said["step"], said["run"], said["items"], said["cached"]) == ("list", "r1", 3, False)
    assert (toy / ".textmill" / "steps" / f"{said['key']}.json").exists()


def test_a_failure_ends_with_1_and_a_sentence(toy, textmill):
    found = textmill("step", "bad", "--project", "toy", "--run", "r1")
    assert found.exit_code == 1
    assert "Error: step bad: its command ended with 1" in found.stderr
    assert "Traceback" not in found.output
