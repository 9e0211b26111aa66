"""Where a version comes from and what was made of it; and which versions hold a text or a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textmill.errors import CorruptError, StoreError
from textmill.registry.datasets import CORPORA
from textmill.registry.finished import Finished
from textmill.registry.objects import digest_of
from textmill.registry.runs import runs_of
from textmill.registry.store import Store
from textmill.types import Manifest, Ref

if TYPE_CHECKING:
    from textmill.read.row_hashes import Erased

__all__ = ["Found", "Holding", "Lineage", "Touched", "find", "trace"]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a version comes from, and what was made of it.

    Attributes
    ----------
    manifest : of the version; its ``parents`` name digests of data, code and text path, its ``config`` the settings
    data : of a model, the version of the data set that it learned from, None if the store has none
    sources : sha256 of the files that the rows were read from, by their place among the sources
    steps : of a model, the steps of its run and their keys, with what the store still has of them
    models : of a data set, the models that learned from it
    successors : of a data set, the versions that were made from it
    unread : what could not be read, a sentence each
    """

    manifest: Manifest
    data: Manifest | None = None
    sources: dict[str, str] = field(default_factory=dict)
    steps: dict[str, tuple[str, Finished | None]] = field(default_factory=dict)
    models: tuple[Ref, ...] = ()
    successors: tuple[Ref, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """A version of a data set that holds what was looked for.

    Attributes
    ----------
    rows, test_rows : how many rows of it, and how many of its official test side
    there : whether the rows themselves are in the store; else only their hashes are
    """

    ref: Ref
    rows: int
    test_rows: int
    there: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """A model that has met what was looked for.

    Attributes
    ----------
    how : ``learned`` from it; was ``tested`` on it, and may show it among its mistakes; or ``perhaps`` learned from it:
        its data set is not in this store, and the 32 bits that the model keeps of a text agree, which happens by chance
        once in 4 billion texts
    """

    ref: Ref
    how: Literal["learned", "tested", "perhaps"]


@dataclass(frozen=True, slots=True)
class Found:
    """Which versions hold a text or a person; `unread` is what could not be looked at, a sentence each."""

    datasets: tuple[Holding, ...]
    models: tuple[Touched, ...]
    unread: tuple[str, ...]


def trace(store: Store, model: str | Ref) -> Lineage:
    """Where a model or a data set comes from, and what was made of it.

    Raises
    ------
    NotInStore, FormatError, CorruptError
    """
    manifest, folder = store.open(model)
    unread: list[str] = []
    datasets = list(_manifests(store, "dataset", unread))
    if manifest.ref.kind == "dataset":
        made = [one.ref for one in datasets if one.parents.get("dataset") == str(manifest.ref)]
        learned = [one.ref for one in _manifests(store, "model", unread) if _digests(one) == _digests(manifest)]
        return Lineage(
            manifest,
            sources=_sources(folder),
            models=tuple(learned),
            successors=tuple(made),
            unread=tuple(unread),
        )
    data = _data_of(manifest, datasets)
    return Lineage(
        manifest,
        data=data,
        sources=_sources(store.open(data.ref)[1]) if data is not None else {},
        steps=_steps_of(store, manifest.parents.get("run")),
        unread=tuple(unread),
    )


def find(store: Store, wanted: Erased, *, name: str | None = None) -> Found:
    """Which versions of data sets and models hold texts or persons.

    Texts are compared without links, case and punctuation, as exact twins are. A text of which a word was changed, or
    that is a part of a longer one, is not found.

    Parameters
    ----------
    wanted : hashes of texts and persons; a row is meant that has any of them
    name : look at the data set of this name only, and at the models that learned from it
    """
    from textmill.read.row_hashes import marks_of, rows_with

    unread: list[str] = []
    marks: dict[Ref, frozenset[int]] = {}  # of the rows that were found, for each version of a data set
    holdings: list[Holding] = []
    datasets = [one for one in _manifests(store, "dataset", unread) if name in (None, one.ref.name)]
    for manifest in datasets:
        try:
            folder = store.open(manifest.ref)[1]
            found = {role: rows_with(folder / role, wanted) for role in _roles(manifest)}
        except StoreError as error:
            unread.append(str(error))
            continue
        alike = [one for one in datasets if _digests(one) == _digests(manifest)]
        if wanted.persons and not any("persons.npy" in one.files for one in alike):
            unread.append(f"{manifest.ref} does not know its persons: its project names no column in [read] person.")
        marks[manifest.ref] = frozenset().union(*(marks_of(hashes) for hashes in found.values()))
        if marks[manifest.ref]:
            there = all(store.has(manifest.parents[parent]) for parent in CORPORA if parent in manifest.parents)
            counts = {role: len(hashes) for role, hashes in found.items()}
            holdings.append(Holding(manifest.ref, counts[""], counts.get("test", 0), there))
    touched = []
    for model in _manifests(store, "model", unread):
        # the same rows may be two versions, of which only one knows the persons
        data = [marks[one.ref] for one in datasets if one.ref in marks and _digests(one) == _digests(model)]
        if data or name is None:
            how = _met(store, model, frozenset().union(*data) if data else None, wanted, unread)
            touched += [Touched(model.ref, how)] if how is not None else []
    return Found(tuple(holdings), tuple(touched), tuple(unread))


def _met(
    store: Store, model: Manifest, marks: frozenset[int] | None, wanted: Erased, unread: list[str]
) -> Literal["learned", "tested", "perhaps"] | None:
    from textmill.read.row_hashes import marks_of
    from textmill.read.seen import FILE as SEEN
    from textmill.read.seen import marks_in

    if marks is not None and not marks and "teacher" in model.parents:
        marks = None  # it has learned from more than its data set, by way of its teacher
    if marks is not None and not marks:
        return None
    try:
        _, folder = store.open(model.ref, verify=False)
        if SEEN in model.files and digest_of(folder / SEEN) != model.files[SEEN]:
            raise CorruptError(f"{model.ref}: this file is not what was written", where=str(folder / SEEN))
        seen = marks_in(folder)
    except (StoreError, OSError) as error:
        unread.append(str(error))
        return None
    if marks is None:
        return "perhaps" if seen is not None and not seen.isdisjoint(marks_of(wanted.texts)) else None
    return "tested" if seen is not None and seen.isdisjoint(marks) else "learned"


def _manifests(store: Store, kind: str, unread: list[str]) -> Iterator[Manifest]:
    for name, versions in (store.models() if kind == "model" else store.datasets()).items():
        for version in versions:
            try:
                yield store.manifest(Ref(kind, name, version))
            except StoreError as error:  # one that cannot be read hides no other
                unread.append(str(error))


def _digests(manifest: Manifest) -> tuple[str | None, str | None]:
    # by these a model and its data set know each other, also where one of them came from elsewhere
    return manifest.parents.get("data"), manifest.parents.get("test")


def _data_of(model: Manifest, datasets: list[Manifest]) -> Manifest | None:
    alike = [one for one in datasets if _digests(one) == _digests(model)]
    return next((one for one in alike if str(one.ref) == model.parents.get("dataset")), alike[0] if alike else None)


def _roles(manifest: Manifest) -> tuple[str, ...]:
    return tuple(role for parent, role in CORPORA.items() if parent in manifest.parents)


def _sources(folder: Path) -> dict[str, str]:
    path = folder / "sources.json"
    try:
        found = json.loads(path.read_bytes())
        return {str(name): str(sha256) for name, sha256 in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise CorruptError("these are no sources", where=str(path)) from error


def _steps_of(store: Store, key: str | None) -> dict[str, tuple[str, Finished | None]]:
    runs = [run for run in runs_of(store) if key in run.keys.values()]
    if not runs:
        return {}
    newest = max(runs, key=lambda run: run.last)
    return {step: (one, store.finished(one)) for step, one in newest.keys.items()}
