"""What is said of a result in words, on the page and in the terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from textmill.evaluate import render_html, summary
from textmill.evaluate.sentences import kept_sentence, measured, served, verdict
from textmill.types import Report


def leaks(rows: int, of: int) -> dict[str, object]:
    found = {"test_rows": rows}
    return {"equal": found, "loose": found, "test_rows": of, "sentence": f"{rows} rows leaked."}


def printed(report: Report) -> str:
    console = Console(width=80, no_color=True, record=True, file=io.StringIO())
    console.print(summary(report))
    return console.export_text()


def test_a_leak_comes_first_and_takes_the_praise_away(report_of: Callable[..., Report]) -> None:
    report = report_of(n=300, leaks=leaks(150, 300))
    said = verdict(report)
    assert said.startswith(
        "Not a fair test: 150 of 300 test rows (50.0 %) are equal or nearly equal to a training text."
    )
    assert "luck" not in said
    page = re.sub(r"<[^>]+>", "", render_html(report))
    assert "never saw" not in page
    assert "150 of them are equal or nearly equal to texts that the model has learned from" in page


def test_a_leak_of_a_row_in_a_thousand_is_no_headline(report_of: Callable[..., Report]) -> None:
    assert verdict(report_of(n=1000, leaks=leaks(1, 1000))).startswith("Accuracy ")


def test_the_gain_is_what_a_reader_computes_from_the_printed_figures(report_of: Callable[..., Report]) -> None:
    for seed in range(20):
        report = report_of(n=240, seed=seed)
        score = report.metrics["accuracy"]
        found = re.search(r"That is (0\.\d{3})", verdict(report))
        assert score.baseline is not None
        assert found is None or float(found[1]) == pytest.approx(round(score.value, 3) - round(score.baseline, 3))


def test_of_many_classes_f1_stands_once_and_is_called_macro(report_of: Callable[..., Report]) -> None:
    report = report_of(n=400, k=4)
    assert [name for name, _ in measured(report)].count("f1_macro") == 0
    text = printed(report)
    assert text.count("F1, macro") == 1
    assert "Precision, macro" in text


def test_the_head_of_the_telling_words_is_whole_with_short_class_names(report_of: Callable[..., Report]) -> None:
    report = report_of(n=300, names=("0", "1"))
    assert re.search(r"^class +most telling words", printed(report), re.MULTILINE)


def test_what_a_network_answers_by_is_said_with_what_int8_lost(report_of: Callable[..., Report]) -> None:
    def said(training: dict[str, Any]) -> str | None:
        return served(report_of(cost={"training": training}))

    judged = {"asked": "int8", "margin": 0.005, "texts": 600, "held_back": True, "changed": 0.01}
    assert said({"n_features": 7}) is None
    assert said({"n_weights": 7}) == "It answers by PyTorch; there is no ONNX graph of it."
    assert said({"n_weights": 7, "onnx": {"precision": "none", "why": "no extra"}}) == (
        "It answers by PyTorch; there is no ONNX graph of it (no extra)."
    )
    exact = said({"n_weights": 7, "onnx": {"precision": "fp32"}})
    assert exact == "It answers by ONNX Runtime in fp32, where that is installed."
    lost = judged | {"precision": "fp32", "right": 0.8, "right_int8": 0.79}
    assert said({"n_weights": 7, "onnx": lost}) == (
        f"{exact} Of its answers on 600 texts that were held back, 80.0 % are right in fp32 and 79.0 % in int8, beyond"
        " the margin of 0.5 points; 1.0 % differ."
    )


def test_a_student_is_told_with_figures_and_names_as_they_are_read() -> None:
    one = {"model": "small, taught", "teacher": "model/big@1", "over": "plain", "student": 0.89, "teacher_value": 0.9}
    one |= {"base": 0.8, "kept": None, "low": None, "high": None, "unlabelled": 0, "near_test": 0, "knows_test": "no"}
    speed = {"small, taught": {"texts_per_second": 690_100.0}, "model/big@1": {"texts_per_second": 200.0}}
    told = kept_sentence(one, "accuracy", speed)
    assert told.startswith("The teacher of small, taught, model/big@1, is not surely better than plain, so")
    assert "It reads 3,450 times as many texts a second" in told
    speed["small, taught"]["texts_per_second"] = 500.0
    assert "It reads 2.5 times as many" in kept_sentence(one | {"over_kind": "bag"}, "accuracy", speed)
