"""Grapheme clusters, words and sentences: Unicode's own tests, a plain twin, laws, and texts made to take long."""

from __future__ import annotations

import gzip
import importlib
import itertools
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.segment import Rules
from strategies import is_known, texts
from textmill import _native
from textmill.errors import DataError
from textmill.text.buffers import decode_types
from textmill.text.segment import (
    SEGMENT_VERSION,
    grapheme_spans,
    graphemes,
    sentence_spans,
    sentences,
    word_spans,
    word_tokens,
    words,
)

KINDS = ("graphemes", "words", "all_words", "sentences")
every_kind = pytest.mark.parametrize("kind", KINDS)


def all_words(text: str) -> list[str]:
    return words(text, all=True)


CUT: dict[str, Callable[[str], list[str]]] = {
    "graphemes": graphemes,
    "words": words,
    "all_words": all_words,
    "sentences": sentences,
}


@pytest.fixture(scope="module")
def folder(data_dir: Path) -> Path:
    found = data_dir / "unicode"
    if not (found / "WordBreakTest.txt").is_file():
        pytest.skip("the Unicode files are not here")
    return found


@pytest.fixture(scope="module")
def rules(folder: Path) -> Rules:
    return Rules(folder)


@pytest.fixture(scope="module")
def odd_characters(rules: Rules) -> list[str]:
    """A few characters of each mixture of classes that there is."""
    mixtures: dict[tuple[object, ...], list[str]] = {}
    known = rules.grapheme.keys() | rules.word.keys() | rules.sentence.keys() | rules.pictographs.keys()
    for code in sorted(known | {*range(128)}):
        mixture = (
            *(table.get(code) for table in (rules.grapheme, rules.word, rules.sentence, rules.pictographs)),
            code < 128,
        )
        if not 0xD800 <= code < 0xE000 and is_known(chr(code)):
            mixtures.setdefault(mixture, []).append(chr(code))
    return [char for chars in mixtures.values() for char in {chars[0], chars[len(chars) // 2], chars[-1]}]


# ---- against the standard


@pytest.mark.parametrize(
    ("name", "kind"),
    [("GraphemeBreakTest", "graphemes"), ("WordBreakTest", "all_words"), ("SentenceBreakTest", "sentences")],
)
def test_every_line_of_unicodes_break_tests(folder: Path, name: str, kind: str) -> None:
    lines = (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert SEGMENT_VERSION in lines[0]
    bodies = [body for line in lines if (body := line.split("#")[0].strip())]
    assert len(bodies) > 500
    for body in bodies:
        segments = [re.findall(r"[0-9A-F]{4,6}", part) for part in body.strip("÷ ").split("÷")]
        wanted = ["".join(chr(int(code, 16)) for code in codes) for codes in segments]
        assert CUT[kind]("".join(wanted)) == wanted, body


def test_each_emoji_of_the_emoji_tests_is_one_grapheme_and_no_word(folder: Path) -> None:
    lines = (folder / "emoji-test.txt").read_text(encoding="utf-8").splitlines()
    fields = [line.split(";")[0].split() for line in lines if line and line[0] != "#"]
    emoji = ["".join(chr(int(code, 16)) for code in codes) for codes in fields]
    assert len(emoji) > 4000
    assert [graphemes(found) for found in emoji] == [[found] for found in emoji]
    # Word_Break counts some letters that are emoji too as letters, and keycaps start with digits
    of_letters = {found for found in emoji if words(found)}
    assert {char for found in of_letters for char in found if not unicodedata.category(char).startswith("M")} <= {
        *"0123456789©®™ℹⓂ🅰🅱🅾🅿",
    }


@given(data=st.data())
@every_kind
def test_native_agrees_with_the_plain_twin(
    rules: Rules, odd_characters: list[str], kind: str, data: st.DataObject
) -> None:
    odd = st.lists(st.sampled_from(odd_characters), max_size=12).map("".join)
    ascii_ = st.text(st.sampled_from("abZ09_'.:,;\"!? \r\n\t)-"), max_size=12)
    text = data.draw(st.one_of(odd, ascii_, st.lists(st.one_of(odd, ascii_), max_size=3).map("".join), texts))[:300]
    twin = {"graphemes": rules.graphemes, "sentences": rules.sentences, "words": rules.words}.get(
        kind, lambda text: rules.words(text, all=True)
    )
    assert CUT[kind](text) == twin(text)


@pytest.mark.parametrize("kind", ["graphemes", "all_words", "sentences"])
@pytest.mark.parametrize("fill", [55, 62, 63, 64, 120])
def test_place_in_the_text_changes_nothing(rules: Rules, kind: str, fill: int) -> None:
    """The core reads 64 bytes at a time: what matters stands across such borders too."""
    for middle in (
        "don't",
        "3.14 a",
        "né e",
        "a'\u0301b",
        "👩‍👧 x",
        "a.\u0301 b. C",
        "\r\n",
        "「あ」",
        '\u05d0"\u05d0',
    ):
        text = "x" * fill + middle + " y" * 40
        wanted = rules.words(text, all=True) if kind == "all_words" else getattr(rules, kind)(text)
        assert CUT[kind](text) == wanted


@pytest.mark.slow
def test_native_agrees_with_the_plain_twin_on_real_texts(rules: Rules, data_dir: Path) -> None:
    for text in real_texts(data_dir):
        for kind, twin in (("graphemes", rules.graphemes), ("words", rules.words), ("sentences", rules.sentences)):
            assert CUT[kind](text) == twin(text)


def real_texts(data_dir: Path) -> list[str]:
    found: list[str] = []
    for file in sorted((data_dir / "naughty_strings").rglob("*.txt")):
        found += [line[:300] for line in file.read_text(encoding="utf-8").splitlines()]
    with gzip.open(data_dir / "imdb" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        found += [json.loads(line)["text"][:300] for line in itertools.islice(lines, 200)]
    return found


@pytest.mark.slow
def test_the_tables_are_those_the_script_makes_of_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native = Path(__file__).resolve().parents[2] / "native"
    monkeypatch.syspath_prepend(str(native / "tables"))
    made = importlib.import_module("segment").tables(folder)
    names = ("segment_tables.hpp", "segment_tables.cpp")
    assert made == tuple((native / "core" / name).read_text(encoding="ascii") for name in names)


# ---- what holds without the standard's files


@given(st.lists(texts, max_size=6))
def test_segments_together_are_the_text(batch: list[str]) -> None:
    for text in batch:
        for kind in ("graphemes", "all_words", "sentences"):
            assert "".join(CUT[kind](text)) == text
            assert all(CUT[kind](text))


@given(texts)
def test_words_are_those_segments_that_hold_a_word_character(text: str) -> None:
    found = words(text)
    assert found == [segment for segment in all_words(text) if segment in {*found}]
    between = [segment for segment in all_words(text) if segment not in {*found}]
    assert not any(re.search(r"\w", segment) for segment in between)
    assert not any(segment.isspace() for segment in found)


@given(texts)
def test_a_text_after_a_line_break_is_cut_as_if_alone(text: str) -> None:
    for cut in CUT.values():
        before = cut("One, two.\n")
        assert cut("One, two.\n" + text) == before + cut(text)


@given(st.lists(texts, max_size=6))
def test_a_text_does_not_depend_on_its_neighbours(batch: list[str]) -> None:
    for kind in KINDS:
        rows, spans = _native.segment(kind, *_native.pack(batch), 1)
        found = [
            [text[a:b] for a, b in spans[first:last].tolist()]
            for text, (first, last) in zip(batch, itertools.pairwise(rows.tolist()), strict=True)
        ]
        assert found == [CUT[kind](text) for text in batch]


@every_kind
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_nothing(kind: str, threads: int) -> None:
    batch = [f"Wörd {i}, it's 3.{i}! " * (i % 50) for i in range(3000)]
    packed = _native.pack(batch)
    assert len(packed[0]) > 8 * 64 * 1024
    for one, many in zip(_native.segment(kind, *packed, 1), _native.segment(kind, *packed, threads), strict=True):
        assert one.dtype == many.dtype
        assert np.array_equal(one, many)


SPLITTERS = {
    "graphemes": ("graphemes", 0),
    "words": ("unicode", 0),
    "all_words": ("unicode", 1),
    "sentences": ("sentences", 0),
}


@given(st.lists(texts, max_size=4))
def test_as_splitters_of_the_text_path_they_are_the_same(batch: list[str]) -> None:
    for kind, (tokens, options) in SPLITTERS.items():
        program = _native.Program([], False, 1, tokens, options)
        types = _native.TypeTable()
        ids, rows, spans = _native.scan(program, _native.pack(batch), types, True, 1)
        alone = _native.segment(kind, *_native.pack(batch), 1)
        assert spans is not None
        assert rows.tolist() == alone[0].tolist()
        assert spans.tolist() == alone[1].tolist()
        spelled = decode_types(*types.arrays())
        assert [spelled[i] for i in ids] == [segment for text in batch for segment in CUT[kind](text)]


def test_splitters_look_at_what_the_stages_left() -> None:
    program = _native.Program(["html"], True, 1, "unicode", 0)
    raw = "<b>DON&#39;T</b> caf&eacute;"
    types = _native.TypeTable()
    _, _, spans = _native.scan(program, _native.pack([raw]), types, True, 1)
    assert decode_types(*types.arrays()) == ["don't", "café"]
    assert spans is not None
    assert [raw[a:b] for a, b in spans.tolist()] == ["DON&#39;T", "caf&eacute;"]


# ---- worked examples


def test_what_a_word_is() -> None:
    text = "Can't pay $32.30 (about 1,000 kr.) for example.com's _x_ ½ 漢字 ไทย 🎉 — e\u0301 ::"
    wanted = ["Can't", "pay", "32.30", "about", "1,000", "kr", "for", "example.com's", "_x_", "½"]
    assert words(text) == [*wanted, "漢", "字", "ไ", "ท", "ย", "e\u0301"]
    assert words(" \u202f! \u202f") == []  # the narrow no-break space joins digits and is no word by itself
    assert words("10\u202f000") == ["10\u202f000"]
    assert words(" \uff9e") == [" \uff9e"]  # a letter by category that joins what stands before it
    assert words('א"א א\' a"a') == ['א"א', "א'", "a", "a"]


def test_what_a_sentence_is() -> None:
    text = "He said “No.” (“Loud!”) U.S.A. it is. 3.5 miles... or 4? Yes!\r\nNext etc. (5) lower. X"
    assert sentences(text) == [
        "He said “No.” ",
        "(“Loud!”) ",
        "U.S.A. it is. ",
        "3.5 miles... or 4? ",
        "Yes!\r\n",
        "Next etc. (5) lower. ",
        "X",
    ]


def test_an_empty_text_has_no_segments() -> None:
    for kind, cut in CUT.items():
        assert cut("") == []
        rows, spans = _native.segment(kind, *_native.pack(["", ""]), 2)
        assert rows.tolist() == [0, 0, 0]
        assert spans.shape == (0, 2)
        assert _native.segment(kind, *_native.pack([]), 1)[0].tolist() == [0]


# ---- texts made to take long; were time quadratic, these would take hours


@pytest.mark.parametrize(
    ("text", "kind", "n_segments"),
    [
        ("\u0301" * 600_000, "graphemes", 1),
        ("\u0301" * 600_000, "all_words", 1),
        ("👩\u200d" * 300_000, "graphemes", 1),
        ("👩\u200d" * 300_000, "all_words", 1),
        ("🇫" * 600_000, "graphemes", 300_000),
        ("🇫" * 600_000, "all_words", 300_000),
        ("a\u0301" * 300_000, "words", 1),
        ("a'" * 300_000, "words", 1),
        ("'a" * 300_000, "words", 1),
        ("!" * 600_000, "words", 0),
        ("a" * 600_000 + "é", "all_words", 1),
        ("é" * 600_000, "sentences", 1),
        (".) " * 300_000, "sentences", 1),
        (".) ," * 300_000, "sentences", 1),
        (". 1" * 300_000, "sentences", 300_001),
        ("a'" + "\u0301" * 600_000, "all_words", 2),
        ("a'\u0301" * 300_000 + "!", "all_words", 3),
        ("1," + "\u200d" * 600_000 + "a", "all_words", 3),
        ("!" * 600_000 + "é", "words", 1),
        (" " * 600_000 + "é", "all_words", 2),
        ("Stop. " + "1 " * 300_000 + "go", "sentences", 1),
        ("Stop. " + "1 " * 300_000 + "Go", "sentences", 2),
        ("Stop. 1 " * 100_000 + "go", "sentences", 100_000),
        ("x." + ")" * 300_000 + " " * 300_000 + "(" * 300_000 + "Y", "sentences", 2),
    ],
)
def test_hostile_texts_take_linear_time(text: str, kind: str, n_segments: int) -> None:
    rows, spans = _native.segment(kind, *_native.pack([text]), 1)
    assert int(rows[1]) == len(spans)
    assert kind == "words" or spans[-1, 1] == len(text)
    assert int(rows[1]) == n_segments


# ---- bad input


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(DataError, match="text 0 is no str but int"):
        words(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="text 1 holds a lone surrogate"):
        word_spans(["a", "\ud800"])
    for spans in (grapheme_spans, word_spans, sentence_spans):
        with pytest.raises(DataError, match="got one text"):
            spans("one text")
    with pytest.raises(ValueError, match="kind: wanted"):
        _native.segment("letters", *_native.pack(["a"]), 1)
    with pytest.raises(ValueError, match="threads: wanted 1 or more"):
        _native.segment("words", *_native.pack(["a"]), 0)


@every_kind
def test_torn_bytes_are_read_without_running_off_the_end(kind: str) -> None:
    for tail in (b"\xf0\x9f\x91", b"\xe2\x80", b"\xc3", b"\x80", b"\xff"):
        data = np.frombuffer(b"ab " + tail, np.uint8)
        rows, spans = _native.segment(kind, data, np.array([0, len(data)], np.int64), 1)
        assert int(rows[1]) == len(spans)
        assert (spans[:, 0] <= spans[:, 1]).all()


@given(st.lists(texts, max_size=4), st.booleans(), st.integers(1, 3))
def test_numbered_words_are_the_words_and_lie_where_their_places_say(many: list[str], all: bool, threads: int) -> None:
    found = word_tokens(many, all=all, spans=True, threads=threads)
    assert found.lists() == [words(text, all=all) for text in many]
    assert np.array_equal(found.rows, word_spans(many, all=all).rows)
    assert np.array_equal(found.spans, word_spans(many, all=all).spans)
