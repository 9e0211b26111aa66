"""How easily a decision turns: texts changed a little, in ways that should change nothing, or should."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate.intervals import wilson
from textmill.evaluate.markup import shortened
from textmill.read.sample import spread
from textmill.types import side_by_side

if TYPE_CHECKING:
    from textmill.types import LabelSets, Prediction

__all__ = ["CHANGES", "changed", "robustness"]

_MOST, _FEWEST = 1000, 200  # texts
_CHARACTERS = 300_000  # of them all, unless that were too few texts
_SLIPS = 0.2  # share of the words that get a typo
_EXAMPLES = 5
_SHOWN = 160  # characters
_WORD = re.compile(r"[^\W\d_]{4,}")
_NEGATED = re.compile(
    r"\b(is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)( not\b|n't\b|n’t\b)?", re.IGNORECASE
)
_SAME = """
    big large, small little, begin start, end finish, buy purchase, quick fast, happy glad, sad unhappy, angry mad,
    smart clever, nice pleasant, good fine, great excellent, bad poor, terrible awful, horrible dreadful, movie film,
    kids children, help assist, show display, wrong incorrect, right correct, easy simple, hard difficult,
    funny amusing, boring dull, beautiful lovely, ugly hideous, rich wealthy, strange odd, scary frightening,
    love adore, hate detest, dead deceased, hurt injured, fire blaze, storm tempest, car automobile, house home,
    job occupation, street road, shop store, answer reply, ask inquire, choose select, fix repair, stop halt,
    say state, think believe, important significant
"""
_SYNONYMS = {a: b for pair in _SAME.split(",") for a, b in (pair.split(), pair.split()[::-1])}
_RUNS, _ASCII_RUNS = re.compile(r"\w+|\W+"), re.compile(r"\w+|\W+", re.ASCII)  # words, and what is between them
# given names that are common in several parts of the world, so that a swap changes who is spoken of and nothing else
_GIVEN = """
    James John Robert Michael David William Thomas Mary Jennifer Linda Susan Sarah Emily Emma Jamal DeShawn Aisha
    Ebony Mohammed Ahmed Ali Fatima Layla Omar Hassan Wei Mei Jing Li Hiroshi Yuki Kenji Raj Priya Arjun Anjali
    Carlos Maria Jose Juan Sofia Diego Pierre Marie Hans Greta Ivan Olga Dmitri Kwame Amina Chidi
"""
_NAMES = dict.fromkeys(_GIVEN.split())


def _typos(text: str, rng: np.random.Generator) -> str:
    """Two letters inside one word in five change places, as fingers do."""
    parts, last = [], 0
    words = list(_WORD.finditer(text))
    for found, chance in zip(words, rng.random(len(words)).tolist(), strict=True):
        if chance < _SLIPS:
            at = found.start() + 1 + int(chance / _SLIPS * (len(found[0]) - 3))
            parts += [text[last:at], text[at + 1], text[at]]
            last = at + 2
    return "".join([*parts, text[last:]])


def _negation(text: str, rng: np.random.Generator) -> str:
    """The first statement is turned round: "is" becomes "is not", "isn't" becomes "is"."""

    def turn(found: re.Match[str]) -> str:
        return found[1] if found[2] else f"{found[1]} not"

    return _NEGATED.sub(turn, text, count=1)


def _synonyms(text: str, rng: np.random.Generator) -> str:
    def other(word: str) -> str:
        same = _SYNONYMS[word.lower()]
        return same.capitalize() if word[0].isupper() else same

    return "".join([other(run) if run.lower() in _SYNONYMS else run for run in _ASCII_RUNS.findall(text)])


def _names(text: str, rng: np.random.Generator) -> str:
    runs = _RUNS.findall(text)
    places = [place for place, run in enumerate(runs) if run in _NAMES]
    names = [*_NAMES]
    for place, drawn in zip(places, rng.integers(len(names), size=len(places)).tolist(), strict=True):
        runs[place] = names[drawn]
    return "".join(runs)


@dataclass(frozen=True, slots=True)
class Change:
    """A way to change a text, and whether the decision should stay."""

    what: str
    apply: Callable[[str, np.random.Generator], str]
    stays: bool = True


CHANGES = {
    "typos": Change("letters change places in one word of five", _typos),
    "upper case": Change("EVERYTHING IS WRITTEN LARGE", lambda text, rng: text.upper()),
    "lower case": Change("everything is written small", lambda text, rng: text.lower()),
    "punctuation": Change("marks of punctuation go", lambda text, rng: re.sub(r"""[.,;:!?"'()\[\]“”‘’…-]""", "", text)),
    "synonyms": Change("words of a small English list become others of the same meaning", _synonyms),
    "names": Change("given names become others", _names),
    "negation": Change("the first English statement is turned round: “is” becomes “is not”", _negation, stays=False),
}


def changed(text: str, change: str, seed: int = 0) -> str:
    """A text after one of `CHANGES`.

    Examples
    --------
    >>> changed("The film is not good, James!", "negation"), changed("A big fire.", "synonyms")
    ('The film is good, James!', 'A large blaze.')
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 6])))
    return CHANGES[change].apply(text, rng)


def robustness(
    predict: Callable[[list[str]], Prediction | LabelSets], texts: list[str], *, seed: int
) -> list[dict[str, Any]]:
    """How many decisions turn when texts are changed.

    Parameters
    ----------
    predict : what a model says of texts
    texts : up to 1,000 of them are looked at, spread evenly; fewer of long ones
    seed : of the changes

    Returns
    -------
    for each of `CHANGES` that changes a text at all: ``change``, ``what`` it does, whether decisions should ``stay``,
    how many ``texts`` it changed, how many decisions ``turned`` with their ``share`` and its interval ``low`` and
    ``high``, and up to 5 ``examples``, each ``text``, ``changed``, ``was`` and ``said``: decisions that turned, or
    that did not where they should

    Examples
    --------
    >>> from textmill.types import Prediction
    >>> def predict(texts):
    ...     p = np.array([0.9 if "fire" in text else 0.1 for text in texts], np.float32)
    ...     return Prediction(("bad", "good"), np.stack([p, 1 - p], axis=1))
    >>> found = {one["change"]: one for one in robustness(predict, ["A fire", "calm sea"] * 10, seed=1)}
    >>> found["upper case"]["texts"], found["upper case"]["turned"], found["synonyms"]["turned"]
    (20, 10, 10)
    """
    length = sum(map(len, texts)) / max(len(texts), 1)
    most = min(len(texts), _MOST, max(_FEWEST, int(_CHARACTERS / max(length, 1))))
    some = [texts[i] for i in spread(len(texts), most).tolist()]
    before = predict(some).decided
    found = []
    for name, change in CHANGES.items():
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 6])))
        others = [change.apply(text, rng) for text in some]
        which = np.flatnonzero([one != other for one, other in zip(some, others, strict=True)])
        if len(which) == 0:
            continue
        said = predict([others[i] for i in which.tolist()]).decided
        was = [before[i] for i in which.tolist()]
        turned = np.array([one != other for one, other in zip(was, said, strict=True)], np.bool_)
        share = float(turned.mean())
        low, high = wilson(share, len(which))
        examples = [
            {
                "text": _short(some[which[i]]),
                "changed": _short(others[which[i]]),
                "was": was[i],
                "said": said[i],
            }
            for i in np.flatnonzero(turned if change.stays else ~turned)[:_EXAMPLES].tolist()
        ]
        told = {
            "change": name,
            "what": change.what,
            "stay": change.stays,
            "texts": len(which),
            "turned": int(turned.sum()),
        }
        found.append(told | {"share": share, "low": low, "high": high, "examples": examples})
    return found


def _short(text: str) -> str:
    return shortened(" ".join(side_by_side(text).split()), _SHOWN)
