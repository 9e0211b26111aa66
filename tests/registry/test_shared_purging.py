"""Purging a store that machines share: from the bucket, and from the copy of each machine when it looks again."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the fakes of its neighbours

from test_lineage import ROWS, dataset, model, person, text
from test_shared_collecting import World, step

from textmill.errors import NotInStore, StoreError
from textmill.read.row_hashes import Erased
from textmill.registry.collecting import collect
from textmill.registry.erasure import erase
from textmill.registry.runs import remember_run
from textmill.registry.shared import SharedStore

READ, TRAIN = "1" * 64, "2" * 64  # keys of steps


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    store = world.machine("first")
    model(store, dataset(store, tmp_path), ["a flood"], run=TRAIN)
    step(store, READ, b"rejected: a fire")
    step(store, TRAIN, b"mistaken: a fire")
    remember_run(store, "toy", {"read": READ, "register": TRAIN})
    store.close()
    return world


def purge(store: SharedStore, wanted: Erased | None = None):
    return erase(store, wanted or text("a fire"), reason="request 7", purge=True)


def holding(world: World, *needles: bytes) -> list[str]:
    """The objects of the bucket that hold one of some texts."""
    return [key for key, data in world.objects.items() if any(needle in data for needle in needles)]


def copies(store: SharedStore, *needles: bytes) -> list[str]:
    files = [path for path in store.root.rglob("*") if path.is_file()]
    return [path.name for path in files if any(needle in path.read_bytes() for needle in needles)]


def test_after_a_purge_no_object_and_no_copy_holds_the_text(world):
    a, b = world.machine("a"), world.machine("b")
    for store in (a, b):  # both have it here
        with store.lock("run-toy"):
            for key in (READ, TRAIN):
                found = store.finished(key)
                store.object(found.files["0"].sha256)
        store.object(store.manifest("dataset/toy").parents["corpus"])
        (store.root / "runs" / "x" / "logs").mkdir(parents=True)
        (store.root / "runs" / "x" / "logs" / "read.log").write_text("a fire")
    assert len(holding(world, b"a fire")) == len(copies(b, b"a fire")) - 1 == 3
    done = purge(a)
    assert holding(world, b"a fire") == []
    assert copies(a, b"a fire") == []
    assert {len(done.holding.steps), len(done.holding.objects)} == {2, 3}
    assert [str(one.after) for one in done.successors] == ["dataset/toy@2"]
    assert copies(b, b"a fire") != []
    assert b.datasets() == {"toy": (1, 2)}  # it looks
    assert copies(b, b"a fire") == []
    fresh = world.machine("fresh")
    assert [fresh.finished(key) for key in (READ, TRAIN)] == [None, None]
    for version in ("toy", "dataset/toy@1", "dataset/toy@2"):
        fresh.open(version)  # also the model that has learned from it, until it is removed
    assert fresh.object(fresh.manifest("dataset/toy").parents["corpus"], verify=True)
    assert not fresh.has(fresh.manifest("dataset/toy@1").parents["corpus"])
    assert fresh.audit.verify() == a.audit.verify()
    assert [line.event for line in fresh.audit.lines()][-4:] == ["erase", "publish", "looking", "purge"]


def test_the_files_of_a_model_go_once_it_is_removed_and_it_is_purged_again(world, tmp_path):
    a = world.machine("a")
    folder = a.scratch.new_folder("model")
    (folder / "words.txt").write_bytes(b"words of a fire")
    a.publish("toy", folder, parents={**a.manifest("toy").parents, "run": "3" * 64}, config={}, report={})
    assert {str(one.ref) for one in purge(a).found.models} == {"model/toy@1", "model/toy@2"}
    assert len(holding(world, b"a fire")) == 1
    a.open("toy@2")
    a.remove("toy@2", force=True)
    purge(a)
    assert holding(world, b"a fire") == []


def test_a_run_that_was_at_work_meanwhile_finishes_nothing_and_leaves_nothing(world):
    a, b = world.machine("a"), world.machine("b")
    with b.lock("run-toy"):
        left = b.finished(READ)
        b.object(left.files["0"].sha256)
        purge(a)
        with pytest.raises(StoreError, match=r"rows were purged.*while this was at work.*Run it again"):
            step(b, "3" * 64, b"learned: a fire")
        with pytest.raises(StoreError, match="rows were purged"):
            b.object(left.files["0"].sha256)
        folder = b.scratch.new_folder("model")
        (folder / "w").write_bytes(b"a fire, learned")
        with pytest.raises(StoreError, match="rows were purged"):
            b.publish("toy", folder, parents={}, config={}, report={})
        (b.root / "runs" / "x" / "logs").mkdir(parents=True)
        (b.root / "runs" / "x" / "logs" / "train.log").write_text("a fire")
        assert holding(world, b"a fire") == []
    assert b.finished(READ) is None
    b.close()
    b.catch_up()
    assert copies(b, b"a fire") == []
    with b.lock("run-toy"):  # the next one
        step(b, "4" * 64, b"without")
        assert b.object(b.put_bytes(b"without"))
    assert world.machine("fresh").finished("4" * 64) is not None


@pytest.mark.slow
def test_whoever_finishes_a_step_between_any_two_calls_of_a_purge_leaves_nothing_there(tmp_path):
    """What was finished before the purge goes with it, and later nothing is finished."""
    for at in itertools.count(1):
        world = World(tmp_path / str(at))
        store = world.machine("first")
        dataset(store, tmp_path)
        calls, said = itertools.count(1), list[str]()
        other = world.machine("other")
        lock = other.lock("run-toy")
        lock.__enter__()

        def before(call: str, key: str, calls=calls, at=at, other=other, said=said) -> None:
            if next(calls) == at:
                try:
                    step(other, "3" * 64, b"learned: a fire")
                except StoreError as error:
                    said.append(str(error))

        a = world.machine("a", before=before)
        purge(a)
        lock.__exit__(None, None, None)
        if next(calls) <= at:
            break
        assert holding(world, b"a fire") == []
        assert world.machine("fresh").finished("3" * 64) is None
        other.close()
        other.catch_up()
        assert copies(other, b"a fire") == []
    assert at > 10


def test_a_purge_that_was_killed_is_ended_by_the_next(world, monkeypatch):
    a = world.machine("a")

    def killed(bucket, keys):
        if keys:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(a.bucket), "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            purge(a)
    assert len(holding(world, b"a fire")) == 3
    b = world.machine("b")
    rows = b.manifest("dataset/toy@1").parents["corpus"]
    with pytest.raises(NotInStore):
        b.object(rows)  # nobody finds it any more
    collect(b, older_than=86_400)
    assert holding(world, b"a fire") == []


def test_a_bucket_that_keeps_what_is_deleted_cannot_be_purged(world, monkeypatch):
    a = world.machine("a")
    monkeypatch.setattr(type(a.bucket), "keeps_old", lambda _: True)
    with pytest.raises(StoreError, match="this bucket keeps old versions of what is deleted"):
        purge(a)
    assert a.datasets() == {"toy": (1,)}


def test_another_persons_row_with_the_same_text_stays_and_that_is_said(tmp_path):
    world = World(tmp_path)
    a = world.machine("a")
    dataset(a, tmp_path, [*ROWS, ("A FIRE!", "x", "u2"), ("a fire", "x", "u1")], test=[("a song", "x", "u3")])
    done = purge(a, person("u1"))
    assert [(one.rows, one.alike) for one in done.successors] == [(3, 2)]
    assert len(holding(world, b"A FIRE!")) == 1
    assert [one.alike for one in purge(a, text("a fire")).successors] == [0]
    assert holding(world, b"A FIRE!") == []
