"""One step of a run at a time, as another scheduler asks for it: the same as a whole run."""

import itertools
import os
from pathlib import Path

import pytest

from textmill.errors import ConfigError, DataError, GateRefused, LockHeld, NotInStore, StepFailed, UnknownName
from textmill.flow import Record, run_project, run_step
from textmill.registry import Store
from textmill.registry.collecting import collect
from textmill.registry.runs import runs_of

OWN = """
from textmill.errors import GateRefused

def numbers() -> list:
    return [3, 4]

def square(item: int) -> int:
    return item * item

def total(square: list) -> int:
    if 0 in square:
        raise GateRefused("a zero")
    return sum(square)
"""
MILL = """
[project]
name = "toy"

[[step]]
name = "numbers"
python = "own:numbers"

[[step]]
name = "square"
python = "own:square"
for_each = "numbers"

[[step]]
name = "total"
python = "own:total"
needs = "square"

[[step]]
name = "flag"
shell = "test -e flag"
retries = 5
retry_delay = "1h"

[[step]]
name = "use"
shell = "true"
after = "flag"

[[step]]
name = "alarm"
shell = "echo alarm >> alarms"
after = ["flag", "total"]
rule = "one_failed"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "mill.toml").write_text(MILL)
    (tmp_path / "flag").touch()
    return tmp_path


@pytest.mark.slow
def test_step_by_step_gives_the_keys_and_values_of_a_whole_run(project):
    whole = run_project(project, store=project / "whole")
    apart = Store(project / "apart")
    found = {}
    order = [("numbers", None), ("flag", None), ("square", 1), ("square", 0), ("total", None), ("use", None)]
    for name, item in order:
        result = run_step(project, name, run="r1", item=item, store=apart)
        found[result.step] = result
    assert found["numbers"].to_json()["items"] == 2
    wanted = {done.step: done.finished for done in whole.steps if done.step != "square"}
    assert {name: result.key for name, result in found.items()} == {name: one.key for name, one in wanted.items()}
    for name, result in found.items():
        assert apart.finished(result.key).values == wanted[name].values
        assert len(str(result.to_json())) < 1000
    assert Record(apart, "r1").state("total").state == "finished"
    (known, _) = runs_of(apart)  # what belongs together is not collected
    (right, _) = runs_of(Store(project / "whole"))
    assert (known.flow, known.keys) == ("toy", right.keys)


def test_a_step_that_was_done_is_not_done_again_in_this_run_or_the_next(project):
    assert not run_step(project, "numbers", run="r1").cached
    assert run_step(project, "numbers", run="r1").cached
    assert run_step(project, "numbers", run="r2").cached
    assert not run_step(project, "numbers", run="r2", force=True).cached


def test_between_two_steps_nothing_of_the_run_is_collected(project):
    store = Store(project / ".textmill")
    run_step(project, "numbers", run="r1")
    for path in store.root.glob("steps/*"):
        os.utime(path, (0, 0))  # as of one that was done by a run of long ago
    collect(store, older_than=3600)
    assert run_step(project, "square", run="r1", item=0).key


def test_while_a_step_is_done_nobody_collects(project):
    refused = []

    def between(event):
        with pytest.raises(LockHeld, match="the store is locked by"):
            collect(Store(project / ".textmill"), wait=0)
        refused.append(event.kind)

    run_step(project, "numbers", run="r1", on_event=between)
    assert refused == ["started", "finished"]


@pytest.mark.slow
def test_a_step_waits_for_nothing_and_says_what_is_missing(project):
    with pytest.raises(ConfigError, match="run r1: step 'total' needs 'square', which has not ended in this run"):
        run_step(project, "total", run="r1")
    run_step(project, "numbers", run="r1")
    run_step(project, "square", run="r1", item=1)
    with pytest.raises(ConfigError, match="needs 'square', which has not ended"):
        run_step(project, "total", run="r1")
    run_step(project, "square", run="r1", item=0)
    assert run_step(project, "total", run="r1").key
    with pytest.raises(ConfigError, match="'square', which has not ended"):
        run_step(project, "total", run="another")


@pytest.mark.slow
def test_a_step_that_fails_is_tried_once_and_can_be_asked_for_again(project):
    (project / "flag").unlink()
    for attempt in (1, 2):
        with pytest.raises(StepFailed, match="step flag: its command ended with 1"):
            run_step(project, "flag", run="r1")
        assert Record(Store(project / ".textmill"), "r1").state("flag").attempts == attempt
    with pytest.raises(StepFailed, match="run r1, step use: it was left out, as its rule is all_success: flag failed"):
        run_step(project, "use", run="r1")
    run_step(project, "alarm", run="r1")  # total was left out by the other scheduler, which left no note
    assert (project / "alarms").read_text() == "alarm\n"
    (project / "flag").touch()
    run_step(project, "flag", run="r1")
    assert run_step(project, "use", run="r1").run == "r1"


def test_a_gate_says_no_here_too(project):
    (project / "own.py").write_text(OWN.replace("[3, 4]", "[0]"))
    for name, item in (("numbers", None), ("square", 0)):
        run_step(project, name, run="r1", item=item)
    with pytest.raises(GateRefused, match="a zero"):
        run_step(project, "total", run="r1")


def test_items_and_names_that_are_not_there_are_one_sentence(project):
    with pytest.raises(UnknownName, match=r"no step is called 'squares'.*Did you mean 'square'\?"):
        run_step(project, "squares", run="r1")
    with pytest.raises(ConfigError, match="--item: step 'numbers' is done once"):
        run_step(project, "numbers", run="r1", item=0)
    run_step(project, "numbers", run="r1")
    with pytest.raises(ConfigError, match="--item: step 'square' is done for each of 2 items: say which"):
        run_step(project, "square", run="r1")
    with pytest.raises(ConfigError, match="step 'square' has 2 items, numbered from 0, got 2"):
        run_step(project, "square", run="r1", item=2)
    with pytest.raises(DataError, match="is no id of a run"):
        run_step(project, "numbers", run="../r1")


def test_what_was_lost_from_the_store_is_told(project):
    key = run_step(project, "numbers", run="r1").key
    (project / ".textmill" / "steps" / f"{key}.json").unlink()
    with pytest.raises(NotInStore, match="run r1: what step 'numbers' left is gone"):
        run_step(project, "square", run="r1", item=0)


@pytest.mark.slow
def test_a_whole_run_goes_on_with_what_single_steps_left(project):
    run_step(project, "numbers", run="r1")
    for item in (0, 1):
        run_step(project, "square", run="r1", item=item)
    result = run_project(project, only=["total"])
    assert [(done.step, done.finished.values["result"]) for done in result.steps] == [("total", 25)]


@pytest.mark.slow
def test_any_order_that_respects_the_needs_gives_the_same(project):
    keys = set()
    for number, items in enumerate(itertools.permutations((0, 1))):
        store = Store(project / f"store{number}")
        run_step(project, "numbers", run="r", store=store)
        for item in items:
            run_step(project, "square", run="r", item=item, store=store)
        keys.add(run_step(project, "total", run="r", store=store).key)
    assert len(keys) == 1


def test_a_version_is_asked_only_where_one_was_registered(project):
    with pytest.raises(UnknownName, match=r"no step is called 'register\.probe'"):
        run_step(project, "register.probe", run="r1")
    (project / "mill.toml").write_text('[project]\nname = "toy"\n[read]\nsource = "rows.csv"\n')
    with pytest.raises(ConfigError, match=r"run r1, register\.probe: no version has been registered in this run"):
        run_step(project, "register.probe", run="r1")
