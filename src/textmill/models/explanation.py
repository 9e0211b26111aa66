"""A decision on one text, taken apart."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Explanation", "Pull"]


@dataclass(frozen=True, slots=True)
class Pull:
    """How one term moves the decision, and where it stands.

    Attributes
    ----------
    value : what it adds to the log-odds of `Explanation.toward`
    spans : half-open, in code points of the raw text, one a word
    """

    term: str
    value: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, taken apart.

    What is taken apart are the log-odds as they were learned, before ``[decide]`` calibrates them.

    Attributes
    ----------
    toward : the class whose log-odds `bias` and the pulls add up to
    answer : what the model says of the text in the end: `label`, or None where it leaves the answer open
    said : probability of `toward` by the log-odds; `scores` are those that ``[decide]`` made of it
    log_odds : bias + the sum of the pulls; of `toward` against the other class, or with more than two classes its
        output before the softmax
    pulls : strongest first
    several : whether a text may have several labels; then `answer` is all of them, as `textmill.types.joined` writes
        them, and `label` the most probable one
    exact : whether the model is linear; else the pulls are integrated gradients, and `bias` is what it says of as many
        words that it does not know, the pull of such a word being 0
    """

    text: str
    classes: tuple[str, ...]
    scores: tuple[float, ...]
    label: str
    toward: str
    bias: float
    log_odds: float
    pulls: tuple[Pull, ...]
    answer: str | None
    said: float
    several: bool = False
    exact: bool = True
