"""`textmill step`, and parts of `textmill run`: what another scheduler, or a person, reads of it."""

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


def test_a_dry_run_says_what_would_be_done_and_does_nothing(toy, textmill):
    found = textmill("run", "toy", "--dry-run")
    assert (found.exit_code, found.stderr) == (0, "")
    assert [line.split(None, 1) for line in found.stdout.splitlines()] == [["list", "to do"], ["bad", "to do"]]
    assert json.loads(textmill("run", "toy", "--dry-run", "--json").stdout) == {
        "steps": {"list": "stale", "bad": "stale"}
    }
    assert not (toy / ".textmill").exists()


def test_a_project_of_steps_alone_is_told_in_a_line(toy, textmill):
    found = textmill("run", "toy", "--only", "list")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[0].split()[0] == "list"
    assert found.stdout.splitlines()[1:] == ["", "Done: 1 step."]


def test_a_run_for_each_day_is_headed_by_the_day(toy, textmill):
    found = textmill("run", "toy", "--only", "list", "--dates", "2026-11-30..2026-12-01")
    assert found.exit_code == 0
    assert [line for line in found.stdout.splitlines() if line.startswith("2026")] == ["2026-11-30", "2026-12-01"]
    found = textmill("run", "toy", "--only", "list", "--dates", "2026-11-30", "--json")
    assert [one["steps"][0]["step"] for one in json.loads(found.stdout)] == ["list"]


@pytest.mark.parametrize("dates", ["yesterday", "2026-11-02..2026-11-01", "2026-02-30", "2026-11-01..", "..2026-11-01"])
def test_days_that_are_none_are_a_usage_error(toy, textmill, dates):
    found = textmill("run", "toy", "--dates", dates)
    assert found.exit_code == 2
    assert "Invalid value for '--dates': wanted" in found.stderr


def test_a_part_and_a_beginning_cannot_both_be_asked_for(toy, textmill):
    assert textmill("run", "toy", "--only", "list", "--from", "bad").exit_code == 2


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2026-11-30", "2026-11-30"),
        ("2026-11-30T23:30:00+00:00", "2026-12-01"),  # as Airflow has it, in UTC
        ("2026-11-30T23:30", "2026-11-30"),
    ],
)
def test_of_a_time_the_day_in_the_time_zone_of_the_schedule_is_meant(toy, textmill, date, day):
    with (toy / "mill.toml").open("a") as file:
        file.write('\n[[step]]\nname = "day"\nshell = "echo {date} > day"\n')
        file.write('[schedule]\ncron = "30 0 * * *"\ntimezone = "Europe/Berlin"\n')
    found = textmill("step", "day", "--project", toy, "--run", "r1", "--date", date)
    assert found.exit_code == 0, found.output
    assert (toy / "day").read_text().strip() == day


def test_a_time_that_is_none_is_a_usage_error(toy, textmill):
    found = textmill("step", "list", "--project", toy, "--run", "r1", "--date", "2026-11-30T7")
    assert found.exit_code == 2
    assert "wanted a day, or a time such as" in found.stderr
