"""The tables about the flow: steps of one's own among those that the other tables ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
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

    @staticmethod
    def _checks() -> dict[tuple[str, ...], Callable[..., list[str]]]:
        return {
            ("name",): _name_faults,
            ("python", "shell"): lambda python, shell: (
                ["python: wanted either python or shell"] if (python is None) == (shell is None) else []
            ),
            ("python",): _python_faults,
            ("shell",): lambda shell: (
                [f"shell: wanted a command, got {shell!r}"] if shell is not None and not shell.strip() else []
            ),
            ("retries",): lambda retries: (
                [] if 0 <= retries <= 1000 else [f"retries: wanted a number from 0 to 1000, got {retries}"]
            ),
            ("retry_delay",): lambda said: duration_faults("retry_delay", said),
            ("backoff",): lambda backoff: (
                [] if 1 <= backoff <= 100 else [f"backoff: wanted a factor from 1 to 100, got {backoff}"]
            ),
            ("timeout",): lambda said: duration_faults("timeout", said, least=0.001),
            ("rule", "needs", "after"): _rule_faults,
            ("for_each",): _item_faults,
            ("env",): lambda env: [
                f"env: {name!r} cannot be the name of a variable" for name in env if not name or "=" in name
            ],
        }


def _name_faults(name: str) -> list[str]:
    if re.fullmatch(r"[a-z][a-z0-9_-]{0,49}", name):
        return []
    return [f"name: wanted small letters, digits, '-' or '_', at most 50, got {name!r}"]


def _python_faults(python: str | None) -> list[str]:
    if python is None or re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", python):
        return []
    return [f"python: wanted MODULE:FUNCTION, got {python!r}"]


def _rule_faults(rule: str, needs: object, after: object) -> list[str]:
    if rule != "one_failed" or needs or after:
        return []
    return ["rule: it waits for a failure of what comes before it, and nothing does: it would never run"]


def _item_faults(for_each: object) -> list[str]:
    found = ["for_each: the list is empty, so it would never run"] if for_each == () else []
    try:
        canonical_json(for_each)
    except (TypeError, ValueError):
        found.append("for_each: wanted texts, finite numbers, lists or tables, no dates")
    return found


def listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """What may be one name or a list of them, as a list.

    Examples
    --------
    >>> listed("read"), listed(("a", "b"))
    (('read',), ('a', 'b'))
    """
    return (names,) if isinstance(names, str) else names
