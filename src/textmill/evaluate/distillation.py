"""How much of what a teacher gains its student keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate.evaluation import evaluate
from textmill.evaluate.intervals import interval, resample_decisions
from textmill.evaluate.multilabel import resample_sets, with_all_labels
from textmill.models.positive import positive_class
from textmill.types import LabelSets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.config import EvaluateConfig
    from textmill.types import Prediction

__all__ = ["kept_gain"]


def kept_gain(
    truth: Sequence[str],
    student: Prediction | LabelSets,
    teacher: Prediction | LabelSets,
    base: Prediction | LabelSets,
    *,
    metric: str,
    config: EvaluateConfig,
    seed: int,
    positive: str | None = None,
) -> dict[str, Any]:
    """The share of the teacher's lead over a plain model that its student has too.

    All three are drawn on the same rows. Where the teacher leads by no more than luck there is nothing to keep, and a
    share of it would be a quotient of noise.

    Parameters
    ----------
    truth : n_texts labels; joined ones, where texts may have several
    student, teacher, base : what they say, with the same classes
    metric : a score of decisions, the higher the better
    positive : as in `evaluate`

    Returns
    -------
    dict of JSON values: ``student``, ``teacher``, ``base`` (scores), and ``kept`` with ``low`` and ``high``, None where
    the teacher does not surely lead

    Raises
    ------
    DataError : as `evaluate`

    Examples
    --------
    >>> from textmill.config import EvaluateConfig
    >>> from textmill.types import Prediction
    >>> truth = ["ham", "spam"] * 50
    >>> def right(n):
    ...     sure = np.where(np.arange(100) < n, np.array([0, 1] * 50), np.array([1, 0] * 50))
    ...     return Prediction(("ham", "spam"), np.eye(2, dtype=np.float32)[sure])
    >>> found = kept_gain(truth, right(88), right(90), right(70), metric="accuracy", config=EvaluateConfig(), seed=1)
    >>> found["teacher"], round(found["kept"], 3), 0.6 < found["low"] < 0.9 < found["high"] <= 1.0
    (0.9, 0.9, True)
    """
    asked: dict[str, Any] = {"config": config, "seed": seed, "positive": positive}
    if not isinstance(base, LabelSets):
        asked["shares"] = [truth.count(label) / max(len(truth), 1) for label in base.classes]
    scores = [evaluate(truth, one, base, **asked).metrics[metric] for one in (student, teacher)]
    values = [*(score.value for score in scores), scores[0].baseline or 0.0]
    told: dict[str, Any] = {**dict(zip(("student", "teacher", "base"), values, strict=True))}
    mine, its, plain = _drawn(truth, (student, teacher, base), metric, asked)
    led, lead = its - plain, values[1] - values[2]
    if interval(led, lead, config.confidence)[0] <= 0:
        return told | {"kept": None, "low": None, "high": None}
    kept = (values[0] - values[2]) / lead
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(led > 0, (mine - plain) / led, np.nan)
    low, high = interval(shares, kept, config.confidence)
    return told | {"kept": kept, "low": low, "high": high}


def _drawn(
    truth: Sequence[str], said: Sequence[Prediction | LabelSets], metric: str, asked: Mapping[str, Any]
) -> list[NDArray[np.float64]]:
    """The score of each on the same resamples of the rows."""
    config, seed = asked["config"], asked["seed"]
    sets = [one for one in said if isinstance(one, LabelSets)]
    if sets:
        members, sets, _ = with_all_labels(truth, *sets)
        found = resample_sets(members, sets, resamples=config.bootstrap, ranked=0, seed=seed)
        return [one.overall[metric] for one in found]
    plain = [one for one in said if not isinstance(one, LabelSets)]
    classes, place = plain[0].classes, None
    if len(classes) == 2:
        place = classes.index(asked["positive"] or positive_class(classes, asked["shares"])[0])
    found = resample_decisions(
        plain[0].numbered(truth),
        tuple(one.codes for one in plain),
        n_classes=len(classes),
        positive=place,
        resamples=config.bootstrap,
        seed=seed,
        stratify=config.stratify,
    )
    return [one.overall[metric] for one in found]
