"""What an import costs."""

from __future__ import annotations

import statistics
import sys

from benches.measure import Row, process

CHECK = """
import sys, time, json
started = time.perf_counter()
import textmill
took = time.perf_counter() - started
heavy = [name for name in ("sklearn", "torch", "spacy", "numpy", "pyarrow", "scipy") if name in sys.modules]
print(json.dumps({"took": took, "heavy": len(heavy)}))
"""


def rows() -> list[Row]:
    runs = [process([sys.executable, "-c", CHECK]) for _ in range(7)]
    took = statistics.median(run.said["took"] for run in runs)
    heavy = max(run.said["heavy"] for run in runs)
    return [
        Row(
            "import textmill",
            "0.15 s; no sklearn, torch, spaCy",
            f"{took * 1000:.1f} ms; {heavy:.0f} of sklearn, torch, spaCy, numpy, pyarrow, scipy",
            took <= 0.15 and heavy == 0,
        )
    ]
