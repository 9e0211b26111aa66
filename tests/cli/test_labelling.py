"""Texts through a model: what is printed, and what is added to rows."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest
from cli_fakes import FireClassifier, fire_model
from hypothesis import given
from hypothesis import strategies as st

from textmill.cli.labelling import _lines, label_texts
from textmill.errors import SourceError


class Pipe(io.BytesIO):
    """A pipe that hands out what was written in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def read1(self, size=-1):
        return self.pieces.pop(0) if self.pieces else b""


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_lines_do_not_depend_on_how_the_pipe_cuts_them(pieces):
    whole = b"".join(pieces).replace(b"\r", b"")
    try:
        wanted = [line.decode() for line in (whole.removesuffix(b"\n").split(b"\n") if whole else [])]
    except UnicodeDecodeError:
        return
    assert [line for batch in _lines(Pipe(*[p.replace(b"\r", b"") for p in pieces if p])) for line in batch] == wanted


def test_a_line_is_answered_before_the_next_one_is_there():
    lines = _lines(Pipe(b"first\nsec", b"ond\r\n", b"third"))
    assert next(lines) == ["first"]
    assert next(lines) == ["second"]
    assert list(lines) == [["third"]]


def test_a_line_that_is_no_utf8_is_named():
    with pytest.raises(SourceError) as caught:
        list(_lines(Pipe(b"fine\n", b"caf\xe9\nfine\n")))
    assert str(caught.value) == (
        "standard input, line 2: this line is not UTF-8: byte 0xe9 begins no character. "
        "Convert it first, for example with: iconv -f latin1 -t utf-8"
    )


def test_texts_are_printed_with_label_and_score(capsys):
    label_texts(fire_model(), ["Fire!", "a\tcalm\x1b day"], as_json=False)
    assert capsys.readouterr().out == "disaster\t0.900\tFire!\nother\t0.800\ta calm\ufffd day\n"


def test_json_is_one_document_in_the_form_of_the_http_answer(capsys):
    label_texts(fire_model(), ["Fire!", 'a "calm" day'], as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "model": "fire",
        "version": 2,
        "predictions": [
            {"text": "Fire!", "label": "disaster", "scores": {"disaster": 0.9, "other": 0.1}},
            {"text": 'a "calm" day', "label": "other", "scores": {"disaster": 0.2, "other": 0.8}},
        ],
    }


def test_no_line_at_all_is_an_empty_document(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    label_texts(fire_model(), [], as_json=True)
    assert json.loads(capsys.readouterr().out)["predictions"] == []


def test_fake_keeps_the_contract():
    assert FireClassifier().predict(pa.array(["fire"], pa.large_string())).labels == ["disaster"]
