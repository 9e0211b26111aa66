"""The compiled core: whole batches in, arrays out.

Every call on a batch releases the GIL; no result depends on `threads`. Ctrl-C stops a long call in the main thread
within a second: then results are thrown away, and a `TypeTable` is as it was. What changes as it works is spent after
that: a `GramCounter` that was to count, the arrays of `weigh`.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

UNICODE_VERSION: str
SEGMENT_VERSION: str
EMOJI_VERSION: str  # of the names of emoji
TWEET_UNICODE_VERSION: str  # of the character sets of the splitter "tweet"

_Bytes = NDArray[np.uint8]
_Offsets = NDArray[np.int64]
_Texts = list[str] | tuple[_Bytes, _Offsets]
_Ints = NDArray[np.int32]

class Pretokens:
    """What cuts a text into pieces for a subword tokenizer: rules over classes of code points; see pretokens.hpp.

    Of at most 64 classes; bit k of `cuts[j]`: a piece ends between classes j and k. `kinds` of classes for `pattern`
    (0 none, 1 GPT-2's, 2 the one of chat models): 0 other, 1 letter, 2 number, 3 white space.
    """

    def __init__(
        self,
        cuts: Sequence[int],
        removed: int,
        edges: int,
        kinds: Sequence[int],
        pattern: int,
        digits: int,
        prefix: str,
        before: Sequence[str],
        after: Sequence[str],
    ) -> None: ...
    def learned(self, entries: Sequence[tuple[int, int | None, str | None]]) -> Pretokens:
        """A copy that knows more: code point, class (None: awkward), what it becomes (None: itself)."""
    def unknown(self, bytes: _Bytes, offsets: _Offsets) -> _Ints:
        """The code points beyond ASCII that were not learned, in order."""

class Program:
    """What happens to a text until it is split: cleaners, case, a splitter; `min_word` letters are for "words"."""

    def __init__(
        self,
        clean: Sequence[str],
        lower_case: bool,
        min_word: int,
        tokens: str = "words",
        options: int = 0,
        punkt: Punkt | None = None,
        pretokens: Pretokens | None = None,
    ) -> None: ...
    def rewrite(self, raw: str) -> bytes: ...
    def split(self, text: str) -> list[str]:
        """The tokens of one text; ValueError if it holds a lone surrogate."""

class Punkt:
    """Parameters of Punkt: types, the facts of each as bits (native/core/punkt.hpp), pairs one behind the other."""

    def __init__(
        self, bytes: _Bytes, offsets: _Offsets, facts: NDArray[np.uint16], pair_bytes: _Bytes, pair_offsets: _Offsets
    ) -> None: ...

class TypeTable:
    """Distinct tokens, numbered by first appearance."""

    def __init__(self) -> None: ...
    @staticmethod
    def from_arrays(bytes: _Bytes, offsets: _Offsets) -> TypeTable: ...
    def __len__(self) -> int: ...
    def arrays(self, first: int = 0) -> tuple[_Bytes, _Offsets]:
        """The tokens from number `first` on."""
    @property
    def memory(self) -> int:
        """Bytes that it takes."""
    def intern(self, bytes: _Bytes, offsets: _Offsets) -> _Ints:
        """Numbers of tokens, new ones where they were not there; ValueError if one is empty."""
    def find(self, bytes: _Bytes, offsets: _Offsets) -> _Ints:
        """Numbers of tokens, -1 where they are not there."""

def pack(texts: list[str], before: int = 0) -> tuple[_Bytes, _Offsets]:
    """Strings side by side in UTF-8; ValueError or TypeError names the text that is none, counted on from `before`."""

def pack_some(texts: list[str], first: int, most: int, before: int = 0) -> tuple[_Bytes, _Offsets, int]:
    """As `pack`, from the text `first` on until there are `most` characters; and where the next text stands."""

def number_by_spelling(bytes: _Bytes, offsets: _Offsets) -> tuple[_Ints, _Bytes, _Offsets]:
    """Of each string its number among the distinct ones in the order of spelling, -1 of an empty one; and these."""

def take(bytes: _Bytes, offsets: _Offsets, which: _Ints) -> tuple[_Bytes, _Offsets]:
    """Some of the strings, in the order that `which` asks for."""

def last_of(texts: list[str], first: int, most: int) -> int:
    """Where a run of texts from `first` on ends that has `most` characters, or all that there are."""

def scan(
    program: Program, texts: _Texts, types: TypeTable, spans: bool, threads: int
) -> tuple[_Ints, _Offsets, _Ints | None]:
    """Ids (n_tokens,), rows (n_texts + 1,), spans (n_tokens, 2) in code points of the raw texts; `types` grows.

    Strings of a list are read where they lie; ValueError or TypeError names the text that is none.
    """

def scan_frozen(
    program: Program,
    texts: _Texts,
    types: TypeTable,
    others: TypeTable,
    spans: bool,
    threads: int,
) -> tuple[_Ints, _Offsets, _Ints | None]:
    """As `scan`, but tokens that `types` lacks go to `others` and are numbered from len(types) on."""

def segment(kind: str, bytes: _Bytes, offsets: _Offsets, threads: int) -> tuple[_Offsets, _Ints]:
    """Rows (n_texts + 1,), spans (n, 2) in code points; kind is "graphemes", "words", "all_words" or "sentences"."""

def sentences(
    bytes: _Bytes, offsets: _Offsets, punkt: Punkt | None, realign: bool, threads: int
) -> tuple[_Offsets, _Ints]:
    """Rows (n_texts + 1,), spans (n, 2) in code points, by `punkt` or by the rules of the core."""

def rewrite(program: Program, bytes: _Bytes, offsets: _Offsets, threads: int) -> tuple[_Bytes, _Offsets]:
    """Each text after the cleaners and the case of `program`."""

def lead_back(program: Program, bytes: _Bytes, offsets: _Offsets, rows: _Offsets, spans: _Ints, threads: int) -> None:
    """Spans (n, 2) in the texts after the stages become, in place, spans in the raw texts; code points in both."""

def spell_out(ids: _Ints, rows: _Offsets, ends: _Offsets, values: _Ints, threads: int) -> tuple[_Ints, _Offsets]:
    """Each id gives way to ``values[ends[id]:ends[id + 1]]``: the values and the new rows."""

def fingerprints(bytes: _Bytes, offsets: _Offsets, loose: bool, threads: int) -> NDArray[np.uint64]:
    """128-bit hash of each text (n_texts, 2); loose: of its words, with links, case and punctuation gone."""

def similar_texts(ids: _Ints, rows: _Offsets, n_types: int, threshold: float, threads: int) -> tuple[_Ints, int]:
    """Of each text the first one of its group, int32 (n_texts,), and how many pairs were laid side by side.

    Two texts are in one group where the sets of their words have `threshold` of their union in common, or where both
    are in a group with a third.
    """

def csv_rows(columns: Sequence[tuple[_Bytes, _Offsets]], delimiter: str) -> bytes:
    """Columns of texts as rows of RFC 4180."""

class GramCounter:
    """All word n-grams of a corpus, in the order of their spelling: `add` texts, `count` once, ask; `matrix` last."""

    def __init__(self) -> None: ...
    def add(self, ids: _Ints, rows: _Offsets) -> None: ...
    def scan(self, program: Program, texts: _Texts, types: TypeTable, threads: int) -> int:
        """Add texts as the function `scan` numbers them, without arrays in between; how many."""

    def count(self, type_terms: _Ints, n_terms: int, low: int, high: int, min_df: int, threads: int) -> None: ...
    @property
    def n_columns(self) -> int: ...
    def document_frequencies(self) -> NDArray[np.int64]: ...
    def term_frequencies(self) -> NDArray[np.int64]: ...
    def type_frequencies(self) -> NDArray[np.int64]: ...
    def lengths(self) -> _Ints: ...
    def vocabulary(self, keep: NDArray[np.bool_]) -> tuple[_Ints, list[tuple[_Ints, _Ints, _Ints]]]: ...
    def matrix(self, keep: NDArray[np.bool_], threads: int) -> tuple[_Ints, _Ints, _Ints]:
        """Data, indices, indptr; once only, the texts are given up on the way."""

class SkipGramCounter:
    """Word n-grams that leave out up to `skip` places in all between their words, in the order of their spelling."""

    def __init__(
        self,
        ids: _Ints,
        rows: _Offsets,
        type_terms: _Ints,
        n_terms: int,
        low: int,
        high: int,
        skip: int,
        min_df: int,
    ) -> None: ...
    @property
    def n_columns(self) -> int: ...
    @property
    def longest_text(self) -> int:
        """How many terms the longest text has."""

    def document_frequencies(self) -> NDArray[np.int64]: ...
    def term_frequencies(self) -> NDArray[np.int64]: ...
    def vocabulary(self, keep: NDArray[np.bool_]) -> tuple[_Ints, list[tuple[_Ints, _Ints, _Ints]]]: ...

class GramFilter:
    """The n-grams that a sketch did not rule out; a new one lets all pass."""

    def __init__(self) -> None: ...

class GramSketch:
    """An upper bound of the number of texts each n-gram stands in, within about `bytes`, by counters of `bits`."""

    def __init__(self, bytes: int, bits: int, high: int) -> None: ...
    def name(self, types: TypeTable) -> None:
        """The types from the last one named on are their own terms."""
    def name_terms(self, bytes: _Bytes, offsets: _Offsets) -> None:
        """The next types become these terms; an empty one is left out."""
    def forget(self) -> None:
        """Types will be numbered from 0 on."""
    def add(self, ids: _Ints, rows: _Offsets, threads: int) -> None: ...
    def at_least(self, limit: int, threads: int) -> GramFilter:
        """Ends the counting and gives its memory back."""
    @property
    def memory(self) -> int: ...

class StreamCounter:
    """Exact counts, batch by batch, of the n-grams that pass `filter`, which it takes over; `finish`, then ask."""

    def __init__(
        self, filter: GramFilter, low: int, high: int, plain: bool, frequencies: bool, waiting: int
    ) -> None: ...
    @property
    def types(self) -> TypeTable:
        """Those met so far that may matter: scan a batch against them."""
    def add(
        self,
        ids: _Ints,
        rows: _Offsets,
        others: TypeTable,
        bytes: _Bytes | None,
        offsets: _Offsets | None,
        threads: int,
    ) -> None:
        """`bytes` and `offsets` are the terms of `others`, empty where left out; None where types are terms."""
    @property
    def n_texts(self) -> int: ...
    @property
    def n_grams(self) -> int: ...
    @property
    def memory(self) -> int: ...
    def reached(self, length: int) -> bool:
        """Whether any text had that many terms."""
    def finish(self, min_df: int, threads: int) -> None: ...
    @property
    def n_columns(self) -> int: ...
    def document_frequencies(self) -> NDArray[np.int64]: ...
    def term_frequencies(self) -> NDArray[np.int64]: ...
    def vocabulary(
        self, keep: NDArray[np.bool_]
    ) -> tuple[TypeTable, _Ints, TypeTable, _Ints, list[tuple[_Ints, _Ints, _Ints]]]:
        """Terms, the commonest type of each, types, the term of each, levels."""

class Grams:
    """A frozen vocabulary of n-grams: a tree of (prefix, term, column) a length.

    `skip`: places that an n-gram may leave out in all between its words.
    """

    def __init__(self, levels: Sequence[tuple[_Ints, _Ints, _Ints]], low: int, skip: int = 0) -> None: ...
    def find(self, terms: _Ints) -> _Ints:
        """Column and places of the words of each n-gram of one text: int32 (n, 1 + high), -1 behind the last word."""

def count(
    grams: Grams, ids: _Ints, rows: _Offsets, type_terms: _Ints, threads: int
) -> tuple[_Ints, _Ints, _Ints, _Ints]:
    """Counts, columns, row ends, lengths; a type's term is -1 where it is dropped, -2 where it is unknown."""

class RowMaker:
    """A few short texts against frozen features, in one call."""

    def __init__(
        self, program: Program, types: TypeTable, type_terms: _Ints, grams: Grams, tf: int, norm: int, plain: bool
    ) -> None: ...
    def rows(
        self, texts: object, idf: NDArray[np.float64] | None, kind: Literal["f", "d", "q"]
    ) -> tuple[NDArray[Any], _Ints, _Ints] | list[str] | None:
        """Data (float32, float64, or int64: counts), columns, row ends of a list of str.

        A list of words instead where their terms have to be learned first; None where the texts are many, long, no
        list, or not all of them texts.
        """
    def learn(self, words: list[str], terms: _Ints) -> None:
        """Terms of words outside the types, -1 where one is dropped, -2 where it is unknown."""

def hash_counts(
    ids: _Ints,
    rows: _Offsets,
    type_terms: _Ints,
    bytes: _Bytes,
    offsets: _Offsets,
    low: int,
    high: int,
    n_features: int,
    alternate_sign: bool,
    threads: int,
) -> tuple[_Ints, _Ints, _Ints, _Ints]:
    """Signed counts, columns, row ends, lengths of hashed n-grams; `bytes` and `offsets` are the terms."""

def weigh(
    data: _Ints,
    indices: _Ints,
    indptr: _Ints,
    lengths: _Ints,
    idf: NDArray[np.float64] | None,
    tf: int,
    norm: int,
    low: int,
    high: int,
    threads: int,
    out: NDArray[np.float64] | None = None,
    skip: int = 0,
) -> None:
    """Turns int32 counts into weights: float64 into `out`, else float32 in place (view `data` as float32 then)."""

class CharGramCounter:
    """All character n-grams of some strings, in the order of their spelling; `count` once, then ask, `matrix` last.

    `padded`: those inside words, with a blank on either side; else those that begin where a string begins.
    """

    def __init__(self, bytes: _Bytes, offsets: _Offsets, low: int, high: int, padded: bool, threads: int) -> None: ...
    def count(self, ids: _Ints, rows: _Offsets, threads: int) -> None: ...
    @property
    def n_columns(self) -> int: ...
    def document_frequencies(self) -> NDArray[np.int64]: ...
    def term_frequencies(self) -> NDArray[np.int64]: ...
    def names(self, keep: NDArray[np.bool_]) -> tuple[_Bytes, _Offsets]: ...
    def matrix(self, keep: NDArray[np.bool_], threads: int) -> tuple[_Ints, _Ints, _Ints, _Ints]:
        """Counts, columns, row ends over the kept columns; n-grams of each text. Once only."""

class CharGrams:
    """A frozen vocabulary of character n-grams, in ascending order; ValueError where it is not."""

    def __init__(self, bytes: _Bytes, offsets: _Offsets, low: int, high: int, padded: bool) -> None: ...
    def count(
        self, bytes: _Bytes, offsets: _Offsets, ids: _Ints, rows: _Offsets, threads: int
    ) -> tuple[_Ints, _Ints, _Ints, _Ints]:
        """As `CharGramCounter.matrix`; `bytes` and `offsets` are the strings that `ids` number."""
    def places(self, unit: _Bytes) -> _Ints:
        """Column, first code point, end of each n-gram of one string: int32 (n, 3); a blank in front is one before."""

def hash_chars(
    bytes: _Bytes,
    offsets: _Offsets,
    ids: _Ints,
    rows: _Offsets,
    low: int,
    high: int,
    padded: bool,
    n_features: int,
    alternate_sign: bool,
    threads: int,
) -> tuple[_Ints, _Ints, _Ints, _Ints]:
    """Signed counts, columns, row ends of hashed character n-grams; n-grams of each text."""

class SparseMatrix:
    """A CSR matrix (n_rows, n_columns), checked once; ValueError where its arrays do not fit together."""

    def __init__(self, data: NDArray[np.float32], indices: _Ints, indptr: _Ints, n_columns: int) -> None: ...
    def multiply(self, dense: NDArray[np.float64], threads: int) -> NDArray[np.float64]:
        """Times dense (n_columns, k): (n_rows, k), summed in one order whatever `threads`."""
    def transposed(self, threads: int) -> tuple[NDArray[np.float32], _Ints, _Ints]:
        """Data, indices and ends of the transpose, in the same layout."""

class Bag:
    """Outputs = rows @ vectors @ head + bias, learned text by text; see bag.hpp.

    `targets` (n_rows, n_outputs) are probabilities; `strength` (n_rows, 1), or (n_rows, n_outputs) where the outputs do
    not `share` one probability; `start` (n_columns, width) the vectors at the start. None of them may change later.
    ValueError where they do not fit together.
    """

    def __init__(
        self,
        data: NDArray[np.float32],
        indices: _Ints,
        indptr: _Ints,
        targets: NDArray[np.float32],
        strength: NDArray[np.float32],
        share: bool,
        start: NDArray[np.float32],
    ) -> None: ...
    def epoch(self, order: _Ints, batch: int, first_rate: float, last_rate: float, threads: int) -> float:
        """Learns from these rows; the sum of their losses, no finite number where they ran away. Stopped half way, it
        stays there."""
    def vectors(self) -> NDArray[np.float32]:
        """(n_columns, width)."""
    def head(self) -> NDArray[np.float32]:
        """(width, n_outputs)."""
    def bias(self) -> NDArray[np.float32]:
        """(n_outputs,)."""
