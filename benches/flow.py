"""Whole processes: a run from file to registered model, predicting a file, and a run that has nothing to do."""

from __future__ import annotations

import csv
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from benches.measure import Row, data_dir, process, rival, textmill

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
        return [*train(folder), *again(folder), *predict(folder)]


def train(folder: Path) -> list[Row]:
    source = data_dir() / "imdb" / "train.jsonl.gz"
    project = folder / "imdb"
    project.mkdir()
    (project / "mill.toml").write_text(PROJECT.format(source=source), encoding="utf-8")
    ours, theirs = [], []
    for _ in range(3):
        shutil.rmtree(project / ".textmill", ignore_errors=True)
        ours.append(process(textmill("run", str(project))))
        theirs.append(process(rival("sklearn_train", str(source), str(folder / "rival.joblib"))))
    ratio = statistics.median(b.wall / a.wall for a, b in zip(ours, theirs, strict=True))
    a, b = statistics.median(run.wall for run in ours), statistics.median(run.wall for run in theirs)
    peak, their_peak = max(run.peak for run in ours), max(run.peak for run in theirs)
    return [
        Row(
            "whole run, IMDB train to registered model",
            "5 x scikit-learn",
            f"{ratio:.1f} x ({a:.1f} s against {b:.1f} s)",
            ratio >= 5,
            "whole processes in turn, median of 3; ours also cleans, stems, checks leaks, bootstraps, writes the report",
        ),
        Row(
            "peak memory of that run",
            "half of scikit-learn's",
            f"{peak / their_peak:.2f} ({peak:.0f} MiB against {their_peak:.0f} MiB)",
            peak <= their_peak / 2,
        ),
    ]


def again(folder: Path) -> list[Row]:
    walls = [process(textmill("run", str(folder / "imdb"))).wall for _ in range(5)]
    wall = statistics.median(walls)
    return [Row("second run with nothing changed, wall", "0.7 s", f"{wall:.2f} s", wall <= 0.7, "median of 5")]


def predict(folder: Path, n: int = 100_000) -> list[Row]:
    with (data_dir() / "disaster_tweets" / "train.csv").open(newline="", encoding="utf-8") as lines:
        tweets = [row["text"] for row in csv.DictReader(lines)]
    rng = random.Random(13)
    source = folder / "tweets.csv"
    with source.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "text"])
        for i in range(n):  # halves of two tweets: new texts of the same words
            a, b = rng.choice(tweets).split(" "), rng.choice(tweets).split(" ")
            writer.writerow([i, " ".join(a[: len(a) // 2] + b[len(b) // 2 :])])
    ours, theirs = [], []
    for _ in range(3):
        ours.append(
            process(
                textmill(
                    "predict",
                    "imdb",
                    "--in",
                    str(source),
                    "--out",
                    str(folder / "ours.csv"),
                    "--store",
                    str(folder / "imdb"),
                )
            )
        )
        theirs.append(
            process(rival("sklearn_predict", str(folder / "rival.joblib"), str(source), str(folder / "theirs.csv")))
        )
    with (folder / "ours.csv").open(newline="", encoding="utf-8") as lines:
        assert sum(1 for _ in csv.reader(lines)) == n + 1
    ratio = statistics.median(b.wall / a.wall for a, b in zip(ours, theirs, strict=True))
    a, b = statistics.median(run.wall for run in ours), statistics.median(run.wall for run in theirs)
    megabytes = source.stat().st_size / 1e6
    return [
        Row(
            f"predict {n:,} tweets from a CSV file to a CSV file ({megabytes:.0f} MB)",
            "15 x scikit-learn",
            f"{ratio:.1f} x ({a:.2f} s against {b:.2f} s)",
            ratio >= 15,
            "whole processes in turn, median of 3; either with its model of IMDB",
        )
    ]
