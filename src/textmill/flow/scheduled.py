"""One project of a schedule: what it is to run now, and what is remembered of it from one start to the next."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

from textmill.config import MillConfig
from textmill.config.durations import in_words, seconds
from textmill.config.project import dated, dated_keys
from textmill.errors import CorruptError, StoreError
from textmill.flow.due import day_of, due_after, due_times, latest_due, missed
from textmill.flow.sources import is_there, stamp_of
from textmill.registry import Store
from textmill.registry.sealed import seal, unseal

__all__ = ["Job", "Outcome", "Scheduled"]

_FORMAT = 1
_Why = Literal["due", "changed", "again", "resumed"]
_Found = tuple[datetime, _Why, str]  # for which due time, and why, for programs and for people
_TICK = timedelta(microseconds=1)
_BACK = timedelta(seconds=2)  # by which a clock is set right all the time
_LOOK = 60.0  # seconds between two looks at the clock, which may have been set, and at the project files
_LOOK_AT_SOURCES = 5.0


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is to be.

    Attributes
    ----------
    folder, name : of the project
    due : for which due time; for ``changed`` when that was seen
    why : it is ``due``, its source has ``changed``, it failed and is tried ``again``, or it was begun, did not end, and
        is ``resumed``
    said : why, in words
    again : when it is tried again if it fails, in words; None if it is not
    limit : seconds after which it is to be stopped, or None
    date : the day that it is for, if the project file says ``{date}``: that of `due` in the schedule's time zone
    """

    folder: Path
    name: str
    due: datetime
    why: _Why
    said: str
    again: str | None
    limit: float | None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run, and a sentence about it."""

    kind: Literal["done", "refused", "failed"]
    said: str


@dataclass(slots=True)
class _State:
    """What is remembered; times are ISO 8601 in UTC.

    Attributes
    ----------
    last : the due time that was taken up last, or when the project was seen first
    due : that of the run in hand: begun and not ended, or with `again` waiting for another try
    tries : how often the run in hand has failed
    source : what the source looked like when the last run began
    """

    last: str
    due: str | None = None
    tries: int = 0
    again: str | None = None
    source: str | None = None


class Scheduled:
    """A project and its schedule; no other process has it meanwhile.

    Parameters
    ----------
    now : the time at which it is seen, maybe for the first time
    say : is given a sentence about what is to be minded

    Raises
    ------
    LockHeld : if another schedule has it
    FormatError : if a newer textmill remembers something of it
    StoreWriteError : if there is no right to write
    """

    def __init__(self, folder: Path, mill: MillConfig, now: datetime, say: Callable[[str], None]) -> None:
        self.folder, self.name = folder, mill.project.name
        self._mill, self._schedule, self._say = mill, mill.schedule, say
        self._store = Store.beside(folder)
        self._path = self._store.root / "runs" / "schedule" / f"{self.name}.json"
        self._seen: str | None = None  # what the source looked like a look ago
        self._went_back = False
        self._held = ExitStack()
        self._held.enter_context(self._store.lock(f"schedule-{self.name}"))
        try:
            self._state = self._load() or self._first(now)
        except BaseException:
            self._held.close()
            raise

    def close(self) -> None:
        """Let another schedule have it."""
        self._held.close()
        self._store.close()

    def begin(self, now: datetime, *, settled: bool) -> Job | None:
        """What is to be run now, or None; from now on it counts as begun.

        Parameters
        ----------
        settled : whether a source that has changed is left alone until it looks the same a second time
        """
        state, schedule = self._state, self._schedule
        if state.due is not None:
            found = self._in_hand(state.due, now)
        else:
            found = self._due(now) or self._changed(now, settled)
        if found is None:
            return None
        due, why, said = found
        state.due, state.again = due.isoformat(), None
        if schedule.on_change:
            state.source = self._seen = self._look(now)
        self._save()
        again = None
        if state.tries < schedule.retries:
            delay = in_words(seconds(schedule.retry_delay))
            again = f"in {delay} (try {state.tries + 2} of {schedule.retries + 1})"
        limit = None if schedule.execution_timeout is None else seconds(schedule.execution_timeout)
        return Job(self.folder, self.name, due, why, said, again, limit, self._day(due))

    def end(self, job: Job, outcome: Outcome, now: datetime) -> None:
        """Remember what came of a run: it is tried again, or done with."""
        state = self._state
        if outcome.kind == "failed" and job.again is not None:
            state.tries += 1
            state.again = (now + timedelta(seconds=seconds(self._schedule.retry_delay))).astimezone(UTC).isoformat()
        else:
            state.due, state.again, state.tries = None, None, 0
        self._save()

    def wait(self, now: datetime) -> float:
        """Seconds until it is to be looked at again."""
        look = now + timedelta(seconds=_LOOK_AT_SOURCES if self._schedule.on_change else _LOOK)
        if self._state.again is not None:
            due: datetime | None = _time(self._state.again)
        else:
            due = due_after(self._schedule, _time(self._state.last))
        return max(0.0, (min(look, due or look) - now).total_seconds())

    def told_next(self, now: datetime, count: int = 1) -> str:
        """When it runs next, in words.

        Parameters
        ----------
        count : of due times
        """
        if self._state.again is not None:
            return f"it is tried again at {self.clock(_time(self._state.again))}"
        told = [self.clock(due) for due in islice(due_times(self._schedule, max(now, _time(self._state.last))), count)]
        return f"next due {', '.join(told)}" if told else "it runs when its source changes"

    def clock(self, moment: datetime) -> str:
        """A time as the clock shows it in the schedule's time zone."""
        local = moment.astimezone(self._schedule.zone)
        return f"{local:%Y-%m-%d %H:%M:%S %Z}"

    def _in_hand(self, due: str, now: datetime) -> _Found | None:
        # what falls due meanwhile waits: else a failure that is always about to be tried again is never told as one
        again = self._state.again
        if again is None:
            return _time(due), "resumed", f"due {self.clock(_time(due))}, begun and not ended: goes on"
        return (_time(due), "again", "is tried again") if _time(again) <= now else None

    def _due(self, now: datetime) -> _Found | None:
        schedule, last = self._schedule, _time(self._state.last)
        if last > now + _BACK and not self._went_back:
            going_back = f"the clock went back: what was due until {self.clock(last)} has run and does not run twice"
            self._say(f"{going_back}; to begin anew, remove {self._path}")
        self._went_back = last > now + _BACK
        due = due_after(schedule, last)
        if due is None or due > now:
            return None
        newest = due if schedule.catchup else (latest_due(schedule, last, now) or due)
        if newest != due:
            count = missed(schedule, last, now)
            self._say(f"{count} due times since {self.clock(due)} had no run; one stands for them all")
        self._state.last = newest.isoformat()
        return newest, "due", f"due {self.clock(newest)}: begins"

    def _changed(self, now: datetime, settled: bool) -> _Found | None:
        if not self._schedule.on_change:
            return None
        before, self._seen = self._seen, self._look(now)
        first = self._state.source is None
        if self._seen == self._state.source or (settled and not first and self._seen != before):
            return None
        return now.astimezone(UTC), "changed", f"its source {'was not seen before' if first else 'has changed'}: begins"

    def _day(self, moment: datetime) -> str | None:
        return day_of(self._schedule, moment) if dated_keys(self._mill) else None

    def _look(self, now: datetime) -> str | None:
        """What the source of this moment's day looks like; while there is none for that day, what was seen before."""
        read = dated(self._mill, self._day(now)).read
        if read != self._mill.read and not is_there(read, self.folder):
            return self._state.source
        return stamp_of(read, self.folder)

    def _first(self, now: datetime) -> _State:
        begins = self._schedule.begins
        missed_too = begins is not None and begins < now and self._schedule.catchup
        self._state = _State((begins - _TICK if begins is not None and missed_too else now).astimezone(UTC).isoformat())
        self._save()
        return self._state

    def _load(self) -> _State | None:
        try:
            found = _State(**unseal(self._path.read_bytes(), format=_FORMAT, where=str(self._path)))
        except FileNotFoundError:
            return None
        except CorruptError as error:
            self._say(f"what ran before is not known, so it begins anew: {error}")
            return None
        return found

    def _save(self) -> None:
        try:
            self._store.write(self._path, seal(asdict(self._state), format=_FORMAT, where=str(self._path)))
        except StoreError as error:  # a full disk may have room tomorrow, and this process knows what has run
            self._say(f"a restart will not know what has run: {error}")


def _time(iso: str) -> datetime:
    return datetime.fromisoformat(iso)
