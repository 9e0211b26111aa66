"""Encodings: seen from the bytes, said, and never guessed against an explicit setting."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.errors import SourceError
from textmill.read.encoding import to_utf8

ROWS = "text,label\ncafé – “déjà vu”,x\nnaïve,y\nplain,x\ncrème,y\n"


def recode(data: bytes, encoding: str, size: int) -> tuple[bytes, str | None]:
    told: list[str] = []
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    out = b"".join(
        to_utf8(iter(blocks), encoding, where="x", said=lambda n, _: told.append(n), again=lambda: iter(blocks))
    )
    return out, told[0] if told else None


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (ROWS.encode(), "utf-8"),
        (codecs.BOM_UTF8 + ROWS.encode(), "utf-8"),
        (ROWS.encode("cp1252"), "cp1252"),
        (ROWS.encode("utf-16"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + ROWS.encode("utf-16-be"), "utf-16-be"),
        (ROWS.encode("utf-16-le"), "utf-16-le"),
        (ROWS.encode("utf-32"), "utf-32-le"),
    ],
)
def test_the_encoding_is_seen_and_said(folder, data, encoding):
    folder.write("a.csv", data)
    corpus = folder.read("a.csv")
    assert corpus.table()["text"].to_pylist() == ["café – “déjà vu”", "naïve", "plain", "crème"]
    assert corpus.facts["encoding"] == encoding


def test_a_guess_is_told_as_one(folder):
    folder.write("a.csv", ROWS.encode("cp1252"))
    assert folder.read("a.csv").facts["notes"] == [
        "the bytes are no UTF-8 and were read as Windows-1252, which Latin-1 is a part of"
    ]
    folder.write("a.csv", ROWS)
    assert folder.read("a.csv").facts["notes"] == []


def test_a_few_broken_rows_do_not_change_what_the_rest_is(folder):
    rows = b"".join("café,x\nthé,y\n".encode() for _ in range(100))
    folder.write("a.csv", b"text,label\n" + rows + b"caf\xe9,x\n")
    corpus = folder.read("a.csv")
    assert corpus.facts["encoding"] == "utf-8"
    assert folder.rejected == [{"row": 201, "reason": "broken UTF-8", "raw": "caf\\xe9,x"}]


@pytest.mark.slow
def test_one_odd_byte_long_before_the_first_character_of_utf_8_makes_no_other_encoding(folder):
    filler = b"plain,x\nplain,y\n" * 200_000  # more than two blocks
    folder.write("a.csv", b"text,label\nbroken \xe9,x\n" + filler + "café,y\n".encode())
    corpus = folder.read("a.csv")
    assert corpus.facts["encoding"] == "utf-8"
    assert corpus.facts["reasons"] == {"broken UTF-8": 1}


def test_an_explicit_encoding_wins(folder, refused):
    folder.write("a.csv", "text,label\nпривет,x\nпока,y\nда,x\nнет,y\n".encode("koi8-r"))
    corpus = folder.read("a.csv", encoding="koi8-r")
    assert corpus.table()["text"].to_pylist()[0] == "привет"
    assert corpus.facts["encoding"] == "koi8-r"
    assert refused(SourceError, folder.read, "a.csv", encoding="utf8000") == (
        "a.csv: no encoding is called 'utf8000'. Known are utf-8, utf-16, cp1252, latin-1 ..."
    )
    assert refused(SourceError, folder.read, "a.csv", encoding="base64") == "a.csv: 'base64' is no encoding of text"


def test_bytes_an_explicit_encoding_does_not_know_cost_their_row_only(folder):
    folder.write("a.csv", b"text,label\n" + "日本,x\n語,y\n".encode("shift_jis") * 100 + b"bad \xff\xff,x\n")
    corpus = folder.read("a.csv", encoding="shift_jis")
    assert corpus.n_rows == 200
    assert corpus.facts["reasons"] == {"broken UTF-8": 1}


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")), size=st.integers(1, 9))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32", "gb18030"])
def test_what_was_encoded_comes_back_whatever_the_blocks(encoding, text, size):
    assert recode(text.encode(encoding), encoding, size)[0].decode() == text


@given(data=st.binary(max_size=60), size=st.integers(1, 9))
@pytest.mark.parametrize("encoding", ["auto", "utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "ascii"])
def test_no_bytes_whatever_raise(encoding, data, size):
    recode(data, encoding, size)


def test_every_byte_of_windows_1252_is_read_as_browsers_do():
    out, _ = recode(bytes(range(128, 256)), "cp1252", 7)
    assert out.decode()[:3] == "€\x81‚"
