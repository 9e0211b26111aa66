"""What a network reads: each text as the numbers of its terms, from a frozen list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.errors import CorruptError, DataError
from textmill.features.arrays import read_array, write_array
from textmill.read.sample import spread
from textmill.text.buffers import decode_types, encode_types
from textmill.text.pairs import part_chunks
from textmill.text.path import TextPath
from textmill.text.saved import read_path, write_path
from textmill.types import BESIDE, Tokens, parts

__all__ = ["FILE", "PAD", "UNKNOWN", "Encoded", "PairLayout", "Vocabulary", "Word"]

PAD, UNKNOWN = 0, 1  # what fills up shorter texts, and terms that were not learned
FILE = "vocabulary.json"
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
class PairLayout:
    """How a network reads the two texts of a pair.

    Attributes
    ----------
    between : numbers that stand between the two
    shift : what is added to the numbers of the second text, where the network has to know whose a token is; else 0
    after : whether it is added to the numbers behind the second text too
    apart : whether each text is read on its own, and each may have as many tokens as are read at once; else both
        together have, and of too long ones the longer one loses its end first
    """

    between: tuple[int, ...]
    shift: int = 0
    after: bool = False
    apart: bool = False

    def kept(self, lengths: NDArray[np.int64], room: int) -> NDArray[np.int64]:
        """How much of the texts of pairs is read: int64 (n_pairs, 2), as `lengths`.

        What "longest first" cuts off in the tokenizers library is cut off here.

        Examples
        --------
        >>> PairLayout(()).kept(np.array([[9, 2], [3, 4], [8, 9]]), 7).tolist()
        [[5, 2], [3, 4], [3, 4]]
        """
        if self.apart:
            return np.minimum(lengths, room)
        shorter = lengths.min(axis=1)
        rest = np.maximum(shorter, room - shorter)
        both = shorter + rest > room
        less = np.where(both, room // 2, shorter)
        more = np.where(both, room // 2 + room % 2, rest)
        cut = np.where(lengths == shorter[:, None], less[:, None], more[:, None])
        equal = lengths[:, 0] == lengths[:, 1]
        cut[equal, 1] = more[equal]
        return np.where((lengths.sum(axis=1) > room)[:, None], np.minimum(cut, lengths), lengths)


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
    pairs : how two texts are read that are labelled together; None where texts are single

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
        pairs: PairLayout | None = None,
    ) -> None:
        self.text_path = text_path
        self.terms = list(terms)
        self.max_tokens = max_tokens
        self.windows = windows
        self.pad, self.unknown = pad, unknown
        self.around = around
        self.pairs = pairs
        self._number = {term: number for number, term in enumerate(terms) if term and number != unknown}
        self._within = any(term.startswith(_WITHIN) for term in terms)
        self._room = max_tokens - len(around[0]) - len(around[1])
        if pairs is not None and not pairs.apart:
            self._room -= len(pairs.between)
        if self._room < (1 if pairs is None else 2):
            raise DataError("nothing of a text would be read", wanted=f"more than {max_tokens - self._room} tokens")

    @classmethod
    def learn(
        cls, text_path: TextPath, tokens: Tokens, *, most: int, max_tokens: int, windows: bool = False
    ) -> Vocabulary:
        """The most frequent terms that are in two texts or more; of equally frequent ones those that came first.

        Parameters
        ----------
        tokens : what the path makes of the texts to learn from; of pairs, of their texts one by one, see `split`

        Raises
        ------
        DataError : if no term is left
        """
        n_types, paired = len(tokens.types), text_path.config.pairs
        texts = np.repeat(np.arange(len(tokens.rows) - 1), np.diff(tokens.rows)) // (1 + paired)
        pairs = np.unique(texts * max(n_types, 1) + tokens.ids)  # each term once a text
        in_texts = np.bincount(pairs % max(n_types, 1), minlength=n_types)
        often = np.bincount(tokens.ids, minlength=n_types)
        found = np.argsort(-often, kind="stable")
        kept = found[in_texts[found] >= _TWICE] if (in_texts >= _TWICE).any() else found
        if not len(kept):
            raise DataError("no word is left of the texts", hint="See what [text] leaves of them: textmill explain.")
        terms = [*(["", "", BESIDE] if paired else ["", ""]), *(tokens.types[i] for i in kept[:most])]
        layout = PairLayout((terms.index(BESIDE),)) if paired else None
        return cls(text_path, terms, max_tokens=max_tokens, windows=windows, pairs=layout)

    @staticmethod
    def split(text_path: TextPath, texts: Any, *, threads: int | None = None) -> Tokens:
        """The terms of texts; of pairs those of each of their texts, the two side by side, without any mark.

        Parameters
        ----------
        texts : what `textmill.text.text_buffers` takes
        """
        single = part_chunks(texts) if text_path.config.pairs else texts
        return text_path.part.tokens(single, threads=threads)

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
        return self.numbered(self.split(self.text_path, texts, threads=threads))

    def numbered(self, tokens: Tokens) -> Encoded:
        """As `encode`, of texts that are split already by `split`."""
        numbers = np.array([self._number.get(term, self.unknown) for term in tokens.types], np.int32)
        ids = numbers[tokens.ids] if len(tokens.ids) else tokens.ids
        return self._pieces(ids, tokens.rows) if self.pairs is None else self._of_pairs(self.pairs, ids, tokens.rows)

    def _of_pairs(self, layout: PairLayout, ids: NDArray[np.int32], rows: NDArray[np.int64]) -> Encoded:
        lengths = np.diff(rows).reshape(-1, 2)
        kept = layout.kept(lengths, self._room)
        before, after = (np.array(one, np.int32) for one in self.around)
        between = np.array(layout.between, np.int32)
        after = after + np.int32(layout.shift * layout.after)
        # of two empty texts something is read too: one unknown term, if nothing stands around them
        sizes = np.maximum(len(before) + kept[:, 0] + len(between) + kept[:, 1] + len(after), 1)
        ends = np.cumsum(sizes)
        found = np.full(int(ends[-1]) if len(ends) else 0, self.unknown, np.int32)
        starts = ends - sizes
        second = starts + len(before) + kept[:, 0] + len(between)
        for numbers, where in ((before, starts), (between, second - len(between)), (after, second + kept[:, 1])):
            for place, number in enumerate(numbers):
                found[where + place] = number
        for side, where in ((0, starts + len(before)), (1, second)):
            some = kept[:, side]
            within = np.arange(int(some.sum())) - np.repeat(np.cumsum(some) - some, some)
            found[np.repeat(where, some) + within] = (
                ids[np.repeat(rows[side:-1:2], some) + within] + layout.shift * side
            )
        n_longer = int((kept < lengths).any(axis=1).sum())
        return Encoded(found, np.concatenate([np.zeros(1, np.int64), ends]), np.arange(len(kept)), len(kept), n_longer)

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

    def knows(self, ids: NDArray[np.int32]) -> bool:
        """Whether a token among those of `Encoded.ids` is a term that was learned, and not what stands around texts.

        Examples
        --------
        >>> vocabulary = Vocabulary(TextPath(), ["", "", "red"], max_tokens=9)
        >>> vocabulary.knows(vocabulary.encode(["blue"]).ids), vocabulary.knows(vocabulary.encode(["blue red"]).ids)
        (False, True)
        """
        own = [self.unknown, *self.around[0], *self.around[1]]
        if self.pairs is not None:
            own += self.pairs.between
            if shift := self.pairs.shift:
                ids, own = ids % shift, [number % shift for number in own]
        return not np.isin(ids, own).all()

    def words(self, text: str) -> list[Word]:
        """The words of one text as far as it is read; pieces of one word, of which subwords are, together.

        Of a pair they are those of the first text, then those of the second, with their places in both put together.

        Examples
        --------
        >>> path = TextPath()
        >>> Vocabulary(path, ["", "", "red"], max_tokens=2, windows=True).words("Red, red fire!")[2]
        Word(term='fire', span=(9, 13), places=((1, 0),))
        """
        singles = [text] if self.pairs is None else parts(text)
        tokens = self.text_path.part.tokens(singles, spans=True, threads=1)
        assert tokens.spans is not None
        lengths = np.diff(tokens.rows)
        if self.pairs is not None:
            lengths = self.pairs.kept(lengths[None], self._room)[0]
        elif not self.windows:
            lengths = np.minimum(lengths, self._room)
        found: list[Word] = []
        place, behind = len(self.around[0]), 0
        for single, first, n in zip(singles, tokens.rows.tolist(), lengths.tolist(), strict=False):
            terms = [tokens.types[number] for number in tokens.ids[first : first + n].tolist()]
            if self.pairs is None:
                places = [(token // self._room, place + token % self._room) for token in range(n)]
            else:
                places = [(0, place + token) for token in range(n)]
                place += n + len(self.pairs.between)
            for word in self._whole(single, terms, tokens.spans[first : first + n].tolist(), places):
                found.append(replace(word, span=(word.span[0] + behind, word.span[1] + behind)))
            behind += len(single) + 1
        return found

    def _whole(
        self, text: str, terms: Sequence[str], spans: Sequence[Sequence[int]], places: Sequence[tuple[int, int]]
    ) -> list[Word]:
        """Tokens of a single text, each with its place in the text and among what is read, as whole words."""
        found: list[Word] = []
        for term, (begin, end), place in zip(terms, spans, places, strict=True):
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
        terms = [term for term in self.terms if term and term != BESIDE and not term.startswith("[")]
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
            **({} if self.pairs is None else {"pairs": asdict(self.pairs)}),
        }
        (folder / FILE).write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Read what `save` wrote.

        Raises
        ------
        FormatError : if the text path would give other terms here than it did there
        CorruptError, OSError, ValueError, KeyError, TypeError : if it is not there, or is not what it says
        """
        where = str(folder / FILE)
        head = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if head["format"] != 1:
            raise CorruptError("a vocabulary of another format", where=where, wanted="1", got=str(head["format"]))
        offsets = read_array(folder / "term_offsets.npy", np.int64)
        terms = decode_types(read_array(folder / "terms.npy", np.uint8), offsets)
        before, after = head["around"]
        pairs = _layout(head["pairs"]) if "pairs" in head else None
        between = [] if pairs is None else [number % pairs.shift if pairs.shift else number for number in pairs.between]
        numbers = (head["pad"], head["unknown"], *before, *after, *between)
        if not all(0 <= int(number) < len(terms) for number in numbers):
            raise CorruptError("it names a term that is not there", where=where)
        return cls(
            read_path(folder, head, where),
            terms,
            max_tokens=int(head["max_tokens"]),
            windows=bool(head["windows"]),
            pad=int(head["pad"]),
            unknown=int(head["unknown"]),
            around=(tuple(map(int, before)), tuple(map(int, after))),
            pairs=pairs,
        )


def _layout(said: dict[str, Any]) -> PairLayout:
    between = tuple(map(int, said["between"]))
    return PairLayout(between, int(said["shift"]), bool(said["after"]), bool(said["apart"]))
