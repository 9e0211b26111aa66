"""What becomes of the others when a step fails: rules, retries, fan-out."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.errors import ConfigError, DataError, GateRefused, StepFailed
from textmill.flow import Event, Flow, Step, Work, run_flow
from textmill.flow.keys import step_key
from textmill.registry import Store


class Clock:
    """Time that passes only while someone waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


class Bench:
    """Runs flows of small steps and remembers what happened."""

    def __init__(self, root: Path) -> None:
        self.store, self.clock = Store(root), Clock()
        self.events: list[Event] = []
        self.ran: list[str] = []

    def run(self, *steps: Step, **options: Any) -> Any:
        self.events.clear()
        self.ran.clear()
        flow = Flow("bench", steps)
        clock = {"clock": lambda: self.clock.now, "sleep": self.clock.sleep}
        return run_flow(flow, self.store, on_event=self.events.append, **clock, **options)

    def step(self, name: str, *needs: str, fails: int = 0, error: type[Exception] = StepFailed, **more: Any) -> Step:
        """A step that fails the first times and then gives its name."""
        left = [fails]

        def work(work: Work) -> dict[str, Any]:
            self.ran.append(name)
            if left[0]:
                left[0] -= 1
                raise error(f"{name} is broken")
            return {"result": name}

        return Step(name, work, needs=needs, **more)

    def ends(self) -> dict[str, str]:
        return {event.step: event.kind for event in self.events}

    def notes(self) -> dict[str, str]:
        return {event.step: event.note for event in self.events}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "store")


def test_others_go_on_when_a_step_fails_and_what_needs_it_is_left_out(bench):
    steps = (
        bench.step("a"),
        bench.step("bad", "a", fails=1),
        bench.step("after", "bad"),
        bench.step("later", "after"),
        bench.step("other", "a"),
    )
    with pytest.raises(StepFailed, match=r"^bad is broken$"):
        bench.run(*steps)
    assert bench.ran == ["a", "bad", "other"]
    assert bench.ends() == {
        "a": "finished", "bad": "failed", "after": "skipped", "later": "skipped", "other": "finished"
    }  # fmt: skip
    assert bench.notes()["later"] == "bad failed"
    bench.run(*steps)
    assert bench.ran == ["bad", "after", "later"]


def test_the_first_failure_is_told_and_names_the_others(bench):
    with pytest.raises(StepFailed, match=r"^a is broken\. Failed too: b, c\.$"):
        bench.run(bench.step("a", fails=1), bench.step("b", fails=1), bench.step("c", fails=1))


def test_a_step_that_is_not_ours_may_raise_what_it_likes_and_ends_the_run(bench):
    with pytest.raises(ZeroDivisionError):
        bench.run(bench.step("a", fails=1, error=ZeroDivisionError), bench.step("b"))
    assert bench.ran == ["a"]


@pytest.mark.parametrize(
    ("first", "kinds"),
    [
        ({}, {"well": "finished", "done": "finished", "alarm": "skipped", "calm": "skipped"}),
        ({"fails": 9}, {"well": "skipped", "done": "finished", "alarm": "finished", "calm": "finished"}),
        (
            {"fails": 9, "error": GateRefused},
            {"well": "skipped", "done": "finished", "alarm": "finished", "calm": "finished"},
        ),
    ],
)
def test_rules_say_which_ends_of_the_needs_let_a_step_run(bench, first, kinds):
    steps = (
        bench.step("first", **first),
        bench.step("fine"),
        bench.step("well", "first", "fine"),
        bench.step("done", "first", "fine", rule="all_done"),
        bench.step("alarm", "well", "fine", rule="one_failed"),  # a step left out by a failure counts as one
        bench.step("calm", "alarm"),
    )
    try:
        result = bench.run(*steps)
    except StepFailed:
        result = None
    assert {name: bench.ends()[name] for name in kinds} == kinds
    if first.get("error") is GateRefused:
        assert str(result.refused) == "first is broken"
        assert bench.notes()["well"] == "the gate said no"
    elif not first:
        assert bench.notes()["alarm"] == "nothing failed"
        assert bench.notes()["calm"] == "what it needs was left out"
        bench.run(*steps)  # the alarm that did not run is nothing to do
        assert bench.ran == []


def test_a_step_is_tried_again_after_delays_that_grow(bench):
    bench.run(bench.step("a", fails=3, retries=3, retry_delay=10.0, backoff=3.0), bench.step("b", "a"))
    assert bench.ran == ["a", "a", "a", "a", "b"]
    assert bench.clock.waited == [10.0, 30.0, 90.0]
    retries = [(e.done, e.total, e.delay, e.note) for e in bench.events if e.kind == "retry"]
    assert retries == [(n, 3, 10.0 * 3 ** (n - 1), "a is broken") for n in (1, 2, 3)]


def test_other_steps_do_not_wait_for_a_delay(bench):
    bench.run(bench.step("a", fails=1, retries=1, retry_delay=60.0), bench.step("b"), bench.step("c", "b"))
    assert bench.ran == ["a", "b", "c", "a"]
    assert bench.clock.waited == [60.0]


def test_a_step_fails_after_its_last_try_and_a_gate_is_not_asked_again(bench):
    with pytest.raises(StepFailed):
        bench.run(bench.step("a", fails=9, retries=2))
    assert bench.ran == ["a"] * 3
    assert bench.run(bench.step("gate", fails=9, error=GateRefused, retries=2)).refused
    assert bench.ran == ["gate"]


def test_a_source_that_is_not_there_yet_is_looked_for_again(bench, tmp_path):
    def sources() -> dict[str, str]:
        try:
            return {"a": (tmp_path / "a").read_text()}
        except FileNotFoundError:
            raise DataError("no file yet") from None

    step = bench.step("read", sources=sources, retries=1, retry_delay=5.0)
    sleep = bench.clock.sleep
    bench.clock.sleep = lambda seconds: (sleep(seconds), (tmp_path / "a").write_text("a"))[0]
    bench.run(step)
    assert bench.ran == ["read"]
    assert bench.clock.waited == [5.0]


def fan_out(bench: Bench, items: Any) -> tuple[Step, ...]:
    def square(work: Work) -> dict[str, Any]:
        item = work.settings["item"]
        bench.ran.append(f"square {item}")
        if item < 0:
            raise DataError(f"{item} is negative")
        (work.folder / "square.txt").write_text(str(item**2))
        return {"result": item**2}

    def total(work: Work) -> dict[str, Any]:
        bench.ran.append("total")
        said = [work.file("square", f"{n}/square.txt").read_text() for n in range(len(work.value("square", "result")))]
        return {"result": sum(work.value("square", "result")), "said": said}

    return (
        Step("list", lambda work: {"result": items}),
        Step("square", square, needs=("list",), for_each="list", keyed_by=()),
        Step("total", total, needs=("square",)),
    )


def test_a_step_is_done_for_each_item_of_a_result_and_the_next_gets_the_list(bench):
    result = bench.run(*fan_out(bench, [1, 2, 3]))
    assert bench.ran == ["square 1", "square 2", "square 3", "total"]
    assert [*result.steps] == ["list", "square", "square[0]", "square[1]", "square[2]", "total"]
    assert result.steps["total"].finished.values == {"result": 14, "said": ["1", "4", "9"]}
    again = bench.run(*fan_out(bench, [1, 2, 3]))
    assert bench.ran == []
    assert {name: done.finished for name, done in again.steps.items()} == {
        name: done.finished for name, done in result.steps.items()
    }


def test_a_piece_is_keyed_by_its_item_and_not_by_its_place(bench):
    def steps(items: list[int]) -> tuple[Step, ...]:
        first, *rest = fan_out(bench, items)
        return (Step("list", first.run, settings={"items": items}), *rest)

    bench.run(*steps([1, 2]))
    result = bench.run(*steps([5, 2, 1]))
    assert bench.ran == ["square 5", "total"]
    assert result.steps["total"].finished.values["result"] == 30


@settings(max_examples=examples(25))
@given(items=st.lists(st.integers(-3, 9), max_size=6))
def test_a_fan_out_fails_with_its_first_bad_piece_and_does_the_others(items, tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("fan"))
    bad = [f"square[{n}]" for n, item in enumerate(items) if item < 0]
    if bad:
        with pytest.raises(DataError, match="is negative"):
            bench.run(*fan_out(bench, items))
        assert bench.notes()["total"] == f"{bad[0]} failed"
    else:
        assert bench.run(*fan_out(bench, items)).steps["total"].finished.values["result"] == sum(i**2 for i in items)
    assert {ran for ran in bench.ran if ran != "total"} == {f"square {item}" for item in items}


def test_what_is_no_list_cannot_be_fanned_out(bench):
    with pytest.raises(DataError, match=r"step square, for_each: step 'list' gave no list; wanted a list, got 'three'"):
        bench.run(*fan_out(bench, "three"))


def test_a_step_that_is_always_done_is_done_again_and_what_comes_after_it_is_not(bench):
    steps = (bench.step("a", always=True), bench.step("b", "a"))
    bench.run(*steps)
    bench.run(*steps)
    assert bench.ran == ["a"]


def test_variables_of_a_step_are_part_of_its_key_and_what_only_says_how_it_is_tried_is_not(bench):
    key = bench.run(bench.step("a")).steps["a"].key
    patient = bench.step("a", retries=3, retry_delay=9.0, timeout=60.0, rule="all_done")
    assert step_key(patient, {}) == key
    assert step_key(bench.step("a", env={"X": "1"}), {}) != key
    with pytest.raises(ConfigError, match="step 'a' has a timeout or variables"):
        bench.run(patient)
