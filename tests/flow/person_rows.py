"""A small project whose rows are of persons."""

import random

from textmill.registry import Store

MILL = """
[project]
name = "toy"
[read]
source = "rows.csv"
person = "who"
[features]
ngrams = [1, 1]
[evaluate]
bootstrap = 100
robustness = false
"""


def rows(n=60, seed=1):
    chance = random.Random(seed)
    own = {"a": ["fire", "flood", "quake"], "b": ["song", "party", "coffee"]}
    return [
        f"u{number % 7},{' '.join(chance.sample(own['ab'[number % 2]], 2))} number{number} street{number % 5},"
        f"{'ab'[number % 2]}"
        for number in range(n)
    ]


def store_of(project):
    return Store(project / ".textmill")
