"""When somebody is told, and when not: rate, recovery, and what may not fail because of it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from textmill.config import MillConfig, from_mapping
from textmill.errors import DataError, GateRefused, Interrupted, LockHeld
from textmill.flow import Event
from textmill.flow.notices import Notices, noticing
from textmill.registry import Disk, Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Told:
    """Notices of one project with a clock of their own, and what was sent."""

    def __init__(self, folder, **table):
        notify = {"command": ["tell"], "at_most": "1h", **table}
        plain = {"project": {"name": "alarm"}, "read": {"source": "a.csv"}, "notify": notify}
        self.mill = from_mapping(MillConfig, plain)
        self.folder, self.store = folder, Store(folder / "store")
        self.now, self.sent, self.warnings, self.faults = NOON, [], [], []

    def notices(self):
        return Notices(
            self.mill, self.folder, self.store, warn=self.warnings.append, now=lambda: self.now, send=self.send
        )

    def send(self, notice, config, folder):
        self.sent.append(notice)
        return ([], self.faults) if self.faults else (["command"], [])

    def fail(self, what="it is broken", **more):
        self.notices().failed(what, run=self.now, **more)

    def pass_by(self, **length):
        self.now += timedelta(**length)


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path)


def test_of_each_kind_one_goes_out_in_so_long_and_the_next_counts_those_held_back(told):
    for _ in range(3):
        told.fail()
        told.pass_by(minutes=20)
    told.notices().refused("f1 is too low", run=told.now)  # another kind
    told.pass_by(minutes=1)
    told.fail()
    told.pass_by(minutes=90)
    told.fail()
    assert [(notice.kind, notice.held_back) for notice in told.sent] == [
        ("failure", 0),
        ("refusal", 0),
        ("failure", 2),
        ("failure", 0),
    ]
    assert "2 more notices of this kind came before" in told.sent[2].text
    assert "more notice" not in told.sent[3].text


def test_a_notice_that_did_not_get_through_is_a_line_and_counts_in_the_next_which_is_not_held_back(told):
    told.faults = ["webhook: 127.0.0.1 answered 500, 3 times"]
    told.fail()
    told.faults = []
    told.fail()
    assert told.warnings == ["a notice could not be delivered by webhook: 127.0.0.1 answered 500, 3 times"]
    assert [notice.held_back for notice in told.sent] == [0, 1]
    kept = json.loads((told.store.root / "runs" / "notices" / "alarm.json").read_bytes())
    assert [(one["by"], one["faults"]) for one in kept["told"]] == [
        ([], ["webhook: 127.0.0.1 answered 500, 3 times"]),
        (["command"], []),
    ]


def test_a_clock_that_went_back_holds_nothing_back(told):
    told.fail()
    told.pass_by(days=-2)
    told.fail()
    assert len(told.sent) == 2


def test_what_works_again_is_told_once_with_how_long_it_had_not(told):
    told.notices().worked(told.now)  # nothing was wrong
    told.fail()
    told.pass_by(hours=2)
    told.notices().refused("f1 is too low", run=told.now)
    told.pass_by(hours=2)
    told.notices().worked(told.now)
    told.notices().worked(told.now)
    assert [notice.kind for notice in told.sent] == ["failure", "refusal", "recovery"]
    assert told.sent[2].what == "It ran to its end; 2 runs since 2026-01-05 12:00:00 UTC had not."


def test_a_try_that_fails_is_no_failure_yet_and_told_only_if_asked_for(tmp_path):
    quiet, loud = Told(tmp_path / "a"), Told(tmp_path / "b", on=["retry"])
    for told in (quiet, loud):
        told.fail(again="in 5 minutes (try 2 of 3)")
        told.notices().worked(told.now)
    assert quiet.sent == []
    assert [notice.how for notice in loud.sent] == [
        "Nothing is to be done yet: it is tried again in 5 minutes (try 2 of 3)."
    ]


def test_whoever_finds_a_drift_tells_it_the_same_way(told):
    told.notices().tell("drift", "words of the last week are not those it learned from", "Look at new texts.")
    assert told.sent[0].subject == "textmill: alarm sees data that have changed"
    assert "Run:" not in told.sent[0].text


def test_texts_of_other_people_cannot_command_a_terminal_or_add_lines(told):
    told.fail("a\x1b[31m\u202eb\nSubject: x\x00 \udcff")
    assert told.sent[0].what == "a\ufffd[31m\ufffdb Subject: x\ufffd \ufffd"
    told.pass_by(hours=2)
    told.fail("x" * 10_000)
    assert len(told.sent[1].what) < 2100


@pytest.mark.parametrize("call", ["open_new", "make_folder"])
def test_a_store_that_cannot_be_written_keeps_no_notice_from_going_out(told, monkeypatch, call):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Disk, call, full)
    told.fail()
    assert [notice.kind for notice in told.sent] == ["failure"]
    assert told.warnings
    assert all("no room left" in line for line in told.warnings)


def test_what_is_remembered_and_was_spoiled_costs_a_notice_too_many_at_most(told):
    told.fail()
    file = told.store.root / "runs" / "notices" / "alarm.json"
    file.write_bytes(file.read_bytes()[:-9])
    told.fail()
    assert len(told.sent) == 2


# -- around a run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    (tmp_path / "mill.toml").write_text(
        '[project]\nname = "alarm"\n[read]\nsource = "a.csv"\n[notify]\nat_most = "0s"\n'
        'on = ["failure", "retry", "refusal", "recovery"]\n'
        'command = ["sh", "-c", "cat >> got.jsonl; echo >> got.jsonl"]\n'
    )
    return tmp_path


def got(project):
    file = project / "got.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def around(project, error=None, *, again=None, events=()):
    seen, warnings = [], []
    with noticing(project, on_event=seen.append, again=again, warn=warnings.append) as watch:
        for event in events:
            watch(event)
        if error is not None:
            raise error
    return seen


def test_a_run_that_fails_is_told_with_its_step_and_how_to_go_on(project):
    with pytest.raises(DataError, match="no rows"):
        around(project, DataError("no rows", where="a.csv"), events=[Event("read", "failed", note="no rows")])
    (notice,) = got(project)
    assert (notice["kind"], notice["step"], notice["what"]) == ("failure", "read", "a.csv: no rows")
    assert notice["how"] == f"What was finished is kept. Put it right and go on from there: textmill run {project}"


def test_a_mistake_of_ours_is_told_as_one(project):
    with pytest.raises(ZeroDivisionError):
        around(project, ZeroDivisionError("oh"))
    assert got(project)[0]["what"] == "textmill itself failed: ZeroDivisionError('oh')"


def test_a_refusal_and_the_run_that_passes_after_it(project):
    with pytest.raises(GateRefused):
        around(project, GateRefused("f1 is too low"), events=[Event("register", "refused", note="f1 is too low")])
    assert around(project, events=[Event("read", "cached")]) == [Event("read", "cached")]
    around(project)
    assert [(notice["kind"], notice["step"]) for notice in got(project)] == [
        ("refusal", "register"),
        ("recovery", None),
    ]


def test_a_run_that_is_to_be_tried_again_says_when(project):
    with pytest.raises(DataError):
        around(project, DataError("no rows"), again="in 30 seconds (try 2 of 2)")
    assert [notice["kind"] for notice in got(project)] == ["retry"]


@pytest.mark.parametrize("error", [Interrupted("stopped"), LockHeld("run-alarm is locked"), KeyboardInterrupt()])
def test_who_stops_a_run_knows_it(project, error):
    with pytest.raises(type(error)):
        around(project, error)
    assert got(project) == []


def test_without_anybody_to_tell_nothing_is_remembered(tmp_path):
    (tmp_path / "mill.toml").write_text('[project]\nname = "alarm"\n[read]\nsource = "a.csv"\n')
    with pytest.raises(DataError):
        around(tmp_path, DataError("no rows"))
    assert not (tmp_path / ".textmill").exists()
