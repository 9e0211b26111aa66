"""The service, without a web."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serve_fakes import FireClassifier, MemoryStore

from textmill.errors import CorruptError, NotInStore
from textmill.registry import Alias
from textmill.serve import Answer, Service
from textmill.serve.service import split_ref
from textmill.types import Prediction


def service(models=None, names=(), **settings):
    store = MemoryStore(models or {"disaster": [1, 2, 3], "spam": [1]}, settings.pop("corrupt", ()))
    return store, Service(store, names, load=settings.pop("load", lambda folder: FireClassifier()), **settings)


def test_the_newest_version_answers_and_says_so():
    _, served = service()
    answer = served.predict("disaster", ["Fire!", "calm"])
    assert (answer.model, answer.version) == ("disaster", 3)
    assert answer.to_json()["predictions"] == [
        {"label": "disaster", "scores": {"disaster": 0.9, "other": 0.1}},
        {"label": "other", "scores": {"disaster": 0.2, "other": 0.8}},
    ]


def test_a_version_asked_for_answers():
    _, served = service()
    assert served.predict("disaster", ["a"], version=1).version == 1


def test_nothing_is_loaded_before_it_is_asked_for_and_then_once():
    store, served = service()
    served.cards()
    assert store.opened == []
    served.predict("disaster", ["a"])
    served.predict("disaster", ["b"])
    assert store.opened == [("disaster", 3)]


def test_a_version_published_meanwhile_does_not_change_what_answers():
    store, served = service()
    served.predict("disaster", ["a"])
    store.kept["disaster"].append(4)
    assert served.predict("disaster", ["a"]).version == 3
    assert served.predict("disaster", ["a"], version=4).version == 4
    assert served.cards()[0] == {"name": "disaster", "version": 3, "versions": [1, 2, 3, 4], "aliases": {}}


def test_only_the_models_named_are_served():
    _, served = service(names=["spam"])
    assert served.names() == ["spam"]
    with pytest.raises(NotInStore) as caught:
        served.predict("disaster", ["a"])
    assert str(caught.value) == "no model is called 'disaster'; wanted spam"


def test_a_version_can_be_pinned_and_is_then_the_only_one():
    _, served = service(names=["disaster@2"])
    assert served.predict("disaster", ["a"]).version == 2
    with pytest.raises(NotInStore, match="model 'disaster' has no version 3; wanted 2"):
        served.predict("disaster", ["a"], version=3)


def test_an_alias_is_settled_when_the_service_starts_and_asked_for_by_name_it_is_where_it_points_now():
    store = MemoryStore({"disaster": [1, 2, 3]})
    store.named["disaster"] = {"champion": Alias(2)}
    pinned = Service(store, ["disaster@champion"], load=lambda folder: FireClassifier())
    every = Service(store, load=lambda folder: FireClassifier())
    assert every.predict("disaster", ["a"], "champion").version == 2
    store.named["disaster"] = {"champion": Alias(3)}
    assert pinned.predict("disaster", ["a"]).version == 2
    assert every.predict("disaster", ["a"], "champion").version == 3
    assert every.cards() == [{"name": "disaster", "version": 3, "versions": [1, 2, 3], "aliases": {"champion": 3}}]
    assert pinned.cards() == [{"name": "disaster", "version": 2, "versions": [2], "aliases": {}}]
    with pytest.raises(NotInStore, match="model 'disaster' has no 'champion'"):
        pinned.predict("disaster", ["a"], "champion")


def test_an_unknown_model_is_told_at_once_with_a_suggestion():
    with pytest.raises(NotInStore) as caught:
        service(names=["disastr"])
    assert str(caught.value) == "no model is called 'disastr'; wanted one of disaster, spam. Did you mean 'disaster'?"


def test_an_unknown_version_lists_those_there_are():
    _, served = service()
    with pytest.raises(NotInStore) as caught:
        served.predict("disaster", ["a"], version=9)
    assert str(caught.value) == "model 'disaster' has no version 9; wanted one of 1, 2, 3"


def test_an_empty_store_says_so_without_a_list():
    store = MemoryStore({})
    with pytest.raises(NotInStore, match=r"^no model is called 'x'$"):
        Service(store).predict("x", ["a"])


def test_a_damaged_version_is_refused_each_time():
    _, served = service(corrupt=["spam"])
    for _ in range(2):
        with pytest.raises(CorruptError):
            served.predict("spam", ["a"])


def test_warm_loads_every_model():
    store, served = service()
    assert served.warm() == {"disaster": 3, "spam": 1}
    assert sorted(store.opened) == [("disaster", 3), ("spam", 1)]


def test_threads_that_ask_first_at_the_same_time_load_once():
    inside, go = threading.Event(), threading.Event()

    def load(folder):
        inside.set()
        assert go.wait(10)
        return FireClassifier()

    store, served = service(load=load)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(served.predict, "disaster", ["fire"]) for _ in range(4)]
        assert inside.wait(10)
        go.set()
        assert {answer.result(10).version for answer in answers} == {3}
    assert store.opened == [("disaster", 3)]


def test_old_versions_in_memory_are_bounded_and_the_settled_one_stays():
    store, served = service({"m": list(range(1, 11))}, keep=2)
    served.predict("m", ["a"])
    for version in range(1, 10):
        served.predict("m", ["a"], version=version)
    store.opened.clear()
    for version in (10, 9, 8):
        served.predict("m", ["a"], version=version)
    assert store.opened == []
    served.predict("m", ["a"], version=7)
    assert store.opened == [("m", 7)]


def test_scores_in_json_give_the_same_float32_back():
    scores = np.random.default_rng(5).dirichlet([0.05, 1, 1], 500).astype(np.float32)
    answer = Answer("m", 1, Prediction(("a", "b", "c"), scores)).to_json()
    back = np.array([list(p["scores"].values()) for p in answer["predictions"]]).astype(np.float32)
    assert np.array_equal(back, scores)
    assert max(len(str(p["scores"]["b"])) for p in answer["predictions"]) < 16


def test_a_card_says_where_a_version_comes_from():
    _, served = service()
    assert served.card("disaster", 1) == {
        "name": "disaster",
        "version": 1,
        "versions": [1, 2, 3],
        "aliases": {},
        "classes": ["disaster", "other"],
        "created": "2026-01-01T00:00:00Z",
        "parents": {"data": "abc"},
        "report": {"f1": 0.75},
    }


@pytest.mark.parametrize("said", ["a@", "a@0", "a@X", "a@1@2", "a@-1"])
def test_what_is_no_reference_is_refused(said):
    with pytest.raises(NotInStore, match="names no version; wanted NAME, NAME@VERSION or NAME@ALIAS"):
        split_ref(said)
