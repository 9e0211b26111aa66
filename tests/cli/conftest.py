from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))  # cli_fakes, beside this file

from cli_fakes import MILL, messages


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A project that has run, never to be changed."""
    from textmill.flow import run_project

    folder = tmp_path_factory.mktemp("trained") / "alarm"
    folder.mkdir()
    (folder / "messages.csv").write_text(messages(), encoding="utf-8")
    (folder / "mill.toml").write_text(MILL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TEXTMILL_STORE", raising=False)
        run_project(folder)
    return folder


@pytest.fixture
def project(trained, tmp_path, monkeypatch) -> Path:
    """A copy of that project, as the folder `alarm` of the current one."""
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    shutil.copytree(trained, tmp_path / "alarm")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "alarm"


@pytest.fixture
def textmill(monkeypatch):
    """Runs a command in this process, as if typed."""
    from textmill.cli.program import program

    monkeypatch.delenv("TEXTMILL_STORE", raising=False)

    def run(*arguments, **settings):
        return CliRunner().invoke(program, [str(argument) for argument in arguments], **settings)

    return run
