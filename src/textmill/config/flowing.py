"""The tables about the flow: steps of one's own among those that the other tables ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from textmill.config.durations import duration_faults
from textmill.types import canonical_json

__all__ = ["StepConfig", "listed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfig:
    """``[[step]]``: a function or a command of one's own, anywhere among the steps."""

    name: str
    python: str | None = None  # "module:function", in the project's folder
    shell: str | None = None  # for /bin/sh, in the project's folder
    needs: str | tuple[str, ...] = ()  # steps that come before it, and whose results it gets
    after: str | tuple[str, ...] = ()  # steps that come before it, and nothing more
    before: str | tuple[str, ...] = ()
    for_each: str | tuple[Any, ...] | None = None  # once for each of these, or for each of what a step gives
    inputs: str | tuple[str, ...] = ()
    outputs: str | tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    retries: int = 0
    retry_delay: str = "0s"
    backoff: float = 1.0  # by which each delay is longer than the one before
    timeout: str | None = None
    rule: Literal["all_success", "all_done", "one_failed"] = "all_success"

    def _faults(self) -> list[str]:
        found = duration_faults("retry_delay", self.retry_delay) + duration_faults("timeout", self.timeout, least=0.001)
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,49}", self.name):
            found.append(f"name: wanted small letters, digits, '-' or '_', at most 50, got {self.name!r}")
        if (self.python is None) == (self.shell is None):
            found.append("python: wanted either python or shell")
        if self.python is not None and not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", self.python):
            found.append(f"python: wanted MODULE:FUNCTION, got {self.python!r}")
        if self.shell is not None and not self.shell.strip():
            found.append(f"shell: wanted a command, got {self.shell!r}")
        if not 0 <= self.retries <= 1000:
            found.append(f"retries: wanted a number from 0 to 1000, got {self.retries}")
        if not 1 <= self.backoff <= 100:
            found.append(f"backoff: wanted a factor from 1 to 100, got {self.backoff}")
        if self.rule == "one_failed" and not (self.needs or self.after):
            found.append("rule: it waits for a failure of what comes before it, and nothing does: it would never run")
        if self.for_each == ():
            found.append("for_each: the list is empty, so it would never run")
        try:
            canonical_json(self.for_each)
        except (TypeError, ValueError):
            found.append("for_each: wanted texts, finite numbers, lists or tables, no dates")
        found += [f"env: {name!r} cannot be the name of a variable" for name in self.env if not name or "=" in name]
        return found


def listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """What may be one name or a list of them, as a list.

    Examples
    --------
    >>> listed("read"), listed(("a", "b"))
    (('read',), ('a', 'b'))
    """
    return (names,) if isinstance(names, str) else names
