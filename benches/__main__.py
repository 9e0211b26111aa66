"""Print the table and write RESULTS.md: `python -m benches [room ...]`, or `make bench`; `stream` by name only."""

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
ROOMS = ("features", "text", "segment", "tokens", "subword", "models", "flow", "startup")
LONG = ("stream",)  # runs of many minutes, only when asked for; what they said last stays in RESULTS.md
_LONG_HEAD = "## Long runs"


def long_runs() -> str:
    """The part of RESULTS.md that this run does not make anew."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    return "".join(old.partition(f"\n{_LONG_HEAD}")[1:])


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
    lines = ["| what | at least | seen | how |", "| --- | --- | --- | --- |"]
    missed = 0
    for room in arguments or ROOMS:
        for row in measured(room):
            missed += not row.met
            print(f"{'  ' if row.met else '! '}{row.what}: {row.got}   [{row.wanted}]", flush=True)
            lines.append(f"| {row.what} | {row.wanted} | {'' if row.met else '**missed** '}{row.got} | {row.how} |")
    if not arguments:
        rivals = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy", "pandas"))
        head = (
            "# Results\n\n"
            f"Made by `make bench` on {time.strftime('%Y-%m-%d', time.gmtime())}, textmill {version('textmill')}, "
            f"{machine()}; {rivals}. Ratios count, absolute times belong to that machine.\n\n"
        )
        RESULTS.write_text(head + "\n".join(lines) + "\n" + long_runs(), encoding="utf-8")
    elif set(arguments) <= set(LONG):
        day = time.strftime("%Y-%m-%d", time.gmtime())
        made = f"Made by `python -m benches {' '.join(arguments)}` on {day}, {machine()}."
        kept = RESULTS.read_text(encoding="utf-8").partition(f"\n{_LONG_HEAD}")[0]
        RESULTS.write_text("\n".join([kept, _LONG_HEAD, "", made, "", *lines]) + "\n", encoding="utf-8")
    print(f"{missed} missed" if missed else "all met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
