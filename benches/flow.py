"""Whole processes: a run from file to registered model, predicting a file, and a run that has nothing to do."""

from __future__ import annotations

import csv
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benches.measure import Row, Run, data_dir, process, rival, textmill

PROJECT = """
[project]
name = "imdb"

[read]
source = "{source}"
id = "id"
"""


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*train(folder), *again(folder), *predict(folder), *plans(folder)]


def train(folder: Path) -> list[Row]:
    source = data_dir() / "imdb" / "train.jsonl.gz"
    project = folder / "imdb"
    project.mkdir()
    (project / "mill.toml").write_text(PROJECT.format(source=source), encoding="utf-8")
    ours: list[Run] = []
    theirs: dict[str, list[Run]] = {"plain": [], "same": []}
    for _ in range(3):
        shutil.rmtree(project / ".textmill", ignore_errors=True)
        ours.append(process(textmill("run", str(project))))
        for make, runs in theirs.items():
            runs.append(process(rival("sklearn_train", str(source), str(folder / f"{make}.joblib"), make)))
    return [
        compared(
            "whole run, IMDB train to registered model",
            5,
            ours,
            theirs,
            "ours also checks leaks, bootstraps every score and writes the report",
        ),
        memory("peak memory of that run", ours, theirs),
    ]


def compared(
    what: str, wanted: float, ours: list[Run], theirs: dict[str, list[Run]], how: str, *, work: bool = False
) -> Row:
    """Against scikit-learn as it comes, which does less, and against scikit-learn made to do the same.

    By the wall time of whole processes, or by what they say of their `work`.
    """

    def took(run: Run) -> float:
        return run.said["work"] if work else run.wall

    a = statistics.median(took(run) for run in ours)
    said, ratios = [], {}
    for make, runs in theirs.items():
        ratios[make] = statistics.median(took(b) / took(a) for a, b in zip(ours, runs, strict=True))
        b = statistics.median(took(run) for run in runs)
        does = "with the same cleaning and stems" if make == "same" else "without cleaning and stems"
        said.append(f"{ratios[make]:.1f} x scikit-learn {does} ({a:.2f} s against {b:.2f} s)")
    return Row(
        what,
        f"{wanted} x scikit-learn",
        "; ".join(said),
        ratios["same"] >= wanted,
        f"processes in turn, median of {len(ours)}; {how}",
    )


def memory(what: str, ours: list[Run], theirs: dict[str, list[Run]]) -> Row:
    peak = max(run.peak for run in ours)
    least = min(run.peak for runs in theirs.values() for run in runs)
    return Row(
        what,
        "half of scikit-learn's",
        f"{peak / least:.2f} ({peak:.0f} MiB against {least:.0f} MiB)",
        peak <= least / 2,
    )


def again(folder: Path) -> list[Row]:
    walls = [process(textmill("run", str(folder / "imdb"))).wall for _ in range(5)]
    wall = statistics.median(walls)
    return [Row("second run with nothing changed, wall", "0.7 s", f"{wall:.2f} s", wall <= 0.7, "median of 5")]


def plans(folder: Path) -> list[Row]:
    """What a run costs beside the work: plans of steps that do nothing, each in a process of its own."""
    rows = []
    for steps, wanted in ((8, 0.5), (1000, 3.0)):
        project = folder / f"plan{steps}"
        project.mkdir()
        tables = [f'[[step]]\nname = "s{n}"\npython = "own:work"\n' for n in range(steps)]
        (project / "mill.toml").write_text('[project]\nname = "plan"\n' + "".join(tables), encoding="utf-8")
        (project / "own.py").write_text("def work() -> int:\n    return 1\n", encoding="utf-8")
        first = process(textmill("run", str(project)))
        later = [process(textmill("run", str(project))) for _ in range(5)]
        wall, cpu = statistics.median(run.wall for run in later), statistics.median(run.cpu for run in later)
        got = f"{wall:.2f} s ({cpu:.2f} s of CPU time)"
        rows.append(Row(f"a plan of {steps:,} steps, all done before, wall", f"{wanted} s", got, wall <= wanted))
    each = first.wall / steps * 1000
    how = f"two at a time; {first.cpu / steps * 1000:.0f} ms of CPU time; each result is flushed to the disk"
    return [*rows, Row("overhead of a step in a process of its own", "20 ms", f"{each:.0f} ms", each <= 20, how)]


def predict(folder: Path, n: int = 100_000) -> list[Row]:
    with (data_dir() / "disaster_tweets" / "train.csv").open(newline="", encoding="utf-8") as lines:
        tweets = [row["text"] for row in csv.DictReader(lines)]
    rng = random.Random(13)
    source, out = folder / "tweets.csv", folder / "ours.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for i in range(n):  # halves of two tweets: new texts of the same words
            a, b = rng.choice(tweets).split(" "), rng.choice(tweets).split(" ")
            writer.writerow([i, " ".join(a[: len(a) // 2] + b[len(b) // 2 :])])
    ours: list[Run] = []
    loaded: list[Run] = []
    theirs: dict[str, list[Run]] = {"plain": [], "same": []}
    files = ["--in", str(source), "--out", str(out), "--store", str(folder / "imdb")]
    in_process = ["imdb", str(source), str(out), str(folder / "imdb" / ".textmill")]
    for _ in range(5):
        ours.append(process(textmill("predict", "imdb", *files)))
        loaded.append(process([sys.executable, "-m", "benches.predict_file", *in_process]))
        for make, runs in theirs.items():
            model, file = folder / f"{make}.joblib", folder / f"{make}.csv"
            runs.append(process(rival("sklearn_predict", str(model), str(source), str(file))))
    agree = agreement(out, folder / "same.csv", n)
    what = f"predict {n:,} tweets from a CSV file to a CSV file ({source.stat().st_size / 1e6:.0f} MB)"
    how = f"each with its own model of IMDB, learned from another split; {agree:.1%} of the labels agree"
    return [
        compared(what, 15, ours, theirs, how),
        compared(f"{what}, models loaded", 15, loaded, theirs, "the same without start-up and loading", work=True),
    ]


def agreement(ours: Path, theirs: Path, n: int) -> float:
    labels = []
    for path in (ours, theirs):
        with path.open(newline="", encoding="utf-8") as lines:
            labels.append([row["label"] for row in csv.DictReader(lines)])
    assert len(labels[0]) == len(labels[1]) == n
    return statistics.mean(a == b for a, b in zip(*labels, strict=True))
