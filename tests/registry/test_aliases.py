import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.errors import CorruptError, DataError, FormatError, NotInStore, StoreError, StoreWriteError
from textmill.registry import Alias, Disk, Store
from textmill.registry.aliases import ALIASES, Line, check_moves, read_aliases, write_aliases
from textmill.registry.sealed import seal
from textmill.types import Ref


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "w").write_bytes(bytes(100))
    return made


def filled(root: Path, folder: Path, versions: int = 3, disk: Disk | None = None) -> Store:
    store = Store(root, disk=disk)
    for _ in range(versions):
        store.publish("m", folder, parents={}, config={}, report={})
    return store


@pytest.fixture
def store(tmp_path: Path, folder: Path) -> Store:
    return filled(tmp_path / "store", folder)


def file_of(store: Store) -> Path:
    return store.root / "models" / "m" / ALIASES


def check(store: Store) -> None:
    check_moves(store.audit.lines(), {name: store.aliases(name) for name in store.models()})


def test_an_alias_is_accepted_wherever_a_version_is(store):
    assert store.point("m@2", "champion") == Alias(2)
    for spelled in ("m@champion", "model/m@champion"):
        assert store.ref(spelled) == Ref("model", "m", 2)
        assert store.open(spelled)[0].ref.version == 2
    assert store.diff("m@champion", "m@1").a.version == 2
    assert store.ref("m").version == 3


def test_rolling_back_walks_the_way_back_and_passes_over_what_was_removed(store):
    for version in (1, 2, 3):
        store.point(f"m@{version}", "champion")
    assert store.aliases("m") == {"champion": Alias(3, (1, 2))}
    store.remove("m@2")
    assert store.roll_back("m") == Alias(1)
    with pytest.raises(StoreError, match="nothing to go back to"):
        store.roll_back("m")
    assert store.ref("m@champion").version == 1
    moves = (line for line in store.audit.lines() if "alias" in line.facts)
    assert [(line.event, line.facts["ref"], line.facts["before"]) for line in moves] == [
        ("promote", "model/m@1", None),
        ("promote", "model/m@2", 1),
        ("promote", "model/m@3", 2),
        ("rollback", "model/m@1", 3),
    ]
    check(store)


def test_pointing_to_where_it_is_already_changes_nothing(store):
    store.point("m@1", "champion")
    before = store.audit.verify()
    assert store.point("m@1", "champion") == Alias(1)
    assert store.audit.verify() == before


def test_what_an_alias_points_to_cannot_be_removed_not_even_by_force(store):
    store.point("m@3", "champion")
    store.point("m@3", "blue")
    with pytest.raises(StoreError, match="model/m@3 is the blue and the champion of m"):
        store.remove("m@3", force=True)
    store.point("m@2", "champion")
    store.drop_alias("m", "blue")
    store.remove("m@3", force=True)
    assert store.aliases("m") == {"champion": Alias(2, (3,))}
    check(store)


@pytest.mark.parametrize("alias", ["", "3", "Champion", "a b", "../x", "x" * 51, "é", "a\n"])
def test_what_can_be_no_alias_is_refused(store, alias):
    with pytest.raises(DataError):
        store.point("m@1", alias)
    if alias != "3":
        with pytest.raises(DataError):
            store.ref(f"m@{alias}")
    assert not file_of(store).exists()


def test_an_alias_that_is_not_there_gets_those_that_are(store):
    with pytest.raises(NotInStore, match="Make one with: textmill models promote m@VERSION --to champion"):
        store.ref("m@champion")
    store.point("m@1", "champion")
    with pytest.raises(NotInStore, match=r"m has no 'champoin'\. Did you mean 'champion'\?"):
        store.ref("m@champoin")
    with pytest.raises(NotInStore, match="There is: champion"):
        store.drop_alias("m", "x")
    with pytest.raises(NotInStore, match="no model is called 'n'"):
        store.ref("n@champion")
    for name in ("../m", "m@1"):
        with pytest.raises(DataError):
            store.roll_back(name)


def test_a_version_that_is_not_there_and_a_bare_name_are_refused(store):
    with pytest.raises(NotInStore):
        store.point("m@9", "champion")
    with pytest.raises(StoreError, match="does not say which version"):
        store.point("m", "champion")


def test_a_decision_that_was_overtaken_is_refused(store):
    seen = store.aliases("m")
    store.point("m@2", "champion")
    with pytest.raises(StoreError, match="moved by somebody else meanwhile: it is version 2 now"):
        store.point("m@3", "champion", seen=seen)
    seen = store.aliases("m")
    store.drop_alias("m", "champion")
    with pytest.raises(StoreError, match="it is gone now"):
        store.point("m@3", "champion", seen=seen)


def test_rolling_back_to_a_damaged_version_is_refused(store):
    store.point("m@1", "champion")
    store.point("m@2", "champion")
    damaged = store.root / "models" / "m" / "1" / "w"
    damaged.chmod(0o644)
    damaged.unlink()
    damaged.write_bytes(b"x")
    with pytest.raises(CorruptError):
        store.roll_back("m")
    assert store.ref("m@champion").version == 2


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_any_changed_byte_of_the_file_is_found(data):
    raw = bytearray(write_aliases({"champion": Alias(12, (1, 7))}, "m"))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / ALIASES).write_bytes(raw)
        with pytest.raises((CorruptError, FormatError)):
            read_aliases(Path(name), "m")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "n", "aliases": {}},
        {"model": "m", "aliases": []},
        {"model": "m", "aliases": {"champion": 3}},
        {"model": "m", "aliases": {"champion": {"version": 3}}},
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, body):
    (tmp_path / ALIASES).write_bytes(seal(body, format=1, where="m"))
    with pytest.raises(CorruptError):
        read_aliases(tmp_path, "m")
    (tmp_path / ALIASES).write_bytes(seal(body, format=2, where="m"))
    with pytest.raises(FormatError):
        read_aliases(tmp_path, "m")


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it is done, no error is handled."""


class KillingDisk(Disk):
    """Kills at the rename that gives a file its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def rename(self, old: Path, new: Path) -> None:
        if new.name == self.name:
            raise Killed
        super().rename(old, new)


def test_after_a_kill_between_the_line_and_the_file_the_alias_is_where_it_was(store):
    store.point("m@1", "champion")
    with pytest.raises(Killed):
        Store(store.root, disk=KillingDisk(ALIASES)).point("m@2", "champion")
    again = Store(store.root)
    assert again.ref("m@champion").version == 1
    assert [line.facts["ref"] for line in again.audit.lines() if line.event == "promote"] == ["model/m@1", "model/m@2"]
    check(again)  # a line whose move never came is no fault
    again.point("m@3", "champion")
    assert again.aliases("m") == {"champion": Alias(3, (1,))}
    assert [line.facts["before"] for line in again.audit.lines() if line.event == "promote"] == [None, 1, 1]
    check(again)


KILLED = """
import os, signal, sys
from pathlib import Path
from textmill.registry import Disk, Store
class Killing(Disk):
    def rename(self, old, new):
        if new.name == "aliases.json":
            os.kill(os.getpid(), signal.SIGKILL)
        super().rename(old, new)
Store(Path(sys.argv[1]), disk=Killing()).point("m@2", "champion")
"""


def test_after_a_real_kill_the_next_one_gets_the_lock_and_the_store_is_whole(store):
    done = subprocess.run([sys.executable, "-c", KILLED, str(store.root)], check=False)
    assert done.returncode == -signal.SIGKILL
    again = Store(store.root)
    assert again.aliases("m") == {}
    again.point("m@2", "champion")
    assert again.scratch.sweep() == 1
    assert again.audit.verify() == 5
    check(again)


def test_a_disk_that_fails_leaves_the_alias_where_it_was(store, monkeypatch):
    store.point("m@1", "champion")

    def full(self: Disk, descriptor: int, data: bytes) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Disk, "write", full)
    with pytest.raises(StoreWriteError, match="no room"):
        store.point("m@2", "champion")
    monkeypatch.undo()
    assert store.ref("m@champion").version == 1
    check(store)


def test_an_alias_that_was_moved_by_hand_is_found(store):
    store.point("m@1", "champion")
    for forged in ({"champion": Alias(3)}, {"champion": Alias(1), "blue": Alias(2)}):
        file_of(store).write_bytes(write_aliases(forged, "m"))
        with pytest.raises(CorruptError, match=r"m@(champion|blue) is not where the audit log says"):
            check(store)
    file_of(store).unlink()
    check(store)  # as if the first line's move had never come
    store.point("m@2", "champion")
    store.point("m@3", "champion")
    file_of(store).unlink()
    with pytest.raises(CorruptError, match="wanted version 3, got no such alias"):
        check(store)


def test_lines_of_other_events_say_nothing_of_aliases():
    check_moves([Line(1, "", "", "publish", {"ref": "model/m@1"}, "")], {"m": {}})


WORKER = """
import sys
from pathlib import Path
from textmill.registry import Store
root, folder, me, n = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
store = Store(root)
sys.stdin.readline()
for turn in range(n):
    (folder / "w").write_text(f"{me} {turn}")
    ref = store.publish("m", folder, parents={}, config={}, report={}).ref
    store.point(ref, "champion", by=str(me))
    store.point(ref, f"own-{me}")
    if turn % 2:
        store.roll_back("m", by=str(me))
"""


def at_once(root: Path, tmp_path: Path, processes: int, turns: int) -> Store:
    """Processes that publish, promote and roll back on one store, all begun together."""
    started = []
    for me in range(processes):
        own = tmp_path / f"own{me}"
        own.mkdir()
        command = [sys.executable, "-c", WORKER, str(root), str(own), str(me), str(turns)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in started:
        _, said = one.communicate()
        assert one.returncode == 0, said
    return Store(root)


@pytest.mark.slow
def test_processes_that_run_and_promote_at_once_lose_nothing(tmp_path):
    store = at_once(tmp_path / "store", tmp_path, processes=8, turns=6)
    assert store.models() == {"m": tuple(range(1, 49))}
    contents = {(store.open(f"m@{version}")[1] / "w").read_text() for version in range(1, 49)}
    assert contents == {f"{me} {turn}" for me in range(8) for turn in range(6)}
    lines = list(store.audit.lines())
    moves = [line for line in lines if line.facts.get("alias") == "champion"]
    # each move begins where the one before it ended: none was lost, and none was done twice
    where = None
    for line in moves:
        assert line.facts["before"] == where
        where = Ref.parse(line.facts["ref"]).version
    assert store.ref("m@champion").version == where
    assert sum(line.event == "publish" for line in lines) == 48
    assert sum(line.event == "rollback" for line in lines) == 24
    check(store)
