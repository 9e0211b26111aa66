"""Lineage both ways, on data sets and models made by hand."""

import json

import numpy as np
import pytest

from textmill.read import Corpus
from textmill.read.row_hashes import Erased, hash_of_person, hash_of_text, write_hashes
from textmill.read.seen import mark, write_seen
from textmill.registry import FileOutput, Finished, Store
from textmill.registry.datasets import publish_rows
from textmill.registry.lineage import find, trace
from textmill.registry.runs import remember_run, runs_of

ROWS = [("a fire", "x", "u1"), ("a flood", "x", "u2"), ("a song", "y", "u1"), ("a party", "y", "")]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def dataset(store, tmp_path, rows=ROWS, name="toy", person="who", test=None):
    folder = store.scratch.new_folder("data")
    made = []
    for role, part in (("", rows), ("test", test)):
        if part is None:
            made.append(None)
            continue
        corpus = Corpus.of([{"text": t, "label": label, "who": who} for t, label, who in part])
        path = tmp_path / f"{role or 'corpus'}{len(part)}.arrow"
        corpus.save(path)
        store.put_file(path)
        made.append(Corpus.load(path))
        write_hashes(folder / role, made[-1], person)
    (folder / "sources.json").write_text(json.dumps({"source 0": "0" * 64}))
    return publish_rows(store, name, folder, made[0], made[1], config={"read": {}})


def model(store, data, learned, name="toy", run=None, seen=True):
    folder = store.scratch.new_folder("model")
    np.save(folder / "w.npy", np.zeros(3))
    if seen:
        texts = Corpus.of([{"text": text} for text in learned], label=None).table()["text"]
        write_seen(folder, mark(texts))
    parents = {name: data.parents[name] for name in ("data", "test") if name in data.parents}
    return store.publish(
        name, folder, parents=parents | {"dataset": str(data.ref)} | ({"run": run} if run else {}), config={}, report={}
    )


def text(said):
    return Erased(texts=frozenset([hash_of_text(said)]))


def person(said):
    return Erased(persons=frozenset([hash_of_person(said)]))


def said(found):
    return (
        {str(one.ref): (one.rows, one.test_rows) for one in found.datasets},
        {str(one.ref): one.how for one in found.models},
    )


def test_a_text_and_a_person_are_found_in_data_sets_and_models(store, tmp_path):
    one = dataset(store, tmp_path)
    two = dataset(store, tmp_path, ROWS[1:])
    model(store, one, ["a fire", "a flood"])
    model(store, two, ["a flood", "a party"])
    assert said(find(store, text("A FIRE! http://x.y"))) == ({"dataset/toy@1": (1, 0)}, {"model/toy@1": "learned"})
    assert said(find(store, text("a song"))) == (
        {"dataset/toy@1": (1, 0), "dataset/toy@2": (1, 0)},
        {"model/toy@1": "tested", "model/toy@2": "tested"},
    )
    assert said(find(store, person("u1"))) == (
        {"dataset/toy@1": (2, 0), "dataset/toy@2": (1, 0)},
        {"model/toy@1": "learned", "model/toy@2": "tested"},
    )
    assert said(find(store, text("fire"))) == said(find(store, person("u9"))) == ({}, {})


def test_rows_of_an_official_test_side_are_told_apart(store, tmp_path):
    data = dataset(store, tmp_path, test=[("a quake", "x", "u7"), ("a fire", "x", "u1")])
    model(store, data, [row[0] for row in ROWS])
    assert said(find(store, text("a quake"))) == ({"dataset/toy@1": (0, 1)}, {"model/toy@1": "tested"})
    assert said(find(store, text("a fire"))) == ({"dataset/toy@1": (1, 1)}, {"model/toy@1": "learned"})


def test_a_model_that_does_not_know_what_it_learned_from_is_taken_to_have_learned_from_it(store, tmp_path):
    model(store, dataset(store, tmp_path), [], seen=False)
    assert said(find(store, text("a song")))[1] == {"model/toy@1": "learned"}


def test_a_model_whose_data_set_is_not_here_is_asked_itself(store, tmp_path):
    elsewhere = Store(tmp_path / "elsewhere")
    model(store, dataset(elsewhere, tmp_path), ["a fire"])
    assert said(find(store, text("a fire"))) == ({}, {"model/toy@1": "perhaps"})
    assert said(find(store, text("a song"))) == ({}, {})


def test_persons_that_became_known_later_are_those_of_the_models_of_the_same_rows(store, tmp_path):
    model(store, dataset(store, tmp_path, person=None), [row[0] for row in ROWS])
    blind = find(store, person("u2"))
    assert said(blind) == ({}, {})
    assert "does not know its persons" in blind.unread[0]
    dataset(store, tmp_path)
    found = find(store, person("u2"))
    assert said(found) == ({"dataset/toy@2": (1, 0)}, {"model/toy@1": "learned"})
    assert found.unread == ()


def test_the_name_of_a_data_set_narrows_the_search(store, tmp_path):
    for name in ("toy", "other"):
        model(
            store,
            dataset(store, tmp_path, ROWS if name == "toy" else [*ROWS, ("x", "y", "")], name=name),
            ["a fire"],
            name,
        )
    assert said(find(store, text("a fire"), name="other"))[0] == {"dataset/other@1": (1, 0)}
    assert set(said(find(store, text("a fire"), name="other"))[1]) == {"model/other@1"}


def test_a_version_that_cannot_be_read_is_told_and_hides_no_other(store, tmp_path):
    one = dataset(store, tmp_path)
    dataset(store, tmp_path, ROWS[:3])
    file = store.root / "datasets" / "toy" / "1" / "texts.npy"
    file.chmod(0o644)
    file.write_bytes(b"broken")
    model(store, one, ["a fire"])
    (store.root / "models" / "toy" / "1" / "manifest.json").write_bytes(b"{}")
    found = find(store, text("a fire"))
    assert said(found) == ({"dataset/toy@2": (1, 0)}, {})
    assert len(found.unread) == 2


def test_a_version_is_traced_to_its_data_run_and_models_and_back(store, tmp_path):
    data = dataset(store, tmp_path)
    key, other = "a" * 64, "b" * 64
    store.finish(Finished("register", key, {"x": FileOutput(store.put_bytes(b"x"), 1)}, seconds=0.5))
    remember_run(store, "toy", {"read": other, "register": key})
    made = model(store, data, ["a fire"], run=key)
    found = trace(store, "toy")
    assert found.data.ref == data.ref
    assert found.sources == {"source 0": "0" * 64}
    assert {step: (one, done and done.seconds) for step, (one, done) in found.steps.items()} == {
        "read": (other, None),
        "register": (key, 0.5),
    }
    back = trace(store, "dataset/toy@1")
    assert back.models == (made.ref,)
    assert back.sources == {"source 0": "0" * 64}


def test_runs_are_remembered_once_and_the_last_is_known(store):
    one, two = {"read": "a" * 64}, {"read": "b" * 64}
    for keys in (one, two, one, one):
        remember_run(store, "toy", keys)
    found = list(runs_of(store))
    assert sorted((run.last, dict(run.keys)["read"][0]) for run in found) == [(False, "a"), (False, "b"), (True, "a")]
    found[0].path.write_bytes(b"nonsense")
    assert len(list(runs_of(store))) == 2
