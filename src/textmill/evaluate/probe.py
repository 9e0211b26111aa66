"""The probe set: texts of our own that show whether a model is the same wherever it runs.

A version keeps what its model said of them where it was trained, to the bit. Promotion asks again elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.errors import CorruptError
from textmill.types import beside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.models.text_model import TextModel

__all__ = ["FILE", "PROBE", "Probe", "difference", "probe_texts"]

FILE = "probe.json"
_FORMAT = 1
_OWN = 40  # words of the model's own vocabulary in the last text

# Nobody's data; what breaks tokenisers, encodings and transports. Add at the end: versions keep the texts they were
# asked about.
PROBE = (
    "Forest fire near the river, everyone is asked to leave.",
    "What a lovely day, the picnic was great!",
    "I am not happy, it was never good and I won't come back.",
    "",
    " \t \n ",
    "a",
    "!!! ... ???",
    "FREE entry!!! Call 0800 123 456 NOW & win \u00a31,000",
    "see https://example.org/a?b=c&d=%C3%A9#top and www.example.org, http://",
    "@somebody RT #ForestFire: a@b.example #\u00e9t\u00e9 @",
    "<p class='a'>bold <b>text</b> &amp; more &lt;tags&gt; &#233; &notit; <br/> a < b</p><script>x<y</script>",
    "<!-- never closed <a href='x>y'> &#xD800; &#99999999;",
    "From: someone@example.org\nSubject: Re: the meeting\n\nDear all,\nit is off.",
    "\U0001f600 \U0001f469\u200d\U0001f680 \U0001f1eb\U0001f1f7 \U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3",
    "e\u0301te\u0301 \u00e9t\u00e9 n\u0303 Z\u0351\u036b\u0343a\u0310\u0321l\u034ego\u0334",
    "\u0130stanbul \u0131\u015f\u0131k STRASSE Stra\u00dfe \u1e9e \ufb01re \u039f\u0394\u039f\u03a3 \u01c5",
    "\u05e9\u05dc\u05d5\u05dd \u202e\u0645\u0631\u062d\u0628\u0627\u202c \u200f123",
    "\u6f22\u5b57\u4eee\u540d\u4ea4\u3058\u308a\u6587 \ud55c\uad6d\uc5b4 \uff26\uff55\uff4c\uff4c\uff17",
    "\u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 \u1019\u103c\u1014\u103a\u1019\u102c",
    "zero\u200bwidth\u00adsoft\u2060joiner\ufeff no\u00a0break\u2028line\u0085next",
    'nul\x00 bell\x07 escape\x1b[31m delete\x7f quote" back\\slash',
    "don't can't l'\u00e9t\u00e9 o'clock state-of-the-art snake_case 3.14 1,000 x86_64 C++",
    'if (x == 1) { return "a"; } // SELECT * FROM t; DROP',
    "spam " * 300,
    "x" * 5000,
    "the fire and the flood on the main street of the town were seen by all of us today " * 60,
)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """What a model says of the probe set.

    Attributes
    ----------
    classes : names, in the order of the columns
    tokens : sha256 of each text's terms and of the numbers of the features that they are; of the empty string where a
        model reads no text
    scores : float32 (n_texts, n_classes)
    """

    classes: tuple[str, ...]
    tokens: tuple[str, ...]
    scores: NDArray[np.float32]

    @classmethod
    def of(cls, model: TextModel, texts: Sequence[str]) -> Probe:
        """Ask a model.

        Raises
        ------
        PluginError : if a function of the user's own fails on one of them

        Examples
        --------
        >>> from textmill.models import TextClassifier
        >>> model = TextClassifier.fit(["fire", "flood", "song", "party"], ["bad", "bad", "good", "good"])
        >>> one, again = Probe.of(model, PROBE), Probe.of(model, PROBE)
        >>> difference(one, again, "again") is None, one.scores.dtype
        (True, dtype('float32'))
        """
        texts = list(texts)
        digests = [hashlib.sha256() for _ in texts]
        if model.text_path is not None:
            terms = model.text_path.tokens(texts, threads=1).lists()
            for digest, those, numbers in zip(digests, terms, model.body.numbers(texts), strict=True):
                digest.update("\0".join(those).encode())
                digest.update(numbers.astype("<i8").tobytes())
        scores = model.predict(texts, threads=1).scores
        return cls(model.classes, tuple(digest.hexdigest() for digest in digests), scores)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; each score is spelled with as few digits as give the same float32 back."""
        scores = self.scores.astype("U32").astype(float).tolist()
        return {"classes": list(self.classes), "tokens": list(self.tokens), "scores": scores}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Probe:
        """Back from `to_json`.

        Raises
        ------
        ValueError, KeyError, TypeError : if the values do not fit together
        """
        classes, tokens = tuple(map(str, value["classes"])), tuple(map(str, value["tokens"]))
        scores = np.array(value["scores"], np.float32).reshape(len(tokens), len(classes))
        return cls(classes, tokens, scores)

    def save(self, folder: Path, texts: Sequence[str]) -> None:
        """Keep it, with the texts, beside the model."""
        body = {"format": _FORMAT, "texts": list(texts), **self.to_json()}
        (folder / FILE).write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> tuple[Probe, list[str]] | None:
        """What was kept with a model, and the texts; None where nothing was.

        Raises
        ------
        CorruptError : if the file cannot be read, or is of another format
        """
        path = folder / FILE
        if not path.exists():
            return None
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            if body["format"] != _FORMAT:
                raise CorruptError("a probe set of another format", where=str(path), got=f"format {body['format']}")
            return cls.from_json(body), list(map(str, body["texts"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CorruptError(f"the probe set cannot be read: {error}", where=str(path)) from error


def probe_texts(model: TextModel, texts: Sequence[str] = PROBE) -> list[str]:
    """The texts to ask about: ours, and one of words that the model knows.

    The last is made anew wherever it is asked, so that no word of anybody's data lies in the probe set. A model of
    pairs is asked about each text beside the next.

    Examples
    --------
    >>> from textmill.models import TextClassifier
    >>> probe_texts(TextClassifier.fit(["fire", "flood", "song"], ["bad", "bad", "good"]))[-1]
    'fire flood song'
    """
    found = [*texts, " ".join(model.body.some_words(_OWN))]
    return list(map(beside, found, [*found[1:], found[0]])) if model.pairs else found


def difference(trained: Probe, other: Probe, where: str, *, tolerance: float = 0.0) -> str | None:
    """The first thing in which another answer is not that of the training process, in a sentence; None if in nothing.

    Parameters
    ----------
    where : of the other answer, such as ``in a fresh process``
    tolerance : by how much scores may differ; see `textmill.models.body.Body.tolerance`

    Examples
    --------
    >>> one = Probe(("a", "b"), ("1", "2"), np.array([[0.5, 0.5], [0.25, 0.75]], np.float32))
    >>> two = Probe(("a", "b"), ("1", "2"), np.array([[0.5, 0.5], [0.25, 0.75000006]], np.float32))
    >>> difference(one, two, "over HTTP")
    "text 2 of the probe set: the score of 'b' is 0.75 in training and 0.75000006 over HTTP"
    """
    if trained.classes != other.classes:
        return f"the classes are {', '.join(trained.classes)} in training and {', '.join(other.classes)} {where}"
    if len(trained.tokens) != len(other.tokens):
        return f"{len(trained.tokens)} texts were asked about in training and {len(other.tokens)} {where}"
    for number, (here, there) in enumerate(zip(trained.tokens, other.tokens, strict=True), 1):
        if here != there:
            return f"text {number} of the probe set: its token ids {where} are not those of training"
    rows, columns = np.nonzero(~(abs(trained.scores - other.scores) <= tolerance))
    if len(rows):
        row, column = int(rows[0]), int(columns[0])
        # as str, which has as few digits as tell two float32 apart; format would widen them to float64
        said = f"{trained.scores[row, column]!s} in training and {other.scores[row, column]!s} {where}"
        return f"text {row + 1} of the probe set: the score of {trained.classes[column]!r} is {said}"
    return None
