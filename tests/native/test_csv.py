"""Rows of CSV are those of Python's own writer."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import texts
from textmill import _native

cells = st.one_of(texts, st.text(st.sampled_from('a",;\r\n\t '), max_size=6))


@given(
    st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[cells] * width), max_size=6)), st.sampled_from(",;\t")
)
def test_rows_are_those_of_the_csv_module(rows: list[tuple[str, ...]], delimiter: str) -> None:
    columns = [_native.pack(list(column)) for column in zip(*rows, strict=True)]
    wanted = io.StringIO(newline="")
    csv.writer(wanted, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    written = _native.csv_rows(columns, delimiter).decode()
    if not any("\0" in cell for row in rows for cell in row):  # which Python's reader before 3.11 refuses
        assert [tuple(row) for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)] == rows
    assert written == wanted.getvalue()


def test_columns_that_do_not_fit_are_refused() -> None:
    one, two = _native.pack(["a"]), _native.pack(["a", "b"])
    with pytest.raises(ValueError, match="unlike lengths"):
        _native.csv_rows([one, two], ",")
    with pytest.raises(ValueError, match="one ASCII character"):
        _native.csv_rows([one], "é")
    with pytest.raises(ValueError, match="offsets"):
        _native.csv_rows([(one[0], np.array([0, 9], np.int64))], ",")
    assert _native.csv_rows([], ",") == b""
