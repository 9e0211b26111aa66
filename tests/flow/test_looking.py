"""What is told of a model beside its scores."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from textmill.config import ModelConfig
from textmill.config.models import Kind
from textmill.flow.looking import learned_nothing
from textmill.types import Prediction


def said(kind: Kind, words: list[str], *codes: int) -> list[str]:
    model: Any = SimpleNamespace(config=ModelConfig(kind=kind), body=SimpleNamespace(some_words=lambda most: words))
    return learned_nothing(model, Prediction(("no", "yes"), np.eye(2, dtype=np.float32)[list(codes)]))


def test_a_network_that_says_the_same_of_every_text_is_told() -> None:
    (told,) = said("lstm", ["fire"], 1, 1, 1)
    assert told.startswith("The network says “yes” of every test row: it has learned nothing")
    assert said("lstm", ["fire"], 1, 0, 1) == []
    assert said("lstm", ["fire"], 1) == []  # of one row nothing follows
    assert said("majority", ["fire"], 1, 1, 1) == []  # which is what it is for


def test_a_network_that_knows_no_word_is_told() -> None:
    (told,) = said("lstm", [], 1, 0)
    assert told.startswith("The network's vocabulary holds no word")
