"""SIGKILL at random moments of a run, and what the run after it makes of what is left.

``python -m benches reliability`` takes 500 moments; ``python -m benches.reliability 20 13`` 20 with seed 13, and prints
what was found as JSON.
"""

from __future__ import annotations

import json
import mmap
import multiprocessing
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benches.crowd import crowded
from benches.killed_runs import are_gone, ended, first_run, forked, run_again, send, strike, tree
from benches.measure import Row
from benches.toy_project import half_written, load, project, state

TRIALS = 500
SEED = 13
AT_ONCE = 2


@dataclass
class Trial:
    """One kill.

    Attributes
    ----------
    moment : ``call`` for one in the midst of a call that changes a file, or ``time``
    whom : killed is the ``run``, ``one`` of its processes, or ``all`` of them
    faults : what was not as it should be; none, one hopes
    kept : steps that were finished at the kill
    """

    number: int
    moment: str
    whom: str
    faults: list[str] = field(default_factory=list)
    kept: int = 0


def rows() -> list[Row]:
    return [kills(), crowded()]


def kills() -> Row:
    began = time.perf_counter()
    found = trials(TRIALS, SEED)
    good = sum(not trial.faults for trial in found)
    kinds = Counter(f"{trial.whom} {trial.moment}" for trial in found)
    kept = Counter(trial.kept for trial in found)
    for trial in found:
        for fault in trial.faults:
            print(trial, fault, file=sys.stderr)
    counts = ", ".join(f"{n} {name}" for name, n in sorted(kinds.items()))
    took = time.perf_counter() - began
    how = f"seed {SEED}; {counts}; {min(kept)} to {max(kept)} steps finished at the kill; {took:.0f} s"
    what = f"SIGKILL at {TRIALS} random moments of a run, then a run: same keys and bytes, nothing finished done twice"
    return Row(what, f"{TRIALS} of {TRIALS}", f"{good} of {len(found)}", good == len(found) == TRIALS, how)


def trials(count: int, seed: int) -> list[Trial]:
    """Kill so often, each time in a project of its own."""
    load()
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("fork")) as pool,
    ):
        top = Path(name)
        right, calls, lasted = undisturbed(top)
        killed = partial(one_kill, top=top, seed=seed, right=right, calls=calls, lasted=lasted)
        return list(pool.map(killed, range(count)))


def undisturbed(top: Path) -> tuple[dict[str, Any], int, float]:
    """What a run comes to, how many calls of it change files (twice: before and after), and how long it lasts."""
    found, took = [], []
    for number in range(3):
        folder = project(top / f"right{number}")
        counter = mmap.mmap(-1, 8)
        began = time.perf_counter()
        done = ended(forked(partial(first_run, folder, counter, None)))
        took.append(time.perf_counter() - began)
        assert done == 0, (folder / "said").read_text()
        found.append(state(folder))
    assert found[0] == found[1] == found[2], "two undisturbed runs differ"
    return found[0], int.from_bytes(counter[:], "little"), statistics.median(took)


def one_kill(number: int, *, top: Path, seed: int, right: dict[str, Any], calls: int, lasted: float) -> Trial:
    chance = random.Random(f"{seed} {number}")
    trial = Trial(number, chance.choice(["call", "time"]), chance.choice(["run", "one", "all"]))
    for again in range(100):  # until a moment is drawn that comes before the run's end
        folder = project(top / f"killed{number}-{again}")
        hit, before, processes = killed(folder, trial, chance, calls, lasted)
        if hit:
            trial.kept = len(before)
            trial.faults += half_written(folder)
            trial.faults += after(folder, right, before)
        if not are_gone(processes):
            trial.faults.append(f"left behind: {processes}")
        if not trial.faults:
            shutil.rmtree(folder, ignore_errors=True)
        if hit:
            return trial
    raise AssertionError("no moment was hit")


def killed(
    folder: Path, trial: Trial, chance: random.Random, calls: int, lasted: float
) -> tuple[bool, set[str], list[int]]:
    """Run a project and kill; whether there was still something to kill, the steps that were finished then, and the
    processes that may still be there."""
    counter = mmap.mmap(-1, 8)
    at = chance.randint(1, calls) if trial.moment == "call" else None
    run = forked(partial(first_run, folder, counter, None if at is None else (at, trial.whom)))
    everybody: list[int] = []
    if at is None:
        time.sleep(chance.uniform(0.0, 1.5 * lasted))  # a moment; what comes too late is drawn again
        everybody = tree(run)
        if trial.whom == "one":
            send(chance.choice(everybody), signal.SIGKILL)
        else:
            strike(trial.whom, run)
    # one that lost a process of its own ends by itself
    status = ended(run)
    if at is not None:
        everybody = [int(pid) for pid in (folder / "pids").read_text().split()] if (folder / "pids").exists() else []
    hit = status != 0 and (at is None or int.from_bytes(counter[:], "little") >= at)
    if hit and status > 0 and trial.whom != "one":
        trial.faults.append(f"it was to be killed, and ended with {status}: {(folder / 'said').read_text()}")
    return hit, {path.stem for path in (folder / ".textmill" / "steps").glob("*.json")}, everybody


def after(
    folder: Path, right: dict[str, Any], before: set[str], again: Callable[[Path], None] = run_again
) -> list[str]:
    """What is wrong once it was run again, at once."""
    status = ended(forked(partial(again, folder)))
    if status != 0:
        return [f"the run after it ended with {status}: {(folder / 'said').read_text()}"]
    faults = half_written(folder)
    now = state(folder)
    if now != right:
        # a run that lost a process reports its failure, which is a step that an undisturbed one does not have
        more = [name for name in now if name not in right and now[name][0] != "report"]
        other = [name for name in right if now.get(name) != right[name]] + more
        faults += [f"not the same: {name}: {now.get(name)} and not {right.get(name)}" for name in other]
    keys = {found[0]: key for key, found in right.items() if len(key) == 64}
    started = json.loads((folder / "started").read_text())
    twice = [step for step in started if keys.get(step) in before]
    if twice:
        faults.append(f"finished at the kill, and done again: {twice}")
    return faults


if __name__ == "__main__":
    count, seed = (int(word) for word in [*sys.argv[1:], str(SEED)][:2])
    print(json.dumps([asdict(trial) for trial in trials(count, seed)]))
