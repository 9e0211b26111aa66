"""The state of each step and why: after a change of code, a setting, a source, a candidate, a result; after none."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flow.test_project import MILL, rows_of, write_csv

from strategies import examples
from textmill.errors import GateRefused
from textmill.flow import Change, Flow, PlannedStep, Step, Work, plan_project, run_flow, run_project, step_states
from textmill.flow.bases import Bases
from textmill.flow.keys import basis_of
from textmill.flow.reasons import reasons
from textmill.registry import Store


class Toy:
    """read -> double -> total, and page, which writes a file for people; what decides them can be set."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder / "store")
        self.settings: dict[str, Any] = {"add": 1, "model": {"C": 1.0, "words": ["a"]}}
        self.code, self.sources = "0.1.0+aa", {"number": "20"}
        self.page = folder / "page"

    def flow(self) -> Flow:
        def read(work: Work) -> dict[str, Any]:
            (work.folder / "rows").write_text(self.sources["number"])
            return {"parity": int(self.sources["number"]) % 2, "places": [1, 2]}

        def double(work: Work) -> Mapping[str, Any]:
            return {"number": 2 * int(work.file("read", "rows").read_text())}

        def total(work: Work) -> Mapping[str, Any]:
            return {"total": work.value("double", "number") + work.settings["add"]}

        def page(work: Work) -> None:
            self.page.write_text("page")

        return Flow(
            "toy",
            (
                Step("read", read, sources=lambda: self.sources),
                Step("double", double, needs=("read",), code=self.code),
                Step("total", total, needs=("double",), settings=self.settings),
                Step("page", page, needs=("total",), keyed_by=("total.total",), holds=lambda *_: self.page.exists()),
            ),
        )

    def run(self) -> None:
        run_flow(self.flow(), self.store)

    def states(self) -> dict[str, PlannedStep]:
        return {one.step: one for one in step_states(self.flow(), self.store)}

    def told(self) -> dict[str, str]:
        return {name: sentence for names, sentence in reasons([*self.states().values()]) for name in names}


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    made = Toy(tmp_path)
    made.run()
    return made


def words(toy: Toy) -> list[str]:
    return [one.state for one in toy.states().values()]


def test_before_the_first_run_all_is_missing_and_nothing_is_made(tmp_path: Path) -> None:
    toy = Toy(tmp_path)
    assert words(toy) == ["missing"] * 4
    assert list(reasons([*toy.states().values()])) == [
        (
            ("read", "double", "total", "page"),
            "read, double, total and page are missing: no finished run of them is known.",
        )
    ]
    assert not toy.store.root.exists()


def test_after_a_run_all_is_cached_and_looking_changes_no_file(toy: Toy) -> None:
    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in sorted(toy.folder.rglob("*"))}

    before = files()
    assert words(toy) == ["cached"] * 4
    assert reasons([*toy.states().values()]) == []
    toy.settings = {**toy.settings, "add": 3}
    assert words(toy) == ["cached", "cached", "stale", "unknown"]
    assert files() == before


def test_a_setting_is_named_with_what_it_was_and_is(toy: Toy) -> None:
    toy.settings = {"add": 1, "model": {"C": 5.0, "words": ["a", "b"], "more": None}}
    found = toy.states()
    assert found["total"].changes == (
        Change("setting", "model.C", 1.0, 5.0),
        Change("setting", "model.more"),
        Change("setting", "model.words", ["a"], ["a", "b"]),
    )
    assert found["page"] == PlannedStep("page", ("total",), "unknown", after=("total",))
    assert toy.told() == {
        "total": 'total is stale: model.C was 1.0, is 5.0; model.more changed; model.words was ["a"], is ["a", "b"].',
        "page": "page is unknown until total is done.",
    }


def test_what_has_changed_behind_a_step_that_is_to_be_done_is_told_at_once(toy: Toy) -> None:
    toy.sources = {"number": "21"}
    toy.settings = {**toy.settings, "add": 2}
    found = toy.states()
    assert found["double"] == PlannedStep("double", ("read",), "unknown", after=("read",))
    assert found["total"] == PlannedStep(
        "total", ("double",), "stale", (Change("setting", "add", 1, 2),), after=("read",)
    )
    assert found["page"].state == "unknown"
    assert toy.told()["total"] == "total will be made anew after read: add was 1, is 2."
    toy.code = "0.2.0+bb"
    assert toy.told()["double"] == "double will be made anew after read: version 0.1.0 did it, this is 0.2.0."
    before = {name: one.state for name, one in found.items()}
    toy.run()
    assert words(toy) == ["cached"] * 4, before


def test_what_one_change_does_further_on_is_said_in_two_words(toy: Toy) -> None:
    flow = Flow("two", (
        Step("a", lambda work: None, settings={"x": 1}),
        Step("b", lambda work: None, needs=("a",), settings={"x": 1, "y": 1}),
        Step("c", lambda work: None, needs=("a",), settings={"x": 1}),
        Step("each", lambda work: None, needs=("a",), settings={"z": 1}, for_each=("p", "q")),
    ))  # fmt: skip
    run_flow(flow, toy.store)
    changed = [replace(step, settings={**step.settings, "x": 2} if "x" in step.settings else step.settings)
               for step in flow.steps]  # fmt: skip
    told = [sentence for _, sentence in reasons(step_states(Flow("two", tuple(changed)), toy.store))]
    assert told == [
        "a is stale: x was 1, is 2.",
        "b and c will be made anew after a: settings changed.",
        "each is unknown until a is done.",
    ]


@pytest.mark.parametrize("other", [1.0, True, "1"])
def test_what_is_the_same_to_python_and_not_to_a_key_is_told(toy: Toy, other: object) -> None:
    toy.settings = {**toy.settings, "add": other}
    [change] = toy.states()["total"].changes
    assert (change.name, json.dumps(change.was), json.dumps(change.now)) == ("add", "1", json.dumps(other))


def test_a_source_is_named(toy: Toy) -> None:
    toy.sources = {"number": "21", "other": "1"}
    assert toy.states()["read"].changes == (
        Change("source", "number", "20", "21"),
        Change("source", "other", None, "1"),
    )
    assert toy.told()["read"] == "read is stale: 2 of its source files changed: number and other."
    assert toy.states()["page"].after == ("read",)
    toy.sources = {"number": "20", "other": "1"}
    assert toy.told()["read"] == "read is stale: other is new."
    toy.sources = {}
    assert toy.told()["read"] == "read is stale: number is gone."


def test_of_very_many_sources_one_digest_is_kept(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textmill.flow.bases._MOST", 2)
    toy.sources = {"number": "20", "b": "1", "c": "1"}
    toy.run()
    kept = Bases(toy.store, "toy").of("read")
    assert kept is not None
    assert [*kept.sources] == [""]
    toy.sources = {**toy.sources, "c": "2"}
    assert toy.told()["read"] == "read is stale: some of its source files changed."


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("0.1.0+bb", "its code changed, or a package that it uses"),
        ("0.2.0+bb", "version 0.1.0 did it, this is 0.2.0"),
    ],
)
def test_another_code_version_is_told(toy: Toy, code: str, said: str) -> None:
    toy.code = code
    assert toy.states()["double"].changes == (Change("code", "", "0.1.0+aa", code),)
    assert toy.told()["double"] == f"double is stale: {said}."


def test_a_step_whose_input_changed_names_the_step_that_left_it(toy: Toy) -> None:
    toy.sources = {"number": "22"}
    run_flow(Flow("toy", toy.flow().steps[:1]), toy.store)  # as if stopped after the first step
    found = toy.states()
    assert [one.state for one in found.values()] == ["cached", "stale", "unknown", "unknown"]
    assert [(change.kind, change.name) for change in found["double"].changes] == [("input", "read.rows")]
    assert toy.told()["double"] == "double is stale: read left another rows."


def test_a_result_that_does_not_stand_or_is_gone_is_told(toy: Toy) -> None:
    toy.page.unlink()
    assert toy.told() == {"page": "page is stale: what it made outside of the store was changed, replaced or removed."}
    [rows] = toy.store.root.glob("objects/*/*")
    rows.unlink()
    found = toy.states()
    assert [one.state for one in found.values()] == ["missing", "unknown", "unknown", "unknown"]
    assert toy.told()["read"] == "read is missing: what it left is gone from the store."


def test_what_is_compared_is_the_newest_run_also_one_that_found_the_step_done(toy: Toy) -> None:
    toy.settings = {**toy.settings, "add": 2}
    toy.run()
    toy.settings, toy.code = {**toy.settings, "add": 1}, "0.1.0+bb"  # total is found, as double gives the same
    toy.run()
    toy.settings = {**toy.settings, "add": 7}
    assert toy.states()["total"].changes == (Change("setting", "add", 1, 7),)


def test_two_projects_on_one_store_are_each_compared_with_their_own(toy: Toy) -> None:
    other = Flow("other", (Step("total", lambda work: None, settings={"add": 9}),))
    run_flow(other, toy.store)
    toy.settings = {**toy.settings, "add": 2}
    assert toy.states()["total"].changes == (Change("setting", "add", 1, 2),)


def test_a_step_that_a_gate_refused_is_still_to_be_done(tmp_path: Path) -> None:
    def refuse(work: Work) -> None:
        raise GateRefused("no")

    flow = Flow("toy", (Step("gate", refuse), Step("page", lambda work: None, needs=("gate",), rule="all_done")))
    store = Store(tmp_path)
    run_flow(flow, store)
    assert [one.state for one in step_states(flow, store)] == ["missing", "unknown"]


@pytest.mark.parametrize("spoiled", [b"", b"[]", b'{"format": 9}', None])
def test_a_note_that_is_gone_or_spoiled_costs_the_reason_and_nothing_else(toy: Toy, spoiled: bytes | None) -> None:
    path = toy.store.root / "runs" / "bases" / "toy" / "total.json"
    if spoiled is None:
        shutil.rmtree(toy.store.root / "runs")
    else:
        path.write_bytes(spoiled)
    assert words(toy) == ["cached"] * 4
    toy.settings = {**toy.settings, "add": 2}
    assert toy.states()["total"] == PlannedStep("total", ("double",), "missing")
    toy.run()
    toy.settings = {**toy.settings, "add": 3}
    assert toy.states()["total"].changes == (Change("setting", "add", 2, 3),)


def test_a_note_of_another_step_is_not_believed(toy: Toy) -> None:
    folder = toy.store.root / "runs" / "bases" / "toy"
    os.replace(folder / "double.json", folder / "total.json")
    toy.settings = {**toy.settings, "add": 2}
    assert toy.states()["total"].state == "missing"


def test_if_only_the_way_to_compute_keys_changed_the_code_did(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textmill.flow.keys._KEY_FORMAT", 2)
    assert toy.states()["read"].changes == (Change("code", "", "", ""),)
    assert toy.told()["read"] == "read is stale: its code changed, or a package that it uses."


values = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3)
settings_of = st.dictionaries(
    st.sampled_from("abc"), values | st.dictionaries(st.sampled_from("xy"), values), max_size=3
)


@settings(max_examples=examples(25))
@given(settings_of, settings_of)
def test_another_key_always_has_a_reason_and_the_same_key_none(
    tmp_path_factory: pytest.TempPathFactory, was: dict[str, Any], now: dict[str, Any]
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    old, new = (Step("a", lambda work: None, settings=asked) for asked in (was, now))
    run_flow(Flow("f", (old,)), store)
    [found] = step_states(Flow("f", (new,)), store)
    same = basis_of(old, {}).key == basis_of(new, {}).key
    assert (found.state == "cached") == same
    assert bool(found.changes) != same
    assert all(change.kind == "setting" for change in found.changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a candidate that has been run."""
    folder = tmp_path_factory.mktemp("planned") / "toy"
    folder.mkdir()
    (folder / "mill.toml").write_text(MILL + CANDIDATE)
    write_csv(folder / "tweets.csv", rows_of())
    run_project(folder, store=folder / ".textmill", threads=1)
    return folder


CANDIDATE = '[[candidate]]\nname = "weak"\nmodel = { C = 0.01 }\n'


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    shutil.copytree(finished, tmp_path / "toy")
    return tmp_path / "toy"


def planned(folder: Path) -> dict[str, str]:
    """Step -> its sentence, or its state where it is cached."""
    found = plan_project(folder)
    told = {name: sentence for names, sentence in reasons(found.steps) for name in names}
    return {one.step: told.get(one.step, one.state) for one in found.steps}


def test_a_project_that_was_run_has_nothing_to_do(project: Path) -> None:
    found = plan_project(project)
    assert found.nothing_to_do
    assert found.counts() == {"cached": 8}
    assert [one.step for one in found.steps] == [
        "read", "split", "train", "train-2", "compare", "evaluate", "register", "report"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("C = 0.01", "C = 0.02", {"train-2": "train-2 is stale: model.C was 0.01, is 0.02."}),
        (CANDIDATE, CANDIDATE + "[[candidate]]\nmodel = { C = 9 }\n", {
            "train-3": "train-3 is missing: no finished run of it is known.",
            "compare": 'compare will be made anew after train-3: names was ["model", "weak"], is ["model", "weak",'
                       ' "C = 9"].',
            "evaluate": "cached",
        }),
        ("max_rejected = 0.05", "max_rejected = 0.5", {"read": "read is stale: read.max_rejected was 0.05, is 0.5."}),
        ('name = "toy"', 'name = "toy"\nseed = 7', {
            "split": "split is stale: project.seed was 13, is 7.", "read": "cached",
        }),
        ('name = "toy"', 'name = "toy"\ndescription = "x"', {
            "report": 'report is stale: project.description was "", is "x".', "register": "cached",
        }),
        ("bootstrap = 100", "bootstrap = 200", {
            "evaluate": "evaluate is stale: evaluate.bootstrap was 100, is 200.", "train": "cached",
        }),
    ],
)  # fmt: skip
def test_settings_have_the_names_of_the_project_file(project: Path, old: str, new: str, said: dict[str, str]) -> None:
    file = project / "mill.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    found = planned(project)
    assert {name: found[name] for name in said} == said


def test_a_source_has_the_name_of_its_file(project: Path) -> None:
    write_csv(project / "tweets.csv", rows_of(seed=2))
    found = planned(project)
    assert found["read"] == "read is stale: tweets.csv changed."
    assert found["report"].endswith("are unknown until read is done.")


def test_a_page_that_was_changed_is_told(project: Path) -> None:
    (project / "report.html").write_text("mine")
    found = planned(project)
    assert found.pop("report").startswith("report is stale: what it made outside of the store")
    assert set(found.values()) == {"cached"}


def test_what_is_planned_is_what_is_done(project: Path) -> None:
    file = project / "mill.toml"
    file.write_text(file.read_text().replace("C = 0.01", "C = 0.02"))
    before = {one.step: one.state for one in plan_project(project).steps}
    done = run_project(project, threads=1)
    for step in done.steps:
        assert before[step.step] in (("cached", "unknown") if step.cached else ("stale", "missing", "unknown"))
    assert plan_project(project).nothing_to_do


def test_a_plan_of_a_thousand_steps_costs_less_than_a_millisecond_a_step(tmp_path: Path) -> None:
    import time

    steps = [Step("s0", lambda work: None)]
    steps += [Step(f"s{n}", lambda work: None, needs=(f"s{n // 2}",)) for n in range(1, examples(200))]
    flow, store = Flow("many", tuple(steps)), Store(tmp_path)
    run_flow(flow, store)
    spent = []
    for _ in range(3):
        began = time.process_time()
        states = step_states(flow, store)
        spent.append((time.process_time() - began) / len(steps))
    assert {one.state for one in states} == {"cached"}
    assert min(spent) < 1e-3
