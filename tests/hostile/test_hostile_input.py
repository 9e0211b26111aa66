"""Input that was made to break things: worked on like any other, or refused in one sentence that names the row."""

from __future__ import annotations

import itertools
import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from textmill import _native
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import DataError
from textmill.features import CountVectorizer, HashingVectorizer, TfidfVectorizer, WordFeatures
from textmill.text import TextPath, clean_text, text_buffers
from textmill.text.segment import grapheme_spans, sentence_spans, word_spans

SPLITTERS = ["words", "unicode", "sentences", "graphemes", "whitespace", "tweet", "treebank"]
CLEANERS = [
    *("ascii", "casefold", "citations", "control", "digits", "emails", "emoji-drop", "emoji-name", "hashtags-drop"),
    *("hashtags-keep", "hashtags-split", "html", "mentions", "nfc", "nfd", "nfkc", "nfkd", "spaces", "urls"),
]
VECTORIZERS = [
    lambda: CountVectorizer(ngram_range=(1, 2)),
    lambda: TfidfVectorizer(sublinear_tf=True),
    lambda: HashingVectorizer(n_features=1 << 10, ngram_range=(1, 2)),
]


@pytest.fixture(scope="session")
def naughty(data_dir: Path) -> list[str]:
    file = data_dir / "naughty_strings" / "blns.json"
    if not file.is_file():
        pytest.skip("no naughty strings here")
    strings = json.loads(file.read_text(encoding="utf-8"))
    # each alone, all together, and each within itself
    return [*strings, "".join(strings), "\n".join(strings), *(text * 20 for text in strings)]


HOSTILE = [
    "",
    "\0",
    "a\0b\0\0 word\0",
    "e" + "\u0301" * 5000 + " x",
    "\u0323\u0301" * 3000,
    "Z\u0351\u036b\u0343\u036a\u0302" * 500,
    "\u200d" * 3000,
    "👩\u200d" * 1000,
    "🇫" * 999,
    "\ufeff\u202e\u2066 reversed \u2069",
    "\U0010ffff\ufffe\uffff",
    "a" * 100_000,
    "<" * 5000 + ">" * 5000,
    "&" * 5000 + ";",
    "\u0344\u0f73\ufdfa" * 500,
    "\r\r\n\n\u2028\u2029\x85\x0b\x0c\x1c" * 100,
]


def split_all(texts: list[str], tokens: str, clean: list[str]) -> None:
    """Tokens with and without places, one text at a time and all together, are the same and lie in their texts."""
    program = _native.Program(clean, True, 1, tokens)
    data, offsets = _native.pack(texts)
    types = _native.TypeTable()
    ids, rows, spans = _native.scan(program, (data, offsets), types, True, 2)
    assert spans is not None
    again = _native.scan(program, (data, offsets), _native.TypeTable(), False, 1)
    np.testing.assert_array_equal(ids, again[0])
    np.testing.assert_array_equal(rows, again[1])
    lengths = np.repeat(np.array([len(text) for text in texts], np.int64), np.diff(rows))
    assert ((spans[:, 0] >= 0) & (spans[:, 0] <= spans[:, 1]) & (spans[:, 1] <= lengths)).all()
    words, ends = types.arrays()
    spelled = [bytes(words[a:b]).decode("utf-8", "surrogatepass") for a, b in itertools.pairwise(ends)]
    for i in range(0, len(texts), max(1, len(texts) // 40)):
        assert program.split(texts[i]) == [spelled[k] for k in ids[rows[i] : rows[i + 1]]]


@pytest.mark.parametrize("tokens", SPLITTERS)
def test_splitters(tokens: str) -> None:
    split_all(HOSTILE, tokens, [])


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_cleaners(cleaner: str) -> None:
    split_all(HOSTILE, "whitespace", [cleaner])
    for made in clean_text(HOSTILE, [cleaner]):
        made.encode()


@pytest.mark.parametrize("tokens", SPLITTERS)
def test_splitters_on_naughty_strings(tokens: str, naughty: list[str]) -> None:
    split_all(naughty, tokens, [])


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_cleaners_on_naughty_strings(cleaner: str, naughty: list[str]) -> None:
    split_all(naughty, "unicode", [cleaner])


@pytest.mark.parametrize("profile", ["plain", "tweet", "web", "wiki"])
def test_profiles_on_naughty_strings(profile: str, naughty: list[str]) -> None:
    assert len(clean_text(naughty, profile)) == len(naughty)


@pytest.mark.parametrize("make", VECTORIZERS)
def test_vectorizers(make, naughty: list[str]) -> None:
    texts = [*naughty, *HOSTILE]
    matrix = make().fit_transform(texts)
    assert matrix.shape[0] == len(texts)
    assert np.isfinite(matrix.data).all()
    alone = make().fit(texts).transform(texts[5:6])
    np.testing.assert_allclose(alone.toarray(), matrix[5].toarray(), rtol=1e-6)


def test_normal_forms_of_hostile_text_are_pythons() -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        known = [text for text in HOSTILE if unicodedata.is_normalized("NFC", "a" + text + "a") or len(text) < 20_000]
        assert clean_text(known, [form.lower()]) == [unicodedata.normalize(form, text) for text in known]


# -- texts that are none -----------------------------------------------------------------------------------------------

TAKERS = {
    "TextPath.tokens": lambda texts: TextPath(TextConfig()).tokens(texts),
    "clean_text": lambda texts: clean_text(texts, ["html"]),
    "word_spans": word_spans,
    "sentence_spans": sentence_spans,
    "grapheme_spans": grapheme_spans,
    "WordFeatures.fit": lambda texts: WordFeatures.fit(TextPath(TextConfig()), FeaturesConfig(), texts),
    "CountVectorizer": lambda texts: CountVectorizer().fit_transform(texts),
    "HashingVectorizer": lambda texts: HashingVectorizer().transform(texts),
}
takers = pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS.keys())


@takers
def test_a_lone_surrogate_is_told_with_its_row(take) -> None:
    with pytest.raises(ValueError, match=r"\btext 2\b.*surrogate"):
        take(["fire", "flood", "half \ud83d of it", "end"])


@takers
def test_a_missing_text_of_arrow_is_told_with_its_row(take) -> None:
    with pytest.raises(ValueError, match=r"\btext 3\b"):
        take(pa.array(["skip", "fire", "flood", "quake", None, "end"])[1:])


def arrow(texts: list[bytes], offsets: list[int] | None = None, kind: pa.DataType | None = None) -> pa.Array:
    kind = kind or pa.string()
    ends = offsets or np.cumsum([0, *map(len, texts)])
    width = np.int64 if kind == pa.large_string() else np.int32
    buffers = [None, pa.py_buffer(np.array(ends, width).tobytes()), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(kind, len(ends) - 1, buffers)


@takers
def test_bytes_that_are_no_utf8_are_told_with_their_row(take) -> None:
    with pytest.raises(ValueError, match=r"\btext 1 is no UTF-8"):
        take(arrow([b"skip", b"fire", b"fl\xffood", b"end"])[1:])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("offsets", [[0, 4, 2, 9], [0, 99, 4, 9], [0, -1, 4, 9]])
def test_corrupt_offsets_are_refused(offsets: list[int], kind: pa.DataType) -> None:
    with pytest.raises(DataError, match="corrupt"):
        text_buffers(arrow([b"fire", b"flood"], offsets, kind))


@pytest.mark.parametrize(
    "offsets", [[0, 2**31], [0, 2**32], [2**62, 2**63 - 1], [-(2**63), 0], [0, -1], [3, 2], [-1, 2], [0, 10]]
)
def test_offsets_that_do_not_fit_are_refused_by_the_core(offsets: list[int]) -> None:
    data, places = np.frombuffer(b"some text", np.uint8), np.array(offsets, np.int64)
    for call in (
        lambda: _native.scan(_native.Program([], True, 2), (data, places), _native.TypeTable(), False, 1),
        lambda: _native.segment("words", data, places, 1),
        lambda: _native.fingerprints(data, places, True, 1),
        lambda: _native.rewrite(_native.Program([], True, 2), data, places, 1),
        lambda: _native.csv_rows([(data, places)], ","),
        lambda: _native.TypeTable.from_arrays(data, places),
    ):
        with pytest.raises(ValueError, match="offsets do not fit the bytes"):
            call()


def test_slices_of_slices_are_what_they_say() -> None:
    for kind in (pa.string(), pa.large_string()):
        whole = pa.array(["zero", "", "one\0", "twö", "three", "four"], kind)
        part = whole[1:][1:4]
        data, offsets = text_buffers(part)
        assert [bytes(data[a:b]).decode() for a, b in itertools.pairwise(offsets)] == part.to_pylist()
        assert TextPath(TextConfig()).tokens(part).types == ["one", "twö", "three"]


def test_offsets_at_the_limit_of_32_bits_do_not_wrap() -> None:
    most = 2**31 - 1
    offsets = np.array([most - 9, most - 5, most], np.int32).astype(np.int64)
    data = np.frombuffer(b"some text", np.uint8)
    with pytest.raises(ValueError, match="offsets do not fit the bytes"):
        _native.scan(_native.Program([], True, 2), (data, offsets), _native.TypeTable(), False, 1)


@pytest.mark.parametrize(("before", "row"), [(0, 1), (7, 8)])
def test_a_text_too_long_for_places_is_told_with_its_row(
    before: int, row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OverflowError("text 1 is longer than 2 GiB: places in it do not fit 32 bits")

    chunks = iter([["a"] * before, ["b"] * 2] if before else [["b"] * 2])
    path = TextPath(TextConfig())
    whole = _native.scan
    monkeypatch.setattr(
        _native, "scan", lambda *given: (whole if before and len(given[1]) == before else refuse)(*given)
    )
    with pytest.raises(DataError, match=rf"text {row} is longer than 2 GiB.*Cut it"):
        path.tokens(chunks, spans=True)


# -- many and large ----------------------------------------------------------------------------------------------------


def test_a_million_empty_texts() -> None:
    for texts in ([""] * 1_000_000, pa.array([""] * 1_000_000)):
        tokens = TextPath(TextConfig()).tokens(texts, spans=True)
        assert (len(tokens.ids), len(tokens.rows), tokens.rows[-1]) == (0, 1_000_001, 0)
    assert len(word_spans(texts).rows) == 1_000_001
    assert HashingVectorizer(n_features=16).transform(texts).shape == (1_000_000, 16)
    with pytest.raises(ValueError, match="empty vocabulary"):
        CountVectorizer().fit(texts)


def free_memory() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.parametrize("tokens", ["words", "unicode", "whitespace"])
def test_a_gigabyte_in_one_text(tokens: str) -> None:
    if free_memory() < 8 << 30:
        pytest.skip("less than 8 GiB of memory are free")
    piece = (
        "One gigabyte of text, in one row; élan vital 123. " + 'pneumono-ultra-micro"' * 20 + "x" * 500 + " "
    ).encode()
    n = 1_000_000_000 // len(piece)
    data = np.tile(np.frombuffer(piece, np.uint8), n)
    types = _native.TypeTable()
    program = _native.Program([], False, 2, tokens)
    ids, rows, _ = _native.scan(program, (data, np.array([0, len(data)])), types, False, 2)
    one = program.split(piece.decode())
    assert rows.tolist() == [0, n * len(one)]
    assert len(types) == len(set(one))
    np.testing.assert_array_equal(ids[: len(one)], ids[-len(one) :])


@pytest.mark.slow
def test_a_gigabyte_in_one_text_with_places() -> None:
    if free_memory() < 8 << 30:
        pytest.skip("less than 8 GiB of memory are free")
    piece = b"Long words only:" + b" " + b"w" * 982 + b" "
    data = np.tile(np.frombuffer(piece, np.uint8), 1_000_000)
    ids, _, spans = _native.scan(
        _native.Program([], False, 2), (data, np.array([0, len(data)])), _native.TypeTable(), True, 2
    )
    assert spans is not None
    assert len(ids) == 4_000_000
    assert spans[-1].tolist() == [len(data) - 983, len(data) - 1]
