"""A part of the plan, what a run would do, and one run for each day."""

from pathlib import Path
from typing import Any

import pytest

from textmill.config import MillConfig, from_mapping
from textmill.config.project import dated
from textmill.errors import ConfigError, DataError, SourceError, UnknownName
from textmill.flow import Flow, Step, Work, plan_project, run_flow, run_project, run_step, step_states
from textmill.registry import Store


class Chain:
    """a -> b -> c, and d that needs a; b's setting can be changed."""

    def __init__(self, root: Path) -> None:
        self.store, self.setting = Store(root), 1
        self.ran: list[str] = []

    def steps(self) -> tuple[Step, ...]:
        def does(name: str) -> Any:
            def work(work: Work) -> dict[str, Any]:
                self.ran.append(name)
                return {"result": [name, dict(work.settings)]}

            return work

        return (
            Step("a", does("a")),
            Step("b", does("b"), needs=("a",), settings={"x": self.setting}),
            Step("each", does("each"), needs=("b",), for_each=(1, 2)),
            Step("c", does("c"), needs=("each",)),
            Step("d", does("d"), needs=("a",)),
            Step("alarm", does("alarm"), needs=("c", "d"), rule="one_failed"),
        )

    def run(self, **options: Any) -> list[str]:
        self.ran.clear()
        run_flow(Flow("chain", self.steps()), self.store, **options)
        return list(self.ran)

    def states(self, **options: Any) -> dict[str, str]:
        return {one.step: one.state for one in step_states(Flow("chain", self.steps()), self.store, **options)}


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path / "store")


def test_only_some_steps_are_done_and_others_are_taken_as_they_were_left(chain):
    with pytest.raises(ConfigError, match="step 'b' needs 'a', which is not done as things are now"):
        chain.run(only=["b"])
    assert chain.run(only=["a", "d"]) == ["a", "d"]
    assert chain.run(only=["b"]) == ["b"]
    assert chain.run(only=["b"]) == []
    assert chain.run(only=["b"], force=True) == ["b"]
    with pytest.raises(ConfigError, match="step 'c' needs 'each', which is not done"):
        chain.run(only=["c"])
    assert chain.run(only=["each", "c"]) == ["each", "each", "c"]
    assert chain.run() == []
    chain.setting = 2
    with pytest.raises(ConfigError, match="step 'each' needs 'b', which is not done"):
        chain.run(only=["c"])


def test_a_step_and_what_comes_after_it_is_done_again_and_nothing_else(chain):
    chain.run()
    assert chain.run(since="b") == ["b", "each", "each", "c"]
    assert chain.run(since="d") == ["d"]
    assert chain.run(since="a") == ["a", "b", "each", "each", "c", "d"]


def test_a_step_that_is_not_there_is_told_with_those_that_are(chain):
    with pytest.raises(UnknownName, match="no step is called 'e'"):
        chain.run(only=["e"])
    with pytest.raises(UnknownName, match=r"no step is called 'eech'.*Did you mean 'each'\?"):
        chain.run(since="eech")


def test_what_a_run_would_do_is_told_and_nothing_is_done(chain):
    assert chain.states() == dict.fromkeys(("a", "b", "each", "c", "d"), "missing") | {"alarm": "waiting"}
    assert not chain.store.root.exists()
    chain.run()
    still = dict.fromkeys(("a", "b", "each", "c", "d"), "cached") | {"alarm": "waiting"}
    assert chain.states() == still
    chain.setting = 2
    assert chain.states() == still | {"b": "stale", "each": "unknown", "c": "unknown"}
    assert chain.states(since="d")["d"] == "stale"
    assert set(chain.states(only=["d"])) == {"d"}
    assert chain.ran == ["a", "b", "each", "each", "c", "d"]


MILL = """
[project]
name = "daily"

[[step]]
name = "copy"
shell = "cp in-{date}.txt out-{date}.txt"
inputs = "in-{date}.txt"
outputs = "out-{date}.txt"

[[step]]
name = "say"
python = "own:say"
after = "copy"
"""
OWN = "import os\ndef say() -> str:\n    return os.environ['TEXTMILL_DATE']\n"


@pytest.fixture
def daily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    (tmp_path / "mill.toml").write_text(MILL)
    (tmp_path / "own.py").write_text(OWN)
    for day in ("01", "02"):
        (tmp_path / f"in-2026-11-{day}.txt").write_text(day)
    return tmp_path


def test_a_run_is_for_a_day_and_each_day_is_kept(daily):
    said = {}
    for day in ("2026-11-01", "2026-11-02"):
        said[day] = run_project(daily, date=day).steps[-1].finished.values["result"]
    assert said == {day: day for day in said}
    assert (daily / "out-2026-11-02.txt").read_text() == "02"
    assert run_project(daily, date="2026-11-01").nothing_to_do
    assert plan_project(daily, date="2026-11-02").nothing_to_do
    with pytest.raises(SourceError, match=r"no file is called 'in-2026-11-03\.txt'"):
        plan_project(daily, date="2026-11-03")


def test_one_step_of_a_run_is_for_the_day_of_the_run(daily):
    run_step(daily, "copy", run="r1", date="2026-11-01")
    with pytest.raises(DataError, match="run 'r1' began with another date; wanted 2026-11-01, got 2026-11-02"):
        run_step(daily, "say", run="r1", date="2026-11-02")


@pytest.mark.parametrize(
    ("raw", "date", "said"),
    [
        ({"read": {"source": "{date}.csv"}}, None, r"read\.source: \{date\} wants a day"),
        (
            {"step": [{"name": "a", "shell": "x", "env": {"A": "{date}"}}, {"name": "b", "shell": "x {date}"}]},
            None,
            r"step\[0\]\.env: \{date\} wants a day.*step\[1\]\.shell: \{date\} wants",
        ),
        ({"read": {"source": "a.csv"}}, "2026-11-01", "nothing here depends on a date; write {date} where"),
        ({"read": {"source": "{date}.csv"}}, "1.11.2026", "date: wanted a day such as 2026-11-01, got '1.11.2026'"),
    ],
)
def test_a_day_that_is_missing_or_useless_is_told(raw, date, said):
    with pytest.raises(ConfigError, match=said):
        dated(from_mapping(MillConfig, {"project": {"name": "demo"}, **raw}), date)


def test_a_project_that_mentions_no_day_is_as_it_was_without_one():
    mill = from_mapping(MillConfig, {"project": {"name": "demo"}, "read": {"source": "a.csv"}})
    assert dated(mill, None) is mill
