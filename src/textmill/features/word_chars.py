"""Words and their letters side by side: n-grams of words, and the character n-grams inside the same words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np
from numpy.typing import DTypeLike

from textmill.config import FeaturesConfig, thread_count
from textmill.errors import CorruptError, DataError, FormatError
from textmill.features.chars import CharFeatures, check_single
from textmill.features.csr import Csr
from textmill.features.saved import HEAD, reading
from textmill.features.words import WordFeatures
from textmill.text.buffers import text_chunks
from textmill.text.path import TextPath

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["WordCharFeatures"]

FORMAT = 1
ANALYZER: Final = "word+char_wb"
_SHARES = {"l2": (0.8, 0.6), "l1": (4 / 7, 3 / 7), "none": (1.0, 1.0)}  # of the norm: words, letters
_ROWS = 4096  # that are put together at a time


class WordCharFeatures:
    """A frozen vocabulary of word n-grams and, behind them, of the character n-grams inside those words.

    A word that was not learned still has the n-grams that it shares with others, and rare words learn from their like:
    what fastText calls subwords (Bojanowski et al., Enriching word vectors with subword information, 2017). Made by
    `fit` or `load`; the columns are those of a `WordFeatures` and of a `CharFeatures` with ``analyzer = "char_wb"``,
    each weighed by itself; then words are multiplied by 0.8 and letters by 0.6 under an l2 norm, by 4/7 and 3/7 under
    l1, so that a row has a norm of 1 again.

    Attributes
    ----------
    words_part : WordFeatures
    chars_part : CharFeatures
    config : FeaturesConfig
    n_features : number of columns

    Examples
    --------
    >>> from textmill.config import TextConfig
    >>> path = TextPath(TextConfig(map="none"))
    >>> config = FeaturesConfig(
    ...     kind="counts", analyzer="word+char_wb", ngrams=(1, 1), char_ngrams=(4, 4), min_df=1
    ... )
    >>> features, csr = WordCharFeatures.fit(path, config, ["fire", "wild"])
    >>> features.names
    ['fire', 'wild', ' fir', ' wil', 'fire', 'ild ', 'ire ', 'wild']
    >>> features.rows(["wildfires"]).to_scipy().toarray().astype(int).tolist()
    [[0, 0, 0, 1, 1, 0, 0, 1]]
    """

    def __init__(self, words: WordFeatures, chars: CharFeatures) -> None:
        self.words_part = words
        self.chars_part = chars
        self.config = replace(words.config, analyzer=ANALYZER, char_ngrams=chars.config.ngrams)
        self.n_features = words.n_features + chars.n_features

    @classmethod
    def fit(
        cls,
        text_path: TextPath,
        config: FeaturesConfig,
        texts: Any,
        *,
        dtype: DTypeLike = np.float32,
        threads: int | None = None,
    ) -> tuple[WordCharFeatures, Csr]:
        """Learn both vocabularies and their weights from texts, and weigh these texts.

        Parameters
        ----------
        config : `ngrams` and `skip` are of words, `char_ngrams` of letters, the blank at either end of a word among
            them; all else is said of both, `max_features` of each
        texts : what `text_chunks` takes
        dtype : of the weights, float32 or float64
        threads : how many; the result does not depend on it

        Returns
        -------
        features, csr : the frozen features, and what their `rows` would give for `texts`

        Raises
        ------
        ConfigError : if a setting is out of its range, or texts are pairs
        DataError : if there is no text, or nothing is left of them under `min_df`, `max_df` and the stop words
        """
        threads = thread_count(threads)
        check_single(text_path, ANALYZER)
        chunks = list(text_chunks(texts))  # gone through twice
        parts = replace(config, analyzer="word", char_ngrams=FeaturesConfig().char_ngrams)
        words, of_words = WordFeatures.fit(text_path, parts, iter(chunks), dtype=dtype, threads=threads)
        letters = replace(parts, analyzer="char_wb", ngrams=config.char_ngrams, skip=0)
        chars, of_chars = CharFeatures.fit(text_path, letters, iter(chunks), dtype=dtype, threads=threads)
        features = cls(words, chars)
        return features, features._joined(of_words, of_chars)

    @property
    def text_path(self) -> TextPath:
        """The program that makes terms of texts."""
        return self.words_part.text_path

    @property
    def n_types(self) -> int:
        """How many distinct words were seen while learning."""
        return self.words_part.n_types

    def rows(self, texts: Any, *, dtype: DTypeLike = np.float32, threads: int | None = None) -> Csr:
        """Weigh texts.

        Parameters
        ----------
        texts : what `text_buffers` takes
        dtype : of the weights, float32 or float64
        threads : how many; the result does not depend on it

        Returns
        -------
        Csr (n_texts, n_features); a text without a known n-gram is a row of zeros

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        if isinstance(texts, Iterator):
            texts = list(texts)
        return self._joined(
            self.words_part.rows(texts, dtype=dtype, threads=threads),
            self.chars_part.rows(texts, dtype=dtype, threads=threads),
        )

    def transform(self, texts: Any, *, threads: int | None = None) -> csr_array:
        """`rows` as a `scipy.sparse.csr_array`, float32 (n_texts, n_features)."""
        return self.rows(texts, threads=threads).to_scipy()

    def _joined(self, words: Csr, chars: Csr) -> Csr:
        """The rows of both side by side."""
        shares = (1.0, 1.0) if self.config.kind == "counts" else _SHARES[self.config.norm]
        ends = words.indptr.astype(np.int64) + chars.indptr
        if ends[-1] >= 2**31:
            raise DataError("these texts have 2^31 counts or more", hint="Give fewer of them at a time.")
        indptr = ends.astype(np.int32)
        data, indices = np.empty(indptr[-1], words.data.dtype), np.empty(indptr[-1], np.int32)
        of_words = data.dtype.type(shares[0]) * words.data, words.indices, words.indptr
        of_chars = data.dtype.type(shares[1]) * chars.data, chars.indices + self.words_part.n_features, chars.indptr
        for first in range(0, len(indptr) - 1, _ROWS):
            last = min(first + _ROWS, len(indptr) - 1)
            for (values, columns, rows), before in ((of_words, chars.indptr[:-1]), (of_chars, words.indptr[1:])):
                begin, end = rows[first], rows[last]
                places = np.repeat(before[first:last], np.diff(rows[first : last + 1])) + np.arange(begin, end)
                data[places], indices[places] = values[begin:end], columns[begin:end]
        return Csr(data, indices, indptr, self.n_features)

    def places(self, text: str) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        """Where the n-grams of one text stand.

        Returns
        -------
        list of (column, spans), a pair for each occurrence, as `WordFeatures.places` and `CharFeatures.places` say
        """
        first = self.words_part.n_features
        return self.words_part.places(text) + [
            (first + column, spans) for column, spans in self.chars_part.places(text)
        ]

    @property
    def names(self) -> list[str]:
        """The n-gram of each column; a word may be there twice, as a word and as letters."""
        return self.words_part.names + self.chars_part.names

    @property
    def words(self) -> Sequence[str]:
        """`names` for people: `WordFeatures.words`, and letters that show where their word goes on."""
        return _Words(self.words_part.words, self.chars_part.names)

    def some_words(self, most: int) -> list[str]:
        """Up to `most` single words that it knows, as `WordFeatures.some_words`."""
        return self.words_part.some_words(most)

    def save(self, folder: Path) -> None:
        """Write ``features.json`` and a folder for either part; the same features give the same bytes."""
        for name, part in (("words", self.words_part), ("chars", self.chars_part)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            part.save(folder / name)
        head = {"format": FORMAT, "features": {"analyzer": ANALYZER}, "n_features": self.n_features}
        (folder / HEAD).write_text(json.dumps(head, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> WordCharFeatures:
        """Read what `save` wrote.

        Raises
        ------
        FormatError : if a newer textmill wrote it, or if the text path would give other terms here than it did there
        CorruptError : if a file is missing or is not what it says
        """
        where = str(folder / HEAD)
        with reading(folder):
            head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
            if head["format"] != FORMAT:
                raise FormatError(
                    "features of another format", where=where, wanted=str(FORMAT), got=str(head["format"])
                )
            features = cls(WordFeatures.load(folder / "words"), CharFeatures.load(folder / "chars"))
            words, chars = features.words_part, features.chars_part
            alike = replace(chars.config, analyzer="word", ngrams=words.config.ngrams, skip=words.config.skip)
            if not (
                features.n_features == head["n_features"]
                and chars.config.analyzer == "char_wb"
                and chars.text_path.hash == words.text_path.hash
                and alike == words.config
            ):
                raise CorruptError("the saved features do not fit together", where=where)
        return features


class _Words(Sequence[str]):
    """Words, and behind them letters: "fir…" at the beginning of a word, "…ire" at its end, "…ir…" within."""

    def __init__(self, words: Sequence[str], letters: Sequence[str]) -> None:
        self._words, self._letters = words, letters

    def __len__(self) -> int:
        return len(self._words) + len(self._letters)

    @overload
    def __getitem__(self, column: int) -> str: ...
    @overload
    def __getitem__(self, column: slice) -> list[str]: ...
    def __getitem__(self, column: int | slice) -> str | list[str]:
        if isinstance(column, slice):
            return [self[i] for i in range(*column.indices(len(self)))]
        column = range(len(self))[column]
        if column < len(self._words):
            return self._words[column]
        letters = self._letters[column - len(self._words)]
        begins, ends = letters.startswith(" "), letters.endswith(" ")
        return f"{'' if begins else '…'}{letters.strip(' ')}{'' if ends else '…'}"
