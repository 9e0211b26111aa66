"""Processes for steps: one that is started, ``python -m textmill.flow.workers``, and forks one more for each step.

It has one thread and has loaded what steps need, so a step begins within milliseconds, and a fork is safe, which it
would not be in a process where libraries have started threads. It is told in lines of JSON on its stdin what to do:

    {"folder": ..., "store": ..., "date": null, "run": ..., "grace": "5.0"}   first: the project and the run
    {"do": NAME, "item": [...], "key": ..., "needs": {NAME: KEY}, "threads": 2, "on": null}
    {"stop": NAME}

and tells on its stdout ``{"began": NAME}``, ``{"progress": NAME, "done": 3, "total": 9, "note": ""}`` and
``{"ended": NAME, "status": 0}``; what came of the step is in the record of the run. When its stdin ends, it ends all
steps and then itself: nothing goes on without the process that asked for it. Each step has a process group of its own,
so that what a command has started ends with it: SIGTERM, and SIGKILL after some seconds of grace.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import textmill.flow.calling  # noqa: F401  loaded once here and not in each child
from textmill.errors import SourceError, StoreError, TextmillError
from textmill.flow.classify import classify
from textmill.flow.doing import attempt
from textmill.flow.keys import step_key
from textmill.flow.record import Record, StepState, told
from textmill.flow.running import open_project
from textmill.flow.step import Step, piece
from textmill.registry import Finished, Store
from textmill.threads import spin_briefly

__all__: list[str] = []

# What the built-in steps load, with all that these load
_HEAVY = (
    "numpy",
    "scipy.sparse",
    "pyarrow.compute",
    "textmill.read.reading",
    "textmill.models.saved",
    "textmill.evaluate.evaluation",
    "textmill.evaluate.comparison",
    "scipy.special",
)
_PAUSE = 0.1  # seconds between two notes of progress
_LONGEST_NOTE = 200  # a line to the pipe must be written in one piece: 4,096 bytes at most


@dataclass(slots=True)
class _Child:
    name: str
    kill_at: float | None = None  # when it gets no more grace


class _Nursery:
    def __init__(self, hello: dict[str, Any]) -> None:
        self.store = Store.at(hello["store"])
        self.run, self.grace = hello["run"], float(hello["grace"])
        project = open_project(Path(hello["folder"]), self.store, hello["date"])
        self.flow = classify(project.mill, project.folder, self.store, project.digests)
        self.steps = {step.name: step for step in self.flow.steps}
        self.children: dict[int, _Child] = {}
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.signal(signal.SIGTERM, _nothing)  # what ends it is the end of its stdin

    def serve(self) -> None:
        """Until stdin ends and no child is left."""
        rest, asking = b"", True
        while asking or self.children:
            deadlines = [child.kill_at for child in self.children.values() if child.kill_at is not None]
            timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
            readable, _, _ = select.select([self.woken, *([0] if asking else [])], [], [], timeout)
            if self.woken in readable:
                os.read(self.woken, 4096)
            if 0 in readable:
                read = os.read(0, 1 << 16)
                *lines, rest = (rest + read).split(b"\n")
                for line in lines:
                    self._hear(json.loads(line))
                if not read:
                    asking = False
                    for pid in self.children:
                        self._stop(pid)
            self._bury()
            for pid, child in self.children.items():
                if child.kill_at is not None and child.kill_at <= time.monotonic():
                    _signal_group(pid, signal.SIGKILL)

    def _hear(self, asked: dict[str, Any]) -> None:
        if "stop" in asked:
            for pid, child in self.children.items():
                if child.name == asked["stop"]:
                    self._stop(pid)
            return
        step = self.steps[asked["do"].partition("[")[0]]
        if step.name != asked["do"]:
            step = piece(step, int(asked["do"].partition("[")[2].rstrip("]")), asked["item"])
        if not step.apart:
            for name in (*_HEAVY, *(["s3fs"] if "://" in self.store.place else [])):
                import_module(name)
            # its first array makes pyarrow load pandas where that is installed, which would count as a step's own work
            import_module("pyarrow").array([])
        gc.freeze()  # else the child's collector would copy what it only shares
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until the child knows what to do about it
        pid = os.fork()
        if pid == 0:
            self._be_child(step, asked)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        with suppress(OSError):  # the child does so too; whoever comes first
            os.setpgid(pid, pid)
        self.children[pid] = _Child(step.name)
        with suppress(BrokenPipeError):
            _say(1, {"began": step.name})

    def _stop(self, pid: int) -> None:
        if self.children[pid].kill_at is None:
            self.children[pid].kill_at = time.monotonic() + self.grace
            _signal_group(pid, signal.SIGTERM)

    def _bury(self) -> None:
        while self.children:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                return
            # while it is not buried its number is nobody else's: what it has left running ends now
            _signal_group(found.si_pid, signal.SIGKILL)
            _, status = os.waitpid(found.si_pid, 0)
            child = self.children.pop(found.si_pid)
            with suppress(BrokenPipeError):
                _say(1, {"ended": child.name, "status": os.waitstatus_to_exitcode(status)})

    def _be_child(self, step: Step, asked: dict[str, Any]) -> NoReturn:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, _interrupt)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            record = Record(self.store, self.run)
            record.flow = self.flow.name  # it has begun
            channel = os.dup(1)
            _print_into(record.log(step.name))
            os.environ.update(step.env)
            self._do(step, asked, record, channel)
            code = 0
        except KeyboardInterrupt:
            code = 128 + signal.SIGTERM
        except TextmillError:
            pass  # it is in the record
        except BaseException:
            traceback.print_exc()  # into the log
        finally:
            with suppress(BaseException):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                self.store.close()
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _do(self, step: Step, asked: dict[str, Any], record: Record, channel: int) -> None:
        last = [0.0]

        def progress(done: int, total: int | None = None, note: str = "") -> None:
            if time.monotonic() - last[0] >= _PAUSE:
                last[0] = time.monotonic()
                with suppress(BrokenPipeError):
                    said = {"progress": step.name, "done": done, "total": total, "note": note[:_LONGEST_NOTE]}
                    _say(channel, said)

        try:
            outputs = self._outputs(step, asked)
        except TextmillError as error:
            record.write(StepState(step.name, "failed", asked["key"], error=told(error)))
            raise
        how: dict[str, Any] = {"threads": asked["threads"], "on": asked["on"], "progress": progress, "checked": set()}
        attempt(step, asked["key"], outputs, self.store, record, **how)

    def _outputs(self, step: Step, asked: dict[str, Any]) -> dict[str, Finished]:
        outputs = {}
        for need, key in asked["needs"].items():
            finished = self.store.finished(key)
            if finished is None:
                raise StoreError(f"what step {need!r} left is gone", where=f"step {step.name}", hint="Run it again.")
            outputs[need] = finished
        if step_key(step, outputs) != asked["key"]:  # we have read the project file a little later
            raise SourceError("the project was changed while it ran", where=f"step {step.name}", hint="Run it again.")
        return outputs


def _print_into(log: Path) -> None:
    """From now on, what this process prints is the step's log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for target, source in ((0, nothing), (1, file), (2, file)):
        os.dup2(source, target)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _say(channel: int, said: dict[str, Any]) -> None:
    os.write(channel, json.dumps(said).encode() + b"\n")


def _nothing(number: int, frame: FrameType | None) -> None:
    pass


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spin_briefly()
    line = b""
    while not line.endswith(b"\n"):  # no further than the line: what follows is read when it is there
        line += os.read(0, 1) or b"\n"
    if not line.strip():
        return
    try:
        nursery = _Nursery(json.loads(line))
    except Exception as error:
        _say(1, {"error": told(error)})
        return
    nursery.serve()


if __name__ == "__main__":
    _main()
