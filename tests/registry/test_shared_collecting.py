"""Collecting in a store that machines share, while others publish and run: whoever comes between whatever calls."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckets import Killed, MemoryBucket, ServerClock
from strategies import examples
from textmill.errors import CorruptError, NotInStore, StoreError
from textmill.registry import Disk, FileOutput, Finished
from textmill.registry.collecting import collect, garbage
from textmill.registry.runs import remember_run, runs_of
from textmill.registry.shared import SharedStore

DAY = 86_400.0
OLD, NEW = "a" * 64, "b" * 64  # keys of steps


class Hasty(Disk):
    """Does not wait for the disk: no power is lost here."""

    def sync(self, descriptor: int) -> None: ...

    def sync_folder(self, folder: Path) -> None: ...


class World:
    """A server, and machines that each have a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.objects, self.clock = folder, dict[str, bytes](), ServerClock()
        self._times = itertools.count(0, 60)

    def machine(self, name: str, **bucket: object) -> SharedStore:
        found = MemoryBucket(self.objects, clock=self.clock, **bucket)
        clock = lambda: float(next(self._times))  # noqa: E731  what was seen is never fresh
        return SharedStore("s3://memory/store", self.folder / name, bucket=found, disk=Hasty(), clock=clock)

    def with_garbage(self) -> World:
        """Old objects that nothing names, of which others may make use at any moment, and a step that no run names."""
        store = self.machine("first")
        publish(store, b"stays", run="f" * 64)
        publish(store, b"weights")
        store.remove("m@2", force=True)
        step(store, OLD, b"rows")
        step(store, "c" * 64, b"waste")
        store.close()
        self.clock.now += 40 * DAY
        return self


def publish(store: SharedStore, data: bytes, **parents: str):
    folder = store.scratch.new_folder("model")
    (folder / "w").write_bytes(data)
    return store.publish("m", folder, parents=parents, config={}, report={})


def step(store: SharedStore, key: str, *outputs: bytes) -> Finished:
    files = {str(n): FileOutput(store.put_bytes(data), len(data)) for n, data in enumerate(outputs)}
    store.finish(done := Finished("step", key, files))
    return done


def gc(store: SharedStore) -> None:
    collect(store, older_than=30 * DAY)


def steps(store: SharedStore) -> Finished:
    """It finds a step, or does it, and makes another that names what the first has left, and more."""
    left = store.finished(OLD) or step(store, OLD, b"rows")
    more = {"more": FileOutput(store.put_bytes(b"weights"), len(b"weights"))}
    store.finish(Finished("next", NEW, {**left.files, **more}))
    return left


def half(store: SharedStore) -> None:
    """Half a run."""
    with store.lock("run-m"):
        steps(store)


def run(store: SharedStore) -> None:
    """A whole run, which ends with a version."""
    with store.lock("run-m"):
        left = steps(store)
        remember_run(store, "m", {"read": OLD, "next": NEW})
        publish(store, b"weights", run=NEW)
        for file in left.files.values():
            assert store.object(file.sha256, verify=True).read_bytes() == b"rows"


def whole(world: World, *, ran: bool = True) -> None:
    """Every version opens, and every step has its objects, on a machine that comes new."""
    fresh = world.machine(f"fresh{next(world._times)}")
    for version in fresh.models()["m"]:
        fresh.open("m", version)
    for key in (OLD, NEW) if ran else ():
        found = fresh.finished(key)
        assert found is not None
        for file in found.files.values():
            fresh.object(file.sha256, verify=True)
    fresh.audit.verify()
    fresh.close()


def nothing_left_over(world: World) -> None:
    world.clock.now += 40 * DAY
    last = world.machine("last")
    gc(last)
    assert not garbage(last, older_than=30 * DAY)
    assert b"waste" not in world.objects.values()
    assert sum(value == b"weights" for value in world.objects.values()) <= 1  # and none under a key that was given up
    last.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_nothing_needs_goes_from_the_bucket_and_what_is_needed_stays(world):
    a, b = world.with_garbage().machine("a"), world.machine("b")
    run(b)
    going = garbage(a, older_than=30 * DAY)
    assert {path.stem for path in going.steps} == {"c" * 64}
    assert {world.objects[f"objects/{path.parent.name}/{path.name}"] for path in going.objects} == {b"waste"}
    assert collect(a, older_than=30 * DAY) == going
    assert b"waste" not in world.objects.values()
    assert [line.event for line in a.audit.lines()][-2:] == ["looking", "collect"]
    whole(world)
    lines = a.audit.verify()
    assert not collect(a, older_than=30 * DAY)
    assert a.audit.verify() == lines  # nothing to do, and no line says so
    assert {run.flow for run in runs_of(a)} == {"m"}  # which b has noted


def test_what_is_young_by_the_clock_of_the_server_stays(world):
    a = world.with_garbage().machine("a")
    step(world.machine("b"), NEW, b"new")
    assert {path.stem for path in garbage(a, older_than=DAY).steps} == {OLD, "c" * 64}
    with pytest.raises(StoreError, match=r"known by its age alone.*at least 86,400 seconds"):
        collect(a, older_than=DAY - 1)


def test_the_last_run_of_each_project_finds_nothing_to_do_on_any_machine_ever(world):
    run(world.with_garbage().machine("b"))
    for number in range(3):
        world.clock.now += 40 * DAY
        gc(world.machine(f"a{number}"))
        whole(world)
    nothing_left_over(world)


def test_what_a_run_finds_is_young_again_and_what_somebody_looks_at_is_not(world):
    a, b = world.with_garbage().machine("a"), world.machine("b")
    assert b.finished(OLD) is not None
    assert OLD in {path.stem for path in garbage(a, older_than=DAY).steps}
    with b.lock("run-m"):
        assert b.finished(OLD) is not None
    assert OLD not in {path.stem for path in garbage(a, older_than=DAY).steps}


@pytest.mark.parametrize("other", [half, run, lambda store: publish(store, b"weights")], ids=["half", "run", "publish"])
@pytest.mark.parametrize("outer", ["gc", "other"])
@pytest.mark.slow
def test_whoever_comes_between_any_two_calls_loses_nothing(tmp_path, other, outer):
    for at in itertools.count(1):
        world = World(tmp_path / str(at)).with_garbage()
        calls = itertools.count(1)

        def before(call: str, key: str, world=world, calls=calls, at=at) -> None:
            if next(calls) == at:
                inner = world.machine("inner")
                other(inner) if outer == "gc" else gc(inner)
                inner.close()

        store = world.machine("outer", before=before)
        gc(store) if outer == "gc" else other(store)
        store.close()
        if next(calls) <= at:
            break
        whole(world, ran=other in (half, run))
        nothing_left_over(world)
    assert at > 8


class Turns:
    """Threads of which one at a time goes on, from one call to the next."""

    def __init__(self, picks: Iterator[int]) -> None:
        self._picks, self._baton = picks, threading.Condition()
        self._waiting, self._alive, self._turn = set[int](), set[int](), -1

    def before(self, number: int) -> Callable[[str, str], None]:
        def wait(call: str, key: str) -> None:
            with self._baton:
                self._waiting.add(number)
                self._baton.notify_all()
                assert self._baton.wait_for(lambda: self._turn == number, timeout=60)
                self._turn = -1
                self._waiting.discard(number)

        return wait

    def play(self, *works: Callable[[], None]) -> list[BaseException]:
        failed: list[BaseException] = []

        def done(number: int, work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
            with self._baton:
                self._alive.discard(number)
                self._baton.notify_all()

        self._alive = set(range(len(works)))
        threads = [threading.Thread(target=done, args=one) for one in enumerate(works)]
        for thread in threads:
            thread.start()
        with self._baton:
            while self._alive:
                assert self._baton.wait_for(lambda: self._turn < 0 and self._waiting >= self._alive, timeout=60)
                if self._alive:
                    self._turn = sorted(self._alive)[next(self._picks, 0) % len(self._alive)]
                    self._baton.notify_all()
        for thread in threads:
            thread.join()
        return failed


@pytest.mark.slow
@settings(max_examples=examples(25), deadline=None)
@given(st.sampled_from([half, run]), st.lists(st.integers(0, 5), max_size=120))
def test_two_who_collect_one_who_runs_and_one_who_publishes_in_any_order_lose_nothing(tmp_path_factory, whoever, picks):
    world = World(tmp_path_factory.mktemp("world")).with_garbage()
    turns = Turns(iter(picks))
    stores = [world.machine(f"m{number}", before=turns.before(number)) for number in range(4)]
    works = [gc, gc, whoever, lambda store: publish(store, b"weights")]
    pairs = zip(works, stores, strict=True)
    failed = turns.play(*(lambda work=work, store=store: work(store) for work, store in pairs))
    assert [error for error in failed if "change the store all the time" not in str(error)] == []
    for store in stores:
        store.bucket.before = None
    whole(world)
    nothing_left_over(world)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_whoever_collects_and_is_killed_at_any_call_leaves_all_whole_and_the_next_ends_it(tmp_path, after):
    for at in itertools.count(1):
        world = World(tmp_path / f"{after}{at}").with_garbage()
        dying = world.machine("dying", fail_at=at, after=after)
        try:
            gc(dying)
        except Killed:
            run(world.machine("b"))
            whole(world)
            nothing_left_over(world)
            gc(world.machine("dying"))
            whole(world)
        else:
            break
    assert at > 4


def test_an_object_that_was_taken_away_and_put_anew_is_found_by_those_who_did_not_know(world):
    a, b = world.with_garbage().machine("a"), world.machine("b")
    b.catch_up()
    b.catch_up = lambda: None  # it has just looked
    gc(a)
    made = publish(a, b"weights")
    assert b.object(made.files["w"]).read_bytes() == b"weights"
    with pytest.raises(NotInStore):
        b.object("0" * 64)


def test_what_a_server_that_is_asked_too_late_still_has_is_deleted_by_the_next(world, monkeypatch):
    a = world.with_garbage().machine("a")
    with monkeypatch.context() as patch:
        patch.setattr(MemoryBucket, "remove", lambda *_: None)
        gc(a)
    publish(world.machine("b"), b"weights")
    assert sum(value == b"weights" for value in world.objects.values()) == 2
    gc(a)
    assert sum(value == b"weights" for value in world.objects.values()) == 1
    whole(world, ran=False)


def test_one_who_is_always_overtaken_gives_up_with_a_sentence(world):
    b = world.with_garbage().machine("b")

    def before(call: str, key: str) -> None:
        if (call, key) == ("entries", "objects"):
            publish(b, b"x")

    with pytest.raises(StoreError, match="other machines change the store all the time"):
        gc(world.machine("a", before=before))
    whole(world, ran=False)


def test_a_copy_of_which_a_part_was_cleaned_away_takes_nothing_and_puts_nothing(world):
    a = world.with_garbage().machine("a")
    a.catch_up()
    before = dict(world.objects)
    shutil.rmtree(a.root / "models")
    with pytest.raises(CorruptError, match=r"has no manifest of model/m@1.*Remove the folder"):
        gc(a)
    assert world.objects == before
    gc(world.machine("b"))
    shutil.rmtree(world.machine("b").root / "collected")
    b = world.machine("b")
    with pytest.raises(CorruptError, match=r"lacks a file about change 5.*Remove the folder"):
        publish(b, b"weights")
    shutil.rmtree(b.root)
    publish(world.machine("b"), b"weights")
    whole(world, ran=False)
