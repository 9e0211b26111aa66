"""A run on Dask's workers, in processes of their own: the same bytes, also when they are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from toy_shards import MILL, left_by, rows_file, run

from textmill.errors import StepFailed
from textmill.flow import Event, dask_bridge, shards
from textmill.read.shards import shards_of

if TYPE_CHECKING:
    import distributed  # which takes seconds to load

OWN = """
import os, signal
from operator import attrgetter
from pathlib import Path

def term(word: str) -> str:
    if os.getpid() != int((Path(__file__).parent / "pid").read_text()):
        try:
            os.close(os.open(Path(__file__).parent / "killed", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return word[:5]
        os.kill(os.getpid(), signal.SIGKILL)
    return word[:5]
"""


HERE: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "memory_limit": 0}


@pytest.fixture(scope="module")
def workers() -> Iterator[distributed.Client]:
    import distributed

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **HERE) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    monkeypatch.setattr(shards, "shards_of", lambda path, _: shards_of(path, -(-path.stat().st_size // 7)))
    rows_file(tmp_path / "rows.csv", 230, 1)
    (tmp_path / "mill.toml").write_text(MILL)
    return tmp_path


@pytest.mark.slow
def test_workers_of_a_scheduler_give_the_same_bytes(project: Path, workers: distributed.Client) -> None:
    shared = run(project, "shared", on=workers.scheduler.address)
    assert left_by(shared) == left_by(run(project, "alone"))


@pytest.mark.slow
def test_workers_that_are_started_for_the_run_give_the_same_bytes_leave_ctrl_c_to_it_and_end_with_it(
    project: Path,
) -> None:
    others = {child.pid for child in multiprocessing.active_children()}
    pids: list[int] = []

    def interrupt(event: Event) -> None:
        if event.step == "train" and event.kind == "progress" and not pids:  # as Ctrl-C in a terminal does
            pids.extend({child.pid for child in multiprocessing.active_children()} - others)
            for pid in pids:
                os.kill(pid, signal.SIGINT)

    shared = run(project, "shared", on="dask", on_event=interrupt)
    assert len(pids) == 1
    assert {child.pid for child in multiprocessing.active_children()} == others
    assert left_by(shared) == left_by(run(project, "alone"))


@pytest.mark.slow
def test_a_worker_that_is_killed_while_it_counts_changes_nothing(project: Path, workers: distributed.Client) -> None:
    (project / "own.py").write_text(OWN)
    (project / "pid").write_text(str(os.getpid()))
    (project / "mill.toml").write_text(MILL.replace("[text]", '[text]\nmap = "own:term"'))
    shared = run(project, "shared", on=workers.scheduler.address)
    assert (project / "killed").exists()
    assert left_by(shared) == left_by(run(project, "alone"))


@pytest.mark.slow
def test_a_worker_that_is_killed_from_outside_changes_nothing(project: Path, workers: distributed.Client) -> None:
    pids = list(workers.run(os.getpid).values())
    killed = []

    def kill(event: Event) -> None:
        if event.step == "train" and event.kind == "progress" and event.done and not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    shared = run(project, "shared", on=workers.scheduler.address, on_event=kill)
    assert killed
    assert left_by(shared) == left_by(run(project, "alone"))


def distributed_error(name: str, *said: Any) -> Exception:
    import distributed

    made: Exception = attrgetter(name)(distributed)(*said)
    return made


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            lambda: distributed_error("KilledWorker", "task", None, 3),
            "4 workers ended one after the other while they did the same task",
        ),
        (CancelledError, "the Dask scheduler is gone"),
        (lambda: distributed_error("comm.CommClosedError"), "the Dask scheduler is gone"),
        (lambda: ModuleNotFoundError(name="textmill"), "the workers lack the package 'textmill'"),
    ],
)
def test_what_dask_cannot_do_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Callable[[], Exception], said: str
) -> None:
    import distributed

    class Lost:
        def result(self) -> None:
            raise error()

    monkeypatch.setattr(distributed, "Future", Lost)
    monkeypatch.setattr(distributed, "as_completed", lambda futures, loop, timeout: iter(futures))
    with pytest.raises(StepFailed, match=rf"^{said}\. "):
        dask_bridge.DaskCluster(SimpleNamespace(loop=None)).wait(["key", Lost()], lambda done: None)


def test_nobody_at_the_address_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_bridge, "_SECONDS", 0.2)
    with socket.socket() as held:  # bound, and nobody listens
        held.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(StepFailed, match=f"^no Dask scheduler answers at {address}. Start one with: dask sch"):
            run(project, "shared", on=address)


@pytest.mark.slow
def test_workers_that_end_and_do_not_come_back_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed

    monkeypatch.setattr(dask_bridge, "_PATIENCE", 0.2)
    with (
        distributed.LocalCluster(n_workers=1, processes=False, protocol="tcp", **HERE) as cluster,
        dask_bridge.connected(cluster.scheduler_address) as workers,
    ):
        assert workers.wait([workers.submit(str.upper, "done")], lambda done: None) == ["DONE"]
        cluster.scale(0)
        waiting = workers.submit(str.upper, "never")
        with pytest.raises(StepFailed, match=r"has no workers\. Start some with: dask worker tcp://127"):
            workers.wait([waiting], lambda done: None)


@pytest.mark.slow
def test_a_scheduler_without_workers_is_one_sentence(project: Path) -> None:
    import distributed

    with (
        distributed.LocalCluster(n_workers=0, processes=False, protocol="tcp", **HERE) as empty,
        pytest.raises(StepFailed, match=r"has no workers\. Start some with: dask worker tcp://127"),
    ):
        run(project, "shared", on=empty.scheduler_address)
