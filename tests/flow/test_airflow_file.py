"""The file of a DAG: Python that imports Airflow and the standard library alone, whatever steps are called."""

from __future__ import annotations

import ast
import sys

from hypothesis import given
from hypothesis import strategies as st

from textmill.flow.airflow_file import dag_file
from textmill.flow.airflow_plan import DagPlan, TaskPlan

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True) | st.sampled_from(
    ["class", "list", "json", "command", "reference", "items", "nothing", "range", "a-b", "a_b", "a-b_", "match", "in"]
)
TEXTS = st.text(max_size=20)
LENGTHS = st.none() | st.floats(0.001, 1e8)


@st.composite
def plans(draw: st.DrawFn) -> DagPlan:
    tasks: list[TaskPlan] = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=6, unique=True)):
        before = [task.id for task in tasks]
        needs = tuple(draw(st.lists(st.sampled_from(before), unique=True))) if before else ()
        each = draw(st.none() | st.integers(1, 3) | (st.sampled_from(needs) if needs else st.none()))
        more = {"retries": draw(st.none() | st.integers(1, 9)), "retry_delay": draw(LENGTHS), "timeout": draw(LENGTHS)}
        tasks.append(
            TaskPlan(id=name, needs=needs, each=each, lists=draw(st.booleans()), backoff=draw(LENGTHS), **more)
        )
    tasks.append(TaskPlan(id="a.ended", needs=(tasks[0].id,), bash=draw(st.sampled_from(["", "exit 1"]))))
    cron = draw(st.none() | st.just("*/15 * * * *"))
    emails = tuple(draw(st.lists(TEXTS, max_size=2)))
    return DagPlan(
        id="toy",
        project=draw(TEXTS),
        description=draw(TEXTS),
        command=draw(TEXTS),
        options=draw(TEXTS),
        run=draw(TEXTS),
        tasks=tuple(tasks),
        cron=cron,
        every=None if cron else draw(LENGTHS),
        start=draw(st.none() | st.just("2026-01-05T00:00:00+01:00")),
        tags=tuple(draw(st.lists(TEXTS, max_size=2))),
        owner=draw(st.none() | TEXTS),
        email_on_failure=emails,
    )


@given(plans())
def test_it_is_python_that_uses_each_name_it_imports_and_no_other(plan: DagPlan) -> None:
    tree = ast.parse(dag_file(plan))
    imported, modules = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {alias.name for alias in node.names}
            modules.add(str(node.module))
    assert {name.partition(".")[0] for name in modules} <= {"airflow"} | sys.stdlib_module_names
    [made] = [node for node in tree.body if isinstance(node, ast.With)]
    variables = [node.targets[0].id for node in made.body if isinstance(node, ast.Assign)]  # type: ignore[attr-defined]
    assert len({*variables}) == len(plan.tasks)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert not {*variables} & (imported | defined | {"list", "range"})
    known = {*imported, *defined, *variables, "list", "range", "step", "line", "item", "found"}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert used <= known
    assert imported <= used


@given(plans())
def test_the_command_of_a_step_is_the_one_of_the_plan(plan: DagPlan) -> None:
    tree = ast.parse(dag_file(plan))
    [command] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "command"]
    returned = command.body[-1]
    assert isinstance(returned, ast.Return)
    assert isinstance(returned.value, ast.BinOp)
    assert isinstance(returned.value.left, ast.BinOp)
    before, after = ast.literal_eval(returned.value.left.left), ast.literal_eval(returned.value.right)
    assert f"{before}NAME{after}" == f"{plan.command} NAME {plan.options} {plan.run}"
