"""Scores of label sets against scikit-learn's, and intervals that hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from textmill.config import EvaluateConfig
from textmill.errors import DataError
from textmill.evaluate import compare, evaluate
from textmill.evaluate.multilabel import SETS_ORDER, measure_sets, resample_sets
from textmill.types import LabelSets, Prediction, joined, parted

CLASSES = ("a", "b", "c", "d")


def drawn(seed: int, n: int = 60) -> tuple[Any, LabelSets, list[str]]:
    rng = np.random.Generator(np.random.PCG64(seed))
    truth = rng.random((n, 4)) < [0.6, 0.3, 0.1, 0.02]
    scores = np.clip(0.55 * truth + rng.random((n, 4)) * 0.6, 0, 1).astype(np.float32)
    scores = np.round(scores, 1)  # ties too
    labels = [joined(np.array(CLASSES)[row].tolist()) for row in truth]
    return truth, LabelSets(CLASSES, scores, scores >= 0.5), labels


def base(labels: list[str]) -> LabelSets:
    shares = np.tile(np.array([0.6, 0.3, 0.1, 0.02], np.float32), (len(labels), 1))
    return LabelSets(CLASSES, shares, shares >= 0.5)


@given(st.integers(0, 10_000))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    truth, said, _ = drawn(seed)
    found = measure_sets(truth, said)
    y, p = truth.astype(int), said.chosen.astype(int)
    for name, average in (("f1", "micro"), ("f1_macro", "macro"), ("f1_weighted", "weighted")):
        seen = (y | p).any(axis=0)  # a label that is nowhere has no F1
        expected = reference.f1_score(y[:, seen], p[:, seen], average=average, zero_division=0)
        assert found.overall[name] == pytest.approx(expected)
    assert found.overall["precision"] == pytest.approx(reference.precision_score(y, p, average="micro"))
    assert found.overall["recall"] == pytest.approx(reference.recall_score(y, p, average="micro"))
    assert found.overall["f1_samples"] == pytest.approx(reference.f1_score(y, p, average="samples", zero_division=1))
    assert found.overall["jaccard"] == pytest.approx(reference.jaccard_score(y, p, average="samples", zero_division=1))
    assert found.overall["accuracy"] == pytest.approx(reference.accuracy_score(y, p))
    assert found.overall["hamming_loss"] == pytest.approx(reference.hamming_loss(y, p))
    assert found.overall["ranking_precision"] == pytest.approx(
        reference.label_ranking_average_precision_score(y, said.scores)
    )
    there = y.any(axis=0)
    expected = np.mean([reference.average_precision_score(y[:, k], said.scores[:, k]) for k in np.flatnonzero(there)])
    assert found.overall["average_precision"] == pytest.approx(expected)
    areas = [reference.roc_auc_score(y[:, k], said.scores[:, k]) for k in np.flatnonzero(there & ~y.all(axis=0))]
    assert found.overall["roc_auc"] == pytest.approx(np.mean(areas))


def test_resamples_are_what_counting_each_of_them_gives() -> None:
    truth, said, _ = drawn(3, n=25)
    [draws] = resample_sets(truth, [said], resamples=120, ranked=120, seed=9)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([9, 7])))
    seen = (truth | said.chosen).any(axis=0)
    for b in range(120):
        rows = np.repeat(np.arange(25), np.bincount(rng.integers(0, 25, 25), minlength=25))
        again = measure_sets(truth[rows], said.rows(rows))
        for name in SETS_ORDER:
            # a mean over the labels of the whole side
            expected = float(again.by_class["f1"][seen].mean()) if name == "f1_macro" else again.overall[name]
            if name in ("average_precision", "roc_auc"):
                assert draws.overall[name][b] == pytest.approx(expected, nan_ok=True)
            else:
                assert draws.overall[name][b] == pytest.approx(expected)
        np.testing.assert_allclose(draws.by_class["recall"][b], again.by_class["recall"])


def test_clusters_are_drawn_together_and_widen_the_interval() -> None:
    _, said, labels = drawn(4, n=40)
    many = np.repeat(np.arange(40), 5)
    rows = ([labels[i] for i in many], said.rows(many), base(labels).rows(many))
    found = [evaluate(*rows, config=EvaluateConfig(), seed=1, clusters=clusters) for clusters in (None, many)]
    width = [[one.metrics[name].high - one.metrics[name].low for name in ("f1", "jaccard")] for one in found]
    for narrow, wide in zip(*width, strict=True):
        assert 1.8 < wide / narrow < 2.7  # the square root of five is 2.24


def test_a_report_says_what_leads_and_beside_what() -> None:
    truth, said, labels = drawn(1)
    found = evaluate(labels, said, base(labels), config=EvaluateConfig(), seed=1)
    assert found.details["headline"]["metric"] == "f1"
    assert found.confusion == []
    assert set(found.per_class) == set(CLASSES)
    assert found.metrics["f1"].low <= found.metrics["f1"].value <= found.metrics["f1"].high
    assert found.metrics["f1"].baseline == pytest.approx(
        reference.f1_score(truth, base(labels).chosen, average="micro")
    )
    for one in found.details["mistakes"]:
        assert one["truth"] == labels[one["row"]] != one["predicted"] == said.labels[one["row"]]
        assert one["probability"] >= 0.5
    assert [one["probability"] for one in found.details["mistakes"]] == sorted(
        (one["probability"] for one in found.details["mistakes"]), reverse=True
    )
    assert all(said.labels[one["row"]] == labels[one["row"]] != "" for one in found.details["hits"])


def test_a_label_that_no_training_row_has_counts_as_missed_and_is_named() -> None:
    truth, said, labels = drawn(2)
    labels[0] = joined([*parted(labels[0]), "new"])
    found = evaluate(labels, said, base(labels), config=EvaluateConfig(), seed=1)
    assert found.per_class["new"]["recall"].value == 0
    assert found.per_class["new"]["support"].value == 1
    assert any("No training row has 'new'" in note for note in found.details["notes"])
    y = np.column_stack([truth, np.eye(60, 1, dtype=bool)])
    p = np.column_stack([said.chosen, np.zeros(60, bool)])
    assert found.metrics["recall"].value == pytest.approx(reference.recall_score(y, p, average="micro"))


def test_models_are_compared_on_whole_sets() -> None:
    _, said, labels = drawn(5, n=300)
    order = [2, 0, 3, 1]
    worse = LabelSets(tuple(CLASSES[i] for i in order), said.scores[:, order] * 0.5, np.zeros((300, 4), bool))
    found = compare(labels, {"a@1": said, "a@2": worse}, config=EvaluateConfig(), seed=1)
    [other] = found["others"]
    assert other["outcome"] == "worse"
    assert other["only_first"] > other["only_other"]
    assert "F1" in other["sentence"]
    one = Prediction(("a", "b"), np.full((300, 2), 0.5, np.float32))
    with pytest.raises(DataError, match="cannot be compared"):
        compare(labels, {"a@1": said, "b@1": one}, config=EvaluateConfig(), seed=1)
