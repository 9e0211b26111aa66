"""What the core makes of one text: cleaned, lower case, split into words, each with its place in the raw text."""

from __future__ import annotations

import gzip
import html
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oracle import words
from strategies import examples, is_known, texts
from textmill import _native

cleaners = st.lists(st.sampled_from(["html", "urls", "mentions"]), max_size=4)


def found(text: str, clean: list[str], lower_case: bool = True) -> list[tuple[str, int, int]]:
    types = _native.TypeTable()
    program = _native.Program(clean, lower_case, 2)
    ids, rows, spans = _native.scan(program, _native.pack([text]), types, True, 1)
    data, ends = types.arrays()
    names = [data[a:b].tobytes().decode() for a, b in itertools.pairwise(ends)]
    assert spans is not None
    assert rows.tolist() == [0, len(ids)]
    return [(names[i], a, b) for i, (a, b) in zip(ids.tolist(), spans.tolist(), strict=True)]


def rewritten(text: str, clean: list[str], lower_case: bool) -> str:
    return _native.Program(clean, lower_case, 2).rewrite(text).decode()


@settings(max_examples=examples(200))
@given(texts)
def test_lower_case_is_that_of_str(text: str) -> None:
    assert rewritten(text, [], True) == text.lower()


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.slow)])
def test_every_code_point_has_the_lower_case_and_the_words_of_python(step: int) -> None:
    codes = [*range(0xD800), *range(0xE000, 0x20000), *range(0x20000, sys.maxunicode + 1, step)]
    known = [chr(c) for c in codes if is_known(chr(c))]
    # alone, before and behind a sigma, and between letters of a word
    for pattern in ("{} ", "{}\u03a3 ", "a{}\u03a3 ", "a\u03a3{} ", "a\u03a3{}b ", "x{}y "):
        text = "".join(map(pattern.format, known))
        assert rewritten(text, [], True) == text.lower()
        if pattern != "x{}y ":
            continue
        table = _native.TypeTable()
        _native.scan(_native.Program([], True, 2), _native.pack([text]), table, False, 1)
        data, ends = table.arrays()
        got = [data[a:b].tobytes().decode() for a, b in itertools.pairwise(ends)]
        assert got == list(dict.fromkeys(words.WORD.findall(text.lower())))


@settings(max_examples=examples(200))
@given(texts)
def test_references_are_those_of_the_html_module(text: str) -> None:
    text = text.replace("<", "")
    assert rewritten(text, ["html"], False) == html.unescape(text)


def test_every_named_and_numbered_reference() -> None:
    text = " ".join([f"&{name} &{name}x &{name.rstrip(';')}" for name in sorted(words.html5)])
    text += " ".join(
        f"&#{n}; &#x{n:x}" for n in [*range(0x180), 0xD7FF, 0xD800, 0xDFFF, 0xFDD0, 0xFFFE, 0x10FFFF, 0x110000]
    )
    assert rewritten(text, ["html"], False) == html.unescape(text)
    assert rewritten(f"&#{'9' * 5000};&#x{'F' * 5000};", ["html"], False) == "\ufffd\ufffd"  # int() would refuse


@settings(max_examples=examples(300))
@given(texts, cleaners, st.booleans())
@example("<!--> kept <!-- dropped -->", ["html"], True)
@example("<!-- a > b <!-- c > d", ["html"], True)
@example("<script>a<script>b", ["html"], True)
@example("f<b>o</b>o <!-- x -->bar", ["html"], True)
@example("a &lt;b&gt; c", ["html", "html"], True)
def test_words_and_places_are_those_of_the_twin(text: str, clean: list[str], lower_case: bool) -> None:
    assert rewritten(text, clean, lower_case) == words.rewrite(text, clean, lower_case)
    assert found(text, clean, lower_case) == words.tokens(text, clean, lower_case)


@given(texts)
def test_without_cleaners_a_place_holds_its_word(text: str) -> None:
    for word, begin, end in found(text, []):
        # a word cut out may end in the other sigma, and in the dot above of İ, which is no letter
        assert text[begin:end].lower().replace("ς", "σ").removesuffix("\u0307") == word.replace("ς", "σ")


@given(texts, cleaners)
def test_the_white_space_splitter_is_that_of_str(text: str, clean: list[str]) -> None:
    types = _native.TypeTable()
    program = _native.Program(clean, True, 2, "whitespace")
    ids, _, spans = _native.scan(program, _native.pack([text]), types, True, 1)
    data, ends = types.arrays()
    names = [data[a:b].tobytes().decode() for a, b in itertools.pairwise(ends)]
    assert [names[i] for i in ids.tolist()] == words.rewrite(text, clean).split()
    assert spans is not None
    assert all(0 <= a < b <= len(text) for a, b in spans.tolist())


@given(texts, cleaners)
def test_places_rise_and_lie_in_the_text(text: str, clean: list[str]) -> None:
    places = [(a, b) for _, a, b in found(text, clean)]
    assert all(0 <= a < b <= len(text) for a, b in places)
    assert places == sorted(places)


@given(texts)
def test_links_and_mentions_leave_the_words_between_as_they_were(text: str) -> None:
    for word, begin, end in found(text, ["urls", "mentions"], lower_case=False):
        assert text[begin:end] == word


@pytest.mark.parametrize(
    ("clean", "raw", "left"),
    [
        ("html", "<p>One</p><p>Two &amp; three</p>", "\nOne\n\nTwo & three\n"),  # worked example T8
        ("html", "a<br/>b <3 c < d", "a\nb <3 c < d"),
        ("html", "x<script>if (a<b) c()</script>y", "x\ny"),
        ("html", "<!-- no end > here", " here"),
        ("html", "&lt;b&gt; is text", "<b> is text"),
        ("urls", "see http://t.co/x, or WWW.A.de!\nhttp:// is none", "see   or  \nhttp:// is none"),
        ("mentions", "@bob a@b.c .@eve @ @_", "  a@b.c .  @  "),
    ],
)
def test_what_a_cleaner_leaves(clean: str, raw: str, left: str) -> None:
    assert rewritten(raw, [clean], False) == left


def real_texts(data_dir: Path) -> Iterator[str]:
    yield from json.loads((data_dir / "naughty_strings" / "blns.json").read_text(encoding="utf-8"))
    yield (data_dir / "naughty_strings" / "blns.txt").read_text(encoding="utf-8")
    with gzip.open(data_dir / "multilingual" / "xquad_paragraphs.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from (json.loads(line)["text"] for line in lines)


def test_naughty_strings_and_eleven_languages(data_dir: Path) -> None:
    everything = list(real_texts(data_dir))
    table = _native.TypeTable()
    ids, rows, _ = _native.scan(_native.Program([], True, 2), _native.pack(everything), table, False, 2)
    data, ends = table.arrays()
    names = [data[a:b].tobytes().decode() for a, b in itertools.pairwise(ends)]
    for i, text in enumerate(everything):
        assert [names[k] for k in ids[rows[i] : rows[i + 1]].tolist()] == words.WORD.findall(text.lower())
    for text in everything[::7]:
        clean = ["html", "urls", "mentions"]
        assert found(text, clean) == words.tokens(text, clean)
