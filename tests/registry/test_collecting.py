"""Collecting takes what nothing needs, and nothing else."""

import os
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.errors import LockHeld, StoreError, StoreWriteError
from textmill.flow import Flow, Record, Step, StepState, run_flow
from textmill.registry import Disk, FileOutput, Finished, Store
from textmill.registry.collecting import collect, garbage
from textmill.registry.runs import remember_run, runs_of

DAY = 86_400.0


def key_of(*parts):
    return sha256(repr(parts).encode()).hexdigest()


def run(store, name, settings, data=b"rows"):
    """A run of two steps that registers a version, as cheap as can be; the keys of its steps."""
    keys = {}
    for step in ("train", "register"):
        keys[step] = key_of(name, step, settings, data)
        made = store.put_bytes(f"{step} {settings} of {name}".encode())
        store.finish(Finished(step, keys[step], {"out": FileOutput(made, store.object(made).stat().st_size)}))
    folder = store.scratch.new_folder("model")
    (folder / "w").write_bytes(f"{settings} of {name}".encode())
    store.publish(name, folder, parents={"run": keys["register"]}, config={}, report={})
    remember_run(store, name, keys)
    return keys


def dataset(store, name, rows):
    folder = store.scratch.new_folder("data")
    (folder / "texts.npy").write_bytes(b"hashes of " + rows)
    return store.publish(name, folder, parents={"corpus": store.put_bytes(rows)}, config={}, report={}, kind="dataset")


def whole(store):
    """Every version opens, every remembered last run has nothing to do."""
    for name, versions in store.models().items():
        for version in versions:
            manifest, _ = store.open(name, version)
            assert store.finished(manifest.parents["run"]) is not None
    for name in store.datasets():
        store.object(store.open(f"dataset/{name}")[0].parents["corpus"], verify=True)
    for done in runs_of(store):
        if done.last:
            assert all(store.finished(key) is not None for key in done.keys.values())
    store.audit.verify()


acts = st.one_of(
    st.tuples(st.just("run"), st.sampled_from("ab"), st.integers(0, 3)),
    st.tuples(st.just("data"), st.sampled_from("ab"), st.binary(min_size=1, max_size=2)),
    st.tuples(st.just("orphan"), st.just("x"), st.binary(max_size=2)),
    st.tuples(st.just("remove"), st.sampled_from("ab"), st.integers(1, 4)),
    st.tuples(st.just("collect"), st.just(""), st.just(0)),
)


@pytest.mark.slow
@settings(max_examples=examples(25), deadline=None)
@given(st.lists(acts, max_size=12))
def test_after_collecting_every_version_is_whole_and_the_last_runs_have_nothing_to_do(acts):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        for act, name, what in [*acts, ("collect", "", 0)]:
            if act == "run":
                run(store, name, what)
            elif act == "data":
                dataset(store, name, what)
            elif act == "orphan":
                store.put_bytes(b"orphan" + what)
                store.finish(Finished("old", key_of("orphan", what)))
            elif act == "remove" and what in store.models().get(name, ()):
                store.remove(f"{name}@{what}", force=True)
            elif act == "collect":
                collect(store)
                whole(store)
                assert not garbage(store)
                left = {path.read_bytes()[:6] for path in store.root.glob("objects/*/*")}
                assert b"orphan" not in left
        store.close()


def test_what_nothing_needs_goes_and_is_counted(tmp_path):
    store = Store(tmp_path)
    run(store, "m", 1)
    old = run(store, "m", 2)
    store.remove("m@1")
    kept = run(store, "m", 3)
    size = sum(len(f"{step} 1 of m") for step in ("train", "register")) + len("1 of m")
    going = garbage(store)
    assert {path.stem for path in going.steps} == {key_of("m", step, 1, b"rows") for step in ("train", "register")}
    assert len(going.objects) == 3
    assert len(going.runs) == 1
    assert going.size > size  # and the steps' own files
    assert collect(store) == going
    assert all(store.finished(key) for key in (*old.values(), *kept.values()))
    assert [line.facts for line in store.audit.lines() if line.event == "collect"] == [
        {"steps": 2, "objects": 3, "bytes": going.size}
    ]


def test_what_is_young_stays(tmp_path):
    store = Store(tmp_path)
    store.put_bytes(b"orphan")
    store.finish(Finished("old", "a" * 64))
    assert not garbage(store, older_than=DAY)
    later = time.time() + 2 * DAY
    assert len(garbage(store, older_than=DAY, now=lambda: later).objects) == 1
    assert len(garbage(store, older_than=DAY, now=lambda: later).steps) == 1


def test_an_object_of_a_young_step_stays_however_old_it_is(tmp_path):
    store = Store(tmp_path)
    made = store.put_bytes(b"made")
    os.utime(store.object(made), (0, 0))
    store.finish(Finished("young", "a" * 64, {"out": FileOutput(made, 4)}))
    assert not garbage(store, older_than=DAY)


def aged(store, *below):
    """Let all files below some folders of a store be from 1970."""
    for folder in below:
        for path in (store.root / folder).rglob("*"):
            os.utime(path, (0, 0))


def test_a_young_record_keeps_the_steps_it_names_however_old_they_are(tmp_path):
    """As of a run that goes step by step, which found some of them done."""
    store = Store(tmp_path)
    made = store.put_bytes(b"made")
    store.finish(Finished("a", "a" * 64, {"out": FileOutput(made, 4)}))
    store.finish(Finished("b", "b" * 64))
    aged(store, "objects", "steps")
    Record(store, "monday").write(StepState("a", "cached", "a" * 64))
    collect(store, older_than=DAY)
    assert store.finished("a" * 64) is not None
    assert store.finished("b" * 64) is None


def test_old_records_go_and_young_ones_stay(tmp_path):
    store = Store(tmp_path)
    for what in (1, 2):
        run_flow(
            Flow("demo", (Step("a", lambda work: None, settings={"n": what}), Step("c", lambda work: None))), store
        )
        if what == 1:
            (old,) = (path.name for path in (tmp_path / "runs").glob("*Z-*"))
            aged(store, f"runs/{old}", "steps")
    assert len(list((tmp_path / "runs" / old).rglob("*"))) == 7  # run.json, two folders, and two files in each
    young = {path for path in (tmp_path / "runs").rglob("*") if old not in path.parts}
    going = collect(store, older_than=DAY)
    assert {path.name for path in going.runs if old in path.parts} == {"run.json", "a.json", "c.json", "a.log", "c.log"}
    assert not (tmp_path / "runs" / old).exists()
    assert young - {*going.runs} == set((tmp_path / "runs").rglob("*"))
    collect(store)
    assert not list((tmp_path / "runs").glob("*Z-*"))
    assert store.finished(next(iter(runs_of(store))).keys["a"]) is not None
    assert {path.name for path in (tmp_path / "runs" / "bases" / "demo").iterdir()} == {"a.json", "c.json"}


def test_what_a_key_was_made_of_goes_with_its_step(tmp_path):
    store = Store(tmp_path)
    for name in ("old", "new"):
        run_flow(Flow("demo", (Step(name, lambda work: None),)), store)
    collect(store)
    assert [path.name for path in (tmp_path / "runs" / "bases" / "demo").iterdir()] == ["new.json"]


def test_with_a_manifest_that_cannot_be_read_nothing_is_collected(tmp_path):
    store = Store(tmp_path)
    run(store, "m", 1)
    store.put_bytes(b"orphan")
    (tmp_path / "models" / "m" / "1" / "manifest.json").write_bytes(b"{}")
    with pytest.raises(StoreError, match=r"manifest\.json"):
        collect(store)
    assert store.has(sha256(b"orphan").hexdigest())


AT_WORK = """
import sys
from pathlib import Path
from textmill.registry import Finished, FileOutput, Store
store = Store(Path(sys.argv[1]))
with store.lock("run-m"):
    made = store.put_bytes(b"made in a run at work")
    print("at work", flush=True)
    sys.stdin.readline()
    store.finish(Finished("train", "a" * 64, {"out": FileOutput(made, 21)}))
    from textmill.registry.runs import remember_run
    remember_run(store, "m", {"train": "a" * 64})
"""


def test_a_run_at_work_is_waited_for_and_loses_nothing(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout.readline() == "at work\n"
        store = Store(tmp_path)
        with pytest.raises(LockHeld, match=f"the store is locked by process {worker.pid} "):
            collect(store, wait=0)

        def let_go(who):
            worker.stdin.write("\n")
            worker.stdin.flush()

        collect(store, on_wait=let_go)
        assert store.finished("a" * 64) is not None


def test_while_somebody_collects_a_run_waits(tmp_path):
    store = Store(tmp_path)
    with store.in_use(alone=True), pytest.raises(LockHeld, match="the store is locked by process"), store.lock("run-m"):
        pass


def test_runs_use_the_store_together(tmp_path):
    store = Store(tmp_path)
    with store.lock("run-a"), store.lock("run-b"), store.in_use(wait=0):
        pass


def test_a_disk_that_fails_in_the_middle_leaves_steps_with_all_their_objects(tmp_path):
    class Failing(Disk):
        left = 2

        def remove(self, path):
            self.left -= 1
            if self.left == 0:
                raise OSError(30, "Read-only file system")
            super().remove(path)

    store = Store(tmp_path, disk=Failing())
    run(store, "m", 1)
    for n in range(3):
        made = store.put_bytes(b"orphan%d" % n)
        store.finish(Finished("old", key_of(n), {"out": FileOutput(made, 7)}))
    with pytest.raises(StoreWriteError, match="no permission"):
        collect(store)
    assert len([path for path in (tmp_path / "steps").iterdir() if store.finished(path.stem)]) == 4
    whole(store)
    collect(Store(tmp_path))
    assert len(list((tmp_path / "steps").iterdir())) == 2
