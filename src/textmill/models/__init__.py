"""What learns from texts: linear models, networks, the majority baseline, and the classifiers made of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.models.bag import BagFit, fit_bag
    from textmill.models.calibration import Calibration
    from textmill.models.classifier import TextClassifier
    from textmill.models.decision import Decision
    from textmill.models.estimators import LogisticRegression
    from textmill.models.explanation import Explanation, Pull
    from textmill.models.logistic import LogisticFit, fit_logistic
    from textmill.models.multilabel import MultiLabelClassifier
    from textmill.models.positive import positive_class
    from textmill.models.saved import load_model
    from textmill.models.text_model import TextModel
    from textmill.models.thresholds import Threshold, choose_threshold

__all__ = [
    "BagFit",
    "Calibration",
    "Decision",
    "Explanation",
    "LogisticFit",
    "LogisticRegression",
    "MultiLabelClassifier",
    "Pull",
    "TextClassifier",
    "TextModel",
    "Threshold",
    "choose_threshold",
    "fit_bag",
    "fit_logistic",
    "load_model",
    "positive_class",
]

_FILE = {
    "BagFit": "bag",
    "Calibration": "calibration",
    "Decision": "decision",
    "Explanation": "explanation",
    "LogisticFit": "logistic",
    "LogisticRegression": "estimators",
    "MultiLabelClassifier": "multilabel",
    "Pull": "explanation",
    "TextClassifier": "classifier",
    "TextModel": "text_model",
    "Threshold": "thresholds",
    "choose_threshold": "thresholds",
    "fit_bag": "bag",
    "fit_logistic": "logistic",
    "load_model": "saved",
    "positive_class": "positive",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.models.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
