"""Many processes that run projects, promote and roll back on one store at once."""

from __future__ import annotations

import json
import tempfile
import time
from functools import partial
from pathlib import Path

from benches.killed_runs import ended, forked
from benches.measure import Row
from benches.toy_project import MILL, half_written, load, project
from textmill.flow import run_project
from textmill.registry import Store
from textmill.registry.aliases import check_moves

PROCESSES = 8
SECONDS = 60.0


def crowded() -> Row:
    load()
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        end = time.monotonic() + SECONDS
        pids = [forked(partial(_work, top, me, end)) for me in range(PROCESSES)]
        assert [ended(pid) for pid in pids] == [0] * PROCESSES, "one of the processes failed"
        store = Store(top / ".textmill")
        turns = [json.loads((top / f"{me}.json").read_text()) for me in range(PROCESSES)]
        made = [ref for turn in turns for ref in turn]
        for ref in made:
            store.open(ref)  # raises where it is not there, or not as it was written
        models = store.models()
        lines = list(store.audit.lines())  # raises where the chain is broken
        check_moves(lines, {model: store.aliases(model) for model in models})
        versions = {f"{model}@{version}" for model, known in models.items() for version in known}
        lost = len({*made} - versions) + len(made) - len({*made})
        torn = half_written(top)
        how = f"{min(map(len, turns))} to {max(map(len, turns))} runs a process, two processes a project"
        return Row(
            f"{PROCESSES} processes run projects, promote and roll back on one store for {SECONDS:.0f} s",
            "no version lost, audit chain intact",
            f"{lost} of {len(made)} versions lost, {len(torn)} files torn; {len(lines):,} audit lines in one chain",
            not lost and not torn and min(map(len, turns)) > 0,
            how,
        )


def _work(top: Path, me: int, end: float) -> None:
    """Run a project again and again, each time with other rows, so that each time there is a version to promote."""
    folder, store, made = project(top / f"own{me}"), Store(top / ".textmill"), []
    name = f"toy{me // 2}"
    (folder / "mill.toml").write_text(MILL.partition("[[step]]")[0].replace('"toy"', f'"{name}"'))
    rows = (folder / "given.csv").read_text()
    while time.monotonic() < end:
        (folder / "rows.csv").write_text(f"{rows}fire {me} of turn{len(made)},a\n")
        manifest = run_project(folder, store=Store(store.root), threads=1).manifest
        assert manifest is not None
        made.append(f"{name}@{manifest.ref.version}")
        store.point(made[-1], "champion", by=str(me))
        if len(made) % 3 == 0:
            store.roll_back(name, by=str(me))
    (top / f"{me}.json").write_text(json.dumps(made))
