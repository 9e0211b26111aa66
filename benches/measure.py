"""How things are measured: in turn with the rival, so that a machine whose speed drifts is fair to both."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

THREADS = 2


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `wanted` is what the project set itself, `got` what was seen, `met` whether that is enough.
    """

    what: str
    wanted: str
    got: str
    met: bool
    how: str = ""


@dataclass(frozen=True)
class Run:
    """A whole process: wall seconds, CPU seconds, peak resident memory in MiB, and what it printed last as JSON."""

    wall: float
    cpu: float
    peak: float
    said: dict[str, float]


def data_dir() -> Path:
    named = os.environ.get("TEXTMILL_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        sys.exit("no real data here: set TEXTMILL_DATA to the folder that holds them")
    return folder


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(ours: Callable[[], object], rival: Callable[[], object], times: int) -> tuple[float, float, float]:
    """Median seconds of ours and of the rival, and the median of the ratios pair by pair."""
    pairs = []
    ours()  # a warm-up of either
    for _ in range(times):
        pairs.append((seconds(ours), seconds(rival)))
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def process(command: list[str], *, cwd: Path | None = None) -> Run:
    """Run a command to its end; the kernel's own account of its time and memory."""
    environment = os.environ | {"TEXTMILL_THREADS": str(THREADS), "OMP_NUM_THREADS": str(THREADS)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever runs a program twice has its modules compiled
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, cwd=cwd, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read().decode()
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}: {printed}")
    last = printed.strip().rsplit("\n", 1)[-1]
    said = json.loads(last) if last.startswith("{") else {}
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def textmill(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "textmill.cli", *arguments]


def program(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benches.{name}", *arguments]


def rival(name: str, *arguments: str) -> list[str]:
    return program(f"rivals.{name}", *arguments)
