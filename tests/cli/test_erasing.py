"""`textmill data erase` and `textmill store gc`."""

import json

import pytest


@pytest.fixture
def row(project):
    """The text of a row."""
    return (project / "messages.csv").read_text().splitlines()[1].split(",")[1]


def test_erasing_says_what_became_of_it_and_what_is_left_to_do(project, textmill, row):
    done = textmill("data", "erase", "--text", row, "--reason", "request 7", "--store", "alarm")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "dataset/alarm@2 is dataset/alarm@1 without 1 row."
    assert "textmill models remove alarm@1" in done.stdout
    assert "--purge removes them." in done.stdout
    assert lines[-2].startswith("The source is yours")
    ran = textmill("run", "alarm")
    assert "erased: 1" in ran.stdout
    purged = json.loads(
        textmill("data", "erase", "--text", row, "--reason", "r", "--purge", "--store", "alarm", "--json").stdout
    )
    assert purged["purged"]
    assert purged["datasets"] == [{"dataset": "dataset/alarm@1", "rows": 1, "test_rows": 0, "rows_in_store": False}]
    assert purged["successors"] == [
        {"before": "dataset/alarm@2", "after": "dataset/alarm@2", "rows": 0, "why": "", "alike": 0}
    ]
    assert [model["model"] for model in purged["models"]] == ["model/alarm@1"]


def test_rows_of_others_with_the_same_text_are_told(project, textmill):
    mill, rows = project / "mill.toml", project / "messages.csv"
    head, first, *others = rows.read_text().splitlines()
    lines = [f"{head},who", f"{first},u1", f"{first},u2", *(f"{line},u3" for line in others)]
    rows.write_text("\n".join(lines) + "\n")
    mill.write_text(mill.read_text().replace("[read]", '[read]\nperson = "who"', 1))
    assert textmill("run", "alarm").exit_code == 0
    done = textmill("data", "erase", "alarm", "--person", "u1", "--reason", "r", "--store", "alarm")
    assert done.stdout.splitlines()[:2] == [
        "dataset/alarm@3 is dataset/alarm@2 without 1 row.",
        "Not erased: 1 row of others has the same text. --text erases a text whoever wrote it.",
    ], done.stderr


def test_a_list_of_rows_comes_from_a_file_or_standard_input(project, textmill, row):
    given = json.dumps({"text": row}) + "\n" + json.dumps({"person": "u1"}) + "\n"
    done = textmill("data", "erase", "alarm", "--from", "-", "--reason", "r", "--store", "alarm", input=given)
    assert done.stdout.startswith("dataset/alarm@2 is dataset/alarm@1 without 1 row.")
    assert "Not looked at: dataset/alarm@1 does not know its persons" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--reason", "r"], 2, "say whose rows, or which"),
        (["--text", "x"], 2, "Missing option '--reason'"),
        (["--text", "x", "--reason", " "], 2, "--reason is blank"),
        (["--text", "secret", "--reason", "no secret any more"], 1, "holds what is to be erased"),
        (["--text", "never read", "--reason", "r"], 1, "no version of a data set here holds it"),
        (["other", "--text", "never read", "--reason", "r"], 1, "no version of dataset/other here holds it"),
    ],
)
def test_what_cannot_be_erased_is_one_sentence(project, textmill, words, code, said):
    done = textmill("data", "erase", *words, "--store", "alarm")
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_collecting_says_what_it_would_free_and_what_it_freed(project, textmill):
    assert textmill("store", "gc", "--store", "alarm").stdout == "There is nothing to collect.\n"
    mill = project / "mill.toml"
    good = mill.read_text()
    mill.write_text(good + "\n[model]\nC = 3.0\n", encoding="utf-8")
    textmill("run", "alarm")
    textmill("models", "remove", "alarm@1", "--yes", "--store", "alarm")
    would = textmill("store", "gc", "--dry-run", "--older-than", "0d", "--store", "alarm")
    assert would.stdout.startswith("Would free: 4 finished steps, ")
    done = textmill("store", "gc", "--older-than", "0s", "--store", "alarm")
    assert done.stdout == would.stdout.replace("Would free", "Freed")
    assert json.loads(textmill("store", "gc", "--older-than", "0s", "--store", "alarm", "--json").stdout) == {
        "dry_run": False,
        "steps": 0,
        "objects": 0,
        "runs": 0,
        "bytes": 0,
    }
    assert "Nothing to do" in textmill("run", "alarm").stdout


def test_an_age_that_is_none_is_a_usage_error(project, textmill):
    done = textmill("store", "gc", "--older-than", "a month", "--store", "alarm")
    assert done.exit_code == 2
    assert "wanted a length of time such as '30s', '15m', '2h', '1d', got 'a month'" in done.stderr
