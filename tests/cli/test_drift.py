"""Rows that are no longer like those that the model in use learned from are told: by notice, output and report."""

from __future__ import annotations

import json
import random

import pytest

NOTIFY = '[notify]\nat_most = "0s"\ncommand = ["sh", "-c", "cat >> got.jsonl; echo >> got.jsonl"]\n'
OTHER = ["election", "parliament", "minister", "budget", "coalition", "senate", "voters", "ballot"]


def rows(n=160, *, disaster=0.5, other=False, seed=3):
    """Messages as those of the trained project, or of another topic."""
    from cli_fakes import BAD, BOTH, GOOD

    draw = random.Random(seed)
    lines = ["id,text,kind"]
    for number in range(n):
        kind = "disaster" if draw.random() < disaster else "other"
        telling = OTHER if other else BAD if kind == "disaster" else GOOD
        lines.append(f"{number},{' '.join(draw.sample(telling, 3) + draw.sample(BOTH, 3))} {number},{kind}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def watched(project):
    with (project / "mill.toml").open("a") as file:
        file.write(NOTIFY)
    (project / "messages.csv").write_text(rows(seed=1))
    return project


@pytest.fixture
def kinds(watched):
    def told():
        file = watched / "got.jsonl"
        found = [json.loads(line) for line in file.read_text().splitlines() if line.strip()] if file.exists() else []
        file.unlink(missing_ok=True)
        return [(one["kind"], one["what"]) for one in found]

    return told


def minds(found):
    lines = [line for line in found.stdout.splitlines() if line.startswith("Mind: ")]
    return [line for line in lines if "learned from" in line]


@pytest.mark.slow
def test_other_rows_are_told_once_and_the_run_goes_on(watched, textmill, kinds):
    textmill("run", "alarm")
    kinds()
    (watched / "messages.csv").write_text(rows(seed=2))  # others of the same kind
    found = textmill("run", "alarm")
    assert (found.exit_code, minds(found), kinds()) == (0, [], [])
    assert "Labels, lengths and words are like those that alarm@2 learned from" in (watched / "report.html").read_text()

    (watched / "messages.csv").write_text(rows(disaster=0.95, other=True))
    found = textmill("run", "alarm")
    assert found.exit_code == 0, found.output
    labels, *lengths, words = minds(found)
    assert labels.startswith("Mind: the labels are others than those that alarm@3 learned from: ")
    assert words.startswith("Mind: the words are others than those that alarm@3 learned from: more of ")
    assert any(word in words for word in OTHER)
    ((kind, what),) = kinds()
    told = [line.removeprefix("Mind: ").removesuffix(".") for line in (labels, *lengths, words)]
    assert (kind, what) == ("drift", "; ".join(told))
    assert "The labels are others than those that alarm@3" in (watched / "report.html").read_text()

    again = json.loads(textmill("run", "alarm", "--json").stdout)
    assert (again["nothing_to_do"], kinds()) == (True, [])  # what was read is not read anew
    assert (again["drift"]["model"], again["drift"]["dataset"]) == ("alarm@3", "dataset/alarm@3")
    assert again["drift"]["told"] == told
    assert again["report"]["details"]["drift"]["shares"] == again["drift"]["shares"]


@pytest.mark.slow
def test_the_champion_is_compared_with_and_not_the_newest(watched, textmill, kinds):
    (watched / "messages.csv").write_text(rows(other=True, seed=4))
    textmill("run", "alarm")  # version 2
    assert textmill("models", "promote", "alarm@2", "--store", "alarm").exit_code == 0
    (watched / "messages.csv").write_text(rows(seed=5))
    textmill("run", "alarm")  # version 3 learns from what is other than the champion's
    kinds()
    (watched / "messages.csv").write_text(rows(seed=6))
    textmill("run", "alarm")
    ((kind, what),) = kinds()
    assert (kind, "the words are others than those that alarm@2 learned from" in what) == ("drift", True)


def test_one_setting_says_from_where_on_and_makes_nothing_anew(watched, textmill, kinds):
    file = watched / "mill.toml"
    (watched / "messages.csv").write_text(rows(disaster=0.95, seed=4))
    textmill("run", "alarm")
    assert [kind for kind, _ in kinds()] == ["drift"]
    file.write_text(file.read_text().replace("[evaluate]", "[evaluate]\ndrift = 1000"))
    found = json.loads(textmill("run", "alarm", "--json").stdout)
    assert [one["step"] for one in found["steps"] if not one["cached"]] == ["report"]
    assert (found["drift"]["told"], kinds()) == ([], [])
    file.write_text(file.read_text().replace("drift = 1000", "drift = 0"))
    assert "evaluate.drift: wanted a number above 0, such as 0.2, got 0" in textmill("run", "alarm").stderr


def test_it_is_told_even_where_nothing_is_learned_from_the_rows(watched, textmill, kinds):
    (watched / "messages.csv").write_text(rows(disaster=0.97))
    with (watched / "mill.toml").open("a") as file:
        file.write('[expect]\nlabel = ["fire"]\n')
    assert textmill("run", "alarm").exit_code == 3
    assert [kind for kind, _ in kinds()] == ["drift", "refusal"]


def test_rows_that_are_gone_from_the_store_stop_nothing(watched, textmill, kinds):
    manifest = json.loads((watched / ".textmill/datasets/alarm/1/manifest.json").read_bytes())
    manifest = manifest.get("body", manifest)
    corpus = manifest["parents"]["corpus"]
    (watched / ".textmill/objects" / corpus[:2] / corpus).unlink()
    found = textmill("run", "alarm")
    assert (found.exit_code, kinds()) == (0, [])
    (line,) = minds(found)
    assert line.startswith("Mind: whether the rows are like those that alarm@1 learned from is not known: ")


def test_under_another_scheduler_it_is_told_by_the_step_that_reads(watched, textmill, kinds):
    textmill("run", "alarm")
    kinds()
    (watched / "messages.csv").write_text(rows(disaster=0.95, other=True))
    for told in (["drift"], []):  # the second time it was read already
        found = textmill("step", "read", "--project", "alarm", "--run", "r1")
        assert (found.exit_code, [kind for kind, _ in kinds()]) == (0, told), found.output
    (watched / "messages.csv").unlink()
    assert textmill("step", "read", "--project", "alarm", "--run", "r2").exit_code == 1
    assert kinds() == []  # what fails is told by whoever schedules
