"""Files of word vectors: word2vec's text and binary as gensim writes them, GloVe's; what is no such file."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textmill.errors import DataError, SourceError
from textmill.features.vector_files import read_vectors
from textmill.models.networks.vectors import vectors_for

WORDS = ["fire", "flüssig", "東京", "new_york", "don't", "0.5", "7"]
VECTORS = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)

# as gensim's KeyedVectors.save_word2vec_format writes two words of three numbers
GENSIM_TEXT = b"2 3\nfire 0.5 -1.0 2.25\ns\xc3\xbcn 1e-05 3.0 0.0\n"
GENSIM_BINARY = b"2 3\nfire " + struct.pack("<3f", 0.5, -1.0, 2.25) + b"s\xc3\xbcn " + struct.pack("<3f", 1e-5, 3, 0)


def written(form: str) -> bytes:
    """The vectors in the form that a program writes."""
    head = f"{len(WORDS)} {VECTORS.shape[1]}\n".encode()
    rows = list(zip([word.encode() for word in WORDS], VECTORS, strict=True))
    text = [word + b" " + " ".join(map(repr, vector.tolist())).encode() for word, vector in rows]
    return {
        "word2vec text": head + b"".join(line + b"\n" for line in text),
        "word2vec text of the C program": head + b"".join(line + b" \n" for line in text),
        "without a line's end": head + b"\n".join(text),
        "windows": head.replace(b"\n", b"\r\n") + b"".join(line + b"\r\n" for line in text),
        "glove": b"".join(line + b"\n" for line in text),
        "word2vec binary": head + b"".join(word + b" " + vector.tobytes() for word, vector in rows),
        "word2vec binary of the C program": head + b"".join(word + b" " + vec.tobytes() + b"\n" for word, vec in rows),
    }[form]


FORMS = [
    "word2vec text", "word2vec text of the C program", "without a line's end", "windows", "glove",
    "word2vec binary", "word2vec binary of the C program",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_vectors_are_those_that_were_written(form: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("vectors.gz" if packed else "vectors.bin")
    path.write_bytes(gzip.compress(written(form)) if packed else written(form))
    wanted = {word: row for row, word in enumerate(["moon", *reversed(WORDS)])}
    vectors, found = read_vectors(path, wanted)
    assert vectors.dtype == np.float32
    assert found.tolist() == [False] + [True] * len(WORDS)
    np.testing.assert_array_equal(vectors[1:], VECTORS[::-1])
    assert (vectors[0] == 0).all()


@pytest.mark.parametrize("data", [GENSIM_TEXT, GENSIM_BINARY])
def test_bytes_as_gensim_writes_them(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "vectors").write_bytes(data)
    vectors, found = read_vectors(tmp_path / "vectors", {"sün": 0, "fire": 1})
    assert found.all()
    np.testing.assert_array_equal(vectors, np.array([[1e-5, 3, 0], [0.5, -1, 2.25]], np.float32))


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=6),
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
        min_size=1,
        max_size=9,
    ),
    st.booleans(),
)
def test_whatever_the_words_are_the_vectors_come_back(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, list[float]], binary: bool
) -> None:
    path = tmp_path_factory.mktemp("vectors") / "vectors"
    head = f"{len(made)} 2\n".encode()
    if binary:
        path.write_bytes(head + b"".join(w.encode() + b" " + struct.pack("<2f", *v) + b"\n" for w, v in made.items()))
    else:
        path.write_bytes(head + b"".join(f"{w} {v[0]!r} {v[1]!r}\n".encode() for w, v in made.items()))
    vectors, found = read_vectors(path, {word: row for row, word in enumerate(made)})
    assert found.all()
    np.testing.assert_array_equal(vectors, np.array(list(made.values()), np.float32))


def test_of_a_word_that_is_there_twice_the_first_counts(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text("fire 1 2\nsun 3 4\nfire 5 6\n")
    vectors, _ = read_vectors(tmp_path / "glove.txt", {"fire": 0})
    assert vectors.tolist() == [[1, 2]]
    (tmp_path / "glove.txt").write_text("fire 1 2\n. . . 3 4\n")  # as some of GloVe's files have it
    vectors, found = read_vectors(tmp_path / "glove.txt", {". . .": 0, ".": 1})
    assert vectors.tolist() == [[3, 4], [0, 0]]
    assert found.tolist() == [True, False]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "glove"])  # which says nowhere how much there is
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_file_that_is_cut_short_is_said(form: str, share: float, tmp_path: Path) -> None:
    data = written(form)
    (tmp_path / "vectors").write_bytes(data[: int(share * len(data))])
    with pytest.raises(DataError, match=r"cut short|these are no word vectors") as caught:
        read_vectors(tmp_path / "vectors", {"fire": 0})
    assert "\n" not in str(caught.value)


def test_whole_lines_that_are_missing_are_said(tmp_path: Path) -> None:
    for rows in (b"", b"fire 1 2 3\n"):
        (tmp_path / "vectors").write_bytes(b"2 3\n" + rows)
        with pytest.raises(DataError, match="cut short"):
            read_vectors(tmp_path / "vectors", {"fire": 0})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "there is no word vector in it"),
        (b"\n\n", "these are no word vectors"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9, "these are no word vectors"),
        (b"id,text,label\n1,fire,bad\n", "these are no word vectors"),
        (b"fire 1 2\nsun 3\n", "line 2: these are no word vectors; wanted a word and 2 numbers"),
        (b"fire 1 2\nsun 3 x\n", "line 2: these are no word vectors"),
        (b"3 0\nfire\nsun\nmoon\n", "hold no number"),
        (b"0 5\n", "no word vector in it|cut short"),
        (b"9 99999999999\nfire abc", "cut short"),
        (b"fire nan 1\n", "what is no number"),
        (b"fire inf 1\n", "what is no number"),
    ],
)
def test_what_is_no_file_of_vectors_is_said(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "vectors").write_bytes(data)
    with pytest.raises(DataError, match=said) as caught:
        read_vectors(tmp_path / "vectors", {"fire": 0})
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "vectors") in str(caught.value)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    whole = gzip.compress(written("glove") * 50)
    spoiled = bytearray(whole)
    spoiled[len(whole) // 2] ^= 0xFF
    (tmp_path / "folder").mkdir()
    for name, data in (("cut.gz", whole[: len(whole) // 2]), ("none.gz", b"nothing"), ("bits.gz", bytes(spoiled))):
        (tmp_path / name).write_bytes(data)
    for name in ("cut.gz", "none.gz", "bits.gz", "folder", "gone"):
        with pytest.raises(DataError, match=name) as caught:
            read_vectors(tmp_path / name, {"fire": 0})
        assert "\n" not in str(caught.value)
    with pytest.raises(SourceError):
        read_vectors(tmp_path / "gone", {"fire": 0})


def test_words_that_a_file_lacks_are_drawn_with_the_spread_of_those_that_it_has(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    lines = [f"w{i} " + " ".join(map(str, draw.normal(0, 3.0, 50))) for i in range(40)]
    (tmp_path / "glove.txt").write_text("\n".join(lines))
    terms = ["", "", *(f"w{i}" for i in range(40)), *(f"x{i}" for i in range(40))]
    vectors = vectors_for(terms, tmp_path / "glove.txt", "auto", 13)
    assert vectors.dtype == np.float32
    assert vectors[42:].std() == pytest.approx(vectors[2:42].std(), rel=0.1)
    np.testing.assert_array_equal(vectors, vectors_for(terms, tmp_path / "glove.txt", 50, 13))
    assert (vectors[42:] != vectors_for(terms, tmp_path / "glove.txt", 50, 14)[42:]).any()
    np.testing.assert_allclose(vectors[2], np.array(lines[0].split()[1:], np.float32), rtol=1e-6)
