"""The schedule with a clock of its own: what runs, when, and what a restart knows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.config import load
from textmill.errors import ConfigError, LockHeld
from textmill.flow.notices import Notices
from textmill.flow.schedule import Schedule, projects_in
from textmill.flow.scheduled import Job, Outcome
from textmill.registry import Disk, Store

NOON = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
DONE = Outcome("done", "done")
FAILED = Outcome("failed", "Error: no")


class Killed(BaseException):
    """The end of the process, as a schedule sees it: nothing more is done."""


class World:
    """A clock that waiting moves on, runs that take as long as they are told to, and what was said."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now
        self.until = now
        self.takes = timedelta(seconds=2)
        self.outcomes: list[Outcome | BaseException] = []
        self.jobs: list[Job] = []
        self.said: list[str] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        after = self.time + timedelta(seconds=max(seconds, 0.001))
        if after > self.until:
            self.time = max(self.time, self.until)
            raise Killed
        self.time = after

    def run(self, job: Job) -> Outcome:
        self.jobs.append(job)
        self.time += self.takes
        outcome = self.outcomes.pop(0) if self.outcomes else DONE
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def say(self, name: str, sentence: str) -> None:
        self.said.append(f"{name}: {sentence}")

    def schedule(self, *places: Path) -> Schedule:
        return Schedule(places, self.run, self, self.say)

    def live(self, *places: Path, length: timedelta) -> list[str]:
        """A schedule that is started, works so long, and is killed; the jobs that it did, as TIME WHY."""
        before, self.until = len(self.jobs), self.time + length
        with self.schedule(*places) as schedule, pytest.raises(Killed):
            schedule.run()
        return [f"{job.due:%H:%M:%S} {job.why}" for job in self.jobs[before:]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def own_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    for wait in ("sync", "sync_folder"):  # no power fails here, and a life has many writes
        monkeypatch.setattr(Disk, wait, lambda self, place: None)


def project(folder: Path, schedule: str = 'every = "15m"') -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_text("text,label\n")
    table = f"[schedule]\n{schedule}\n" if schedule else ""
    (folder / "mill.toml").write_text(f'[project]\nname = "{folder.name}"\n[read]\nsource = "a.csv"\n{table}')
    return folder


MINUTES = timedelta(minutes=1)


def test_runs_begin_when_they_are_due_and_not_at_once(tmp_path, world):
    found = world.live(project(tmp_path / "news"), length=31 * MINUTES)
    assert found == ["12:15:00 due", "12:30:00 due"]
    assert world.said[:2] == [
        "news: due 2026-01-05 12:15:00 UTC: begins",
        "news: done; next due 2026-01-05 12:30:00 UTC",
    ]


def test_a_run_that_takes_longer_than_the_time_between_two_never_overlaps_and_skips_what_it_missed(tmp_path, world):
    world.takes = 40 * MINUTES
    found = world.live(project(tmp_path / "news"), length=100 * MINUTES)
    assert found == ["12:15:00 due", "12:45:00 due", "13:30:00 due"]
    assert "news: 2 due times since 2026-01-05 12:30:00 UTC had no run; one stands for them all" in world.said


def test_what_was_missed_while_nothing_ran_gets_one_run(tmp_path, world):
    news = project(tmp_path / "news")
    world.live(news, length=MINUTES)
    world.time += timedelta(days=3)
    assert world.live(news, length=MINUTES) == ["12:00:00 due"]
    assert world.jobs[-1].due.day == 8
    assert any("more than 100 due times since" in line for line in world.said)


def test_catching_up_runs_each_due_time_that_was_missed_in_order(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\ncatchup = true\nstart = "2026-01-05T11:00"')
    assert world.live(news, length=MINUTES) == [f"{time} due" for time in ("11:00:00", "11:15:00", "11:30:00",
                                                                          "11:45:00", "12:00:00")]  # fmt: skip
    world.time += 31 * MINUTES
    assert world.live(news, length=MINUTES) == ["12:15:00 due", "12:30:00 due"]


def test_one_that_catches_up_does_not_keep_the_others_waiting(tmp_path, world):
    behind = project(tmp_path / "behind", 'every = "1m"\ncatchup = true\nstart = "2026-01-05T11:55"')
    world.live(project(tmp_path / "other", 'every = "1m"'), length=timedelta())
    world.time += MINUTES
    world.live(behind, tmp_path / "other", length=timedelta())
    assert [job.name for job in world.jobs].index("other") == 1


def test_a_run_that_was_killed_with_its_schedule_is_begun_again_by_the_next(tmp_path, world):
    news = project(tmp_path / "news")
    world.outcomes = [Killed()]
    assert world.live(news, length=30 * MINUTES) == ["12:15:00 due"]
    world.time += MINUTES
    assert world.live(news, length=MINUTES) == ["12:15:00 resumed"]
    assert "news: due 2026-01-05 12:15:00 UTC, begun and not ended: goes on" in world.said
    assert world.live(news, length=MINUTES) == []


@settings(max_examples=examples(30))
@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=6), st.booleans())
def test_whenever_it_is_stopped_each_due_time_is_run_to_its_end_once(tmp_path_factory, lives, catchup):
    """With kills between runs and in the middle of one; with catching up all of them, else each at most once."""
    world, news = (
        World(),
        project(tmp_path_factory.mktemp("lives") / "news", f'every = "10m"\ncatchup = {str(catchup).lower()}'),
    )
    first = world.time
    world.live(news, length=timedelta())
    ended = []
    for minutes, killed in lives:
        world.outcomes = [Killed()] if killed else []
        before = len(world.jobs)
        world.live(news, length=minutes * MINUTES)
        new = [job.due for job in world.jobs[before:]]
        ended += new[1:] if killed else new
        world.time += MINUTES
    world.outcomes = []
    before = len(world.jobs)
    world.live(news, length=timedelta())
    ended += [job.due for job in world.jobs[before:]]
    assert ended == sorted(set(ended))
    if catchup:
        grid = [first.replace(minute=0, second=0) + 10 * number * MINUTES for number in range(1, 2000)]
        assert ended == [due for due in grid if due <= world.jobs[-1].due] if ended else True
        assert not ended or world.time - ended[-1] < 10 * MINUTES + world.takes


def test_a_clock_that_goes_back_runs_nothing_twice_and_is_told_once(tmp_path, world):
    news = project(tmp_path / "news")
    world.live(news, length=31 * MINUTES)
    world.time -= 25 * MINUTES
    assert world.live(news, length=20 * MINUTES) == []
    told = [line for line in world.said if "the clock went back" in line]
    assert len(told) == 1
    assert "what was due until 2026-01-05 12:30:00 UTC has run and does not run twice" in told[0]
    assert str(news / ".textmill" / "runs" / "schedule" / "news.json") in told[0]
    assert world.live(news, length=20 * MINUTES) == ["12:45:00 due"]


def test_a_run_that_fails_is_tried_again_and_then_given_up_and_the_schedule_goes_on(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\nretries = 2\nretry_delay = "5m"')
    world.outcomes = [FAILED, FAILED, FAILED]
    assert world.live(news, length=31 * MINUTES) == [
        "12:15:00 due", "12:15:00 again", "12:15:00 again", "12:30:00 due"]  # fmt: skip
    assert [job.again for job in world.jobs] == [
        "in 5 minutes (try 2 of 3)",
        "in 5 minutes (try 3 of 3)",
        None,
        "in 5 minutes (try 2 of 3)",
    ]
    assert "news: Error: no; it is tried again at 2026-01-05 12:20:02 UTC" in world.said
    assert "news: Error: no; next due 2026-01-05 12:30:00 UTC" in world.said


def test_a_try_that_is_still_to_come_survives_a_restart(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\nretries = 1\nretry_delay = "5m"')
    world.outcomes = [FAILED, FAILED]
    assert world.live(news, length=15 * MINUTES) == ["12:15:00 due"]
    assert world.live(news, length=6 * MINUTES) == ["12:15:00 again"]
    assert world.jobs[-1].again is None


def test_a_delay_longer_than_the_time_between_two_does_not_hide_that_it_failed_for_good(tmp_path, world):
    news = project(tmp_path / "news", 'every = "1m"\nretries = 1\nretry_delay = "5m"')
    world.outcomes = [FAILED, FAILED]
    assert world.live(news, length=6 * MINUTES) == ["12:01:00 due", "12:01:00 again", "12:06:00 due"]


def test_a_run_that_a_gate_refused_is_not_tried_again(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\nretries = 2')
    world.outcomes = [Outcome("refused", "Refused: f1")]
    assert world.live(news, length=20 * MINUTES) == ["12:15:00 due"]


def test_a_source_that_changes_is_waited_for_until_it_stays_the_same(tmp_path, world):
    news = project(tmp_path / "news", "on_change = true")
    assert world.live(news, length=MINUTES) == ["12:00:30 changed"]
    assert world.said[0] == "news: its source was not seen before: begins"
    assert world.live(news, length=MINUTES) == []
    with world.schedule(news) as schedule:
        for rows in range(3):  # somebody is writing it
            with (news / "a.csv").open("a") as file:
                file.write(f"row {rows},x\n")
            assert schedule.run_due() == []
        assert schedule.run_due() == [DONE]
        assert schedule.run_due() == []
        (news / "a.csv").unlink()
        schedule.run_due()
        assert schedule.run_due() == [DONE]  # which fails, and so somebody hears of it
    assert "news: its source has changed: begins" in world.said


def test_what_changes_while_it_runs_is_run_again(tmp_path, world):
    news = project(tmp_path / "news", "on_change = true")

    def run(job: Job) -> Outcome:
        with (news / "a.csv").open("a") as file:
            file.write("late,x\n")
        return world.run(job)

    with Schedule((news,), run, world, world.say) as schedule:
        schedule.run_due(settled=False)
        assert len(schedule.run_due(settled=False)) == 1


def test_two_schedules_do_not_share_a_project(tmp_path, world):
    news = project(tmp_path / "news")
    with (
        world.schedule(news),
        pytest.raises(LockHeld, match="schedule-news is locked by process"),
        world.schedule(news),
    ):
        pass
    with world.schedule(news):  # the first has let go
        pass


def test_one_project_at_fault_does_not_stop_the_others_and_is_told_once(tmp_path, world):
    project(tmp_path / "good")
    bad = project(tmp_path / "bad", 'cron = "every day"')
    assert len(world.live(tmp_path, length=40 * MINUTES)) == 2
    told = [line for line in world.said if line.startswith("bad: ")]
    assert len(told) == 1
    assert "left out until this is put right" in told[0]
    assert "schedule.cron: wanted minute, hour" in told[0]
    project(bad, 'every = "10m"')
    assert "12:50:00 due" in world.live(tmp_path, length=12 * MINUTES)


def test_a_project_file_that_changes_is_read_again_and_a_new_project_is_noticed(tmp_path, world):
    news = project(tmp_path / "news", 'every = "1h"')
    with world.schedule(tmp_path) as schedule:
        project(news, 'every = "5m"')
        project(tmp_path / "other", 'every = "5m"')
        world.until = world.time + 6 * MINUTES
        with pytest.raises(Killed):
            schedule.run()
    assert [job.name for job in world.jobs] == ["news", "other"]


def test_projects_without_a_schedule_are_left_out_of_a_folder_and_refused_by_name(tmp_path, world):
    plain = project(tmp_path / "plain", "")
    with pytest.raises(ConfigError, match=r"wanted cron, every or on_change"), world.schedule(plain):
        pass
    with pytest.raises(ConfigError, match=r"no project here has a \[schedule\]"), world.schedule(tmp_path):
        pass
    with pytest.raises(ConfigError, match=r"no mill.toml here"):
        projects_in([tmp_path / "nothing"])


def test_what_is_remembered_and_was_changed_is_told_and_it_begins_anew(tmp_path, world):
    news = project(tmp_path / "news")
    world.live(news, length=16 * MINUTES)
    file = news / ".textmill" / "runs" / "schedule" / "news.json"
    file.write_bytes(file.read_bytes().replace(b"12:15", b"12:16"))
    assert world.live(news, length=16 * MINUTES) == ["12:30:00 due"]
    assert any("what ran before is not known, so it begins anew" in line for line in world.said)


def test_a_full_disk_is_told_and_nothing_runs_twice_in_this_life(tmp_path, world, monkeypatch):
    news = project(tmp_path / "news")
    with world.schedule(news) as schedule:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Disk, "write", full)
        world.time += 15 * MINUTES
        assert schedule.run_due() == [DONE]
        assert schedule.run_due() == []
    assert any("a restart will not know what has run" in line for line in world.said)


def test_a_time_limit_is_handed_on_in_seconds(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\nexecution_timeout = "2h"')
    world.live(news, length=15 * MINUTES)
    assert world.jobs[0].limit == 7200


def test_stores_are_where_the_variable_says(tmp_path, world, monkeypatch):
    monkeypatch.setenv("TEXTMILL_STORE", str(tmp_path / "kept"))
    world.live(project(tmp_path / "news"), length=timedelta())
    assert (tmp_path / "kept" / "runs" / "schedule" / "news.json").exists()
    assert Store.beside(tmp_path / "news").root == tmp_path / "kept"


def dated_project(folder: Path, schedule: str) -> Path:
    found = project(folder, schedule)
    file = found / "mill.toml"
    file.write_text(file.read_text().replace("a.csv", "{date}.csv"))
    return found


def test_each_due_time_is_run_for_its_day_in_the_time_zone_of_the_schedule(tmp_path, world):
    said = 'cron = "30 0 * * *"\ntimezone = "Europe/Berlin"\n'  # 23:30 of the day before in UTC
    news = dated_project(tmp_path / "news", said + 'catchup = true\nstart = "2026-01-03"\nretries = 1')
    world.outcomes = [DONE, FAILED, DONE, Killed()]
    world.live(news, length=timedelta(minutes=5))
    assert [(job.why, job.date) for job in world.jobs] == [
        ("due", "2026-01-03"), ("due", "2026-01-04"), ("again", "2026-01-04"), ("due", "2026-01-05")]  # fmt: skip
    world.time += timedelta(days=1)
    world.live(news, length=timedelta())
    assert [(job.why, job.date) for job in world.jobs[4:]] == [("resumed", "2026-01-05"), ("due", "2026-01-06")]
    assert [f"{job.due:%d %H:%M}" for job in world.jobs[4:]] == ["04 23:30", "05 23:30"]


def test_one_run_that_stands_for_all_that_were_missed_is_for_the_last_day(tmp_path, world):
    news = dated_project(tmp_path / "news", 'every = "1d"')
    world.live(news, length=MINUTES)
    world.time += timedelta(days=3)
    world.live(news, length=MINUTES)
    assert [job.date for job in world.jobs] == ["2026-01-08"]


def test_where_nothing_asks_for_a_day_none_is_given(tmp_path, world):
    world.live(project(tmp_path / "news"), length=16 * MINUTES)
    assert [job.date for job in world.jobs] == [None]


def test_a_source_of_the_day_is_run_once_it_is_there(tmp_path, world):
    news = dated_project(tmp_path / "news", "on_change = true")
    (news / "2026-01-05.csv").write_text("text,label\n")
    world.live(news, length=MINUTES)
    world.time = NOON + timedelta(hours=12)
    assert world.live(news, length=MINUTES) == []  # of the new day there is no file yet, and nobody is told a failure
    (news / "2026-01-06.csv").write_text("text,label\n")
    world.live(news, length=MINUTES)
    assert [(job.why, job.date) for job in world.jobs] == [("changed", "2026-01-05"), ("changed", "2026-01-06")]


def notified(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "got.jsonl").read_text().splitlines() if (folder / "got.jsonl").exists() else []
    return [(one["kind"], one["what"]) for one in map(json.loads, filter(None, lines))]


NOTIFY = '[notify]\nat_most = "0s"\ncommand = ["sh", "-c", "cat >> got.jsonl; echo >> got.jsonl"]\n'


def test_a_project_file_that_is_spoiled_is_told_once_as_it_said_before_and_so_is_that_it_is_mended(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\n' + NOTIFY)
    file = news / "mill.toml"
    good = file.read_text()
    with world.schedule(news) as schedule:
        for bad in (good.replace("every", "evry").replace("sh", "no-such"), "[project", "[project"):
            file.write_text(bad)
            schedule._find()
        ((kind, what),) = notified(news)
        assert (kind, "schedule.evry: no setting is called 'evry', did you mean 'every'?" in what) == ("failure", True)
        world.time += 15 * MINUTES
        assert schedule.run_due() == []
        file.write_text(good)
        for _ in range(2):
            schedule._find()
        assert notified(news)[1:] == [("recovery", "Its project file can be read again, and its schedule goes on.")]
        assert [outcome.kind for outcome in schedule.run_due()] == ["done"]
        file.write_text("[project")
        schedule._find()
    assert [kind for kind, _ in notified(news)] == ["failure", "recovery", "failure"]
    file.write_text(good)  # mended while no schedule was there
    with world.schedule(news):
        pass
    assert [kind for kind, _ in notified(news)] == ["failure", "recovery", "failure", "recovery"]


def test_a_mended_file_is_no_recovery_of_runs_that_fail(tmp_path, world):
    news = project(tmp_path / "news", 'every = "15m"\n' + NOTIFY)
    good = (news / "mill.toml").read_text()
    notices = Notices(load(news), news, Store.beside(news), warn=pytest.fail)
    notices.failed("no room", run=NOON)
    with world.schedule(news) as schedule:
        for text in ("[project", good):
            (news / "mill.toml").write_text(text)
            schedule._find()
    notices.worked(NOON + 60 * MINUTES)
    assert [kind for kind, _ in notified(news)] == ["failure", "failure", "recovery", "recovery"]
    assert notified(news)[-1][1] == "It ran to its end; 1 run since 2026-01-05 12:00:30 UTC had not."


def test_nobody_is_told_of_a_file_that_never_could_be_read(tmp_path, world):
    project(tmp_path / "good")
    news = project(tmp_path / "news", 'evry = "15m"\n' + NOTIFY)
    with world.schedule(tmp_path) as schedule:
        schedule._find()
    assert notified(news) == []
