"""What Airflow is told of a project: a DAG as plain values, of which a file or Airflow's own objects are made."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import textmill
from textmill.config import ScheduleConfig, load
from textmill.config.durations import seconds
from textmill.config.project import dated_keys
from textmill.errors import ConfigError, TextmillError
from textmill.flow.classify import classify
from textmill.flow.parts import Part, parts_of
from textmill.flow.running import open_project
from textmill.flow.step import Step, plan, shape
from textmill.flow.stepping import PROBE
from textmill.registry import Store

__all__ = ["DagPlan", "TaskPlan", "airflow_plan"]

_PUNCTUALITY = 30  # seconds that Airflow grants beyond a step's timeout: textmill itself stops it in time, and says so
_MOMENT = "(dag_run.logical_date or dag_run.run_after)"  # a run that somebody asked for may have no logical date
_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """A task of Airflow's: a step, or what is there for its trigger rule.

    Attributes
    ----------
    id : of a step, its name; others have a dot in it, which no step's name has: what comes before it is a step's name
    needs : ids of the tasks that come before it
    rule : Airflow's trigger rule
    bash : None of what `textmill step` does; of what is no step, what it does: "" if it is there for its rule alone
    each : it is done once for each of so many items, or for each of what the task of that id gives
    lists : another one is done for each of what it gives
    retries, retry_delay, timeout : None as the DAG has it; seconds
    """

    id: str
    needs: tuple[str, ...] = ()
    rule: str = "all_success"
    bash: str | None = None
    each: int | str | None = None
    lists: bool = False
    retries: int | None = None
    retry_delay: float | None = None
    backoff: float | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagPlan:
    """A DAG of Airflow's.

    Attributes
    ----------
    project : its folder
    command, options, run : of a step, for bash; its name stands after `command`, and `run` is a template of Airflow's
    cron, timezone, every : when it runs by itself, `every` in seconds; None: never
    start : ISO 8601, with a time zone
    timeout : of the whole, seconds
    retries, retry_delay : of a task that says nothing else
    email_on_failure, email_on_retry : who gets an e-mail, by the server that Airflow knows
    """

    id: str
    project: str
    description: str = ""
    command: str = ""
    options: str = ""
    run: str = ""
    tasks: tuple[TaskPlan, ...]
    cron: str | None = None
    timezone: str = "UTC"
    every: float | None = None
    start: str | None = None
    catchup: bool = False
    max_active_runs: int = 1
    timeout: float | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    pool: str | None = None
    retries: int = 0
    retry_delay: float | None = None
    email_on_failure: tuple[str, ...] = ()
    email_on_retry: tuple[str, ...] = ()


def airflow_plan(folder: Path | str, *, python: str | None = None, store: Store | Path | str | None = None) -> DagPlan:
    """What Airflow is told of a project.

    Parameters
    ----------
    folder : the project's, or its ``mill.toml``
    python : the interpreter that does its steps, which has textmill; by default this one
    store : by default ``TEXTMILL_STORE`` or ``.textmill`` in the folder

    Raises
    ------
    ConfigError : if the project file is at fault, or asks for what Airflow cannot do
    """
    day = "2000-01-01" if dated_keys(load(Path(folder))) else None
    project = open_project(folder, store, day)
    flow = classify(project.mill, project.folder, project.store, project.digests)
    home, place = project.folder.resolve(), project.store.place
    if "://" not in place:
        place = str(Path(place).resolve())
    program = [python or sys.executable, "-m", "textmill.cli", "step"]
    words = ["--project", str(Path(folder).resolve())]
    if place != str(home / ".textmill"):
        words += ["--store", place]
    parts = parts_of(project, flow)
    words += ["--plan", shape(flow, *(part.told for part in parts))]
    if braced := [word for word in (*program, *words) if "{" in word]:
        raise ConfigError(
            ["in a command of Airflow's, a '{' is Airflow's own; wanted a path without it"], where=braced[0]
        )
    steps, notify = plan(flow), project.mill.notify
    try:
        tasks = tuple(_tasks(steps, parts))
        timing = _timing(project.mill.schedule)
    except ConfigError as error:
        raise ConfigError(error.faults, where=str(home / "mill.toml")) from error
    run, command = "--run {{ dag.dag_id }}__{{ run_id }}", shlex.join(program)
    if day is not None:
        run += f" --date {{{{ {_MOMENT} | ts }}}}"  # not its day, which is that of UTC
    if timing["cron"] is not None or timing["every"] is not None:
        command = f"TEXTMILL_DUE={{{{ {_MOMENT} | ts }}}} {command}"
    return DagPlan(
        id=flow.name,
        project=str(home),
        description=project.mill.project.description,
        command=command,
        options=shlex.join(words),
        # 3 is a gate that says no: what it says is what comes of the command, and is not asked for again
        run=f"{run} || [ $? = 3 ]",
        tasks=(*tasks, *_probe(steps), *_watcher(steps)),
        **timing,
        # a refusal is a failure to Airflow
        email_on_failure=notify.email if {"failure", "refusal"} & {*notify.on} else (),
        email_on_retry=notify.email if "retry" in notify.on else (),
    )


def _tasks(steps: Sequence[Step], parts: Sequence[Part]) -> Iterator[TaskPlan]:
    """Steps as tasks; before some of them what it takes for their rule to mean the same, and the parts of a step."""
    named = {step.name: step for step in steps}
    listed = {step.for_each for step in steps if isinstance(step.for_each, str)}
    left_out = set[str]()  # steps that may be left out though nothing fails
    for step in steps:
        needs, rule = tuple(dict.fromkeys(step.needs)), str(step.rule)
        each = len(step.for_each) if isinstance(step.for_each, tuple) else step.for_each
        if step.rule == "one_failed" or (step.rule == "all_success" and left_out & {*needs}):
            left_out.add(step.name)
        lists = [need for need in needs if isinstance(named[need].for_each, str)]
        if step.rule == "all_success" and lists:
            if unsure := [need for need in needs if need in left_out]:
                raise ConfigError(
                    [
                        f"step {step.name!r} needs {unsure[0]!r}, which may be left out, and {lists[0]!r}, which is"
                        " done for each of a list: Airflow cannot tell one left out from an empty list"
                    ]
                )
            rule = "none_failed"  # of an empty list Airflow leaves out the task that is done for each
        if step.rule == "one_failed" and (len(needs) > 1 or any(named[need].for_each is not None for need in needs)):
            # Airflow's own rule fires at the first failure, while others still run
            ended, failed = f"{step.name}.ended", f"{step.name}.failed"
            yield TaskPlan(id=ended, needs=needs, rule="all_done", bash="")
            yield TaskPlan(id=failed, needs=needs, rule="one_failed", bash="")
            needs, rule = (ended, failed), "all_success"
        own = [part for part in parts if part.step == step.name]
        for number, part in enumerate(own):  # the first of them waits for what the step waits for
            before, when = (part.needs, "all_success") if number else (needs, rule)
            yield TaskPlan(id=part.name, needs=before, rule=when, each=part.times)
        yield TaskPlan(
            id=step.name,
            needs=(*needs, *(part.name for part in own[-1:])),
            rule=rule,
            each=each,
            lists=step.name in listed and each is None,  # else Airflow counts what its tasks gave
            retries=step.retries or None,
            retry_delay=step.retry_delay if step.retries else None,
            backoff=step.backoff if step.retries and step.backoff != 1 else None,
            timeout=None if step.timeout is None else step.timeout + _PUNCTUALITY,
        )


def _probe(steps: Sequence[Step]) -> list[TaskPlan]:
    """A task that asks the new version whether it says there what it said in training; promotion looks it up."""
    return [TaskPlan(id=PROBE, needs=("register",))] if any(step.name == "register" for step in steps) else []


def _watcher(steps: Sequence[Step]) -> list[TaskPlan]:
    """A task that fails if one failed after which others go on: Airflow looks at the last tasks of a run alone."""
    needs = tuple(dict.fromkeys(need for step in steps if step.rule != "all_success" for need in step.needs))
    bash = _complaint("a step failed, or a gate said no")
    return [TaskPlan(id="run.failed", needs=needs, rule="one_failed", bash=bash, retries=0)] if needs else []


def _complaint(sentence: str) -> str:
    return f"echo {shlex.quote(sentence)}; exit 1"


def _timing(schedule: ScheduleConfig) -> dict[str, Any]:
    if schedule.on_change:
        raise ConfigError(["schedule.on_change: Airflow cannot look at the source; wanted cron or every"])
    every = None if schedule.every is None else seconds(schedule.every)
    cron = schedule.cron
    if every is not None and schedule.start is None and (cron := _on_the_clock(every)):
        every = None
    return {
        "cron": cron,
        "timezone": schedule.timezone if schedule.cron is not None else "UTC",
        "every": every,
        "start": None if schedule.begins is None else schedule.begins.isoformat(),
        "catchup": schedule.catchup,
        "max_active_runs": schedule.max_active_runs,
        "timeout": None if schedule.execution_timeout is None else seconds(schedule.execution_timeout),
        "owner": schedule.owner,
        "tags": schedule.tags,
        "pool": schedule.pool,
        "retries": schedule.retries,
        "retry_delay": seconds(schedule.retry_delay) if schedule.retries else None,
    }


def _on_the_clock(every: float) -> str | None:
    """The cron expression of what is due on the clock, as textmill's own `every` is and Airflow's is not.

    Examples
    --------
    >>> _on_the_clock(900), _on_the_clock(7200), _on_the_clock(86_400), _on_the_clock(2700)
    ('*/15 * * * *', '0 */2 * * *', '0 0 * * *', None)
    """
    if every == _DAY:
        return "0 0 * * *"
    if every % 60 == 0 and _HOUR % every == 0 and every < _HOUR:
        return f"*/{every // 60:.0f} * * * *"
    if every % _HOUR == 0 and _DAY % every == 0:
        return f"0 */{every // _HOUR:.0f} * * *"
    return None


def _main() -> None:
    """Plans for `textmill.flow.airflow_dag`: of each project named, or of one that says why there is none."""
    found: dict[str, Any] = {}
    for folder in sys.argv[1:]:
        try:
            found[folder] = {"plan": asdict(airflow_plan(folder)), "broken": False}
        except TextmillError as error:
            bash = _complaint(f"{{% raw %}}{error}{{% endraw %}}")
            task = TaskPlan(id="project.broken", bash=bash, retries=0)
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", Path(folder).name)
            plan = DagPlan(id=f"broken.{name}", project=folder, description=str(error), tags=("broken",), tasks=(task,))
            found[folder] = {"plan": asdict(plan), "broken": True}
    print(json.dumps({"textmill": textmill.__file__, "projects": found}))


if __name__ == "__main__":
    _main()
