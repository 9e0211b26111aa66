"""One-hot vectors: a word is a one in a place of its own, and zeros elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from textmill.errors import ConfigError, DataError, closest
from textmill.types import Tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["OneHot"]


class OneHot:
    """One-hot vectors of single words, over a vocabulary whose order is given.

    A word's vector has a one in the word's place; any two words are equally far apart. The sum of a text's vectors
    holds its counts.

    Parameters
    ----------
    words : the vocabulary, str each and none twice; word i has column i
    unknown : what a word outside the vocabulary becomes: "zero", a row of zeros, or "error", a DataError

    Attributes
    ----------
    words : tuple of str
    unknown : as given
    n_features : number of words

    Raises
    ------
    DataError : if a word is no str or occurs twice, or there is none
    ConfigError : if `unknown` is something else

    Examples
    --------
    >>> one_hot = OneHot(["seat", "gear", "car"])
    >>> one_hot.transform(["gear", "seat", "wheel"]).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """

    def __init__(self, words: Iterable[str], *, unknown: Literal["zero", "error"] = "zero") -> None:
        if unknown not in ("zero", "error"):
            raise ConfigError([f"unknown: wanted 'zero' or 'error', got {unknown!r}"])
        self.words = tuple(_tokens(words))
        self.unknown = unknown
        self.n_features = len(self.words)
        if not self.words:
            raise DataError("there is no word to give a place to")
        self._columns: dict[str, int] = {}
        for column, word in enumerate(self.words):
            if self._columns.setdefault(word, column) != column:
                raise DataError(f"the word {word!r} occurs twice, as {self._columns[word]} and as {column}")

    @classmethod
    def fit(cls, tokens: Tokens | Iterable[str], *, unknown: Literal["zero", "error"] = "zero") -> OneHot:
        """A vocabulary of all words of some texts, in the order of their first appearance.

        Parameters
        ----------
        tokens : what `TextPath.tokens` gives, or the words one behind the other

        Raises
        ------
        DataError : if there is no word, or one is no str

        Examples
        --------
        >>> OneHot.fit("mary had a little lamb little lamb".split()).words
        ('mary', 'had', 'a', 'little', 'lamb')
        """
        return cls(dict.fromkeys(tokens.types if isinstance(tokens, Tokens) else _tokens(tokens)), unknown=unknown)

    def columns(self, tokens: Tokens | Iterable[str]) -> NDArray[np.int32]:
        """The column of each word, int32 (n_tokens,); -1 for one that has none.

        Parameters
        ----------
        tokens : as in `fit`

        Raises
        ------
        DataError : if a word is unknown and `unknown` is "error"; if one is no str

        Examples
        --------
        >>> OneHot(["seat", "gear"]).columns(["gear", "wheel"]).tolist()
        [1, -1]
        """
        if isinstance(tokens, Tokens):  # a word is looked up once, however often it occurs
            types, ids = tokens.types, tokens.ids
        else:
            types, ids = _tokens(tokens), None
        found = np.array([self._columns.get(word, -1) for word in types], np.int32)
        if self.unknown == "error" and (found < 0).any():
            first = types[int(np.argmax(found < 0))]
            near = closest(first, self.words)
            raise DataError(
                f"the word {first!r} is not in the vocabulary",
                wanted=f"one of {self.n_features:,} words",
                hint=f"Did you mean {near!r}?" if near else 'With unknown="zero" it would be a row of zeros.',
            )
        return found if ids is None else found[ids] if len(ids) else np.zeros(0, np.int32)

    def transform(self, tokens: Tokens | Iterable[str]) -> csr_array:
        """One row a word.

        Parameters
        ----------
        tokens : as in `fit`; of `Tokens`, text i has the rows ``tokens.rows[i]`` to ``tokens.rows[i + 1]``

        Returns
        -------
        csr_array (n_tokens, n_features), float32 with int32 places

        Raises
        ------
        DataError : as `columns`

        Examples
        --------
        >>> rows = OneHot(["a", "little", "lamb"]).transform("a little lamb little lamb".split())
        >>> rows.sum(axis=0).tolist()
        [1.0, 2.0, 2.0]
        """
        from scipy.sparse import csr_array

        columns = self.columns(tokens)
        known = columns >= 0
        ends = np.zeros(len(columns) + 1, np.int32)
        np.cumsum(known, out=ends[1:])
        places = columns[known]
        made = csr_array((np.ones(len(places), np.float32), places, ends), shape=(len(columns), self.n_features))
        made.has_canonical_format = True
        return made


def _tokens(tokens: Any) -> list[str]:
    if isinstance(tokens, (str, bytes)) or not isinstance(tokens, Iterable):
        raise DataError(
            f"wanted a list of words, got {'one text' if isinstance(tokens, str) else type(tokens).__name__}",
            hint="A TextPath splits texts into words." if isinstance(tokens, str) else None,
        )
    words = list(tokens)
    for i, word in enumerate(words):
        if not isinstance(word, str):
            raise DataError(f"word {i} is no str but {type(word).__name__}")
    return words
