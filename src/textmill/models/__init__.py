"""What learns from features: linear models, the majority baseline, and the classifier that goes from text to label."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.models.classifier import Explanation, Pull, TextClassifier
    from textmill.models.estimators import LogisticRegression
    from textmill.models.logistic import LogisticFit, fit_logistic

__all__ = ["Explanation", "LogisticFit", "LogisticRegression", "Pull", "TextClassifier", "fit_logistic"]

_FILE = {
    "Explanation": "classifier",
    "LogisticFit": "logistic",
    "LogisticRegression": "estimators",
    "Pull": "classifier",
    "TextClassifier": "classifier",
    "fit_logistic": "logistic",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.models.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
