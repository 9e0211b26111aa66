"""The gate: a version that falls short of what ``promote_if`` asks is not registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textmill.config.bounds import keeps, metric_bound
from textmill.errors import ConfigError, GateRefused, closest

if TYPE_CHECKING:
    from textmill.config import EvaluateConfig, PolicyConfig
    from textmill.types import Report

__all__ = ["METRICS", "check_gate", "check_gate_metric", "check_policy_metrics"]

METRICS = (
    "accuracy", "average_precision", "balanced_accuracy", "brier", "calibration_error", "f1", "f1_macro", "f1_samples",
    "f1_weighted", "hamming_loss", "jaccard", "log_loss", "mcc", "precision", "ranking_precision", "recall", "roc_auc",
    "top3",
)  # fmt: skip
_OF_ONE = ("balanced_accuracy", "calibration_error", "mcc", "top3")  # where a text has one label
_OF_SEVERAL = ("f1_samples", "hamming_loss", "jaccard", "ranking_precision")  # where it may have several


def check_gate_metric(config: EvaluateConfig, *, several: bool | None = None) -> None:
    """Refuse a gate on a metric nobody measures; worth asking before hours of training.

    Parameters
    ----------
    several : whether a text may have several labels; None: it is not known, and the metrics of both will do

    Raises
    ------
    ConfigError : with the metrics there are

    Examples
    --------
    >>> from textmill.config import EvaluateConfig
    >>> check_gate_metric(EvaluateConfig(promote_if="acuracy >= 0.75"))
    Traceback (most recent call last):
    ...
    textmill.errors.ConfigError: evaluate.promote_if: no metric is called 'acuracy' (did you mean 'accuracy'?); known: \
accuracy, average_precision, balanced_accuracy, brier, calibration_error, f1, f1_macro, f1_samples, f1_weighted, \
hamming_loss, jaccard, log_loss, mcc, precision, ranking_precision, recall, roc_auc, top3
    """
    gate = config.gate()
    faults = [] if gate is None else _metric_faults("evaluate.promote_if", gate[0], several)
    if faults:
        raise ConfigError(faults)


def check_policy_metrics(policy: PolicyConfig, *, several: bool | None = None) -> None:
    """Refuse a policy about a metric nobody measures.

    Parameters
    ----------
    several : as in `check_gate_metric`

    Raises
    ------
    ConfigError : with the metrics there are
    """
    bounds = map(metric_bound, policy.scores)
    faults = [fault for wanted in bounds if wanted for fault in _metric_faults("policy.scores", wanted[0], several)]
    if faults:
        raise ConfigError(faults)


def _metric_faults(path: str, name: str, several: bool | None) -> list[str]:
    if name in METRICS:
        if several is not None and name in (_OF_ONE if several else _OF_SEVERAL):
            has = "may have several labels" if several else "has one label"
            return [f"{path}: {name} is not measured where a text {has}"]
        return []
    near = closest(name, METRICS)
    known = f"{f' (did you mean {near!r}?)' if near else ''}; known: {', '.join(METRICS)}"
    return [f"{path}: no metric is called {name!r}{known}"]


def check_gate(report: Report, config: EvaluateConfig) -> None:
    """Let a report pass, or say why not.

    Raises
    ------
    GateRefused : the metric falls short, or is undefined on these test rows
    ConfigError : no such metric
    """
    check_gate_metric(config)
    gate = config.gate()
    if gate is None:
        return
    name, sign, wanted = gate
    score = report.metrics.get(name)
    if score is None:
        why = report.details.get("undefined", {}).get(name, "these test rows do not define it")
        raise GateRefused(
            f"{report.model}: the gate asks for {name} {sign} {wanted:g}, but {why}; nothing was registered"
        )
    if not keeps(score.value, sign, wanted):
        raise GateRefused(
            f"{name} does not reach the gate",
            where=report.model,
            wanted=f"{name} {sign} {wanted:g}",
            got=f"{score.value:.4g} ({score.low:.3g} to {score.high:.3g})",
            hint="The version was not registered; [evaluate] promote_if is what it was asked for.",
        )
