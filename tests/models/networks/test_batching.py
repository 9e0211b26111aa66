"""Batches: every item once, little filled up, the same for the same seed."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textmill.models.networks.batching import batches_of_one_length, shuffled_batches

LENGTHS = st.lists(st.integers(1, 30), max_size=300).map(lambda found: np.array(found, np.int64))
BUDGETS = st.integers(1, 100)


def check(batches: list[np.ndarray], lengths: np.ndarray, budget: int) -> None:
    assert sorted(np.concatenate([np.zeros(0, np.int64), *batches]).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget


@given(LENGTHS, BUDGETS)
def test_every_text_is_in_one_batch_the_shortest_first(lengths: np.ndarray, budget: int) -> None:
    batches = batches_of_one_length(lengths, budget)
    check(batches, lengths, budget)
    order = np.concatenate([np.zeros(0, np.int64), *batches])
    assert order.tolist() == np.argsort(lengths, kind="stable").tolist()
    for one, other in itertools.pairwise(batches):  # none could have been larger
        assert (len(one) + 1) * lengths[other[0]] > budget


@given(LENGTHS, BUDGETS, st.integers(0, 2**32))
def test_shuffled_batches_hold_every_text_once_and_are_those_of_their_seed(
    lengths: np.ndarray, budget: int, seed: int
) -> None:
    batches = shuffled_batches(lengths, budget, np.random.default_rng(seed))
    check(batches, lengths, budget)
    again = shuffled_batches(lengths, budget, np.random.default_rng(seed))
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


def test_batches_are_drawn_anew_and_fill_up_little() -> None:
    lengths = np.random.default_rng(3).integers(1, 200, 5000)
    first, second = (shuffled_batches(lengths, 2000, np.random.default_rng(seed)) for seed in (1, 2))
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in second]
    assert not np.all(np.diff([lengths[batch].max() for batch in first]) >= 0)  # no order of lengths to learn from
    filled = sum(len(batch) * lengths[batch].max() for batch in first)
    assert filled < 1.15 * lengths.sum()
