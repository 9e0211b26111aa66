"""The model beside its candidates: who is better beyond luck, and what each costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textmill.evaluate.comparison import compare
from textmill.evaluate.sentences import LOWER_IS_BETTER

if TYPE_CHECKING:
    from textmill.config import EvaluateConfig
    from textmill.types import LabelSets, Prediction

__all__ = ["leaderboard", "undominated"]

_COSTS = ("cpu_seconds", "model_bytes", "p95_ms")


def leaderboard(
    truth: Sequence[str],
    predictions: Mapping[str, Prediction | LabelSets],
    *,
    config: EvaluateConfig,
    seed: int,
    positive: str | None = None,
) -> dict[str, Any]:
    """`compare`, and the models in the order of the score that leads; the first of `predictions` is the project's own.

    Returns
    -------
    as from `compare`, and ``order``, names
    """
    found = compare(truth, predictions, config=config, seed=seed, positive=positive)
    metric = found["metric"]
    worth = -1 if metric in LOWER_IS_BETTER else 1
    order = sorted(found["models"], key=lambda name: -worth * found["models"][name][metric]["value"])
    return found | {"order": order}


def undominated(scores: Mapping[str, float], costs: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The models that no other beats: as good or better, and as cheap or cheaper in all of training, size and latency.

    Parameters
    ----------
    scores : name -> the higher the better
    costs : name -> ``cpu_seconds``, ``model_bytes``, ``p95_ms``

    Examples
    --------
    >>> costs = {"small": {"model_bytes": 1.0}, "large": {"model_bytes": 9.0}, "silly": {"model_bytes": 10.0}}
    >>> undominated({"small": 0.8, "large": 0.9, "silly": 0.85}, costs)
    ['small', 'large']
    """

    def point(name: str) -> tuple[float, ...]:
        return (-scores[name], *(costs[name][key] for key in _COSTS if key in costs[name]))

    def beaten(name: str) -> bool:
        mine = point(name)
        others = (point(other) for other in scores if other != name)
        return any(all(a <= b for a, b in zip(other, mine, strict=True)) and other != mine for other in others)

    return [name for name in scores if not beaten(name)]
