"""Steps keyed by content: what was done once is not done again, and what was killed goes on where it stood."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.flow.events import Done, Event
    from textmill.flow.planning import ProjectPlan, plan_project
    from textmill.flow.policy import Check
    from textmill.flow.promotion import Promotion, PromotionRefused, approve, promote
    from textmill.flow.record import Record, StepState
    from textmill.flow.runner import FlowResult, run_flow
    from textmill.flow.running import ProjectRefused, RunResult, run_project
    from textmill.flow.staleness import Change, PlannedStep, step_states
    from textmill.flow.step import Flow, Step, Work, plan
    from textmill.flow.stepping import StepResult, run_step

__all__ = [
    "Change",
    "Check",
    "Done",
    "Event",
    "Flow",
    "FlowResult",
    "PlannedStep",
    "ProjectPlan",
    "ProjectRefused",
    "Promotion",
    "PromotionRefused",
    "Record",
    "RunResult",
    "Step",
    "StepResult",
    "StepState",
    "Work",
    "approve",
    "plan",
    "plan_project",
    "promote",
    "run_flow",
    "run_project",
    "run_step",
    "step_states",
]

_FILE = {
    "Change": "staleness",
    "Check": "policy",
    "Done": "events",
    "Event": "events",
    "Flow": "step",
    "FlowResult": "runner",
    "PlannedStep": "staleness",
    "ProjectPlan": "planning",
    "ProjectRefused": "running",
    "Promotion": "promotion",
    "PromotionRefused": "promotion",
    "Record": "record",
    "RunResult": "running",
    "Step": "step",
    "StepResult": "stepping",
    "StepState": "record",
    "Work": "step",
    "approve": "promotion",
    "plan": "step",
    "plan_project": "planning",
    "promote": "promotion",
    "run_flow": "runner",
    "run_project": "running",
    "run_step": "stepping",
    "step_states": "staleness",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.flow.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.flow' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
