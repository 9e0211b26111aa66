"""Fingerprints are equal exactly where the texts are, as they stand or loosely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import fingerprints as oracle
from strategies import examples, fragments, texts
from textmill import _native

loosely_alike = st.builds(
    lambda text, change: {0: text.upper(), 1: f" {text}!", 2: f"{text} http://a.b/c", 3: text.replace(" ", "  ")}[
        change
    ],
    st.sampled_from(["a b", "Σας", "fire 12", "é_", "", "!?"]),
    st.integers(0, 3),
)


def classes(prints: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    first: dict[tuple[int, ...], int] = {}
    return [first.setdefault(tuple(row), i) for i, row in enumerate(prints.tolist())]


@settings(max_examples=examples(300))
@given(st.lists(st.one_of(fragments, texts, loosely_alike), max_size=12), st.booleans())
def test_equal_texts_and_no_others_have_equal_fingerprints(batch: list[str], loose: bool) -> None:
    packed = _native.pack(batch)
    prints = _native.fingerprints(*packed, loose, 1)
    assert prints.shape == (len(batch), 2)
    assert classes(prints) == classes(oracle.fingerprints(*packed, loose, 1))


@pytest.mark.parametrize("loose", [False, True])
def test_neither_threads_nor_neighbours_matter(loose: bool) -> None:
    batch = [f"text {i % 977}, {'x' * (i % 89)}" for i in range(12_000)]
    packed = _native.pack(batch)
    prints = _native.fingerprints(*packed, loose, 1)
    np.testing.assert_array_equal(prints, _native.fingerprints(*packed, loose, 3))
    np.testing.assert_array_equal(prints[5:6], _native.fingerprints(*_native.pack(batch[5:6]), loose, 1))


def test_a_hundred_thousand_short_texts_differ_in_each_half() -> None:
    prints = _native.fingerprints(*_native.pack([f"{i:x}" for i in range(100_000)]), False, 1)
    assert len(np.unique(prints[:, 0])) == len(np.unique(prints[:, 1])) == 100_000


def test_length_and_zero_bytes_count() -> None:
    prints = _native.fingerprints(*_native.pack(["", "\0", "\0\0", "\0" * 8, "\0" * 16, "a", "a\0"]), False, 1)
    assert classes(prints) == list(range(7))
