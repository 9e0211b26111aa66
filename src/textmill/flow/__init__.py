"""Steps keyed by content: what was done once is not done again, and what was killed goes on where it stood."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.flow.planning import ProjectPlan, plan_project
    from textmill.flow.runner import Done, Event, FlowResult, run_flow
    from textmill.flow.running import ProjectRefused, RunResult, run_project
    from textmill.flow.staleness import Change, StepState, step_states
    from textmill.flow.step import Flow, Step, Work, plan

__all__ = [
    "Change",
    "Done",
    "Event",
    "Flow",
    "FlowResult",
    "ProjectPlan",
    "ProjectRefused",
    "RunResult",
    "Step",
    "StepState",
    "Work",
    "plan",
    "plan_project",
    "run_flow",
    "run_project",
    "step_states",
]

_FILE = {
    "Change": "staleness",
    "Done": "runner",
    "Event": "runner",
    "Flow": "step",
    "FlowResult": "runner",
    "ProjectPlan": "planning",
    "ProjectRefused": "running",
    "RunResult": "running",
    "Step": "step",
    "StepState": "staleness",
    "Work": "step",
    "plan": "step",
    "plan_project": "planning",
    "run_flow": "runner",
    "run_project": "running",
    "step_states": "staleness",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.flow.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.flow' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
