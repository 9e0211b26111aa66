"""`textmill schedule`: real runs in processes of their own, stopped, killed and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from textmill.cli import schedule
from textmill.flow.scheduled import Job


@pytest.fixture
def scheduled(project):
    """The trained project with a schedule, which is due now by its source."""

    def write(table: str) -> Path:
        with (project / "mill.toml").open("a") as file:
            file.write(table)
        return project

    return write


def job(folder, **more) -> Job:
    settings = {"why": "due", "said": "due", "again": None, "limit": None} | more
    return Job(folder, "alarm", datetime(2026, 1, 5, tzinfo=UTC), **settings)


def test_what_is_due_runs_once_and_the_next_due_times_are_told(scheduled, textmill):
    scheduled('[schedule]\nevery = "1d"\non_change = true\n')
    found = textmill("schedule", "alarm", "--once")
    assert (found.exit_code, found.stderr) == (0, "")
    begins, ended = [line.partition("  ")[2] for line in found.stdout.splitlines()]
    assert begins == "alarm: its source was not seen before: begins"
    assert ended.startswith("alarm: nothing to do, version 1 stands; next due ")
    assert ended.endswith(" 00:00:00 UTC")
    (line,) = textmill("schedule", "alarm", "--once").stdout.splitlines()
    assert "alarm: next due " in line


def test_a_run_that_fails_is_said_in_a_line_told_to_whom_it_concerns_and_ends_with_1(scheduled, textmill):
    folder = scheduled(
        '[schedule]\non_change = true\n[notify]\ncommand = ["sh", "-c", "cat > got.json"]\nwebhook = "env:NOT_SET"\n'
    )
    (folder / "messages.csv").unlink()
    found = textmill("schedule", "alarm", "--once")
    assert found.exit_code == 1
    said = [line.partition("  ")[2] for line in found.stdout.splitlines()]
    assert said[1:] == [
        "alarm: Mind: a notice could not be delivered by webhook: the environment variable NOT_SET is not set",
        "alarm: Error: messages.csv: there is no such file; it runs when its source changes",
    ]
    notice = json.loads((folder / "got.json").read_bytes())
    assert (notice["kind"], notice["project"]) == ("failure", "alarm")


def test_a_run_that_a_gate_refuses_ends_with_3(scheduled, textmill):
    folder = scheduled('promote_if = "f1 > 0.999"\n[schedule]\non_change = true\nretries = 5\n')
    assert textmill("schedule", "alarm", "--once").exit_code == 3
    state = json.loads((folder / ".textmill" / "runs" / "schedule" / "alarm.json").read_bytes())
    assert state["again"] is None


def test_a_run_that_dies_without_a_word_is_told_by_the_schedule(scheduled, monkeypatch, capsys):
    folder = scheduled('[notify]\ncommand = ["sh", "-c", "cat > got.json"]\n')
    real = subprocess.Popen
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: real([sys.executable, "-c", code], **more)
                        if command[0] == sys.executable else real(command, **more))  # fmt: skip
    outcome = schedule._run(job(folder))
    assert (outcome.kind, outcome.said) == ("failed", "Error: it was ended by signal 9 (Killed)")
    assert json.loads((folder / "got.json").read_bytes())["what"] == "it was ended by signal 9 (Killed)"


def test_a_run_that_takes_too_long_is_stopped(scheduled, monkeypatch):
    folder = scheduled("")
    outcome = schedule._run(job(folder, limit=0.01))
    assert outcome.said == "Error: it was stopped, for it took longer than 0.01 seconds"


def test_a_run_knows_for_when_it_is(scheduled, monkeypatch):
    seen = {}
    real = subprocess.Popen

    def popen(command, **settings):
        seen.update(settings["env"], command=command)
        return real(command, **settings)

    monkeypatch.setattr(subprocess, "Popen", popen)
    assert schedule._run(job(scheduled(""), again="in 5 minutes (try 2 of 3)")).kind == "done"
    assert seen["TEXTMILL_DUE"] == "2026-01-05T00:00:00+00:00"
    assert seen["command"][-2:] == ["--again", "in 5 minutes (try 2 of 3)"]


@pytest.mark.slow
def test_a_run_for_a_day_reads_the_rows_of_that_day_and_a_failure_says_how_to_run_it(scheduled):
    folder = scheduled('[notify]\ncommand = ["sh", "-c", "cat > got.json"]\n')
    (folder / "messages.csv").rename(folder / "of-2026-01-05.csv")
    (folder / "mill.toml").write_text((folder / "mill.toml").read_text().replace("messages.csv", "of-{date}.csv"))
    done = schedule._run(job(folder, date="2026-01-05"))
    assert (done.kind, done.said.partition(", ")[2]) == ("done", "version 1 stands")  # the same rows
    failed = schedule._run(job(folder, date="2026-01-06"))
    assert failed.said == "Error: of-2026-01-06.csv: there is no such file"
    assert json.loads((folder / "got.json").read_bytes())["how"].endswith(f"run {folder} --dates 2026-01-06")


def test_due_times_are_printed_in_their_order_and_as_json(scheduled, textmill, tmp_path):
    folder = scheduled('[schedule]\ncron = "30 6 * * *"\ntimezone = "Europe/Berlin"\n')
    other = tmp_path / "news"
    other.mkdir()
    (other / "mill.toml").write_text(
        '[project]\nname = "news"\n[read]\nsource = "a"\n[schedule]\nevery = "1d"\non_change = true\n'
    )
    lines = textmill("schedule", folder, other, "--next", "2").stdout.splitlines()
    assert [line.split()[-1] for line in lines[:2]] in (["alarm", "news"], ["news", "alarm"])
    assert all(" 06:30:00 CE" in line for line in lines if line.endswith("alarm"))
    assert lines[4] == "whenever its source changes  news"
    found = json.loads(textmill("schedule", tmp_path, "--next", "2", "--json").stdout)
    assert [one["project"] for one in found["due"]].count("alarm") == 2
    assert found["on_change"] == ["news"]
    assert not (other / ".textmill").exists()  # looking leaves nothing


def test_options_that_exclude_each_other_and_projects_that_are_not_there(textmill, scheduled, tmp_path):
    assert textmill("schedule", "alarm", "--once", "--unit").exit_code == 2
    assert textmill("schedule", "alarm", "--json").exit_code == 2
    assert "no mill.toml here" in textmill("schedule", tmp_path / "nothing", "--once").stderr
    assert "does not say when: wanted cron, every or on_change" in textmill("schedule", "alarm", "--once").stderr
    assert "no project here has a [schedule]" in textmill("schedule", "alarm", "--next", "1").stderr


def test_a_unit_names_the_interpreter_the_projects_and_the_store(scheduled, textmill, tmp_path, monkeypatch):
    scheduled('[schedule]\nevery = "1d"\n')
    folder = tmp_path / "100% new $"
    shutil.copytree("alarm", folder)
    found = textmill("schedule", "alarm", folder.name, "--unit", env={"TEXTMILL_STORE": "kept here"})
    assert found.exit_code == 0
    (line,) = [line for line in found.stdout.splitlines() if line.startswith("ExecStart=")]
    assert line == f'ExecStart={sys.executable} -m textmill.cli schedule {tmp_path}/alarm "{tmp_path}/100%% new $$"'
    assert f'Environment="TEXTMILL_STORE={tmp_path}/kept here"' in found.stdout
    if shutil.which("systemd-analyze"):
        unit = tmp_path / "textmill.service"
        unit.write_text(found.stdout)
        command = ["systemd-analyze", "verify", "--user", str(unit)]
        settings = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
        checked = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)
        assert unit.name not in checked.stderr, checked.stderr


def lines_until(process, sign):
    """What it prints up to a line with a sign in it."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if sign in line:
            return lines
    raise AssertionError(f"it ended without {sign!r}: {lines}")


def start(folder, code=""):
    slow = "import sys\nfrom textmill.cli import main\n" + code + f"\nmain(['schedule', {str(folder)!r}])"
    return subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_stopped_while_it_waits_it_ends_cleanly_and_lets_go(scheduled, textmill):
    folder = scheduled('[schedule]\nevery = "1d"\n')
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start(folder)
        try:
            lines_until(process, "next due")
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        assert (process.returncode, out, err) == (0, "stopped.\n", "")
    assert textmill("schedule", "alarm", "--once").exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_stopped_or_killed_in_a_run_it_goes_on_at_the_next_start(scheduled, textmill, number):
    folder = scheduled('[schedule]\non_change = true\n[text]\nmap = "slow:wait"\n')
    gate = folder / "gate"
    os.mkfifo(gate)  # whoever reads it waits, so the run is in progress for as long as we like
    (folder / "slow.py").write_text(f"def wait(word):\n    open({str(gate)!r}).read()\n    return word\n")
    process = start(folder)
    try:
        lines_until(process, "begins")
        with gate.open("w"):  # the run has come to it
            (folder / "open").touch()
            os.replace(folder / "open", gate)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number != signal.SIGKILL:
        assert err == (
            "stopped in the run of alarm. What was finished is kept, and the run goes on when the schedule is started "
            "again.\n"
        )
    found = textmill(
        "schedule", "alarm", "--once"
    )  # after a kill the run itself may be at work still: it is waited for
    assert found.exit_code == 0
    assert "begun and not ended: goes on" in found.stdout
    assert "version 2 " in found.stdout
    assert len(list((folder / ".textmill" / "models" / "alarm").glob("[0-9]*"))) == 2
