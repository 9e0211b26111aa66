import os
import time
from pathlib import Path

import pytest

from textmill.errors import SourceError, StoreWriteError
from textmill.flow import sources
from textmill.flow.handing import hand_out, is_handed_out
from textmill.flow.keys import code_version
from textmill.flow.sources import FileDigests
from textmill.registry import Disk, Store
from textmill.registry.objects import digest_of

HOUR = 3_600_000_000_000


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The names of files whose bytes were read for a digest."""
    names: list[str] = []

    def counted(path: Path) -> str:
        names.append(path.name)
        return digest_of(path)

    monkeypatch.setattr(sources, "digest_of", counted)
    return names


def later(tmp_path: Path) -> FileDigests:
    """Digests an hour from now, when every file of the test is old."""
    return FileDigests(Store(tmp_path / "store"), now=lambda: time.time_ns() + HOUR)


def test_an_old_file_is_read_once_also_by_the_next_run(tmp_path, read):
    (tmp_path / "a.csv").write_text("a")
    digests = later(tmp_path)
    first = digests.of(tmp_path / "a.csv")
    assert digests.of(tmp_path / "a.csv") == first == digest_of(tmp_path / "a.csv")
    digests.save()
    assert later(tmp_path).of(tmp_path / "a.csv") == first
    assert read == ["a.csv"]


def test_a_file_changed_in_the_last_two_seconds_or_the_future_is_read_each_time(tmp_path, read):
    path = tmp_path / "a.csv"
    path.write_text("a")
    changed = path.stat().st_mtime_ns
    for age in (-HOUR, 0, 1_900_000_000):
        digests = FileDigests(Store(tmp_path / "store"), now=lambda: changed + age)  # noqa: B023 - called in its turn
        digests.of(path)
        digests.of(path)
        digests.save()
    assert len(read) == 6
    assert not (tmp_path / "store").exists()


def test_a_file_rewritten_with_the_same_size_and_time_is_noticed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a")
    before = path.stat()
    digests = later(tmp_path)
    first = digests.of(path)
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # until the file system's clock has ticked
        path.write_text("b")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert digests.of(path) != first


def test_a_memory_that_was_changed_is_not_believed(tmp_path, read):
    (tmp_path / "a.csv").write_text("a")
    digests = later(tmp_path)
    right = digests.of(tmp_path / "a.csv")
    digests.save()
    kept = tmp_path / "store" / "runs" / "digests.json"
    good = kept.read_bytes()
    for bad in (good.replace(right.encode(), b"0" * 64), b"", b"[]", good[:-5]):
        kept.write_bytes(bad)
        assert later(tmp_path).of(tmp_path / "a.csv") == right


def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        later(tmp_path).of(tmp_path / "a.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        later(tmp_path).of(tmp_path)


def test_what_is_handed_out_replaces_the_old_file_whole_and_clears_what_a_kill_left(tmp_path):
    (tmp_path / "new").write_text("new page")
    target = tmp_path / "report.html"
    target.write_text("old page, longer than the new one")
    (tmp_path / ".report.html.12ab.part").write_text("half")
    hand_out(tmp_path / "new", target, Disk())
    assert target.read_text() == "new page"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "report.html"]
    digests = later(tmp_path)
    assert is_handed_out(target, digest_of(tmp_path / "new"), digests)
    target.write_text("edited")
    assert not is_handed_out(target, digest_of(tmp_path / "new"), digests)
    target.unlink()
    assert not is_handed_out(target, digest_of(tmp_path / "new"), digests)


def test_a_full_disk_leaves_the_old_file(tmp_path):
    class Full(Disk):
        def write(self, descriptor: int, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    (tmp_path / "new").write_text("new page")
    (tmp_path / "report.html").write_text("old page")
    with pytest.raises(StoreWriteError, match="no room"):
        hand_out(tmp_path / "new", tmp_path / "report.html", Full())
    assert (tmp_path / "report.html").read_text() == "old page"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_code_version_is_of_the_named_rooms_in_their_order():
    assert code_version("registry") == code_version("registry")
    assert len({code_version("registry"), code_version("flow"), code_version("flow/classify"), code_version()}) == 4
