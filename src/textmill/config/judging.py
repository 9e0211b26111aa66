"""The tables about scores: how sure they are to be, and what the gate asks."""

from __future__ import annotations

from dataclasses import dataclass

from textmill.config.bounds import metric_bound

__all__ = ["EvaluateConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateConfig:
    """``[evaluate]``: how sure the scores are to be, and what the gate asks."""

    bootstrap: int = 1000
    confidence: float = 0.95
    stratify: bool = False  # whether the draws hold as many rows of each class as the test side does
    promote_if: str | None = None  # "f1 >= 0.75"; below it the version is not registered, exit 3
    learning_curve: bool = False  # whether to learn from ever more of the rows and see if more would help
    robustness: bool = True  # whether to change test texts a little and see which decisions turn
    data_check: bool = False  # whether the report holds what `textmill data check` trains models to find
    drift: float = 0.2  # population stability index above which new rows are told to be others than the champion's
    slices: tuple[str, ...] = ("length",)  # parts of the test side to score alone: by length, language, a column

    def _faults(self) -> list[str]:
        found = []
        if self.bootstrap < 100:
            found.append(f"bootstrap: wanted 100 resamples or more, got {self.bootstrap}")
        if not 0.5 <= self.confidence < 1:
            found.append(f"confidence: wanted a share from 0.5 to below 1, got {self.confidence}")
        if self.promote_if is not None and self.gate() is None:
            found.append(f"promote_if: wanted METRIC >= NUMBER, such as 'f1 >= 0.75', got {self.promote_if!r}")
        if not 0 < self.drift < float("inf"):
            found.append(f"drift: wanted a number above 0, such as 0.2, got {self.drift:g}")
        return found

    def gate(self) -> tuple[str, str, float] | None:
        """`promote_if` as (metric, operator, number)."""
        return metric_bound(self.promote_if)
