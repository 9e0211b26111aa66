"""Steps of the user's own in mill.toml: what they get, what they leave, what is refused before anything runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from textmill.config import load
from textmill.errors import ConfigError, DataError, GateRefused, PluginError, SourceError, StepFailed
from textmill.flow import Event, RunResult, run_project

OWN = """
from pathlib import Path
from textmill.errors import GateRefused
from textmill.types import Ref

def numbers() -> list:
    return [3, 4]

def square(item: int) -> int:
    print("squaring", item)
    return item * item

def total(square: list) -> int:
    return sum(square)

def choose() -> Ref:
    return Ref("model", "toy", 2)

def show(choose: Ref):
    return {"name": choose.name, "all": [choose], "none": None}

def breaks():
    raise KeyError("no such key")

def leaves():
    raise SystemExit(3)

def refuses():
    raise GateRefused("not today")

def lies() -> int:
    return "three"

def useless():
    return object()

def late(later=None, item=1):
    return item

def starred(*numbers):
    return 1
"""


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder, self.events = folder, list[Event]()
        (folder / "own.py").write_text(OWN)

    def run(self, tables: str, **options: Any) -> RunResult:
        (self.folder / "mill.toml").write_text(f'[project]\nname = "toy"\n{tables}')
        self.events.clear()
        return run_project(self.folder, on_event=self.events.append, **options)

    def did(self) -> list[str]:
        return [event.step for event in self.events if event.kind == "finished"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    return Project(tmp_path)


def step(name: str, **keys: Any) -> str:
    return f"[[step]]\nname = {json.dumps(name)}\n" + "".join(f"{k} = {in_toml(v)}\n" for k, v in keys.items())


def in_toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(in_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {in_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def results(result: RunResult) -> dict[str, Any]:
    return {done.step: done.finished.values["result"] for done in result.steps}


def test_two_commands_one_after_the_other_the_worked_example_f1(project):
    f1 = step("create", shell="echo made > first.txt", retries=1, retry_delay="30s") + step(
        "rename", shell="mv first.txt second.txt", needs="create", retries=1, retry_delay="30s"
    )
    result = project.run(f1)
    assert project.did() == ["create", "rename"]
    assert (project.folder / "second.txt").read_text() == "made\n"
    assert not (project.folder / "first.txt").exists()
    assert (result.report, result.manifest, result.refused) == (None, None, None)
    project.run(f1)  # what they do cannot be known: each run does it again
    assert project.did() == ["create", "rename"]


def test_results_go_from_function_to_function_and_are_not_made_again(project):
    tables = (
        step("numbers", python="own:numbers")
        + step("square", python="own:square", for_each="numbers")
        + step("total", python="own:total", needs="square")
        + step("choose", python="own:choose")
        + step("show", python="own:show", needs=["choose"])
    )
    found = results(project.run(tables))
    assert (found["square"], found["total"]) == ([9, 16], 25)
    ref = {"textmill.Ref": "model/toy@2"}
    assert (found["choose"], found["show"]) == (ref, {"name": "toy", "all": [ref], "none": None})
    again = project.run(tables)
    assert again.nothing_to_do
    assert results(again) == found
    (project.folder / "own.py").write_text(OWN + "\n\ndef more():\n    return 1\n")
    project.run(tables)
    assert set(project.did()) == {*found, "square[0]", "square[1]"}


def test_a_command_is_told_where_it_is_and_what_its_needs_left(project):
    tables = step(
        "make",
        shell='echo rows > "$TEXTMILL_OUT/rows.csv"; echo "[1, 2]" > "$TEXTMILL_OUT/result.json"; pwd > where.txt',
    ) + step(
        "use",
        shell='cat "$TEXTMILL_NEEDS/make.json" "$TEXTMILL_NEEDS/make/rows.csv" > use.txt; '
        'echo "$TEXTMILL_STEP $TEXTMILL_STORE $MY" > told.txt',
        needs="make",
        env={"MY": "own"},
    )
    result = project.run(tables)
    assert results(result) == {"make": [1, 2], "use": None}
    assert (project.folder / "where.txt").read_text().strip() == str(project.folder)
    assert (project.folder / "use.txt").read_text() == "[1, 2]rows\n"
    assert (project.folder / "told.txt").read_text() == f"use {project.folder / '.textmill'} own\n"


def test_a_command_for_each_item_is_told_its_item(project):
    project.run(step("say", shell='echo "$TEXTMILL_STEP: $TEXTMILL_ITEM" >> said.txt', for_each=["a b", 2, {"x": "é"}]))
    said = (project.folder / "said.txt").read_text().splitlines()
    assert sorted(said) == ["say: 2", "say: a b", 'say: {"x": "é"}']


@pytest.mark.slow
def test_a_command_with_inputs_or_outputs_is_done_when_they_are_not_as_they_were(project):
    tables = step("count", shell="cat data/*.csv > all.txt; echo x >> runs", inputs="data/*.csv", outputs="all.txt")
    data = project.folder / "data"
    data.mkdir()
    (data / "a.csv").write_text("1\n")
    project.run(tables)
    project.run(tables)
    assert project.did() == []
    (data / "b.csv").write_text("2\n")
    project.run(tables)
    assert project.did() == ["count"]
    (project.folder / "all.txt").write_text("spoiled")
    project.run(tables)
    assert project.did() == ["count"]
    (project.folder / "all.txt").unlink()
    project.run(tables)
    assert project.did() == ["count"]
    assert (project.folder / "all.txt").read_text() == "1\n2\n"
    shutil.rmtree(data)
    with pytest.raises(SourceError, match=r"step count, inputs: no file is called 'data/\*\.csv'"):
        project.run(tables)


def test_each_piece_has_its_own_inputs_and_outputs(project):
    tables = step("copy", shell='cp "$TEXTMILL_ITEM" "$TEXTMILL_ITEM.out"', for_each=["a[1]", "b"], inputs="{item}",
                  outputs=["{item}.out"])  # fmt: skip
    for name in ("a[1]", "b"):
        (project.folder / name).write_text(name)
    project.run(tables)
    assert (project.folder / "a[1].out").read_text() == "a[1]"
    (project.folder / "b").write_text("new")
    project.run(tables)
    assert project.did() == ["copy[1]", "copy"]


def test_an_input_that_changes_while_the_command_runs_is_told(project):
    (project.folder / "a").write_text("a")
    with pytest.raises(SourceError, match="step eat: a source was changed while it was read"):
        project.run(step("eat", shell="rm a", inputs="a"))


@pytest.mark.parametrize(
    ("keys", "error", "said"),
    [
        ({"shell": "echo no >&2; exit 7"}, StepFailed, "step bad: its command ended with 7"),
        ({"shell": "false; echo never > never.txt"}, StepFailed, "step bad: its command ended with 1"),
        ({"shell": "kill -9 $$"}, StepFailed, "step bad: signal SIGKILL ended its command"),
        ({"shell": "true", "outputs": "none.txt"}, StepFailed, "step bad, outputs: it made no file that is called"),
        ({"shell": 'echo "{" > $TEXTMILL_OUT/result.json'}, DataError, "step bad: its result.json is no JSON"),
        ({"python": "own:breaks"}, StepFailed, r"step bad: own:breaks failed: KeyError: 'no such key'"),
        ({"python": "own:leaves"}, StepFailed, "step bad: own:leaves failed: SystemExit: 3"),
        ({"python": "own:refuses"}, GateRefused, "not today"),
        ({"python": "own:lies"}, DataError, "what own:lies returned: it is of another type.* wanted int, got 'three'"),
        ({"python": "own:useless"}, DataError, "step bad: what it returned must be JSON"),
        (
            {"python": "own:square", "for_each": ["x"]},
            DataError,
            r"step bad, parameter 'item' of own:square: it is of another type than is declared; wanted int, got 'x'",
        ),
    ],
)
def test_a_step_that_fails_is_one_sentence(project, keys, error, said):
    with pytest.raises(error, match=said):
        project.run(step("bad", **keys))
    assert not (project.folder / "never.txt").exists()


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (step("a", shell="x", needs="b") + step("b", shell="x", needs="a"), "in a circle: a -> b -> a$"),
        (step("a", shell="x", needs="bb") + step("b", shell="x"), r"step\[0\].needs: no step is called 'bb', did you"),
        (step("a", shell="x", before="red"), r"step\[0\].before: no step is called 'red', there is a$"),
        (step("a", shell="x") * 2, r"step\[1\].name: two steps are called 'a'"),
        (step("train", shell="x"), r"step\[0\].name: 'train' is the name of a built-in step"),
        (step("A b", shell="x"), r"step\[0\].name: wanted small letters"),
        (step("a"), r"step\[0\].python: wanted either python or shell"),
        (step("a", shell="x", python="y:z"), r"step\[0\].python: wanted either python or shell"),
        (step("a", python="own.numbers"), r"step\[0\].python: wanted MODULE:FUNCTION, got 'own.numbers'"),
        (step("a", python="own:number"), r"step\[0\].python: .*own.py: no function .* 'number'. Did you mean"),
        (step("a", python="none:number"), r"step\[0\].python: .*there is no module 'none'"),
        (step("a", python="own:total"), r"the parameter 'square' of own:total is the name of none of its needs"),
        (step("a", python="own:starred"), r"wanted plain named parameters of 'starred'"),
        (step("a", shell="x", for_each=[]), r"step\[0\].for_each: the list is empty"),
        (step("a", shell="x", rule="one_failed"), r"step\[0\].rule: it waits for a failure .* it would never run"),
        (step("a", shell="x", retry_delay="soon"), r"step\[0\].retry_delay: wanted a length of time"),
        (step("a", shell="x", timeout="0s"), r"step\[0\].timeout: wanted"),
        (step("a", shell="x", retries=-1), r"step\[0\].retries: wanted a number from 0"),
        (step("a", shell="x", backoff=0.5), r"step\[0\].backoff: wanted a factor from 1"),
        (step("a", shell="x", env={"A=B": "c"}), r"step\[0\].env: 'A=B' cannot be the name of a variable"),
        ("", "read.source: is missing"),
        (step("a", shell="x") + "[model]\n", "read.source: is missing"),
    ],
)  # fmt: skip
def test_a_plan_at_fault_is_told_before_anything_runs(project, tables, said):
    with pytest.raises(ConfigError, match=said):
        project.run(tables)
    assert project.events == []
    assert not (project.folder / ".textmill").exists()


def test_a_parameter_with_a_default_that_names_no_need_is_refused_too(project):
    with pytest.raises(ConfigError, match="the parameter 'later'"):
        project.run(step("a", python="own:late", for_each=[1]))


def test_a_module_that_is_no_python_or_fails_is_told(project):
    (project.folder / "broken.py").write_text("def x(:\n")
    with pytest.raises(ConfigError, match=r"broken\.py: this is no Python"):
        project.run(step("a", python="broken:x"))
    (project.folder / "raising.py").write_text("def x(): ...\n1 / 0\n")
    with pytest.raises(PluginError, match="module raising: importing it failed: ZeroDivisionError"):
        project.run(step("a", python="raising:x"))


def test_all_faults_of_a_step_are_told_at_once_and_none_that_only_follows_from_another(project):
    (project.folder / "mill.toml").write_text(
        '[project]\nname = "toy"\n[[step]]\nname = "A b"\nshel = "x"\nretries = -1\nbackoff = "no"\nneeds = 3\n'
        'rule = "one_failed"\ntimeout = "soon"\nenv = { "a=b" = "c" }\n'
        '[[step]]\nname = "B"\nshell = " "\npython = "y"\nretries = 1.5\n'
    )
    with pytest.raises(ConfigError) as caught:
        load(project.folder)
    faults = caught.value.faults
    # not "wanted either python or shell", which `shel` brings, nor that nothing comes before, which `needs` may say
    assert sorted(fault.partition(":")[0] for fault in faults) == [
        "step[0].backoff", "step[0].env", "step[0].name", "step[0].needs", "step[0].retries", "step[0].shel",
        "step[0].timeout", "step[1].name", "step[1].python", "step[1].python", "step[1].retries", "step[1].shell",
    ]  # fmt: skip
