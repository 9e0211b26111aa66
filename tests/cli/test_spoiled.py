"""A version that was spoiled is noticed by those who should: run, doctor, models list."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from textmill.cli.program import program

EXAMPLE = Path(__file__).parents[2] / "examples" / "disaster"


def say(*arguments: str) -> Result:
    return CliRunner().invoke(program, list(arguments))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("mill.toml", "messages.csv"):
        shutil.copy(EXAMPLE / name, folder)
    assert say("run", str(folder)).exit_code == 0
    return folder


def test_doctor_names_the_file_and_run_makes_a_successor(project: Path) -> None:
    weights = project / ".textmill" / "models" / "disaster" / "1" / "weights.npy"
    weights.chmod(0o644)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.unlink()  # not through a link into the objects
    weights.write_bytes(data)
    found = say("doctor", "--json", "--store", str(project))
    assert found.exit_code == 1
    broken = [finding for finding in json.loads(found.output) if finding["state"] == "broken"]
    assert [finding["what"] for finding in broken] == ["disaster@1"]
    assert "weights.npy: model/disaster@1: this file is not what was written" in broken[0]["said"]
    again = say("run", str(project))
    assert again.exit_code == 0, again.output
    assert "version 2" in again.output


def test_a_broken_version_hides_no_other(project: Path) -> None:
    other = project / ".textmill" / "models" / "disaster" / "7"
    other.mkdir()
    (other / "manifest.json").write_text("{}", encoding="utf-8")
    found = say("models", "list", "--store", str(project))
    assert found.exit_code == 1
    assert "disaster@7 is broken" in found.output
    assert "0.8" in found.output  # the scores of version 1


def test_predict_does_not_write_over_what_it_reads(project: Path) -> None:
    source = project / "messages.csv"
    before = source.read_bytes()
    for option in ("--out", "--rejected"):
        found = say("predict", "disaster", "--in", str(source), option, str(source), "--store", str(project))
        assert found.exit_code == 1
        assert f"{option} names the file that is read" in found.output
        assert source.read_bytes() == before
