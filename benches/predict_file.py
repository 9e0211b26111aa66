"""What `textmill predict --in --out` does once the model is loaded, timed: `python -m benches.predict_file ...`."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from textmill.cli.labelling import open_model
from textmill.cli.process import take_over
from textmill.cli.rows import label_rows
from textmill.registry import Store


def main(name: str, source: str, out: str, store: str) -> None:
    take_over()
    opened = open_model(Store(Path(store)), name, None)
    with tempfile.TemporaryDirectory() as folder:  # a first row loads what is loaded at first use
        first = Path(folder) / "first.csv"
        first.write_text("id,text\n1,a first text\n", encoding="utf-8")
        label_rows(opened, str(first), str(Path(folder) / "out.csv"))
    started = time.perf_counter()
    label_rows(opened, source, out)
    print(json.dumps({"work": time.perf_counter() - started}))


if __name__ == "__main__":
    main(*sys.argv[1:])
