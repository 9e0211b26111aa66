"""What Airflow is told of a project: tasks, rules and times that mean the same there, or why that cannot be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from textmill.errors import ConfigError
from textmill.flow import run_step
from textmill.flow.airflow_plan import DagPlan, TaskPlan, airflow_plan


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)


def plan_of(folder: Path, tables: str, **options: Any) -> DagPlan:
    (folder / "mill.toml").write_text(f'[project]\nname = "toy"\n{tables}')
    return airflow_plan(folder, **options)


def step(name: str, more: str = "") -> str:
    return f'[[step]]\nname = "{name}"\nshell = "true"\n{more}\n'


def tasks(plan: DagPlan) -> dict[str, TaskPlan]:
    return {task.id: task for task in plan.tasks}


def test_steps_are_tasks_with_what_they_need_and_how_often_they_are_tried(tmp_path: Path) -> None:
    more = 'after = "a"\nretries = 2\nretry_delay = "30s"\nbackoff = 3\ntimeout = "1m"'
    found = plan_of(tmp_path, step("a") + step("b", more))
    assert found.tasks == (
        TaskPlan(id="a"),
        # textmill stops it after a minute and says so; Airflow only if it does not
        TaskPlan(id="b", needs=("a",), retries=2, retry_delay=30, backoff=3, timeout=90),
    )
    assert found.id == "toy"
    assert found.command == f"{sys.executable} -m textmill.cli step"
    assert found.options.startswith(f"--project {tmp_path.resolve()} --plan ")
    assert found.run == "--run {{ dag.dag_id }}__{{ run_id }} || [ $? = 3 ]"


def test_the_built_in_steps_are_tasks_too(tmp_path: Path) -> None:
    found = tasks(plan_of(tmp_path, '[read]\nsource = "a.csv"\n'))
    assert list(found) == ["read", "split", "train", "evaluate", "register", "report", "register.probe", "run.failed"]
    assert found["report"].rule == "all_done"
    assert found["register.probe"] == TaskPlan(id="register.probe", needs=("register",))


def test_the_run_fails_though_its_last_step_runs_in_any_case(tmp_path: Path) -> None:
    found = tasks(plan_of(tmp_path, step("a") + step("b", 'after = "a"\nrule = "all_done"')))
    assert found["run.failed"].needs == ("a",)
    assert found["run.failed"].rule == "one_failed"
    assert found["run.failed"].retries == 0
    assert "run.failed" not in tasks(plan_of(tmp_path, step("a") + step("b", 'after = "a"')))


def test_a_step_for_failures_waits_until_all_before_it_have_ended(tmp_path: Path) -> None:
    found = tasks(plan_of(tmp_path, step("a") + step("b") + step("c", 'after = ["a", "b"]\nrule = "one_failed"')))
    assert found["c"] == TaskPlan(id="c", needs=("c.ended", "c.failed"))
    assert [found[name].rule for name in ("c.ended", "c.failed")] == ["all_done", "one_failed"]
    # where there is one thing before it, Airflow's rule is the same
    found = tasks(plan_of(tmp_path, step("a") + step("c", 'after = "a"\nrule = "one_failed"')))
    assert found["c"] == TaskPlan(id="c", needs=("a",), rule="one_failed")


def test_a_step_done_for_each_is_mapped_and_an_empty_list_leaves_out_nothing_else(tmp_path: Path) -> None:
    own = step("a") + step("b", 'for_each = "a"') + step("c", 'needs = "b"') + step("d", "for_each = [1, {a = 2}, [3]]")
    found = tasks(plan_of(tmp_path, own))
    assert found["a"].lists
    assert (found["b"].each, found["b"].needs, found["b"].rule) == ("a", ("a",), "all_success")
    assert found["c"].rule == "none_failed"
    assert found["d"].each == 3


def test_what_airflow_cannot_tell_apart_is_refused(tmp_path: Path) -> None:
    own = step("a") + step("b", 'for_each = "a"') + step("rare", 'after = "a"\nrule = "one_failed"')
    with pytest.raises(ConfigError, match=r"mill\.toml: step 'c' needs 'rare', which may be left out, and 'b', which"):
        plan_of(tmp_path, own + step("c", 'after = ["b", "rare"]'))
    with pytest.raises(ConfigError, match="step 'c' needs 'rarer', which may be left out"):
        plan_of(tmp_path, own + step("rarer", 'after = "rare"') + step("c", 'after = ["b", "rarer"]'))
    assert plan_of(
        tmp_path, own + step("sure", 'after = "rare"\nrule = "all_done"') + step("c", 'after = ["b", "sure"]')
    )


def test_a_long_chain_is_no_matter(tmp_path: Path) -> None:
    own = "".join(step(f"s{n}", f'after = "s{n - 1}"' if n else "") for n in range(1500))
    assert len(plan_of(tmp_path, own).tasks) == 1500


@pytest.mark.parametrize(
    ("said", "cron", "every"),
    [
        ('cron = "*/15 * * * *"', "*/15 * * * *", None),
        ('every = "15m"', "*/15 * * * *", None),
        ('every = "2h"', "0 */2 * * *", None),
        ('every = "1d"', "0 0 * * *", None),
        ('every = "45m"', None, 2700),
        ('every = "15m"\nstart = "2026-01-05T06:05"', None, 900),
        ("", None, None),
    ],
)
def test_times_mean_the_same(tmp_path: Path, said: str, cron: str | None, every: float | None) -> None:
    found = plan_of(tmp_path, f"[schedule]\n{said}\n" + step("a"))
    assert (found.cron, found.every) == (cron, every)
    assert found.command.startswith("TEXTMILL_DUE={{ ") == bool(said)


def test_the_rest_of_the_schedule_is_handed_on(tmp_path: Path) -> None:
    said = (
        'cron = "0 6 * * *"\ntimezone = "Europe/Berlin"\nstart = "2026-01-05"\ncatchup = true\nretries = 1\n'
        'retry_delay = "30s"\nexecution_timeout = "2h"\nowner = "anna"\ntags = ["a"]\npool = "small"\n'
        "max_active_runs = 2\n"
        '[notify]\nemail = ["anna@example.org"]\non = ["refusal"]\nsmtp = { host = "mail.example.org" }\n'
    )
    found = plan_of(tmp_path, f"[schedule]\n{said}" + step("a"))
    assert (found.timezone, found.start, found.catchup) == ("Europe/Berlin", "2026-01-05T00:00:00+01:00", True)
    assert (found.retries, found.retry_delay, found.timeout) == (1, 30, 7200)
    assert (found.owner, found.tags, found.pool, found.max_active_runs) == ("anna", ("a",), "small", 2)
    assert (found.email_on_failure, found.email_on_retry) == (("anna@example.org",), ())


def test_a_change_of_the_source_starts_nothing_on_airflow_and_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"schedule\.on_change: Airflow cannot look at the source; wanted cron or"):
        plan_of(tmp_path, '[schedule]\non_change = true\n[read]\nsource = "a.csv"\n')


def test_a_project_for_days_is_told_the_day(tmp_path: Path) -> None:
    (tmp_path / "mill.toml").write_text('[project]\nname = "toy"\n[[step]]\nname = "a"\nshell = "echo {date}"\n')
    # the time, as `ds` would be its day in UTC; textmill step knows the time zone of the schedule
    assert "--date {{ (dag_run.logical_date or dag_run.run_after) | ts }}" in airflow_plan(tmp_path).run


def test_another_interpreter_and_another_store(tmp_path: Path) -> None:
    found = plan_of(tmp_path, step("a"), python="/opt/my env/python", store=tmp_path / "store")
    assert found.command == "'/opt/my env/python' -m textmill.cli step"
    assert f"--store {(tmp_path / 'store').resolve()}" in found.options
    assert "--store s3://mill/toy --plan" in plan_of(tmp_path, step("a"), store="s3://mill/toy").options
    with pytest.raises(ConfigError, match=r"a '\{' is Airflow's own"):
        airflow_plan(tmp_path, python="/opt/{{env}}/python")


def test_a_dag_of_other_steps_is_noticed(tmp_path: Path) -> None:
    digest = plan_of(tmp_path, step("a")).options.split()[-1]
    assert run_step(tmp_path, "a", run="r1", expected=digest).run == "r1"
    plan_of(tmp_path, step("a", 'env = { MORE = "settings" }'))
    run_step(tmp_path, "a", run="r2", expected=digest)
    plan_of(tmp_path, step("a") + step("b"))
    with pytest.raises(
        ConfigError, match="project toy: its steps are others than those that the scheduler was told of"
    ):
        run_step(tmp_path, "a", run="r3", expected=digest)
