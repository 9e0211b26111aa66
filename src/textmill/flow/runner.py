"""The embedded runner: no server, no database; the store is its memory."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from textmill.errors import ConfigError, GateRefused, Interrupted, StoreWriteError, TextmillError
from textmill.flow.events import Done, Event
from textmill.flow.record import Record, new_run
from textmill.flow.standing import all_done, chosen
from textmill.flow.step import Flow, plan
from textmill.registry import Store
from textmill.registry.runs import remember_run

if TYPE_CHECKING:
    from textmill.flow.crew import Crew
    from textmill.flow.dispatch import Dispatch

__all__ = ["FlowResult", "run_flow", "sigterm_interrupts"]


@dataclass(frozen=True, slots=True)
class FlowResult:
    """What a run left.

    Attributes
    ----------
    steps : name -> step, in the order of the plan; those after a refusal are absent
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
    only: Collection[str] = (),
    since: str | None = None,
    wait: float | None = None,
    on: str | None = None,
    about: Mapping[str, Any] | None = None,
    crew: Callable[[Record], Crew] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> FlowResult:
    """Do what is not done yet, step by step.

    Each step's outputs are in the store before it counts as finished, so a run that was stopped or killed at any
    moment goes on with the first step that is not. Two runs of one flow on one store take turns.

    Parameters
    ----------
    force : do every step again
    only : do these steps and no others; what they need is taken as it was left
    since : do this step and all that come after it again
    wait : seconds to wait for another run of this flow; None waits until it is done
    on : ``dask`` or the address of a Dask scheduler, whose workers share the heavy parts; None: this process does all
    about : noted in the record of the run
    crew : gives processes for the steps of a project's run; without, all are done in this process, one after the other
    clock, sleep : tell and wait the seconds between a failure and the next try; put in by tests

    Raises
    ------
    ConfigError : if a step needs a process of its own and there is none
    Interrupted : on Ctrl-C or SIGTERM; finished steps are kept
    LockHeld : if another run still works after `wait` seconds
    MissingExtra, StepFailed : if there is nobody to share the work with
    StoreWriteError, CorruptError, and whatever a step raises
    """
    steps = plan(flow)
    if crew is None and (apart := [step.name for step in steps if step.env or step.timeout is not None]):
        raise ConfigError([f"step {apart[0]!r} has a timeout or variables, which only steps of a project can have"])
    tell = on_event or _nobody
    dispatch: Dispatch | None = None
    asked, again, before = chosen(steps, store, force=force, only=only, since=since)
    try:
        if not again and not only and (left := all_done(steps, store)) is not None:
            # nothing to write, so no lock and no right to write is needed
            for done in left.values():
                tell(Event(done.step, "cached", done.finished.seconds))
            with suppress(StoreWriteError):  # nothing is written if the last run was the same
                remember_run(store, flow.name, {name: done.key for name, done in left.items()})
            return FlowResult(left, None)
        with (
            sigterm_interrupts(),
            store.lock(f"run-{flow.name}", wait=wait, on_wait=lambda who: tell(Event("", "waiting", note=who))),
            ExitStack() as stack,
        ):
            store.scratch.sweep()
            from textmill.flow.bases import Bases  # a run with nothing to do needs none of these
            from textmill.flow.dispatch import Dispatch

            for one in before.values():
                if store.finished(one.key) is None:  # gathered from pieces that were done one by one
                    store.finish(one)
            record = Record(store, new_run())
            record.begin(flow, **(about or {}))
            workers = crew(record) if crew is not None else None
            if on is not None:
                from textmill.flow.dask_bridge import scheduler

                on = stack.enter_context(scheduler(on, threads))
            dispatch = Dispatch(
                asked,
                store,
                record,
                Bases(store, flow.name),
                before={name: ("cached", one) for name, one in before.items()},
                threads=threads,
                on=on,
                tell=tell,
                again=again,
                crew=workers,
                clock=clock,
                sleep=sleep,
            )
            try:
                dispatch.run()
            except BaseException as error:
                with suppress(StoreWriteError):
                    record.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
                raise
            finally:
                if workers is not None:
                    workers.close()
                    store.scratch.sweep()  # of those that were killed
            record.end("failed" if dispatch.errors else "refused" if dispatch.refusals else "finished")
            if not dispatch.errors and not only:
                # before the lock is given up, or its steps could be collected
                remember_run(store, flow.name, {name: done.key for name, done in dispatch.done.items()})
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped {dispatch.now if dispatch else 'before the first step'}",
            hint="What was finished is kept: run it again to go on from there.",
        ) from None
    finally:
        store.close()
    if dispatch.errors:
        name, *others = dispatch.errors
        raise _naming(dispatch.errors[name], others)
    return FlowResult(dispatch.done, next(iter(dispatch.refusals.values()), None))


def _naming(error: TextmillError, others: list[str]) -> TextmillError:
    """The error, with the names of other steps that failed."""
    if others:
        error.hint = f"{error.hint} " if error.hint else ""
        error.hint += f"Failed too: {', '.join(others)}."
        error.args = (error.sentence(),)
    return error


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """SIGTERM stops what is inside as Ctrl-C does."""
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
