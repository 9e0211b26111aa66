"""Lengths of time as people write them: "30s", "15m", "2h", "1d"."""

from __future__ import annotations

import re

from textmill.errors import ConfigError

__all__ = ["duration_faults", "in_words", "seconds"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NAMES = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}
_ONE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhdw])")
_WHOLE = re.compile(rf"\s*(?:{_ONE.pattern}\s*)+")
_MOST = 3660 * 86_400  # ten years; more is a slip of the pen, and dates so far away do not add up


def seconds(duration: str) -> float:
    """The seconds that a duration stands for: numbers, each with s, m, h, d or w.

    Raises
    ------
    ConfigError : if it is none, or longer than ten years; says what was wanted

    Examples
    --------
    >>> seconds("30s"), seconds("15m"), seconds("1h 30m"), seconds("0.5d")
    (30.0, 900.0, 5400.0, 43200.0)
    >>> seconds("15 minutes")
    Traceback (most recent call last):
    ...
    textmill.errors.ConfigError: wanted a length of time such as '30s', '15m', '2h', '1d', got '15 minutes'
    """
    if not _WHOLE.fullmatch(duration):
        raise ConfigError([f"wanted a length of time such as '30s', '15m', '2h', '1d', got {duration!r}"])
    found = sum(float(number) * _UNITS[unit] for number, unit in _ONE.findall(duration))
    if found > _MOST:
        raise ConfigError([f"wanted a length of time below ten years, got {duration!r}"])
    return found


def duration_faults(key: str, duration: str | None, *, least: float = 0.0) -> list[str]:
    """What is wrong with a duration that a project file gives, a line for ``_faults``; None is a key left out.

    Parameters
    ----------
    least : seconds that it must last

    Examples
    --------
    >>> duration_faults("retry_delay", "30s"), duration_faults("every", "0s", least=1)
    ([], ["every: wanted 1 second or more, got '0s'"])
    """
    if duration is None:
        return []
    try:
        found = seconds(duration)
    except ConfigError as error:
        return [f"{key}: {fault}" for fault in error.faults]
    return [f"{key}: wanted {in_words(least)} or more, got {duration!r}"] if found < least else []


def in_words(length: float) -> str:
    """Some seconds as people say them, in the largest unit or two.

    Examples
    --------
    >>> in_words(900), in_words(5400), in_words(86_400), in_words(0.25)
    ('15 minutes', '1 hour 30 minutes', '1 day', '0.25 seconds')
    """
    if length < 1:
        return f"{length:.2g} seconds"
    left, said = round(length), []
    for unit, name in _NAMES.items():
        count, rest = divmod(left, _UNITS[unit])
        if count:
            said.append(f"{count} {name}{'' if count == 1 else 's'}")
            left = rest
    return " ".join(said[:2])
