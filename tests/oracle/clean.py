"""Plain-Python twins of the cleaners: regular expressions and unicodedata, slow, written from the documentation."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from oracle import words
from oracle.words import Aligned, Edit

_PLANES = itertools.chain(range(0x20000), range(0xE0000, 0xE1000))  # there are no marks between
MARKS = "".join(char for char in map(chr, _PLANES) if unicodedata.category(char)[0] == "M")
EMAIL = re.compile(r"\w[\w.+%'-]*@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?![\w-])")
HASHTAG = re.compile(rf"#+(\w[\w\u200c{MARKS}]*)")
_ASIDES = (
    r"according to whom\?|additional citation\(s\) needed|better source needed|by whom\?|citations? needed"
    r"|clarification needed|clarify|context\?|disputed|dubious(?: – discuss)?|example needed|failed verification"
    r"|full citation needed|further explanation needed|how\?|needs update|original research\?|page needed|quantify"
    r"|unreliable source\?|vague|when\?|where\?|which\?|who\?|why\?"
)
_CITATION = (
    r"\[[0-9]{1,3}(?: ?[,;\-–] ?[0-9]{1,3})*\]"
    r"|(?<=\S)\[[a-z]\](?!\w)"
    rf"|\[(?ai:{_ASIDES})\]"
    r"|\[(?ai:fn|lower-alpha|lower-roman|nb?|notes?|ref|upper-alpha) ?[0-9]{1,3}\]"
)
# RFC 5322: fields, folded or not, and the empty line behind them
_FIELD = r"[!-9;-~]+:(?:[ \t\r][^\n]*)?(?:\n|\Z)(?:[ \t][^\n]*[^ \t\r\n][^\n]*(?:\n|\Z))*"
HEADERS = re.compile(rf"\A(?:From [^\n]*\n)?(?:{_FIELD}){{2,}}[ \t\r]*(?:\n|\Z)")
CITATIONS = re.compile(f"(?:{_CITATION})+")
GLUES = re.compile(r"\w")
BREAKS = re.compile("\r\n|[\x0b-\r\x1c-\x1e\x85]")
INVISIBLE = re.compile("[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
COLOURED, PLAIN, JOINER = "\ufe0f", "\ufe0e", "\u200d"


def email_edits(text: str) -> Iterator[Edit]:
    for found in EMAIL.finditer(text):
        yield found.start(), found.end(), " "


def header_edits(text: str) -> Iterator[Edit]:
    if found := HEADERS.match(text):
        yield 0, found.end(), ""


def _tags(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each tag and what stands for its sign where the word stays: a blank between two tags."""
    last = 0
    for found in HASHTAG.finditer(text):
        begin = found.start()
        stuck = begin == last and last > 0
        apart = stuck or begin == 0 or not re.match(r"[\w&]", text[begin - 1])
        if apart and any(unicodedata.category(char)[0] == "L" for char in found[1]):
            yield found, " " if stuck else ""
            last = found.end()


def dropped_tags(text: str) -> Iterator[Edit]:
    for found, _ in _tags(text):
        yield found.start(), found.end(), " "


def kept_tags(text: str) -> Iterator[Edit]:
    for found, sign in _tags(text):
        yield found.start(), found.start(1), sign


def split_tags(text: str) -> Iterator[Edit]:
    for found, sign in _tags(text):
        yield found.start(), found.start(1), sign
        # the shape of the tag, one sign a letter with its marks: then the rules are regular expressions
        units = [m.span() for m in re.compile(rf"_+|[^_\u200c{MARKS}]?[\u200c{MARKS}]*").finditer(text, *found.span(1))]
        units = [(begin, end) for begin, end in units if begin < end]
        shape = "".join(_sort(text[begin]) for begin, _ in units)
        cuts = {m.start() for m in re.finditer(r"(?<=[aAo])0|(?<=a)A|(?<=[A0o])A(?=a)", shape)}
        for place, (begin, end) in enumerate(units):
            if shape[place] == "_":
                yield begin, end, " "
            elif place in cuts:
                yield begin, begin + 1, " " + text[begin]


def _sort(char: str) -> str:
    kind = unicodedata.category(char)
    if char == "_" or char == "\u200c" or kind[0] == "M":  # a mark that stands behind an underscore starts nothing
        return "_" if char == "_" else "m"
    return {"Ll": "a", "Lu": "A", "Lt": "A", "Nd": "0"}.get(kind, "o")


def citation_edits(text: str) -> Iterator[Edit]:
    for found in CITATIONS.finditer(text):
        glued = GLUES.match(text, found.end()) and found.start() and GLUES.match(text, found.start() - 1)
        yield found.start(), found.end(), " " if glued else ""


def control_edits(text: str) -> Iterator[Edit]:
    place = 0
    while place < len(text):
        char, end = text[place], place + 1
        if found := BREAKS.match(text, place):
            if found[0] == "\r\n":
                yield place, place + 1, ""
                end = found.end()
            else:
                yield place, end, "\n"
        elif char == "\x1f":
            yield place, end, " "
        elif char not in "\t\n" and (unicodedata.category(char) == "Cc" or INVISIBLE.match(char)):
            yield place, end, ""
        place = end


def space_edits(text: str) -> Iterator[Edit]:
    for found in re.finditer(r"\s+", text):
        yield found.start(), found.end(), " " if found.start() and found.end() < len(text) else ""


def digit_edits(text: str) -> Iterator[Edit]:
    for found in re.finditer(r"\d+", text):
        yield found.start(), found.end(), "0"


def fold_edits(text: str) -> Iterator[Edit]:
    for place, char in enumerate(text):
        if char.casefold() != char:
            yield place, place + 1, char.casefold()


_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′‵ʼʻʹ‹›´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−⁃", "-"),
        **dict.fromkeys("⁄∕", "/"),
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ß": "ss",
        "ẞ": "SS",
        "þ": "th",
        "Þ": "TH",
        "ð": "d",
        "Ð": "D",
        "ı": "i",
        "ȷ": "j",
        "ŋ": "ng",
        "Ŋ": "NG",
        "ĸ": "k",
        "ꜳ": "aa",
        "Ꜳ": "AA",
        "ŀ": "l",
        "Ŀ": "L",
        "ŉ": "'n",
        "×": "x",
        "\u2028": "\n",
        "\u2029": "\n",
    }
)


def spelled(char: str) -> str:
    """What `char` is in ASCII, or `char`."""
    plain = char.translate(_PUNCTUATION)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if c not in MARKS).translate(_PUNCTUATION)
    for c in plain:
        name = unicodedata.name(c, "")
        if re.match("LATIN (SMALL|CAPITAL) LETTER [A-Z] WITH ", name):
            plain = plain.replace(c, name.split()[3].lower() if " SMALL " in name else name.split()[3])
    return plain if plain.isascii() and plain else char


def ascii_edits(text: str) -> Iterator[Edit]:
    for found in re.finditer(rf"(?s:.)[{MARKS}]*", text):
        begin, end = found.span()
        if begin == 0 and text[0] in MARKS:
            yield begin, end, ""
        elif text[begin].isascii():
            if end > begin + 1:
                yield begin, end, text[begin]
        elif (plain := spelled(text[begin])).isascii():
            yield begin, end, plain


class EmojiNames:
    """The emoji of an emoji-test.txt, by their code points without variation selectors."""

    def __init__(self, path: Path) -> None:
        self.names = {chr(0x1F1E6 + i): f"regional indicator {chr(97 + i)}" for i in range(26)}
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and line[0] != "#":
                codes, _, comment = line.replace(";", "#").split("#", 2)
                key = "".join(chr(int(code, 16)) for code in codes.split()).replace(COLOURED, "")
                self.names[key] = comment.split(" ", 3)[3]
        self.most = max(map(len, self.names))

    def edits(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Places and names."""
        place = 0
        while place < len(text):
            best = ""
            end = i = place
            key = ""
            while i < len(text) and len(key) < self.most:
                key += text[i]
                i += 1 + (text[i + 1 : i + 2] == COLOURED)
                sign = len(key) == 1 and key < "\u2190" and text[i - 1] != COLOURED
                if key in self.names and not sign:
                    best, end = self.names[key], i
                if len(key) == 1 and text[i : i + 1] == PLAIN:
                    best, end = "", place
                    break
            if not best:
                place += 1
                continue
            while end < len(text) and (text[end] in COLOURED + JOINER or "\U000e0020" <= text[end] <= "\U000e007f"):
                end += 1
            yield place, end, best
            place = end


CLEANERS: dict[str, Callable[[str], Iterable[Edit]]] = {
    **words.CLEANERS,
    "ascii": ascii_edits,
    "casefold": fold_edits,
    "citations": citation_edits,
    "control": control_edits,
    "digits": digit_edits,
    "emails": email_edits,
    "hashtags-drop": dropped_tags,
    "hashtags-keep": kept_tags,
    "hashtags-split": split_tags,
    "headers": header_edits,
    "spaces": space_edits,
}


def aligned(text: str, clean: Sequence[str]) -> Aligned:
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
    return now


def rewrite(text: str, clean: Sequence[str]) -> str:
    return "".join(char for char, _, _ in aligned(text, clean))


def tokens(text: str, clean: Sequence[str]) -> list[tuple[str, int, int]]:
    """What stands between white space, with its place in the raw text."""
    left = aligned(text, clean)
    found = re.finditer(r"\S+", "".join(char for char, _, _ in left))
    return [(token[0], left[token.start()][1], left[token.end() - 1][2]) for token in found]
