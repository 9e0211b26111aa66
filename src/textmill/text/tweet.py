"""Words of tweets: NLTK's TweetTokenizer, compiled."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.text.buffers import decode_types, text_buffers
from textmill.text.program_tokens import program_tokens
from textmill.types import Tokens

__all__ = ["TweetTokens", "tweet_program"]

# the options of the splitter "tweet", see native/core/tweet.hpp
_LOWER_CASE, _REDUCE_LEN, _STRIP_HANDLES, _NO_PHONE_NUMBERS, _KEEP_SURROGATES = 1, 2, 4, 8, 16


@dataclass(frozen=True, kw_only=True)
class TweetTokens:
    """Split tweets as ``nltk.tokenize.TweetTokenizer`` of NLTK 3.10 does: the same options, the same tokens.

    Links, phone numbers, emoticons, tags, arrows, @handles, #hashtags, e-mail addresses, emoji with all that is joined
    to them, and words with their apostrophes and dashes each stay in one piece. Character references (``&amp;``) are
    decoded first. Time is linear in the length of a text, where NLTK raises TimeoutError on some.

    Letters and digits are those of Unicode 18.0.0, by the `regex` package that NLTK uses; small letters those of
    Unicode 14.0.0.

    Parameters
    ----------
    preserve_case : if not, all tokens but those with an emoticon in them are put in small letters
    reduce_len : three of a character where there are more, one behind the other
    strip_handles : leave @handles out
    match_phone_numbers : keep phone numbers in one piece, blanks in them and all

    Source: C. Potts, E. Klein, P. Pantone and T. Aarsen, ``nltk/tokenize/casual.py``; J. Gruber's pattern of links.

    Examples
    --------
    >>> TweetTokens().tokenize("@NWS: #flood in Bow :-( see http://t.example/x (call 555-123-4567) &amp; RT!!!")
    ['@NWS', ':', '#flood', 'in', 'Bow', ':-(', 'see', 'http://t.example/x', '(', 'call', '555-123-4567', ')', '&', \
'RT', '!', '!', '!']
    >>> TweetTokens(preserve_case=False, reduce_len=True, strip_handles=True).tokenize("@NWS HELPPPPPP :D")
    ['helppp', ':D']
    """

    preserve_case: bool = True
    reduce_len: bool = False
    strip_handles: bool = False
    match_phone_numbers: bool = True

    def tokenize(self, text: str) -> list[str]:
        """The tokens of one text.

        A reference to half a surrogate pair (``&#xD800;``) is a lone surrogate in its token, as it is in NLTK's.

        Raises
        ------
        DataError : if `text` is no str or holds a lone surrogate

        Examples
        --------
        >>> TweetTokens().tokenize("don't... <3")
        ["don't", '...', '<3']
        """
        try:
            return self._program.split(text)
        except (TypeError, ValueError):
            text_buffers([text])  # says what is wrong
            raise

    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens:
        """The tokens of many texts; the same for any number of threads.

        Parameters
        ----------
        texts : what `text_buffers` takes: a list of str, an Arrow array, a column of a frame
        spans : also say where each token lies in its raw text; where the text was rewritten, a span covers all that
            its token stands for: ``&amp;`` for ``&``, a whole run for the three characters left of it

        Raises
        ------
        DataError : if `texts` holds something that is no text

        Examples
        --------
        >>> found = TweetTokens().tokens(["Q&amp;A", "A :)"], spans=True)
        >>> [found.types[i] for i in found.ids], found.rows.tolist()
        (['Q', '&', 'A', 'A', ':)'], [0, 3, 5])
        >>> found.spans.tolist()
        [[0, 1], [1, 6], [6, 7], [0, 1], [2, 4]]
        """
        return program_tokens(self._program, texts, spans=spans, threads=threads, decode=_decoded)

    @cached_property
    def _program(self) -> _native.Program:
        options = (
            _KEEP_SURROGATES
            | (0 if self.preserve_case else _LOWER_CASE)
            | (_REDUCE_LEN if self.reduce_len else 0)
            | (_STRIP_HANDLES if self.strip_handles else 0)
            | (0 if self.match_phone_numbers else _NO_PHONE_NUMBERS)
        )
        return _native.Program([], False, 1, "tweet", options)

    def __reduce__(self) -> tuple[partial[TweetTokens], tuple[()]]:
        return partial(TweetTokens, **asdict(self)), ()


def _decoded(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> list[str]:
    try:
        return decode_types(data, offsets)
    except UnicodeDecodeError:  # a reference to a lone surrogate
        raw = data.tobytes()
        return [raw[a:b].decode("utf-8", "surrogatepass") for a, b in itertools.pairwise(offsets.tolist())]


def tweet_program(stages: list[str], *, preserve_case: bool) -> _native.Program:
    """The splitter of a text path: NLTK's defaults but for the case, behind the path's cleaners.

    A reference to half a surrogate pair becomes U+FFFD here: as it is it could not be kept in a model.
    """
    return _native.Program(stages, False, 1, "tweet", 0 if preserve_case else _LOWER_CASE)
