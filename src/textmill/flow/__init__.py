"""Steps keyed by content: what was done once is not done again, and what was killed goes on where it stood."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.flow.policy import Check
    from textmill.flow.promotion import Promotion, PromotionRefused, approve, promote
    from textmill.flow.events import Done, Event
    from textmill.flow.runner import FlowResult, run_flow
    from textmill.flow.running import ProjectRefused, RunResult, run_project
    from textmill.flow.step import Flow, Step, Work, plan

__all__ = [
    "Check",
    "Done",
    "Event",
    "Flow",
    "FlowResult",
    "ProjectRefused",
    "Promotion",
    "PromotionRefused",
    "RunResult",
    "Step",
    "Work",
    "approve",
    "plan",
    "promote",
    "run_flow",
    "run_project",
]

_FILE = {
    "Check": "policy",
    "Done": "events",
    "Event": "events",
    "Flow": "step",
    "FlowResult": "runner",
    "ProjectRefused": "running",
    "Promotion": "promotion",
    "PromotionRefused": "promotion",
    "RunResult": "running",
    "Step": "step",
    "Work": "step",
    "approve": "promotion",
    "plan": "step",
    "promote": "promotion",
    "run_flow": "runner",
    "run_project": "running",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.flow.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.flow' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
