"""Rows that somebody wants forgotten: a version of the data set without them, and a list that keeps them out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textmill.errors import NotInStore, StoreError
from textmill.registry.collecting import Garbage, finished_steps, manifests_of, named_by, rest, runs_behind, sweep
from textmill.registry.datasets import CORPORA, publish_rows
from textmill.registry.erased import add_erased
from textmill.registry.finished import Finished
from textmill.registry.lineage import Found, find
from textmill.registry.runs import notices_of, records_of, runs_of
from textmill.registry.store import Store
from textmill.types import Manifest, Ref

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textmill.read.row_hashes import Erased

__all__ = ["Erasure", "Successor", "erase"]

_READ = "dataset/texts.npy"  # what a step leaves that has read rows


@dataclass(frozen=True, slots=True)
class Successor:
    """What became of a data set.

    Attributes
    ----------
    before : its newest version
    after : the one without the rows; the same where the newest did not hold them; None where none could be made
    rows : how many rows of `before` went
    why : why there is no `after`
    alike : how many rows stay that have the same text as one that went: they are another person's
    """

    before: Ref
    after: Ref | None
    rows: int
    why: str = ""
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased, and what is left.

    Attributes
    ----------
    found : the versions that held it; models that learned from it do so until they are removed
    successors : what became of each data set
    holding : steps, objects and records of earlier runs that hold it or may do so
    purged : whether those are gone
    """

    found: Found
    successors: tuple[Successor, ...]
    holding: Garbage
    purged: bool


def erase(
    store: Store,
    wanted: Erased,
    *,
    reason: str,
    name: str | None = None,
    purge: bool = False,
    on_wait: Callable[[str], None] | None = None,
) -> Erasure:
    """Make data sets forget texts and persons, and keep later runs from learning from them again.

    Waits for a run of the project that is at work. The audit log gets hashes and the reason, no text.

    Parameters
    ----------
    wanted : hashes of texts and persons
    reason : for the audit log
    name : of the data set; None means every one that holds such a row
    purge : remove the rows of all versions that hold them, and whatever was made from them but is no version

    Raises
    ------
    NotInStore : if no data set holds any of it
    LockHeld, StoreWriteError, CorruptError
    """
    if purge:
        store.must_forget()
    found = find(store, wanted, name=name)
    if not found.datasets:
        which = f"dataset/{name}" if name is not None else "a data set"
        raise NotInStore(f"no version of {which} here holds it", where=str(store.root))
    successors = []
    for one in sorted({holding.ref.name for holding in found.datasets}):
        with store.lock(f"run-{one}", wait=None, on_wait=on_wait):
            holding = [str(each.ref) for each in found.datasets if each.ref.name == one]
            add_erased(store, one, wanted, datasets=holding, reason=reason)
            successors.append(_successor(store, store.manifest(f"dataset/{one}"), wanted))

    def look() -> Garbage:  # a run may have come to its end since
        return _holding(store, find(store, wanted, name=name), wanted)

    with store.in_use(alone=purge, wait=None, on_wait=on_wait):
        if purge:
            store.tidy()
        holding_it = sweep(store, look, "purge") if purge else look()
        found = find(store, wanted, name=name)
    return Erasure(found, tuple(successors), holding_it, purge)


def _successor(store: Store, newest: Manifest, wanted: Erased) -> Successor:
    from textmill.read import Corpus
    from textmill.read.row_hashes import TEXTS, load_hashes, write_hashes_without, write_without

    _, hashes = store.open(newest.ref)
    roles = {parent: role for parent, role in CORPORA.items() if parent in newest.parents}
    gone = {role: wanted.in_hashes(hashes / role) for role in roles.values()}
    rows = sum(int(one.sum()) for one in gone.values())
    if rows == 0:
        return Successor(newest.ref, newest.ref, 0)
    if any(one.all() for one in gone.values()):
        return Successor(newest.ref, None, rows, "no row would be left")
    alike = _alike({role: load_hashes(hashes / role / TEXTS) for role in gone}, gone)
    if not all(store.has(newest.parents[parent]) for parent in roles):
        return Successor(newest.ref, None, rows, "its rows are no longer in the store; the next run makes one", alike)
    folder = store.scratch.new_folder("erase")
    try:
        made: dict[str, Corpus] = {}
        for parent, role in roles.items():
            corpus = Corpus.load(store.object(newest.parents[parent], verify=True))
            made[role] = write_without(corpus, gone[role], folder / parent)
            store.put_file(folder / parent)
            write_hashes_without(hashes / role, gone[role], folder / "dataset" / role)
        shutil.copyfile(hashes / "sources.json", folder / "dataset" / "sources.json")
        manifest = publish_rows(
            store,
            newest.ref.name,
            folder / "dataset",
            made[""],
            made.get("test"),
            config=newest.config,
            parents={"dataset": str(newest.ref)},
        )
        return Successor(newest.ref, manifest.ref, rows, alike=alike)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alike(texts: Mapping[str, NDArray[np.uint8]], gone: Mapping[str, NDArray[np.bool_]]) -> int:
    """How many rows of all sides stay whose text is that of a row that goes."""
    from textmill.read.row_hashes import which

    away = frozenset(one.tobytes() for role, hashes in texts.items() for one in hashes[gone[role]])
    return sum(int(which(hashes[~gone[role]], away).sum()) for role, hashes in texts.items())


def _holding(store: Store, found: Found, wanted: Erased) -> Garbage:
    """Steps and objects that hold the rows or may do so: all but those that surely do not."""
    held = {one.ref for one in found.datasets}
    met = {one.ref for one in found.models}
    datasets = list(manifests_of(store, "dataset"))
    models = list(manifests_of(store, "model"))
    spoiled = {one.parents.get(part) for one in datasets if one.ref in held for part in ("data", "test")} - {None}
    steps = list(finished_steps(store))
    reads = {
        step.key: _is_clean(store, step, wanted, spoiled)
        for _, step in steps
        if step is not None and _READ in step.files
    }
    clean, dirty = set[str](), set[str]()
    for run in runs_of(store):
        (clean if _all_clean(run.keys.values(), reads) else dirty).update(run.keys.values())
    # a step that stands in no run may be one of a run that was killed, whatever it had read
    kept = frozenset(one.path for one, step in steps if step is not None and step.key in clean - dirty)
    # what steps printed, and the sentences of errors, may show any row that was read
    told = [record for record in records_of(store) if not _all_clean(record.keys, reads)]
    flows = {one.name for one in held} | {record.flow for record in told}
    said = [path for path in notices_of(store) if path.stem in flows]
    said += [path for record in told for path in record.files]
    hashes = frozenset(sha256 for one in datasets for sha256 in one.files.values())
    # where its files are objects alone, a model has to be removed before they can go
    whole = models if not store.versions_keep_files else [one for one in models if one.ref not in met]
    named = named_by([*whole, *(one for one in datasets if one.ref not in held)])
    return rest(store, steps, kept, said, objects=hashes | named, versions=runs_behind(models))


def _all_clean(keys: Iterable[str], reads: Mapping[str, bool]) -> bool:
    """Whether a run surely held none of the rows: it has read something, and nothing but what is clean."""
    known = [reads[key] for key in keys if key in reads]
    return bool(known) and all(known)


def _is_clean(store: Store, read: Finished, wanted: Erased, spoiled: Set[str | None]) -> bool:
    """Whether a finished `read` surely held none of the rows."""
    if not spoiled.isdisjoint((read.values.get("digest"), read.values.get("test_digest"))):
        return False
    try:
        objects = {
            name: store.object(file.sha256, verify=True) for name, file in read.files.items() if name[-4:] == ".npy"
        }
    except StoreError:
        return False
    return not any(
        wanted.among(path, objects.get(name.replace("texts", "persons"))).any()
        for name, path in objects.items()
        if name.endswith("texts.npy")
    )
