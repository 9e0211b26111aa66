"""Cron as it is written down in crontab(5) and Debian's cron(8): every minute looked at, nothing skipped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

MINUTE = timedelta(minutes=1)
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def values(field: str, low: int, high: int) -> set[int]:
    """What a field of numbers, ranges, steps and lists stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = int(first)
            end = int(last) if last else (high if step else begin)
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def matcher(cron: str):
    """Whether a time on the clock, without a zone, is one that the expression names."""
    fields = cron.split()
    minutes, hours, days, months, weekdays = (
        values(field, low, high) for field, (low, high) in zip(fields, _BOUNDS, strict=True)
    )
    weekdays = {day % 7 for day in weekdays}
    either = not (fields[2].startswith("*") or fields[4].startswith("*"))

    def matches(clock: datetime) -> bool:
        day, weekday = clock.day in days, clock.isoweekday() % 7 in weekdays
        return (
            clock.minute in minutes
            and clock.hour in hours
            and clock.month in months
            and ((day or weekday) if either else (day and weekday))
        )

    return matches


def due_minutes(cron: str, zone: tzinfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Due times in UTC: after one moment, until another.

    Where minute or hour begin with a star, each minute that the clock shows counts. Else a named time counts once:
    when the clock shows it first, or if it is skipped, when the clock has jumped.
    """
    matches = matcher(cron)
    follows_the_clock = cron.split()[0].startswith("*") or cron.split()[1].startswith("*")
    moment = after.astimezone(UTC).replace(second=0, microsecond=0)
    before = (moment - timedelta(hours=3)).astimezone(zone).replace(tzinfo=None)
    shown = before  # the latest time that the clock has shown
    moment -= timedelta(hours=3)
    while moment <= until:
        clock = moment.astimezone(zone).replace(tzinfo=None)
        if follows_the_clock:
            due = matches(clock)
        else:
            fresh = []
            while shown < clock:  # one minute, or all those that a jump leaves out; none while the clock repeats itself
                shown += MINUTE
                fresh.append(shown)
            due = any(map(matches, fresh))
        if due and moment > after:
            yield moment
        moment += MINUTE
