"""A small project with a candidate and steps of its own: to be run, killed and looked at many times."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from textmill.errors import StoreError
from textmill.flow import workers
from textmill.registry import Store
from textmill.registry.sealed import unseal

MILL = """
[project]
name = "toy"
[read]
source = "rows.csv"
[expect]
rows = ">= 10"
[features]
ngrams = [1, 1]
[[candidate]]
model = { kind = "majority" }
[evaluate]
bootstrap = 100
robustness = false

[[step]]
name = "make"
shell = "cp given.csv rows.csv"
inputs = "given.csv"
outputs = "rows.csv"
before = "read"
[[step]]
name = "list"
python = "own:numbers"
[[step]]
name = "each"
python = "own:square"
for_each = "list"
[[step]]
name = "total"
python = "own:total"
needs = "each"
[[step]]
name = "last"
shell = "cat $TEXTMILL_NEEDS/total.json > last.txt; head -c 300000 /dev/zero > $TEXTMILL_OUT/large"
needs = "total"
after = "report"
inputs = "given.csv"
outputs = "last.txt"
"""
OWN = """
def numbers() -> list:
    return [3, 4, 5]

def square(item: int) -> int:
    return item * item

def total(each: list) -> int:
    return sum(each)
"""
MADE = ("rows.csv", "rejected.jsonl", "report.html", "last.txt")  # what a run leaves beside the store


def load() -> None:
    """What runs need, once for all that are forked."""
    for name in (*workers._HEAVY, "Stemmer", "textmill.evaluate.page", "textmill.evaluate.card"):
        import_module(name)
    import_module("pyarrow").array([])


def project(folder: Path) -> Path:
    chance = random.Random(1)
    own = {"a": ["fire", "flood", "quake"], "b": ["song", "party", "coffee"]}
    lines = [f"{' '.join(chance.sample(own['ab'[n % 2]], 2))} no{n} street{n % 5},{'ab'[n % 2]}" for n in range(40)]
    folder.mkdir()
    (folder / "mill.toml").write_text(MILL)
    (folder / "own.py").write_text(OWN)
    (folder / "given.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    return folder


def state(folder: Path) -> dict[str, Any]:
    """Keys, values and bytes of all that a run leaves, as far as they do not say when."""
    store = Store(folder / ".textmill")
    found: dict[str, Any] = {name: (folder / name).read_text() for name in MADE}
    for path in (store.root / "steps").glob("*.json"):
        step = store.finished(path.stem)
        assert step is not None, path
        files = {name: store.object(one.sha256, verify=True).name for name, one in step.files.items()}
        found[step.key] = (step.step, dict(step.values), files)
    for kind, known in (("model", store.models()), ("dataset", store.datasets())):
        for name, versions in known.items():
            for version in versions:
                manifest, _ = store.open(f"{kind}/{name}@{version}")
                found[str(manifest.ref)] = {**asdict(manifest), "created": None}
    return found


def half_written(folder: Path) -> list[str]:
    """Files that have their names, and are not what was to be written; others may be at work meanwhile."""
    store = Store(folder / ".textmill")
    faults = []

    def look(what: object, *reads: Callable[[], object]) -> None:
        try:
            for read in reads:
                if read() is None:
                    faults.append(f"half-written: {what}")
        except StoreError as error:
            faults.append(f"half-written: {error}")

    for path in sorted(store.root.glob("objects/*/*")):
        look(path, partial(store.object, path.name, verify=True))
    for path in sorted(store.root.glob("steps/*")):
        look(path, partial(store.finished, path.stem))
    for path in sorted(store.root.glob("runs/**/*.json")):
        look(path, lambda path=path: unseal(path.read_bytes(), format=1, where=str(path)))
    for kind, known in (("model", store.models()), ("dataset", store.datasets())):
        for name, versions in known.items():
            for version in versions:
                look(name, partial(store.open, f"{kind}/{name}@{version}"))
    look("audit.jsonl", store.audit.verify)
    for path in (folder / name for name in MADE if name.endswith("html")):
        if path.exists() and not path.read_text().rstrip().endswith("</html>"):
            faults.append(f"half-written: {path}")
    return faults
