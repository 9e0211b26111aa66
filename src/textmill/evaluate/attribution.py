"""Why any model says what it says of a text: by taking words out and asking again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textmill.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import LabelSets, Prediction

    Predict = Callable[[list[str]], Prediction]

__all__ = ["WordEffect", "counterfactual", "leave_one_out", "sampled"]

_WORD = re.compile(r"\S+")
_AT_ONCE = 512  # texts asked in one go
_LONGEST = 1000  # words of a text whose decision is turned


@dataclass(frozen=True, slots=True)
class WordEffect:
    """What a word does to the probability of a class.

    Attributes
    ----------
    span : half-open, in code points of the text
    value : how much of the probability it is worth; below 0 where it speaks against the class
    """

    word: str
    span: tuple[int, int]
    value: float


def leave_one_out(predict: Predict, text: str, *, toward: str | None = None) -> list[WordEffect]:
    """How much of a probability goes when a word goes, each on its own; a word is what stands between white space.

    Where two words say the same, taking out one of them changes little, and neither seems to count: `sampled` sees
    both.

    Parameters
    ----------
    predict : what a model says of texts
    toward : the class; None: the one that is decided for

    Examples
    --------
    >>> import numpy as np
    >>> from textmill.types import Prediction
    >>> def predict(texts):
    ...     p = np.array([0.9 if "fire" in text else 0.2 for text in texts], np.float32)
    ...     return Prediction(("bad", "good"), np.stack([p, 1 - p], axis=1))
    >>> [(one.word, round(one.value, 2)) for one in leave_one_out(predict, "a fire here")]
    [('a', 0.0), ('fire', 0.7), ('here', 0.0)]
    """
    place, whole, spans = _asked(predict, text, toward)
    without = [_kept(text, spans, [i != gone for i in range(len(spans))]) for gone in range(len(spans))]
    scores = _scores(predict, without)[:, place]
    return _effects(text, spans, whole - scores)


def sampled(
    predict: Predict, text: str, *, toward: str | None = None, samples: int = 100, seed: int = 0
) -> list[WordEffect]:
    """Each word's share of the probability, over all orders in which the words could have come (Shapley values).

    Estimated from random orders and their reverses (Strumbelj and Kononenko, 2014; Mitchell et al., 2022); the values
    add up, exactly, to the probability of the text less that of an empty one.

    Parameters
    ----------
    predict, toward : as in `leave_one_out`
    samples : orders, half of them the reverse of another; a text of n words asks for n times as many predictions
    seed : of the orders

    Examples
    --------
    >>> import numpy as np
    >>> from textmill.types import Prediction
    >>> def predict(texts):
    ...     p = np.array([0.8 if "fire" in text or "smoke" in text else 0.2 for text in texts], np.float32)
    ...     return Prediction(("bad", "good"), np.stack([p, 1 - p], axis=1))
    >>> [(one.word, round(one.value, 2)) for one in sampled(predict, "smoke and fire", samples=600)]
    [('smoke', 0.3), ('and', 0.0), ('fire', 0.3)]
    """
    place, _, spans = _asked(predict, text, toward)
    n = len(spans)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 5])))
    totals, done = np.zeros(n), 0
    while done < max(samples, 2) and n:
        orders = [rng.permutation(n)]
        orders.append(orders[0][::-1])
        texts = []
        for order in orders:
            there = [False] * n
            texts.append(_kept(text, spans, there))
            for word in order.tolist():
                there[word] = True
                texts.append(_kept(text, spans, there))
        scores = _scores(predict, texts)[:, place].reshape(len(orders), n + 1)
        for order, along in zip(orders, scores, strict=True):
            totals[order] += np.diff(along)
        done += len(orders)
    return _effects(text, spans, totals / max(done, 1))


def counterfactual(predict: Predict, text: str, *, most: int = 8) -> tuple[list[WordEffect], str] | None:
    """A few words without which the decision would be another, and what it would be.

    The word whose loss costs the decision most goes first, then the next, until the decision turns; then words that it
    turns without are put back. None where `most` words are not enough, or where the text has more than 1,000 words:
    each round asks for the text without each of them.

    Parameters
    ----------
    predict : as in `leave_one_out`
    most : words

    Examples
    --------
    >>> import numpy as np
    >>> from textmill.types import Prediction
    >>> def predict(texts):
    ...     p = np.array([0.9 if "fire" in text else 0.2 for text in texts], np.float32)
    ...     return Prediction(("bad", "good"), np.stack([p, 1 - p], axis=1))
    >>> words, said = counterfactual(predict, "a fire here")
    >>> [one.word for one in words], said
    (['fire'], 'good')
    """
    first = predict([text])
    spans = [found.span() for found in _WORD.finditer(text)]
    if len(spans) > _LONGEST:
        return None
    was, there, gone = int(first.codes[0]), [True] * len(spans), list[int]()

    def asked(words: Sequence[int]) -> Prediction:
        return predict([_kept(text, spans, [there[i] and i != word for i in range(len(spans))]) for word in words])

    while len(gone) < most:
        left = [i for i, kept in enumerate(there) if kept]
        if not left:
            return None
        said = asked(left)
        turned = [word for word, code in zip(left, said.codes.tolist(), strict=True) if code != was]
        best = turned[0] if turned else left[int(said.scores[:, was].argmin())]
        there[best] = False
        gone.append(best)
        if turned:
            break
    else:
        return None
    for word in list(gone[:-1]):  # the last one turned it, and is needed
        there[word] = True
        if int(predict([_kept(text, spans, there)]).codes[0]) == was:
            there[word] = False
        else:
            gone.remove(word)
    now = predict([_kept(text, spans, there)])
    effects = leave_one_out(predict, text, toward=first.classes[was])
    return [effects[word] for word in sorted(gone)], first.classes[int(now.codes[0])]


def yes_or_no(predict: Callable[[list[str]], LabelSets], label: str) -> Predict:
    """What a model that says several labels says of one of them, as two classes: ``not LABEL`` and ``LABEL``.

    Examples
    --------
    >>> import numpy as np
    >>> from textmill.types import LabelSets
    >>> def predict(texts):
    ...     p = np.array([[0.9, 0.2]] * len(texts), np.float32)
    ...     return LabelSets(("grain", "oil"), p, p >= 0.5)
    >>> yes_or_no(predict, "oil")(["wheat"]).labels
    ['not oil']
    """

    def asked(texts: list[str]) -> Prediction:
        import numpy as np

        from textmill.types import Prediction

        said = predict(texts)
        place = said.classes.index(label)
        p = said.scores[:, place]
        return Prediction((f"not {label}", label), np.stack([1 - p, p], axis=1), said.chosen[:, place].astype(np.int64))

    return asked


def _asked(predict: Predict, text: str, toward: str | None) -> tuple[int, float, list[tuple[int, int]]]:
    said = predict([text])
    if toward is not None and toward not in said.classes:
        raise DataError(f"no class is called {toward!r}", wanted=f"one of {', '.join(said.classes)}")
    place = int(said.codes[0]) if toward is None else said.classes.index(toward)
    return place, float(said.scores[0, place]), [found.span() for found in _WORD.finditer(text)]


def _kept(text: str, spans: Sequence[tuple[int, int]], there: Sequence[bool]) -> str:
    parts, at = [], 0
    for (start, end), stays in zip(spans, there, strict=True):
        parts.append(text[at : end if stays else start])
        at = end
    return "".join([*parts, text[at:]])


def _scores(predict: Predict, texts: list[str]) -> NDArray[np.float64]:
    parts = [predict(texts[at : at + _AT_ONCE]).scores for at in range(0, len(texts), _AT_ONCE)]
    return np.concatenate(parts).astype(np.float64) if parts else np.empty((0, 1))


def _effects(text: str, spans: Sequence[tuple[int, int]], values: NDArray[np.float64]) -> list[WordEffect]:
    return [
        WordEffect(text[start:end], (start, end), float(value))
        for (start, end), value in zip(spans, values.tolist(), strict=True)
    ]
