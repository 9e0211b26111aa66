"""From predictions to scores, and what is refused on the way."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from textmill.config import EvaluateConfig
from textmill.errors import DataError
from textmill.evaluate import build_report, evaluate, without_leaks
from textmill.evaluate import metrics as formulas
from textmill.models import positive_class
from textmill.types import Prediction, Report

CONFIG = EvaluateConfig(bootstrap=200)
ALWAYS = (
    "accuracy", "f1", "precision", "recall", "f1_macro", "f1_weighted", "balanced_accuracy", "mcc", "log_loss", "brier",
    "calibration_error",
)  # fmt: skip


def said(*rows: tuple[float, ...], classes: tuple[str, ...] = ("ham", "spam")) -> Prediction:
    return Prediction(classes, np.array(rows, dtype=np.float32))


def test_binary_scores_are_scikit_learns(made):
    truth, prediction, baseline = made(400, 2, names=("ham", "spam"))
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1)
    y, labels, scores = np.array(truth), prediction.labels, prediction.scores.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)  # float32 adds up to one but for the last digit
    p = scores[:, 1]
    wanted = {
        "accuracy": oracle.accuracy_score(y, labels),
        "f1": oracle.f1_score(y, labels, pos_label="spam"),
        "precision": oracle.precision_score(y, labels, pos_label="spam"),
        "recall": oracle.recall_score(y, labels, pos_label="spam"),
        "f1_macro": oracle.f1_score(y, labels, average="macro"),
        "f1_weighted": oracle.f1_score(y, labels, average="weighted"),
        "balanced_accuracy": oracle.balanced_accuracy_score(y, labels),
        "mcc": oracle.matthews_corrcoef(y, labels),
        "average_precision": oracle.average_precision_score(y == "spam", p),
        "roc_auc": oracle.roc_auc_score(y == "spam", p),
        "log_loss": oracle.log_loss(y, scores),
        "brier": oracle.brier_score_loss(y == "spam", p),
        "calibration_error": formulas.calibration_error(y == "spam", prediction.scores, 1),
    }
    assert list(found.metrics) == list(wanted)
    for name, value in wanted.items():
        score = found.metrics[name]
        assert score.value == pytest.approx(value, abs=1e-6), name
        assert score.low <= score.value <= score.high
    assert found.confusion == oracle.confusion_matrix(y, labels).tolist()
    assert found.per_class["ham"]["f1"].value == pytest.approx(oracle.f1_score(y, labels, pos_label="ham"))
    assert found.per_class["ham"]["support"].value == (y == "ham").sum()


def test_scores_of_many_classes_are_macro_means(made):
    truth, prediction, baseline = made(500, 4)
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1)
    y, scores = np.array(truth), prediction.scores.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)
    wanted = oracle.roc_auc_score(y, scores, multi_class="ovr", average="macro")
    assert found.metrics["roc_auc"].value == pytest.approx(wanted, abs=1e-6)
    assert found.metrics["f1"] == found.metrics["f1_macro"]
    assert found.metrics["brier"].value == pytest.approx(oracle.brier_score_loss(y, scores), abs=1e-6)
    assert found.details["positive"] is None
    assert set(found.details["curves"]) == set(prediction.classes)


def test_beside_each_score_stand_the_baseline_and_the_difference(made):
    truth, prediction, baseline = made(600, 2, lift=3.0)
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1)
    most = max(truth.count(name) for name in prediction.classes) / len(truth)
    assert found.metrics["accuracy"].baseline == most
    assert found.metrics["roc_auc"].baseline == 0.5
    for name, score in found.metrics.items():
        if name == "calibration_error":  # the baseline, which tells nothing apart, has next to none
            assert score.baseline is None
            assert name not in found.details["differences"]
            continue
        difference = found.details["differences"][name]
        assert difference["value"] == pytest.approx(score.value - score.baseline)
        assert difference["low"] <= difference["value"] <= difference["high"]
    assert found.details["differences"]["accuracy"]["low"] > 0


def test_a_model_that_is_the_baseline_differs_by_nothing(made):
    truth, _, baseline = made(100, 3)
    found = evaluate(truth, baseline, baseline, config=CONFIG, seed=1)
    assert {tuple(part.values()) for part in found.details["differences"].values()} == {(0.0, 0.0, 0.0)}


def test_a_class_without_a_test_row_is_said_and_not_counted():
    truth = ["a", "b", "a", "b"]
    prediction = said((0.8, 0.1, 0.1), (0.2, 0.7, 0.1), (0.6, 0.3, 0.1), (0.5, 0.4, 0.1), classes=("a", "b", "c"))
    found = evaluate(truth, prediction, prediction, config=CONFIG, seed=1)
    assert found.metrics["recall"].value == pytest.approx((1 + 0.5) / 2)
    assert found.per_class["c"]["support"].value == 0
    assert any("No test row is 'c'" in note for note in found.details["notes"])


def test_what_one_row_does_not_define_is_named_instead_of_measured():
    found = evaluate(["ham"], said((0.9, 0.1)), said((0.5, 0.5)), config=CONFIG, seed=1)
    assert tuple(found.metrics) == ALWAYS
    assert set(found.details["undefined"]) == {"average_precision", "roc_auc"}
    assert found.metrics["accuracy"].value == 1.0
    assert found.metrics["accuracy"].low == pytest.approx(0.2065, abs=1e-4)  # Wilson: one row proves little
    assert any("only 1 row:" in note for note in found.details["notes"])
    json.dumps(found.details, allow_nan=False)


def test_without_a_mistake_the_width_of_zero_is_explained():
    prediction = said(*[(0.9, 0.1)] * 30, *[(0.1, 0.9)] * 30)
    found = evaluate(["ham"] * 30 + ["spam"] * 30, prediction, prediction, config=CONFIG, seed=1)
    assert any("cannot be ruled out" in note and "0.05" in note for note in found.details["notes"])
    for score in (found.metrics["accuracy"], found.metrics["precision"], found.per_class["ham"]["recall"]):
        assert (score.value, score.high) == (1.0, 1.0)
        assert 0.88 < score.low < 0.95


def test_a_label_the_model_does_not_know_is_refused_in_a_sentence():
    with pytest.raises(
        DataError, match=r"test row 2 has the label 'eggs', which the model does not know; wanted one of"
    ):
        evaluate(["ham", "eggs"], said((1, 0), (0, 1)), said((1, 0), (0, 1)), config=CONFIG, seed=1)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((math.nan, 0.5), "the model gave test row 2 a score that is no number"),
        ((math.inf, 0.5), "the model gave test row 2 a score that is no number"),
        ((1.5, -0.5), "the model gave test row 2 a score that is no probability; wanted a number from 0 to 1, got 1.5"),
    ],
)
def test_scores_that_are_no_probabilities_are_refused(row, words):
    with pytest.raises(DataError, match=words):
        evaluate(["ham", "ham"], said((0.5, 0.5), row), said((1, 0), (1, 0)), config=CONFIG, seed=1)


def test_what_does_not_fit_together_is_refused():
    two = said((1, 0), (1, 0))
    for truth, prediction, baseline, words in (
        ([], two, two, "no rows"),
        (["ham"], two, two, "the model scored 2 rows, the truth has 1"),
        (["ham", "ham"], two, said((1, 0)), "the baseline scored 1 rows"),
        (["ham", "ham"], said((1,), (1,)), two, "gave 1 scores a row for 2 classes"),
        (["ham", "ham"], two, said((1, 0), (1, 0), classes=("a", "b")), "other classes"),
        (["ham", "ham"], said((1,), (1,), classes=("ham",)), two, "fewer than two classes"),
    ):
        with pytest.raises(DataError, match=words):
            evaluate(truth, prediction, baseline, config=CONFIG, seed=1)


def test_names_from_numpy_stay_plain_text():
    prediction = Prediction(tuple(np.array(["0", "1"])), np.array([[0.3, 0.7]], dtype=np.float32))
    found = evaluate(np.array(["1"]), prediction, prediction, config=CONFIG, seed=1)
    assert {type(name) for name in found.classes} == {str}
    assert found.details["positive"] == {"class": "1", "why": "its name is that of a yes"}


@pytest.mark.parametrize(
    ("classes", "shares", "wanted"),
    [
        (("0", "1"), (0.1, 0.9), "1"),
        (("disaster", "other"), (0.6, 0.4), "disaster"),
        (("Yes", "No"), (0.9, 0.1), "Yes"),
        (("not sarcastic", "sarcastic"), (0.5, 0.5), "sarcastic"),
        (("not-urgent-mail", "urgent mail"), (0.2, 0.8), "urgent mail"),
        (("cat", "dog"), (0.8, 0.2), "dog"),
        (("cat", "dog"), (0.5, 0.5), "dog"),
        (("true", "1"), (0.7, 0.3), "1"),
    ],
)
def test_positive_class(classes, shares, wanted):
    assert positive_class(classes, shares)[0] == wanted


def test_reliability_says_what_came_true(made):
    truth, prediction, baseline = made(2000, 2, names=("ham", "spam"))
    reliability = evaluate(truth, prediction, baseline, config=CONFIG, seed=1).details["reliability"]
    assert reliability["of"] == "spam"
    assert sum(part["rows"] for part in reliability["bins"]) == 2000
    for part in reliability["bins"]:
        assert part["low"] <= part["said"] <= part["high"] + 1e-6
        assert part["share_low"] <= part["share"] <= part["share_high"]
    # these probabilities are not what they claim by a known amount: the sample is drawn with other odds
    assert 0 < reliability["error"] < 0.3


def test_mistakes_are_the_surest_first(made):
    truth, prediction, baseline = made(300, 3)
    mistakes = evaluate(truth, prediction, baseline, config=CONFIG, seed=1).details["mistakes"]
    sure = [mistake["probability"] for mistake in mistakes]
    assert sure == sorted(sure, reverse=True)
    for mistake in mistakes:
        assert truth[mistake["row"]] == mistake["truth"] != mistake["predicted"] == prediction.labels[mistake["row"]]


def test_hits_are_the_surest_of_the_rows_decided_rightly(made):
    truth, prediction, baseline = made(300, 3)
    hits = evaluate(truth, prediction, baseline, config=CONFIG, seed=1).details["hits"]
    sure = [hit["probability"] for hit in hits]
    assert len(hits) == 20
    assert sure == sorted(sure, reverse=True)
    for hit in hits:
        assert truth[hit["row"]] == hit["truth"] == hit["predicted"] == prediction.labels[hit["row"]]


def test_curves_are_thinned_to_200_points_and_keep_their_ends(made):
    truth, prediction, baseline = made(5000, 2)
    (curve,) = evaluate(truth, prediction, baseline, config=CONFIG, seed=1).details["curves"].values()
    assert 100 < len(curve["recall"]) <= 200
    assert curve["recall"] == sorted(curve["recall"])
    assert curve["recall"][-1] == 1.0
    assert {len(curve[key]) for key in ("recall", "precision", "threshold")} == {len(curve["recall"])}


def test_a_report_survives_json(report_of):
    for k in (2, 5):
        report = report_of(k=k)
        text = json.dumps(report.to_json(), allow_nan=False)
        assert Report.from_json(json.loads(text)) == report


def test_a_report_takes_arrow_texts_and_cuts_long_ones(made):
    pa = pytest.importorskip("pyarrow")
    truth, prediction, baseline = made(50, 2)
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1)
    texts = pa.chunked_array([pa.array(["x" * 5000] * 20), pa.array(["short"] * 30)])
    told = build_report(found, model="m", texts=texts).details["mistakes"]
    assert {len(mistake["text"]) for mistake in told} <= {601, 5}


def test_texts_that_are_not_as_many_as_the_rows_are_refused(made):
    found = evaluate(*made(50, 2), config=CONFIG, seed=1)
    with pytest.raises(DataError, match="the report got 3 texts for 50 test rows"):
        build_report(found, model="m", texts=["a", "b", "c"])


def test_accuracy_leads_unless_one_class_has_more_than_four_rows_in_five(made):
    truth, prediction, baseline = made(400, 2, names=("ham", "spam"))
    assert evaluate(truth, prediction, baseline, config=CONFIG, seed=1).details["headline"]["metric"] == "accuracy"
    rare = [*["ham"] * 81, *["spam"] * 19]
    some = Prediction(prediction.classes, prediction.scores[:100])
    found = evaluate(rare, some, Prediction(baseline.classes, baseline.scores[:100]), config=CONFIG, seed=1)
    assert found.details["headline"] == {
        "metric": "f1",
        "why": "Of the test rows 81.0 % are “ham”: accuracy says little here.",
    }


def test_scores_without_leaks_are_those_of_the_other_rows(made):
    truth, prediction, baseline = made(300, 3)
    leaked = np.arange(300) % 3 == 0
    found = without_leaks(truth, prediction, baseline, leaked, config=CONFIG, seed=1)
    y = np.array(truth)[~leaked]
    labels = np.array(prediction.labels)[~leaked]
    assert found["rows"] == 200
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(oracle.accuracy_score(y, labels))
    assert found["metrics"]["f1"]["low"] <= found["metrics"]["f1"]["value"] <= found["metrics"]["f1"]["high"]
    assert json.loads(json.dumps(found)) == found


def test_the_first_three_are_asked_about_where_there_are_more(made):
    truth, prediction, baseline = made(600, 5)
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1)
    score = found.metrics["top3"]
    assert found.metrics["accuracy"].value < score.value
    assert score.low <= score.value <= score.high < 1
    assert score.baseline == pytest.approx(np.mean([label in ("class2", "class3", "class4") for label in truth]))
    truth, prediction, baseline = made(300, 3)
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1)
    assert "top3" not in found.metrics
    assert "top3" not in found.details["undefined"]


def test_guessing_by_shares_gets_what_a_guesser_gets(made):
    truth, prediction, baseline = made(20_000, 4)
    found = evaluate(truth, prediction, baseline, config=CONFIG, seed=1).details["guessing"]
    rng = np.random.default_rng(1)
    guessed = [
        prediction.classes[i] for i in rng.choice(4, len(truth), p=baseline.scores[0] / baseline.scores[0].sum())
    ]
    assert found["accuracy"] == pytest.approx(np.mean([a == b for a, b in zip(truth, guessed, strict=True)]), abs=0.02)
