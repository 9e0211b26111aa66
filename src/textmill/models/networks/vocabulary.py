"""What a network reads: each text as the numbers of its terms, from a frozen list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.errors import CorruptError, DataError
from textmill.features.arrays import read_array, write_array
from textmill.read.sample import spread
from textmill.text.buffers import decode_types, encode_types
from textmill.text.path import TextPath
from textmill.text.saved import read_path, write_path
from textmill.types import Tokens

__all__ = ["PAD", "UNKNOWN", "Encoded", "Vocabulary", "Word"]

PAD, UNKNOWN = 0, 1  # what fills up shorter texts, and terms that were not learned
_FILE = "vocabulary.json"
_WITHIN = "##"  # WordPiece writes it before what goes on with a word
_BEGINS = ("Ġ", "▁")  # byte-level BPE and Unigram write these before what begins one
_TWICE = 2  # texts that a term must be in to be learned: of one that is in one text only, nothing general can be


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Texts as numbers, in pieces that are read at once.

    Attributes
    ----------
    ids : int32 (n_tokens,)
    rows : int64 (n_pieces + 1,), piece i owns ``ids[rows[i]:rows[i + 1]]``; none is empty
    texts : int64 (n_pieces,), the text that each piece is of; pieces of a text lie side by side
    n_texts : how many
    n_longer : texts that have more tokens than are read at once
    """

    ids: NDArray[np.int32]
    rows: NDArray[np.int64]
    texts: NDArray[np.int64]
    n_texts: int
    n_longer: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each piece: int64 (n_pieces,)."""
        return np.diff(self.rows)

    def padded(self, some: NDArray[np.int64], pad: int) -> NDArray[np.int64]:
        """Some of the pieces side by side, filled up to the longest: int64 (n, longest)."""
        begins, lengths = self.rows[some], self.rows[some + 1] - self.rows[some]
        longest = int(lengths.max(initial=1))
        columns = np.arange(longest)
        inside = columns < lengths[:, None]
        found = np.full((len(some), longest), pad, np.int64)
        found[inside] = self.ids[(begins[:, None] + columns)[inside]]
        return found

    def of_texts(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pieces of some texts; `chosen` is bool (n_texts,)."""
        return np.flatnonzero(chosen[self.texts])


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, and where a network reads it.

    Attributes
    ----------
    span : half-open, in code points of the raw text
    places : of each of its tokens: which piece of the text, and where in that
    """

    term: str
    span: tuple[int, int]
    places: tuple[tuple[int, int], ...]


class Vocabulary:
    """A text path and the terms that were learned, each with its number.

    Made by `learn`, `of_subwords` or `load`.

    Attributes
    ----------
    text_path : the program that makes terms of texts
    terms : the term of each number; what fills up, and unknown terms, have one too
    pad, unknown : the numbers of those
    around : numbers that stand before and after the terms of each piece
    max_tokens : that are read at once, those `around` among them
    windows : whether all of a longer text is read, in pieces side by side; else its beginning

    Examples
    --------
    >>> path = TextPath()
    >>> tokens = path.tokens(["red fire", "red sun", "a fire"])
    >>> vocabulary = Vocabulary.learn(path, tokens, most=100, max_tokens=3)
    >>> vocabulary.terms
    ['', '', 'red', 'fire']
    >>> encoded = vocabulary.encode(["fire in red", "red red red red", ""])
    >>> encoded.ids.tolist(), encoded.rows.tolist(), encoded.n_longer
    ([3, 1, 2, 2, 2, 2, 1], [0, 3, 6, 7], 1)
    """

    def __init__(
        self,
        text_path: TextPath,
        terms: Sequence[str],
        *,
        max_tokens: int,
        windows: bool = False,
        pad: int = PAD,
        unknown: int = UNKNOWN,
        around: tuple[tuple[int, ...], tuple[int, ...]] = ((), ()),
    ) -> None:
        self.text_path = text_path
        self.terms = list(terms)
        self.max_tokens = max_tokens
        self.windows = windows
        self.pad, self.unknown = pad, unknown
        self.around = around
        self._number = {term: number for number, term in enumerate(terms) if term and number != unknown}
        self._within = any(term.startswith(_WITHIN) for term in terms)
        self._room = max_tokens - len(around[0]) - len(around[1])
        if self._room < 1:
            raise DataError("nothing of a text would be read", wanted=f"more than {max_tokens - self._room} tokens")

    @classmethod
    def learn(
        cls, text_path: TextPath, tokens: Tokens, *, most: int, max_tokens: int, windows: bool = False
    ) -> Vocabulary:
        """The most frequent terms that are in two texts or more; of equally frequent ones those that came first.

        Parameters
        ----------
        tokens : what the path makes of the texts to learn from

        Raises
        ------
        DataError : if no term is left
        """
        n_types = len(tokens.types)
        texts = np.repeat(np.arange(len(tokens.rows) - 1), np.diff(tokens.rows))
        pairs = np.unique(texts * max(n_types, 1) + tokens.ids)  # each term once a text
        in_texts = np.bincount(pairs % max(n_types, 1), minlength=n_types)
        often = np.bincount(tokens.ids, minlength=n_types)
        found = np.argsort(-often, kind="stable")
        kept = found[in_texts[found] >= _TWICE] if (in_texts >= _TWICE).any() else found
        if not len(kept):
            raise DataError("no word is left of the texts", hint="See what [text] leaves of them: textmill explain.")
        return cls(text_path, ["", "", *(tokens.types[i] for i in kept[:most])], max_tokens=max_tokens, windows=windows)

    def encode(self, texts: Any, *, threads: int | None = None) -> Encoded:
        """Texts as numbers.

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes
        threads : no result depends on it

        Raises
        ------
        DataError : if an item is no text
        """
        return self.numbered(self.text_path.tokens(texts, threads=threads))

    def numbered(self, tokens: Tokens) -> Encoded:
        """As `encode`, of texts that are split already."""
        numbers = np.array([self._number.get(term, self.unknown) for term in tokens.types], np.int32)
        return self._pieces(numbers[tokens.ids] if len(tokens.ids) else tokens.ids, tokens.rows)

    def _pieces(self, ids: NDArray[np.int32], rows: NDArray[np.int64]) -> Encoded:
        lengths = np.diff(rows)
        n_longer = int((lengths > self._room).sum())
        n_pieces = np.maximum(1, -(-lengths // self._room)) if self.windows else np.ones(len(lengths), np.int64)
        texts = np.repeat(np.arange(len(lengths)), n_pieces)
        first = np.cumsum(n_pieces) - n_pieces
        begins = rows[:-1][texts] + (np.arange(len(texts)) - first[texts]) * self._room
        kept = np.minimum(rows[1:][texts] - begins, self._room)
        before, after = (np.array(one, np.int32) for one in self.around)
        # a text without a known term still is one: it is read as one unknown term, unless something stands around it
        blank = (kept == 0) if not len(before) + len(after) else np.zeros(len(kept), bool)
        sizes = kept + len(before) + len(after) + blank
        ends = np.cumsum(sizes)
        found = np.full(int(ends[-1]) if len(ends) else 0, self.unknown, np.int32)
        starts = ends - sizes
        for place, number in enumerate(before):
            found[starts + place] = number
        for place, number in enumerate(after):
            found[ends - len(after) + place] = number
        within = np.arange(int(kept.sum())) - np.repeat(np.cumsum(kept) - kept, kept)
        found[np.repeat(starts + len(before), kept) + within] = ids[np.repeat(begins, kept) + within]
        return Encoded(found, np.concatenate([np.zeros(1, np.int64), ends]), texts, len(lengths), n_longer)

    def words(self, text: str) -> list[Word]:
        """The words of one text as far as it is read; pieces of one word, of which subwords are, together.

        Examples
        --------
        >>> path = TextPath()
        >>> Vocabulary(path, ["", "", "red"], max_tokens=2, windows=True).words("Red, red fire!")[2]
        Word(term='fire', span=(9, 13), places=((1, 0),))
        """
        tokens = self.text_path.tokens([text], spans=True, threads=1)
        assert tokens.spans is not None
        n = len(tokens.ids) if self.windows else min(self._room, len(tokens.ids))
        shift = len(self.around[0])
        found: list[Word] = []
        for token, (number, (begin, end)) in enumerate(
            zip(tokens.ids[:n].tolist(), tokens.spans[:n].tolist(), strict=True)
        ):
            term, place = tokens.types[number], (token // self._room, shift + token % self._room)
            if found and self._goes_on(text, found[-1].span[1], begin, term):
                last = found[-1]
                span = (last.span[0], max(last.span[1], end))
                whole = last.term + term.removeprefix(_WITHIN) if self._within else text[slice(*span)]
                found[-1] = Word(whole, span, (*last.places, place))
            else:
                found.append(Word(term, (begin, end), (place,)))
        if self.text_path.config.tokens != "subword" or self._within:
            return found
        return [replace(word, term=text[slice(*word.span)].strip() or word.term) for word in found]

    def _goes_on(self, text: str, end: int, begin: int, term: str) -> bool:
        """Whether a piece belongs to the word that the one before it ended."""
        if self.text_path.config.tokens != "subword" or begin > end:
            return False
        if self._within:
            return term.startswith(_WITHIN)
        if begin < end:  # bytes of one letter
            return True
        return term[:1] not in _BEGINS and text[begin - 1 : begin].isalnum() and text[begin : begin + 1].isalnum()

    def some_words(self, most: int) -> list[str]:
        """Up to `most` of its terms, spread evenly."""
        terms = [term for term in self.terms if term and not term.startswith("[")]
        return [terms[i] for i in spread(len(terms), most).tolist()]

    def save(self, folder: Path) -> None:
        """Write ``vocabulary.json``, its terms, and the files that the text path needs."""
        data, offsets = encode_types(self.terms)
        write_array(folder / "terms.npy", data)
        write_array(folder / "term_offsets.npy", offsets)
        head = {
            "format": 1,
            **write_path(folder, self.text_path),
            "max_tokens": self.max_tokens,
            "windows": self.windows,
            "pad": self.pad,
            "unknown": self.unknown,
            "around": [list(one) for one in self.around],
        }
        (folder / _FILE).write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Read what `save` wrote.

        Raises
        ------
        FormatError : if the text path would give other terms here than it did there
        CorruptError, OSError, ValueError, KeyError, TypeError : if it is not there, or is not what it says
        """
        where = str(folder / _FILE)
        head = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        if head["format"] != 1:
            raise CorruptError("a vocabulary of another format", where=where, wanted="1", got=str(head["format"]))
        offsets = read_array(folder / "term_offsets.npy", np.int64)
        terms = decode_types(read_array(folder / "terms.npy", np.uint8), offsets)
        before, after = head["around"]
        if not all(0 <= int(number) < len(terms) for number in (head["pad"], head["unknown"], *before, *after)):
            raise CorruptError("it names a term that is not there", where=where)
        return cls(
            read_path(folder, head, where),
            terms,
            max_tokens=int(head["max_tokens"]),
            windows=bool(head["windows"]),
            pad=int(head["pad"]),
            unknown=int(head["unknown"]),
            around=(tuple(map(int, before)), tuple(map(int, after))),
        )
