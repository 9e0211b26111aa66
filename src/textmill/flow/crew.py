"""The processes of a run that do its steps, as the scheduler sees them: start one, stop one, hear what happens."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from textmill.errors import StepFailed
from textmill.flow.record import Record, error_of
from textmill.flow.step import Step
from textmill.registry import Finished, Store

__all__ = ["Crew"]

_LOOK = 0.2  # seconds between two looks at what steps print


class Crew:
    """Starts processes for the steps of a project's run; none before the first is asked for.

    Parameters
    ----------
    folder : the project's, or its ``mill.toml``
    record : of the run
    date : that the run is for
    on_output : given what steps print, as it comes; it is in their logs in any case
    """

    grace = 5.0  # seconds between being asked to end and being killed

    def __init__(
        self,
        folder: Path,
        store: Store,
        record: Record,
        *,
        date: str | None = None,
        on_output: Callable[[bytes], None] | None = None,
    ) -> None:
        self._hello = {"folder": str(folder), "store": store.place, "date": date}
        self._hello |= {"run": record.run, "grace": str(self.grace)}
        self._record, self._on_output = record, on_output
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = self._unsent = b""
        self._read: dict[str, int] = {}  # how much of each running step's log was handed on

    def start(self, step: Step, key: str, outputs: Mapping[str, Finished], threads: int, on: str | None) -> None:
        """Begin a step."""
        if self._process is None:
            # a session of its own: what the terminal sends goes to us alone, and we end it
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "textmill.flow.workers"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
            self._send(self._hello)
        log = self._record.log(step.name)
        self._read[step.name] = log.stat().st_size if log.exists() else 0
        needs = {need: left.key for need, left in outputs.items()}
        asked = {"do": step.name, "item": step.settings.get("item"), "key": key, "needs": needs}
        self._send(asked | {"threads": threads, "on": on})

    def stop(self, step: Step) -> None:
        """Have a step end: SIGTERM now, SIGKILL after the grace."""
        self._send({"stop": step.name})

    def wait(self, seconds: float | None) -> list[dict[str, Any]]:
        """What the processes tell, as soon as they tell something, or nothing after some seconds (None: no limit).

        Raises
        ------
        StepFailed : if they are gone
        ConfigError, ... : if the project can no longer be read
        """
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            pause = left if self._on_output is None else min(_LOOK, _LOOK if left is None else left)
            unsent = [self._process.stdin.fileno()] if self._unsent else []
            readable, writable, _ = select.select([self._process.stdout], unsent, [], pause)
            self._hand_on_output()
            if writable:
                self._flush()
            if readable:
                read = os.read(self._process.stdout.fileno(), 1 << 16)
                if not read:
                    raise StepFailed("the process that starts the steps has ended", hint="Run it again to go on.")
                *lines, self._heard = (self._heard + read).split(b"\n")
                messages = [json.loads(line) for line in lines]
                for message in messages:
                    if "error" in message:
                        raise error_of(message["error"])
                    if "ended" in message:
                        self._hand_on_output()
                        self._read.pop(message["ended"], None)
                if messages:
                    return messages
            if until is not None and time.monotonic() >= until:
                return []

    def close(self) -> None:
        """End all steps that still run, and wait until they have ended."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()  # the sign to end
        process.stdout.close()  # nobody waits for us to listen
        try:
            process.wait(self.grace + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _send(self, said: Mapping[str, Any]) -> None:
        self._unsent += json.dumps(said).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BlockingIOError, BrokenPipeError):  # full: more when it has read; gone: its stdout tells
            self._unsent = self._unsent[os.write(self._process.stdin.fileno(), self._unsent) :]

    def _hand_on_output(self) -> None:
        if self._on_output is None:
            return
        for name, place in self._read.items():
            with suppress(FileNotFoundError), self._record.log(name).open("rb") as file:
                file.seek(place)
                if said := file.read():
                    self._read[name] = place + len(said)
                    self._on_output(said)
