"""A store in a folder of a network file system: what such systems lack or show late, simulated here."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from textmill.errors import StoreError, StoreWriteError
from textmill.registry import FileOutput, Finished, Store
from textmill.registry.collecting import collect
from textmill.registry.erased import erased_of

REFUSED = [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w").write_bytes(bytes(1000))
    return tmp_path / "model"


def publish(store: Store, folder: Path):
    return store.publish("m", folder, parents={}, config={}, report={})


def refusing(number: int):
    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", REFUSED)
def test_without_locks_that_is_said_in_a_sentence_and_nothing_is_written(tmp_path, folder, monkeypatch, number):
    there = Store(tmp_path / "store")
    publish(there, folder)
    there.close()
    before = sorted(path for path in (tmp_path / "store").rglob("*") if path.parent.name != "locks")
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    store = Store(tmp_path / "store")
    said = r"files cannot be locked here: .*TEXTMILL_STORE"
    for act in (
        lambda: publish(store, folder),
        lambda: store.point("m@1", "champion"),
        lambda: store.put_bytes(b"x"),
        lambda: collect(store),
        lambda: store.write(store.root / "x", b"x"),
    ):
        with pytest.raises(StoreError, match=said):
            act()
    store.scratch.sweep()
    store.close()
    assert sorted(path for path in (tmp_path / "store").rglob("*") if path.parent.name != "locks") == before
    assert store.open("m")[0].ref.version == 1  # reading needs no lock


def test_what_a_process_left_stays_where_nobody_can_tell_whether_it_lives(tmp_path, monkeypatch):
    alive = Store(tmp_path)
    new = alive.scratch.new_folder("x")
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    assert Store(tmp_path).scratch.sweep() == 0
    assert new.is_dir()


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EMLINK])
def test_without_second_names_files_are_copied(tmp_path, folder, monkeypatch, number):
    monkeypatch.setattr(os, "link", refusing(number))
    store = Store(tmp_path / "store")
    made = publish(store, folder)
    place = store.open("m")[1]
    assert (place / "w").stat().st_nlink == 1
    collect(store)
    assert store.open("m")[0] == made
    assert store.has(made.files["w"])  # a version names it
    assert publish(store, folder).ref.version == 2


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_where_folders_cannot_be_flushed_files_are(tmp_path, folder, monkeypatch, number):
    fsync, flushed = os.fsync, list[int]()

    def files_only(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(number, os.strerror(number))
        flushed.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    publish(Store(tmp_path / "store"), folder)
    assert flushed


def test_a_client_that_still_sees_an_old_folder_takes_no_version_from_another(tmp_path, folder, monkeypatch):
    """Its list of versions is as old as its cache: the number it takes is taken, and the rename says so."""
    ours, theirs = Store(tmp_path / "store"), Store(tmp_path / "store")
    publish(ours, folder)
    (folder / "w").write_bytes(b"theirs")
    made = publish(theirs, folder)
    (folder / "w").write_bytes(b"ours")
    listdir, below = os.listdir, ours.root / "models" / "m"
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", lambda path: ["1"] if Path(path) == below else listdir(path))
        with pytest.raises(StoreWriteError, match="another has made this version"):
            publish(ours, folder)
    assert (theirs.open("m@2")[1] / "w").read_bytes() == b"theirs"
    assert theirs.open("m@2")[0] == made
    assert publish(ours, folder).ref.version == 3
    assert ours.audit.verify() == 4  # with a line whose version never came


def test_a_file_that_another_client_replaces_while_it_is_read_is_a_sentence(tmp_path, folder, monkeypatch):
    store = Store(tmp_path / "store")
    publish(store, folder)
    store.point("m@1", "champion")
    monkeypatch.setattr(Path, "read_bytes", refusing(errno.ESTALE))
    looks = [lambda: store.manifest("m"), lambda: store.aliases("m"), lambda: list(store.audit.lines())]
    (store.root / "erased").mkdir()
    looks += [lambda: erased_of(store, "m")]
    for look in looks:
        with pytest.raises(StoreError, match=r"[Ss]tale file handle"):
            look()
    assert store.finished("a" * 64) is None  # it is done again


def test_two_clients_with_a_store_object_each_see_what_the_other_did(tmp_path, folder):
    one, two = Store(tmp_path / "store"), Store(tmp_path / "store")
    one.finish(Finished("train", "a" * 64, {"w": FileOutput(one.put_file(folder / "w"), 1000)}))
    assert two.finished("a" * 64) is not None
    assert publish(two, folder).ref.version == 1
    one.point("m@1", "champion")
    assert two.aliases("m")["champion"].version == 1
    assert publish(one, folder).ref.version == 2
    two.remove("m@2", force=True)
    assert publish(one, folder).ref.version == 3
    assert one.audit.verify() == two.audit.verify() == 5
