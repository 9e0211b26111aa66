"""`textmill plan`: what it draws and says, for people and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from textmill.cli import plan as verb
from textmill.flow import Change, PlannedStep, ProjectPlan

STEPS = ["read", "split", "train", "evaluate", "register", "report"]


def change(project, old, new):
    file = project / "mill.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_finished_project_is_drawn_and_has_nothing_to_do(project, textmill):
    found = textmill("plan", "alarm")
    assert (found.exit_code, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert [line.split()[1:3] for line in lines if "cached" in line] == [[step, "cached"] for step in STEPS]
    assert "─┬─" in found.stdout
    assert lines[-1] == "Nothing to do: all 6 steps are done with these data, settings and code."
    assert "\x1b" not in found.stdout


def test_a_change_is_told_with_its_reason_and_what_to_do(project, textmill):
    change(project, "min_df = 1", "min_df = 2")
    lines = textmill("plan", "alarm").stdout.splitlines()
    assert lines[-6:] == [
        "6 steps: 2 cached, 3 stale, 1 unknown.",
        "train is stale: features.min_df was 1, is 2.",
        "register and report will be made anew after train: settings changed.",
        "evaluate is unknown until train is done.",
        "",
        "Do it: textmill run alarm",
    ]
    assert "Do it: textmill run alarm --store alarm" in textmill("plan", "alarm", "--store", "alarm").stdout


def test_json_is_one_document_for_programs(project, textmill):
    change(project, "min_df = 1", "min_df = 2")
    found = json.loads(textmill("plan", "alarm", "--json").stdout)
    assert (found["project"], found["nothing_to_do"]) == ("alarm", False)
    assert found["counts"] == {"cached": 2, "stale": 3, "unknown": 1}
    steps = {one["step"]: one for one in found["steps"]}
    assert [*steps] == STEPS
    assert steps["train"] == {
        "step": "train",
        "state": "stale",
        "needs": ["read", "split"],
        "after": [],
        "changes": [{"kind": "setting", "name": "features.min_df", "was": 1, "now": 2}],
        "sentence": "train is stale: features.min_df was 1, is 2.",
    }
    assert steps["report"]["after"] == ["train"]
    assert steps["read"]["sentence"] is None


def test_the_picture_is_a_file_of_its_own(project, textmill):
    found = textmill("plan", "alarm", "--svg", "plan.svg")
    assert found.stdout.splitlines()[-1] == "Drawn: plan.svg"
    root = ElementTree.parse("plan.svg").getroot()
    assert "read: cached; split: cached" in (root.findtext("{http://www.w3.org/2000/svg}desc") or "")
    lost = textmill("plan", "alarm", "--svg", "no/such/plan.svg")
    assert (lost.exit_code, lost.stderr) == (1, "Error: no/such: there is no such folder to write into\n")


def test_nothing_is_made_where_nothing_is(project, textmill):
    found = textmill("plan", "alarm", "--store", "elsewhere")
    assert "read, split, train, evaluate, register and report are missing: no finished run" in found.stdout
    assert not (project.parent / "elsewhere").exists()


def test_a_source_that_is_not_there_is_one_sentence(project, textmill):
    (project / "messages.csv").unlink()
    found = textmill("plan", "alarm")
    assert found.exit_code == 1
    assert "messages.csv" in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_plan_loads_nothing_heavy(project):
    code = (
        "import sys; from textmill.cli import main\n"
        "try: main(['plan', 'alarm'])\n"
        "except SystemExit: pass\n"
        "print({name.split('.')[0] for name in sys.modules} & {'numpy', 'pyarrow', 'scipy', 'rich'}, file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Nothing to do" in found.stdout
    assert found.stderr == "set()\n"


def test_a_terminal_without_lines_gets_a_list(project):
    code = "from textmill.cli import main; main(['plan', 'alarm'])"
    settings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=settings)
    assert found.stdout.splitlines()[:3] == [
        "read      cached",
        "split     cached  after read",
        "train     cached  after split",
    ]


@pytest.mark.parametrize("no_colour", [False, True])
def test_states_have_colours_beside_their_words_unless_that_is_not_wanted(project, textmill, monkeypatch, no_colour):
    monkeypatch.setenv("NO_COLOR", "1") if no_colour else monkeypatch.delenv("NO_COLOR", raising=False)
    found = textmill("plan", "alarm", color=True)
    assert ("\x1b[32mcached\x1b[0m" in found.stdout) != no_colour
    assert "cached" in found.stdout


def test_of_a_thousand_steps_only_what_is_to_be_done_is_told(monkeypatch, textmill):
    stale = [PlannedStep(f"s{n}", (), "stale", (Change("source", f"{n}\x1b[31m.csv", "a", "b"),)) for n in range(60)]
    cached = [PlannedStep(f"c{n}", (), "cached") for n in range(940)]
    monkeypatch.setattr("textmill.flow.plan_project", lambda *_, **__: ProjectPlan("big", (*cached, *stale)))
    lines = textmill("plan").stdout.splitlines()
    assert lines[0] == "1,000 steps: 940 cached, 60 stale."
    assert lines[1] == "s0 is stale: 0\N{REPLACEMENT CHARACTER}[31m.csv changed."
    assert lines[-3:] == ["And 10 more; --json tells all of them.", "", "Do it: textmill run ."]
    assert len(lines) == 1 + verb._MOST_TOLD + 3


def test_a_plan_for_days_is_headed_by_each_day_and_says_how_to_run_it(project, textmill, tmp_path):
    change(project, "messages.csv", "of-{date}.csv")
    for day in ("05", "06"):
        (project / f"of-2026-01-{day}.csv").write_bytes((project / "messages.csv").read_bytes())
    refused = textmill("plan", "alarm")
    assert "read.source: {date} wants a day, as in: --dates 2026-11-01" in refused.stderr
    found = textmill("plan", "alarm", "--dates", "2026-01-05..2026-01-06")
    assert (found.exit_code, found.stderr) == (0, "")
    assert [line for line in found.stdout.splitlines() if line.startswith("2026")] == ["2026-01-05", "2026-01-06"]
    assert "Do it: textmill run alarm --dates 2026-01-06" in found.stdout
    days = json.loads(textmill("plan", "alarm", "--dates", "2026-01-05..2026-01-06", "--json").stdout)
    assert [one["project"] for one in days] == ["alarm", "alarm"]
    missing = textmill("plan", "alarm", "--dates", "2026-01-06..2026-01-08")
    assert "of-2026-01-07.csv: there is no such file" in missing.stderr
    assert "--dates 2026-01-07..2026-01-08" in missing.stderr
    drawn = textmill("plan", "alarm", "--dates", "2026-01-05..2026-01-06", "--svg", tmp_path / "a.svg")
    assert (drawn.exit_code, (tmp_path / "a.svg").exists()) == (2, False)
