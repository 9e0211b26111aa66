import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from textmill.errors import DataError, LockHeld
from textmill.registry import Store

HOLDER = """
import sys
from pathlib import Path
from textmill.registry import Store
with Store(Path(sys.argv[1])).lock("run-x"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Store, "Popen[str]"]]:
    with Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdin=PIPE, stdout=PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield Store(tmp_path), holder
        holder.kill()


def test_a_held_lock_names_process_and_command(held):
    store, holder = held
    with (
        pytest.raises(LockHeld, match=rf"run-x is locked by process {holder.pid} on .* \(-c .*\), since 20"),
        store.lock("run-x"),
    ):
        pass


def test_waiting_says_once_who_holds_it_and_gets_it_when_the_holder_is_done(held):
    store, holder = held
    said: list[str] = []

    def let_go(who: str) -> None:
        said.append(who)
        holder.stdin.write("\n")
        holder.stdin.flush()

    with store.lock("run-x", wait=None, on_wait=let_go):
        assert json.loads((store.root / "locks" / "run-x.lock").read_bytes())["pid"] == os.getpid()
    assert len(said) == 1
    assert f"process {holder.pid} " in said[0]


def test_a_killed_holder_holds_nothing(held):
    store, holder = held
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with store.lock("run-x", wait=60):
        pass


def test_a_lock_can_be_had_again_after_an_error_inside_it(tmp_path):
    store = Store(tmp_path)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), store.lock("a"):
            1 / 0  # noqa: B018


def test_other_names_are_not_locked(tmp_path):
    store = Store(tmp_path)
    with store.lock("a"), store.lock("b"), pytest.raises(LockHeld), store.lock("a", wait=0.01):
        pass


@pytest.mark.parametrize("name", ["../x", "a/b", ""])
def test_a_lock_stays_in_its_folder(tmp_path, name):
    with pytest.raises(DataError):
        Store(tmp_path).lock(name)


PUBLISH = """
import sys
from pathlib import Path
from textmill.registry import Store
store, me = Store(Path(sys.argv[1])), sys.argv[2]
folder = Path(sys.argv[1]).parent / f"model{me}"
folder.mkdir()
(folder / "who").write_text(me)
(folder / "same").write_text("same")
for turn in range(5):
    print(store.publish("m", folder, parents={}, config={"me": me, "turn": turn}, report={}).ref.version, flush=True)
"""


@pytest.mark.slow
def test_eight_processes_publishing_at_once_lose_no_version_and_no_line(tmp_path):
    root = tmp_path / "store"
    publishers = [
        Popen([sys.executable, "-c", PUBLISH, str(root), str(n)], stdout=PIPE, stderr=PIPE, text=True) for n in range(8)
    ]
    ends = [publisher.communicate(timeout=100) for publisher in publishers]
    assert [err for _, err in ends if err] == []
    got = [[int(line) for line in out.split()] for out, _ in ends]
    assert sorted(v for versions in got for v in versions) == list(range(1, 41))
    store = Store(root)
    assert store.models() == {"m": tuple(range(1, 41))}
    for me, versions in enumerate(got):
        for turn, version in enumerate(versions):
            manifest, folder = store.open("m", version)
            assert manifest.config == {"me": str(me), "turn": turn}
            assert (folder / "who").read_text() == str(me)
    assert [line.facts["ref"] for line in store.audit.lines()] == [f"model/m@{n}" for n in range(1, 41)]
    assert list((root / "tmp").iterdir()) == []


def test_a_broken_process_in_the_middle_of_publishing_does_not_stop_the_next(tmp_path):
    script = PUBLISH.replace(
        "for turn", "import os, signal\nos.link = lambda a, b: os.kill(os.getpid(), signal.SIGKILL)\nfor turn"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "store"), "0"], check=False)
    done = subprocess.run(
        [sys.executable, "-c", PUBLISH, str(tmp_path / "store"), "1"], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "2", "3", "4", "5"]


def test_who_shares_the_store_is_named_until_it_is_done(tmp_path):
    store = Store(tmp_path)
    note = tmp_path / "locks" / "store.lock"
    with store.lock("a"):
        with store.lock("b"), store.in_use(wait=0):
            pass
        assert json.loads(note.read_bytes())["pid"] == os.getpid()
        with (
            pytest.raises(LockHeld, match=f"the store is locked by process {os.getpid()} "),
            store.in_use(wait=0, alone=True),
        ):
            pass
    assert note.read_bytes() == b""
    with store.in_use(wait=0, alone=True):
        pass


def test_the_note_of_a_lock_ends_before_the_first_option(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/textmill", "data", "erase", "toy", "--text", "a secret"])
    store = Store(tmp_path)
    with store.lock("a"):
        assert json.loads((tmp_path / "locks" / "a.lock").read_bytes())["command"] == "textmill data erase toy"
