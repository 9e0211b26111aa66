"""Bounds as settings say them: ``">= 1000"``, ``"f1 >= 0.75"``."""

from __future__ import annotations

import operator
import re

__all__ = ["bound", "keeps", "metric_bound"]

_COMPARE = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}
_BOUND = r"\s*(>=|<=|==|>|<)\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*"


def bound(said: str | None) -> tuple[str, float] | None:
    """A comparison as (operator, number), or None if it is none.

    Examples
    --------
    >>> bound(">= 1000"), bound("many")
    (('>=', 1000.0), None)
    """
    match = re.fullmatch(_BOUND, said or "")
    return (match[1], float(match[2])) if match else None


def metric_bound(said: str | None) -> tuple[str, str, float] | None:
    """A comparison with a metric before it as (metric, operator, number), or None if it is none.

    Examples
    --------
    >>> metric_bound("f1 >= 0.75"), metric_bound(">= 0.75")
    (('f1', '>=', 0.75), None)
    """
    match = re.fullmatch(rf"\s*([a-z][a-z0-9_]*){_BOUND}", said or "")
    return (match[1], match[2], float(match[3])) if match else None


def keeps(value: float, sign: str, number: float) -> bool:
    """Whether a value keeps a bound.

    Examples
    --------
    >>> keeps(0.8, ">=", 0.75)
    True
    """
    return bool(_COMPARE[sign](value, number))
