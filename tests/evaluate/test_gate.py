"""The gate lets pass, says no in a sentence, and knows its metrics."""

from __future__ import annotations

import dataclasses

import pytest

from textmill.config import EvaluateConfig
from textmill.errors import ConfigError, GateRefused
from textmill.evaluate import check_gate, check_gate_metric
from textmill.evaluate.gate import METRICS
from textmill.evaluate.multilabel import SETS_ORDER
from textmill.types import Score


def with_f1(report, value):
    return dataclasses.replace(report, metrics=report.metrics | {"f1": Score(value, value - 0.02, value + 0.02, 0.1)})


@pytest.mark.parametrize(
    ("asked", "value", "passes"),
    [
        ("f1 >= 0.75", 0.75, True),
        ("f1 > 0.75", 0.75, False),
        ("f1 >= 0.75", 0.7499, False),
        ("f1<=0.8", 0.8, True),
        ("f1 < 0.8", 0.8, False),
    ],
)
def test_a_gate_compares_the_score_itself(report_of, asked, value, passes):
    report, config = with_f1(report_of(), value), EvaluateConfig(promote_if=asked)
    if passes:
        check_gate(report, config)
    else:
        with pytest.raises(GateRefused):
            check_gate(report, config)


def test_no_gate_lets_everything_pass(report_of):
    check_gate(report_of(), EvaluateConfig())


def test_the_refusal_says_metric_wanted_and_got_with_its_interval(report_of):
    with pytest.raises(GateRefused) as said:
        check_gate(with_f1(report_of(), 0.6), EvaluateConfig(promote_if="f1 >= 0.75"))
    assert str(said.value).startswith("demo: f1 does not reach the gate; wanted f1 >= 0.75, got 0.6 (0.58 to 0.62). ")
    assert said.value.exit_code == 3


def test_an_undefined_metric_is_refused_with_the_reason(report_of):
    report = report_of(n=1)
    assert "roc_auc" not in report.metrics
    with pytest.raises(GateRefused, match=r"the gate asks for roc_auc >= 0\.5, but it needs test rows of at least two"):
        check_gate(report, EvaluateConfig(promote_if="roc_auc >= 0.5"))


def test_an_unknown_metric_is_a_fault_of_the_settings_and_lists_the_known(report_of):
    with pytest.raises(
        ConfigError, match=r"'accurracy' \(did you mean 'accuracy'\?\); known: accuracy, average_precision"
    ):
        check_gate(report_of(), EvaluateConfig(promote_if="accurracy >= 0.5"))


def test_the_gate_knows_what_is_measured(report_of):
    of_sets = {"f1_samples", "hamming_loss", "jaccard", "ranking_precision"}  # where a text may have several labels
    assert of_sets <= set(SETS_ORDER) <= set(METRICS)
    assert set(report_of(k=4).metrics) == {*METRICS} - of_sets
    assert set(report_of().metrics) == {*METRICS} - {"top3"} - of_sets
    for name in METRICS:
        check_gate_metric(EvaluateConfig(promote_if=f"{name} >= 0"))
