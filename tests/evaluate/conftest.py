"""Predictions and reports to test with: made of a seed, or told cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textmill.config import EvaluateConfig
from textmill.evaluate import build_report, evaluate
from textmill.types import Prediction, Report

Made = tuple[list[str], Prediction, Prediction]


def make(n: int, k: int, *, seed: int = 0, lift: float = 1.5, names: tuple[str, ...] | None = None) -> Made:
    """Truth, a model that is better the higher `lift`, and the majority baseline of the truth's own shares."""
    rng = np.random.Generator(np.random.PCG64(seed))
    classes = names or tuple(f"class{i}" for i in range(k))
    weights = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
    truth = rng.choice(k, n, p=weights)
    logits = rng.normal(size=(n, k)) + np.log(weights)
    logits[np.arange(n), truth] += lift
    scores = np.exp(logits)
    scores /= scores.sum(axis=1, keepdims=True)
    return (
        [classes[i] for i in truth],
        Prediction(classes, scores.astype(np.float32)),
        Prediction(classes, np.tile(weights, (n, 1)).astype(np.float32)),
    )


@pytest.fixture
def made() -> Callable[..., Made]:
    return make


@pytest.fixture
def report_of() -> Callable[..., Report]:
    """A whole report, with telling words, leaks, data, cost and settings that a test may replace."""

    def build(n: int = 300, k: int = 2, *, seed: int = 0, names: tuple[str, ...] | None = None, **known: Any) -> Report:
        truth, prediction, baseline = make(n, k, seed=seed, names=names)
        found = evaluate(truth, prediction, baseline, config=EvaluateConfig(bootstrap=100), seed=seed)
        given: dict[str, Any] = {
            "model": "demo",
            "texts": [f"text number {i}" for i in range(n)],
            "ids": [f"id{i}" for i in range(n)],
            "telling": {name: [(f"word{i}", 3.0 - i / 10) for i in range(20)] for name in prediction.classes},
            "leaks": {"equal": {"test_rows": 0}, "loose": {"test_rows": 0}},
            "data": {
                "rows": 5 * n,
                "rejected": 3,
                "reasons": {"no text": 2, "broken UTF-8": 1},
                "source": "messages.csv",
                "digest": "ab" * 32,
                "train": 4 * n,
                "classes": {name: {"train": 10, "test": 5} for name in prediction.classes},
            },
            "cost": {"seconds": {"read": 0.1, "train": 2.0}, "model_bytes": 1_234_567},
            "settings": {
                "project": {"name": "demo", "seed": 13, "description": "what for"},
                "read": {"source": "a.csv"},
            },
            "version": 3,
        }
        return build_report(found, **(given | known))

    return build
