"""Many texts at once: numbers do not depend on threads or batches, and what does not fit is refused."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oracle import words
from strategies import texts
from textmill import _native
from textmill.errors import DataError
from textmill.text import text_buffers

PROGRAM = _native.Program(["html", "urls"], True, 2)


def spelled(types: _native.TypeTable) -> list[str]:
    data, ends = types.arrays()
    return [data[a:b].tobytes().decode() for a, b in itertools.pairwise(ends)]


def many_texts(seed: int, n: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(f"w{int(rng.paretovariate(0.7)) % 5000}é" for _ in range(rng.randrange(30))) for _ in range(n)]


@given(st.lists(texts, max_size=6), st.integers(1, 3))
@example(["é", "Straße", "\u0130x ÀB", "日本 go", "a\U0001f525b Ω", "plain", "", "\x00a\x00", "x" * 40 + "é"], 2)
def test_strings_are_read_where_they_lie_as_if_side_by_side(batch: list[str], threads: int) -> None:
    for spans in (False, True):
        one, other = _native.TypeTable(), _native.TypeTable()
        in_place = _native.scan(PROGRAM, batch, one, spans, threads)
        packed = _native.scan(PROGRAM, _native.pack(batch), other, spans, threads)
        for found, wanted in zip(in_place, packed, strict=True):
            assert (found is None and wanted is None) or found.tolist() == wanted.tolist()
        assert [part.tolist() for part in one.arrays()] == [part.tolist() for part in other.arrays()]


def test_a_string_that_is_no_text_is_named() -> None:
    types = _native.TypeTable()
    for bad, kind, said in (
        ("lone \ud800", ValueError, "text 1 holds a lone surrogate"),
        (7, TypeError, "text 1 is no str but int"),
    ):
        with pytest.raises(kind, match=said):
            _native.scan(PROGRAM, ["fine", bad], types, False, 2)  # type: ignore[list-item]
    assert len(types) == 0


@given(st.lists(texts, max_size=6))
def test_types_are_numbered_by_first_appearance(batch: list[str]) -> None:
    types = _native.TypeTable()
    ids, rows, spans = _native.scan(PROGRAM, _native.pack(batch), types, False, 1)
    assert spans is None
    assert (ids.tolist(), rows.tolist(), spelled(types)) == words.numbered(batch, ["html", "urls"])


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("frozen", [False, True])
def test_threads_change_nothing(threads: int, frozen: bool) -> None:
    batch = many_texts(1, 8000)  # enough bytes for eight threads
    packed = _native.pack(batch)
    assert len(packed[0]) > 8 * 64 * 1024

    def scanned(threads: int) -> tuple[Any, ...]:
        types, others = _native.TypeTable(), _native.TypeTable()
        if frozen:
            _native.scan(PROGRAM, _native.pack(batch[::5]), types, False, 1)
            found = _native.scan_frozen(PROGRAM, packed, types, others, True, threads)
        else:
            found = _native.scan(PROGRAM, packed, types, True, threads)
        return (*(array.tolist() for array in found if array is not None), spelled(types), spelled(others))

    assert scanned(threads) == scanned(1)


@given(st.lists(texts, max_size=6), st.integers(0, 6))
def test_batches_change_nothing(batch: list[str], cut: int) -> None:
    whole, parts = _native.TypeTable(), _native.TypeTable()
    ids, _, _ = _native.scan(PROGRAM, _native.pack(batch), whole, False, 1)
    first, _, _ = _native.scan(PROGRAM, _native.pack(batch[:cut]), parts, False, 1)
    second, _, _ = _native.scan(PROGRAM, _native.pack(batch[cut:]), parts, False, 1)
    assert ids.tolist() == [*first.tolist(), *second.tolist()]
    assert spelled(whole) == spelled(parts)


@given(st.lists(texts, max_size=5), st.lists(texts, max_size=5))
def test_a_frozen_table_stays_and_new_words_are_numbered_behind_it(old: list[str], new: list[str]) -> None:
    types, others, grown = _native.TypeTable(), _native.TypeTable(), _native.TypeTable()
    _native.scan(PROGRAM, _native.pack(old), types, False, 1)
    before = spelled(types)
    frozen, _, _ = _native.scan_frozen(PROGRAM, _native.pack(new), types, others, False, 1)
    _native.scan(PROGRAM, _native.pack(old), grown, False, 1)
    open_, _, _ = _native.scan(PROGRAM, _native.pack(new), grown, False, 1)
    assert frozen.tolist() == open_.tolist()
    assert spelled(types) == before
    assert spelled(types) + spelled(others) == spelled(grown)
    again = _native.TypeTable.from_arrays(*types.arrays())
    assert spelled(again) == before


def test_arrow_offsets_that_start_inside_the_bytes_are_fine() -> None:
    types = _native.TypeTable()
    data, offsets = _native.pack(["left out", "fire here", "", "fire"])
    ids, rows, _ = _native.scan(PROGRAM, (data, offsets[1:]), types, False, 1)
    assert (ids.tolist(), rows.tolist()) == ([0, 1, 0], [0, 2, 2, 3])


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_bytes_that_are_no_utf_8_break_nothing(raw: list[bytes]) -> None:
    data = np.frombuffer(b"".join(raw), np.uint8)
    offsets = np.cumsum([0, *map(len, raw)])
    for clean in ([], ["html", "urls", "mentions"]):
        types = _native.TypeTable()
        _native.scan(_native.Program(clean, True, 2), (data, offsets), types, True, 1)
        for word in spelled(types):  # only whole characters are words
            assert words.WORD.fullmatch(word)
    _native.fingerprints(data, offsets, True, 1)


def test_a_million_empty_texts() -> None:
    types = _native.TypeTable()
    ids, rows, _ = _native.scan(PROGRAM, (np.zeros(0, np.uint8), np.zeros(1_000_001, np.int64)), types, False, 2)
    assert (len(ids), len(types), rows.any()) == (0, 0, False)
    assert _native.scan(PROGRAM, _native.pack([]), types, True, 2)[1].tolist() == [0]


@pytest.mark.slow
def test_a_text_of_50_megabytes() -> None:
    text = "Fire & <b>flood</b> ÉTÉ http://a.b/c " * (50_000_000 // 38)
    types = _native.TypeTable()
    ids, rows, _ = _native.scan(PROGRAM, _native.pack([text]), types, False, 2)
    assert spelled(types) == ["fire", "flood", "été"]
    assert rows.tolist() == [0, len(ids)] == [0, 3 * (50_000_000 // 38)]
    one_word = _native.TypeTable()
    assert _native.scan(PROGRAM, _native.pack(["x" * 50_000_000]), one_word, False, 1)[0].tolist() == [0]


def _int64(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


def _int32(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int32)


BYTES = np.frombuffer(b"fire flood", np.uint8)
CSR = (np.ones(2, np.int32), _int32(0, 1), _int32(0, 1, 2))


@pytest.mark.parametrize(
    "offsets", [_int64(), _int64(0, 11), _int64(-1, 4), _int64(5, 4), _int64(0, 8, 4, 10), _int64(0, 2**62)]
)
def test_offsets_that_do_not_fit_are_refused(offsets: np.ndarray[Any, Any]) -> None:
    types = _native.TypeTable()
    for call in (
        lambda: _native.scan(PROGRAM, (BYTES, offsets), types, True, 1),
        lambda: _native.scan_frozen(PROGRAM, (BYTES, offsets), types, _native.TypeTable(), True, 1),
        lambda: _native.fingerprints(BYTES, offsets, True, 1),
        lambda: _native.TypeTable.from_arrays(BYTES, offsets),
    ):
        with pytest.raises(ValueError, match="offsets"):
            call()
    assert len(types) == 0


def _counter(
    ids: np.ndarray[Any, Any],
    rows: np.ndarray[Any, Any],
    type_terms: np.ndarray[Any, Any],
    n_terms: int,
    ngrams: tuple[int, int],
    threads: int,
) -> _native.GramCounter:
    made = _native.GramCounter()
    made.add(ids, rows)
    made.count(type_terms, n_terms, *ngrams, 1, threads)
    return made


GRAMS = _native.Grams([(_int32(), _int32(), _int32(0, 1)), (_int32(0), _int32(1), _int32(2))], 1)
SPARSE = _native.SparseMatrix(np.ones(2, np.float32), *CSR[1:], 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: _counter(_int32(0), _int64(0, 2), _int32(0), 1, (1, 1), 1),
        lambda: _counter(_int32(0), _int64(1, 1), _int32(0), 1, (1, 1), 1),
        lambda: _counter(_int32(0, 0), _int64(0, 2, 1, 2), _int32(0), 1, (1, 1), 1),
        lambda: _counter(_int32(0), _int64(), _int32(0), 1, (1, 1), 1),
        lambda: _counter(_int32(1), _int64(0, 1), _int32(0), 1, (1, 1), 1),
        lambda: _counter(_int32(-1), _int64(0, 1), _int32(0), 1, (1, 1), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(1), 1, (1, 1), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 2**40, (1, 1), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), -1, (1, 1), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 1, (0, 1), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 1, (2, 1), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 1, (1, 9), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 1, (1, 1), 0),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 1, (1, 1), 1).matrix(np.ones(2, bool), 1),
        lambda: _counter(_int32(0), _int64(0, 1), _int32(0), 1, (1, 1), 1).vocabulary(np.ones(0, bool)),
        lambda: _native.Grams([], 1),
        lambda: _native.Grams([(_int32(), _int32(), _int32(0)), (_int32(0, 0), _int32(0), _int32(1))], 1),
        lambda: _native.Grams([(_int32(), _int32(), _int32(0)), (_int32(1), _int32(0), _int32(1))], 1),
        lambda: _native.Grams([(_int32(), _int32(), _int32(0)), (_int32(0), _int32(-1), _int32(1))], 1),
        lambda: GRAMS.find(_int32(2)),
        lambda: _native.count(GRAMS, _int32(0), _int64(0, 1), _int32(2), 1),
        lambda: _native.count(GRAMS, _int32(0), _int64(0, 1), _int32(-3), 1),
        lambda: _native.count(GRAMS, _int32(7), _int64(0, 1), _int32(0), 1),
        lambda: _native.weigh(*CSR, _int32(1), None, 0, 0, 1, 1, 1),
        lambda: _native.weigh(*CSR, _int32(1, 1), np.ones(1), 0, 0, 1, 1, 1),
        lambda: _native.weigh(CSR[0], CSR[1], _int32(0, 3, 2), _int32(1, 1), None, 0, 0, 1, 1, 1),
        lambda: _native.weigh(*CSR, _int32(1, 1), None, 4, 0, 1, 1, 1),
        lambda: _native.weigh(*CSR, _int32(1, 1), None, 2, 0, 1, 2**31 - 1, 1),
        lambda: _native.SparseMatrix(np.ones(2, np.float32), _int32(0, 2), _int32(0, 1, 2), 2),
        lambda: _native.SparseMatrix(np.ones(2, np.float32), _int32(0, -1), _int32(0, 1, 2), 2),
        lambda: _native.SparseMatrix(np.ones(2, np.float32), _int32(0, 1), _int32(0, 1, 1), 2),
        lambda: _native.SparseMatrix(np.ones(2, np.float32), _int32(0, 1), _int32(), 2),
        lambda: _native.SparseMatrix(np.ones(1, np.float32), _int32(0, 1), _int32(0, 2), 2),
        lambda: _native.SparseMatrix(np.ones(2, np.float32), _int32(0, 1), _int32(0, 1, 2), -1),
        lambda: SPARSE.multiply(np.ones((3, 1)), 1),
        lambda: SPARSE.multiply(np.ones((2, 1)), 0),
        lambda: _native.Program(["htlm"], True, 2),
        lambda: _native.Program([], True, 0),
        lambda: _native.scan(PROGRAM, (BYTES, _int64(0, 10)), _native.TypeTable(), True, -1),
        lambda: _native.TypeTable.from_arrays(BYTES, _int64(0, 0, 4)),
        lambda: _native.TypeTable.from_arrays(np.frombuffer(b"aa", np.uint8), _int64(0, 1, 2)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        call()


def test_weigh_takes_only_an_array_it_can_write_into() -> None:
    for data in (
        np.ones(2, np.int64),
        np.ones(4, np.int32)[::2],
        np.frombuffer(np.ones(2, np.int32).tobytes(), np.int32),
    ):
        with pytest.raises(TypeError):
            _native.weigh(data, *CSR[1:], _int32(1, 1), None, 0, 0, 1, 1, 1)


def test_one_table_cannot_be_both_frozen_and_growing() -> None:
    types = _native.TypeTable()
    with pytest.raises(ValueError, match="two tables"):
        _native.scan_frozen(PROGRAM, (BYTES, _int64(0, 10)), types, types, False, 1)


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (["fine", "lone \ud800"], "text 1 holds a lone surrogate"),
        (["fine", None], "text 1 is no str but NoneType"),
        ([b"bytes"], "text 0 is no str but bytes"),
        ([1.5], "text 0 is no str but float"),
    ],
)
def test_what_is_no_text_is_named(batch: list[Any], said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        _native.pack(batch)
    with pytest.raises(DataError, match=said):
        text_buffers(batch)


TRAPS = {
    "open tags": "<a",
    "open comments": "<!--",
    "open scripts": "<script>",
    "half scripts": "<script",
    "script ends": "<script></script",
    "styles": "<style></style",
    "ampersands": "&",
    "long names": "&abcdefghijklmnopqrstuvwxyz",
    "numbers": "&#1",
    "at signs": "@",
    "at words": "@a",
    "link heads": "http://",
    "link heads apart": "https:// ",
    "www": "www.",
    "marks": "\u0301",
    "sigmas": "Σ",
    "sigmas and marks": "Σ" + "\u0301" * 5,
    "sigmas, then marks": "aΣ\u00ad",
    "dots above": "İ",
    "one word": "x",
    "one astral word": "𐐀",
    "words": "ab ",
}


@cache
def seconds(text: str) -> float:
    program = _native.Program(["html", "urls", "mentions"], True, 2)
    packed = _native.pack([text])
    best = float("inf")
    for _ in range(3):
        started = time.thread_time()  # of this thread alone: other processes do not count
        _native.scan(program, packed, _native.TypeTable(), True, 1)
        best = min(best, time.thread_time() - started)
    return best


@pytest.mark.parametrize("trap", list(TRAPS))
def test_no_text_takes_much_longer_than_plain_words_of_its_size(trap: str) -> None:
    n_bytes = 400_000  # what is quadratic takes seconds here
    piece = TRAPS[trap]
    tail = "\u0301" * (n_bytes // 8) if trap == "sigmas, then marks" else ""
    assert seconds(piece * (n_bytes // len(piece.encode())) + tail + ">") < 30 * seconds("word " * (n_bytes // 5))


def test_a_counter_that_has_not_counted_says_so() -> None:
    counter = _native.GramCounter()
    counter.add(_int32(0), _int64(0, 1))
    assert counter.n_columns == 0
    for ask in (lambda: counter.vocabulary(np.ones(0, bool)), lambda: counter.matrix(np.ones(0, bool), 1)):
        with pytest.raises(RuntimeError, match="not counted"):
            ask()
    counter.count(_int32(0), 1, 1, 1, 1, 1)
    for ask in (lambda: counter.count(_int32(0), 1, 1, 1, 1, 1), lambda: counter.add(_int32(0), _int64(0, 1))):
        with pytest.raises(RuntimeError, match="counted already"):
            ask()


def test_a_counter_gives_its_matrix_once() -> None:
    counter = _counter(_int32(0), _int64(0, 1), _int32(0), 1, (1, 1), 1)
    counter.matrix(np.ones(1, bool), 1)
    for ask in (lambda: counter.matrix(np.ones(1, bool), 1), counter.document_frequencies):
        with pytest.raises(RuntimeError, match="given up"):
            ask()
