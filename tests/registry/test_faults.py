import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mounting import mounted
from textmill.errors import StoreWriteError
from textmill.registry import Disk, FileOutput, Finished, Store

CALLS = ["open_new", "write", "sync", "rename", "link_or_copy", "sync_folder", "make_folder"]


class FailingDisk(Disk):
    """Fails at one call, counted from 1, as a disk does that is full, or that may not be written."""

    def __init__(self, at: int, number: int) -> None:
        self.left, self.number = at, number


def _failing(call: str) -> Callable[..., object]:
    def fails(self: FailingDisk, *args: object) -> object:
        self.left -= 1
        if self.left == 0:
            if call == "write":  # the first half still went to the disk
                os.write(args[0], args[1][: len(args[1]) // 2])
            raise OSError(self.number, os.strerror(self.number))
        return getattr(Disk, call)(self, *args)

    return fails


for _call in CALLS:
    setattr(FailingDisk, _call, _failing(_call))


def work(store: Store, folder: Path) -> None:
    made = store.put_bytes(b"out")
    store.finish(Finished("train", "a" * 64, {"w": FileOutput(made, 3)}))
    store.publish("m", folder, parents={}, config={}, report={})


def whole(store: Store) -> None:
    """Nothing in the store is half-written."""
    objects = [p for p in (store.root / "objects").rglob("*") if p.is_file()]
    for path in objects:
        store.object(path.name, verify=True)
    for path in (store.root / "steps").glob("*"):
        assert store.finished(path.stem) is not None
    for name in store.models():
        store.open(name)
    store.audit.verify()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w").write_bytes(bytes(1000))
    return tmp_path / "model"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "no permission"),
        (errno.EIO, "cannot be"),
    ],
)
def test_a_disk_that_fails_at_any_call_is_one_sentence_and_leaves_nothing_half_written(tmp_path, folder, number, said):
    at = 0
    while True:
        at += 1
        root = tmp_path / f"store{at}"
        disk = FailingDisk(at, number)
        store = Store(root, disk=disk)
        try:
            work(store, folder)
        except StoreWriteError as error:
            sentence = str(error)
        else:
            assert disk.left > 0
            break
        assert said in sentence
        assert "\n" not in sentence
        whole(Store(root))
        store.close()
        assert not (root / "tmp").exists() or list((root / "tmp").iterdir()) == []
        again = Store(root)
        work(again, folder)
        assert again.open("m")[0].ref.version in (1, 2)  # 2 where only the last flush of the first failed
        whole(again)
        again.close()
    assert at > 30


def test_a_disk_without_second_names_for_a_file_gets_copies(tmp_path, folder, monkeypatch):
    def refuses(old: object, new: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuses)
    store = Store(tmp_path / "store")
    work(store, folder)
    whole(store)


SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from textmill.errors import StoreWriteError
from textmill.registry import Store
place = Path(sys.argv[1])
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]).returncode:
    sys.exit(77)
store = Store(place / "store")
kept = store.put_bytes(bytes(100_000))
try:
    store.put_bytes(b"x" * 300_000)
    sys.exit("no error")
except StoreWriteError as error:
    print(error)
(place.parent / "big").write_bytes(b"y" * 300_000)
try:
    store.put_file(place.parent / "big")
    sys.exit("no error")
except StoreWriteError as error:
    print(error)
assert [p.name for p in (place / "store/objects").rglob("*") if p.is_file()] == [kept]
assert all(p.suffix == ".lock" or not list(p.iterdir()) for p in (place / "store/tmp").iterdir())
store.object(kept, verify=True)
store.put_bytes(b"z" * 50_000)
"""

CLOSED_DISK = """
import subprocess, sys
from pathlib import Path
from textmill.errors import StoreWriteError
from textmill.registry import Store
place = Path(sys.argv[1])
kept = Store(place / "store").put_bytes(b"kept")
if subprocess.run(["mount", "--bind", str(place), str(place)]).returncode:
    sys.exit(77)
if subprocess.run(["mount", "-o", "remount,ro,bind", str(place)]).returncode:
    sys.exit(77)
store = Store(place / "store")
assert store.object(kept, verify=True).read_bytes() == b"kept"
assert store.models() == {}
for write in (lambda: store.put_bytes(b"more"), lambda: store.lock("a").__enter__(), lambda: store.audit.append("x")):
    try:
        write()
        sys.exit("no error")
    except StoreWriteError as error:
        print(error)
"""


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(tmp_path):
    said = mounted(SMALL_DISK, tmp_path / "small").splitlines()
    assert len(said) == 2
    assert all("there is no room left on the disk" in line for line in said)


def test_a_disk_that_may_not_be_written_can_be_read_and_says_so(tmp_path):
    said = mounted(CLOSED_DISK, tmp_path / "closed").splitlines()
    assert len(said) == 3
    assert all("there is no permission to write here" in line for line in said)
