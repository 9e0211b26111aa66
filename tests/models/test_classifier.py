"""From text to label and back to the reasons; saved, loaded, and refused where it is not what it was."""

from __future__ import annotations

import csv
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from strategies import corpora, examples, texts
from textmill.config import FeaturesConfig, ModelConfig, TextConfig
from textmill.errors import ConfigError, CorruptError, DataError, FormatError, LabelError
from textmill.models import TextClassifier
from textmill.text import text_buffers

TEXTS = [
    "fire in the forest", "the flood on main street", "forest fires, burning houses", "what a lovely day",
    "a lovely song about a sunny day", "great song", "the stock market fell", "shares and markets rose", "market news",
] * 3  # fmt: skip
THREE = ["disaster", "disaster", "disaster", "mood", "mood", "mood", "money", "money", "money"] * 3
TWO = ["disaster" if label == "disaster" else "other" for label in THREE]
SETTINGS: dict[str, Any] = {"features": FeaturesConfig(min_df=1)}


@pytest.fixture(scope="module", params=["two", "three", "majority of two", "majority of three"])
def model(request: pytest.FixtureRequest) -> TextClassifier:
    labels = TWO if "two" in request.param else THREE
    kind = "majority" if "majority" in request.param else "logistic-regression"
    return TextClassifier.fit(TEXTS, labels, model=ModelConfig(kind=kind), **SETTINGS)  # type: ignore[arg-type]


def test_scores_are_probabilities(model: TextClassifier) -> None:
    prediction = model.predict([*TEXTS, "", "never seen", "\0"])
    assert prediction.classes == model.classes
    assert prediction.scores.dtype == np.float32
    assert prediction.scores.shape == (len(TEXTS) + 3, len(model.classes))
    np.testing.assert_allclose(prediction.scores.sum(axis=1), 1, atol=1e-6)
    assert model.predict([]).scores.shape == (0, len(model.classes))
    if model.features is not None:
        assert prediction.labels[: len(TEXTS)] == (TWO if len(model.classes) == 2 else THREE)
        np.testing.assert_array_equal(
            prediction.scores[-3:], prediction.scores[[-1] * 3]
        )  # no known word: the bias alone


def test_a_text_scores_alone_as_among_others_and_through_every_door(model: TextClassifier) -> None:
    together = model.predict(TEXTS).scores
    for i, text in enumerate(TEXTS[:9]):
        assert model.predict([text]).scores.tobytes() == together[i : i + 1].tobytes()
    for door in (pa.array, tuple, pd.Series, text_buffers):
        assert model.predict(door(TEXTS), threads=2).scores.tobytes() == together.tobytes()


def test_rows_that_the_features_made_are_scored_as_their_texts(model: TextClassifier) -> None:
    if model.features is not None:
        rows, some = model.features.rows(TEXTS), np.array([0, 5, 3])
        assert (model.predict(rows).scores == model.predict(TEXTS).scores).all()
        assert (model.predict(rows.take(some)).scores == model.predict([TEXTS[i] for i in some]).scores).all()


@settings(max_examples=examples(40))
@given(text=st.one_of(texts, st.lists(st.sampled_from(TEXTS), max_size=4).map(" ".join)))
def test_an_explanation_adds_up(model: TextClassifier, text: str) -> None:
    scores = model.predict([text]).scores[0]
    outputs = model.outputs([text])[0]
    for place, toward in enumerate(model.classes):
        why = model.explain(text, toward=toward)
        assert (why.text, why.toward, why.classes) == (text, toward, model.classes)
        assert why.label == model.classes[int(scores.argmax())]
        assert list(why.scores) == scores.tolist()
        assert why.bias + sum(pull.value for pull in why.pulls) == pytest.approx(why.log_odds, abs=1e-9)
        if len(model.classes) == 2:
            assert 1 / (1 + math.exp(-why.log_odds)) == pytest.approx(scores[place], abs=1e-6)
        else:
            assert why.log_odds == pytest.approx(outputs[place], abs=1e-9)
        assert [abs(p.value) for p in why.pulls] == sorted((abs(p.value) for p in why.pulls), reverse=True)
        for pull in why.pulls:
            assert pull.spans
            assert all(0 <= a < b <= len(text) for a, b in pull.spans)
    assert model.explain(text).toward == model.explain(text).label


def test_spans_show_the_words_of_a_term_in_the_raw_text() -> None:
    model = TextClassifier.fit(TEXTS, TWO, **SETTINGS)
    text = "<p>É:</p> FORESTS &amp; fires! http://fires.example the forest fire"
    found = {pull.term: [text[a:b] for a, b in pull.spans] for pull in model.explain(text).pulls}
    assert found["forest"] == ["FORESTS", "forest"]
    assert found["fire"] == ["fires", "fire"]
    assert found["forest fire"] == ["FORESTS", "fires", "forest", "fire"]
    assert "http" not in found


def test_the_telling_terms_are_the_largest_weights(model: TextClassifier) -> None:
    told = model.telling(4)
    assert tuple(told) == model.classes
    if model.features is None:
        assert told == {label: [] for label in model.classes}
        return
    for place, label in enumerate(model.classes):
        column = (
            model.body.weights[:, 0] * (1 if place else -1) if len(model.classes) == 2 else model.body.weights[:, place]
        )
        best = sorted(zip(model.features.names, column.tolist(), strict=True), key=lambda pair: -pair[1])[:4]
        assert [weight for _, weight in told[label]] == [weight for _, weight in best]
        assert all(weight > 0 for _, weight in told[label])
    assert told["disaster"][0][0] in {"fire", "forest", "flood"}


def test_the_majority_knows_only_the_shares() -> None:
    for labels, shares in ((TWO, [1 / 3, 2 / 3]), (["a"] * 3 + ["b"] * 6 + ["c"] * 18, [1 / 9, 2 / 9, 2 / 3])):
        model = TextClassifier.fit(TEXTS, labels, model=ModelConfig(kind="majority"))
        np.testing.assert_allclose(model.predict(["anything"]).scores, [shares], atol=1e-7)
        assert (model.text_path, model.features, model.explain("fire").pulls) == (None, None, ())


def test_the_same_as_scikit_learn_from_text_to_score(data_dir: Path) -> None:
    with (data_dir / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:2500]
    messages, labels = [row["text"] for row in rows], [row["target"] for row in rows]
    ours = TextClassifier.fit(
        messages[:2000], labels[:2000],
        text=TextConfig(clean=(), map="none"), features=FeaturesConfig(min_df=2), model=ModelConfig(C=3.0, tol=1e-9),
    )  # fmt: skip
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    theirs = LogisticRegression(C=3.0, tol=1e-8, max_iter=2000).fit(
        vectorizer.fit_transform(messages[:2000]), labels[:2000]
    )
    wanted = theirs.predict_proba(vectorizer.transform(messages[2000:]))
    np.testing.assert_allclose(ours.predict(messages[2000:]).scores, wanted, atol=2e-5)
    # what the default tolerance leaves out
    quick = TextClassifier.fit(
        messages[:2000], labels[:2000],
        text=TextConfig(clean=(), map="none"), features=FeaturesConfig(min_df=2), model=ModelConfig(C=3.0),
    )  # fmt: skip
    np.testing.assert_allclose(quick.predict(messages[2000:]).scores, wanted, atol=2e-3)


def test_threads_and_a_second_fit_change_no_bit() -> None:
    batch = [f"{text} {i % 11} {i % 97}" for i, text in enumerate(TEXTS * 150)]
    chosen = {**SETTINGS, "model": ModelConfig(class_weight="balanced")}
    one = TextClassifier.fit(batch, THREE * 150, threads=1, **chosen)
    half = len(batch) // 2
    ways = [
        pa.array(batch),
        text_buffers(batch),
        pa.chunked_array([batch[:half], batch[half:]]),
        iter([batch[:half], batch[half:]]),
    ]
    for way in ways:
        two = TextClassifier.fit(way, pa.array(THREE * 150), threads=2, **chosen)
        assert one.body.weights.tobytes() == two.body.weights.tobytes()
        assert one.facts == two.facts


def test_facts_say_what_was_learned() -> None:
    said: list[str] = []
    model = TextClassifier.fit(TEXTS, TWO, model=ModelConfig(C="cv"), progress=said.append, **SETTINGS)
    assert model.facts["n_texts"] == len(TEXTS)
    assert model.facts["n_features"] == model.features.n_features == len(model.body.weights)
    assert str(model.facts["C"]).removesuffix(".0") in model.facts["tried_C"]
    assert model.facts["converged"] is True
    assert said[0] == "splitting and counting words"
    json.dumps(model.facts, allow_nan=False)


@pytest.mark.parametrize(
    ("batch", "labels", "said"),
    [
        (["ab cd", "ef gh"], ["x", "y", "x"], "texts and labels differ in number; wanted 2 labels, got 3"),
        (iter([["ab cd", "ef gh"]]), ["x", "y", "x"], "texts and labels differ in number; wanted 2 labels, got 3"),
        (text_buffers(["ab cd"]), ["x", "y"], "texts and labels differ in number; wanted 1 labels?, got 2"),
        (["a b", "c d"], ["x", "x"], "nothing to tell apart; wanted two classes or more, got only 'x'"),
        ([], [], "nothing to tell apart; wanted two classes or more, got no labelled text"),
        (["ab cd", "ef gh"], ["x", None], "label 1 is missing"),
        (["ab cd", "ef gh"], [float("nan"), "y"], "label 0 is missing"),
        (["ab cd", "ef gh"], pd.Series(["x", None]), "label 1 is missing"),
        (["ab cd", "ef gh"], pa.array(["x", None]), "label 1 is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,  # str() of an iterator has its address in it
)  # fmt: skip
def test_labels_that_cannot_be_learned_from_are_refused(batch: list[str], labels: Any, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        TextClassifier.fit(batch, labels, **SETTINGS)


def test_numbers_are_labels_too() -> None:
    for labels in ([0, 1, 1], np.array([0, 1, 1]), pd.Series([0, 1, 1]), pa.array([0, 1, 1])):
        assert TextClassifier.fit(["ab", "cd", "ef"], labels, **SETTINGS).classes == ("0", "1")


def test_texts_and_settings_that_cannot_be_learned_from_are_refused() -> None:
    with pytest.raises(DataError, match="no word is"):
        TextClassifier.fit(["", "!"], ["x", "y"], **SETTINGS)
    with pytest.raises(DataError, match="text 1 is no str"):
        TextClassifier.fit(["a", None], ["x", "y"], **SETTINGS)
    with pytest.raises(ConfigError, match="C: wanted a number above 0"):
        TextClassifier.fit(TEXTS, TWO, model=ModelConfig(C=-1.0))
    with pytest.raises(LabelError, match="one text only"):
        TextClassifier.fit(["ab", "cd", "ef"], ["x", "y", "y"], model=ModelConfig(C="cv"), **SETTINGS)


def test_a_class_that_is_not_there_cannot_be_explained(model: TextClassifier) -> None:
    with pytest.raises(DataError, match="no class is called 'nothing'; wanted one of disaster"):
        model.explain("fire", toward="nothing")


@settings(max_examples=examples(30))
@given(batch=corpora)
def test_saved_and_loaded_scores_are_the_same_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, model: TextClassifier, batch: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"model-{id(model)}"
    if not folder.exists():
        model.save(folder)
    loaded = TextClassifier.load(folder)
    assert loaded.predict(batch).scores.tobytes() == model.predict(batch).scores.tobytes()


def test_what_is_saved_is_data_and_always_the_same_bytes(model: TextClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "one")
    TextClassifier.load(tmp_path / "one").save(tmp_path / "two")
    contents = [{p.name: p.read_bytes() for p in (tmp_path / side).iterdir()} for side in ("one", "two")]
    assert contents[0] == contents[1]
    assert {Path(name).suffix for name in contents[0]} == {".json", ".npy"}
    loaded = TextClassifier.load(tmp_path / "two")
    assert (loaded.classes, loaded.config, loaded.facts) == (model.classes, model.config, model.facts)
    assert loaded.explain("fire in the market") == model.explain("fire in the market")


def test_a_fit_is_saved_with_the_same_bytes_as_the_next(tmp_path: Path) -> None:
    for side in ("one", "two"):
        TextClassifier.fit(TEXTS, THREE, **SETTINGS).save(tmp_path / side)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def head_with(**change: Any) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        head = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        (folder / "model.json").write_text(json.dumps(head | change), encoding="utf-8")

    return edit


def array(name: str, value: Any) -> Callable[[Path], object]:
    return lambda folder: np.save(folder / f"{name}.npy", value, allow_pickle=True)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must never run",)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no folder": lambda f: f.rename(f.with_name("elsewhere")),
    "a file for a folder": lambda f: (f.rename(f.with_name("elsewhere")), f.write_bytes(b"")),
    "no weights": lambda f: (f / "weights.npy").unlink(),
    "no features": lambda f: (f / "features.json").unlink(),
    "json of nothing": lambda f: (f / "model.json").write_bytes(b"null"),
    "json of text": lambda f: (f / "model.json").write_bytes(b'"format"'),
    "json cut short": lambda f: (f / "model.json").write_bytes((f / "model.json").read_bytes()[:-30]),
    "deep json": lambda f: (f / "model.json").write_bytes(b'{"a":' * 100_000),
    "a pickle for json": lambda f: (f / "model.json").write_bytes(pickle.dumps(Bomb())),
    "a pickle for an array": lambda f: (f / "weights.npy").write_bytes(pickle.dumps(Bomb())),
    "an array of pickles": array("weights", np.array([[Bomb()]], dtype=object)),
    "weights of another shape": array("weights", np.zeros((3, 1))),
    "weights of one dimension": array("weights", np.zeros(3)),
    "weights of single precision": array("weights", np.zeros((3, 1), np.float32)),
    "bias of another shape": array("bias", np.zeros(7)),
    "a bias that is no number": array("bias", np.array([np.nan])),
    "one class": head_with(classes=["only"]),
    "no class": head_with(classes=[]),
    "classes that are one text": head_with(classes="ab"),
    "classes of numbers": head_with(classes=[0, 1]),
    "a class twice": head_with(classes=["a", "a"]),
    "too many classes": head_with(classes=["a", "b", "c"]),
    "no class at all": head_with(classes=None),
    "unknown kind of model": head_with(model={"kind": "oracle"}),
    "facts of a list": head_with(facts=[]),
    "features left out": head_with(features=False),
}


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_a_damaged_model_is_refused(tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "model"
    TextClassifier.fit(TEXTS[:9], TWO[:9], **SETTINGS).save(folder)
    DAMAGE[damage](folder)
    with pytest.raises(CorruptError, match="model"):
        TextClassifier.load(folder)
    assert capsys.readouterr().out == ""


def test_a_model_of_another_format_is_refused(tmp_path: Path) -> None:
    TextClassifier.fit(TEXTS, TWO, **SETTINGS).save(tmp_path)
    head_with(format=4)(tmp_path)
    with pytest.raises(FormatError, match="wanted 3, got 4"):
        TextClassifier.load(tmp_path)
