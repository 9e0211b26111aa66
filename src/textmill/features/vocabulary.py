"""A vocabulary of n-grams that is given, as the tables the core counts by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textmill.config import FeaturesConfig
from textmill.errors import DataError
from textmill.features.terms import Levels
from textmill.text.path import TextPath
from textmill.text.stop_words import stop_words

__all__ = ["vocabulary_tables"]


def vocabulary_tables(
    text_path: TextPath, config: FeaturesConfig, vocabulary: Sequence[str]
) -> tuple[list[str], list[str], Levels]:
    """What the n-grams consist of.

    Returns
    -------
    terms : the terms in them; an n-gram that is too short or long to occur is a term of its own, which no word becomes
    types : words that are known from the start, type i is spelled as term i; behind them the stop words
    levels : (prefix, term, column) of the n-grams of each length, as `_native.Grams` takes them

    Raises
    ------
    DataError : if the vocabulary is empty, or an n-gram in it is no text, empty, or there twice
    """
    if len(vocabulary) == 0:
        raise DataError("there is no n-gram in the vocabulary")
    low, high = config.ngrams
    terms: dict[str, int] = {}
    words: list[int] = []  # column of each term, -1 where it only stands in longer n-grams
    longer: list[tuple[dict[tuple[int, int], int], list[int]]] = [({}, []) for _ in range(high - 1)]
    for column, gram in enumerate(vocabulary):
        if not isinstance(gram, str) or not gram or (not gram.isascii() and _has_surrogates(gram)):
            raise DataError(f"n-gram {column} of the vocabulary is {gram!r}", wanted="a Unicode text that is not empty")
        parts = gram.split(" ") if high > 1 and " " in gram else [gram]
        if not low <= len(parts) <= high or "" in parts:
            parts = [gram]
        numbers = []
        for part in parts:
            number = terms.setdefault(part, len(terms))
            if number == len(words):
                words.append(-1)
            numbers.append(number)
        place, columns = numbers[0], words
        for level, number in enumerate(numbers[1:]):
            places, columns = longer[level]
            place = places.setdefault((place, number), len(columns))
            if place == len(columns):
                columns.append(-1)
        if columns[place] >= 0:
            raise DataError(f"the n-gram {gram!r} is in the vocabulary twice, as {columns[place]} and as {column}")
        columns[place] = column
    none = np.zeros(0, np.int32)
    levels: Levels = [(none, none, np.array(words, np.int32))]
    for places, columns in longer:
        pairs = np.array(list(places), np.int32).reshape(len(places), 2)
        levels.append((pairs[:, 0].copy(), pairs[:, 1].copy(), np.array(columns, np.int32)))
    dropped = stop_words(text_path.config.stop_words, text_path.config.keep_negations)
    return list(terms), [*terms, *sorted(dropped - terms.keys())], levels


def _has_surrogates(gram: str) -> bool:
    try:
        gram.encode()
    except UnicodeEncodeError:
        return True
    return False
