"""Names that settings may take: cleaners, languages, functions of a word."""

from __future__ import annotations

import re
from typing import Literal

from textmill.errors import closest

__all__ = ["LEMMA_LANGUAGES", "PLAIN_MAPS", "Cleaner", "Language", "is_alias", "map_faults"]

Cleaner = Literal[
    "ascii",
    "casefold",
    "citations",
    "control",
    "digits",
    "emails",
    "emoji-drop",
    "emoji-name",
    "hashtags-drop",
    "hashtags-keep",
    "hashtags-split",
    "headers",
    "html",
    "mentions",
    "nfc",
    "nfd",
    "nfkc",
    "nfkd",
    "spaces",
    "urls",
]
"""What ``[text] clean`` can name; each is a stage of the compiled core."""

Language = Literal[
    "catalan",
    "czech",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "indonesian",
    "italian",
    "norwegian",
    "polish",
    "portuguese",
    "russian",
    "spanish",
    "swedish",
    "ukrainian",
]
"""Languages with a list of stop words and a table of negations."""

# by the codes of simplemma 2, which reads no table before a word is asked for
_LEMMA_LANGUAGES = """
    ar ast bg ca cs cy da de el en enm eo es et fa fi fr ga gd gl grc gv hbs he hi hu hy id is it ka la lb lt lv mk ml
    ms nb nl nn pl pt ro ru se sk sl sq sv sw tl tr uk
"""
LEMMA_LANGUAGES = (*_LEMMA_LANGUAGES.split(),)
PLAIN_MAPS = ("none", "lancaster", "porter", "porter-martin", "porter-original", "shape")


def is_alias(said: str) -> bool:
    """Whether it can be an alias of a version: it begins with a letter, so that it is never taken for a number.

    Examples
    --------
    >>> [is_alias(said) for said in ("champion", "eu-west.2", "3", "Champion", "../x", "")]
    [True, True, False, False, False, False]
    """
    return re.fullmatch(r"[a-z][a-z0-9._-]{0,49}", said) is not None


def map_faults(name: str) -> list[str]:
    """What is wrong with the name of a function of a word, a line each."""
    if name in PLAIN_MAPS or name == "snowball-english":  # the usual ones, without a look at PyStemmer
        return []
    if name.removeprefix("lemma-") in LEMMA_LANGUAGES and name.startswith("lemma-"):
        return []
    if re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", name):  # a function of the user's own
        return []
    import Stemmer

    known = [*PLAIN_MAPS, *(f"snowball-{language}" for language in Stemmer.algorithms())]
    if name in known:
        return []
    near = closest(name, [*known, *(f"lemma-{language}" for language in LEMMA_LANGUAGES)])
    return [
        f"text.map: wanted one of {', '.join(known)}, lemma-LANGUAGE, or MODULE:FUNCTION, got {name!r}"
        + (f", did you mean {near!r}?" if near else "")
    ]
