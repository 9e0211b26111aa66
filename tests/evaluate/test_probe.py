import json

import numpy as np
import pytest

from textmill.config import FeaturesConfig, ModelConfig, TextConfig
from textmill.errors import CorruptError
from textmill.evaluate.probe import FILE, PROBE, Probe, difference, probe_texts
from textmill.models import MultiLabelClassifier, TextClassifier, load_model

TEXTS = ["forest fire near town", "flood on main street", "lovely day", "lovely song on the radio"] * 2
LABELS = ["bad", "bad", "good", "good"] * 2


def fitted(several=False, **more):
    if several:
        return MultiLabelClassifier.fit(TEXTS, [[label, "any"] for label in LABELS], **more)
    return TextClassifier.fit(TEXTS, LABELS, **more)


def test_the_texts_are_hostile_and_each_is_there_once():
    everything = "".join(PROBE)
    assert len(PROBE) == len(set(PROBE))
    assert "" in PROBE
    assert max(map(len, PROBE)) >= 5000
    for sign in ("\u200d", "\u0301", "\u202e", "<script>", "https://", "&amp;", "\x00", "\ufeff", "\U0001f680", "漢"):
        assert sign in everything
    json.dumps(PROBE).encode()
    everything.encode()  # no half of a pair: it has to travel


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"features": FeaturesConfig(analyzer="char_wb", ngrams=(2, 4))},
        {"text": TextConfig(tokens="tweet", map="none")},
        {"model": ModelConfig(kind="majority")},
        {"several": True},
    ],
)
def test_what_is_saved_comes_back_to_the_bit_and_a_loaded_model_says_the_same(tmp_path, more):
    model = fitted(**more)
    model.save(tmp_path)
    said = Probe.of(model, probe_texts(model))
    said.save(tmp_path, PROBE)
    kept, texts = Probe.load(tmp_path)
    assert tuple(texts) == PROBE
    assert difference(said, kept, "here") is None
    assert kept.scores.tobytes() == said.scores.tobytes()
    again = load_model(tmp_path)
    assert difference(kept, Probe.of(again, probe_texts(again, texts)), "here") is None


def test_no_text_of_training_is_kept(tmp_path):
    model = fitted()
    Probe.of(model, probe_texts(model)).save(tmp_path, PROBE)
    said = (tmp_path / FILE).read_text()
    assert "radio" not in said  # a word of theirs that is not ours
    assert "radio" in probe_texts(model)[-1]


def test_one_weight_that_is_another_by_a_hair_is_found_with_the_number_of_the_text():
    model = fitted()
    trained = Probe.of(model, probe_texts(model))
    model.body.weights = model.body.weights.copy()
    model.body.weights[model.features.words.index("radio")] *= 1.001
    told = difference(trained, Probe.of(model, probe_texts(model)), "in a fresh process")
    # only the text of the model's own words holds it
    assert told.startswith(f"text {len(PROBE) + 1} of the probe set: the score of 'bad' is 0.")
    assert told.endswith("in a fresh process")


def test_other_tokens_are_found_though_the_scores_are_the_same():
    model, other = fitted(), fitted(text=TextConfig(clean=("html",)))
    texts = ["lovely", "see https://qwertz.example"]
    trained, said = Probe.of(model, texts), Probe.of(other, texts)
    said = Probe(said.classes, said.tokens, trained.scores)
    told = difference(trained, said, "over HTTP")
    assert told == "text 2 of the probe set: its token ids over HTTP are not those of training"


def test_other_classes_and_another_number_of_texts_are_told():
    one = Probe(("a", "b"), ("1",), np.ones((1, 2), np.float32))
    assert "the classes are a, b in training and b, a here" in difference(
        one, Probe(("b", "a"), *[("1",), one.scores]), "here"
    )
    assert "1 texts were asked about in training and 2 here" in difference(
        one, Probe(("a", "b"), ("1", "2"), np.ones((2, 2), np.float32)), "here"
    )


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "{}",
        '{"format": 2, "texts": [], "classes": [], "tokens": [], "scores": []}',
        '{"format": 1, "texts": [], "classes": ["a", "b"], "tokens": ["x"], "scores": [[1]]}',
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, said):
    (tmp_path / FILE).write_text(said)
    with pytest.raises(CorruptError):
        Probe.load(tmp_path)


def test_a_version_without_one_has_none(tmp_path):
    assert Probe.load(tmp_path) is None
