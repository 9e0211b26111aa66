"""Subwords of a Hugging Face tokenizer file: each distinct piece of text goes through its model once.

The one file that imports the `tokenizers` library, when a tokenizer is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import thread_count
from textmill.errors import DataError, MissingExtra
from textmill.text.buffers import TextBuffers, text_buffers
from textmill.text.pretokens import Recipe, Unsupported, recipe
from textmill.types import Tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["SubwordTokens"]

_MET_AT_MOST, _MET_LETTERS = 500_000, 64
_MODELS = ("BPE", "Unigram", "WordLevel", "WordPiece")


class SubwordTokens:
    """Split texts as a tokenizer file of the Hugging Face `tokenizers` library says: BPE, WordPiece, Unigram.

    Ids and places are those of ``Tokenizer.encode(text, add_special_tokens=False)``. Text is cut into pieces by the
    compiled core, and each distinct piece goes through the library's model once; where a file asks for more than the
    core can do (`by_library` says what), whole texts go through the library. The length limit and the padding that a
    file may hold are for models that take so many tokens; here they are left out.

    Made by `from_file` or `from_bytes`. Any number of threads may use one at the same time.

    Attributes
    ----------
    version : of the library
    by_library : why every text goes through the library as a whole; None where pieces do
    vocabulary : what each id stands for

    Raises
    ------
    DataError : if the bytes are no tokenizer file, or one that gives the same text other ids each time (dropout)
    MissingExtra : if the library is not installed

    Examples
    --------
    >>> from tokenizers import Tokenizer, models, pre_tokenizers
    >>> made = Tokenizer(models.WordPiece({"[UNK]": 0, "flood": 1, "##ed": 2, "!": 3}, unk_token="[UNK]"))
    >>> made.pre_tokenizer = pre_tokenizers.Whitespace()
    >>> subwords = SubwordTokens.from_bytes(made.to_str().encode())
    >>> subwords.tokenize("flooded !")
    ['flood', '##ed', '!']
    >>> ids, rows = subwords.ids(["flood!", "flooded"])
    >>> ids.tolist(), rows.tolist()
    ([1, 3, 1, 2], [0, 2, 4])
    """

    def __init__(self, data: bytes, *, where: str | None = None) -> None:
        self._data = bytes(data)
        spec = _spec(self._data, where)
        self._library = _library(self._data, where)
        self._model = self._library.model
        self.version = version("tokenizers")
        known = self._library.get_vocab(with_added_tokens=True)
        self.vocabulary: list[str] = [""] * (max(known.values(), default=-1) + 1)
        for token, number in sorted(known.items()):
            self.vocabulary[number] = token
        self._met: dict[str, tuple[int, ...]] = {}
        self._recipe: Recipe | None = None
        self.by_library: str | None = None
        try:
            if self._library.encode("", add_special_tokens=False).ids:
                raise Unsupported("it makes tokens of an empty text")
            self._recipe = recipe(spec, self._normalizer_of, self._pre_tokenizer_of)
        except Unsupported as reason:
            self.by_library = str(reason)

    @classmethod
    def from_file(cls, path: Path | str) -> SubwordTokens:
        """Read a ``tokenizer.json``.

        Raises
        ------
        DataError : if it cannot be read, or is no tokenizer file
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise DataError(f"it cannot be read: {error.strerror}", where=str(path)) from error
        return cls(data, where=str(path))

    @classmethod
    def from_bytes(cls, data: bytes) -> SubwordTokens:
        """Take the bytes of a ``tokenizer.json``.

        Raises
        ------
        DataError : if they are no tokenizer file
        """
        return cls(data)

    def __reduce__(self) -> tuple[type[SubwordTokens], tuple[bytes]]:
        return SubwordTokens, (self._data,)

    def tokenize(self, text: str) -> list[str]:
        """The tokens of one text, as they stand in the vocabulary.

        Raises
        ------
        DataError : if `text` is no str or holds a lone surrogate
        """
        ids, _ = self.ids([text], threads=1)
        return [self.vocabulary[number] for number in ids.tolist()]

    def ids(self, texts: Any, *, threads: int | None = None) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The ids of many texts; the same for any number of threads.

        Parameters
        ----------
        texts : what `text_buffers` takes: a list of str, an Arrow array, a column of a frame

        Returns
        -------
        ids : int32 (n_tokens,), numbers of the vocabulary
        rows : int64 (n_texts + 1,), text i owns ``ids[rows[i]:rows[i + 1]]``

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        buffers, threads = text_buffers(texts), thread_count(threads)
        if self._recipe is None:
            return _ragged([encoded.ids for encoded in self._encoded(_decoded(buffers))])
        for_core = self._recipe
        codes = for_core.pretokens.unknown(*buffers)
        if len(codes):
            for_core.learn(codes.tolist())
        program = _native.Program([], False, 1, "pretokens", pretokens=for_core.pretokens)
        table = _native.TypeTable()
        pieces, rows, _ = _native.scan(program, buffers, table, False, threads)
        spelled, awkward = _spelled(table)
        values = self._pieces(spelled)
        if awkward is not None:
            # the texts that the core left alone: each stands for itself, behind all pieces
            places = np.flatnonzero(pieces == awkward)
            owners = np.searchsorted(rows, places, side="right") - 1
            left = {text: i for i, text in enumerate(dict.fromkeys(_decoded(buffers, owners)))}
            values += [tuple(encoded.ids) for encoded in self._encoded(list(left))]
            pieces[places] = [len(spelled) + left[text] for text in _decoded(buffers, owners)]
        flat, ends = _ragged(values)
        return _native.spell_out(pieces, rows, ends, flat, threads)

    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens:
        """The tokens of many texts, numbered by first appearance; the same for any number of threads.

        Parameters
        ----------
        texts : what `text_buffers` takes
        spans : also say where each token lies in its raw text, as the library does: half-open, in code points. All
            texts go through the library then

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        buffers = text_buffers(texts)
        places = None
        if spans:
            encoded = self._encoded(_decoded(buffers))
            numbers, rows = _ragged([one.ids for one in encoded])
            flat = list(chain.from_iterable(one.offsets for one in encoded))
            places = np.array(flat, np.int32).reshape(-1, 2)
        else:
            numbers, rows = self.ids(buffers, threads=threads)
        ids, order = first_seen(numbers, len(self.vocabulary))
        return Tokens(ids=ids, rows=rows, spans=places, types=[self.vocabulary[number] for number in order.tolist()])

    def _pieces(self, pieces: list[str]) -> list[tuple[int, ...]]:
        """The ids of each piece."""
        assert self._recipe is not None
        met = self._met if len(self._met) < _MET_AT_MOST else {}
        spell, tokenize = self._recipe.spell, self._model.tokenize
        fresh = {piece: tuple([token.id for token in tokenize(spell(piece))]) for piece in pieces if piece not in met}
        found = [fresh[piece] if (ids := met.get(piece)) is None else ids for piece in pieces]
        # the next texts have mostly the same pieces; one of a megabyte will not come again, and is not kept
        met.update((piece, ids) for piece, ids in fresh.items() if len(piece) <= _MET_LETTERS)
        self._met = met
        return found

    def _encoded(self, texts: list[str]) -> list[Any]:
        if len(texts) == 1:
            return [self._library.encode(texts[0], add_special_tokens=False)]
        return list(self._library.encode_batch(texts, add_special_tokens=False))

    def _normalizer_of(self, part: Mapping[str, Any]) -> Any:
        return self._with(normalizer=part).normalizer

    def _pre_tokenizer_of(self, part: Mapping[str, Any]) -> Any:
        return self._with(pre_tokenizer=part).pre_tokenizer

    def _with(self, **parts: Mapping[str, Any]) -> Tokenizer:
        """A tokenizer of one part, and a model of no words."""
        empty = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
        return type(self._library).from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": empty} | parts))


def first_seen(numbers: NDArray[np.int32], n: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Numbers below `n` renumbered by first appearance, and which number each new one was.

    Examples
    --------
    >>> ids, order = first_seen(np.array([7, 2, 7], np.int32), 9)
    >>> ids.tolist(), order.tolist()
    ([0, 1, 0], [7, 2])
    """
    first = np.full(n, -1, np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)  # of equal places the last assigned stays
    there = np.flatnonzero(first >= 0)
    order = there[np.argsort(first[there])]
    new = np.full(n, -1, np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return new[numbers], order


def _spec(data: bytes, where: str | None) -> dict[str, Any]:
    try:
        spec: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError(f"this is no tokenizer file: {error}", where=where) from error
    model = spec.get("model") if isinstance(spec, dict) else None
    if not isinstance(model, dict):
        raise DataError(
            "this is no tokenizer file",
            where=where,
            wanted="the JSON of the tokenizers library, with a 'model'",
            hint="It is called tokenizer.json; a vocab.txt or vocab.json alone does not say how text is split.",
        )
    if model.get("dropout"):
        raise DataError(
            "this tokenizer gives the same text other ids each time",
            where=where,
            wanted="no dropout in its model",
            got=f"dropout {model['dropout']}",
        )
    return dict(spec)


def _library(data: bytes, where: str | None) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtra("a subword tokenizer", package="tokenizers", extra="subword") from error
    try:
        made = Tokenizer.from_buffer(data)
    except Exception as error:  # the library raises nothing more special
        raise DataError(f"the tokenizers library cannot read this: {error}", where=where) from error
    made.no_truncation()
    made.no_padding()
    return made


def _decoded(buffers: TextBuffers, rows: Sequence[int] | NDArray[Any] | None = None) -> list[str]:
    ends = buffers.offsets.tolist()
    wanted = range(buffers.n_texts) if rows is None else [int(row) for row in rows]
    return [buffers.bytes[ends[i] : ends[i + 1]].tobytes().decode("utf-8", "replace") for i in wanted]


def _spelled(table: _native.TypeTable) -> tuple[list[str], int | None]:
    """The pieces, and which of them stands for a text that the core left alone; it is no UTF-8."""
    data, offsets = table.arrays()
    raw, ends = data.tobytes(), offsets.tolist()
    if raw.isascii():
        text = raw.decode("ascii")
        return [text[a:b] for a, b in pairwise(ends)], None
    pieces = [raw[a:b] for a, b in pairwise(ends)]
    awkward = pieces.index(b"\xff") if b"\xff" in pieces else None
    return [piece.decode("utf-8", "replace") for piece in pieces], awkward


def _ragged(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    ends = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=ends[1:])
    return np.fromiter(chain.from_iterable(rows), np.int32, int(ends[-1])), ends
