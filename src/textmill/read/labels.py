"""Labels are text: how numbers, booleans and blanks become one, and which columns of labels can be learned from."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

from textmill.errors import LabelError

__all__ = ["MANY", "check_classes", "check_labels", "check_many", "label_text"]

MANY = 100_000  # more classes than this are no classes; also bounds the memory that counting takes


def label_text(value: Any) -> str | None:
    """A label or an id as text: whole numbers without a point, blanks around it dropped, None when there is nothing.

    Raises
    ------
    TypeError : if it is neither text nor a number

    Examples
    --------
    >>> [label_text(v) for v in (1, True, 3.0, 0.5, " spam ", "", float("nan"), None)]
    ['1', '1', '3', '0.5', 'spam', None, None, None]
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return str(int(value))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    raise TypeError(f"wanted text or a number, got {type(value).__name__}")


def check_classes(classes: Mapping[str, int], where: str, column: str) -> None:
    """There are classes to learn: at least two, each with at least two rows, and not one for nearly every row.

    Raises
    ------
    LabelError : saying what the labels look like instead

    Examples
    --------
    >>> check_classes({"spam": 2, "ham": 1}, "mail.csv", "label")
    Traceback (most recent call last):
    ...
    textmill.errors.LabelError: mail.csv: only one row has the label 'ham'; wanted at least 2 rows of each class
    """
    check_many(classes, where, column)
    if len(classes) == 1:
        raise LabelError(
            f"every row has the label {next(iter(classes))!r}", where=where, wanted=f"two classes or more in {column!r}"
        )
    lonely = [label for label, count in classes.items() if count == 1]
    if lonely:
        named = ", ".join(map(repr, lonely[:5])) + (" ..." if len(lonely) > 5 else "")
        many = f"{len(lonely)} labels have only one row: {named}"
        what = f"only one row has the label {named}" if len(lonely) == 1 else many
        hardly = f"Hardly a value of {column!r} comes twice: is another column the label?"
        raise LabelError(
            what,
            where=where,
            wanted="at least 2 rows of each class",
            hint=hardly if len(lonely) > len(classes) / 2 else None,
        )


def check_labels(
    labels: Mapping[str, int], where: str, columns: str | tuple[str, ...], *, separated: bool = False
) -> None:
    """There are labels to learn, of which a row may have several: at least one, and not one for nearly every row.

    Parameters
    ----------
    columns : the one that says them, or one of 0 and 1 for each
    separated : whether it is known what stands between labels

    Raises
    ------
    LabelError : saying what the labels look like instead

    Examples
    --------
    >>> check_labels({}, "news.jsonl", "topics")
    Traceback (most recent call last):
    ...
    textmill.errors.LabelError: news.jsonl: no row has a label in 'topics'; wanted a label or more for some of them
    """
    named = columns if isinstance(columns, str) else ", ".join(columns)
    if not labels:
        raise LabelError(f"no row has a label in {named!r}", where=where, wanted="a label or more for some of them")
    absent = [] if isinstance(columns, str) else [name for name in columns if name not in labels]
    if absent:
        raise LabelError(
            f"no row has {', '.join(map(repr, absent))}: all of that column is 0",
            where=where,
            wanted="a 1 somewhere, or the column left out of [read] label",
        )
    if isinstance(columns, str) and not separated:
        _check_whole(labels, where, columns)
    check_many(labels, where, named)


def _check_whole(labels: Mapping[str, int], where: str, column: str) -> None:
    """The labels are not several in one: whose parts come again in others.

    Raises
    ------
    LabelError : saying what seems to stand between them
    """
    for sign in (";", "|", ","):
        several = [label for label in labels if sign in label]
        parts = {part.strip() for label in several for part in label.split(sign)}
        if len(several) > 1 and 2 * len(several) > len(labels) / 2 and len(parts) < len(several):
            raise LabelError(
                f"{len(several)} of the {len(labels)} labels in {column!r} look like several with {sign!r} between,"
                f" such as {several[0]!r}",
                where=where,
                hint=f'Say label_separator = "{sign}" in [read], or another sign if these are labels as they stand.',
            )


def check_many(classes: Mapping[str, int], where: str, column: str) -> None:
    """The labels are classes, not measurements and not texts.

    Numbers with many values of which some have a fraction, or that hardly repeat, ask for regression; labels that
    hardly repeat are likely another column.

    Raises
    ------
    LabelError : if not
    """
    rows, distinct = sum(classes.values()), len(classes)
    if distinct <= 20:
        return
    seldom = distinct > rows / 2
    values = [_number(label) for label in classes]
    numeric = all(value is not None for value in values)
    if numeric and (seldom or any(value is not None and not value.is_integer() for value in values)):
        raise LabelError(
            f"the column {column!r} holds numbers with {distinct:,} values in {rows:,} rows",
            where=where,
            wanted="a class for each row",
            hint=(
                "That asks for regression, which textmill does not do; name another column, or put the numbers into"
                " classes first."
            ),
        )
    if seldom or distinct > MANY:
        raise LabelError(
            f"the column {column!r} holds {distinct:,} labels in {rows:,} rows",
            where=where,
            wanted="classes that repeat",
            hint="Is another column the label?",
        )


def _number(label: str) -> float | None:
    try:
        number = float(label)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
