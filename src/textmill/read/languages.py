"""Which languages texts are in."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textmill.errors import MissingExtra
from textmill.read.corpus import Corpus
from textmill.read.sample import spread

__all__ = ["find_languages", "languages_of"]

_FEWEST = 20  # characters of a text, below which a language is a guess
_SURE = 0.5  # probability below which it is one too: tweets of links and names are in no language
_NAMES = r"https?://\S+|www\.\S+|[@#]\w+"  # links, mentions and hashtags are in none either


def find_languages(corpus: Corpus, *, most: int = 1000) -> dict[str, int]:
    """Count the languages of texts, by the package py3langid (Lui and Baldwin, 2012).

    Parameters
    ----------
    most : texts to look at, spread evenly over those of 20 characters or more, without links, mentions and hashtags

    Returns
    -------
    ISO 639 code -> texts, the most frequent first, and in the end those whose language cannot be told for certain as
    ``"und"``; empty where all texts are shorter

    Raises
    ------
    MissingExtra : if py3langid is not installed

    Examples
    --------
    >>> texts = ["The river has come over the road again.", "Der Fluss ist wieder über die Straße getreten."] * 2
    >>> find_languages(Corpus.of(texts, label=None))
    {'de': 2, 'en': 2}
    """
    texts = _without_names(corpus.table()["text"])
    long = np.flatnonzero(pc.greater_equal(pc.utf8_length(texts), _FEWEST).to_numpy())
    some = long[spread(len(long), most)]
    counts = Counter(str(code) for code in languages_of(texts.take(pa.array(some))))
    return dict(sorted(counts.items(), key=lambda one: (one[0] == "und", -one[1], one[0])))


def languages_of(texts: pa.ChunkedArray) -> list[str | None]:
    """The language of each text as `find_languages` tells it, None of a text that is too short to tell.

    Raises
    ------
    MissingExtra : if py3langid is not installed

    Examples
    --------
    >>> languages_of(pa.chunked_array([["The river has come over the road again.", "ok"]]))
    ['en', None]
    """
    identifier = _identifier()
    return [
        identifier.classify(text)[0] if len(text) >= _FEWEST else None for text in _without_names(texts).to_pylist()
    ]


def _without_names(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _NAMES, ""))


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingExtra("Telling languages apart", package="py3langid", extra="languages") from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=_SURE)
