"""Lemmas from tables: the dictionary form of a word, without a look at its neighbours.

The tables and rules are simplemma's, which reads the one of a language when its first word is asked for: 0.3 to 1 s and
some ten MB. They are plain data in the package; nothing is fetched. Versions before 2 kept them as pickles and are not
taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from textmill.errors import MissingExtra

__all__ = ["lemmas", "version"]


def version() -> str:
    """Of the tables; part of the text path's hash.

    Raises
    ------
    MissingExtra : if simplemma is not installed
    """
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return f"simplemma {installed('simplemma')}"
    except PackageNotFoundError as error:
        raise MissingExtra("Looking lemmas up", package="simplemma", extra="languages") from error


def lemmas(language: str, words: Sequence[str]) -> list[str]:
    """The lemma of each word, ``simplemma.lemmatize(word, lang=language)``; a word it does not know stays as it is.

    Without the part of speech: "building" is a noun in its own right and stays, "slept" is "sleep" and nothing else.

    Parameters
    ----------
    language : simplemma's code: "en", "de", ...

    Raises
    ------
    MissingExtra : if simplemma is not installed

    Examples
    --------
    >>> lemmas("en", ["slept", "am", "are", "is", "models", "NLP"])
    ['sleep', 'be', 'be', 'be', 'model', 'NLP']
    """
    try:
        from simplemma import Lemmatizer
    except ImportError as error:
        raise MissingExtra("Looking lemmas up", package="simplemma", extra="languages") from error
    # without its cache: a type comes once; the tables are kept by simplemma for the whole process
    lemma = Lemmatizer(cache_max_size=0).lemmatize
    return [lemma(word, language) if word else "" for word in words]
