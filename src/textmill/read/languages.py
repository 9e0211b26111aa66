"""Which languages texts are in."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textmill.errors import MissingExtra
from textmill.read.corpus import Corpus
from textmill.read.sample import spread

__all__ = ["find_languages"]

_FEWEST = 20  # characters of a text, below which a language is a guess


def find_languages(corpus: Corpus, *, most: int = 1000) -> dict[str, int]:
    """Count the languages of texts, by the package py3langid (Lui and Baldwin, 2012).

    Parameters
    ----------
    most : texts to look at, spread evenly over those of 20 characters or more

    Returns
    -------
    ISO 639-1 code -> texts, the most frequent first

    Raises
    ------
    MissingExtra : if py3langid is not installed

    Examples
    --------
    >>> texts = ["The river has come over the road again.", "Der Fluss ist wieder über die Straße getreten."] * 2
    >>> find_languages(Corpus.of(texts, label=None))
    {'de': 2, 'en': 2}
    """
    try:
        import py3langid
    except ImportError as error:
        raise MissingExtra("Telling languages apart", package="py3langid", extra="languages") from error
    texts = corpus.table()["text"]
    long = np.flatnonzero(pc.greater_equal(pc.utf8_length(texts), _FEWEST).to_numpy())
    some = long[spread(len(long), most)]
    counts = Counter(py3langid.classify(text)[0] for text in texts.take(pa.array(some)).to_pylist())
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
