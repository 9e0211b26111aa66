"""Tokens by a regular expression of one's own: a plain-Python path, on the `regex` package.

The one file that imports that package, when a pattern is compiled.
"""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import Any

import numpy as np

from textmill.errors import ConfigError, MissingExtra
from textmill.text.buffers import text_buffers
from textmill.types import Tokens

__all__ = ["PatternTokens"]


class PatternTokens:
    r"""Tokens are what a pattern of the `regex` package matches, from left to right; empty matches are none.

    Plain Python: some hundred times slower than the splitters of the compiled core, and a pattern can be written that
    takes forever on some texts. Any number of threads may use one at the same time.

    Parameters
    ----------
    pattern : as the package's documentation has it; groups change nothing, a token is the whole match

    Attributes
    ----------
    version : of the `regex` package

    Raises
    ------
    ConfigError : if it is no pattern; says where
    MissingExtra : if the package is not installed

    Examples
    --------
    >>> PatternTokens(r"\p{L}+|\d+").tokenize("Stop: 15 élan!")
    ['Stop', '15', 'élan']
    """

    def __init__(self, pattern: str) -> None:
        try:
            import regex
        except ImportError as error:
            raise MissingExtra("tokens = 'regex'", package="regex", extra="regex") from error
        try:
            # version 0 is what re does, whatever a program has set as the package's default
            self._compiled = regex.compile(pattern, regex.VERSION0)
        except regex.error as error:
            at = "" if error.pos is None else f" at position {error.pos}"
            raise ConfigError([f"text.pattern: {pattern!r} is no pattern: {error.msg}{at}"]) from error
        except (ValueError, RecursionError, OverflowError) as error:
            raise ConfigError([f"text.pattern: {pattern!r} is no pattern: {error}"]) from error
        self._pattern = pattern
        self.version = str(regex.__version__)

    def __reduce__(self) -> tuple[type[PatternTokens], tuple[str]]:
        return PatternTokens, (self._pattern,)

    def tokenize(self, text: str) -> list[str]:
        """The tokens of one text.

        Raises
        ------
        DataError : if `text` is no str or holds a lone surrogate
        """
        found = self.tokens([text])
        return [found.types[i] for i in found.ids.tolist()]

    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens:
        """The tokens of many texts, numbered by first appearance.

        Parameters
        ----------
        texts : what `text_buffers` takes
        spans : also say where each token lies in its raw text
        threads : changes nothing: one works

        Raises
        ------
        DataError : if `texts` holds something that is no text

        Examples
        --------
        >>> found = PatternTokens("[ab]+").tokens(["a-b", "xab"], spans=True)
        >>> [found.types[i] for i in found.ids], found.rows.tolist(), found.spans.tolist()
        (['a', 'b', 'ab'], [0, 2, 3], [[0, 1], [2, 3], [1, 3]])
        """
        buffers = text_buffers(texts)
        ends = buffers.offsets.tolist()
        numbers: dict[str, int] = {}
        ids, rows, places = array("i"), array("q", [0]), array("i")
        for begin, end in pairwise(ends):
            text = buffers.bytes[begin:end].tobytes().decode("utf-8", "replace")
            for match in self._compiled.finditer(text):
                token = match.group()
                if token:
                    ids.append(numbers.setdefault(token, len(numbers)))
                    if spans:
                        places.extend(match.span())
            rows.append(len(ids))
        return Tokens(
            ids=np.array(ids, np.int32),
            rows=np.array(rows, np.int64),
            spans=np.array(places, np.int32).reshape(-1, 2) if spans else None,
            types=list(numbers),
        )
