"""The file of a DAG, to be read by people: it imports Airflow and the standard library alone."""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Iterable
from typing import Any

from textmill import __version__
from textmill.flow.airflow_plan import DagPlan, TaskPlan

__all__ = ["dag_file"]

_WIDTH = 100

_HEAD = '''\
"""DAG {id}, written by textmill {version}: textmill airflow export {project}

Write it anew when the steps or the schedule change; what else is in mill.toml is read when a step runs.
"""

import json
{imports}


def command(step):
    """What does a step: the project's own interpreter."""
    return (
        {before}
        + step
        + {options}
        {run}
    )


def reference(line):
    """What a step hands on: where its result is, never the result. A gate that says no is not asked again."""
    if not line.startswith("{{"):
        raise AirflowFailException(line)
    return json.loads(line)
'''
_LISTS = '''

def items(line):
    """A number for each item of the list that a step gave."""
    found = reference(line)
    if "items" not in found:
        raise AirflowFailException(f"step {found['step']} gave no list")
    return list(range(found["items"]))
'''
_EACH = '''

def nothing(item):
    """What a task takes of an item: it knows its number, and the rest is in the store."""
    return {}
'''


def dag_file(plan: DagPlan) -> str:
    """The text of a Python file that makes the DAG.

    Examples
    --------
    >>> plan = DagPlan(id="demo", project="/srv/demo", tasks=(TaskPlan(id="a"), TaskPlan(id="b-c", needs=("a",))))
    >>> print(dag_file(plan).partition("with ")[2])
    DAG(
        "demo",
        schedule=None,
        catchup=False,
        max_active_runs=1,
        default_args={
            "output_processor": reference,
            "retries": 0,
        },
    ):
        a = BashOperator(task_id="a", bash_command=command("a"))
        b_c = BashOperator(task_id="b-c", bash_command=command("b-c"))
    <BLANKLINE>
        a >> b_c
    <BLANKLINE>
    """
    names = _variables(task.id for task in plan.tasks)
    text = _HEAD.format(
        id=plan.id,
        version=__version__,
        project=_quoted(shlex.quote(plan.project))[1:-1],
        imports=_imports(plan),
        before=_quoted(f"{plan.command} "),
        options=_quoted(f" {plan.options}"),
        run=_quoted(f" {plan.run}"),
    )
    text += _LISTS if any(task.lists for task in plan.tasks) else ""
    text += _EACH if any(isinstance(task.each, str) for task in plan.tasks) else ""
    body = [f"{names[task.id]} = {_task(task, plan, names)}" for task in plan.tasks]
    edges = [_edge(task, names) for task in plan.tasks if _before(task)]
    lines = "\n".join(f"    {line}" for line in (*body, *([""] if edges else []), *edges))
    return f"{text}\n\nwith DAG(\n{_about(plan)}):\n" + re.sub(r"^ +$", "", lines, flags=re.MULTILINE) + "\n"


def _imports(plan: DagPlan) -> str:
    times = [plan.every, plan.timeout, plan.retry_delay, *(task.retry_delay for task in plan.tasks)]
    some = any(one is not None for one in (*times, *(task.timeout for task in plan.tasks)))
    dates = [name for name, used in (("datetime", plan.start is not None), ("timedelta", some)) if used]
    lines = [f"from datetime import {', '.join(dates)}"] if dates else []
    lines += [""]
    if plan.email_on_failure or plan.email_on_retry:
        lines += ["from airflow.providers.smtp.notifications.smtp import SmtpNotifier"]
    lines += ["from airflow.providers.standard.operators.bash import BashOperator"]
    if any(task.bash == "" for task in plan.tasks):
        lines += ["from airflow.providers.standard.operators.empty import EmptyOperator"]
    lines += [f"from airflow.sdk import DAG{', CronTriggerTimetable' if plan.cron is not None else ''}"]
    return "\n".join([*lines, "from airflow.sdk.exceptions import AirflowFailException"])


def _about(plan: DagPlan) -> str:
    schedule = "None"
    if plan.cron is not None:
        schedule = f"CronTriggerTimetable({_quoted(plan.cron)}, timezone={_quoted(plan.timezone)})"
    elif plan.every is not None:
        schedule = _seconds(plan.every)
    defaults: dict[str, str] = {} if plan.owner is None else {"owner": _quoted(plan.owner)}
    defaults |= {"output_processor": "reference", "retries": str(plan.retries)}
    defaults |= {} if plan.retry_delay is None else {"retry_delay": _seconds(plan.retry_delay)}
    defaults |= {} if plan.pool is None else {"pool": _quoted(plan.pool)}
    for name, people in (("on_failure_callback", plan.email_on_failure), ("on_retry_callback", plan.email_on_retry)):
        defaults |= {name: f"SmtpNotifier(to={_list(people)})"} if people else {}
    given = {
        "description": _quoted(plan.description) if plan.description else None,
        "schedule": schedule,
        "start_date": None if plan.start is None else f"datetime.fromisoformat({_quoted(plan.start)})",
        "catchup": str(plan.catchup),
        "max_active_runs": str(plan.max_active_runs),
        "dagrun_timeout": None if plan.timeout is None else _seconds(plan.timeout),
        "tags": _list(plan.tags) if plan.tags else None,
        "default_args": "{\n"
        + "".join(f"        {_quoted(key)}: {value},\n" for key, value in defaults.items())
        + "    }",
    }
    lines = [_quoted(plan.id), *(f"{key}={value}" for key, value in given.items() if value is not None)]
    return "".join(f"    {line},\n" for line in lines)


def _task(task: TaskPlan, plan: DagPlan, names: dict[str, str]) -> str:
    step = task.id if task.each is None else f"{task.id} --item {{{{ ti.map_index }}}}"
    command = f"command({_quoted(step)})" if task.bash is None else _quoted(task.bash)
    given: dict[str, Any] = {
        "bash_command": command if task.bash != "" else None,
        "output_processor": "items" if task.lists else None,
        "trigger_rule": None if task.rule == "all_success" else _quoted(task.rule),
        "retries": task.retries,
        "retry_delay": None if task.retry_delay is None else _seconds(task.retry_delay),
        "retry_exponential_backoff": task.backoff,
        "execution_timeout": None if task.timeout is None else _seconds(task.timeout),
        "on_failure_callback": "[]" if task.bash and plan.email_on_failure else None,
    }
    words = [f"task_id={_quoted(task.id)}", *(f"{key}={value}" for key, value in given.items() if value is not None)]
    kind = "EmptyOperator" if task.bash == "" else "BashOperator"
    if task.each is None:
        return _call(kind, words)
    items = f"{names[task.each]}.output.map(nothing)" if isinstance(task.each, str) else f"[{{}}] * {task.each}"
    return f"{_call(f'{kind}.partial', words)}.expand_kwargs({items})"


def _call(name: str, words: list[str]) -> str:
    line = f"{name}({', '.join(words)})"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"        {word},\n" for word in words) + "    )"


def _before(task: TaskPlan) -> list[str]:
    """The tasks whose edge has to be said; the one that gives the list is known from that."""
    return [need for need in task.needs if need != task.each]


def _edge(task: TaskPlan, names: dict[str, str]) -> str:
    needs = [names[need] for need in _before(task)]
    return f"{needs[0] if len(needs) == 1 else '[' + ', '.join(needs) + ']'} >> {names[task.id]}"


def _variables(ids: Iterable[str]) -> dict[str, str]:
    """A name in Python for each task, which no other has, nor what the file uses itself."""
    found: dict[str, str] = {}
    taken = {"json", "datetime", "timedelta", "command", "reference", "items", "nothing", "list", "range"}
    for one in ids:
        name = re.sub(r"\W", "_", one)
        while name in taken or keyword.iskeyword(name):
            name += "_"
        taken.add(name)
        found[one] = name
    return found


def _seconds(length: float) -> str:
    return f"timedelta(seconds={length:g})"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """As a literal, in double quotes as a formatter would have it."""
    said = repr(text)
    return f'"{said[1:-1]}"' if said[0] == "'" and '"' not in said else said
