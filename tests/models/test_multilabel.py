"""Several labels a text: each as if it were learned alone, whatever stands beside it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from textmill.config import DecideConfig, ModelConfig
from textmill.errors import ConfigError, CorruptError, DataError, FormatError, LabelError
from textmill.models import MultiLabelClassifier, TextClassifier, load_model
from textmill.models.label_thresholds import LabelThresholds
from textmill.models.logistic import fit_labels, fit_logistic
from textmill.types import joined, memberships, parted

TEXTS = ["wheat and maize", "oil prices rise", "wheat for oil", "a quiet day", "maize for oil", "prices of wheat"] * 4
LABELS = [["grain"], ["energy"], ["energy", "grain"], [], ["grain", "energy"], ["grain"]] * 4


@pytest.fixture(scope="module")
def model() -> MultiLabelClassifier:
    return MultiLabelClassifier.fit(TEXTS, LABELS, model=ModelConfig(C=50.0))


def test_labels_are_said_one_by_one(model: MultiLabelClassifier) -> None:
    said = model.predict(["wheat for oil", "maize", "oil prices", "a day"])
    assert said.labels == ["energy + grain", "grain", "energy", ""]
    assert [answer["labels"] for answer in said.answers] == [["energy", "grain"], ["grain"], ["energy"], []]
    assert ((said.scores >= 0.5) == said.chosen).all()
    assert (said.confidence >= 0.5).all()


@pytest.mark.slow
@pytest.mark.parametrize("balanced", [False, True])
def test_each_label_is_learned_as_if_it_were_alone_and_as_by_scikit_learn(balanced: bool) -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    dense = rng.random((200, 30)).astype(np.float32) * (rng.random((200, 30)) < 0.2)
    csr = csr_matrix(dense)
    # from common to so rare that one text has it, and one that nearly all have; more than are solved at once
    shares = [0.5, 0.3, 0.1, 0.02, 0.005, 0.95, *[0.2] * 11]
    members = rng.random((200, len(shares))) < shares
    members[0, :] = True
    members[1, :] = False
    from textmill.features.csr import Csr

    ours = Csr(csr.data, csr.indices.astype(np.int32), csr.indptr.astype(np.int32), 30)
    fit = fit_labels(ours, members, C=3.0, balanced=balanced, tol=1e-7)
    assert fit.converged
    p = 1 / (1 + np.exp(-(dense @ fit.weights + fit.bias)))
    for k in range(len(shares)):
        rival = LogisticRegression(
            C=3.0, class_weight="balanced" if balanced else None, tol=1e-10, max_iter=10_000
        ).fit(dense.astype(np.float64), members[:, k])
        np.testing.assert_allclose(p[:, k], rival.predict_proba(dense.astype(np.float64))[:, 1], atol=2e-4)
        if not balanced:
            alone = fit_logistic(ours, members[:, k].astype(np.int64), 2, C=3.0, tol=1e-9)
            np.testing.assert_allclose(fit.weights[:, k], alone.weights[:, 0], atol=1e-3)


def test_threads_and_company_change_nothing() -> None:
    one, two = (MultiLabelClassifier.fit(TEXTS, LABELS, threads=threads) for threads in (1, 2))
    assert one.body.weights.tobytes() == two.body.weights.tobytes()
    alone = MultiLabelClassifier.fit(TEXTS, [["grain"] if "grain" in one else [] for one in LABELS])
    np.testing.assert_allclose(alone.body.weights[:, 0], one.body.weights[:, one.classes.index("grain")], atol=1e-3)


def test_a_saved_model_says_the_same_and_is_told_from_one_of_single_labels(
    model: MultiLabelClassifier, tmp_path: Path
) -> None:
    model.save(tmp_path / "a")
    loaded = load_model(tmp_path / "a")
    assert isinstance(loaded, MultiLabelClassifier)
    assert loaded.predict(TEXTS).scores.tobytes() == model.predict(TEXTS).scores.tobytes()
    loaded.save(tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    with pytest.raises(FormatError, match="another kind"):
        TextClassifier.load(tmp_path / "a")
    head = json.loads((tmp_path / "a" / "model.json").read_text())
    (tmp_path / "a" / "model.json").write_text(json.dumps(head | {"kind": "oracle"}))
    with pytest.raises(FormatError, match="a kind this textmill does not know"):
        load_model(tmp_path / "a")
    (tmp_path / "a" / "model.json").write_text(json.dumps(head | {"classes": ["grain"]}))
    with pytest.raises(CorruptError, match="do not fit the features"):
        load_model(tmp_path / "a")


def test_an_explanation_adds_up_to_the_odds_of_its_label(model: MultiLabelClassifier) -> None:
    for toward in model.classes:
        why = model.explain("wheat for oil prices", toward=toward)
        assert why.several
        assert why.answer == model.predict(["wheat for oil prices"]).labels[0]
        assert why.bias + sum(pull.value for pull in why.pulls) == pytest.approx(why.log_odds)
        assert 1 / (1 + np.exp(-why.log_odds)) == pytest.approx(why.said)
    assert {term for term, _ in model.telling(1)["energy"]} == {"oil"}


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(LabelError, match="no text has a label"):
        MultiLabelClassifier.fit(["a b", "c d"], [[], []])
    with pytest.raises(LabelError, match="differ in number"):
        MultiLabelClassifier.fit(["a b"], [["x"], ["y"]])
    with pytest.raises(DataError, match=r"the label 'x \+ y' holds ' \+ '"):
        MultiLabelClassifier.fit(["a b", "c d"], [["x + y"], ["z"]])
    with pytest.raises(ConfigError, match=r"model\.C"):
        MultiLabelClassifier.fit(TEXTS, LABELS, model=ModelConfig(C="cv"))


def test_the_majority_gives_each_label_its_share() -> None:
    said = MultiLabelClassifier.fit(TEXTS, LABELS, model=ModelConfig(kind="majority")).predict(["oil", ""])
    np.testing.assert_allclose(said.scores[0], [0.5, 2 / 3], atol=0.02)


def test_each_label_has_its_own_threshold_and_one_that_few_speak_for_keeps_a_half(
    model: MultiLabelClassifier, tmp_path: Path
) -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    members = rng.random((400, 3)) < [0.4, 0.2, 0.01]
    scores = np.clip(members * 0.3 + rng.random((400, 3)) * 0.4, 0, 1).astype(np.float32)
    names = ["often", "seldom", "never"]
    made = LabelThresholds.fit(DecideConfig(threshold="f1"), names, scores, members)
    assert made.facts == {"wanted": "f1", "rows": 400, "kept": ["never"]}
    for place in (0, 1):
        found = f1_score(members[:, place], made.chosen(scores)[:, place])
        every = [f1_score(members[:, place], scores[:, place] >= cut) for cut in np.unique(scores[:, place])[::5]]
        assert found >= max(every)
    assert made.values[2] == 0.5
    sure = LabelThresholds.fit(DecideConfig(threshold="recall >= 0.9"), names, scores, members)
    for place in (0, 1):
        assert sure.chosen(scores)[members[:, place], place].mean() >= 0.9
    assert sure.facts["kept"] == ["never"]
    cut = MultiLabelClassifier(model.classes, model.config, model.body, model.facts)
    cut.thresholds = LabelThresholds(np.array([0.0, 1.0], np.float32), {"kept": []})
    assert set(cut.predict(TEXTS).labels) == {"energy"}
    cut.save(tmp_path)
    assert load_model(tmp_path).predict(TEXTS).labels == cut.predict(TEXTS).labels
    head = json.loads((tmp_path / "model.json").read_text())
    for values in ([0.5], [0.5, 2.0], "x"):
        (tmp_path / "model.json").write_text(json.dumps(head | {"thresholds": {"values": values, "facts": {}}}))
        with pytest.raises(CorruptError):
            load_model(tmp_path)


def test_joined_labels_come_apart_again() -> None:
    assert parted(joined(["b", "a", "b"])) == ["a", "b"]
    assert memberships(["a + b", "c", ""], ["a", "b"]).tolist() == [[True, True], [False, False], [False, False]]


@pytest.mark.slow
def test_topics_of_news_are_learned(data_dir: Path) -> None:
    """Reuters-21578, ModApte split; with C = 100 about what linear models are known for (micro F1 0.85 to 0.87)."""
    with gzip.open(data_dir / "reuters21578" / "reuters21578.jsonl.gz") as file:
        rows = [row for row in map(json.loads, file) if row["topics_attr"] == "YES"]
    learned, tested = ([row for row in rows if row["lewissplit"] == side] for side in ("TRAIN", "TEST"))
    assert (len(learned), len(tested)) == (9603, 3299)

    def texts(some: list[dict[str, object]]) -> list[str]:
        return [f"{row['title'] or ''}\n{row['body'] or ''}" for row in some]

    common = {"earn", "acq", "money-fx", "grain", "crude", "trade", "interest", "ship", "wheat", "corn"}
    labels = [[topic for topic in row["topics"] if topic in common] for row in learned]
    made = MultiLabelClassifier.fit(texts(learned), labels, model=ModelConfig(C=100.0))
    said = made.predict(texts(tested))
    truth = memberships([joined(row["topics"]) for row in tested], made.classes)
    f1 = 2 * (truth & said.chosen).sum() / (truth.sum() + said.chosen.sum())
    assert 0.90 < f1 < 0.95
