"""Disks that are full or closed, clocks that are set back, stores that are copied while a run is at work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mounting import ROOT, mounted

# What each of these does: runs of a project in forks of a process that has loaded everything
BEGIN = """
import json, mmap, os, random, shutil, subprocess, sys, time
from functools import partial
from pathlib import Path
from benches.killed_runs import ended, first_run, forked, run_again, strike
from benches.reliability import after
from benches.toy_project import half_written, load, project, state

place = Path(sys.argv[1])

def run(folder, kill=None):
    status = ended(forked(partial(first_run, folder, mmap.mmap(-1, 8), kill)))
    return status, (folder / "said").read_text() if status > 0 else ""

def steps(folder):
    return {path.stem for path in (folder / ".textmill" / "steps").glob("*.json")}

def mount(*options):
    give_up = time.monotonic() + 60
    while subprocess.run(["mount", *options, str(place)]).returncode:
        if "remount" not in options[-1]:
            sys.exit(77)
        assert time.monotonic() < give_up  # busy while threads of a process that was killed are still ending
        time.sleep(0.01)

load()
"""

FULL = (
    BEGIN
    + """
right = place.parent / "right"
assert run(project(right)) == (0, "")
right = state(right)
for size in (60, 160, 240, 320, 400, 480, 560, 640):  # kB
    mount("-t", "tmpfs", "-o", f"size={size}k", "tmpfs")
    folder = project(place / "project")
    status, said = run(folder)
    assert status == 3, (size, status)
    print(json.dumps(said))
    before = steps(folder)
    assert half_written(folder) == []
    mount("-o", "remount,size=100m")
    assert after(folder, right, before) == [], size
    subprocess.run(["umount", str(place)], check=True)
"""
)

CLOSED = (
    BEGIN
    + """
right = place.parent / "right"
assert run(project(right)) == (0, "")
right = state(right)
mount("--bind", str(place))
folder = project(place.parent / "project")
(place / "store").mkdir()
(folder / ".textmill").symlink_to(place / "store")
assert run(folder, (250, "all"))[0] == -9
before = steps(folder)
assert 0 < len(before) < len(right)
mount("-o", "remount,ro,bind")
status, said = run(folder)
assert status == 3
print(json.dumps(said))
mount("-o", "remount,rw,bind")
assert after(folder, right, before) == []
mount("-o", "remount,ro,bind")
assert run(folder) == (0, "")  # there is nothing to do
"""
)

BACK = (
    BEGIN
    + """
from datetime import datetime, timedelta

class Back(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) - timedelta(days=400)

def long_ago(folder):
    for module in list(sys.modules.values()):
        if getattr(module, "datetime", None) is datetime:
            module.datetime = Back
    clock = time.time
    time.time, time.time_ns = lambda: clock() - 400 * 86400, lambda: int((clock() - 400 * 86400) * 1e9)
    run_again(folder)

right = place.parent / "right"
assert run(project(right)) == (0, "")
right = state(right)
for at in (100, 300, 500):
    folder = project(place / f"project{at}")
    assert run(folder, (at, "all"))[0] == -9
    assert after(folder, right, steps(folder), long_ago) == []
    newest = list((folder / ".textmill/audit.jsonl").open())[-1]
    print(json.loads(newest)["when"])
"""
)

COPIED = (
    BEGIN
    + """
from textmill.registry import Store

def copied(folder, to):
    # as rsync goes, name by name, while files come and go
    to.mkdir()
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            copied(path, to / path.name)
        else:
            try:
                shutil.copy2(path, to / path.name)
            except FileNotFoundError:
                pass

right = place.parent / "right"
began = time.monotonic()
assert run(project(right)) == (0, "")
lasted = time.monotonic() - began
right = state(right)
folder = project(place / "project")
at_work = forked(partial(first_run, folder, mmap.mmap(-1, 8), None))
copies = []
for number in range(int(sys.argv[2])):
    time.sleep(lasted / int(sys.argv[2]))
    copies.append(place / f"copy{number}")
    copied(folder, copies[-1])
assert ended(at_work) == 0
assert state(folder) == right
kept = []
for copy in copies:
    store = Store(copy / ".textmill")
    found = [step for key in steps(copy) if (step := store.finished(key))]
    kept.append(len(found))
    # what a step has left elsewhere, as a version or beside the project file, may have come too late for the copy
    before = {step.key for step in found if step.step not in ("make", "register", "report", "last")}
    assert after(copy, right, before) == [], copy
print(kept)
"""
)


def forks(script: str, place: Path, *more: str) -> list[str]:
    place.mkdir()
    command = [sys.executable, "-c", script, str(place), *more]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_a_run_on_a_disk_that_is_full_says_so_and_goes_on_once_there_is_room(tmp_path):
    said = [json.loads(line) for line in mounted(FULL, tmp_path / "small").splitlines()]
    assert len(said) == 8
    for sentence in said:
        assert "there is no room left on the disk" in sentence or "No space left on device" in sentence
        assert "Traceback" not in sentence
        assert "\n" not in sentence


@pytest.mark.slow
def test_a_run_on_a_store_that_may_not_be_written_says_so_and_goes_on_once_it_may(tmp_path):
    (said,) = mounted(CLOSED, tmp_path / "closed").splitlines()
    assert "there is no permission to write here" in json.loads(said)


@pytest.mark.slow
def test_a_run_that_goes_on_after_the_clock_was_set_back_a_year_ends_as_if_it_had_not_been(tmp_path):
    years = {when[:4] for when in forks(BACK, tmp_path / "back")}
    assert len(years) == 1


@pytest.mark.slow
def test_a_store_that_is_copied_while_a_run_is_at_work_goes_on_in_the_copy(tmp_path):
    (kept,) = forks(COPIED, tmp_path / "copied", "6")
    assert len(json.loads(kept)) == 6
