"""Labels as numbers: one a text, or several."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.errors import DataError, LabelError
from textmill.models.targets import Targets
from textmill.types import BETWEEN, joined

NAMES = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(NAMES, min_size=2).filter(lambda found: len(set(found)) > 1))
def test_one_label_a_text(labels: list[str]) -> None:
    made = Targets.of_labels(labels)
    assert made.classes == tuple(sorted(set(labels)))
    assert made.codes is not None
    assert [made.classes[code] for code in made.codes] == labels
    assert (made.several, len(made), made.members) == (False, len(labels), None)
    assert made.truth.dtype == np.float32
    assert made.truth.shape == (len(labels), made.n_outputs)
    if len(made.classes) == 2:
        assert made.n_outputs == 1
        assert made.truth[:, 0].tolist() == made.codes.tolist()
    else:
        assert made.truth.argmax(1).tolist() == made.codes.tolist()
        assert (made.truth.sum(1) == 1).all()


@given(st.lists(st.sets(NAMES), min_size=1).filter(any))
def test_several_labels_a_text(sets: list[set[str]]) -> None:
    lists = [sorted(one) for one in sets]
    made = Targets.of_sets(lists)
    assert made.classes == tuple(sorted(set().union(*sets)))
    assert made.members is not None
    assert [[made.classes[i] for i in np.flatnonzero(row)] for row in made.members] == lists
    assert (made.several, made.n_outputs, len(made)) == (True, len(made.classes), len(sets))
    np.testing.assert_array_equal(made.truth, made.members.astype(np.float32))
    np.testing.assert_array_equal(Targets.of_sets([joined(one) for one in lists]).members, made.members)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_label_that_is_missing_is_named(missing: object) -> None:
    with pytest.raises(LabelError, match="label 1 is missing"):
        Targets.of_labels(["a", missing, "b"])  # type: ignore[list-item]
    with pytest.raises(LabelError, match="label 1 is missing"):
        Targets.of_labels(pd.Series(["a", missing, "b"]))
    with pytest.raises(LabelError, match="label 1 is missing"):
        Targets.of_labels(pa.array(["a", None, "b"]))


def test_balanced_weights_are_one_rule_for_labels_apart_and_together() -> None:
    several = Targets.of_sets([["x"], ["x", "y"], ["y"], [], ["y"], ["y"]])
    for place, name in enumerate(several.classes):
        alone = Targets.of_labels(["yes" if name in one else "no" for one in (["x"], "xy", "y", "", "y", "y")])
        assert several.balanced[:, [place]].tolist() == alone.balanced.tolist()
    soft = several.softened(np.full((6, 2), 0.4, np.float32))  # what a teacher says does not make a label common
    assert soft.balanced.tolist() == several.balanced.tolist()


def test_what_cannot_be_learned_from_is_said() -> None:
    with pytest.raises(LabelError, match="nothing to tell apart; wanted two classes or more, got only 'a'"):
        Targets.of_labels(["a", "a"])
    with pytest.raises(LabelError, match="got no labelled text"):
        Targets.of_labels([])
    for nothing in ([], [[], []], [""]):
        with pytest.raises(LabelError, match="no text has a label"):
            Targets.of_sets(nothing)
    made = Targets.of_labels(["a", "b"])
    made.check_number(2)
    with pytest.raises(LabelError, match="wanted 3 labels, got 2"):
        made.check_number(3)
    with pytest.raises(DataError, match="stands between two labels"):
        Targets.of_sets([[f"a{BETWEEN}b"], ["c"]])
