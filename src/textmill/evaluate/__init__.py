"""How good a model is: scores with intervals, beside the majority baseline, told on a page and in a terminal.

`evaluate` measures, `compare` says which of several models is better, `build_report` puts what was measured beside
what is known of the data, `render_html` and `summary` tell it, `check_gate` decides.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.evaluate.card import model_card
    from textmill.evaluate.comparison import compare
    from textmill.evaluate.evaluation import Evaluation, evaluate, without_leaks
    from textmill.evaluate.gate import check_gate, check_gate_metric
    from textmill.evaluate.page import render_html
    from textmill.evaluate.report import build_report
    from textmill.evaluate.terminal import summary

__all__ = [
    "Evaluation",
    "build_report",
    "check_gate",
    "check_gate_metric",
    "compare",
    "evaluate",
    "model_card",
    "render_html",
    "summary",
    "without_leaks",
]

_FILE = {
    "Evaluation": "evaluation",
    "build_report": "report",
    "check_gate": "gate",
    "check_gate_metric": "gate",
    "compare": "comparison",
    "evaluate": "evaluation",
    "model_card": "card",
    "render_html": "page",
    "summary": "terminal",
    "without_leaks": "evaluation",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.evaluate.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.evaluate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
