"""Calibration, thresholds, costs and answers left open, on their own and inside a saved model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from textmill.config import DecideConfig
from textmill.errors import ConfigError, CorruptError, DataError
from textmill.models import Calibration, Decision, TextClassifier, choose_threshold
from textmill.models.decision import cost_matrix
from textmill.models.thresholds import rows_needed
from textmill.types import Prediction


def drawn(n: int, temperature: float, seed: int = 1, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that is too sure of itself by `temperature`, and what came true."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, classes)) * 1.5
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    truth = (p.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    sure = np.exp(z * temperature)
    return sure / sure.sum(axis=1, keepdims=True), truth


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_is_found_again(temperature: float, classes: int) -> None:
    scores, truth = drawn(20_000, temperature, classes=classes)
    made = Calibration.fit("temperature", scores, truth)
    assert made.temperature == pytest.approx(temperature, rel=0.06)
    after = made.apply(scores)
    assert (after.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert np.allclose(after.sum(axis=1), 1)


def test_temperature_is_where_the_log_loss_is_least() -> None:
    scores, truth = drawn(500, 2.0)
    made = Calibration.fit("temperature", scores, truth)

    def loss(temperature: float) -> float:
        p = Calibration("temperature", temperature).apply(scores)
        return float(-np.log(p[np.arange(len(truth)), truth]).mean())

    assert all(loss(made.temperature) <= loss(made.temperature * factor) for factor in (0.9, 0.99, 1.01, 1.1))


def test_isotonic_is_scikit_learns() -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    scores, truth = drawn(1000, 3.0)
    scores = scores.round(2)  # with ties
    theirs = isotonic.IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores[:, 1], truth)
    asked, _ = drawn(300, 3.0, seed=2)
    ours = Calibration.fit("isotonic", scores, truth).apply(asked)
    assert np.allclose(ours[:, 1], theirs.predict(asked[:, 1]), atol=1e-9)
    assert np.allclose(ours.sum(axis=1), 1)


def test_isotonic_of_many_classes_gives_probabilities() -> None:
    scores, truth = drawn(2000, 3.0, classes=4)
    after = Calibration.fit("isotonic", scores, truth).apply(scores)
    assert np.allclose(after.sum(axis=1), 1)
    assert (after >= 0).all()
    rows = np.arange(len(truth))
    assert -np.log(after[rows, truth] + 1e-9).mean() < -np.log(scores[rows, truth]).mean()


def test_calibration_wants_rows() -> None:
    scores, truth = drawn(150, 1.0)
    with pytest.raises(DataError, match="wanted 200 or more, got 150"):
        Calibration.fit("isotonic", scores, truth)
    with pytest.raises(DataError, match="wanted 20 or more"):
        Calibration.fit("temperature", scores[:19], truth[:19])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=60), st.sampled_from([0.5, 0.7, 0.8]))
def test_a_threshold_is_the_best_of_all_cuts(rows: list[tuple[bool, int]], wanted: float) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] / 10 for row in rows])
    cuts = {}
    for cut in sorted(set(scores.tolist())):
        called = scores >= cut
        right = int((called & positive).sum())
        if positive.any():
            cuts[cut] = (right / called.sum(), right / positive.sum(), int(called.sum()))
    reached = {cut: found for cut, found in cuts.items() if found[0] >= wanted}
    best = min(reached, default=None)
    enough = best is not None and reached[best][2] >= rows_needed(wanted)
    if not enough:
        with pytest.raises(DataError):
            choose_threshold(positive, scores, "precision", wanted)
        return
    assert best is not None
    found = choose_threshold(positive, scores, "precision", wanted)
    assert (found.value, found.precision, found.recall, found.rows) == (best, *reached[best])
    exact = binomtest(round(found.precision * found.rows), found.rows).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx(tuple(exact), abs=1e-9)


def test_a_threshold_for_recall_is_the_surest_that_has_it() -> None:
    scores = np.arange(100) / 100
    found = choose_threshold(scores >= 0.5, scores, "recall", 0.8)
    assert found.recall >= 0.8 > (scores >= found.value + 0.011)[scores >= 0.5].mean()
    assert found.rows == 50


@pytest.mark.parametrize(
    ("positive", "wanted", "said"),
    [
        (np.zeros(50, bool), 0.5, "no row of the class"),
        (np.arange(50) % 2 == 0, 0.9, "at best"),
        (np.arange(50) >= 40, 0.99, "wanted 300, as fewer prove nothing even without a mistake"),
    ],
)
def test_a_threshold_that_too_little_speaks_for_is_refused(positive: np.ndarray, wanted: float, said: str) -> None:
    with pytest.raises(DataError, match=said):
        choose_threshold(positive, np.arange(50) / 50, "precision", wanted)


def test_costs_are_paid_as_little_as_can_be_expected() -> None:
    costs = {"ham": {"spam": 9.0}}
    scores, truth = drawn(5000, 1.0)
    decision = Decision(("ham", "spam"), DecideConfig(costs=costs))
    said = decision.of(scores).codes
    matrix = cost_matrix(costs, ("ham", "spam"))
    assert (said == (scores[:, 1] > 0.9)).mean() > 0.999  # Elkan's threshold: 9 / (9 + 1)
    assert matrix[truth, said].mean() < matrix[truth, scores.argmax(axis=1)].mean()


def test_unsure_goes_by_the_class_decided_for() -> None:
    decision = Decision(
        ("a", "b"), DecideConfig(unsure_below=0.6, threshold="precision >= 0.9"), positive=1, threshold=0.9
    )
    found = decision.of(np.array([[0.2, 0.8], [0.05, 0.95], [0.7, 0.3]]))
    assert found.codes.tolist() == [0, 1, 0]
    assert found.labels == [None, "b", "a"]
    assert found.confidence.round(2).tolist() == pytest.approx([0.2, 0.95, 0.7])


@pytest.mark.parametrize(
    ("config", "classes", "said"),
    [
        (DecideConfig(threshold="recall >= 0.9", positive="spma"), ("ham", "spam"), "no class is called 'spma'"),
        (DecideConfig(costs={"ham": {"spm": 1.0}}), ("ham", "spam"), "decide.costs.ham: no class is called 'spm'"),
        (DecideConfig(threshold="recall >= 0.9"), ("a", "b", "c"), "it tells two classes apart, and there are 3"),
    ],
)
def test_what_does_not_fit_the_classes_is_refused(config: DecideConfig, classes: tuple[str, ...], said: str) -> None:
    prediction = Prediction(classes, np.full((2, len(classes)), 1 / len(classes), np.float32))
    with pytest.raises(ConfigError, match=said):
        Decision.fit(config, prediction, [classes[0], classes[1]])


def fitted() -> TextClassifier:
    texts = [f"{word} {n}" for word in ("storm", "flood", "sun", "calm") for n in range(30)]
    labels = ["bad"] * 60 + ["good"] * 60
    return TextClassifier.fit(texts, labels)


def test_a_saved_model_decides_as_before(tmp_path: Path) -> None:
    model = fitted()
    texts = [f"{word} {n}" for word in ("storm", "sun", "flood") for n in range(100)]
    truth = (["bad"] * 90 + ["good"] * 10) + (["good"] * 90 + ["bad"] * 10) + ["bad"] * 100
    config = DecideConfig(calibrate="isotonic", threshold="precision >= 0.8", positive="bad", unsure_below=0.6)
    model.decision = Decision.fit(config, model.predict(texts), truth)
    before = model.predict([*texts, "?"])
    model.save(tmp_path)
    after = TextClassifier.load(tmp_path).predict([*texts, "?"])
    assert after.scores.tobytes() == before.scores.tobytes()
    assert after.labels == before.labels
    assert None in after.labels
    assert json.loads((tmp_path / "model.json").read_text())["format"] == 2


def test_a_plain_model_is_written_as_ever(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    head = json.loads((tmp_path / "model.json").read_text())
    assert head["format"] == 1
    assert "decision" not in head


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("config"),
        lambda d: d.update(positive=2),
        lambda d: d.update(threshold=None),
        lambda d: d["calibration"].update(kind="isotonic"),
        lambda d: d["calibration"].update(temperature=-1),
        lambda d: d["config"].update(positive="ugly"),
    ],
)
def test_a_spoiled_decision_is_refused(tmp_path: Path, spoil: object) -> None:
    model = fitted()
    config = DecideConfig(threshold="precision >= 0.8", positive="bad")
    texts, truth = ["storm"] * 40 + ["sun"] * 40, ["bad"] * 40 + ["good"] * 40
    model.decision = Decision.fit(config, model.predict(texts), truth)
    model.save(tmp_path)
    head = json.loads((tmp_path / "model.json").read_text())
    spoil(head["decision"])  # type: ignore[operator]
    (tmp_path / "model.json").write_text(json.dumps(head))
    with pytest.raises(CorruptError):
        TextClassifier.load(tmp_path)


def test_a_prediction_of_some_rows() -> None:
    whole = Prediction(
        ("a", "b"), np.array([[0.9, 0.1], [0.4, 0.6]], np.float32), np.array([0, 0]), np.array([False, True])
    )
    part = whole.rows(np.array([1]))
    assert (part.labels, part.codes.tolist(), part.scores.tolist()) == (
        [None],
        [0],
        [[0.4000000059604645, 0.6000000238418579]],
    )


def test_labels_as_numbers() -> None:
    said = Prediction(("a", "b"), np.zeros((0, 2), np.float32))
    assert said.numbered(["b", "a", "c"]).tolist() == [1, 0, -1]
