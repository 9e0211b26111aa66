"""When a schedule is due: plain functions of the settings and a moment, so that a restart changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice

from textmill.config import ScheduleConfig
from textmill.errors import MissingExtra

__all__ = ["day_of", "due_after", "due_times", "latest_due", "missed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
# Backwards a schedule is walked in windows of growing length: a dense one ends in the first, a thin one costs little
_WINDOWS = [timedelta(hours=1), timedelta(days=2), timedelta(days=64), timedelta(days=3000)]
_MOST_COUNTED = 100


def due_after(schedule: ScheduleConfig, moment: datetime) -> datetime | None:
    """The first due time after a moment, in UTC; None if there is none, as for ``on_change`` alone.

    Daylight saving is as in Debian's cron: a job at a fixed time that the clock skips runs when the clock has jumped,
    one at a time that comes twice runs the first time; where minute or hour begin with ``*``, the clock is followed
    minute by minute, and a time that comes twice is due twice. (Where the clock moves by half an hour, which Lord Howe
    Island alone does, what follows the clock may lose due times on those two days.)

    Raises
    ------
    MissingExtra : if ``cron`` is given and its package is not installed

    Examples
    --------
    >>> daily = ScheduleConfig(cron="30 2 * * *", timezone="Europe/Berlin")
    >>> str(due_after(daily, datetime(2026, 3, 28, 12, tzinfo=UTC)))  # the night in which 2:30 is left out
    '2026-03-29 01:00:00+00:00'
    >>> str(due_after(ScheduleConfig(every="15m"), datetime(2026, 3, 28, 12, 1, tzinfo=UTC)))
    '2026-03-28 12:15:00+00:00'
    """
    begins, period = schedule.begins, schedule.period
    if begins is not None:
        begins = begins.astimezone(UTC)
        moment = max(moment, begins - _TICK)
    moment = moment.astimezone(UTC)  # two times of one zone are compared by their clocks, which autumn sets back
    if period is not None:
        anchor = begins or _EPOCH
        return anchor + period * ((moment - anchor) // period + 1)
    return None if schedule.cron is None else _cron_after(schedule.cron, schedule.zone, moment)


def due_times(schedule: ScheduleConfig, moment: datetime) -> Iterator[datetime]:
    """All due times after a moment, in order; each later than the one before."""
    due = due_after(schedule, moment)
    while due is not None:
        yield due
        due = due_after(schedule, due)


def latest_due(schedule: ScheduleConfig, after: datetime, until: datetime) -> datetime | None:
    """The last due time of those after one moment and not after another."""
    for window in _WINDOWS:
        since = max(after, until - window)
        found = None
        for due in due_times(schedule, since):
            if due > until:
                break
            found = due
        if found is not None or since == after:
            return found
    return None


def missed(schedule: ScheduleConfig, after: datetime, until: datetime) -> str:
    """How many due times lie after one moment and not after another, in words; nobody counts beyond a hundred."""
    counted = sum(1 for due in islice(due_times(schedule, after), _MOST_COUNTED + 1) if due <= until)
    return f"more than {_MOST_COUNTED}" if counted > _MOST_COUNTED else str(counted)


def day_of(schedule: ScheduleConfig, due: datetime) -> str:
    """The day that a run of a due time is for, as the calendar in the schedule's time zone has it.

    Examples
    --------
    >>> nightly = ScheduleConfig(cron="30 0 * * *", timezone="Europe/Berlin")
    >>> day_of(nightly, datetime(2026, 3, 28, 23, 30, tzinfo=UTC))
    '2026-03-29'
    """
    return due.astimezone(schedule.zone).date().isoformat()


def _cron_after(cron: str, zone: tzinfo, moment: datetime) -> datetime | None:
    try:
        from cronsim import CronSim
    except ImportError:
        raise MissingExtra("[schedule] cron", package="cronsim", extra="schedule") from None
    for found in CronSim(cron, moment.astimezone(zone)):
        due: datetime = found.astimezone(UTC)
        if due > moment:  # of a time that comes twice the first may lie behind us
            return due
    return None
