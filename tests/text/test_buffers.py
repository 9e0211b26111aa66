"""Texts come in from lists, Arrow, pandas and polars, and what is none is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import texts
from textmill.errors import DataError
from textmill.text import TextBuffers, text_buffers
from textmill.text.buffers import decode_types, encode_types

BATCH = ["fire", "", "né𐐀", "a\0b", "", "日本"]

DOORS: dict[str, Callable[[list[str]], Any]] = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "string": lambda t: pa.array(t, pa.string()),
    "large_string": lambda t: pa.array(t, pa.large_string()),
    "string_view": lambda t: pa.array(t, pa.string_view()),
    "dictionary": lambda t: pa.array(t, pa.string()).dictionary_encode(),
    "large dictionary": lambda t: pa.array(t, pa.large_string()).dictionary_encode(),
    "chunked": lambda t: pa.chunked_array([t[:2], [], t[2:]], pa.string()),
    "one chunk": lambda t: pa.chunked_array([t], pa.large_string()),
    "chunked dictionary": lambda t: pa.chunked_array(
        [pa.array(t[:3], pa.string()), pa.array(t[3:], pa.string())]
    ).dictionary_encode(),
    "no chunks": lambda t: pa.chunked_array([t], pa.string()) if t else pa.chunked_array([], pa.string()),
    "sliced": lambda t: pa.array(["x", "yy", *t, "zzz"], pa.string())[2 : 2 + len(t)],
    "sliced large": lambda t: pa.array(["x", *t, "zzz"], pa.large_string())[1 : 1 + len(t)],
    "sliced view": lambda t: pa.array(["x", *t, "a text too long to stay inside its view"], pa.string_view())[
        1 : 1 + len(t)
    ],
    "sliced dictionary": lambda t: pa.array(["x", *t, "zzz"], pa.string()).dictionary_encode()[1 : 1 + len(t)],
    "pandas object": lambda t: pd.Series(t, dtype=object),
    "pandas string": lambda t: pd.Series(t, dtype="string"),
    "pandas of some rows": lambda t: pd.DataFrame({"text": ["x", *t]}).iloc[1:]["text"],
    "pandas category": lambda t: pd.Series(t, dtype="category"),
    "polars": lambda t: pl.Series(t, dtype=pl.String),
    "polars categorical": lambda t: pl.Series(t, dtype=pl.String).cast(pl.Categorical),
    "numpy": lambda t: np.array(t, dtype=object),
    "numpy str": lambda t: np.array(t, dtype=str) if "a\0b" not in t else np.array(t, dtype=object),
    "buffers": lambda t: text_buffers(t),
}


@pytest.mark.parametrize("door", list(DOORS))
@pytest.mark.parametrize("batch", [BATCH, [], ["one"], [""] * 3], ids=["many", "none", "one", "empty"])
def test_every_door_gives_the_same_texts(door: str, batch: list[str]) -> None:
    found = text_buffers(DOORS[door](batch))
    assert found.bytes.dtype == np.uint8
    assert found.offsets.dtype == np.int64
    assert found.n_texts == len(batch)
    assert decode_types(*found) == batch


@given(st.lists(texts, max_size=6))
def test_packing_loses_nothing(batch: list[str]) -> None:
    assert decode_types(*encode_types(batch)) == batch
    assert decode_types(*text_buffers(pa.array(batch, pa.string()))) == batch


def test_arrow_strings_are_not_copied() -> None:
    array = pa.array(BATCH, pa.large_string())
    found = text_buffers(array)
    assert found.bytes.__array_interface__["data"][0] == array.buffers()[2].address
    assert found.offsets.__array_interface__["data"][0] == array.buffers()[1].address
    assert text_buffers(found) is found


def test_the_bytes_outlive_what_they_came_from() -> None:
    found = text_buffers(pa.chunked_array([BATCH * 1000]))
    junk = [pa.array(["x" * 100] * 1000) for _ in range(20)]
    assert decode_types(*found) == BATCH * 1000
    assert len(junk) == 20


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ("one text", "wanted a list of texts, got one text. Put it in a list: \\[text\\]"),
        (b"bytes", "wanted a list of texts, got bytes"),
        ({"text": "x"}, "wanted a list of texts, got dict"),
        (7, "wanted a list of texts, got int"),
        (None, "wanted a list of texts, got NoneType"),
        (["a", None], "text 1 is no str but NoneType"),
        (["a", "b\udc80"], "text 1 holds a lone surrogate"),
        (pa.array(["a", None, "b"]), "text 1 is missing"),
        (pa.array(["a", None, "b"])[1:], "text 0 is missing"),
        (pa.array(["a", None, "b"], pa.string_view()), "text 1 is missing"),
        (pa.chunked_array([["a"], ["b", None]]), "text 2 is missing"),
        (pa.array(["a", None]).dictionary_encode(), "text 1 is missing"),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])), "text 1 is missing"),
        (pa.nulls(3), "text 0 is missing"),
        (pa.array([1, 2]), "these are no texts; wanted strings, got int64"),
        (pa.array([b"a"]), "these are no texts; wanted strings, got binary"),
        (pa.array([["a"]]), "these are no texts; wanted strings, got list"),
        (pa.table({"text": ["a"]}), "these are no texts; wanted strings, got struct"),
        (pa.record_batch({"text": ["a"]}), "these are no texts; wanted strings, got struct"),
        (pd.DataFrame({"text": ["a"]}), "these are no texts; wanted strings, got struct"),
        (pl.DataFrame({"text": ["a"]}), "these are no texts; wanted strings, got struct"),
        (pl.Series([1.5]), "these are no texts; wanted strings, got double"),
        (pd.Series(["a", None], dtype="string"), "text 1 is (missing|no str)"),
        (pd.Series(["a", 1], dtype=object), "text 1 is no str but int"),
        (np.array([["a", "b"]]), "text 0 is no str but"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_list_of_texts_is_refused(texts: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        text_buffers(texts)


def test_buffers_are_a_tuple_of_two() -> None:
    data, offsets = TextBuffers(np.zeros(0, np.uint8), np.zeros(1, np.int64))
    assert (len(data), len(offsets)) == (0, 1)
