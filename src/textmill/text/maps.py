"""The maps that `mill.toml` can name under ``text.map``: functions of one token, run once on each type.

    none                  the token as it is
    porter                Porter's stemmer for English, with NLTK's results
    snowball-LANGUAGE     a stemmer of the Snowball project, by PyStemmer: snowball-english, snowball-german, ...

This is the one place that turns such a name into a function. Nothing is imported before a name asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from textmill.errors import DataError, UnknownName

__all__ = ["TokenMap", "map_names", "token_map"]


@dataclass(frozen=True, slots=True)
class TokenMap:
    """A named function of one token, for many types at once.

    Any number of threads may call one map at the same time.

    Attributes
    ----------
    name : as in ``mill.toml``
    version : of the code behind it; with `name` it says which results to expect, and both go into the text path's hash
    run : what does the work; not part of equality

    Examples
    --------
    >>> porter = token_map("porter")
    >>> porter(["forests", "burning", "is"])
    ['forest', 'burn', 'is']
    >>> token_map("snowball-german")(["häuser", "wäldern"])
    ['haus', 'wald']
    """

    name: str
    version: str
    run: Callable[[Sequence[str]], list[str]] = field(repr=False, compare=False)

    def __call__(self, types: Sequence[str]) -> list[str]:
        """The image of each type, in their order: a new list of ``len(types)``.

        Raises
        ------
        DataError : if a type cannot be written as UTF-8 (a lone surrogate), where the map has to write it so

        Notes
        -----
        Snowball's stemmers expect lower case, and a few of them leave nothing of a few tokens: snowball-porter of "s",
        one Greek word in 2,300, one Turkish word in 19,000. Such a token becomes the empty string.
        """
        return self.run(types)


def token_map(name: str) -> TokenMap:
    """The map of that name.

    Raises
    ------
    UnknownName : if there is none; it lists those there are

    Examples
    --------
    >>> token_map("none").name
    'none'
    >>> token_map("snowball-englisch")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    textmill.errors.UnknownName: no map is called 'snowball-englisch'; ... Did you mean 'snowball-english'?
    """
    made = _PLAIN.get(name)
    if made is not None:
        return made()
    language = name.removeprefix(_SNOWBALL)
    if language == name or language not in _languages():
        raise UnknownName("map", name, map_names())
    return _snowball(language)


def map_names() -> tuple[str, ...]:
    """Every name that `token_map` knows, in alphabetical order; which languages there are is PyStemmer's to say.

    Examples
    --------
    >>> names = map_names()
    >>> names[:2], "snowball-english" in names
    (('none', 'porter'), True)
    """
    return tuple(sorted([*_PLAIN, *(_SNOWBALL + language for language in _languages())]))


def _none() -> TokenMap:
    return TokenMap("none", "1", list)


def _porter() -> TokenMap:
    from textmill.text.porter import VERSION

    return TokenMap("porter", VERSION, _porter_stems)


def _porter_stems(types: Sequence[str]) -> list[str]:
    from textmill.text.porter import stem

    return [stem(token) for token in types]


_PLAIN: dict[str, Callable[[], TokenMap]] = {"none": _none, "porter": _porter}
_SNOWBALL = "snowball-"


def _languages() -> list[str]:
    import Stemmer

    return list(Stemmer.algorithms())


def _snowball(language: str) -> TokenMap:
    from importlib.metadata import version

    # not Stemmer.version(): it says 2.0.1 in releases 2.2 and 3.0, which stem thousands of words differently
    return TokenMap(_SNOWBALL + language, f"PyStemmer {version('PyStemmer')}", partial(_snowball_stems, language))


def _snowball_stems(language: str, types: Sequence[str]) -> list[str]:
    import Stemmer

    # One for each call: a stemmer works on one word inside, so no two threads may share it, and making it takes a
    # quarter of a microsecond. Without its cache: a type comes once, and looking it up costs more than stemming it.
    stemmer = Stemmer.Stemmer(language, 0)
    try:
        return list(stemmer.stemWords(types))
    except UnicodeEncodeError as error:
        raise DataError(
            f"the token {error.object[:40]!r} cannot be written as UTF-8",
            where=f"map {_SNOWBALL}{language}",
            hint="It holds half a character (a lone surrogate).",
        ) from error
