"""The embedded runner: no server, no database; the store is its memory."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from textmill.errors import DataError, GateRefused, Interrupted, SourceError, TextmillError
from textmill.flow.bases import Bases
from textmill.flow.keys import basis_of, step_key
from textmill.flow.step import Flow, Step, Work, plan
from textmill.registry import FileOutput, Finished, Store
from textmill.registry.disk import writing
from textmill.types import canonical_json

__all__ = ["Done", "Event", "FlowResult", "cached", "run_flow"]


_ROOM_TO_WORK = 1 << 20  # bytes; a disk with less is full


@dataclass(frozen=True, slots=True)
class Event:
    """What happens in a run, for whoever shows it.

    Attributes
    ----------
    kind : ``waiting`` for another run (`note` says who), ``started``, ``progress`` (`done` of `total`, which may be
        unknown), ``finished``, ``cached`` (nothing to do), ``refused`` (a gate said no), ``skipped`` (after a refusal),
        ``failed``
    seconds : what the step took; for ``cached`` what it took when it ran
    """

    step: str
    kind: Literal["waiting", "started", "progress", "finished", "cached", "refused", "skipped", "failed"]
    seconds: float = 0.0
    done: int = 0
    total: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A step of a run: whether it was there already, and the seconds it took now."""

    step: str
    cached: bool
    seconds: float
    finished: Finished

    @property
    def key(self) -> str:
        """The digest of everything that decided its result."""
        return self.finished.key


@dataclass(frozen=True, slots=True)
class FlowResult:
    """What a run left.

    Attributes
    ----------
    steps : name -> step, in the order in which they ran; those after a refusal are absent
    refused : what the gate said, or None
    """

    steps: Mapping[str, Done]
    refused: GateRefused | None


def run_flow(
    flow: Flow,
    store: Store,
    *,
    threads: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    force: bool = False,
    wait: float | None = None,
) -> FlowResult:
    """Do what is not done yet, step by step.

    Each step's outputs are in the store before it counts as finished, so a run that was stopped or killed at any
    moment goes on with the first step that is not. Two runs of one flow on one store take turns.

    Parameters
    ----------
    force : do every step again
    wait : seconds to wait for another run of this flow; None waits until it is done

    Raises
    ------
    Interrupted : on Ctrl-C or SIGTERM; finished steps are kept
    LockHeld : if another run still works after `wait` seconds
    StoreWriteError, CorruptError, and whatever a step raises
    """
    steps = plan(flow)
    tell = on_event or _nobody
    now = ["before the first step"]
    try:
        if not force and (found := _all_cached(steps, store)) is not None:
            # nothing to write, so no lock and no right to write is needed
            for done in found.values():
                tell(Event(done.step, "cached", done.finished.seconds))
            return FlowResult(found, None)
        with (
            _sigterm_interrupts(),
            store.lock(f"run-{flow.name}", wait=wait, on_wait=lambda who: tell(Event("", "waiting", note=who))),
        ):
            store.scratch.sweep()
            return _run(steps, store, Bases(store, flow.name), threads, tell, force, now)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped {now[0]}", hint="What was finished is kept: run it again to go on from there."
        ) from None
    finally:
        store.close()


def _run(
    steps: tuple[Step, ...],
    store: Store,
    bases: Bases,
    threads: int | None,
    tell: Callable[[Event], None],
    force: bool,
    now: list[str],
) -> FlowResult:
    done: dict[str, Done] = {}
    refused: GateRefused | None = None
    checked: set[str] = set()
    for step in steps:
        now[0] = f"in step {step.name!r}"
        if step.rule == "all_success" and any(need not in done for need in step.needs):
            tell(Event(step.name, "skipped"))
            continue
        outputs = {need: done[need].finished for need in step.needs if need in done}
        basis = basis_of(step, outputs)
        key = basis.key
        found = None if force else cached(step, key, outputs, store)
        if found is not None:
            bases.keep(step.name, basis, key)
            done[step.name] = Done(step.name, True, 0.0, found)
            tell(Event(step.name, "cached", found.seconds))
            continue
        tell(Event(step.name, "started"))
        began = time.perf_counter()
        try:
            finished = _do(step, key, outputs, store, threads, tell, checked, began)
        except GateRefused as error:
            refused = error
            tell(Event(step.name, "refused", time.perf_counter() - began, note=str(error)))
            continue
        except TextmillError as error:
            tell(Event(step.name, "failed", time.perf_counter() - began, note=str(error)))
            raise
        bases.keep(step.name, basis, key)
        seconds = time.perf_counter() - began
        done[step.name] = Done(step.name, False, seconds, finished)
        tell(Event(step.name, "finished", seconds))
    return FlowResult(done, refused)


def _all_cached(steps: tuple[Step, ...], store: Store) -> dict[str, Done] | None:
    found: dict[str, Done] = {}
    for step in steps:
        outputs = {need: found[need].finished for need in step.needs}
        finished = cached(step, step_key(step, outputs), outputs, store)
        if finished is None:
            return None
        found[step.name] = Done(step.name, True, 0.0, finished)
    return found


def cached(step: Step, key: str, outputs: Mapping[str, Finished], store: Store) -> Finished | None:
    """What was done under a key, if it is all there and still stands."""
    found = store.finished(key)
    if found is None or (step.holds is not None and not step.holds(found, outputs)):
        return None
    return found


def _do(
    step: Step,
    key: str,
    outputs: Mapping[str, Finished],
    store: Store,
    threads: int | None,
    tell: Callable[[Event], None],
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
        with writing(store.root):
            for name in outputs[need].files:
                if name.startswith(below):
                    (root / need / name).parent.mkdir(parents=True, exist_ok=True)
                    store.disk.link_or_copy(file(need, name), root / need / name)
        return root / need / below

    def progress(done: int, total: int | None = None, note: str = "") -> None:
        tell(Event(step.name, "progress", time.perf_counter() - began, done, total, note))

    linked: list[Path] = []
    folder = store.scratch.new_folder(step.name)
    try:
        with _full_disk_said(store):
            left = step.run(Work(folder, key, step.settings, threads, file, tree, outputs, progress)) or {}
        values = _as_kept(left, step)
        if step.sources is not None and step_key(step, outputs) != key:
            raise SourceError(
                "a source was changed while it was read", where=f"step {step.name}", hint="Run again when it is whole."
            )
        files = {}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            size = path.stat().st_size
            sha256 = store.take_file(path)
            checked.add(sha256)
            files[path.relative_to(folder).as_posix()] = FileOutput(sha256, size)
        finished = Finished(step.name, key, files, values, round(time.perf_counter() - began, 6))
        store.finish(finished)
    finally:
        for made in (folder, *linked):
            shutil.rmtree(made, ignore_errors=True)
    return finished


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


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    # a host that handles SIGTERM itself knows better, and only the main thread may ask
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if ours:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _nobody(event: Event) -> None:
    pass
