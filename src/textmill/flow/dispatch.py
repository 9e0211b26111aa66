"""Which step comes next: what its needs came to decides whether it runs, and whether it was done already."""

from __future__ import annotations

import heapq
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from textmill.config.durations import in_words
from textmill.errors import GateRefused, StepFailed, TextmillError
from textmill.flow.bases import Bases
from textmill.flow.crew import Crew
from textmill.flow.doing import attempt, found
from textmill.flow.events import Done, Event
from textmill.flow.keys import Basis, basis_of
from textmill.flow.record import End, Record, StepState, error_of, told
from textmill.flow.step import Step, gathered, pieces
from textmill.registry import Finished, Store
from textmill.threads import thread_count

__all__ = ["Dispatch"]

_T = TypeVar("_T")

_WELL = ("finished", "cached")
_BADLY = ("failed", "refused", "upstream_failed")


@dataclass(slots=True)
class _Ready:
    """A step that is to be done, and what decides it."""

    step: Step
    key: str
    outputs: Mapping[str, Finished]
    decided: int  # how many steps had ended by then


@dataclass(slots=True)
class _Running:
    """A step that has a process of its own."""

    step: Step
    began: float
    stop_at: float | None = None
    stopped: bool = False


class Dispatch:
    """Does the steps of a plan.

    Parameters
    ----------
    steps : in an order in which each comes after its needs
    record : of the run
    on : the address of a Dask scheduler, as `Work` has it
    before : how steps outside of `steps` that these need ended, and what they left
    bases : remember what the keys of steps that are done were made of
    again : names of those that are done though they were done before
    crew : processes for steps that are ready at the same time, or that need one of their own
    sleep : waits some seconds; put in by tests, as is `clock`
    """

    def __init__(
        self,
        steps: Sequence[Step],
        store: Store,
        record: Record,
        bases: Bases,
        *,
        before: Mapping[str, tuple[End, Finished | None]],
        threads: int | None,
        on: str | None = None,
        tell: Callable[[Event], None],
        again: Collection[str],
        crew: Crew | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.now = "before the first step"
        self.done: dict[str, Done] = {}
        self.errors: dict[str, TextmillError] = {}
        self.refusals: dict[str, GateRefused] = {}
        self._store, self._record, self._threads, self._on = store, record, threads, on
        self._bases, self._basis = bases, dict[str, Basis]()
        self._tell, self._again = tell, again
        self._clock, self._sleep = clock, sleep
        self._crew, self._limit = crew, thread_count(threads)
        self._running: dict[str, _Running] = {}
        self._steps = {step.name: step for step in steps}
        self._place = {step.name: (number, 0) for number, step in enumerate(steps)}
        self._outputs = {name: left for name, (_, left) in before.items() if left is not None}
        self._ends: dict[str, End] = {name: end for name, (end, _) in before.items()}
        self._cause: dict[str, str] = {}  # of a step that did not run: which one failed
        self._after: dict[str, list[str]] = {}
        self._left: dict[str, int] = {}  # how many needs, or pieces, have not ended
        self._pieces: dict[str, tuple[Step, ...]] = {}
        self._open: list[tuple[tuple[int, int], str]] = []  # its needs have ended
        self._ready: list[tuple[tuple[int, int], _Ready]] = []  # it has to be done
        self._delayed: list[tuple[float, str]] = []  # it failed and is tried again at that time
        self._tries: dict[str, int] = {}
        self._checked: set[str] = set()
        for step in steps:
            self._add(step)

    def run(self) -> None:
        """Do all that can be done; `done`, `errors` and `refusals` then tell what came of it, in the order of the plan.

        Raises
        ------
        whatever is no TextmillError, at once
        """
        try:
            self._work()
        finally:
            self.done = self._in_order(self.done)
            self.errors = self._in_order(self.errors)
            self.refusals = self._in_order(self.refusals)

    def _in_order(self, named: dict[str, _T]) -> dict[str, _T]:
        return {name: named[name] for name in sorted(named, key=lambda name: (self._place[name], name))}

    def _work(self) -> None:
        while True:
            while self._open:
                self._decide(self._steps[heapq.heappop(self._open)[1]])
            if self._ready:
                if self._crew is None or self._alone():
                    self._do(heapq.heappop(self._ready)[1])
                    continue
                while self._ready and len(self._running) < self._limit:
                    self._start(heapq.heappop(self._ready)[1], self._crew)
                if self._open:
                    continue
            if self._running or self._delayed:
                self._wait()
            else:
                return

    def _alone(self) -> bool:
        """Whether the first of the ready steps can be done in this process, which has loaded what it needs."""
        step = self._ready[0][1].step
        alone = (len(self._ready) == 1 and not self._delayed) or self._limit == 1
        return alone and not self._running and not step.apart and not step.env and step.timeout is None

    def _add(self, step: Step) -> None:
        needs = [need for need in dict.fromkeys(step.needs) if need not in self._ends]
        self._left[step.name] = len(needs)
        for need in needs:
            self._after.setdefault(need, []).append(step.name)
        if not needs:
            self._push(step.name)

    def _push(self, name: str) -> None:
        heapq.heappush(self._open, (self._place[name], name))

    def _decide(self, step: Step) -> None:
        if step.name in self._pieces:
            self._gather(step)
            return
        ends = {need: self._ends[need] for need in step.needs}
        bad = [need for need, end in ends.items() if end in _BADLY]
        if step.rule == "all_success" and any(end not in _WELL for end in ends.values()):
            self._leave_out(step, self._cause.get(bad[0], bad[0]) if bad else None)
        elif step.rule == "one_failed" and not bad:
            self._leave_out(step, None)
        elif step.for_each is not None:
            self._expand(step)
        else:
            self._look(step)

    def _leave_out(self, step: Step, cause: str | None) -> None:
        if cause is None:
            note = "nothing failed" if step.rule == "one_failed" else "what it needs was left out"
        else:
            self._cause[step.name] = cause
            note = "the gate said no" if self._ends[cause] == "refused" else f"{cause} failed"
        self._tell(Event(step.name, "skipped", note=note))
        self._end(step, "skipped" if cause is None else "upstream_failed")

    def _expand(self, step: Step) -> None:
        try:
            made = pieces(step, self._given(step))
        except TextmillError as error:
            self._could_not(step, error)
            return
        self._pieces[step.name] = made
        self._left[step.name] = len(made)
        for number, piece in enumerate(made):
            self._steps[piece.name] = piece
            self._place[piece.name] = (self._place[step.name][0], number)
            self._after[piece.name] = [step.name]
            self._push(piece.name)
        if not made:
            self._push(step.name)

    def _gather(self, step: Step) -> None:
        made = self._pieces[step.name]
        bad = [piece.name for piece in made if self._ends[piece.name] not in _WELL]
        if bad:
            self._cause[step.name] = self._cause.get(bad[0], bad[0])
            self._end(step, self._ends[bad[0]])
            return
        left = [self.done[piece.name] for piece in made]
        finished = gathered(step, [one.finished for one in left])
        if self._store.finished(finished.key) is None:
            self._store.finish(finished)  # what comes next finds it under its key, in whatever process
        cached = all(one.cached for one in left)
        self._succeeded(step, Done(step.name, cached, sum(one.seconds for one in left), finished))

    def _given(self, step: Step) -> dict[str, Finished]:
        return {need: self._outputs[need] for need in step.needs if need in self._outputs}

    def _look(self, step: Step) -> None:
        """Whether it was done already; else it is ready."""
        outputs = self._given(step)
        try:
            basis = self._basis[step.name] = basis_of(step, outputs)
            key = basis.key
            left = None if step.origin in self._again else found(step, key, outputs, self._store)
        except TextmillError as error:
            self._could_not(step, error)
            return
        if left is not None:
            self._succeeded(step, Done(step.name, True, 0.0, left))
        else:
            heapq.heappush(self._ready, (self._place[step.name], _Ready(step, key, outputs, len(self._ends))))

    def _fresh(self, ready: _Ready) -> _Ready | None:
        """What is to be done, as of now: what it reads may have been made by a step that has ended meanwhile."""
        if ready.decided == len(self._ends):
            return ready
        self._look(ready.step)
        if self._ready and self._ready[0][1].step is ready.step:
            return heapq.heappop(self._ready)[1]
        return None

    def _do(self, ready: _Ready) -> None:
        """Do a step in this process."""
        fresh = self._fresh(ready)
        if fresh is None:
            return
        step = fresh.step
        self.now = f"in step {step.name!r}"
        self._tell(Event(step.name, "started"))
        began = time.perf_counter()

        def progress(done: int, total: int | None = None, note: str = "") -> None:
            self._tell(Event(step.name, "progress", time.perf_counter() - began, done, total, note))

        try:
            finished = attempt(
                step,
                fresh.key,
                fresh.outputs,
                self._store,
                self._record,
                threads=self._threads,
                on=self._on,
                progress=progress,
                checked=self._checked,
            )
        except TextmillError as error:
            self._failed(step, error, time.perf_counter() - began)
        else:
            self._succeeded(step, Done(step.name, False, time.perf_counter() - began, finished))

    def _start(self, ready: _Ready, crew: Crew) -> None:
        """Have a step done in a process of its own."""
        share = max(1, self._limit // min(self._limit, 1 + len(self._ready) + len(self._running)))
        fresh = self._fresh(ready)
        if fresh is None:
            return
        step = fresh.step
        self._tell(Event(step.name, "started"))
        self._running[step.name] = _Running(step, self._clock())
        self._say_where()
        crew.start(step, fresh.key, fresh.outputs, share, self._on)

    def _wait(self) -> None:
        """Until something happens: a step tells something, or it is time to try again or to stop one."""
        due = [self._delayed[0][0]] if self._delayed else []
        due += [one.stop_at for one in self._running.values() if one.stop_at is not None and not one.stopped]
        seconds = max(0.0, min(due) - self._clock()) if due else None
        if self._running:
            assert self._crew is not None
            for message in self._crew.wait(seconds):
                self._hear(message)
        else:
            assert seconds is not None
            self.now = f"before step {self._delayed[0][1]!r} is tried again"
            self._sleep(seconds)
        now = self._clock()
        while self._delayed and self._delayed[0][0] <= now:
            self._push(heapq.heappop(self._delayed)[1])
        for one in self._running.values():
            if one.stop_at is not None and one.stop_at <= now and not one.stopped:
                one.stopped = True
                assert self._crew is not None
                self._crew.stop(one.step)

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "began" in message:
            one = self._running[message["began"]]
            one.began = self._clock()
            one.stop_at = None if one.step.timeout is None else one.began + one.step.timeout
            return
        if "progress" in message:
            one = self._running[message["progress"]]
            said = (message["done"], message["total"], message["note"])
            self._tell(Event(one.step.name, "progress", self._clock() - one.began, *said))
            return
        one = self._running.pop(message["ended"])
        self._say_where()
        seconds = self._clock() - one.began
        state = self._record.state(one.step.name)
        well = message["status"] == 0 and state is not None and state.state == "finished"
        left = self._store.finished(state.key) if state is not None and well else None
        if left is not None:
            self._succeeded(one.step, Done(one.step.name, False, seconds, left))
            return
        error = self._why(one, state, message["status"])
        if not isinstance(error, TextmillError):
            error.add_note(f"Where it happened stands in {self._record.log(one.step.name)}")
            raise error
        self._failed(one.step, error, seconds)

    def _why(self, one: _Running, state: StepState | None, status: int) -> Exception:
        """What made a step fail that had a process of its own."""
        name = one.step.name
        if one.stopped:
            error: Exception = StepFailed(
                f"it was stopped after {in_words(one.step.timeout or 0)}, its timeout", where=f"step {name}"
            )
        elif state is not None and state.error is not None:
            return error_of(state.error)
        else:
            how = f"signal {signal.Signals(-status).name}" if status < 0 else f"code {status}"
            error = StepFailed(
                f"its process ended with {how} before it was done",
                where=f"step {name}",
                hint="There may be too little memory." if status == -signal.SIGKILL else None,
            )
        tries = state.attempts if state else 1
        self._record.write(StepState(name, "failed", state.key if state else "", tries, error=told(error)))
        self._record.note(name, f"try {tries}: {error}")
        return error

    def _say_where(self) -> None:
        names = ", ".join(map(repr, self._running))
        self.now = f"in step{'s' if len(self._running) > 1 else ''} {names}" if names else "between two steps"

    def _succeeded(self, step: Step, done: Done) -> None:
        self.done[step.name] = done
        self._outputs[step.name] = done.finished
        if step.name in self._basis:  # what is gathered from pieces has none of its own
            self._bases.keep(step.name, self._basis.pop(step.name), done.key)
        if done.cached:
            self._tell(Event(step.name, "cached", done.finished.seconds))
        else:
            self._tell(Event(step.name, "finished", done.seconds, left=done.finished))
        self._end(step, "cached" if done.cached else "finished")

    def _could_not(self, step: Step, error: TextmillError) -> None:
        """It failed before it began, with what it was to read."""
        self._record.write(StepState(step.name, "failed", error=told(error)))
        self._failed(step, error, 0.0)

    def _failed(self, step: Step, error: TextmillError, seconds: float) -> None:
        if isinstance(error, GateRefused):  # an answer and no mishap: it is not asked again
            self.refusals[step.name] = error
            self._tell(Event(step.name, "refused", seconds, note=str(error)))
            self._end(step, "refused")
            return
        tries = self._tries[step.name] = self._tries.get(step.name, 0) + 1
        if tries <= step.retries:
            delay = step.retry_delay * step.backoff ** (tries - 1)
            self._tell(Event(step.name, "retry", seconds, tries, step.retries, note=str(error), delay=delay))
            heapq.heappush(self._delayed, (self._clock() + delay, step.name))
            return
        self.errors[step.name] = error
        self._tell(Event(step.name, "failed", seconds, note=str(error)))
        self._end(step, "failed")

    def _end(self, step: Step, end: End) -> None:
        self._ends[step.name] = end
        if end in ("cached", "skipped", "upstream_failed") or step.name in self._pieces:  # an attempt notes its own end
            done = self.done.get(step.name)
            self._record.write(StepState(step.name, end, done.key if done else ""))
        for name in self._after.get(step.name, ()):
            self._left[name] -= 1
            if not self._left[name]:
                self._push(name)
