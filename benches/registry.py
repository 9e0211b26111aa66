"""A store with ten thousand versions, and one that many processes write to at once."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benches.measure import Row, process, textmill
from textmill.config import MillConfig, from_mapping
from textmill.registry import Store
from textmill.registry.aliases import check_moves
from textmill.registry.manifests import write_manifest
from textmill.types import Manifest, Ref

MANY = 10_000
PROCESSES = 8
SECONDS = 60

WORKER = """
import sys, time
from pathlib import Path
from textmill.registry import Store
root, me, end = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
store, turn = Store(root), 0
folder = root.parent / f"own{me}"
folder.mkdir()
while time.time() < end:
    (folder / "w").write_text(f"{me} {turn}")
    ref = store.publish("m", folder, parents={}, config={}, report={}).ref
    store.point(ref, "champion", by=me)
    if turn % 2:
        store.roll_back("m", by=me)
    turn += 1
print(turn)
"""


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        return [*large(Path(name)), crowded(Path(name))]


def large(folder: Path) -> list[Row]:
    found = []
    for shape, models in (("one model", 1), ("ten thousand models", MANY)):
        store = made(folder / shape.replace(" ", "-"), models, MANY // models)
        asked = {
            "list": ["list"],
            "show by version": ["show", f"m0@{MANY // models}"],
            "by alias": ["show", "m0@champion"],
        }
        for what, words in asked.items():
            runs = [process(textmill("models", *words, "--store", str(store))) for _ in range(5)]
            took = statistics.median(run.cpu for run in runs)
            wall = min(run.wall for run in runs)
            found.append(
                Row(
                    f"textmill models {what}, {MANY:,} versions of {shape}",
                    "0.3 s",
                    f"{took:.2f} s of CPU time, {wall:.2f} s wall at best",
                    took < 0.3,
                    "whole processes, interpreter and imports in it; median of 5",
                )
            )
    return found


def made(root: Path, models: int, versions: int) -> Path:
    """A store whose versions have manifests as a run writes them, and no other files."""
    project = {"project": {"name": "demo"}, "read": {"source": "a.csv"}}
    config = json.loads(json.dumps(asdict(from_mapping(MillConfig, project))))
    files = dict.fromkeys(("weights.npy", "bias.npy", "model.json", "card.md", "report.json"), "0" * 64)
    scores = dict.fromkeys(("accuracy", "f1", "precision", "recall"), 0.8)
    for model in range(models):
        for version in range(1, versions + 1):
            ref = Ref("model", f"m{model}", version)
            folder = root / "models" / ref.name / str(version)
            folder.mkdir(parents=True)
            manifest = Manifest(ref, files, {"data": "0" * 64}, config, "2026-01-01T00:00:00Z", scores)
            (folder / "manifest.json").write_bytes(write_manifest(manifest))
    Store(root).point("m0@1", "champion")
    return root


def crowded(folder: Path) -> Row:
    import time

    root = folder / "crowded" / "store"
    root.mkdir(parents=True)
    end = str(time.time() + SECONDS)
    command = [sys.executable, "-c", WORKER, str(root)]
    started = [subprocess.Popen([*command, str(me), end], stdout=subprocess.PIPE, text=True) for me in range(PROCESSES)]
    turns = [int(one.communicate()[0]) for one in started]
    store = Store(root)
    lines = list(store.audit.lines())  # raises where the chain is broken
    check_moves(lines, {"m": store.aliases("m")})
    versions = store.models()["m"]
    whole = sum(store.open(Ref("model", "m", version)) is not None for version in versions)
    lost = sum(turns) - whole
    return Row(
        f"{PROCESSES} processes publish, promote and roll back on one store for {SECONDS} s",
        "no version lost, audit chain intact",
        f"{lost} of {sum(turns):,} versions lost; {len(lines):,} audit lines in one chain",
        lost == 0 and versions == tuple(range(1, len(versions) + 1)),
        f"{min(turns)} to {max(turns)} turns a process",
    )
