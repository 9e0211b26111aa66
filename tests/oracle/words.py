"""Plain-Python twins of the compiled text path: short, slow, and written from the documentation alone."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from html.entities import html5

WORD = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's default pattern
LINK = re.compile(r"(?:[hH][tT][tT][pP][sS]?://|[wW]{3}\.)\S+")
MENTION = re.compile(r"(?<!\w)(?:@\w+)+")
REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")  # as html.unescape finds them
# ASCII, so that the long s is no s
MARKUP = re.compile(
    r"<!(?=--).*?-->"
    r"|<(?P<raw>script|style)(?![a-z0-9])[^<>]*>.*?</(?P=raw)[^>]*>"
    r"|<(?:/?(?P<name>[a-z][a-z0-9]*)|[!?])[^<>]*>",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
BREAKING = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "button",
        "caption",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "script",
        "section",
        "select",
        "style",
        "table",
        "td",
        "textarea",
        "th",
        "title",
        "tr",
        "ul",
    ]
)

Edit = tuple[int, int, str]  # text[begin:end] becomes this
Aligned = list[tuple[str, int, int]]  # a character and the raw text [begin, end) that it stands for


def _references(text: str, begin: int, end: int) -> Iterator[Edit]:
    for found in REFERENCE.finditer(text, begin, end):
        name = found[0][1:]
        if name[0] == "#":
            yield found.start(), found.end(), html.unescape(found[0])
            continue
        length = next((n for n in range(len(name), 1, -1) if name[:n] in html5), 0)  # old names need no ';'
        if length:
            yield found.start(), found.start() + 1 + length, html5[name[:length]]


def html_edits(text: str) -> Iterator[Edit]:
    last = 0
    for found in MARKUP.finditer(text):
        yield from _references(text, last, found.start())
        breaks = found["raw"] is not None or (found["name"] or "").lower() in BREAKING
        yield found.start(), found.end(), "\n" if breaks else ""
        last = found.end()
    yield from _references(text, last, len(text))


def url_edits(text: str) -> Iterator[Edit]:
    for found in LINK.finditer(text):
        yield found.start(), found.end(), " "


def mention_edits(text: str) -> Iterator[Edit]:
    for found in MENTION.finditer(text):
        first = found.start()
        for handle in found[0][1:].split("@"):
            yield first, first + 1 + len(handle), " "
            first += 1 + len(handle)


CLEANERS: dict[str, Callable[[str], Iterable[Edit]]] = {
    "html": html_edits,
    "urls": url_edits,
    "mentions": mention_edits,
}


def aligned(text: str, clean: Sequence[str] = (), lower_case: bool = True) -> Aligned:
    """What is left of a text, each character with where it came from."""
    now: Aligned = [(char, i, i + 1) for i, char in enumerate(text)]
    for name in clean:
        made: Aligned = []
        last = 0
        for begin, end, said in CLEANERS[name]("".join(char for char, _, _ in now)):
            made += now[last:begin]
            made += [(char, now[begin][1], now[end - 1][2]) for char in said]
            last = end
        now = made + now[last:]
    if not lower_case:
        return now
    small = "".join(char for char, _, _ in now).lower()
    made, place = [], 0
    for char, begin, end in now:
        width = len(char.lower())  # 2 for İ alone; a final sigma is one character too
        made += [(c, begin, end) for c in small[place : place + width]]
        place += width
    assert place == len(small)
    return made


def rewrite(text: str, clean: Sequence[str] = (), lower_case: bool = True) -> str:
    return "".join(char for char, _, _ in aligned(text, clean, lower_case))


def tokens(text: str, clean: Sequence[str] = (), lower_case: bool = True) -> list[tuple[str, int, int]]:
    """Each word with its place in the raw text."""
    left = aligned(text, clean, lower_case)
    found = WORD.finditer("".join(char for char, _, _ in left))
    return [(word[0], left[word.start()][1], left[word.end() - 1][2]) for word in found]


def numbered(
    texts: Iterable[str], clean: Sequence[str] = (), lower_case: bool = True
) -> tuple[list[int], list[int], list[str]]:
    """Ids, rows and types, numbered by first appearance."""
    types: dict[str, int] = {}
    ids: list[int] = []
    rows = [0]
    for text in texts:
        ids += [types.setdefault(word, len(types)) for word, _, _ in tokens(text, clean, lower_case)]
        rows.append(len(ids))
    return ids, rows, list(types)


def grams(terms: Sequence[str], low: int, high: int) -> Counter[str]:
    """Counts of the n-grams of one text, by spelling."""
    return Counter(" ".join(terms[i : i + n]) for n in range(low, high + 1) for i in range(len(terms) - n + 1))


def count_matrix(
    docs: Sequence[Sequence[str]], low: int, high: int, min_df: int = 1
) -> tuple[list[str], list[list[int]]]:
    """Columns in the order of spelling, and the counts of each text."""
    counted = [grams(doc, low, high) for doc in docs]
    df = Counter(gram for counts in counted for gram in counts)
    columns = sorted(gram for gram in df if df[gram] >= min_df)
    return columns, [[counts[gram] for gram in columns] for counts in counted]
