"""`textmill run`: what it says, and what it leaves."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import typing

import pytest
from cli_fakes import MILL, messages

from textmill.cli import story
from textmill.cli.steps import Steps, step_names
from textmill.config import TextConfig
from textmill.flow import Event
from textmill.registry import Finished

STEPS = ["read", "split", "train", "evaluate", "register", "report"]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "alarm"
    folder.mkdir()
    (folder / "messages.csv").write_text(messages(), encoding="utf-8")
    (folder / "mill.toml").write_text(MILL, encoding="utf-8")
    return folder


def test_a_run_is_told_from_the_first_row_to_the_commands_to_try(fresh, textmill):
    found = textmill("run", "alarm")
    assert (found.exit_code, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert [line.split()[0] for line in lines[:6]] == STEPS
    assert all(line.endswith(" s") for line in lines[:6])
    told = "\n".join(lines[6:])
    for sentence in (
        "Read 122 rows of messages.csv: CSV with commas between the fields, utf-8.",
        "Classes: bad (60 rows), good (60 rows).",
        "Set aside 2 rows that cannot be used (no label: 1, no text: 1): see alarm/rejected.jsonl.",
        "rows to learn from, ",
        "Leaks: ",
        "Accuracy",
        "Report: alarm/report.html",
        "Registered: alarm, version 1, in alarm/.textmill",
    ):
        assert sentence in told
    assert lines[-4] == "Try next:"
    assert [line.split()[:3] for line in lines[-3:]] == [
        ["textmill", "predict", "alarm"],
        ["textmill", "explain", "alarm"],
        ["textmill", "serve", "alarm"],
    ]
    assert "\x1b" not in found.stdout
    assert (fresh / "report.html").exists()


def test_every_way_to_split_texts_can_be_told():
    for tokens in typing.get_args(typing.get_type_hints(TextConfig)["tokens"]):
        assert ", split " in story._path(TextConfig(tokens=tokens))


def test_the_commands_to_try_work_where_the_user_stands(project, textmill):
    predict, explain, serve = textmill("run", "alarm").stdout.splitlines()[-3:]
    for line in (predict, explain):
        found = textmill(*shlex.split(line)[1:])
        assert (found.exit_code, found.stderr) == (0, "")
        assert found.stdout
    assert shlex.split(serve) == ["textmill", "serve", "alarm", "--store", "alarm"]


def test_from_inside_the_project_the_store_need_not_be_named(project, textmill, monkeypatch):
    monkeypatch.chdir(project)
    lines = textmill("run").stdout.splitlines()
    assert "Report: report.html" in lines
    assert lines[-1] == "  textmill serve alarm"
    assert textmill(*shlex.split(lines[-3])[1:]).exit_code == 0


def test_a_second_run_says_that_there_is_nothing_to_do(project, textmill):
    found = textmill("run", "alarm")
    lines = found.stdout.splitlines()
    assert found.exit_code == 0
    assert [line.split() for line in lines[:6]] == [[step, "unchanged"] for step in STEPS]
    assert lines[7] == "Nothing to do: alarm, version 1, is made of these data, settings and code."


def test_a_second_run_loads_nothing_heavy(project):
    code = (
        "import sys; from textmill.cli import main\n"
        "try: main(['run', 'alarm'])\n"
        "except SystemExit: pass\n"
        "print({name.split('.')[0] for name in sys.modules} & {'numpy', 'pyarrow', 'scipy', 'rich'}, file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Nothing to do" in found.stdout
    assert found.stderr == "set()\n"


def test_a_gate_that_refuses_ends_with_3_and_a_sentence_and_registers_nothing(fresh, textmill):
    with (fresh / "mill.toml").open("a") as file:
        file.write('promote_if = "f1 > 0.999"\n')
    found = textmill("run", "alarm")
    assert found.exit_code == 3
    assert found.stderr.startswith("Refused: alarm: f1 does not reach the gate; wanted f1 > 0.999, got 0.")
    assert found.stderr.count("\n") == 1
    assert "Report: alarm/report.html" in found.stdout
    assert "Try next" not in found.stdout
    assert "Registered" not in found.stdout
    assert "holds no model" in textmill("models", "list", "--store", "alarm").stdout


def test_json_is_one_document_for_programs(project, textmill):
    found = json.loads(textmill("run", "alarm", "--json").stdout)
    assert (found["model"], found["version"], found["nothing_to_do"], found["refused"]) == ("alarm", 1, True, None)
    assert [step["step"] for step in found["steps"]] == STEPS
    assert 0 <= found["report"]["metrics"]["accuracy"]["value"] <= 1


def test_no_project_is_one_sentence_with_the_way_to_one(tmp_path, textmill):
    found = textmill("run", tmp_path)
    assert found.exit_code == 1
    where = tmp_path / "mill.toml"
    assert (
        found.stderr == f"Error: {where}: there is no project file here; make one with: textmill new DIR --from FILE\n"
    )


def test_all_faults_of_a_project_file_are_told_at_once(fresh, textmill):
    (fresh / "mill.toml").write_text(MILL + '[featurs]\nkind = "x"\n[split]\ntest = 2\n', encoding="utf-8")
    found = textmill("run", "alarm")
    assert found.exit_code == 1
    assert "no table is called 'featurs', did you mean 'features'?" in found.stderr
    assert "split.test: wanted a share between 0 and 1, got 2" in found.stderr


def test_a_source_that_is_not_there_is_one_sentence(fresh, textmill):
    (fresh / "messages.csv").rename(fresh / "message.csv")
    found = textmill("run", "alarm")
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: ")
    assert "messages.csv" in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_place_to_share_the_work_that_is_none_is_one_sentence(fresh, textmill):
    found = textmill("run", "alarm", "--on", "dsk")
    wanted = "Error: --on: wanted 'dask' or an address such as tcp://10.0.0.1:8786, got 'dsk'\n"
    assert (found.exit_code, found.stdout, found.stderr) == (1, "", wanted)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_with_130_and_goes_on_later(fresh, textmill, number):
    code = (
        "import sys\n"
        "from textmill.models import TextClassifier\n"
        "def wait(*args, **kwargs):\n"
        "    print('training', flush=True)\n"
        "    sys.stdin.read()\n"
        "TextClassifier.fit = wait\n"
        "from textmill.cli import main\n"
        "main(['run', 'alarm'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while process.stdout.readline() != "training\n":
            assert process.poll() is None, process.stderr.read()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == "stopped in step 'train'. What was finished is kept: run it again to go on from there.\n"
    found = textmill("run", "alarm")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[0].split() == ["read", "unchanged"]


def test_a_store_can_be_named(fresh, textmill):
    found = textmill("run", "alarm", "--store", "kept")
    assert "Registered: alarm, version 1, in kept" in found.stdout
    assert found.stdout.splitlines()[-1] == "  textmill serve alarm --store kept"
    assert not (fresh / ".textmill").exists()


def test_events_are_plain_lines_in_a_pipe(capsys):
    with Steps() as steps:
        for event in (
            Event("", "waiting", note="process 7 on this machine"),
            Event("read", "started"),
            Event("read", "progress", 29.0, done=5, total=9, note="x.csv"),
            Event("read", "finished", 29.234),
            Event("train", "cached", 9.0),
            Event("tune", "progress", 30.0, done=5, total=9, note="trials"),
            Event("tune", "progress", 59.0, done=6, total=9, note="trials"),
            Event("tune", "progress", 61.0, note="epoch 3 of 10"),
            Event("register", "refused", note="f1 is too low"),
            Event("later", "skipped"),
            Event("evaluate", "failed"),
        ):
            steps(event)
    assert capsys.readouterr().out.splitlines() == [
        "waiting for another run of this project: process 7 on this machine",
        "read          29.23 s",
        "train       unchanged",
        "tune       after 30 s: trials, 5 of 9",
        "tune       after 61 s: epoch 3 of 10",
        "register      refused",
        "later       left out: the gate said no",
        "evaluate       failed",
    ]


def test_a_report_that_was_not_written_is_not_told_as_done(capsys):
    def left(files, values):
        return Finished(key="0", step="report", seconds=0.1, files=files, values=values)

    with Steps() as steps:
        steps(Event("report", "finished", 0.07, left=left({}, {})))
        steps(Event("report", "finished", 0.07, left=left({"report.html": None}, {})))
        steps(Event("report", "finished", 0.07, left=left({}, {"result": None})))  # a step of one's own
    assert capsys.readouterr().out.splitlines() == [
        "report      not written: the model was not evaluated",
        "report         0.07 s",
        "report         0.07 s",
    ]


def test_steps_of_candidates_are_shown_with_their_names(fresh, textmill, capsys):
    mill = (fresh / "mill.toml").read_text()
    mill += '[[candidate]]\nmodel = { C = 2.0 }\n[[candidate]]\nname = "pairs of words too, as they stand"\n'
    mill += "features = { ngrams = [1, 3] }\n"
    (fresh / "mill.toml").write_text(mill)
    names = step_names(fresh)
    assert names["train-2"] == "train-2 (C = 2.0)"
    assert names["train-3"] == "train-3 (pairs of words too, as they s…)"
    with Steps(names) as steps:
        steps(Event("read", "finished", 1.0))
        steps(Event("train-2", "finished", 1.0))
    read, trained = capsys.readouterr().out.splitlines()
    assert trained.startswith("train-2 (C = 2.0) ")
    assert len(read) == len(trained)
    assert "train-2 (C = 2.0)" in textmill("run", "alarm", "--dry-run").stdout
    planned = textmill("plan", "alarm").stdout
    assert "train-2 (C = 2.0)" in planned
    assert '"train-2"' in textmill("plan", "alarm", "--json").stdout
    assert step_names(fresh / "nowhere") == {}


def test_a_terminal_sees_bars_and_then_the_same_lines(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    with Steps() as steps:
        steps(Event("read", "started"))
        steps(Event("read", "progress", done=5, total=9, note="x.csv"))
        steps(Event("read", "finished", 1.0))
    assert out.getvalue().endswith("read           1.00 s\n") or "1.00 s" in out.getvalue()
    assert "\x1b[" in out.getvalue()


def test_a_terminal_sees_a_bar_for_each_step_at_work(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    with Steps() as steps:
        steps(Event("train", "started"))
        steps(Event("train-2", "started"))
        steps(Event("train-2", "progress", done=1, total=4, note="folds"))
        steps(Event("train-2", "finished", 1.0))
        steps(Event("train", "progress", done=5, total=9))
        steps(Event("train", "retry", done=1, total=2, note="no [luck]", delay=30.0))
        steps(Event("train", "started"))
        steps(Event("train", "failed"))
        assert steps._bars is None
    said = out.getvalue()
    assert said.index("train-2        1.00 s") < said.index("failed and is tried again in 30 s (1 of 2): no [luck]")


@pytest.mark.slow
def test_what_is_printed_stays_within_the_environment(fresh):
    # a terminal that knows ASCII only must not end a run
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "textmill.cli", "run", "alarm"]
    found = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=60)
    assert (found.returncode, found.stderr) == (0, "")


def test_the_store_that_is_named_is_the_one_that_the_commands_to_try_mean(fresh, textmill):
    """A project's folder stands for the store in it, as everywhere."""
    found = textmill("run", "alarm", "--store", "alarm")
    assert found.exit_code == 0, found.output
    assert not (fresh / "models").exists()
    named = next(line for line in found.stdout.splitlines() if "textmill predict" in line)
    words = shlex.split(named)
    assert textmill(*words[1:]).exit_code == 0


def test_a_dry_run_refuses_what_the_run_itself_would_refuse_to_share(project, textmill):
    file = project / "mill.toml"
    file.write_text(file.read_text().replace("[features]", "[features]\nanalyzer = 'char'"))
    assert textmill("run", "alarm", "--dry-run").exit_code == 0
    for more in ((), ("--dry-run",)):
        found = textmill("run", "alarm", "--on", "dask", *more)
        assert (found.exit_code, "wanted 'word' with --on, got 'char'" in found.stderr) == (1, True)
        found = textmill("run", "alarm", "--on", "nowhere", *more)
        assert (found.exit_code, "wanted 'dask' or an address" in found.stderr) == (1, True)
