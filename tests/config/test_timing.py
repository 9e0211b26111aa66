import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.config import MillConfig, NotifyConfig, ScheduleConfig, from_mapping
from textmill.errors import ConfigError

EMAIL = {"email": ["ops@example.org"], "smtp": {"host": "mail.example.org"}}


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"cron": "every day"}, "cron: wanted minute, hour, day of the month"),
        ({"cron": "0 0 * * * *"}, "cron: wanted minute, hour"),
        ({"cron": "61 * * * *"}, "cron: bad minute; wanted"),
        ({"cron": "0 0 31 2 *"}, "cron: bad day-of-month"),
        ({"cron": "0 0 * * *", "every": "1d"}, "every: wanted cron or every, got both"),
        ({"every": "0s"}, "every: wanted 1 second or more, got '0s'"),
        ({"every": "often"}, "every: wanted a length of time"),
        ({"every": "1h", "timezone": "Berlin"}, "timezone: wanted a time zone such as 'Europe/Berlin', got 'Berlin'"),
        ({"every": "1h", "timezone": "Europe"}, "timezone: wanted"),
        ({"every": "1h", "timezone": "../etc/passwd"}, "timezone: wanted"),
        ({"every": "1h", "start": "tomorrow"}, "start: wanted a date such as '2026-01-05'"),
        ({"on_change": True, "start": "2026-01-05"}, "start: is about due times"),
        ({"on_change": True, "catchup": True}, "catchup: is about due times"),
        ({"every": "1h", "retries": -1}, "retries: wanted a number from 0 to 100, got -1"),
        ({"every": "1h", "retry_delay": "soon"}, "retry_delay: wanted a length of time"),
        ({"every": "1h", "execution_timeout": "0s"}, "execution_timeout: wanted 1 second or more"),
        ({"every": "1h", "max_active_runs": 0}, "max_active_runs: wanted 1 or more, got 0"),
    ],
)
def test_a_schedule_at_fault_is_told_by_its_key(table, fault) -> None:
    with pytest.raises(ConfigError) as told:
        from_mapping(ScheduleConfig, table)
    assert any(one.startswith(fault) for one in told.value.faults), told.value.faults


@given(st.text("0123456789*/,-#LWMONJAN ²", min_size=1, max_size=16).map(lambda s: f"0 0 {s}"))
def test_whatever_stands_where_cron_does_is_right_or_a_fault(cron: str) -> None:
    try:
        from_mapping(ScheduleConfig, {"cron": cron})
    except ConfigError as error:
        faults = error.faults
    else:
        faults = ()
    assert all(fault.startswith("cron: ") for fault in faults)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"at_most": "1h 30m", "on": ["failure"]}, "command: it says what is told and not whom"),
        ({"command": ["true"], "at_most": "rarely"}, "at_most: wanted a length of time"),
        ({"command": ["true"], "on": ["succes"]}, "on: wanted a list of 'failure'"),
        ({"command": [" "]}, "command: wanted a program"),
        ({"webhook": "file:///etc/passwd"}, "webhook: wanted an address"),
        ({"webhook": "env:"}, "webhook: wanted an address"),
        ({"email": ["ops"], "smtp": {"host": "a"}}, "email: wanted an address such as"),
        ({"email": ["a@b\r\nBcc: c@d"], "smtp": {"host": "a"}}, "email: wanted an address such as"),
        ({"email": ["a@b"]}, "smtp.host: wanted email and smtp.host together"),
        (EMAIL | {"smtp": {"host": "a", "port": 0}}, "smtp.port: wanted a number from 1 to 65535"),
        (EMAIL | {"smtp": {"host": "a", "user": "me"}}, "smtp.user: wanted user and password_env together"),
        (
            EMAIL | {"smtp": {"host": "a", "user": "me", "password_env": "PW", "starttls": False}},
            "smtp.starttls: without it the password could be read",
        ),
        (
            EMAIL | {"smtp": {"host": "a", "user": "me", "password_env": "s3cret!"}},
            "smtp.password_env: wanted the name of an environment variable, never the password itself",
        ),
        (EMAIL | {"smtp": {"host": "a", "sender": "me"}}, "smtp.sender: wanted an address"),
    ],
)
def test_notices_at_fault_are_told_by_their_key(table, fault) -> None:
    with pytest.raises(ConfigError) as told:
        from_mapping(NotifyConfig, table)
    assert any(one.startswith(fault) for one in told.value.faults), told.value.faults


def test_a_password_over_port_465_needs_no_starttls() -> None:
    smtp = {"host": "a", "user": "me", "password_env": "PW", "port": 465, "starttls": False}
    assert from_mapping(NotifyConfig, EMAIL | {"smtp": smtp}).smtp.tls


def test_without_the_package_for_cron_the_rest_of_the_table_is_still_checked(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cronsim", None)
    assert from_mapping(ScheduleConfig, {"cron": "0 3 * * *"}).cron == "0 3 * * *"
    with pytest.raises(ConfigError, match="cron: wanted minute"):
        from_mapping(ScheduleConfig, {"cron": "nightly"})


def test_when_it_runs_and_who_is_told_decide_nothing_of_what_comes_of_it() -> None:
    plain = {"project": {"name": "demo"}, "read": {"source": "a.csv"}}
    timed = plain | {"schedule": {"every": "1h"}, "notify": {"command": ["true"]}}
    assert from_mapping(MillConfig, plain).decisive == from_mapping(MillConfig, timed).decisive
    assert {"schedule", "notify"} & from_mapping(MillConfig, timed).decisive.keys() == set()
