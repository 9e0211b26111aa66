"""What the report tells of a network's training."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from textmill.evaluate import render_html
from textmill.evaluate.training import loss_plot, trained
from textmill.types import Report, Score

FACTS: dict[str, Any] = {
    "n_weights": 1200,
    "n_terms": 1,
    "judged": 40,
    "best_epoch": 2,
    "steps": 30,
    "learning_rate": 0.001,
    "most_epochs": 10,
    "epochs": [
        {"loss": 0.7, "validation": 0.6},
        {"loss": 0.5, "validation": 0.5},
        {"loss": 0.3, "validation": 0.9},
    ],
}
SCORES = {name: Score(1, 1, 1) for name in ("precision", "recall", "f1", "support")}
REPORT = Report(
    "demo",
    ("a", "b"),
    {"accuracy": Score(0.9, 0.8, 1.0, 0.5)},
    {"a": SCORES, "b": SCORES},
    [[3, 0], [0, 3]],
    {},
    {"test": 6},
    {"training": FACTS},
    {},
)


def points(plot: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<polyline[^>]* points="([^"]*)"', plot)
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())] for line in found]


def test_the_page_says_how_long_it_took_and_what_was_best() -> None:
    page = render_html(REPORT, config={"model": {"kind": "lstm"}})
    assert '<section id="training"' in page
    assert "kind = lstm: 1,200 weights, 1 term. 3 epochs of at most 10, 30 steps, learning rate 0.001. Epoch 2" in page
    assert "the best epoch, 2" in page


def test_the_plot_falls_where_the_loss_does() -> None:
    learned, held = points(loss_plot(FACTS["epochs"], 2))
    assert [x for x, _ in learned] == [x for x, _ in held] == sorted({x for x, _ in held})
    assert learned[0][1] < learned[1][1] < learned[2][1]  # further down is less
    assert held[1][1] == learned[1][1]
    assert held[2][1] < held[0][1] < held[1][1]


def test_without_texts_held_back_there_is_one_line_and_no_best_epoch() -> None:
    epochs = [{"loss": one["loss"], "validation": None} for one in FACTS["epochs"]]
    assert len(points(loss_plot(epochs, 0))) == 1
    assert not any("best" in sentence for sentence in trained(FACTS | {"epochs": epochs}, "cnn"))


def test_other_models_have_no_such_section() -> None:
    assert trained({"n_features": 12, "iterations": 30}, "logistic-regression") == []
    assert 'id="training"' not in render_html(replace(REPORT, cost={"training": {"n_features": 12}}))
    sentence = trained({"n_weights": 5, "n_terms": 7, "iterations": 30}, "sentence")
    assert sentence == ["kind = sentence: 5 weights, 7 terms."]


def test_memory_that_ran_out_is_told() -> None:
    assert trained(FACTS | {"halved": 1}, "lstm")[-1] == "Memory ran out, and the batch was cut in two 1 time."
