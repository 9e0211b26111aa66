"""Print the table and write RESULTS.md: `python -m benches [room ...]`, or `make bench`; the long ones by name only."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benches.measure import Row

RESULTS = Path(__file__).parent / "RESULTS.md"
ROOMS = (
    "features",
    "memory",
    "chars",
    "text",
    "segment",
    "tokens",
    "subword",
    "similar",
    "scores",
    "models",
    "bag",
    "registry",
    "flow",
    "shards",
    "startup",
)
LONG = ("networks", "onnx", "stream", "reliability")  # runs of many minutes, only when asked for
_HEAD = """# Results

A section a room, made anew by `make bench` (all but the long ones) or `python -m benches ROOM`. Ratios count, absolute
times belong to the machine that is named.
"""


def sections() -> dict[str, str]:
    """What RESULTS.md says of each room."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    parts = old.split("\n## ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in parts}


def write(said: dict[str, str]) -> None:
    known = [room for room in (*ROOMS, *LONG) if room in said]
    RESULTS.write_text(_HEAD + "".join(f"\n## {room}\n\n{said[room]}\n" for room in known), encoding="utf-8")


def machine() -> str:
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()}, Python {platform.python_version()}"


def measured(room: str) -> list[Row]:
    """The rows of a room, from a process of its own: what one leaves in memory must not burden the next."""
    command = [sys.executable, "-m", "benches", "--json", room]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Row(**row) for row in json.loads(run.stdout.strip().rsplit("\n", 1)[-1])]


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--json"]:
        rows = importlib.import_module(f"benches.{arguments[1]}").rows()
        print(json.dumps([dataclasses.asdict(row) for row in rows]))
        return 0
    missed = 0
    rivals = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy", "nltk"))
    for room in arguments or ROOMS:
        lines = ["| what | at least | seen | how |", "| --- | --- | --- | --- |"]
        for row in measured(room):
            missed += not row.met
            print(f"{'  ' if row.met else '! '}{row.what}: {row.got}   [{row.wanted}]", flush=True)
            lines.append(f"| {row.what} | {row.wanted} | {'' if row.met else '**missed** '}{row.got} | {row.how} |")
        day = time.strftime("%Y-%m-%d", time.gmtime())
        made = f"Made by `python -m benches {room}` on {day}, textmill {version('textmill')}, {machine()}; {rivals}."
        write(sections() | {room: "\n".join([made, "", *lines])})
    print(f"{missed} missed" if missed else "all met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
