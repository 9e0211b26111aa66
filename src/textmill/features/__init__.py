"""Texts become rows of numbers: counts and TF-IDF of word n-grams over a frozen text path."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.features.chars import CharFeatures
    from textmill.features.csr import Csr
    from textmill.features.estimators import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
    from textmill.features.one_hot import OneHot
    from textmill.features.word_chars import WordCharFeatures
    from textmill.features.words import WordFeatures

__all__ = [
    "CharFeatures",
    "CountVectorizer",
    "Csr",
    "HashingVectorizer",
    "OneHot",
    "TfidfTransformer",
    "TfidfVectorizer",
    "WordCharFeatures",
    "WordFeatures",
]

_FILE = {
    "CharFeatures": "chars",
    "CountVectorizer": "estimators",
    "Csr": "csr",
    "HashingVectorizer": "estimators",
    "OneHot": "one_hot",
    "TfidfTransformer": "estimators",
    "TfidfVectorizer": "estimators",
    "WordCharFeatures": "word_chars",
    "WordFeatures": "words",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.features.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.features' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
