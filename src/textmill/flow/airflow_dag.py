"""All projects of a folder as DAGs, made by Airflow as it reads its folder of DAGs.

A file there of two lines is enough:

    from textmill.flow.airflow_dag import dags
    globals().update(dags("/srv/projects", python="/srv/textmill/bin/python"))

Airflow's environment needs this package without anything that it depends on (``pip install --no-deps textmill``): here
Airflow and the standard library are imported alone. What is to be known of a project is asked of its own interpreter,
once for each ``mill.toml``, and kept in the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from textmill.errors import ConfigError, MissingExtra, SourceError

__all__ = ["dags"]

_FORMAT = 1
_KNOWN = ".textmill-airflow.json"
_PATIENCE = 120  # seconds for the plans of all projects; Airflow itself waits 50 for a file of DAGs by default


def dags(folder: Path | str, *, python: str) -> dict[str, Any]:
    """The DAG of each project of a folder, by name: of each folder in it that has a ``mill.toml``, or of itself.

    A project whose file is at fault keeps the DAG that it had, in which each step then says what is wrong; a new one
    has a DAG that does nothing but say it. A change of ``mill.toml`` is noticed when Airflow reads its folder next.

    Parameters
    ----------
    folder : where ``.textmill-airflow.json`` remembers the plans; nothing is remembered if that cannot be written
    python : the interpreter of the projects, with textmill and all that the projects need

    Raises
    ------
    MissingExtra : if this is not Airflow's environment
    SourceError : if there is no project
    ConfigError : if the interpreter cannot tell the plans, or two projects have one name
    """
    try:
        from airflow.sdk import get_parsing_context
    except ImportError:
        raise MissingExtra("textmill.flow.airflow_dag", package="apache-airflow", extra="airflow") from None
    root = Path(folder)
    projects = sorted(path.parent for path in (*root.glob("mill.toml"), *root.glob("*/mill.toml")))
    if not projects:
        raise SourceError("there is no project in this folder", where=str(root), wanted="mill.toml in a folder in it")
    found: dict[str, dict[str, Any]] = {}
    for plan in _plans(root, projects, python):
        if plan["id"] in found:
            both = sorted((found[plan["id"]]["project"], plan["project"]))
            raise ConfigError([f"two projects are called {plan['id']!r}: {both[0]} and {both[1]}"], where=str(root))
        found[plan["id"]] = plan
    asked = get_parsing_context().dag_id  # a task needs its own DAG alone
    return {name: _dag(plan) for name, plan in found.items() if asked in (None, name)}


# -- what is to be known of the projects -------------------------------------------------------------------------------


def _plans(root: Path, projects: list[Path], python: str) -> list[dict[str, Any]]:
    known = _remembered(root / _KNOWN, python)
    plans = known["projects"]
    states = {str(path): hashlib.sha256((path / "mill.toml").read_bytes()).hexdigest() for path in projects}
    stale = [path for path, state in states.items() if path not in plans or plans[path]["state"] != state]
    if stale:
        told = _told(python, stale)
        for path in stale:
            new, old = told["projects"][path], plans.get(path)
            state = "" if new["broken"] else states[path]  # it is asked again, as other files may be at fault
            plans[path] = {**(old if new["broken"] and old and not old["broken"] else new), "state": state}
        _remember(root / _KNOWN, python, {"textmill": told["textmill"], "projects": plans})
    return [plans[path]["plan"] for path in states]


def _told(python: str, projects: Iterable[str]) -> dict[str, Any]:
    """What the projects' interpreter says of them."""
    command = [python, "-m", "textmill.flow.airflow_plan", *projects]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError([f"this interpreter cannot tell the plans of projects: {error}"], where=python) from error
    if done.returncode != 0:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "nothing")
        raise ConfigError([f"this interpreter cannot tell the plans of projects, and says {said}"], where=python)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _stamp(file: str) -> list[int]:
    try:
        found = os.stat(file)
    except OSError:
        return []
    return [found.st_mtime_ns, found.st_ino]


def _remembered(path: Path, python: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
        if found["format"] == _FORMAT and found["python"] == python and found["stamp"] == _stamp(found["textmill"]):
            return {"textmill": found["textmill"], "projects": found["projects"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it only saves time
    return {"textmill": "", "projects": {}}


def _remember(path: Path, python: str, body: dict[str, Any]) -> None:
    text = json.dumps({"format": _FORMAT, "python": python, "stamp": _stamp(body["textmill"]), **body})
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        try:
            new.write_text(text, encoding="utf-8")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


# -- Airflow's objects -------------------------------------------------------------------------------------------------


def _dag(plan: dict[str, Any]) -> Any:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, CronTriggerTimetable

    schedule = None if plan["every"] is None else timedelta(seconds=plan["every"])
    if plan["cron"] is not None:
        schedule = CronTriggerTimetable(plan["cron"], timezone=plan["timezone"])
    defaults = {
        "owner": plan["owner"],
        "retry_delay": _length(plan["retry_delay"]),
        "pool": plan["pool"],
        "on_failure_callback": _email(plan["email_on_failure"]),
        "on_retry_callback": _email(plan["email_on_retry"]),
    }
    dag = DAG(
        plan["id"],
        description=plan["description"] or None,
        schedule=schedule,
        start_date=None if plan["start"] is None else datetime.fromisoformat(plan["start"]),
        catchup=plan["catchup"],
        max_active_runs=plan["max_active_runs"],
        dagrun_timeout=_length(plan["timeout"]),
        tags=plan["tags"] or None,
        default_args={"output_processor": _reference, "retries": plan["retries"], **_given(defaults)},
    )
    tasks: dict[str, Any] = {}
    for task in plan["tasks"]:
        step = task["id"] if task["each"] is None else f"{task['id']} --item {{{{ ti.map_index }}}}"
        command = f"{plan['command']} {step} {plan['options']} {plan['run']}" if task["bash"] is None else task["bash"]
        settings = {
            "dag": dag,
            "task_id": task["id"],
            "trigger_rule": task["rule"],
            "bash_command": command or None,
            "output_processor": _items if task["lists"] else None,
            "retries": task["retries"],
            "retry_delay": _length(task["retry_delay"]),
            "retry_exponential_backoff": task["backoff"],
            "execution_timeout": _length(task["timeout"]),
        }
        if task["bash"] and plan["email_on_failure"]:
            settings["on_failure_callback"] = []  # it fails only if another one has
        kind = BashOperator if command else EmptyOperator
        if task["each"] is None:
            made = kind(**_given(settings))
        elif isinstance(task["each"], int):
            made = kind.partial(**_given(settings)).expand_kwargs([{}] * task["each"])
        else:
            made = kind.partial(**_given(settings)).expand_kwargs(tasks[task["each"]].output.map(_nothing))
        made.set_upstream([tasks[need] for need in task["needs"] if need != task["each"]])
        tasks[task["id"]] = made
    return dag


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _email(people: list[str]) -> Any:
    if not people:
        return None
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(to=people)


def _length(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _reference(line: str) -> Any:
    """What a step hands on: where its result is, never the result. A gate that says no is not asked again."""
    from airflow.sdk.exceptions import AirflowFailException

    if not line.startswith("{"):
        raise AirflowFailException(line)
    return json.loads(line)


def _items(line: str) -> list[int]:
    """A number for each item of the list that a step gave."""
    from airflow.sdk.exceptions import AirflowFailException

    found = _reference(line)
    if "items" not in found:
        raise AirflowFailException(f"step {found['step']} gave no list")
    return list(range(found["items"]))


def _nothing(item: object) -> dict[str, Any]:
    """What a task takes of an item: it knows its number, and the rest is in the store."""
    return {}
