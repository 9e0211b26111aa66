"""Which of two classes precision, recall, F1 and the curves are about."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["positive_class"]

_YES = ("1", "1.0", "true", "t", "yes", "y", "positive", "pos", "+", "spam", "toxic", "hate", "fraud", "sarcastic")
_YES_TOO = ("sarcasm", "disaster", "offensive", "abusive", "phishing", "urgent", "relevant", "real")
_NO = ("0", "0.0", "-1", "false", "f", "no", "n", "negative", "neg", "-", "ham", "other", "none", "normal", "clean")


def positive_class(classes: Sequence[str], shares: Sequence[float]) -> tuple[str, str]:
    """The positive class of a task with two classes, and why.

    The first rule that tells the two apart decides: one is called like a yes ("1", "true", "spam", ...) and the other
    is not; one is called like a no ("0", "ham", "other", "not ...", ...) and the other is not; one is rarer in the
    training rows; else the last in sorted order.

    Parameters
    ----------
    classes : the two names
    shares : share of each in the training rows

    Examples
    --------
    >>> positive_class(["0", "1"], [0.4, 0.6])
    ('1', 'its name is that of a yes')
    >>> positive_class(["ham", "offer"], [0.4, 0.6])
    ('offer', "the name of the other, 'ham', is that of a no")
    >>> positive_class(["cats", "dogs"], [0.2, 0.8])
    ('cats', 'it is the rarer one in the training rows')
    """
    names = [name.strip().casefold() for name in classes]
    yes = [name in _YES + _YES_TOO for name in names]
    if yes[0] != yes[1]:
        return classes[yes.index(True)], "its name is that of a yes"
    no = [name in _NO or _negates(name) for name in names]
    if no[0] != no[1]:
        return classes[no.index(False)], f"the name of the other, {classes[no.index(True)]!r}, is that of a no"
    if shares[0] != shares[1]:
        return classes[0 if shares[0] < shares[1] else 1], "it is the rarer one in the training rows"
    return max(classes), "both are equally common in training, and it is the last in sorted order"


def _negates(name: str) -> bool:
    words = name.replace("-", " ").replace("_", " ").split()
    return len(words) > 1 and words[0] in ("not", "no", "non")
