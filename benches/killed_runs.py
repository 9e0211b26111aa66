"""Runs of a project in forks of this process, which are killed with some or all of what they have started.

A fork has loaded everything, so that a moment falls into work and not into imports; what it runs is `run_project` as it
is. Clocks that measure tick once a look in it, so that two undisturbed runs are the same to the byte, pages with costs
included.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from benches.measure import THREADS
from textmill.errors import TextmillError
from textmill.flow import Event, crew, dispatch, run_project, workers
from textmill.registry import Disk

HOW_LONG = 120.0  # seconds until a run counts as stuck
_CALLS = ("open_new", "sync", "rename", "link_or_copy", "remove", "sync_folder", "make_folder")


def forked(work: Callable[[], None]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _be(work)
    return pid


def _be(work: Callable[[], None]) -> NoReturn:
    code = 3
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """Wait for a process; its exit code, negative for a signal."""
    give_up = time.monotonic() + HOW_LONG
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > give_up:
            strike("all", pid)
            raise AssertionError("a run is stuck")
        time.sleep(0.005)


def first_run(folder: Path, counter: mmap.mmap, kill: tuple[int, str] | None) -> None:
    """A run, killed when it has come to a call, if `kill` says so."""
    at, whom = kill or (0, "")
    run = os.getpid()

    def tick() -> None:
        count = int.from_bytes(counter[:], "little") + 1  # two processes may count one: moments are random in any case
        counter[:] = count.to_bytes(8, "little")
        if count == at:
            (folder / "pids").write_text(" ".join(map(str, tree(run))))
            strike(whom, run)

    _count_calls(tick)
    with _surroundings(folder):
        run_project(folder, threads=THREADS)


def run_again(folder: Path) -> None:
    """The run after it; and one more, which must find nothing to do."""
    started: list[str] = []

    def tell(event: Event) -> None:
        if event.kind == "started":
            started.append(event.step)

    with _surroundings(folder):
        run_project(folder, threads=THREADS, on_event=tell)
        (folder / "started").write_text(json.dumps(started))
        assert run_project(folder, threads=THREADS).nothing_to_do


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    """A run's surroundings: clocks that tick at each look, processes forked, and what went wrong in a file."""
    clock = SimpleNamespace(ticks=0)

    def look() -> float:
        clock.ticks += 1
        return clock.ticks / 1024

    time.perf_counter = time.process_time = look
    dispatch.time = SimpleNamespace(perf_counter=time.monotonic)  # it looks more often where a step has no own process
    crew.subprocess = SimpleNamespace(**vars(crew.subprocess) | {"Popen": _fork_instead})
    try:
        yield
    except BaseException as error:
        said = error if isinstance(error, TextmillError) else traceback.format_exc()
        (folder / "said").write_text(str(said))
        raise SystemExit(1) from error


def _fork_instead(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """What the crew starts, without loading everything anew."""
    known = {*os.listdir("/proc/self/fd")}

    def be_workers() -> None:
        for name in os.listdir("/proc/self/fd"):  # as starting a program does; Arrow minds the loss of its pipe
            with suppress(OSError):
                if int(name) > 2 and not (name in known and stat.S_ISFIFO(os.fstat(int(name)).st_mode)):
                    os.close(int(name))
        _be(workers._main)

    return subprocess.Popen(command, preexec_fn=be_workers, **options)


def _count_calls(tick: Callable[[], None]) -> None:
    """Tick before and after each call that changes a file, and in the middle of each that writes."""

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def ticking(*given: Any) -> Any:
            tick()
            made = call(*given)
            tick()
            return made

        return ticking

    write = Disk.write

    def write_halves(disk: Disk, descriptor: int, data: bytes) -> None:
        write(disk, descriptor, data[: len(data) // 2])
        tick()
        write(disk, descriptor, data[len(data) // 2 :])

    for name in _CALLS:
        setattr(Disk, name, counted(getattr(Disk, name)))
    Disk.write = write_halves


def strike(whom: str, run: int) -> None:
    """Kill the run, this process alone, or the run with all its processes at one moment."""
    if whom == "run":
        os.kill(run, signal.SIGKILL)
        return
    suicide = whom == "one" or os.getpid() in tree(run)
    held: set[int] = set()
    while whom == "all" and (new := {*tree(run)} - held - {os.getpid()}):
        for pid in new:  # nobody goes on, or has more children, while the others are killed
            send(pid, signal.SIGSTOP)
        held |= new
    for pid in held:
        send(pid, signal.SIGKILL)
    if suicide:
        os.kill(os.getpid(), signal.SIGKILL)


def send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def are_gone(pids: list[int]) -> bool:
    """Whether processes end by themselves before long."""
    give_up = time.monotonic() + HOW_LONG
    while any(map(_is_there, pids)) and time.monotonic() < give_up:
        time.sleep(0.005)
    return not any(map(_is_there, pids))


def _is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # it has ended, and whoever inherited it has not buried it yet


def tree(run: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [run]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found
