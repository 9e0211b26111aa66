"""Each example runs as it stands, and says what its text promises."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from textmill.config import MillConfig, load

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of examples, elsewhere: what a run writes beside them stays out of the repository."""
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    leave = shutil.ignore_patterns(".textmill", "__pycache__", "report.html", "rejected.jsonl")
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=leave))


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_example_runs(example: str, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if example == "scikit_learn.py":
        pytest.importorskip("sklearn", reason="the extra 'estimators' is not installed")
    runpy.run_path(str(copy / example), run_name="__main__")
    said = capsys.readouterr().out
    if example == "python_api.py":
        assert said.startswith("model/disaster@1: F1 0.")
        assert "disaster  0." in said
        assert "other     0." in said
    if example == "scikit_learn.py":
        difference = float(said.split()[-1])
        assert difference <= 1e-6


@pytest.mark.parametrize("project", sorted(path.parent.name for path in EXAMPLES.glob("*/mill.toml")))
def test_project_file_is_read_and_its_source_is_there(project: str) -> None:
    mill = load(EXAMPLES / project)
    assert isinstance(mill, MillConfig)
    assert mill.project.name == project
    assert not mill.trains or (EXAMPLES / project / mill.read.source).exists()


@pytest.mark.parametrize("project", sorted(path.parent.name for path in EXAMPLES.glob("*/mill.toml")))
def test_data_card_says_where_the_data_come_from(project: str) -> None:
    if not load(EXAMPLES / project).trains:
        pytest.skip("it has no data")
    card = (EXAMPLES / project / "DATA.md").read_text(encoding="utf-8")
    assert "| Origin |" in card
    assert "| Licence |" in card
