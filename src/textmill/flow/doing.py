"""One step, tried once in this process: what it leaves is in the store before it counts as finished."""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textmill.errors import DataError, GateRefused, SourceError, StoreWriteError
from textmill.flow.keys import step_key
from textmill.flow.record import Record, StepState, told
from textmill.flow.step import Progress, Step, Work
from textmill.registry import FileOutput, Finished, Store
from textmill.registry.disk import writing
from textmill.types import canonical_json

__all__ = ["attempt", "found", "lay_out", "taken"]

_ROOM_TO_WORK = 1 << 20  # bytes; a disk with less is full


def found(step: Step, key: str, outputs: Mapping[str, Finished], store: Store) -> Finished | None:
    """What the step left when it was done under this key, if that still stands."""
    if step.always:
        return None
    left = store.finished(key)
    if left is None or (step.holds is not None and not step.holds(left, outputs)):
        return None
    return left


def attempt(
    step: Step,
    key: str,
    outputs: Mapping[str, Finished],
    store: Store,
    record: Record,
    *,
    threads: int | None,
    on: str | None,
    progress: Progress,
    checked: set[str],
) -> Finished:
    """Do a step, keep what it leaves, and note in the record of the run how that went.

    Two processes that do one step of one flow at the same time take turns, and the second finds it done.

    Parameters
    ----------
    key : the step's, as of now
    outputs : what its needs left
    checked : sha256 of the objects that were compared already; grows

    Raises
    ------
    SourceError : if what it reads was changed meanwhile
    DataError : if it returns what is no JSON
    StoreWriteError, CorruptError, and whatever the step raises
    """
    before = record.state(step.name)
    tries = 1 + (before.attempts if before else 0)
    began = time.perf_counter()
    waited: list[str] = []

    def note(state: Any, error: BaseException | None = None) -> None:
        seconds = round(time.perf_counter() - began, 6)
        record.write(StepState(step.name, state, key, tries, seconds, told(error) if error else None))
        record.note(step.name, f"try {tries}: {error or state}")

    note("running")
    try:
        with store.lock(_lock_of(step, record), wait=None, on_wait=waited.append):
            left = found(step, key, outputs, store) if waited else None
            if left is None:
                left = _do(step, key, outputs, store, record, threads, on, progress, checked, began)
    except BaseException as error:
        with suppress(StoreWriteError):
            if isinstance(error, KeyboardInterrupt):
                note("stopped")
            else:
                note("refused" if isinstance(error, GateRefused) else "failed", error)
        raise
    note("finished")
    return left


def _lock_of(step: Step, record: Record) -> str:
    return "step-" + re.sub(r"[^a-z0-9_-]+", ".", f"{record.flow}-{step.name}".lower())[:190]


def _do(
    step: Step,
    key: str,
    outputs: Mapping[str, Finished],
    store: Store,
    record: Record,
    threads: int | None,
    on: str | None,
    progress: Progress,
    checked: set[str],
    began: float,
) -> Finished:
    def file(need: str, name: str) -> Path:
        sha256 = outputs[need].files[name].sha256
        path = store.object(sha256, verify=sha256 not in checked)
        checked.add(sha256)
        return path

    def tree(need: str, below: str) -> Path:
        # links to the objects, so that a reader of folders finds its files under their names
        root = linked[-1] if linked else store.scratch.new_folder(f"{step.name}-needs")
        linked.append(root)
        names = [name for name in outputs[need].files if name.startswith(below)]
        lay_out(store, {name: file(need, name) for name in names}, root / need)
        return root / need / below

    linked: list[Path] = []
    folder = store.scratch.new_folder(step.name)
    try:
        with _full_disk_said(store):
            given = (step.settings, threads, file, tree, outputs, progress, record.run, record.log(step.name))
            left = step.run(Work(folder, key, *given, on)) or {}
        values = _as_kept(left, step)
        _check_unchanged(step, key, outputs)
        files = taken(store, folder)
        checked.update(file.sha256 for file in files.values())
        finished = Finished(step.name, key, files, values, round(time.perf_counter() - began, 6))
        store.finish(finished)
    finally:
        for made in (folder, *linked):
            shutil.rmtree(made, ignore_errors=True)
    return finished


def taken(store: Store, folder: Path) -> dict[str, FileOutput]:
    """Make objects of all files in a scratch folder, which they leave."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        files[path.relative_to(folder).as_posix()] = FileOutput(store.take_file(path), size)
    return files


def lay_out(store: Store, objects: Mapping[str, Path], folder: Path) -> None:
    """Objects under the names that a reader of a folder looks for."""
    with writing(store.root):
        for name, path in objects.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            store.disk.link_or_copy(path, folder / name)


def _check_unchanged(step: Step, key: str, outputs: Mapping[str, Finished]) -> None:
    if step.sources is None:
        return
    try:
        if step_key(step, outputs) == key:
            return
    except SourceError:
        pass  # it is gone
    raise SourceError(
        "a source was changed while it was read", where=f"step {step.name}", hint="Run again when it is whole."
    )


def _as_kept(values: Mapping[str, Any], step: Step) -> dict[str, Any]:
    # what comes next must see the same now as in a run that finds it in the store: lists, not tuples
    try:
        kept: dict[str, Any] = json.loads(canonical_json(dict(values)))
    except (TypeError, ValueError) as error:
        raise DataError(f"what it returned must be JSON: {error}", where=f"step {step.name}") from error
    return kept


@contextmanager
def _full_disk_said(store: Store) -> Iterator[None]:
    # a step writes its outputs with whatever library it likes; only a full or closed disk is the store's fault
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if error.errno is None:  # numpy does not say why it wrote less than it meant to
            full = store.disk.room(store.root) < _ROOM_TO_WORK
        if full or error.errno == errno.EROFS:
            with writing(store.root):
                raise OSError(errno.ENOSPC if full else errno.EROFS, str(error)) from error
        raise
