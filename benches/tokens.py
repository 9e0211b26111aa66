"""Functions of one token against NLTK's, a type at a time: on the distinct words of IMDB's training reviews."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

from nltk.stem import LancasterStemmer, PorterStemmer

from benches.measure import Row, data_dir, in_turn
from textmill.config import TextConfig
from textmill.text import TextPath

EACH = 10  # NLTK stems every tenth type only, and both times are a type's


def distinct_words() -> list[str]:
    with gzip.open(data_dir() / "imdb" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    return TextPath(TextConfig(map="none")).tokens(texts).types


def rows() -> list[Row]:
    types = distinct_words()
    some = types[::EACH]
    found = []
    for name, rival, wanted in (
        ("porter", PorterStemmer().stem, 5),
        ("porter-martin", PorterStemmer(PorterStemmer.MARTIN_EXTENSIONS).stem, 5),
        ("lancaster", LancasterStemmer().stem, 5),
    ):
        found.append(_row(name, rival, wanted, types, some))
    return found


def _row(name: str, rival: Callable[[str], str], wanted: int, types: list[str], some: list[str]) -> Row:
    path = TextPath(TextConfig(map=name))
    if path.terms(some) != [rival(word) for word in some]:
        raise SystemExit(f"{name}: other stems than NLTK's")
    ours, theirs, ratio = in_turn(lambda: path.terms(types), lambda: [rival(word) for word in some], 5)
    ratio *= len(types) / len(some)
    return Row(
        f"{name}: a type",
        f"{wanted} x NLTK",
        f"{ratio:.1f} x ({ours:.2f} s for {len(types):,} types; NLTK {theirs / len(some) * 1e6:.1f} µs each)",
        ratio >= wanted,
        "stems equal; plain Python on one thread, once for each distinct word",
    )
