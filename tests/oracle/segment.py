"""Plain-Python twin of the Unicode segmenters: the rules of UAX #29 as they are written, one place in a text at a time.

Each `..._breaks` looks as far back and ahead as the rule says, over properties read from the Unicode files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

Classes = dict[int, str]  # what is not listed is Other

LETTERS = ("ALetter", "Hebrew_Letter")
NEWLINES = ("CR", "LF", "Newline")
MID_LETTERS = ("MidLetter", "MidNumLet", "Single_Quote")
MID_DIGITS = ("MidNum", "MidNumLet", "Single_Quote")
WORD_CLASSES = (*LETTERS, "Numeric", "Katakana", "ExtendNumLet")
PARAGRAPHS = ("Sep", "CR", "LF")
STOPS = ("STerm", "ATerm")


@cache
def classes(file: Path, only: str | None = None) -> Classes:
    found: Classes = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.split("#")[0].split(";")]
        if len(fields) == 2 and only in (None, fields[1]):
            first, _, last = fields[0].partition("..")
            found.update(dict.fromkeys(range(int(first, 16), int(last or first, 16) + 1), fields[1]))
    return found


class Rules:
    """The rules over the files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.grapheme = classes(folder / "GraphemeBreakProperty.txt")
        self.word = classes(folder / "WordBreakProperty.txt")
        self.sentence = classes(folder / "SentenceBreakProperty.txt")
        self.pictographs = classes(folder / "emoji-data.txt", "Extended_Pictographic")

    def graphemes(self, text: str) -> list[str]:
        return cut(text, self.grapheme_breaks)

    def sentences(self, text: str) -> list[str]:
        return cut(text, self.sentence_breaks)

    def words(self, text: str, *, all: bool = False) -> list[str]:
        return [segment for segment in cut(text, self.word_breaks) if all or self.is_word(segment)]

    def is_word(self, segment: str) -> bool:
        def is_word_character(char: str) -> bool:
            known = self.word.get(ord(char)) in WORD_CLASSES and not char.isspace()
            return known or char.isalnum() or char == "_"

        return any(map(is_word_character, segment))

    def grapheme_breaks(self, text: str, at: int) -> bool:
        kinds = [self.grapheme.get(ord(char), "Other") for char in text]
        before, after = kinds[at - 1], kinds[at]
        if (before, after) == ("CR", "LF"):  # GB3
            return False
        if before in ("Control", "CR", "LF") or after in ("Control", "CR", "LF"):  # GB4, GB5
            return True
        if before == "L" and after in ("L", "V", "LV", "LVT"):  # GB6
            return False
        if before in ("LV", "V") and after in ("V", "T"):  # GB7
            return False
        if before in ("LVT", "T") and after == "T":  # GB8
            return False
        if after in ("Extend", "ZWJ", "SpacingMark") or before == "Prepend":  # GB9, GB9a, GB9b
            return False
        if ord(text[at]) in self.pictographs and before == "ZWJ":  # GB11
            back = at - 2
            while back >= 0 and kinds[back] == "Extend":
                back -= 1
            if back >= 0 and ord(text[back]) in self.pictographs:
                return False
        if before == after == "Regional_Indicator":  # GB12, GB13
            return run_length(kinds, at) % 2 == 0
        return True

    def word_breaks(self, text: str, at: int) -> bool:
        kinds = [self.word.get(ord(char), "Other") for char in text]
        before, after = kinds[at - 1], kinds[at]
        if (before, after) == ("CR", "LF"):  # WB3
            return False
        if before in NEWLINES or after in NEWLINES:  # WB3a, WB3b
            return True
        if before == "ZWJ" and ord(text[at]) in self.pictographs:  # WB3c
            return False
        if before == after == "WSegSpace":  # WB3d
            return False
        skipped = ("Extend", "Format", "ZWJ")
        if after in skipped:  # WB4
            return False
        back = without(skipped, NEWLINES, kinds[:at])
        ahead = without(skipped, NEWLINES, kinds[at:])
        before, before_that = back[-1], back[-2] if len(back) > 1 else ""
        after_that = ahead[1] if len(ahead) > 1 else ""
        if before in LETTERS and after in LETTERS:  # WB5
            return False
        if before in LETTERS and after in MID_LETTERS and after_that in LETTERS:  # WB6
            return False
        if before_that in LETTERS and before in MID_LETTERS and after in LETTERS:  # WB7
            return False
        if before == "Hebrew_Letter" and after == "Single_Quote":  # WB7a
            return False
        if before == "Hebrew_Letter" and after == "Double_Quote" and after_that == "Hebrew_Letter":  # WB7b
            return False
        if before_that == "Hebrew_Letter" and before == "Double_Quote" and after == "Hebrew_Letter":  # WB7c
            return False
        if before in (*LETTERS, "Numeric") and after in (*LETTERS, "Numeric"):  # WB8, WB9, WB10
            return False
        if before_that == "Numeric" and before in MID_DIGITS and after == "Numeric":  # WB11
            return False
        if before == "Numeric" and after in MID_DIGITS and after_that == "Numeric":  # WB12
            return False
        if before == after == "Katakana":  # WB13
            return False
        if before in WORD_CLASSES and after == "ExtendNumLet":  # WB13a
            return False
        if before == "ExtendNumLet" and after in WORD_CLASSES:  # WB13b
            return False
        if before == after == "Regional_Indicator":  # WB15, WB16
            return run_length(back, len(back)) % 2 == 0
        return True

    def sentence_breaks(self, text: str, at: int) -> bool:
        kinds = [self.sentence.get(ord(char), "Other") for char in text]
        before, after = kinds[at - 1], kinds[at]
        if (before, after) == ("CR", "LF"):  # SB3
            return False
        if before in PARAGRAPHS:  # SB4
            return True
        if after in ("Extend", "Format"):  # SB5
            return False
        back = without(("Extend", "Format"), PARAGRAPHS, kinds[:at])
        ahead = without(("Extend", "Format"), PARAGRAPHS, kinds[at:])
        if back[-1] == "ATerm" and after == "Numeric":  # SB6
            return False
        if len(back) > 1 and back[-2] in ("Upper", "Lower") and back[-1] == "ATerm" and after == "Upper":  # SB7
            return False
        # SATerm Close* Sp* before this place: where it stands, and whether there are Sp
        spaces = trailing(back, ("Sp",))
        closes = trailing(back[: len(back) - spaces], ("Close",))
        stop = len(back) - spaces - closes - 1
        if stop < 0 or back[stop] not in STOPS:
            return False  # SB998
        if back[stop] == "ATerm":  # SB8
            answers = (kind for kind in ahead if kind in ("OLetter", "Upper", "Lower", *PARAGRAPHS, *STOPS))
            if next(answers, "") == "Lower":
                return False
        if after in ("SContinue", *STOPS):  # SB8a
            return False
        if not spaces and after in ("Close", "Sp", *PARAGRAPHS):  # SB9
            return False
        return after not in ("Sp", *PARAGRAPHS)  # SB10, SB11


def cut(text: str, breaks: Callable[[str, int], bool]) -> list[str]:
    places = [0, *(at for at in range(1, len(text)) if breaks(text, at)), len(text)]
    return [text[begin:end] for begin, end in itertools.pairwise(places) if begin < end]


def without(skipped: Iterable[str], lines: Iterable[str], kinds: list[str]) -> list[str]:
    """X (Extend | Format | ZWJ)* as X; at the start of a text or a line there is no X to belong to."""
    kept: list[str] = []
    for place, kind in enumerate(kinds):
        if kind not in skipped or place == 0 or kinds[place - 1] in lines:
            kept.append(kind)
    return kept


def run_length(kinds: list[str], end: int) -> int:
    """How many regional indicators stand before `end`."""
    return trailing(kinds[:end], ("Regional_Indicator",))


def trailing(kinds: list[str], wanted: Iterable[str]) -> int:
    count = 0
    while count < len(kinds) and kinds[-1 - count] in wanted:
        count += 1
    return count
