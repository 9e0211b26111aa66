"""The maps that `mill.toml` can name under ``text.map``: functions of one token, run once on each type.

    none                  the token as it is
    porter                Porter's stemmer for English, with the results of NLTK's default mode
    porter-original       as Porter's paper has it; porter-martin, as Porter's own program has it
    lancaster             the Lancaster stemmer for English, with NLTK's results
    snowball-LANGUAGE     a stemmer of the Snowball project, by PyStemmer: snowball-english, snowball-german, ...
    lemma-CODE            the dictionary form, by simplemma's tables: lemma-en, lemma-de, ...
    shape                 the spelling shape: Xxxxx, dddd
    MODULE:FUNCTION       a function of the user's own, see `textmill.plugins`

This is the one place that turns such a name into a function. Nothing is imported before a name asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from textmill import plugins
from textmill.errors import DataError, PluginError, UnknownName
from textmill.names import LEMMA_LANGUAGES

if TYPE_CHECKING:
    from textmill.text.porter import Mode

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
    opaque : whether it is a function of the user's own: only its source is known, not what it calls

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
    opaque: bool = False

    def __call__(self, types: Sequence[str]) -> list[str]:
        """The image of each type, in their order: a new list of ``len(types)``; an empty string where nothing is left.

        Raises
        ------
        DataError : if a type cannot be written as UTF-8 (a lone surrogate), where the map has to write it so
        PluginError : if a function of the user's own fails, or gives something that is no str

        Notes
        -----
        Snowball's stemmers expect lower case, and a few of them leave nothing of a few tokens: snowball-porter of "s",
        one Greek word in 2,300, one Turkish word in 19,000. Such a token becomes the empty string, and so does "s" by
        porter-original.
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
        return made(name)
    if ":" in name:
        return _own(plugins.find(name))
    for prefix, languages, make in ((_SNOWBALL, _languages, _snowball), (_LEMMA, _lemma_languages, _lemmas)):
        if name.startswith(prefix) and name.removeprefix(prefix) in languages():
            return make(name.removeprefix(prefix))
    raise UnknownName("map", name, map_names())


def map_names() -> tuple[str, ...]:
    """Every name that `token_map` knows by itself, in alphabetical order; the languages are those of the guests.

    Examples
    --------
    >>> names = map_names()
    >>> "porter" in names, "lemma-en" in names, "snowball-english" in names
    (True, True, True)
    """
    return tuple(
        sorted(
            [
                *_PLAIN,
                *(_SNOWBALL + language for language in _languages()),
                *(_LEMMA + language for language in _lemma_languages()),
            ]
        )
    )


def _none(name: str) -> TokenMap:
    return TokenMap(name, "1", list)


def _porter(mode: Mode, name: str) -> TokenMap:
    from textmill.text.porter import VERSION, stem

    return TokenMap(name, VERSION, lambda types: [stem(token, mode) for token in types])


def _lancaster(name: str) -> TokenMap:
    from textmill.text.lancaster import VERSION, stem

    return TokenMap(name, VERSION, lambda types: [stem(token) for token in types])


def _shape(name: str) -> TokenMap:
    from unicodedata import unidata_version

    from textmill.text.shapes import VERSION, shape

    return TokenMap(name, f"{VERSION}, Unicode {unidata_version}", lambda types: [shape(token) for token in types])


_PLAIN: dict[str, Callable[[str], TokenMap]] = {
    "lancaster": _lancaster,
    "none": _none,
    "porter": partial(_porter, "nltk"),
    "porter-martin": partial(_porter, "martin"),
    "porter-original": partial(_porter, "original"),
    "shape": _shape,
}
_SNOWBALL, _LEMMA = "snowball-", "lemma-"


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


def _lemma_languages() -> Sequence[str]:
    return LEMMA_LANGUAGES


def _lemmas(language: str) -> TokenMap:
    from textmill.text.lemmas import lemmas, version

    return TokenMap(_LEMMA + language, version(), partial(lemmas, language))


def _own(plugin: plugins.Plugin) -> TokenMap:
    return TokenMap(plugin.name, f"source {plugin.digest}", partial(_results, plugin), opaque=True)


def _results(plugin: plugins.Plugin, types: Sequence[str]) -> list[str]:
    """What a function of the user's own makes of each token; it is not asked about the empty string."""
    found = []
    for token in types:
        try:
            made = plugin.run(token) if token else ""
        except Exception as error:
            raise PluginError(
                f"it failed on the token {token[:40]!r}: {type(error).__name__}: {error}", where=f"map {plugin.name}"
            ) from error
        if made is None:
            made = ""
        if not isinstance(made, str):
            raise PluginError(
                f"of the token {token[:40]!r} it made no text",
                where=f"map {plugin.name}",
                wanted="str, or None to leave the token out",
                got=type(made).__name__,
            )
        if any("\ud800" <= letter <= "\udfff" for letter in made):
            raise PluginError(f"of the token {token[:40]!r} it made half a character", where=f"map {plugin.name}")
        found.append(str(made))
    return found
