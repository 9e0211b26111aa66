"""Print the table and write RESULTS.md: `python -m benches [room ...]`, or `make bench`."""

from __future__ import annotations

import importlib
import os
import platform
import sys
import time
from pathlib import Path

ROOMS = ("features", "models", "flow", "startup")


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


def main(rooms: list[str]) -> int:
    lines = ["| what | at least | seen | how |", "| --- | --- | --- | --- |"]
    missed = 0
    for room in rooms or ROOMS:
        for row in importlib.import_module(f"benches.{room}").rows():
            missed += not row.met
            print(f"{'  ' if row.met else '! '}{row.what}: {row.got}   [{row.wanted}]", flush=True)
            got = row.got if row.met else f"**missed** {row.got}"
            lines.append(f"| {row.what} | {row.wanted} | {got} | {row.how} |")
    if not rooms:
        from importlib.metadata import version

        rivals = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy", "pandas"))
        head = (
            "# Results\n\n"
            f"Made by `make bench` on {time.strftime('%Y-%m-%d', time.gmtime())}, textmill {version('textmill')}, "
            f"{machine()}; {rivals}. Ratios count, absolute times belong to that machine.\n\n"
        )
        (Path(__file__).parent / "RESULTS.md").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{missed} missed" if missed else "all met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
