"""Probabilities that mean what they say: learned on rows that the model never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from textmill.errors import DataError

__all__ = ["Calibration"]

_FEWEST = {"temperature": 20, "isotonic": 200}  # rows; a step function follows every accident of fewer
_LEAST = 1e-12  # a probability of 0 has no logarithm


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A map from probabilities to probabilities.

    Attributes
    ----------
    kind : "temperature" divides the logarithms by one number (Guo et al., On Calibration of Modern Neural Networks,
        2017), which moves no decision; "isotonic" replaces them by the rising step function nearest to what came true
        (Zadrozny and Elkan, 2002), a class at a time
    temperature : above 1 for a model that is too sure of itself
    knots : for each class of "isotonic" what was said and what it is worth; of two classes the second only

    Examples
    --------
    >>> said = np.array([[0.1, 0.9], [0.9, 0.1]] * 50)
    >>> came = np.array([1, 0] * 40 + [0, 1] * 10)  # right four times of five
    >>> made = Calibration.fit("temperature", said, came)
    >>> made.apply(said)[0].round(2).tolist()
    [0.2, 0.8]
    """

    kind: Literal["none", "temperature", "isotonic"] = "none"
    temperature: float = 1.0
    knots: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = field(default=())

    @classmethod
    def fit(
        cls, kind: Literal["none", "temperature", "isotonic"], scores: NDArray[np.float64], truth: NDArray[np.int64]
    ) -> Self:
        """Learn it.

        Parameters
        ----------
        scores : (n, n_classes), probabilities of rows that the model did not learn from
        truth : int64 (n,), their classes

        Raises
        ------
        DataError : if the rows are too few
        """
        if kind == "none":
            return cls()
        if len(truth) < _FEWEST[kind]:
            raise DataError(
                f"too few rows to learn {kind} calibration from",
                wanted=f"{_FEWEST[kind]} or more",
                got=str(len(truth)),
                hint='"temperature" asks for fewer.' if kind == "isotonic" else None,
            )
        if kind == "temperature":
            return cls(kind, _temperature(np.log(np.maximum(scores, _LEAST)), truth))
        columns = (1,) if scores.shape[1] == 2 else range(scores.shape[1])
        return cls(kind, knots=tuple(_steps(scores[:, k], truth == k) for k in columns))

    def apply(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 (n, n_classes); each row adds up to 1."""
        if self.kind == "none":
            return scores
        if self.kind == "temperature":
            return _softened(np.log(np.maximum(scores, _LEAST)), self.temperature)
        if scores.shape[1] == 2:
            p = np.interp(scores[:, 1], *self.knots[0])
            return np.stack([1 - p, p], axis=1)
        found = np.stack([np.interp(scores[:, k], *knots) for k, knots in enumerate(self.knots)], axis=1)
        total = found.sum(axis=1, keepdims=True)
        # where every class is worth nothing, nothing was learned: what the model said stands
        return np.where(total > 0, found / np.where(total > 0, total, 1.0), scores)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"kind": self.kind, "temperature": self.temperature, "knots": [list(map(list, k)) for k in self.knots]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], n_classes: int) -> Self:
        """Back from `to_json`.

        Raises
        ------
        ValueError : if the values do not fit together
        """
        made = cls(
            value["kind"],
            float(value["temperature"]),
            tuple((tuple(map(float, said)), tuple(map(float, worth))) for said, worth in value["knots"]),
        )
        n_knots = {"none": 0, "temperature": 0, "isotonic": 1 if n_classes == 2 else n_classes}[made.kind]
        fits = len(made.knots) == n_knots and 0 < made.temperature < float("inf")
        for said, worth in made.knots:
            rises = all(bool((np.diff(part) >= 0).all()) for part in (said, worth))
            fits &= len(said) == len(worth) > 0 and rises and worth[0] >= 0 and worth[-1] <= 1
        if not fits:
            raise ValueError("the calibration does not fit together")
        return made


def _softened(logs: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    z = logs / temperature
    p: NDArray[np.float64] = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


def _temperature(logs: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    from scipy.optimize import minimize_scalar  # slow to load

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        p = _softened(logs, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(p, _LEAST)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def _steps(scores: NDArray[np.float64], came: NDArray[np.bool_]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    from scipy.optimize import isotonic_regression  # slow to load

    said, inverse, rows = np.unique(scores, return_inverse=True, return_counts=True)
    shares = np.bincount(inverse, weights=came) / rows
    worth = np.clip(isotonic_regression(shares, weights=rows).x, 0.0, 1.0)
    # only the ends of each step: what lies between them is on the line
    inner = np.zeros(len(worth), dtype=bool)
    inner[1:-1] = (worth[1:-1] == worth[:-2]) & (worth[1:-1] == worth[2:])
    return tuple(said[~inner].tolist()), tuple(worth[~inner].tolist())
