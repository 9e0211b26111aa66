"""Time stays linear whatever the text: a text 32 times as long takes 32 times as long, not 1,024 times."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

import numpy as np
import pytest

from textmill import _native

SPLITTERS = ["words", "unicode", "sentences", "graphemes", "whitespace", "tweet", "treebank"]
CLEANERS = [
    *("ascii", "casefold", "citations", "control", "digits", "emails", "emoji-drop", "emoji-name", "hashtags-drop"),
    *("hashtags-keep", "hashtags-split", "html", "mentions", "nfc", "nfd", "nfkc", "nfkd", "spaces", "urls"),
]

# Each is said again and again; what a search may look for in vain comes first or last
UNITS = [
    *(
        "a",
        "A",
        " ",
        "é",
        "\u0301",
        "\u0301\u0323",
        "\u0301\u0323\u0300\u0324",
        "a ",
        "a. ",
        "&",
        "&a",
        "&#",
        "&#x",
        "<",
        "<a",
        "<!",
        "<!--",
        "<script>",
    ),
    *(
        "#",
        "#a",
        "#1",
        "@",
        "@a",
        "a@",
        "a@b",
        "a@b.",
        ".",
        "..",
        ". .",
        "1",
        "1.",
        "1,",
        "1-",
        "(1",
        "+",
        "(",
        ")",
        "()",
    ),
    *(
        "((a)",
        "[",
        "[1",
        "[a",
        "-",
        "--",
        "-a",
        "a-",
        "a'",
        "'",
        "_",
        "a_",
        "http://",
        "http:/",
        "http://(",
        "www.",
        "a.b",
    ),
    *(
        "a.b/",
        "h",
        "ht",
        ":",
        ":-",
        "<3",
        "=",
        "\u200d",
        "👩\u200d",
        "🇫",
        "#️⃣",
        "Σ",
        "Σ\u0301",
        "aΣ\u00ad",
        "각",
        "\u1100",
    ),
    *(
        "\u0f73",
        "\ufdfa",
        "\u3000",
        "\r",
        "\n",
        "\u2028",
        "\ufffd",
        "?!",
        "?! a",
        "a,",
        "\u00b7",
        "Mr. ",
        "Ä",
        "ﬁ",
        "\ufe0f",
    ),
]
SMALL, TIMES = 3_000, 32  # a quadratic search takes TIMES times as long for each byte
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


@pytest.fixture(autouse=True, scope="module")
def keep_memory() -> None:
    """Ask malloc to keep what is freed: fresh pages cost the larger text more a byte than the search does."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's and musl's; elsewhere the times are just noisier
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 256 << 20)


def grown(unit: str, size: int, first: str = "", last: str = "") -> np.ndarray:
    middle = unit.encode()
    return np.frombuffer(first.encode() + middle * (size // len(middle)) + last.encode(), np.uint8)


def stays_linear(run: Callable[[np.ndarray], object], unit: str, first: str = "", last: str = "") -> None:
    small, large = grown(unit, SMALL, first, last), grown(unit, SMALL * TIMES, first, last)
    best = {SMALL: 1e9, SMALL * TIMES: 1e9}
    for _ in range(12):  # the best of some: what else the machine does only adds
        for size, text in ((SMALL, small), (SMALL * TIMES, large)):
            begin = time.process_time()
            run(text)
            best[size] = min(best[size], time.process_time() - begin)
        # a clock of no better than some microseconds says nothing about less
        if best[SMALL * TIMES] < 6 * TIMES * max(best[SMALL], 20e-6):
            return
    pytest.fail(f"{first!r} {unit!r}... {last!r}: {best}")


def scan(clean: list[str], tokens: str) -> Callable[[np.ndarray], object]:
    program = _native.Program(clean, True, 1, tokens)

    def run(text: np.ndarray) -> object:
        return _native.scan(program, (text, np.array([0, len(text)], np.int64)), _native.TypeTable(), True, 1)

    return run


@pytest.mark.parametrize("tokens", SPLITTERS)
def test_splitters(tokens: str) -> None:
    run = scan([], tokens)
    for unit in UNITS:
        stays_linear(run, unit)


@pytest.mark.slow
@pytest.mark.parametrize("cleaner", CLEANERS)
def test_cleaners_and_the_places_of_tokens_behind_them(cleaner: str) -> None:
    run = scan([cleaner], "tweet")
    for unit in UNITS:
        stays_linear(run, unit)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "last"), [("", "<"), ("", "@"), ("", ">"), ("http://", ""), ("#", ""), ("a@", ""), ("<", ""), ("A", "Σ")]
)
def test_what_begins_or_ends_a_search(first: str, last: str) -> None:
    runs = [scan([name], "words") for name in ("html", "urls", "emails", "hashtags-split", "mentions")]
    for unit in ("a", "a ", ".", "a.", "-", "#a", "&", "(", "()", "\u0301", "/"):
        for run in [*runs, scan([], "tweet")]:
            stays_linear(run, unit, first, last)


@pytest.mark.parametrize("ngrams", [(1, 1), (1, 3), (3, 5)])
@pytest.mark.parametrize("n_terms", [1, 2, 1000])
def test_counting(ngrams: tuple[int, int], n_terms: int) -> None:
    """One text of a single word, of two in turn, of many."""
    term_bytes, term_offsets = _native.pack([f"t{i}" for i in range(n_terms)])
    terms = np.arange(n_terms, dtype=np.int32)

    def ids_of(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (np.arange(len(text)) % n_terms).astype(np.int32), np.array([0, len(text)], np.int64)

    def grams(text: np.ndarray) -> object:
        counter = _native.GramCounter()
        counter.add(*ids_of(text))
        counter.count(terms, n_terms, *ngrams, 1, 1)
        keep = np.ones(counter.n_columns, bool)
        levels = counter.vocabulary(keep)[1]
        return counter.matrix(keep, 1), _native.count(_native.Grams(levels, ngrams[0]), *ids_of(text), terms, 1)

    def hashed(text: np.ndarray) -> object:
        return _native.hash_counts(*ids_of(text), terms, term_bytes, term_offsets, *ngrams, 1 << 16, True, 1)

    for run in (grams, hashed):
        stays_linear(run, "a")
