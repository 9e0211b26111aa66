"""What becomes of an error, and what loading costs."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from textmill.cli.program import VERBS, Program, program
from textmill.errors import GateRefused, Interrupted, SourceError

SRC = str(Path(__file__).parents[2] / "src")


@pytest.fixture(autouse=True)
def crashes(tmp_path, monkeypatch):
    """Where the files about our own mistakes go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def run(*arguments, **settings):
    return CliRunner().invoke(program, arguments, **settings)


def ends(error):
    """How the program ends when a verb raises `error`."""

    @click.group(cls=Program, invoke_without_command=True)
    def failing():
        raise error

    return CliRunner().invoke(failing, [])


def textmill(*arguments, **settings):
    command = [sys.executable, "-m", "textmill.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **settings)


def test_help_names_every_verb_and_loads_none():
    found = textmill("--help")
    assert found.returncode == 0
    for verb, said in VERBS.items():
        assert f"{verb} " in found.stdout
        assert said in found.stdout
    code = (
        "import sys; from textmill.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pyarrow', 'rich', 'scipy', 'starlette', 'uvicorn', 'sklearn'}\n"
        "loaded = {name.split('.')[0] for name in sys.modules} & heavy\n"
        "verbs = {name.rpartition('.')[2] for name in sys.modules if name.startswith('textmill.cli.')}\n"
        "print(loaded, sorted(verbs), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr == "set() ['process', 'program']\n"


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_that_begins_as_the_list_says(verb):
    command = program.get_command(click.Context(program), verb)
    assert command.name == verb
    found = run(verb, "--help")
    assert found.exit_code == 0
    assert len(command.help.splitlines()[0]) > 20


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_loads_no_heavy_package_to_show_its_help(verb):
    code = (
        "import sys; from textmill.cli import main\n"
        f"try: main([{verb!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "print({'numpy', 'pyarrow', 'scipy', 'uvicorn'} & set(sys.modules), file=sys.stderr)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr == "set()\n"


def test_a_misspelt_verb_is_a_usage_error_with_a_suggestion():
    found = run("pridect")
    assert found.exit_code == 2
    assert found.stderr.endswith("Error: no command is called 'pridect'; did you mean 'predict'?\n")


def test_an_error_of_the_users_is_one_sentence_and_1():
    found = ends(SourceError("there is no such file", where="tweets.csv", hint="Did you mean 'tweet.csv'?"))
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == "Error: tweets.csv: there is no such file. Did you mean 'tweet.csv'?\n"


def test_a_gate_that_says_no_is_3():
    found = ends(GateRefused("f1 is 0.61", wanted="f1 >= 0.75"))
    assert (found.exit_code, found.stderr) == (3, "Refused: f1 is 0.61; wanted f1 >= 0.75\n")


def test_stopped_is_130():
    found = ends(Interrupted("stopped in step 'train'", hint="What was finished is kept."))
    assert (found.exit_code, found.stderr) == (130, "stopped in step 'train'. What was finished is kept.\n")
    found = ends(KeyboardInterrupt())
    assert (found.exit_code, found.stderr.strip()) == (130, "stopped.")


def test_what_the_machine_refuses_is_a_sentence():
    found = ends(OSError(errno.ENOSPC, "No space left on device", "out.csv"))
    assert (found.exit_code, found.stderr) == (1, "Error: out.csv: no space left on device\n")
    found = ends(PermissionError(errno.EACCES, "Permission denied", b"out.csv"))
    assert (found.exit_code, found.stderr) == (1, "Error: out.csv: permission denied\n")
    assert ends(MemoryError()).stderr == "Error: there is not enough memory for this.\n"


def test_a_mistake_of_ours_says_so_and_where_the_details_are(crashes):
    found = ends(ZeroDivisionError("division by zero\nand more"))
    assert (found.exit_code, found.stdout) == (70, "")
    (kept,) = crashes.iterdir()
    assert found.stderr == (
        "Error: textmill itself failed, which is our fault and not yours: ZeroDivisionError: division by zero. "
        f"The details are in {kept}; please send them with a report.\n"
    )
    assert "Traceback" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_a_file_we_took_to_be_there_is_our_mistake():
    assert ends(FileNotFoundError(errno.ENOENT, "No such file", "x")).exit_code == 70


def test_nobody_reading_any_more_is_quiet():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        command = [sys.executable, "-m", "textmill.cli", "doctor"]
        found = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (found.returncode, found.stderr) == (141, "")


def test_version():
    assert run("--version").stdout.startswith("textmill ")
