"""Sentences by rules of our own, and the parameters of Punkt as files and as bytes."""

from __future__ import annotations

import copy
import gzip
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import texts
from textmill.errors import DataError, FormatError, SourceError
from textmill.text import Punkt, SentenceRules, clean_text

RULES = SentenceRules()


def test_t10_line_breaks_inside_sentences_end_none() -> None:
    text = (
        "When we went out for ice-cream last summer, the place was \npacked. This year, however, things are eerily "
        "different. You can see that \nthe stores are nearly desserted and roads empty like never before. It's a \n"
        "reality that we are all getting used to, albeit very slowly and reluctantly.\n"
    )
    found = RULES.sentences(text)
    assert len(found) == 4
    assert [sentence[:8] for sentence in found] == ["When we ", "This yea", "You can ", "It's a \n"]


def test_t7_sentences_are_split_on_the_raw_text() -> None:
    article = (
        "Machine learning is old.[1] It began in the 1950s[citation needed] with games.\nIts name came\nlater.[2][3] "
        "It grew."
    )
    assert RULES.sentences(article) == [
        "Machine learning is old.[1]",
        "It began in the 1950s[citation needed] with games.",
        "Its name came\nlater.[2][3]",
        "It grew.",
    ]
    cleaned = "".join(c if c.isalnum() or c == " " else " " for c in clean_text(article, ("citations", "spaces")))
    assert len(RULES.sentences(cleaned)) == 1


@pytest.mark.parametrize(
    "marked",
    [
        "Dr. Smith and Mrs. Jones met J. R. R. Tolkien at 5 p.m. on Jan. 5.|He lives in the U.S.|The end.",
        "It cost $3.50, i.e. too much, e.g. for No. 5.|No.|Fig. 3 shows it.",
        'He said "No."|Then he left.|(It was late.)|"Really?" he asked.|Yes!',
        "Wait... what?|He did...|He left!!!|Yes.",
        "See www.x.com.|It is good :)|Really.|Mail a.b@c.org, please.",
        "Shopping:\n|- eggs\n|1. milk\n|2. tea",
        "A title\n\n|One line\nand the next.|\r\n\r\n|Another",
        "apples, pears, etc. are fruit.|She bought apples, etc.|Then she left.",
        "the food was good.|service was slow.|i will come back",
        "Great food.|The staff is nice.",
        "Ça va ?|Oui !|M. Dupont est là, env. trois fois.|C'est tout.",
        "Am 3. Oktober kam Hr. Müller, z. B. aus Berlin, bzw. Bonn.|Das war es.",
        "¿Qué tal?|¡Bien!|El Sr. Pérez vive aquí.",
        "你好。|我是学生！|很高兴。",
        "क्या हाल है?|मैं ठीक हूँ।|धन्यवाद।",
        "كيف حالك؟|بخير.|شكرا",
        "one\n|=====\n|two",
        "1. The first one.|2. The second.",
        "Version 2.0.1 of node.js is out.|Get it at http://a.b/c?d=e!f.|It is free.",
        "J.K. Rowling wrote it.|Tom B. and I read it.",
        "",
        " \n ",
        "...",
        "Mr.",
    ],
)
def test_sentences_end_where_a_reader_ends_them(marked: str) -> None:
    parts = marked.split("|")
    text = ""
    for part in parts:  # a blank between, unless a line break is there or the script writes none
        text += ("" if not text or text[-1] in "\n。！" or part[:1] in "\r\n" else " ") + part
    assert RULES.sentences(text) == [part.strip() for part in parts if part.strip()]


def test_sentences_that_touch_are_two_unless_they_are_a_name() -> None:
    assert RULES.sentences("It was good.The staff was nice!We left.") == [
        "It was good.",
        "The staff was nice!",
        "We left.",
    ]
    assert RULES.sentences("a.b.Cd x/y.Zed a@b.Com node.Js") == ["a.b.Cd x/y.Zed a@b.Com node.Js"]


_WORDS = [
    "a",
    "A",
    ".",
    "...",
    "?",
    "!",
    '"',
    ")",
    "(",
    "[1]",
    ":)",
    "Mr.",
    "e.g.",
    "5.",
    "a.B",
    "。",
    "」",
    "…",
    "http://a.b",
]
_WORDS += ["====", "É", "\n", "\n\n"]


@given(st.one_of(texts, st.lists(st.sampled_from(_WORDS), max_size=20).map(" ".join)))
def test_sentences_hold_every_character_but_white_space_once(text: str) -> None:
    spans = RULES.spans([text]).spans.tolist()
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    before = 0
    for a, b in spans:
        assert before <= a < b <= len(text)
        assert not text[a].isspace()
        assert not text[b - 1].isspace()
        before = b


@given(texts, st.lists(texts, max_size=3))
def test_texts_do_not_touch_one_another(text: str, others: list[str]) -> None:
    alone = RULES.spans([text]).spans.tolist()
    found = RULES.spans([*others, text, *others], threads=2)
    a, b = found.rows[len(others)], found.rows[len(others) + 1]
    assert found.spans[a:b].tolist() == alone


def gold(path: Path) -> list[tuple[str, list[tuple[int, int]]]]:
    """Paragraphs of a treebank in CoNLL-U, with the places of their sentences."""
    paragraphs: list[tuple[str, list[tuple[int, int]]]] = []
    for block in gzip.decompress(path.read_bytes()).decode().split("\n\n")[:-1]:
        lines = block.split("\n")
        if any(line.startswith(("# newdoc", "# newpar")) for line in lines):
            paragraphs.append(("", []))
            glue = ""
        text = next(line for line in lines if line.startswith("# text = "))[9:].strip()
        before, places = paragraphs[-1]
        before += glue
        places.append((len(before), len(before) + len(text)))
        paragraphs[-1] = (before + text, places)
        glue = "" if "SpaceAfter=No" in lines[-1] else " "
    return paragraphs


def test_rules_find_the_sentences_of_the_web_treebank(data_dir: Path) -> None:
    paragraphs = gold(data_dir / "ud_english_ewt" / "en_ewt-ud-dev.conllu.gz")
    assert sum(len(places) for _, places in paragraphs) == 2001
    found = [{(a, b) for a, b in RULES.spans([text]).spans.tolist()} for text, _ in paragraphs]
    right = sum(len(ours & set(theirs)) for ours, (_, theirs) in zip(found, paragraphs, strict=True))
    f1 = 2 * right / (2001 + sum(map(len, found)))
    assert f1 > 0.875  # NLTK has 0.821, spaCy's small model 0.834: see benches/RESULTS.md


# ---- Punkt -----------------------------------------------------------------------------------------------------------

TABLES = {
    "abbrev_types.txt": "dr\ne.g\n",
    "collocations.tab": "##number##\tzimmer",
    "sent_starters.txt": "the\nhe",
    "ortho_context.tab": "the\t126\nzimmer\t4\n",
}
WANTED = Punkt.of(
    abbreviations={"dr", "e.g"},
    collocations={("##number##", "zimmer")},
    starters={"the", "he"},
    contexts={"zimmer": 4, "the": 126},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "data" / "tokenizers" / "punkt_tab" / "english"
    inside.mkdir(parents=True)
    for name, table in TABLES.items():
        (inside / name).write_text(table, encoding="utf-8", newline="\r\n" if name.startswith("abb") else "\n")
    return tmp_path / "data"


def test_tables_are_read_from_folders_and_archives(folder: Path, tmp_path: Path) -> None:
    english = folder / "tokenizers" / "punkt_tab" / "english"
    packed = tmp_path / "other" / "tokenizers" / "punkt_tab.zip"
    packed.parent.mkdir(parents=True)
    with zipfile.ZipFile(packed, "w") as archive:
        for name in TABLES:
            archive.write(english / name, f"punkt_tab/english/{name}")
    for path in (english, english.parent, folder, packed, packed.parent.parent, packed.parent):
        assert Punkt.read(path) == WANTED
        assert Punkt.read(str(path)).parameters == WANTED.parameters
    with pytest.raises(SourceError, match="there is no german/abbrev_types"):
        Punkt.read(packed, "german")
    with pytest.raises(SourceError, match="there are no tables of Punkt for 'german'; wanted a folder with"):
        Punkt.read(folder, "german")
    with pytest.raises(SourceError, match="no name of a language"):
        Punkt.read(folder, "../english")
    with pytest.raises(SourceError, match="there are no tables"):
        Punkt.read(tmp_path / "nothing")


def test_tables_that_are_none_are_refused(folder: Path, tmp_path: Path) -> None:
    english = folder / "tokenizers" / "punkt_tab" / "english"
    for name, table, said in [
        ("ortho_context.tab", "the\t126\nhe", "line 2 is no word with its contexts"),
        ("ortho_context.tab", "the\t1", "line 1 is no word with its contexts"),
        ("ortho_context.tab", "the\t٤", "line 1 is no word with its contexts"),
        ("collocations.tab", "a\tb\tc", "line 1 is no pair of words"),
    ]:
        (english / name).write_text(table, encoding="utf-8")
        with pytest.raises(DataError, match=said):
            Punkt.read(english)
        (english / name).write_text(TABLES[name], encoding="utf-8")
    (english / "abbrev_types.txt").write_bytes(b"dr\n\xff")
    with pytest.raises(DataError, match="byte 3 is not UTF-8"):
        Punkt.read(english)
    (english / "abbrev_types.txt").write_bytes(b"dr")
    (english / "sent_starters.txt").unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        Punkt.read(english)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04broken")
    with pytest.raises(SourceError, match="cannot be read"):
        Punkt.read(tmp_path / "broken.zip")


def test_parameters_are_bytes_in_one_spelling() -> None:
    tables = json.loads(WANTED.parameters)
    shuffled = {key: tables[key][::-1] if isinstance(tables[key], list) else tables[key] for key in reversed(tables)}
    again = Punkt.from_bytes(json.dumps(shuffled, indent=1).encode())
    assert again == WANTED
    assert again.parameters == WANTED.parameters
    assert hash(again) == hash(WANTED)
    assert again != Punkt.from_bytes(WANTED.parameters, realign_boundaries=False)
    assert copy.deepcopy(again) == WANTED
    assert len(repr(again)) < 100


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"format":"textmill punkt 2"}',
        b'{"format":"textmill punkt 1"}',
        b"[" * 100_000,
        WANTED.parameters.replace(b"126", b"127"),
        WANTED.parameters.replace(b"126", b"true"),
        WANTED.parameters.replace(b'"the"]', b'"the",3]'),
        WANTED.parameters.replace(b'"zimmer"]', b'"zimmer","x"]'),
        WANTED.parameters[:-1] + b',"more":1}',
    ],
)
def test_parameters_that_are_none_are_refused(broken: bytes) -> None:
    with pytest.raises(FormatError, match="parameters of Punkt"):
        Punkt.from_bytes(broken)


def test_the_word_without_a_character_may_be_an_abbreviation() -> None:
    assert Punkt.of(abbreviations={""}).sentences("x-. b") == ["x-. b"]
    assert Punkt.of().sentences("x-. b") == ["x-.", "b"]


def test_nothing_has_no_sentence() -> None:
    for splitter in (RULES, WANTED):
        assert splitter.sentences("") == splitter.sentences(" \n") == []
        assert splitter.spans([]).rows.tolist() == [0]
        with pytest.raises(DataError, match="is no str"):
            splitter.sentences(3)  # type: ignore[arg-type]
        with pytest.raises(DataError, match="lone surrogate"):
            splitter.sentences("\ud800")
