"""The cleaners of a text path as plain functions: a text in, a text out; a list in, a list out.

Each is the compiled stage that runs under its name in ``[text] clean``, so what a function shows is what a model sees.
All take time in proportion to the text, whatever stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_args, overload

from textmill import _native
from textmill.config import Cleaner, thread_count
from textmill.errors import UnknownName
from textmill.text.buffers import decode_types, numbered_from, text_buffers
from textmill.text.profiles import profile

__all__ = [
    "STAGES",
    "casefold",
    "clean_text",
    "drop_citations",
    "drop_controls",
    "drop_emails",
    "drop_emoji",
    "drop_hashtags",
    "drop_headers",
    "drop_mentions",
    "drop_urls",
    "fold_digits",
    "fold_to_ascii",
    "join_spaces",
    "keep_hashtags",
    "name_emoji",
    "normalize",
    "split_hashtags",
    "strip_html",
]

STAGES: tuple[str, ...] = get_args(Cleaner)

_Text = TypeVar("_Text", str, list[str])


@lru_cache(maxsize=128)
def _program(stages: tuple[str, ...]) -> _native.Program:
    for stage in stages:
        if stage not in STAGES:
            raise UnknownName("cleaner", stage, STAGES)
    return _native.Program(list(stages), False, 1)


@overload
def clean_text(text: str, stages: str | Sequence[str], *, threads: int | None = None) -> str: ...
@overload
def clean_text(text: Any, stages: str | Sequence[str], *, threads: int | None = None) -> list[str]: ...
def clean_text(text: Any, stages: str | Sequence[str], *, threads: int | None = None) -> str | list[str]:
    """Run cleaners over a text, or over each of many.

    Parameters
    ----------
    text : a str; or many texts: a list, an Arrow array, a column of pandas or polars
    stages : names of cleaners, in the order in which they run, or the name of a profile
    threads : at most so many

    Returns
    -------
    str for a str, list of str for many

    Raises
    ------
    UnknownName : if there is no such cleaner or profile
    DataError : if a text is none, is missing, or holds a lone surrogate

    Examples
    --------
    >>> clean_text("RT @bob: <b>Fire</b> in #NewYork 🔥 https://t.co/x", "tweet")
    'RT : Fire in New York fire'
    >>> clean_text(["one [1]", "two  three"], ["citations", "spaces"])
    ['one', 'two three']
    """
    names = profile(stages) if isinstance(stages, str) else tuple(stages)
    program = _program(names)
    one = isinstance(text, str)
    texts = text_buffers([text] if one else text)
    with numbered_from(0):
        made = decode_types(*_native.rewrite(program, *texts, thread_count(threads)))
    return made[0] if one else made


def strip_html(text: _Text) -> _Text:
    r"""Drop tags, comments, scripts and styles; decode entities. A tag that breaks lines leaves a line feed.

    Examples
    --------
    >>> strip_html("<p>One</p><p>Two &amp; three</p>")
    '\nOne\n\nTwo & three\n'
    """
    return clean_text(text, ("html",))


def drop_urls(text: _Text) -> _Text:
    """Each http, https or www address, up to the next white space, becomes a blank.

    Examples
    --------
    >>> drop_urls("see https://a.example/b?c=d now")
    'see   now'
    """
    return clean_text(text, ("urls",))


def drop_mentions(text: _Text) -> _Text:
    """Each @name that stands behind no word character becomes a blank.

    Examples
    --------
    >>> drop_mentions("thanks @bob, mail me@home")
    'thanks  , mail me@home'
    """
    return clean_text(text, ("mentions",))


def drop_emails(text: _Text) -> _Text:
    """Each mail address becomes a blank.

    An address is a word character and then word characters or ``. + - % '``, an ``@``, and labels of word characters
    and hyphens with dots between, of which the last has two letters or more. Those of other scripts count too.

    Examples
    --------
    >>> drop_emails("ask bob.smith+news@mail.example.org, not bob@home")
    'ask  , not bob@home'
    """
    return clean_text(text, ("emails",))


def drop_hashtags(text: _Text) -> _Text:
    """Each hashtag becomes a blank.

    A hashtag is a row of ``#`` that stands behind no word character and no ``&``, or sticks to the hashtag before; then
    a word character, then word characters and marks, with a letter among them: ``#1`` counts something and stays.

    Examples
    --------
    >>> drop_hashtags("#1 fan of #cats in C#")
    '#1 fan of   in C#'
    """
    return clean_text(text, ("hashtags-drop",))


def keep_hashtags(text: _Text) -> _Text:
    """Each hashtag loses its ``#``.

    Examples
    --------
    >>> keep_hashtags("#1 fan of #BlackCats#whitemice")
    '#1 fan of BlackCats whitemice'
    """
    return clean_text(text, ("hashtags-keep",))


def split_hashtags(text: _Text) -> _Text:
    """Each hashtag becomes its words.

    They part at underscores, before digits, before a capital behind a small letter, and before a capital that a small
    letter follows.

    Examples
    --------
    >>> split_hashtags("#ForestFire2020 #NASALaunch #black_cats #3D")
    'Forest Fire 2020 NASA Launch black cats 3D'
    """
    return clean_text(text, ("hashtags-split",))


def drop_emoji(text: _Text) -> _Text:
    """Each emoji becomes a blank: the longest sequence that Unicode names, with its joiners and selectors.

    Signs of print (``©``, ``®``, ``™``, ``‼``, ``⁉``, ``ℹ``) are emoji only where a variation selector says so.

    Examples
    --------
    >>> drop_emoji("good\N{GRINNING FACE}morning")
    'good morning'
    """
    return clean_text(text, ("emoji-drop",))


def name_emoji(text: _Text) -> _Text:
    """Each emoji becomes its short name, between blanks.

    Examples
    --------
    >>> name_emoji("good\N{GRINNING FACE}morning")
    'good grinning face morning'
    """
    return clean_text(text, ("emoji-name",))


def drop_citations(text: _Text) -> _Text:
    """Drop the marks of references in articles: ``[1]``, ``[12, 13]``, ``[a]``, ``[note 2]``, ``[citation needed]``.

    Numbers have three digits at most (``[2020]`` is a year), a letter sticks to what it explains (``- [x]`` is a box
    that is ticked). A blank stays only where two words would be glued.

    Examples
    --------
    >>> drop_citations("It is so.[1][note 2] [T]his in [2020] too.[citation needed]")
    'It is so. [T]his in [2020] too.'
    """
    return clean_text(text, ("citations",))


def drop_headers(text: _Text) -> _Text:
    r"""Drop the header of a message, up to the first empty line.

    That is two fields or more at the beginning (``Subject: ...``), with lines that go on with a blank (RFC 5322); a
    first line that begins with ``From`` and a blank belongs to it, as in mailboxes. In data of messages the sender and
    the organisation often give the label away.

    Examples
    --------
    >>> drop_headers("From: ann@example.org\nSubject: Re: bikes\n\nMine is red.")
    'Mine is red.'
    """
    return clean_text(text, ("headers",))


def drop_controls(text: _Text) -> _Text:
    r"""Drop control and invisible characters.

    Tab and line feed stay; the other controls that break lines, CR LF as one, become line feeds; U+001F a blank. All
    other controls go, and soft hyphen (U+00AD), zero width space, word joiner, invisible operators (U+200B,
    U+2060-2064), byte order mark (U+FEFF), marks of direction (U+061C, U+200E-200F, U+202A-202E, U+2066-206F),
    U+180E and U+FFF9-FFFB. The joiners U+200C and U+200D stay: emoji, Persian and Indic spelling need them.

    Examples
    --------
    >>> drop_controls("co\u00adop\u200berate\r\nnow\x00")
    'cooperate\nnow'
    """
    return clean_text(text, ("control",))


def join_spaces(text: _Text) -> _Text:
    r"""Each run of white space becomes one blank, those at both ends go.

    Examples
    --------
    >>> join_spaces(" one \t two\u3000three\n")
    'one two three'
    """
    return clean_text(text, ("spaces",))


def fold_digits(text: _Text) -> _Text:
    """Each run of decimal digits, of any script, becomes ``0``: numbers become one word.

    Examples
    --------
    >>> fold_digits("24 cats in 2020, 3.5 each")
    '0 cats in 0, 0.0 each'
    """
    return clean_text(text, ("digits",))


def normalize(text: _Text, form: Literal["nfc", "nfd", "nfkc", "nfkd"] = "nfc") -> _Text:
    r"""A normal form of Unicode, of version 14.0.0 on every Python: ``unicodedata.normalize`` of Python 3.11.

    Examples
    --------
    >>> normalize("e\u0301 ﬁ"), normalize("e\u0301 ﬁ", "nfkc")
    ('é ﬁ', 'é fi')
    """
    return clean_text(text, (form,))


def fold_to_ascii(text: _Text) -> _Text:
    """Spell in ASCII what has such a spelling; everything else stays as it is.

    Marks go with the letter they stand on; ligatures, strokes and Germanic letters are spelled out (œ oe, ß ss, ł l,
    þ th), quotes, dashes, fractions and compatibility characters too. A letter of another script keeps its marks.

    Examples
    --------
    >>> fold_to_ascii("À l’aide ! Œuvre, Łódź, straße – ½ Йод")
    "A l'aide ! OEuvre, Lodz, strasse - 1/2 Йод"
    """
    return clean_text(text, ("ascii",))


def casefold(text: _Text) -> _Text:
    """``str.casefold`` of Unicode 14.0.0 on every Python.

    Examples
    --------
    >>> casefold("Straße ΣΊΣΥΦΟΣ")
    'strasse σίσυφοσ'
    """
    return clean_text(text, ("casefold",))
