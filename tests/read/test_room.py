"""The room as a whole: what it loads, what it names, and how much memory it takes."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import textmill.read


def test_every_name_is_there():
    for name in textmill.read.__all__:
        assert getattr(textmill.read, name) is not None
    assert dir(textmill.read) == sorted(textmill.read.__all__)
    with pytest.raises(AttributeError, match=r"^module 'textmill.read' has no attribute 'nothing'$"):
        textmill.read.nothing  # noqa: B018 - looking is the test


def test_importing_the_room_loads_nothing_heavy():
    code = "import sys, textmill.read; print(sorted({'numpy', 'pyarrow', 'pandas', 'polars'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_rejected_rows_need_no_heavy_package():
    code = "import sys, textmill.read; textmill.read.RejectedFile; print('pyarrow' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


@pytest.mark.slow
def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path):
    code = (
        "import sys, resource, pathlib\n"
        "from textmill.read import read_corpus, stream_rows, open_sink\n"
        "from textmill.config import ReadConfig\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "read_corpus(ReadConfig(source=sys.argv[2]), here, out=here / 'o.arrow', rejected=here / 'r.jsonl')\n"
        "with open_sink(here / 'out.csv') as sink:\n"
        "    for batch in stream_rows(here / sys.argv[2], ReadConfig(source='x')):\n"
        "        sink.write(batch)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    peaks = []
    for n in (20_000, 1_000_000):
        with (tmp_path / f"{n}.csv").open("w") as file:
            file.write("text,label\n")
            file.writelines(f"some words about number {i} that go on for a while,{i % 3}\n" for i in range(n))
        run = [sys.executable, "-c", code, str(tmp_path), f"{n}.csv"]
        peaks.append(int(subprocess.run(run, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] - peaks[0] < 40_000  # kilobytes; the larger file has 55 MB


def test_each_file_of_the_room_can_be_imported_first():
    for name in ("corpus", "split", "sinks", "proposal", "mill_file", "catalogue", "memory"):
        assert importlib.import_module(f"textmill.read.{name}")
