"""What each cleaner leaves of a text, and where in the raw text it came from."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import strategies
from oracle import clean as oracle
from strategies import examples, is_known
from textmill import _native
from textmill.text.clean import STAGES

FORMS = ("nfc", "nfd", "nfkc", "nfkd")
TWINS = sorted(set(oracle.CLEANERS) - {"html", "urls", "mentions"})  # those three have tests of their own
_APART = """
#Tag ##Tag #ForestFire2020 #NASAFire #a_b__C #1 #1a a#b &#x #é1É #हिन्दी #漢字A #ǅaB #_ # _ A a 1 aB
a@b.co a.b+c%d'e-f@g-h.i.jk @b.co a@b a@b.c a@b.c1 a@b.co.x 'a@b.co' é@ü.ößé .@ @ a@b..co a@b.co_
a@b.co-
a@b.٣c a@b.co. a@b.co@c.de % - . [1] [1–3] [1,] [2020] [] [ ] [a] [A] [é] [Note2] [nb] [who?] [ſic]
12 ٣٤ 1,2 ½ ² 𝟘 ß ẞ ŉ ﬁ İ ΐ Σ ᾳ Ꭰ ꭰ é Å й œ Ł ĳ ŀ € … — ’ « ℃ ª 각 ﷺ 😀 ❤️ ❤ © ©️ ™ 1️⃣ #️⃣ 🇫🇷 🇽 👩‍🚀 👩🏽‍🚀
👩‍🦖 🏽
"""
_PIECES = [
    *_APART.split(),
    *("#\u0301a", "#x\u200cY", "#A\u0301b", "#AB\u0301c", "#_\u0301A", "# ", "\u0301"),
    *("[12, 13]", "[1 ; 2]", "[1, 2020]", "[note 2]", "[citation needed]", "[Citation Needed]", "[citation  needed]"),
    *("[note ", "[n 1", "\r\n", "\r", "\n", "\t", "\x00", "\x0b", "\x0c", "\x1c", "\x1f", "\x7f", "\x85", "\x9f"),
    *"\u00ad\u200b\u200c\u200d\u200e\u202e\u2060\u2065\u2066\ufeff\ufffb\u2028\u00a0\u3000\u0344\u0f73\u0958\u2126\u00a8\ufffd",
    *("  ", " ", "i\u0307", "e\u0301", "и\u0306", "\u1100\u1161\u11a8", "가\u11a8", "\u0f71\u0f72", "\u1e0a\u0323"),
    *("e\u0323\u0301", "e\u0301\u0323", "\u09c7\u09be", "\U0001d15e", "\ufb2c", "\U0001109a"),
    *("❤\ufe0e", "1\u20e3", "1\ufe0f", "👩\u200d", "☺\ufe0f\ufe0f", "\ufe0f", "🏴\U000e0078\U000e007f"),
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]
pieces = st.lists(st.sampled_from(_PIECES), max_size=10).map("".join).filter(is_known)
repeated = st.builds(lambda piece, n: piece * n, st.sampled_from(_PIECES), st.integers(2, 40)).filter(is_known)
texts = st.one_of(pieces, pieces, strategies.texts, st.tuples(pieces, repeated, strategies.texts).map("".join))
chains = st.lists(st.sampled_from(STAGES), max_size=5)

HEADER_PIECES = [
    "From ",
    "A:",
    "Bb-c: d",
    " x",
    "\t",
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    ":",
    "é",
    "http://a",
    "From a\nA: b\n",
]


def rewritten(text: str, *clean: str) -> str:
    return _native.Program(list(clean), False, 1).rewrite(text).decode()


def many(batch: list[str], *clean: str) -> list[str]:
    data, ends = _native.rewrite(_native.Program(list(clean), False, 1), *_native.pack(batch), 2)
    raw = data.tobytes()
    return [raw[a:b].decode() for a, b in itertools.pairwise(ends.tolist())]


def tokens(text: str, *clean: str) -> list[tuple[str, int, int]]:
    """What stands between white space, with its place in the raw text."""
    types = _native.TypeTable()
    program = _native.Program(list(clean), False, 1, "whitespace")
    ids, _, spans = _native.scan(program, _native.pack([text]), types, True, 1)
    data, ends = types.arrays()
    names = [data[a:b].tobytes().decode() for a, b in itertools.pairwise(ends.tolist())]
    assert spans is not None
    return [(names[i], a, b) for i, (a, b) in zip(ids.tolist(), spans.tolist(), strict=True)]


@settings(max_examples=examples(250))
@given(texts, st.lists(st.sampled_from(TWINS), min_size=1, max_size=3))
@example("\u0301a", ["ascii"])
@example("#A\u0301b", ["hashtags-split"])
@example("#Ab\u0130 go", ["hashtags-split"])
@example("x[1]y [1]y x[1]", ["citations"])
def test_texts_and_places_are_those_of_the_twin(text: str, clean: list[str]) -> None:
    assert rewritten(text, *clean) == oracle.rewrite(text, clean)
    assert tokens(text, *clean) == oracle.tokens(text, clean)


@settings(max_examples=examples(250))
@given(st.lists(st.sampled_from(HEADER_PIECES), max_size=14).map("".join))
@example("A: b\nC: d")
@example("A: b\n \nC: d\n\n")
def test_headers_are_those_of_the_twin(text: str) -> None:
    assert rewritten(text, "headers") == oracle.rewrite(text, ["headers"])
    assert tokens(text, "headers") == oracle.tokens(text, ["headers"])


@settings(max_examples=examples(150))
@given(texts, st.sampled_from(FORMS))
def test_normal_forms_are_those_of_unicodedata(text: str, form: str) -> None:
    assert rewritten(text, form) == unicodedata.normalize(form.upper(), text)


@given(texts)
def test_case_folding_is_that_of_str(text: str) -> None:
    assert rewritten(text, "casefold") == text.casefold()


def every_code(step: int) -> list[str]:
    codes = [*range(0xD800), *range(0xE000, 0x20000), *range(0x20000, sys.maxunicode + 1, step)]
    return [char for char in map(chr, codes) if is_known(char)]


@pytest.mark.parametrize("form", FORMS)
def test_every_code_point_has_the_normal_forms_of_unicodedata(form: str) -> None:
    batch = [pattern.format(char) for char in every_code(997) for pattern in ("{}", "a\u0323{}\u0301")]
    assert many(batch, form) == [unicodedata.normalize(form.upper(), text) for text in batch]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pattern", ["{}", "a{}\u0301", "e\u0323{}", "\u1100{}\u11a8", "{}\u0345\u0327\u0301x"])
def test_every_code_point_among_others_has_the_normal_forms_of_unicodedata(form: str, pattern: str) -> None:
    batch = [pattern.format(char) for char in every_code(1)]
    assert many(batch, form) == [unicodedata.normalize(form.upper(), text) for text in batch]


@pytest.mark.slow
@pytest.mark.parametrize("name", TWINS)
def test_every_code_point_is_cleaned_as_by_the_twin(name: str) -> None:
    codes = every_code(997)
    batch = ["a" + "a".join(codes[i : i + 500]) for i in range(0, len(codes), 500)]
    assert many(batch, name) == [oracle.rewrite(text, [name]) for text in batch]


@pytest.mark.slow
def test_the_conformance_test_of_normal_forms(data_dir: Path) -> None:
    with gzip.open(data_dir / "unicode" / "NormalizationTest.txt.gz", "rt", encoding="utf-8") as lines:
        fields = [line.split(";")[:5] for line in lines if line[0] in "0123456789ABCDEF"]
    rows = [["".join(chr(int(code, 16)) for code in field.split()) for field in row] for row in fields]
    # of what the tables know: version 14.0.0
    rows = [row for row in rows if all(unicodedata.category(c) != "Cn" and is_known(c) for text in row for c in text)]
    assert len(rows) > 18_900
    columns = [list(column) for column in zip(*rows, strict=True)]
    for form, wanted in zip(FORMS, ([1, 1, 1, 3, 3], [2, 2, 2, 4, 4], [3] * 5, [4] * 5), strict=True):
        for column, want in zip(columns, wanted, strict=True):
            assert many(column, form) == columns[want]


@cache
def emoji_names(data_dir: Path) -> oracle.EmojiNames:
    return oracle.EmojiNames(data_dir / "unicode" / "emoji-test.txt")


def test_every_emoji_has_its_name(data_dir: Path) -> None:
    names = emoji_names(data_dir)
    for line in (data_dir / "unicode" / "emoji-test.txt").read_text(encoding="utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        emoji = "".join(chr(int(code, 16)) for code in line.split(";")[0].split())
        if len(emoji) == 1 and emoji < "\u2190":  # a sign of print
            assert rewritten(emoji, "emoji-drop") == emoji
            continue
        assert rewritten(emoji, "emoji-name") == f" {names.names[emoji.replace(oracle.COLOURED, '')]} "
        assert rewritten(f"a{emoji}b", "emoji-drop") == "a b"
        assert tokens(f"é{emoji} b", "emoji-drop") == [("é", 0, 1), ("b", len(emoji) + 2, len(emoji) + 3)]


@settings(max_examples=examples(150))
@given(text=texts)
def test_emoji_are_those_of_the_twin(text: str, data_dir: Path) -> None:
    last, named, dropped = 0, "", ""
    for begin, end, name in emoji_names(data_dir).edits(text):
        named += f"{text[last:begin]} {name} "
        dropped += text[last:begin] + " "
        last = end
    assert rewritten(text, "emoji-name") == named + text[last:]
    assert rewritten(text, "emoji-drop") == dropped + text[last:]


@settings(max_examples=examples(150))
@given(texts, chains)
@example("e\u0301\u0323 x", ["nfd"])
def test_places_rise_and_lie_in_the_text_through_any_chain(text: str, clean: list[str]) -> None:
    places = [(a, b) for _, a, b in tokens(text, *clean)]
    assert all(0 <= a < b <= len(text) for a, b in places)
    assert [a for a, _ in places] == sorted(a for a, _ in places)
    assert [b for _, b in places] == sorted(b for _, b in places)


@settings(max_examples=examples(150))
@given(texts, chains)
def test_a_token_that_no_stage_changed_is_what_stands_in_its_place(text: str, clean: list[str]) -> None:
    # letters that no cleaner changes or takes part in, between blanks, whatever stands around them
    for word, begin, end in tokens(f"{text} qxq > {text}", *clean, "spaces"):
        if word == "qxq":
            assert text == "" or "qxq" in f"{text} qxq > {text}"[begin:end]
            assert f"{text} qxq > {text}"[begin:end] == "qxq"


# not so: what is left after the others may close up into what they look for
REPEATABLE = sorted(set(STAGES) - {"html", "emails", "citations", "emoji-name", "headers"})


@settings(max_examples=examples(150))
@given(texts, st.sampled_from(REPEATABLE))
@example(" @a@b", "mentions")
def test_cleaning_twice_changes_nothing(text: str, name: str) -> None:
    once = rewritten(text, name)
    assert rewritten(once, name) == once


@given(texts)
def test_ascii_is_the_same_for_composed_and_decomposed_texts(text: str) -> None:
    composed, decomposed = (rewritten(unicodedata.normalize(form, text), "ascii") for form in ("NFC", "NFD"))
    assert unicodedata.normalize("NFD", composed) == unicodedata.normalize("NFD", decomposed)


@given(st.lists(texts, max_size=5), chains)
def test_a_batch_is_its_texts_one_by_one(batch: list[str], clean: list[str]) -> None:
    assert many(batch, *clean) == [rewritten(text, *clean) for text in batch]


@given(st.binary(max_size=80), chains)
def test_bytes_that_are_no_utf_8_break_nothing(raw: bytes, clean: list[str]) -> None:
    program = _native.Program(clean, False, 1)
    data, offsets = np.frombuffer(raw, np.uint8), np.array([0, len(raw)])
    made, ends = _native.rewrite(program, data, offsets, 1)
    assert ends.tolist() == [0, len(made)]
    _, _, spans = _native.scan(program, (data, offsets), _native.TypeTable(), True, 1)
    assert spans is not None
    assert (spans[:, 0] <= spans[:, 1]).all()


@pytest.mark.parametrize(
    ("name", "raw", "left"),
    [
        ("ascii", "À l'aide ! Œuvre ĳ Łódź", "A l'aide ! OEuvre ij Lodz"),
        ("ascii", "“ß” – ½ ™ 1️⃣ й и\u0306 हिन्दी 각", '"ss" - 1/2 TM 1 й и\u0306 हिन्दी 각'),
        ("citations", "It is so.[1][2] See[citation needed] a[a], x[1]y", "It is so. See a, x y"),
        ("citations", "[2020] [t]he - [x] done", "[2020] [t]he - [x] done"),
        ("control", "a\x00b\r\nc\rd\u200be\x1ff\u200dg\t\x85", "ab\nc\nde f\u200dg\t\n"),
        ("digits", "12,345 ٣٤ a1b²", "0,0 0 a0b²"),
        ("emails", "ask bob.o'x+y@a-b.co.uk, me@home or <é@x.de>.", "ask  , me@home or < >."),
        ("emoji-drop", "a😀b © ™ 1️⃣ ❤", "a b © ™    "),
        ("emoji-name", "a👩🏽‍🚀b👩‍🦖", "a woman astronaut: medium skin tone b woman  T-Rex "),
        ("hashtags-drop", "#1 fan of #cats, C#", "#1 fan of  , C#"),
        ("hashtags-keep", "##Cats#dogs a#b &#39;", "Cats dogs a#b &#39;"),
        ("hashtags-split", "#ForestFire2020", "Forest Fire 2020"),
        ("hashtags-split", "#NASAFire #covid19 #a__b #3D #iPhone", "NASA Fire covid 19 a b 3D i Phone"),
        ("headers", "From a@b Fri\nFrom: a@b\nSubject: x\n  y: z\n\nbody\nA: b\n", "body\nA: b\n"),
        ("headers", "Note: one field is a sentence\n\nbody", "Note: one field is a sentence\n\nbody"),
        ("headers", "A: b\r\nC:\r\n\r\nbody", "body"),
        ("headers", "http://a\nhttp://b\n\nbody", "http://a\nhttp://b\n\nbody"),
        ("headers", "A: b\nC: d\nno field\n\n", "A: b\nC: d\nno field\n\n"),
        ("nfc", "e\u0301\u1100\u1161", "é가"),
        ("spaces", "\u3000a \t b\n", "a b"),
        ("casefold", "Straße İ", "strasse i\u0307"),
    ],
)
def test_what_a_cleaner_leaves(name: str, raw: str, left: str) -> None:
    assert rewritten(raw, name) == left


def test_places_lead_through_letters_and_marks() -> None:
    assert tokens("x e\u0301te\u0301.", "ascii") == [("x", 0, 1), ("ete.", 2, 8)]
    assert tokens("x e\u0301te\u0301.", "nfc") == [("x", 0, 1), ("été.", 2, 8)]
    assert tokens("#ForestFire x", "hashtags-split") == [("Forest", 1, 7), ("Fire", 7, 11), ("x", 12, 13)]
    assert tokens("a😀b", "emoji-name") == [("a", 0, 1), ("grinning", 1, 2), ("face", 1, 2), ("b", 2, 3)]


def test_worked_example_t6_letters_in_ascii() -> None:
    def split(text: str) -> str:
        return " ".join(re.findall(r"[a-z]+|[.!?]", rewritten(text, "ascii", "casefold")))

    assert split("À l'aide !") == "a l aide !"
    assert split("J'ai froid.") == "j ai froid ."
    assert split("Œuvre") == "oeuvre"


def test_worked_example_t7_sentences_are_found_in_the_raw_text() -> None:
    raw = "It rose.[1]\nIt fell[citation needed] later. It is gone."
    ends = [found.end() for found in re.finditer(r"[.!?]", raw)]
    spans = tokens(raw, "citations", "spaces")
    sentence = [next(i for i, end in enumerate(ends) if begin < end) for _, begin, _ in spans]
    assert [word for word, _, _ in spans] == ["It", "rose.", "It", "fell", "later.", "It", "is", "gone."]
    assert sentence == [0, 0, 1, 1, 1, 2, 2, 2]


def real_texts(data_dir: Path) -> Iterator[str]:
    yield from json.loads((data_dir / "naughty_strings" / "blns.json").read_text(encoding="utf-8"))
    yield (data_dir / "naughty_strings" / "blns.txt").read_text(encoding="utf-8")
    with gzip.open(data_dir / "multilingual" / "xquad_paragraphs.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from itertools.islice((json.loads(line)["text"] for line in lines), 0, None, 4)


@pytest.mark.slow
def test_naughty_strings_and_eleven_languages(data_dir: Path) -> None:
    everything = list(real_texts(data_dir))
    for form in FORMS:
        assert many(everything, form) == [unicodedata.normalize(form.upper(), text) for text in everything]
    assert many(everything, "casefold") == [text.casefold() for text in everything]
    names = emoji_names(data_dir)
    for text in everything[::9]:
        for name in TWINS:
            assert tokens(text, name) == oracle.tokens(text, [name])
        assert rewritten(text, "emoji-drop").count(" ") == text.count(" ") + len([*names.edits(text)])


TRAPS = [
    *(
        "\u0301",
        "\u0301\u0323",
        "\u1161",
        "\u1100\u1161\u11a8",
        "\u0f73",
        "ﷺ",
        "A\u0301",
        "ΐ",
        " ",
        "\r",
        "\x01",
        "1",
        "_",
    ),
    *("@", "a.a@", "a@a.a", "a@a.", "#", "#a", "#a\u0301A", "#A", "[", "[1,", "1,", "[1]", "[note ", "😀", "👩\u200d"),
    *("🇫", "👩🏽", "🏴\U000e0067", "\ufe0f", "1\ufe0f"),
]


def seconds(name: str, text: str) -> float:
    program = _native.Program([name], False, 1, "whitespace")
    packed = _native.pack([text])
    best = float("inf")
    for _ in range(2):
        started = time.thread_time()  # of this thread alone: other processes do not count
        _native.scan(program, packed, _native.TypeTable(), True, 1)
        best = min(best, time.thread_time() - started)
    return best


@pytest.mark.parametrize("trap", TRAPS, ids=ascii)
def test_time_is_in_proportion_to_the_text(trap: str) -> None:
    n = 100_000 // len(trap.encode())
    for name in STAGES:  # what is quadratic takes a hundred times as long, and many seconds
        for head in ("", "#", "[") if name[0] in "hc" else ("",):
            few, many_ = seconds(name, head + trap * (n // 10)), seconds(name, head + trap * n)
            assert many_ < 30 * few + 0.02, name
