"""Finished steps and objects that nothing needs any more: which they are, and away with them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from textmill.registry.datasets import CORPORA
from textmill.registry.disk import writing
from textmill.registry.finished import Finished, read_finished
from textmill.registry.objects import is_sha256
from textmill.registry.runs import bases_of, records_of, runs_of
from textmill.registry.store import Store
from textmill.types import Manifest, Ref

__all__ = [
    "Garbage",
    "collect",
    "finished_steps",
    "garbage",
    "manifests_of",
    "named_by",
    "rest",
    "runs_behind",
    "sweep",
]


@dataclass(frozen=True, slots=True)
class Garbage:
    """What goes, or went.

    Attributes
    ----------
    steps, objects, runs : the files of finished steps, of objects, and of what is remembered of runs
    size : bytes that this frees; a file that a version has too frees none
    """

    steps: tuple[Path, ...]
    objects: tuple[Path, ...]
    runs: tuple[Path, ...]
    size: int

    def __bool__(self) -> bool:
        return bool(self.steps or self.objects or self.runs)


def garbage(store: Store, *, older_than: float = 0.0, now: Callable[[], float] = time.time) -> Garbage:
    """What nothing needs.

    Kept are: the files of every version and the rows of every data set; the steps of the last run of each project, of
    the run of each version, and those that a record names of a run which may go on; and what is younger than
    `older_than`. Only steps that nobody will be spared again, objects that nothing names, and what is remembered of
    runs that ended long ago, are garbage.

    Between two steps of a run that goes step by step nobody uses the store: its record is what keeps its steps.

    Parameters
    ----------
    older_than : seconds

    Raises
    ------
    StoreError : if a version's manifest cannot be read: what it needs is not known, so nothing can be told; or if other
        machines share the store
    """
    store.must_be_ours("collecting")
    manifests = [*manifests_of(store, "model"), *manifests_of(store, "dataset")]
    versions = runs_behind(manifests)
    needed = [run for run in runs_of(store) if run.last or not versions.isdisjoint(run.keys.values())]
    youngest = now() - older_than
    records = list(records_of(store))
    named = [record.keys for record in records if record.newest > youngest]
    keys = versions.union(*(run.keys.values() for run in needed), *named)
    steps = [
        (path, step) for path, step in finished_steps(store) if path.stem in keys or path.stat().st_mtime > youngest
    ]
    old = [path for record in records if record.newest <= youngest for path in record.files]
    return rest(store, dict(steps), old, objects=named_by(manifests), versions=versions, youngest=youngest)


def rest(
    store: Store,
    steps: Mapping[Path, Finished | None],
    more: Iterable[Path],
    *,
    objects: frozenset[str],
    versions: frozenset[str],
    youngest: float = math.inf,
) -> Garbage:
    """Everything but some steps and what they name, other objects, and what is younger than `youngest`.

    Parameters
    ----------
    more : files of what is remembered of runs that go as well
    versions : keys of the steps that made versions: the notes about their runs stay, for they say what was done
    """
    named = objects.union(*(_objects_of(step) for step in steps.values() if step is not None))
    away = [
        path
        for path in sorted((store.root / "objects").glob("*/*"))
        if is_sha256(path.name) and path.name not in named and path.stat().st_mtime <= youngest
    ]
    found = [path for path, _ in finished_steps(store) if path not in steps]
    keys = {path.stem for path in steps}
    forgotten = [
        run.path
        for run in runs_of(store)
        if not run.last and versions.isdisjoint(run.keys.values()) and not keys.issuperset(run.keys.values())
    ]
    forgotten += [path for path, key in bases_of(store) if key not in keys and path.stat().st_mtime <= youngest]
    forgotten += more
    # an object that is a version's file as well is freed with the version
    alone = [entry.st_size for entry in (path.stat() for path in (*away, *found, *forgotten)) if entry.st_nlink == 1]
    return Garbage(tuple(found), tuple(away), tuple(forgotten), sum(alone))


def collect(
    store: Store,
    *,
    older_than: float = 0.0,
    wait: float | None = None,
    on_wait: Callable[[str], None] | None = None,
    now: Callable[[], float] = time.time,
) -> Garbage:
    """Remove what nothing needs, while nobody uses the store; what went.

    A run at work holds the store, so what it has made and nothing names yet cannot go. What a kill leaves of this is
    garbage again.

    Parameters
    ----------
    older_than : seconds; see `garbage`
    wait, on_wait : as in `Store.lock`

    Raises
    ------
    LockHeld : if a run, or somebody who publishes, is still at work after `wait` seconds
    StoreError, StoreWriteError
    """
    store.must_be_ours("collecting")
    with store.in_use(wait=wait, on_wait=on_wait, alone=True):
        going = garbage(store, older_than=older_than, now=now)
        sweep(store, going, "collect")
    return going


def sweep(store: Store, going: Garbage, event: str) -> None:
    """Remove it; whoever calls this holds the store alone."""
    store.scratch.sweep()
    if not going:
        return
    store.audit.append(event, steps=len(going.steps), objects=len(going.objects), bytes=going.size)
    with writing(store.root):
        # steps first: one without its objects would be looked for and not found
        for path in (*going.steps, *going.runs, *going.objects):
            store.disk.remove(path)
        for path in (*going.objects, *going.runs):
            with suppress(OSError):  # others are in it
                path.parent.rmdir()


def finished_steps(store: Store) -> Iterator[tuple[Path, Finished | None]]:
    """The file of each finished step, and what it says; None if it is not to be trusted."""
    for path in sorted((store.root / "steps").glob("*.json")):
        with suppress(FileNotFoundError):
            yield path, read_finished(path.read_bytes(), path.stem)


def manifests_of(store: Store, kind: str) -> Iterator[Manifest]:
    """The manifest of every version of models or of data sets."""
    for name, versions in (store.models() if kind == "model" else store.datasets()).items():
        for version in versions:
            yield store.manifest(Ref(kind, name, version))


def runs_behind(manifests: Iterable[Manifest]) -> frozenset[str]:
    """The keys of the steps that made versions."""
    return frozenset(manifest.parents["run"] for manifest in manifests if "run" in manifest.parents)


def named_by(manifests: Iterable[Manifest]) -> frozenset[str]:
    """The objects that versions name: their files, and the rows of data sets."""
    return frozenset(
        sha256
        for manifest in manifests
        for sha256 in (*manifest.files.values(), *(manifest.parents.get(parent, "") for parent in CORPORA))
    )


def _objects_of(step: Finished) -> set[str]:
    return {file.sha256 for file in step.files.values()}
