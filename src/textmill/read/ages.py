"""When rows are from: a column of dates, times or numbers as one number a row."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.errors import ConfigError, DataError
from textmill.read.corpus import Corpus
from textmill.read.units import column_of

__all__ = ["ages_of", "bound", "moment", "shortened"]


def moment(value: Any) -> float:
    """A date or time as seconds since 1970 (UTC where no zone is named), a number as it is, NaN for anything else.

    Written as ISO 8601 (2024-05-31, 2024-05-31T12:30:00+02:00), as in mail headers (Fri, 31 May 2024 12:30:00 +0200),
    or as a number such as a year.

    Examples
    --------
    >>> moment("1970-01-02"), moment("1999"), moment("Thu, 01 Jan 1970 00:01:00 +0000"), moment("soon")
    (86400.0, 1999.0, 60.0, nan)
    """
    if isinstance(value, bool) or value is None:
        return math.nan
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        value = _read(str(value).strip())
        if isinstance(value, float):
            return value
    return float((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())


def _read(said: str) -> datetime | float:
    try:
        return float(said) if len(said) < 8 else datetime.fromisoformat(said)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(said)
    except ValueError:
        pass
    try:
        return float(said)
    except ValueError:
        return math.nan


def ages_of(corpus: Corpus, column: str) -> NDArray[np.float64]:
    """When each row is from, float64 (n_rows,); see `moment`.

    Raises
    ------
    ConfigError : if there is no such column
    DataError : if one of its values is no time
    """
    values = column_of(corpus, column, "split.time").to_pylist()
    read = {value: moment(value) for value in set(values)}
    found = np.array([read[value] for value in values], np.float64)
    strange = np.flatnonzero(~np.isfinite(found))
    if len(strange):
        raise DataError(
            f"{len(strange):,} of {len(found):,} rows have no time in {column!r}",
            where=f"{corpus.name}, row id {corpus.table()['id'][int(strange[0])].as_py()}",
            wanted="a date such as 2024-05-31, a time such as 2024-05-31T12:30:00Z, or a number",
            got=shortened(repr(values[int(strange[0])])),
        )
    return found


def shortened(said: str, most: int = 60) -> str:
    """The beginning of what was found, for an error's sentence."""
    return said if len(said) <= most else f"{said[: most - 1]}…"


def bound(said: str) -> float:
    """`moment` of a setting.

    Raises
    ------
    ConfigError : if it is none
    """
    found = moment(said)
    if not math.isfinite(found):
        raise ConfigError([f"split.test_from: wanted a date such as 2024-05-31, or a number, got {said!r}"])
    return found
