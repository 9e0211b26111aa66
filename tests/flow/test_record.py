"""What a run remembers of itself."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill import errors
from textmill.errors import ConfigError, CorruptError, DataError, RecordError, StepFailed
from textmill.flow import Flow, Step, StepState, run_flow
from textmill.flow.record import Record, error_of, last_line, new_run, told
from textmill.registry import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def only_run(store: Store) -> Record:
    (folder,) = (store.root / "runs").glob("*Z-*")
    return Record(store, folder.name)


def test_a_run_notes_its_plan_how_each_step_stands_and_how_it_ended(store):
    def fails(work):
        raise StepFailed("no")

    steps = (
        Step("a", lambda work: {"result": [1, 2]}),
        Step("each", lambda work: None, needs=("a",), for_each="a"),
        Step("bad", fails, needs=("a",), retries=1),
        Step("after", lambda work: None, needs=("bad", "each")),
    )
    with pytest.raises(StepFailed):
        run_flow(Flow("demo", steps), store)
    record = only_run(store)
    about = record.about()
    assert (about["flow"], about["end"]) == ("demo", "failed")
    assert about["steps"] == {"a": [], "each": ["a"], "bad": ["a"], "after": ["bad", "each"]}
    stands = {name: record.state(name) for name in ("a", "each", "each[0]", "each[1]", "bad", "after")}
    assert {name: state.state for name, state in stands.items()} == {
        "a": "finished", "each": "finished", "each[0]": "finished", "each[1]": "finished",
        "bad": "failed", "after": "upstream_failed",
    }  # fmt: skip
    assert stands["bad"].attempts == 2
    assert str(error_of(stands["bad"].error)) == "no"
    assert store.finished(stands["a"].key).values == {"result": [1, 2]}
    assert record.state("unknown") is None
    log = record.log("bad").read_text().splitlines()
    assert [line.split("Z ")[1] for line in log] == ["try 1: running", "try 1: no", "try 2: running", "try 2: no"]


def test_a_run_with_nothing_to_do_leaves_no_record(store):
    flow = Flow("demo", (Step("a", lambda work: None),))
    run_flow(flow, store)
    run_flow(flow, store)
    assert only_run(store).about()["end"] == "finished"


def test_no_path_in_a_record_is_absolute(store):
    run_flow(Flow("demo", (Step("a", lambda work: None),)), store)
    for path in only_run(store).root.rglob("*.json"):
        assert str(store.root) not in path.read_text()


def test_a_changed_byte_is_found(store):
    run_flow(Flow("demo", (Step("a", lambda work: None),)), store)
    record = only_run(store)
    path = record.root / "steps" / "a.json"
    path.write_text(path.read_text().replace("finished", "f1nished"))
    with pytest.raises(CorruptError, match=r"a\.json"):
        record.state("a")


def test_a_run_belongs_to_one_flow(store):
    record = Record(store, "r1")
    record.begin(Flow("one", ()))
    record.begin(Flow("one", ()))
    with pytest.raises(DataError, match="run 'r1' is one of 'one'; wanted a run of 'two'"):
        Record(store, "r1").begin(Flow("two", ()))


@pytest.mark.parametrize("run", ["", "..", "a/b", "-x", "a b", "a..b", "x" * 251, "finished", "bases"])
def test_what_cannot_be_a_folder_is_no_id(store, run):
    with pytest.raises(DataError, match="is no id of a run"):
        Record(store, run)


def test_ids_of_runs_differ_and_those_of_airflow_are_taken(store):
    assert len({new_run() for _ in range(100)}) == 100
    Record(store, "scheduled__2026-11-01T00:00:00+00:00").write(StepState("a", "finished"))


ERRORS = [
    ConfigError(["a", "b"], where="mill.toml"),
    RecordError("no text", source="a.csv", row=3),
    errors.UnknownName("step", "reed", ["read"]),
    errors.RequestError("no", status=404, hint="Go."),
    errors.MissingExtra("it", package="x", extra="y"),
    *(
        getattr(errors, name)("what", where="here", wanted="x", got="y", hint="Do.")
        for name in ("DataError", "GateRefused", "StepFailed", "CorruptError", "StoreWriteError", "TooManyRejected")
    ),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_in_another_process(error):
    again = error_of(told(error))
    assert type(again) is type(error)
    assert str(again) == str(error) == again.sentence()
    assert vars(again) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_where_others_pickle_it(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - what Dask does to send one to another process
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_what_is_no_error_of_ours_is_told_as_such():
    assert repr(error_of(told(KeyError("x")))) == "RuntimeError(\"KeyError: 'x'\")"
    assert isinstance(error_of({"kind": "closest", "sentence": "x", "fields": {}}), RuntimeError)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300), max_size=6))
def test_the_last_line_is_the_last_that_says_something(lines):
    import tempfile

    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write("before\n" + "".join(f"{line}\n" for line in lines))
        file.flush()
        said = [line.strip() for line in lines if line.strip()]
        assert last_line(Path(file.name), len("before\n")) == (said[-1][:200] if said else "")
