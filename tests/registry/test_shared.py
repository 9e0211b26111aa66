"""A store that machines share: here in memory, where any call can fail; `test_shared_server.py` has a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from buckets import Killed, MemoryBucket
from textmill.errors import CorruptError, MissingExtra, NotInStore, StoreError
from textmill.registry import FileOutput, Finished, Store
from textmill.registry.aliases import Alias
from textmill.registry.shared import SharedStore

URL = "s3://memory/store"


class Clock:
    """Each look is a minute after the one before: what was seen is never fresh."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


@pytest.fixture
def objects() -> dict[str, bytes]:
    return {}


@pytest.fixture
def machine(tmp_path, objects):
    def make(name: str, **failing: object) -> SharedStore:
        return SharedStore(URL, tmp_path / name, bucket=MemoryBucket(objects, **failing), clock=Clock())

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model" / "sub").mkdir(parents=True)
    (tmp_path / "model" / "w").write_bytes(bytes(1000))
    (tmp_path / "model" / "sub" / "x").write_bytes(b"x")
    return tmp_path / "model"


def publish(store: Store, folder: Path, **parents: str):
    return store.publish("m", folder, parents=parents, config={}, report={})


def test_what_one_machine_publishes_another_opens(machine, folder):
    a, b = machine("a"), machine("b")
    made = publish(a, folder)
    found, place = b.open("m")
    assert found == made
    assert (place / "sub" / "x").read_bytes() == b"x"
    assert b.models() == {"m": (1,)}
    assert a.open("m")[0] == made


def test_aliases_and_removals_are_seen_everywhere(machine, folder):
    a, b = machine("a"), machine("b")
    publish(a, folder)
    publish(b, folder)
    a.point("m@1", "champion")
    b.point("m@2", "champion")
    assert a.aliases("m") == {"champion": Alias(2, (1,))}
    assert a.roll_back("m") == Alias(1)
    assert b.drop_alias("m", "champion") == Alias(1)
    b.remove("m@1")
    assert a.models() == {"m": (2,)}
    assert publish(a, folder).ref.version == 3
    with pytest.raises(NotInStore):
        a.open("m@1")
    assert [line.event for line in a.audit.lines()] == [
        "publish", "publish", "promote", "promote", "rollback", "drop", "remove", "publish",
    ]  # fmt: skip
    assert a.audit.verify() == b.audit.verify() == 8
    assert (a.root / "audit.jsonl").read_bytes() == (b.root / "audit.jsonl").read_bytes()


def test_a_finished_step_is_found_by_another_machine_and_its_objects_come_when_they_are_wanted(machine):
    a, b = machine("a"), machine("b")
    sha256 = a.put_bytes(b"out")
    done = Finished("train", "a" * 64, {"w": FileOutput(sha256, 3)}, {"n": 1}, 2.0)
    assert b.finished(done.key) is None
    a.finish(done)
    assert b.finished(done.key) == done
    assert not Store(b.root).has(sha256)
    assert b.has(sha256, 3)
    assert not b.has(sha256, 4)
    assert b.object(sha256, verify=True).read_bytes() == b"out"
    assert Store(b.root).finished(done.key) == done


def test_an_alias_that_was_moved_elsewhere_is_not_moved_by_what_was_decided_before(machine, folder):
    a, b = machine("a"), machine("b")
    publish(a, folder)
    publish(a, folder)
    seen = a.aliases("m")
    b.point("m@1", "champion")
    with pytest.raises(StoreError, match="was moved by somebody else meanwhile: it is version 1 now"):
        a.point("m@2", "champion", seen=seen)


def test_whoever_is_overtaken_decides_anew(machine, folder, monkeypatch):
    a, b = machine("a"), machine("b")
    publish(a, folder)
    create, others = MemoryBucket.create, [1]

    def overtaken(bucket, key, data):
        if bucket is a.bucket and key.startswith("audit/") and others:
            others.pop()
            publish(b, folder)  # at the last moment
        return create(bucket, key, data)

    monkeypatch.setattr(MemoryBucket, "create", overtaken)
    assert publish(a, folder).ref.version == 3
    assert a.audit.verify() == 3


def test_the_same_run_on_two_machines_is_one_version(machine, folder):
    a, b = machine("a"), machine("b")
    assert publish(a, folder, run="k").ref.version == 1
    assert publish(b, folder, run="k").ref.version == 1
    assert publish(b, folder, run="other").ref.version == 2
    assert publish(a, folder, run="k").ref.version == 3


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_call_leaves_a_version_or_none_and_the_next_goes_on(machine, folder, objects, after):
    at = 0
    while True:
        at += 1
        objects.clear()
        dying = machine(f"dying-{after}-{at}", fail_at=at, after=after)
        try:
            publish(dying, folder)
            dying.point("m@1", "champion")
        except Killed:
            pass
        else:
            break
        other = machine(f"other-{after}-{at}")
        for version in other.models().get("m", ()):
            other.open("m", version)  # every file is there
        made = publish(other, folder).ref.version
        assert made == len(other.models()["m"])
        again = machine(f"dying-{after}-{at}")
        again.point(f"m@{made}", "champion")
        assert again.open("m@champion")[0].ref.version == made
        assert again.audit.verify() == other.audit.verify()
    assert at > 6


def test_a_lost_answer_is_not_taken_for_somebody_else(machine, folder, monkeypatch):
    a = machine("a")
    publish(a, folder)
    create = MemoryBucket.create

    def answer_lost(bucket, key, data):
        create(bucket, key, data)
        return create(bucket, key, data)  # the library asks again, and its own object is there

    monkeypatch.setattr(MemoryBucket, "create", answer_lost)
    assert a.point("m@1", "champion") == Alias(1)
    assert a.audit.verify() == 2


def test_machines_that_publish_and_promote_at_once_lose_nothing(machine, folder):
    stores = [machine(f"m{number}") for number in range(4)]
    errors: list[BaseException] = []

    def work(store: SharedStore) -> None:
        try:
            for _ in range(4):
                made = publish(store, folder)
                store.point(made.ref, "champion")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    fresh = machine("fresh")
    assert fresh.models() == {"m": tuple(range(1, 17))}
    assert fresh.audit.verify() == 32
    pointed = fresh.aliases("m")["champion"]
    assert sorted([*pointed.before, pointed.version]) == list(range(1, 17))
    assert all(store.aliases("m") == fresh.aliases("m") for store in stores)


def test_a_damaged_object_is_found_before_it_is_used_and_named(machine, folder, objects):
    a, b = machine("a"), machine("b")
    made = publish(a, folder)
    key = f"objects/{made.files['w'][:2]}/{made.files['w']}"
    objects[key] = objects[key][:-1] + b"!"
    with pytest.raises(CorruptError) as caught:
        b.open("m")
    assert f"{URL}/{key}: model/m@1, w: this object is not what was written" in str(caught.value)
    publish(a, folder)  # puts a whole one in its place
    b.open("m@1")


def test_a_file_that_is_gone_is_put_again_or_its_version_gets_a_successor(machine, folder, objects):
    a, b = machine("a"), machine("b")
    made = publish(a, folder, run="k")
    key = f"objects/{made.files['w'][:2]}/{made.files['w']}"
    del objects[key]
    with pytest.raises(CorruptError, match=r"model/m@1, w: there is no such object"):
        b.open("m")
    assert not (b.open("m", verify=False)[1] / "w").exists()
    assert publish(b, folder, run="k").ref.version == 1
    machine("c").open("m@1")
    del objects[key]
    (folder / "w").write_bytes(b"other")
    assert publish(machine("d"), folder, run="k").ref.version == 2


def test_what_others_finished_can_be_named_by_a_step_of_ours(machine):
    a, b = machine("a"), machine("b")
    sha256 = a.put_bytes(b"out")
    a.finish(Finished("piece", "a" * 64, {"w": FileOutput(sha256, 3)}))
    b.finish(Finished("all", "b" * 64, {"w": FileOutput(sha256, 3)}))
    assert a.finished("b" * 64) is not None
    with pytest.raises(NotInStore):
        b.finish(Finished("all", "c" * 64, {"w": FileOutput("0" * 64, 3)}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.replace(b"root", b"boot") if b"root" in line else line.replace(b'"by":"', b'"by":"x'),
        lambda line: line.replace(b"model/m@1", b"model/m@9"),
        lambda line: line[:-1],
    ],
)
def test_a_changed_line_is_found(machine, folder, objects, spoil):
    a = machine("a")
    publish(a, folder)
    publish(a, folder)
    key = "audit/0000000001"
    said, rest = objects[key].split(b"\n", 1)
    objects[key] = spoil(said) + b"\n" + rest
    with pytest.raises(CorruptError):
        machine("b").models()
    with pytest.raises(CorruptError, match=key):
        a.audit.verify()


def test_a_missing_line_is_found(machine, folder, objects):
    a = machine("a")
    for _ in range(3):
        publish(a, folder)
    del objects["audit/0000000002"]
    with pytest.raises(CorruptError, match="audit/0000000002: this line is missing"):
        machine("b").models()
    with pytest.raises(CorruptError, match="audit/0000000002"):
        a.audit.verify()


def test_a_line_cannot_write_outside_of_what_changes_write(machine, folder, objects):
    for name in ("../x", "models/../../x", "models/m/1/w", "audit.jsonl", "/etc/x", "models/.m/aliases.json"):
        objects.clear()
        a = machine(name.replace("/", "_"))
        with pytest.raises(CorruptError, match="names a file that no change writes"):
            a.audit.change(0, "promote", {"wrote": {name: "0" * 64}}, b"")
        with pytest.raises(CorruptError, match="names a file that no change writes"):
            machine(f"{name.replace('/', '_')}-b").models()


def test_lines_that_come_while_they_are_asked_for_are_not_missing(machine, folder, monkeypatch):
    a, b = machine("a"), machine("b")
    publish(a, folder)
    read, others = MemoryBucket.read, [1]

    def slowly(bucket, keys):
        found = []
        for key in keys:
            found += read(bucket, [key])
            if bucket is b.bucket and key == "audit/0000000002" and len(keys) > 1 and others:
                others.pop()
                publish(a, folder)  # the second, which we have been told is not there
                publish(a, folder)
        return found

    monkeypatch.setattr(MemoryBucket, "read", slowly)
    assert b.models() == {"m": (1,)}
    assert not others
    assert b.models() == {"m": (1, 2, 3)}


def test_another_store_at_the_same_url_is_not_mixed_with_the_copy_of_the_old_one(machine, folder, objects):
    publish(machine("a"), folder)
    objects.clear()
    publish(machine("b"), folder, data="other")
    with pytest.raises(CorruptError, match="is not the one that this folder is a copy of"):
        machine("a").models()


def test_a_server_that_takes_no_notice_of_the_condition_is_refused(machine, folder, monkeypatch):
    def overwrites(bucket, key, data):
        bucket.objects[key] = data
        return True

    monkeypatch.setattr(MemoryBucket, "create", overwrites)
    with pytest.raises(StoreError, match="lets two machines write one object at once"):
        publish(machine("a"), folder)


def test_the_copy_may_be_removed(machine, folder, tmp_path):
    a = machine("a")
    made = publish(a, folder)
    a.close()
    os.rename(tmp_path / "a", tmp_path / "gone")
    assert machine("a").open("m")[0] == made


def test_what_is_read_asks_the_server_no_more_than_once_a_second(tmp_path, objects, folder):
    now = [0.0]
    b = SharedStore(URL, tmp_path / "b", bucket=MemoryBucket(objects), clock=lambda: now[0])
    assert b.models() == {}
    publish(SharedStore(URL, tmp_path / "a", bucket=MemoryBucket(objects)), folder)
    assert b.models() == {}
    now[0] = 1.0
    assert b.models() == {"m": (1,)}


def test_the_policy_of_the_store_is_the_one_on_the_server(machine, objects):
    a = machine("a")
    (a.root).mkdir()
    (a.root / "policy.toml").write_text("approvals = 9\n")
    assert not a.settings_file("policy.toml").exists()
    objects["policy.toml"] = b"approvals = 1\n"
    assert a.settings_file("policy.toml").read_bytes() == b"approvals = 1\n"


def test_a_url_makes_a_shared_store_with_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTMILL_CACHE", str(tmp_path))
    monkeypatch.setenv("TEXTMILL_STORE", "s3://mill/shop/")
    store = Store.near()
    assert isinstance(store, SharedStore)
    assert store.place == "s3://mill/shop"
    assert store.root.parent == tmp_path
    assert Store.beside(tmp_path).root == store.root
    assert Store.at("s3://mill/shop2").root != store.root
    assert not store.root.exists()


@pytest.mark.parametrize("url", ["ftp://a/b", "s3://", "memory://x", "https://bucket.s3.amazonaws.com/x"])
def test_what_can_be_no_shared_store_is_refused(url):
    with pytest.raises(StoreError, match=r"wanted s3://BUCKET/PREFIX or a folder"):
        Store.at(url)


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtra, match=r"pip install 'textmill\[shared\]'"):
        SharedStore("s3://mill/shop", tmp_path).models()


def test_a_folder_loads_nothing_of_a_shared_store():
    code = "import sys, textmill.registry.store; print([m for m in sys.modules if 'fsspec' in m or 'shared' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_line_and_its_change_are_one_object(machine, folder, objects):
    a = machine("a")
    made = publish(a, folder)
    line, token, manifest = objects["audit/0000000001"].split(b"\n", 2)
    assert json.loads(line)["facts"]["ref"] == str(made.ref)
    assert len(token) == 32
    assert manifest == (a.root / "models" / "m" / "1" / "manifest.json").read_bytes()
