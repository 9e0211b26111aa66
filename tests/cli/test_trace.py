"""`textmill trace`."""

import json

import pytest


def test_a_model_is_traced_to_its_rows_and_files(project, textmill):
    found = textmill("trace", "alarm", "--store", "alarm").stdout
    assert found.startswith("model/alarm@1, made 20")
    for part in (
        "learned from   dataset/alarm@1, 120 rows",
        "source 0",
        "step register",
        "textmill models show alarm@1",
    ):
        assert part in found
    as_json = json.loads(textmill("trace", "alarm@1", "--store", "alarm", "--json").stdout)
    assert as_json["dataset"] == "dataset/alarm@1"
    assert as_json["run"][0]["step"] == "read"
    assert all(step["in_store"] for step in as_json["run"])
    back = textmill("trace", "dataset/alarm", "--store", "alarm").stdout
    assert "taught    model/alarm@1" in back


def test_a_text_is_found_and_one_that_is_not_there_is_said(project, textmill):
    row = (project / "messages.csv").read_text().splitlines()[1].split(",")[1]
    found = textmill("trace", "--text", f"{row.upper()}!", "--store", "alarm")
    assert found.stdout.splitlines()[0] == "dataset/alarm@1  holds it in 1 row"
    assert found.stdout.splitlines()[1].startswith("model/alarm@1  ")
    stdin = textmill("trace", "--text", "-", "--store", "alarm", "--json", input=row + "\n")
    assert json.loads(stdin.stdout)["datasets"] == [
        {"dataset": "dataset/alarm@1", "rows": 1, "test_rows": 0, "rows_in_store": True}
    ]
    assert found.exit_code == 0
    for more in ((), ("--json",)):
        missing = textmill("trace", "--text", "zzz", "--store", "alarm", *more)
        assert (missing.exit_code, missing.stderr) == (1, "")  # as for a name that is not there
    assert json.loads(missing.stdout) == {"datasets": [], "models": [], "unread": []}
    assert textmill("trace", "--text", "zzz", "--store", "alarm").stdout == (
        "No version of a data set or a model in this store holds it.\n"
    )


def test_persons_that_nobody_named_are_said_not_to_be_looked_for(project, textmill):
    said = textmill("trace", "--person", "u1", "--store", "alarm").stdout
    assert "Not looked at: dataset/alarm@1 does not know its persons" in said


@pytest.mark.parametrize("line", ["text", "[]", '{"text": ["a", "b", "c"]}', '{"words": "x"}', '{"text": null}', "{}"])
def test_a_list_that_is_none_is_told_with_its_line(project, textmill, line):
    (project / "list.jsonl").write_text('{"text": "x"}\n' + line + "\n")
    found = textmill("trace", "--from", project / "list.jsonl", "--store", "alarm")
    assert found.exit_code == 1
    assert "list.jsonl, line 2: it is not what to look for; wanted" in found.stderr


@pytest.mark.parametrize("words", [(), ("alarm", "--text", "x"), ("nothing",), ("--text", " ")])
def test_what_makes_no_sense_is_refused(project, textmill, words):
    assert textmill("trace", *words, "--store", "alarm").exit_code == (
        1 if words in (("nothing",), ("--text", " ")) else 2
    )
