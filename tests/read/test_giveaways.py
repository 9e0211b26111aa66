"""Columns that give the label away are found, and those that only look like it are not."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from textmill.read.giveaways import guessed, inspect_columns

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)


@given(pairs)
def test_a_guess_is_the_most_frequent_label_of_the_other_rows(rows: list[tuple[int, int]]) -> None:
    right = 0
    for i, (value, label) in enumerate(rows):
        others = Counter(other for k, (same, other) in enumerate(rows) if k != i and same == value)
        right += all(others[label] > count for other, count in others.items() if other != label) and label in others
    values, labels = np.array(rows).T
    assert guessed(values, labels) == right / len(rows)


def batch_of(*rows: dict[str, object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows))


def found_in(*batches: pa.RecordBatch) -> list[tuple[str, str]]:
    return [(one["column"], one["of"]) for one in inspect_columns(batches, label="label", text="text")["giveaways"]]


def test_an_id_and_what_has_nothing_to_do_with_the_label_give_nothing_away() -> None:
    rows = [{"text": "x", "label": n % 2, "id": n, "day": n % 7, "kind": "ab"[n % 2]} for n in range(70)]
    assert found_in(batch_of(*rows)) == [("kind", "value")]


def test_columns_that_come_late_or_are_missing_are_columns_too() -> None:
    one = batch_of(*({"text": "x", "label": "a", "other": [1]} for _ in range(20)))
    two = batch_of(*({"text": "x", "label": "b", "late": True} for _ in range(20)))
    assert found_in(one, two) == [("late", "value"), ("other", "value")]


def test_columns_with_one_value_say_nothing() -> None:
    rows = [{"text": "x", "label": n % 2, "by": "Ann", "none": None, "rare": n == 3} for n in range(20)]
    found = inspect_columns([batch_of(*rows[:10]), batch_of(*rows[10:])], label="label", text="text")
    assert found == {"giveaways": [], "constant": ["by", "none"]}
    assert inspect_columns([batch_of(rows[0])], label="label", text="text")["constant"] == []


def test_what_is_no_link_has_no_domain() -> None:
    rows = [{"text": "x", "label": n % 2, "link": f"http://[{n % 2}"} for n in range(20)]
    assert found_in(batch_of(*rows)) == [("link", "value")]
    assert found_in() == []


def test_the_site_of_a_headline_tells_whether_it_is_sarcastic(data_dir: Path) -> None:
    with gzip.open(
        data_dir / "sarcasm_headlines" / "Sarcasm_Headlines_Dataset.json.gz", "rt", encoding="utf-8"
    ) as file:
        rows = [json.loads(line) for line in file]
    batch = pa.RecordBatch.from_pylist(rows)
    best = inspect_columns([batch], label="is_sarcastic", text="headline")["giveaways"][0]
    assert (best["column"], best["of"]) == ("article_link", "domain")
    assert best["accuracy"] > 0.99
