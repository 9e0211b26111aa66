"""What happens in a run, for whoever shows it, and what is left of each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textmill.registry import Finished

__all__ = ["Done", "Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happens in a run.

    Attributes
    ----------
    kind : ``waiting`` for another run (`note` says who), ``started``, ``progress`` (`done` of `total`, which may be
        unknown), ``finished``, ``cached`` (nothing to do), ``retry`` (try number `done` failed, as `note` says, and it
        is tried again after `delay` seconds, at most `total` times), ``refused`` (a gate said no), ``skipped`` (`note`
        says why), ``failed``
    seconds : what the step took; for ``cached`` what it took when it ran
    left : of one that ``finished``, what it left
    """

    step: str
    kind: Literal["waiting", "started", "progress", "finished", "cached", "retry", "refused", "skipped", "failed"]
    seconds: float = 0.0
    done: int = 0
    total: int | None = None
    note: str = ""
    delay: float = 0.0
    left: Finished | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A step of a run: whether it was there already, and the seconds it took now."""

    step: str
    cached: bool
    seconds: float
    finished: Finished

    @property
    def key(self) -> str:
        """The digest of everything that decided its result."""
        return self.finished.key
