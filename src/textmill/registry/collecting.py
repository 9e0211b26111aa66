"""Finished steps and objects that nothing needs any more: which they are, and away with them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from textmill.errors import StoreError
from textmill.registry.datasets import CORPORA
from textmill.registry.files import Entry
from textmill.registry.finished import Finished, read_finished
from textmill.registry.objects import is_sha256
from textmill.registry.overtaking import decides
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


def garbage(store: Store, *, older_than: float = 0.0, now: Callable[[], float] | None = None) -> Garbage:
    """What nothing needs.

    Kept are: the files of every version and the rows of every data set; the steps of the last run of each project, of
    the run of each version, and those that a record names of a run which may go on; and what is younger than
    `older_than`. Only steps that nobody will be spared again, objects that nothing names, and what is remembered of
    runs that ended long ago, are garbage.

    Between two steps of a run that goes step by step nobody uses the store: its record is what keeps its steps. The
    records of other machines that share the store cannot be read: their steps are kept by their age, which counts from
    when a run has last made or found them.

    Parameters
    ----------
    older_than : seconds
    now : seconds since 1970; by default what the clock of the store says

    Raises
    ------
    StoreError : if a version's manifest cannot be read: what it needs is not known, so nothing can be told; or if
        `older_than` is less than a store that machines share allows
    """
    if older_than < store.least_age:
        raise StoreError(
            "what a run on another machine has made is known by its age alone, and so has to be left for a while",
            where=store.place,
            wanted=f"at least {store.least_age:,.0f} seconds",
            got=f"{older_than:,.0f} seconds",
            hint="With: textmill store gc --older-than 1d",
        )
    here = (now or time.time)() - older_than  # of what this machine remembers
    youngest = (now or store.now)() - older_than
    manifests = [*manifests_of(store, "model"), *manifests_of(store, "dataset")]
    versions = runs_behind(manifests)
    needed = [run for run in runs_of(store) if run.last or not versions.isdisjoint(run.keys.values())]
    records = list(records_of(store))
    named = [record.keys for record in records if record.newest > here]
    keys = versions.union(*(run.keys.values() for run in needed), *named)
    steps = list(finished_steps(store))
    kept = frozenset(one.path for one, _ in steps if one.path.stem in keys or one.written > youngest)
    old = [path for record in records if record.newest <= here for path in record.files]
    objects = named_by(manifests)
    return rest(store, steps, kept, old, objects=objects, versions=versions, youngest=youngest, here=here)


def rest(
    store: Store,
    steps: Iterable[tuple[Entry, Finished | None]],
    kept: frozenset[Path],
    more: Iterable[Path],
    *,
    objects: frozenset[str],
    versions: frozenset[str],
    youngest: float = math.inf,
    here: float = math.inf,
) -> Garbage:
    """Everything but the steps that are kept and what they name, other objects, and what is younger than `youngest`.

    Parameters
    ----------
    steps : all of them
    kept : the files of those that stay
    more : files of what is remembered of runs that go as well
    objects : sha256 of those that stay whatever the steps name
    versions : keys of the steps that made versions: the notes about their runs stay, for they say what was done
    here : the same as `youngest` by the clock of this machine
    """
    steps = list(steps)
    named = objects.union(*(_objects_of(step) for one, step in steps if step is not None and one.path in kept))
    away = [
        one
        for one in store.entries("objects")
        if is_sha256(one.path.name) and one.path.name not in named and one.written <= youngest
    ]
    found = [one for one, _ in steps if one.path not in kept]
    keys = {path.stem for path in kept}
    forgotten = [
        run.path
        for run in runs_of(store)
        if not run.last and versions.isdisjoint(run.keys.values()) and not keys.issuperset(run.keys.values())
    ]
    forgotten += [path for path, key in bases_of(store) if key not in keys and path.stat().st_mtime <= here]
    forgotten += more
    size = sum(one.size for one in (*away, *found))
    for path in forgotten:
        with suppress(FileNotFoundError):  # it was another machine that remembers it
            size += path.stat().st_size
    return Garbage(tuple(one.path for one in found), tuple(one.path for one in away), tuple(forgotten), size)


def collect(
    store: Store,
    *,
    older_than: float = 0.0,
    wait: float | None = None,
    on_wait: Callable[[str], None] | None = None,
    now: Callable[[], float] | None = None,
) -> Garbage:
    """Remove what nothing needs, while nobody on this machine uses the store; what went.

    A run at work holds the store, so what it has made and nothing names yet cannot go. What a kill leaves of this is
    garbage again. `SharedStore` says why nothing goes that a run on another machine needs.

    Parameters
    ----------
    older_than, now : see `garbage`
    wait, on_wait : as in `Store.lock`

    Raises
    ------
    LockHeld : if a run, or somebody who publishes, is still at work after `wait` seconds
    StoreError, StoreWriteError
    """

    def look() -> Garbage:
        return garbage(store, older_than=older_than, now=now)

    with store.in_use(wait=wait, on_wait=on_wait, alone=True):
        store.tidy()
        going = look()
        return sweep(store, look, "collect") if going else going


@decides
def sweep(store: Store, look: Callable[[], Garbage], event: str) -> Garbage:
    """Remove what a look finds; what went. Whoever calls this holds the store alone, as far as this machine goes."""
    store.announce()
    going = look()
    if going:
        # steps first: one without its objects would be looked for and not found
        paths = (*going.steps, *going.runs, *going.objects)
        store.take_away(event, paths, steps=len(going.steps), objects=len(going.objects), bytes=going.size)
    return going


def finished_steps(store: Store) -> Iterator[tuple[Entry, Finished | None]]:
    """The file of each finished step, and what it says; None if it is not to be trusted."""
    entries = [one for one in store.entries("steps") if one.path.suffix == ".json"]
    for one, raw in zip(entries, store.contents(entries), strict=True):
        if raw is not None:
            yield one, read_finished(raw, one.path.stem)


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
