import errno
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from textmill.errors import (
    ConfigError,
    CorruptError,
    DataError,
    GateRefused,
    Interrupted,
    LockHeld,
    SourceError,
    StoreWriteError,
)
from textmill.flow import Event, Flow, Step, Work, run_flow
from textmill.flow.keys import step_key
from textmill.registry import Disk, Finished, Store


class Toy:
    """Reads a number from a file, doubles it, adds up: small steps that count how often they ran."""

    def __init__(self, folder: Path, *, add: int = 1, code: str = "1") -> None:
        self.folder, self.add, self.code = folder, add, code
        self.ran: list[str] = []
        self.events: list[Event] = []
        self.store = Store(folder / "store")
        self.source = folder / "number.txt"

    def digest(self) -> Mapping[str, str]:
        return {"number": self.source.read_text()}

    def read(self, work: Work) -> dict[str, Any]:
        self.ran.append("read")
        (work.folder / "deep").mkdir()
        (work.folder / "deep" / "number").write_text(self.source.read_text())
        return {"parity": int(self.source.read_text()) % 2}

    def double(self, work: Work) -> None:
        self.ran.append("double")
        work.progress(1, 2, "half")
        number = int(work.file("read", "deep/number").read_text())
        (work.folder / "number").write_text(str(2 * number))

    def total(self, work: Work) -> dict[str, Any]:
        self.ran.append("total")
        return {"total": int(work.file("double", "number").read_text()) + work.settings["add"]}

    def steps(self) -> tuple[Step, ...]:
        return (
            Step("read", self.read, sources=self.digest),
            Step("double", self.double, needs=("read",), code=self.code),
            Step("total", self.total, needs=("double",), settings={"add": self.add}),
        )

    def run(self, *more: Step, **options: Any) -> Any:
        self.ran.clear()
        self.events.clear()
        flow = Flow("toy", (*self.steps(), *more))
        return run_flow(flow, self.store, on_event=self.events.append, **options)


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    made = Toy(tmp_path)
    made.source.write_text("20")
    return made


def test_steps_run_in_order_and_their_results_can_be_had(toy):
    result = toy.run()
    assert toy.ran == ["read", "double", "total"]
    assert result.steps["total"].finished.values == {"total": 41}
    assert not any(done.cached for done in result.steps.values())
    told = [(event.step, event.kind) for event in toy.events]
    assert told == [
        ("read", "started"),
        ("read", "finished"),
        ("double", "started"),
        ("double", "progress"),
        ("double", "finished"),
        ("total", "started"),
        ("total", "finished"),
    ]
    assert toy.events[3].note == "half"


def test_a_second_run_does_nothing_needs_no_lock_and_says_so(toy):
    first = toy.run()
    with toy.store.lock("run-toy"):
        again = toy.run()
    assert toy.ran == []
    assert [(event.step, event.kind) for event in toy.events] == [
        (name, "cached") for name in ("read", "double", "total")
    ]
    assert [done.finished for done in again.steps.values()] == [done.finished for done in first.steps.values()]
    assert all(done.cached for done in again.steps.values())


def test_what_depends_on_a_change_runs_again_and_nothing_else(toy):
    toy.run()
    toy.add = 2
    toy.run()
    assert toy.ran == ["total"]
    toy.code = "2"
    toy.run()
    assert toy.ran == ["double"]  # new code, same number: what needs it has nothing to do
    toy.source.write_text("21")
    result = toy.run()
    assert toy.ran == ["read", "double", "total"]
    assert result.steps["total"].finished.values == {"total": 44}


def test_going_back_to_old_settings_finds_the_old_work(toy):
    first = toy.run()
    toy.source.write_text("21")
    toy.run()
    toy.source.write_text("20")
    again = toy.run()
    assert toy.ran == []
    assert again.steps["total"].key == first.steps["total"].key


def test_force_does_every_step_again_with_the_same_keys(toy):
    first = toy.run()
    again = toy.run(force=True)
    assert toy.ran == ["read", "double", "total"]
    assert {n: d.key for n, d in again.steps.items()} == {n: d.key for n, d in first.steps.items()}


def test_a_step_keyed_by_one_output_does_not_see_the_others(toy):
    def look(work: Work) -> dict[str, Any]:
        toy.ran.append("look")
        return {"parity": work.value("read", "parity")}

    step = Step("look", look, needs=("read",), keyed_by=("read.parity",))
    toy.run(step)
    toy.source.write_text("22")
    toy.run(step)
    assert "look" not in toy.ran
    toy.source.write_text("23")
    toy.run(step)
    assert "look" in toy.ran


@pytest.mark.parametrize("name", ["read.nothing", "double.number"])
def test_a_step_keyed_by_what_is_no_output_of_its_needs_is_refused(toy, name):
    with pytest.raises(ConfigError, match=r"step 'read' left no 'nothing'|does not need 'double'"):
        toy.run(Step("look", lambda work: None, needs=("read",), keyed_by=(name,)))


def test_a_step_whose_work_outside_the_store_is_gone_is_done_again(toy):
    page = toy.folder / "page"

    def write(work: Work) -> None:
        toy.ran.append("write")
        page.write_text("page")

    step = Step("write", write, needs=("total",), holds=lambda finished, outputs: page.exists())
    toy.run(step)
    toy.run(step)
    assert toy.ran == []
    page.unlink()
    toy.run(step)
    assert toy.ran == ["write"]


def test_a_lost_object_is_made_again_and_only_by_the_step_that_makes_it(toy):
    first = toy.run()
    toy.store.object(first.steps["double"].finished.files["number"].sha256).unlink()
    toy.run()
    assert toy.ran == ["double"]


def test_a_damaged_object_is_named_before_it_is_used_and_force_mends_it(toy):
    first = toy.run()
    path = toy.store.object(first.steps["read"].finished.files["deep/number"].sha256)
    path.chmod(0o644)
    path.write_text("99")
    toy.code = "2"
    with pytest.raises(CorruptError, match=path.name):
        toy.run()
    assert [(event.step, event.kind) for event in toy.events[-2:]] == [("double", "failed"), ("total", "skipped")]
    assert toy.run(force=True).steps["total"].finished.values == {"total": 41}


def test_a_refusal_skips_what_needs_it_and_lets_the_rest_run(toy):
    def refuse(work: Work) -> None:
        raise GateRefused("f1 is 0.5")

    def after(work: Work) -> None:
        raise AssertionError("it must not run")

    def page(work: Work) -> None:
        toy.ran.append("page")

    more = (
        Step("gate", refuse, needs=("total",)),
        Step("after", after, needs=("gate",)),
        Step("page", page, needs=("total",)),
    )
    result = toy.run(*more)
    assert str(result.refused) == "f1 is 0.5"
    assert list(result.steps) == ["read", "double", "total", "page"]
    assert [(e.step, e.kind) for e in toy.events[-5:]] == [
        ("gate", "started"),
        ("gate", "refused"),
        ("after", "skipped"),
        ("page", "started"),
        ("page", "finished"),
    ]
    assert str(toy.run(*more).refused) == "f1 is 0.5"
    assert toy.ran == []


def test_a_source_that_changes_while_it_is_read_is_not_believed(toy):
    def read(work: Work) -> None:
        (work.folder / "number").write_text(toy.source.read_text())
        toy.source.write_text("21")

    with pytest.raises(SourceError, match="changed while it was read"):
        run_flow(Flow("toy", (Step("read", read, sources=toy.digest),)), toy.store)
    assert list(toy.store.root.glob("steps/*")) == []


def test_what_is_no_json_is_refused(toy):
    with pytest.raises(DataError, match="JSON"):
        toy.run(Step("bad", lambda work: {"n": float("nan")}))
    with pytest.raises(DataError, match="JSON"):
        toy.run(Step("bad", lambda work: None, settings={"n": object()}))


def test_a_disk_that_is_full_for_a_step_is_one_sentence(toy):
    def fills(work: Work) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fills_numpy(work: Work) -> None:
        raise OSError("9920 requested and 5088 written")

    class Full(Disk):
        def room(self, folder: Path) -> int:
            return 4096

    with pytest.raises(StoreWriteError, match="no room left"):
        toy.run(Step("fills", fills))
    with pytest.raises(OSError, match="9920 requested"):  # room enough: it must be something else
        toy.run(Step("fills", fills_numpy))
    toy.store = Store(toy.store.root, disk=Full())
    with pytest.raises(StoreWriteError, match="no room left"):
        toy.run(Step("fills", fills_numpy))
    with pytest.raises(FileNotFoundError):
        toy.run(Step("fills", lambda work: Path("nothing-there").unlink()))


@pytest.mark.parametrize("at", ["read", "double", "total"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_sigterm_in_any_step_keeps_what_is_finished_and_leaves_no_half(toy, at, number):
    undisturbed = Toy(toy.folder / "other")
    undisturbed.folder.mkdir()
    undisturbed.source.write_text("20")
    right = undisturbed.run()
    inner = getattr(toy, at)

    def stopped(work: Work) -> Any:
        (work.folder / "half").write_text("half")
        os.kill(os.getpid(), number)
        return inner(work)

    setattr(toy, at, stopped)
    with pytest.raises(Interrupted, match=f"step '{at}'.*run it again"):
        toy.run()
    assert list((toy.store.root / "tmp").iterdir()) == []
    setattr(toy, at, inner)
    again = toy.run()
    order = ["read", "double", "total"]
    assert toy.ran == order[order.index(at) :]
    assert {n: (d.key, d.finished.files, d.finished.values) for n, d in again.steps.items()} == {
        n: (d.key, d.finished.files, d.finished.values) for n, d in right.steps.items()
    }
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_run_waits_for_the_first_says_for_whom_and_finds_all_done(toy):
    others: list[Any] = []
    waiting = threading.Event()

    def second() -> None:
        other = Toy(toy.folder)

        def tell(event: Event) -> None:
            other.events.append(event)
            if event.kind == "waiting":
                waiting.set()

        others.append((other, run_flow(Flow("toy", other.steps()), other.store, on_event=tell)))

    thread = threading.Thread(target=second)
    inner = toy.double

    def double(work: Work) -> None:
        thread.start()
        assert waiting.wait(60)
        inner(work)

    toy.double = double
    first = toy.run()
    thread.join(60)
    other, result = others[0]
    assert other.ran == []
    assert f"process {os.getpid()}" in other.events[0].note
    assert all(done.cached for done in result.steps.values())
    assert [d.finished for d in result.steps.values()] == [d.finished for d in first.steps.values()]


def test_a_run_that_may_not_wait_says_who_is_at_work(toy):
    with toy.store.lock("run-toy"), pytest.raises(LockHeld, match=f"process {os.getpid()}"):
        toy.run(wait=0.0)


def test_keys_know_no_path(toy, tmp_path):
    first = toy.run()
    moved = tmp_path / "moved"
    moved.mkdir()
    os.rename(toy.store.root, moved / "store")
    os.rename(toy.source, moved / "number.txt")
    there = Toy(moved)
    again = there.run()
    assert there.ran == []
    assert {n: d.key for n, d in again.steps.items()} == {n: d.key for n, d in first.steps.items()}


def test_a_key_is_what_it_was_in_earlier_versions():
    """A change here makes everybody's work be done again: give the format of keys another number, and say so."""
    before = Finished("a", "0" * 64, values={"n": 1})
    step = Step("b", lambda work: None, needs=("a",), settings={"x": [1, None, "é"]}, code="0.1.0+c")
    assert step_key(step, {"a": before}) == "5bd4265ddf8be288cf182fcf7f15af091a1e5067bec57b3e715d9aad508dc58b"
