"""A small project, run with and without other processes, and what of two runs has to be the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from textmill.flow import RunResult, run_project

MILL = """
[project]
name = "toy"

[read]
source = "rows.csv"

[text]
clean = ["urls"]
stop_words = "english"

[features]
ngrams = [1, 2]
min_df = 2

[evaluate]
bootstrap = 100
"""


def rows_file(path: Path, n: int, seed: int) -> None:
    draw = random.Random(seed)
    words = [f"word{i}" for i in range(60)] + ["Flooded", "floods", "the"]
    lines = ["id,text,label"]
    for i in range(n):
        text = " ".join(draw.choices(words, k=draw.randrange(0, 9)))
        lines.append(f"{path.stem}{i},{text} x{i} http://t.example/{i},{'one' if 'word1' in text else 'two'}")
    path.write_text("\n".join(lines) + "\n")


def run(project: Path, store: str, **options: Any) -> RunResult:
    return run_project(project, store=project / store, threads=1, **options)


def left_by(result: RunResult) -> dict[str, Any]:
    """Keys of the steps and digests of what they left; the times are not compared."""
    found: dict[str, Any] = {}
    for done in result.steps:
        if done.step not in ("register", "report"):  # which tell of times
            found[done.step] = (done.key, {name: file.sha256 for name, file in done.finished.files.items()})
    return found
