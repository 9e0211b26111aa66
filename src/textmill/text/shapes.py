"""The spelling shape of a word: which of its characters are capitals, small letters and digits."""

from __future__ import annotations

import itertools

__all__ = ["VERSION", "shape"]

VERSION = "1"  # part of the text path's hash, with the version of Unicode that Python has

_LONGEST, _RUN = 99, 4


def shape(word: str) -> str:
    """The spelling shape of a word: X for a capital, x for another letter, d for a digit, the rest as it is.

    Of a run of the same sign four are left, and a word of 100 characters or more is ``LONG``: equal to spaCy's
    ``word.shape_``.

    Examples
    --------
    >>> [shape(word) for word in ("Apple", "NASA", "C3PO", "3.15", "don't", "unbelievable")]
    ['Xxxxx', 'XXXX', 'XdXX', 'd.dd', "xxx'x", 'xxxx']
    """
    if len(word) > _LONGEST:
        return "LONG"
    return "".join(
        "".join(itertools.islice(run, _RUN)) for _, run in itertools.groupby(_sign(letter) for letter in word)
    )


def _sign(letter: str) -> str:
    if letter.isalpha():
        return "X" if letter.isupper() else "x"
    return "d" if letter.isdigit() else letter
