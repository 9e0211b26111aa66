"""Unicode words with their places, against spaCy's tokeniser and Hugging Face's pre-tokenisers."""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benches.features import imdb
from benches.limits import from_the_limit
from benches.measure import THREADS, Row, data_dir, seconds

SAMPLE = 2_000  # texts that the slower side is timed on
TIMES = 3


def rows() -> list[Row]:
    from textmill.text import text_buffers
    from textmill.text.segment import word_spans, word_tokens

    texts, _ = imdb("train")
    some = texts[:SAMPLE]
    checked = equal_to_the_twin(texts)
    buffers = text_buffers(texts)
    size = len(buffers.bytes)
    found = word_spans(texts, threads=THREADS)
    written = found.rows.nbytes + found.spans.nbytes
    ours: dict[str, Callable[[], object]] = {
        "places": lambda: word_spans(texts, threads=THREADS),
        "lists": lambda: word_tokens(texts, threads=THREADS).lists(),
    }
    made = []
    for name, at_least, rivals, agree in (spacy(), hugging_face()):
        for what, rival in rivals.items():
            said = "words with their places" if what == "places" else "words as lists of strings"
            least = at_least if what == "places" else None
            wanted = f"{least} x" if least else ""
            title = f"unicode {said}, IMDB train ({size / 1e6:.0f} MB)"
            if rival is None:
                made.append(
                    Row(f"{title} against {name}", wanted, "not installed", not least, "pip install 'textmill[bench]'")
                )
                continue
            mine, theirs, ratio = by_the_megabyte(ours[what], size, rival, some)
            how = f"{checked}; {agree(some)}; {THREADS} threads, {name} has one and is timed on {SAMPLE:,} of the texts"
            if what == "places":
                how += f"; {from_the_limit(mine, size, written)}"
            rates = f"{size / mine / 1e6:.0f} MB/s against {megabytes(some) / theirs:.2f}"
            made.append(
                Row(f"{title} against {name}", wanted, f"{ratio:.0f} x ({rates})", least is None or ratio >= least, how)
            )
    return made


def megabytes(texts: list[str]) -> float:
    return sum(len(text.encode()) for text in texts) / 1e6


def by_the_megabyte(
    ours: Callable[[], object], size: int, rival: Callable[[list[str]], object], some: list[str]
) -> tuple[float, float, float]:
    """Median seconds of either in turn, and the median ratio of their rates."""
    share = megabytes(some) / (size / 1e6)
    ours()
    rival(some[:50])
    pairs = [(seconds(ours), seconds(lambda: rival(some))) for _ in range(TIMES)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / share / a for a, b in pairs),
    )


def equal_to_the_twin(texts: list[str]) -> str:
    """What was compared with the rules of UAX #29 as they are written; AssertionError where it differs."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from oracle.segment import Rules
    from textmill.text.segment import words

    rules = Rules(data_dir() / "unicode")
    cut = [text[:300] for text in random.Random(13).sample(texts, 200)]
    for text in cut:
        assert words(text) == rules.words(text), text
    return f"equal to a plain-Python twin of UAX #29 on the first 300 characters of {len(cut)} texts"


_Rival = tuple[str, int, dict[str, Callable[[list[str]], object] | None], Callable[[list[str]], str]]


def spacy() -> _Rival:
    try:
        import spacy as library
    except ImportError:
        return "spaCy", 50, {"places": None}, str
    tokenizer: Any = library.blank("en").tokenizer

    def agree(texts: list[str]) -> str:
        from textmill.text.segment import words

        same = 0
        for text in texts:
            theirs = [token.text for token in tokenizer(text) if not token.is_space]
            same += theirs == [word for word in words(text, all=True) if not word.isspace()]
        return f"spaCy's rules differ: the same words and signs in {same / len(texts):.1%} of the texts"

    rivals: dict[str, Callable[[list[str]], object] | None] = {
        "places": lambda texts: [tokenizer(text) for text in texts],
        "lists": lambda texts: [[token.text for token in tokenizer(text)] for text in texts],
    }
    return f'spaCy {version("spacy")} blank("en")', 50, rivals, agree


def hugging_face() -> _Rival:
    try:
        from tokenizers import pre_tokenizers
    except ImportError:
        return "Hugging Face tokenizers", 5, {"places": None}, str
    bert, whitespace = pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Whitespace()

    def agree(texts: list[str]) -> str:
        from textmill.text.segment import words

        same = 0
        for text in texts:
            theirs = [word for word, _ in bert.pre_tokenize_str(text)]
            same += theirs == [word for word in words(text, all=True) if not word.isspace()]
        return f"its rules differ: the same words and signs in {same / len(texts):.1%} of the texts"

    def both(texts: list[str]) -> float:
        """Which of the two is the faster one is seen once."""
        return seconds(lambda: [bert.pre_tokenize_str(text) for text in texts]) - seconds(
            lambda: [whitespace.pre_tokenize_str(text) for text in texts]
        )

    fastest = bert if both(["Who's there? Nobody, it was the wind." * 20] * 200) < 0 else whitespace
    name = f"Hugging Face tokenizers {version('tokenizers')} {type(fastest).__name__}"
    rivals: dict[str, Callable[[list[str]], object] | None] = {
        "places": lambda texts: [fastest.pre_tokenize_str(text) for text in texts],
        "lists": lambda texts: [[word for word, _ in fastest.pre_tokenize_str(text)] for text in texts],
    }
    return name, 5, rivals, agree
