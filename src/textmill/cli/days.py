"""``--dates``: a verb for each of some days, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from textmill.cli.terminal import print_json
from textmill.errors import TextmillError

__all__ = ["dates_option", "for_each_day"]

_MOST_DAYS = 3660


def dates_option(what: str) -> Callable[[Any], Any]:
    """The option, as ``dates``: a list of days, which is empty if none was given.

    Parameters
    ----------
    what : is done for a day, as in "Run for"
    """
    text = f"{what} each of these days, one after the other."
    return click.option("--dates", callback=_days, metavar="DAY[..DAY]", help=text)


def for_each_day(dates: list[str], do: Callable[[str | None], Any], *, as_json: bool) -> None:
    """Do it for each day, under a line with the day, or once for none.

    Parameters
    ----------
    do : given the day; what it gives is printed if `as_json`, of days as a list

    Raises
    ------
    whatever `do` raises at the first day that fails; an error of textmill's says how to go on from there
    """
    found: list[Any] = []
    left: list[str] = []
    try:
        for number, date in enumerate(dates or (None,)):
            left = dates[number:]
            if date is not None and not as_json:
                click.echo(date)
            found.append(do(date))
    except TextmillError as error:
        if left[1:]:  # what was not reached is not to be forgotten
            error.hint = f"{error.hint} " if error.hint else ""
            error.hint += f"Go on from this day with: --dates {left[0]}..{left[-1]}"
            error.args = (error.sentence(),)
        raise
    finally:
        if as_json and found:
            print_json(found if dates else found[0])


def _days(context: click.Context, option: click.Parameter, value: str | None) -> list[str]:
    """Each day of ``2026-11-01..2026-11-07``, or the one of ``2026-11-01``."""
    if value is None:
        return []
    from datetime import date, timedelta

    first, to, last = value.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last if to else first)
    except ValueError as error:
        raise click.BadParameter(f"wanted DAY or DAY..DAY, such as 2026-11-01..2026-11-07, got {value!r}") from error
    if not 0 <= (end - begin).days < _MOST_DAYS:
        raise click.BadParameter(f"wanted the first day before the last, and {_MOST_DAYS} at most, got {value!r}")
    return [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]
