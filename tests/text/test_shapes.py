"""Spelling shapes, as spaCy's ``word.shape_`` has them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.text.shapes import shape


@pytest.mark.parametrize(
    ("word", "shaped"),
    [
        ("Apple", "Xxxxx"),
        ("U.K.", "X.X."),
        ("$", "$"),
        ("1", "d"),
        ("billion", "xxxx"),
        ("startup", "xxxx"),
        ("C3Po", "XdXx"),
        ("unbelievably-LONG-20200", "xxxx-XXXX-dddd"),
        ("......", "...."),
        ("ÉTÉ", "XXX"),
        ("二〇", "x〇"),
        ("²", "d"),
        ("", ""),
        ("x" * 99, "xxxx"),
        ("x" * 100, "LONG"),
    ],
)
def test_shapes_that_spacy_gives(word: str, shaped: str) -> None:
    assert shape(word) == shaped


@given(st.text(max_size=99))
def test_a_shape_is_its_signs_with_runs_cut_at_four(word: str) -> None:
    signs = "".join(("X" if c.isupper() else "x") if c.isalpha() else "d" if c.isdigit() else c for c in word)
    assert shape(word) == re.sub(r"(.)\1{4,}", lambda run: run[1] * 4, signs, flags=re.DOTALL)
