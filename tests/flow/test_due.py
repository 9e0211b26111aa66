"""When a schedule is due: against every minute looked at, and across both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oracle import cron as oracle
from textmill.config import ScheduleConfig
from textmill.flow.due import due_after, due_times, latest_due, missed

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo"]
SPRING = {"Europe/Berlin": (2026, 3, 28), "America/New_York": (2026, 3, 7), "Africa/Cairo": (2026, 4, 23)}
AUTUMN = {"Europe/Berlin": (2026, 10, 24), "America/New_York": (2026, 10, 31), "Africa/Cairo": (2026, 10, 28)}


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranged = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    stepped = st.tuples(st.integers(low, high - 1), st.integers(2, 9)).map(lambda two: f"{two[0]}-{high}/{two[1]}")
    part = number.map(str) | ranged | stepped
    return st.lists(part, min_size=1, max_size=2).map(",".join)


star = st.just("*") | st.integers(2, 20).map(lambda step: f"*/{step}")
crons = st.tuples(
    field(0, 59) | star,
    field(0, 23) | field(0, 3) | star,
    st.just("*") | field(1, 31),
    st.just("*"),
    st.just("*") | field(0, 6),
).map(" ".join)
days = st.sampled_from([*SPRING.values(), *AUTUMN.values(), (2026, 2, 27), (2026, 12, 31)])
moments = st.tuples(days, st.integers(0, 36 * 3600)).map(
    lambda found: datetime(*found[0], tzinfo=UTC) + timedelta(seconds=found[1])
)
DAY = timedelta(days=1, hours=6)


@given(crons, st.sampled_from(ZONES), moments)
@example("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC))
@example("0,30 1-3 * * *", "Europe/Berlin", datetime(2026, 10, 24, 23, 59, tzinfo=UTC))
@example("30 1 * * *", "America/New_York", datetime(2026, 11, 1, 5, 45, tzinfo=UTC))  # in the first of the two hours
@example("30 1 * * *", "America/New_York", datetime(2026, 11, 1, 6, 15, tzinfo=UTC))  # and in the second
def test_cron_is_due_whenever_a_look_at_every_minute_says_so(cron: str, zone: str, moment: datetime) -> None:
    schedule, until = ScheduleConfig(cron=cron, timezone=zone), moment + DAY
    found = []
    for due in due_times(schedule, moment):
        if due > until:
            break
        found.append(due)
    assert found == list(oracle.due_minutes(cron, ZoneInfo(zone), moment, until))


@given(
    crons.map(lambda cron: {"cron": cron})
    | st.sampled_from(["1s", "90s", "7m", "1h", "1d"]).map(lambda e: {"every": e}),
    st.sampled_from(ZONES),
    moments,
    st.sampled_from([None, "2026-03-29", "2026-10-25T02:30", "2026-11-01T05:30:00+00:00"]),
)
def test_due_times_rise_and_do_not_depend_on_where_one_begins_to_look(said, zone, moment, start) -> None:
    schedule = ScheduleConfig(**said, timezone=zone, start=start)
    found = [moment, *islice(due_times(schedule, moment), 8)]
    for earlier, later in pairwise(found):
        assert later > earlier
        assert later.tzinfo is UTC
        assert schedule.begins is None or later >= schedule.begins
        for share in (0.0, 0.3, 0.999):
            between = earlier + (later - earlier) * share
            assert due_after(schedule, between) == later


@given(crons, st.sampled_from(ZONES), moments, st.integers(0, 4 * 86_400))
def test_the_latest_due_time_is_the_last_of_all(cron: str, zone: str, moment: datetime, length: int) -> None:
    schedule, until = ScheduleConfig(cron=cron, timezone=zone), moment + timedelta(seconds=length)
    all_of_them = []
    for due in due_times(schedule, moment):
        if due > until or len(all_of_them) > 200:
            break
        all_of_them.append(due)
    if len(all_of_them) <= 200:
        assert latest_due(schedule, moment, until) == (all_of_them[-1] if all_of_them else None)
        told = missed(schedule, moment, until)
        assert told == (str(len(all_of_them)) if len(all_of_them) <= 100 else "more than 100")


def clocks(schedule: ScheduleConfig, day: tuple[int, int, int], count: int) -> list[str]:
    noon = datetime(*day, 12, tzinfo=schedule.zone)
    return [f"{due.astimezone(schedule.zone):%d %H:%M %Z}" for due in islice(due_times(schedule, noon), count)]


@pytest.mark.parametrize(
    ("zone", "hour", "days", "before", "after"),
    [("Europe/Berlin", 2, (28, 29, 30), "CET", "CEST"), ("America/New_York", 2, (7, 8, 9), "EST", "EDT")],
)
def test_a_time_that_spring_leaves_out_runs_when_the_clock_has_jumped(zone, hour, days, before, after) -> None:
    _, changed, next_day = days
    daily = ScheduleConfig(cron=f"30 {hour} * * *", timezone=zone)
    assert clocks(daily, SPRING[zone], 2) == [f"{changed:02} 03:00 {after}", f"{next_day:02} 02:30 {after}"]
    both = ScheduleConfig(cron=f"0,30 {hour},3 * * *", timezone=zone)  # four times of which two are left: no time twice
    assert clocks(both, SPRING[zone], 3) == [
        f"{changed:02} 03:00 {after}",
        f"{changed:02} 03:30 {after}",
        f"{next_day:02} 02:00 {after}",
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "days", "before", "after"),
    [("Europe/Berlin", 2, (25, 26), "CEST", "CET"), ("America/New_York", 1, (1, 2), "EDT", "EST")],
)
def test_a_time_that_autumn_brings_twice_runs_once_and_what_follows_the_clock_twice(
    zone, hour, days, before, after
) -> None:
    changed, next_day = days
    daily = ScheduleConfig(cron=f"30 {hour} * * *", timezone=zone)
    assert clocks(daily, AUTUMN[zone], 2) == [
        f"{changed:02} {hour:02}:30 {before}",
        f"{next_day:02} {hour:02}:30 {after}",
    ]
    half_hours = ScheduleConfig(cron=f"*/30 {hour} * * *", timezone=zone)
    assert clocks(half_hours, AUTUMN[zone], 4) == [
        f"{changed:02} {hour:02}:{minute} {name}" for name in (before, after) for minute in ("00", "30")
    ]


def test_every_so_long_lies_on_the_clock_or_is_counted_from_the_start() -> None:
    moment = datetime(2026, 1, 5, 12, 1, tzinfo=UTC)
    assert due_after(ScheduleConfig(every="15m"), moment) == datetime(2026, 1, 5, 12, 15, tzinfo=UTC)
    begun = ScheduleConfig(every="1d", start="2026-01-02T06:30", timezone="Europe/Berlin")
    assert due_after(begun, moment) == datetime(2026, 1, 6, 5, 30, tzinfo=UTC)
    assert due_after(begun, datetime(2025, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 2, 5, 30, tzinfo=UTC)


def test_a_length_of_time_is_none_of_the_clocks_so_an_hour_that_comes_twice_does_not_stretch_it() -> None:
    hourly = ScheduleConfig(every="1h", timezone="Europe/Berlin")
    assert clocks(hourly, (2026, 10, 25), 1) == ["25 13:00 CET"]
    night = due_times(hourly, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert [f"{next(night).astimezone(hourly.zone):%H:%M %Z}" for _ in range(2)] == ["02:00 CET", "03:00 CET"]


def test_a_schedule_by_the_source_alone_has_no_due_times() -> None:
    assert due_after(ScheduleConfig(on_change=True), datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_without_its_package_cron_is_told_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from textmill.errors import MissingExtra

    monkeypatch.setitem(sys.modules, "cronsim", None)
    with pytest.raises(MissingExtra, match=r"pip install 'textmill\[schedule\]'"):
        due_after(ScheduleConfig(cron="0 0 * * *"), datetime(2026, 1, 1, tzinfo=UTC))
