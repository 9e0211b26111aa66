"""From which probability on each of several labels is said, chosen on rows that the model did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textmill.config import DecideConfig
from textmill.errors import DataError
from textmill.models.thresholds import best_f1, choose_threshold

__all__ = ["LabelThresholds"]

_HALF = 0.5
_FEWEST = 10  # texts with a label, below which the best cut for F1 is chance


@dataclass(frozen=True, slots=True, eq=False)
class LabelThresholds:
    """One rule for all labels, and the cut that it gives for each; a part of the model.

    Attributes
    ----------
    values : float32 (n_labels,)
    facts : what they rest on: ``wanted``, ``rows``, and ``kept``, the labels that keep one half, as too few rows speak
        for another cut, or none gives what is wanted

    Examples
    --------
    >>> scores = np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    >>> made = LabelThresholds.fit(DecideConfig(threshold="f1"), ["rare"], scores, scores > 0.3)
    >>> f"{made.values[0]:.2f}", made.facts
    ('0.31', {'wanted': 'f1', 'rows': 40, 'kept': []})
    """

    values: NDArray[np.float32]
    facts: dict[str, Any]

    @classmethod
    def fit(
        cls, config: DecideConfig, classes: Sequence[str], scores: NDArray[np.float32], members: NDArray[np.bool_]
    ) -> Self:
        """Choose the cuts.

        Parameters
        ----------
        scores : (n_texts, n_labels), of texts that the model did not learn from
        members : (n_texts, n_labels), which labels they have
        """
        wanted = config.wanted()
        assert wanted is not None
        metric, share = wanted
        values, kept = np.full(len(classes), _HALF, np.float32), []
        for place, name in enumerate(classes):
            there, said = members[:, place], scores[:, place]
            try:
                if metric != "f1":
                    values[place] = choose_threshold(there, said, metric, share).value
                elif there.sum() >= _FEWEST:
                    values[place] = best_f1(there, said)
                else:
                    kept.append(name)
            except DataError:  # no cut gives it, or too few rows speak for it: said of the label, refused of none
                kept.append(name)
        return cls(values, {"wanted": config.threshold, "rows": len(scores), "kept": kept})

    def chosen(self, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which labels are said: bool (n_texts, n_labels)."""
        found: NDArray[np.bool_] = scores >= self.values
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"values": self.values.tolist(), "facts": self.facts}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], n_labels: int) -> Self:
        """Back from `to_json`.

        Raises
        ------
        ValueError, KeyError, TypeError : if the values do not fit
        """
        values = np.array(value["values"], np.float32)
        if values.shape != (n_labels,) or not ((values >= 0) & (values <= 1)).all():
            raise ValueError("the thresholds do not fit the labels")
        return cls(values, dict(value["facts"]))
