"""What a subword tokenizer does to a text before its model: as rules and a table that the compiled core can follow.

A tokenizer file names a normalizer and a pre-tokenizer, each a chain of parts. Most parts look at one code point at a
time, or at two neighbours: what a code point becomes and which class it is of is asked of the part itself, when the
code point is first seen, so nothing here can disagree with the installed library about Unicode. Where that would not
do, a text is called awkward and the library takes all of it; where a part is of another kind, `recipe` says which, and
the library takes every text.

Nothing here imports the library: parts are handed in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Protocol

from textmill import _native
from textmill.text.segment import graphemes

__all__ = ["Normalizes", "PreTokenizes", "Recipe", "Unsupported", "recipe"]

_GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CHAT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_NONE, _GPT2, _CHAT = 0, 1, 2
_OTHER, _LETTER, _NUMBER, _SPACE = 0, 1, 2, 3
_LOWER_BAR = "▁"
_MOST_CLASSES, _MOST_BYTES = 64, 255
_NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


class Normalizes(Protocol):
    """A normalizer of the library."""

    def normalize_str(self, sequence: str) -> str:
        """The text as it makes it."""


class PreTokenizes(Protocol):
    """A pre-tokenizer of the library."""

    def pre_tokenize_str(self, sequence: str) -> list[tuple[str, tuple[int, int]]]:
        """The pieces of a text, with their places."""


class Unsupported(Exception):
    """A part that cannot be followed code point by code point; says which. The library is asked instead."""


@dataclass(frozen=True, slots=True)
class _Cutter:
    """A part of a pre-tokenizer that looks at two neighbours: `n` classes from 0, and between which of them it cuts."""

    n: int
    classify: Callable[[str], int]
    cuts: Callable[[int, int], bool]
    removed: int | None = None  # a class whose code points are no part of a piece


@dataclass(slots=True)
class Recipe:
    """How texts are cut into pieces natively, and what a piece is to the model.

    Attributes
    ----------
    spell : the text of a piece -> what the model is given
    pretokens : rules and table for the core; `learn` puts another in its place
    """

    spell: Callable[[str], str]
    pretokens: _native.Pretokens
    _image: Callable[[str], str | None]
    _classify: Callable[[str], int]

    def learn(self, codes: Sequence[int]) -> None:
        """Ask the tokenizer about code points, and about what they become."""
        entries: list[tuple[int, int | None, str | None]] = []
        done: set[str] = set()
        asked = [chr(code) for code in codes]
        while asked:
            char = asked.pop()
            if char in done:
                continue
            done.add(char)
            image = None if 0xD800 <= ord(char) <= 0xDFFF else self._image(char)
            if image is None or len(image.encode("utf-8", "replace")) > _MOST_BYTES:
                entries.append((ord(char), None, None))
                continue
            entries.append((ord(char), self._classify(char), None if image == char else image))
            asked += [made for made in image if made not in done]
        self.pretokens = self.pretokens.learned(entries)


def recipe(
    spec: Mapping[str, Any],
    normalizer_of: Callable[[Mapping[str, Any]], Normalizes],
    pre_tokenizer_of: Callable[[Mapping[str, Any]], PreTokenizes],
) -> Recipe:
    """Rules for a tokenizer.

    Parameters
    ----------
    spec : the tokenizer file
    normalizer_of, pre_tokenizer_of : make a part from what the file says of it

    Raises
    ------
    Unsupported : if a part is of a kind that cannot be followed
    """
    if spec.get("pre_tokenizer") is None:
        raise Unsupported("there is no pre-tokenizer, so texts have no pieces")
    normal = _Normal(_parts(spec.get("normalizer"), "normalizers"), normalizer_of)
    pre = _Pre(_parts(spec["pre_tokenizer"], "pretokenizers"), pre_tokenizer_of, normal.strips)
    before, after = list(normal.before), list(normal.after)
    for added in spec.get("added_tokens") or ():
        before.append(added["content"])
        made = added["content"] if normal.whole is None else normal.whole.normalize_str(added["content"])
        after.append(made.replace(" ", _LOWER_BAR) if pre.bars else made)
    made = _native.Pretokens(
        pre.cuts,
        pre.removed,
        pre.edges,
        pre.kinds,
        pre.pattern,
        pre.digits,
        pre.prefix,
        [needle for needle in before if needle],
        [needle for needle in after if needle],
    )

    def image(char: str) -> str | None:
        if char in pre.awkward:
            return None
        found = normal.image(char)
        return found.replace(" ", _LOWER_BAR) if found is not None and pre.bars else found

    found = Recipe(pre.spell, made, image, pre.classify)
    found.learn(range(128))
    return found


def _parts(spec: Mapping[str, Any] | None, inner: str) -> list[Mapping[str, Any]]:
    if spec is None:
        return []
    if spec["type"] == "Sequence":
        return [part for one in spec[inner] for part in _parts(one, inner)]
    return [spec]


class _Normal:
    """A chain of normalizers as a function of one code point."""

    def __init__(self, parts: list[Mapping[str, Any]], made: Callable[[Mapping[str, Any]], Normalizes]) -> None:
        self.steps: list[tuple[Normalizes, Callable[[str, str], bool]]] = []
        self.before: list[str] = []  # a text with one of these is awkward; they are changed as a whole
        self.after: list[str] = []
        self.strips = False
        self.whole = _Chain([made(part) for part in parts]) if parts else None
        for place, part in enumerate(parts):
            kind = part["type"]
            if self.strips and kind != "Replace":
                raise Unsupported(f"the normalizer {kind} comes after Strip")
            if kind == "Strip":
                self.strips = True
                continue
            if kind == "Replace":
                needle = _needle(part)
                if len(needle) > 1 or self.strips:
                    if place == 0:
                        self.before.append(needle)
                    elif all(later["type"] == "Replace" for later in parts[place:]):
                        self.after.append(needle)
                    else:
                        raise Unsupported("the normalizer Replace stands in the middle")
                    continue
            check = _CHECKS.get(kind)
            if check is None:
                raise Unsupported(f"the normalizer {kind} looks at more than a code point")
            if kind == "BertNormalizer" and _strips_accents(part):
                check = _no_marks_left
            self.steps.append((made(part), check))

    def image(self, char: str) -> str | None:
        """What a code point becomes whatever stands beside it; None where its neighbours matter."""
        text = char
        for step, check in self.steps:
            found = []
            for one in text:
                made = step.normalize_str(one)
                if not check(one, made):
                    return None
                found.append(made)
            text = "".join(found)
        return text


class _Chain:
    def __init__(self, parts: list[Normalizes]) -> None:
        self.parts = parts

    def normalize_str(self, sequence: str) -> str:
        for part in self.parts:
            sequence = part.normalize_str(sequence)
        return sequence


def _needle(part: Mapping[str, Any]) -> str:
    pattern = part["pattern"]
    if "String" in pattern:
        return str(pattern["String"])
    if pattern.get("Regex") == " {2,}":
        return "  "
    raise Unsupported("the normalizer Replace has a regular expression")


def _strips_accents(part: Mapping[str, Any]) -> bool:
    wanted = part.get("strip_accents")
    return bool(part.get("lowercase") if wanted is None else wanted)


def _always(char: str, made: str) -> bool:
    return True


def _no_marks_left(char: str, made: str) -> bool:
    """Marks that stay may change places with those beside them."""
    return not any(unicodedata.combining(one) or unicodedata.category(one) == "Cn" for one in made)


def _stands_alone(char: str, made: str) -> bool:
    """Whether a normal form never moves or joins a code point's image: it begins with what joins nothing before it."""
    first = made[:1] or char
    return not any(_joins(one) for one in (char, first))


def _joins(char: str) -> bool:
    code, category = ord(char), unicodedata.category(char)
    return (
        category[0] == "M"
        or category == "Cn"  # not known to this Python: anything may be true of it
        or unicodedata.combining(char) != 0
        or 0x1160 <= code <= 0x11FF  # vowels and tails of Hangul
        or 0xD7B0 <= code <= 0xD7FF
        or 0x16D63 <= code <= 0x16D6A  # the one script whose letters join: Kirat Rai
    )


def _is_a_grapheme(char: str, made: str) -> bool:
    """Whether a code point is never part of a longer grapheme cluster; Precompiled maps whole ones."""
    return (
        char != "\r"
        and unicodedata.category(char) not in ("Cf", "Cn", "Mn", "Mc", "Me")
        and len(graphemes(f"a{char}a{char}{char}")) == 5
        and not 0x1100 <= ord(char) <= 0x11FF
        and not 0xA960 <= ord(char) <= 0xA97F
        and not 0xD7B0 <= ord(char) <= 0xD7FF
    )


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "BertNormalizer": _always,
    "Lowercase": _always,
    "Nmt": _always,
    "Precompiled": _is_a_grapheme,
    "Replace": _always,
    "StripAccents": _always,
    **dict.fromkeys(_NORMAL_FORMS, _stands_alone),
}


class _Pre:
    """A chain of pre-tokenizers as classes of code points, cuts between them, and one pattern at most."""

    def __init__(
        self, parts: list[Mapping[str, Any]], made: Callable[[Mapping[str, Any]], PreTokenizes], strips: bool
    ) -> None:
        self.pattern, self.digits, self.prefix, self.bars = _NONE, 3, "", False
        self.awkward = ""
        self.spell: Callable[[str], str] = str
        self._cutters: list[_Cutter] = []
        kind: Callable[[str], int] = _plain
        for place, part in enumerate(parts):
            pieces, last = _pieces_of(made(part)), place == len(parts) - 1
            match part["type"]:
                case "ByteLevel":
                    if not last:
                        raise Unsupported("the pre-tokenizer ByteLevel is not the last one")
                    if part.get("add_prefix_space", True):
                        if place:
                            raise Unsupported("the pre-tokenizer ByteLevel puts a blank before each piece of others")
                        self.prefix = " "
                    self.spell = _spelled_in_bytes
                    if not part.get("use_regex", True):
                        continue
                    self._once(_GPT2)
                    kind = _kinds_of_gpt2(pieces)
                case "Split" if (digits := _digits_of_chat(part)) is not None:
                    self._once(_CHAT)
                    self.digits, self.awkward = digits, "\u017f"  # the long s is an s where case does not matter
                    kind = _kinds_of_chat(pieces)
                case "Split" if part["pattern"].get("Regex") == _GPT2_PATTERN and _isolates(part):
                    self._once(_GPT2)
                    kind = _kinds_of_gpt2(pieces)
                case name if self.pattern != _NONE:
                    raise Unsupported(f"the pre-tokenizer {name} comes after a pattern")
                case "Metaspace":
                    self._metaspace(part, place, last)
                case name:
                    self._cutters.append(_cutter(name, part, pieces))
        self._kind = kind
        classes = list(product(*(range(cutter.n) for cutter in self._cutters), range(4 if self.pattern else 1), (0, 1)))
        if len(classes) > _MOST_CLASSES:
            raise Unsupported("its pre-tokenizers tell too many kinds of code points apart")
        self._numbers = {class_: number for number, class_ in enumerate(classes)}
        self.cuts = [sum(self._cuts(a, b) << number for b, number in self._numbers.items()) for a in classes]
        self.removed = sum(self._removes(a) << number for a, number in self._numbers.items())
        self.edges = sum(a[-1] << number for a, number in self._numbers.items()) if strips else 0
        self.kinds = [a[-2] for a in classes]

    def classify(self, char: str) -> int:
        """The number of a code point's class, as it is after the normalizer."""
        space = char.isspace() or (self.bars and char == _LOWER_BAR)
        return self._numbers[(*(cutter.classify(char) for cutter in self._cutters), self._kind(char), int(space))]

    def _cuts(self, a: tuple[int, ...], b: tuple[int, ...]) -> bool:
        return any(cutter.cuts(x, y) for cutter, x, y in zip(self._cutters, a, b, strict=False))

    def _removes(self, a: tuple[int, ...]) -> bool:
        return any(cutter.removed == x for cutter, x in zip(self._cutters, a, strict=False))

    def _once(self, pattern: int) -> None:
        if self.pattern != _NONE:
            raise Unsupported("its pre-tokenizers have two patterns")
        self.pattern = pattern

    def _metaspace(self, part: Mapping[str, Any], place: int, last: bool) -> None:
        bar = part.get("replacement", _LOWER_BAR)
        if bar != _LOWER_BAR:
            raise Unsupported(f"the pre-tokenizer Metaspace puts {bar!r} for a blank")
        scheme = part.get("prepend_scheme") or ("always" if part.get("add_prefix_space", True) else "never")
        if scheme == "always" and last:
            # each piece begins with a bar, but for the first of what the parts before left
            self.spell = _with_a_bar
        elif scheme != "never":
            if place:
                raise Unsupported("the pre-tokenizer Metaspace puts a bar before some pieces of others")
            self.prefix = _LOWER_BAR
        if not any(cutter.removed == cutter.classify(" ") for cutter in self._cutters if cutter.removed is not None):
            if any(cutter.classify(" ") != cutter.classify(_LOWER_BAR) for cutter in self._cutters):
                raise Unsupported("the pre-tokenizer Metaspace comes after one that cuts at blanks")
            self.bars = True
        if part.get("split", True):
            self._cutters.append(_Cutter(2, lambda char: int(char == _LOWER_BAR), lambda _, b: b == 1))
        elif not place:
            raise Unsupported("its pre-tokenizer Metaspace does not split, so texts have no pieces")


_Pieces = Callable[[str], list[str]]


def _pieces_of(made: PreTokenizes) -> _Pieces:
    return lambda text: [piece for piece, _ in made.pre_tokenize_str(text)]


def _cutter(name: str, part: Mapping[str, Any], pieces: _Pieces) -> _Cutter:
    """Classes as the part itself tells them apart: by what it makes of a code point between two letters."""

    def apart(char: str) -> int:
        return int(len(pieces(f"a{char}a")) != 1)

    match name:
        case "BertPreTokenizer":
            classify = partial(_words_blanks_signs, pieces)
            return _Cutter(3, classify, lambda a, b: a == 2 or b == 2, removed=1)
        case "Whitespace":
            return _Cutter(3, partial(_words_blanks_runs, pieces), lambda a, b: a != b, removed=1)
        case "WhitespaceSplit":
            return _Cutter(2, apart, lambda a, b: a != b, removed=1)
        case "Punctuation":
            return _behaving(part.get("behavior", "Isolated"), apart)
        case "Digits":
            # a digit of its own stands alone between letters; "1" beside it tells no more
            return _behaving("Isolated" if part.get("individual_digits") else "Contiguous", lambda char: apart(char))
        case "CharDelimiterSplit":
            return _behaving("Removed", lambda char: int(char == part["delimiter"]))
        case "Split" if len(part["pattern"].get("String", "")) == 1 and not part.get("invert"):
            return _behaving(part["behavior"], lambda char: int(char == part["pattern"]["String"]))
    raise Unsupported(f"the pre-tokenizer {name} looks at more than two neighbours")


def _behaving(behavior: str, classify: Callable[[str], int]) -> _Cutter:
    match behavior:
        case "Removed":
            return _Cutter(2, classify, lambda a, b: a != b, removed=1)
        case "Isolated":
            return _Cutter(2, classify, lambda a, b: a == 1 or b == 1)
        case "Contiguous":
            return _Cutter(2, classify, lambda a, b: a != b)
        case "MergedWithPrevious":
            return _Cutter(2, classify, lambda a, b: a == 1)
        case "MergedWithNext":
            return _Cutter(2, classify, lambda a, b: b == 1)
    raise Unsupported(f"a pre-tokenizer behaves as {behavior}")


def _words_blanks_signs(pieces: _Pieces, char: str) -> int:
    found = pieces(f"a{char}a")
    return 0 if len(found) == 1 else 1 if found == ["a", "a"] else 2


def _words_blanks_runs(pieces: _Pieces, char: str) -> int:
    if len(pieces(f"a{char}a")) == 1:
        return 0
    return 2 if len(pieces(f"!{char}!")) == 1 else 1


def _isolates(part: Mapping[str, Any]) -> bool:
    behavior, inverted = part.get("behavior"), bool(part.get("invert"))
    return (behavior, inverted) in (("Isolated", False), ("Removed", True))


def _digits_of_chat(part: Mapping[str, Any]) -> int | None:
    pattern = part["pattern"].get("Regex")
    found = {_CHAT_PATTERN % "{1,3}": 3, _CHAT_PATTERN % "": 1}.get(pattern)
    return found if _isolates(part) else None


def _plain(char: str) -> int:
    return _OTHER


def _kinds_of_gpt2(pieces: _Pieces) -> Callable[[str], int]:
    def kind(char: str) -> int:
        for beside, found in (("a", _LETTER), ("1", _NUMBER), ("!", _OTHER)):
            if len(pieces(beside + char)) == 1:
                return found
        return _SPACE

    return kind


def _kinds_of_chat(pieces: _Pieces) -> Callable[[str], int]:
    def kind(char: str) -> int:
        if char in "\r\n":
            return _SPACE
        if len(pieces("a" + char)) == 1:
            return _LETTER
        if len(pieces("!" + char)) == 1:
            return _OTHER
        return _SPACE if len(pieces(f" {char}")) == 1 else _NUMBER

    return kind


def _with_a_bar(piece: str) -> str:
    return piece if piece.startswith(_LOWER_BAR) else _LOWER_BAR + piece


def _byte_letters() -> dict[int, str]:
    """GPT-2's letter for each byte: itself where it can be seen in Latin-1, else the next free one from U+0100 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + i) for i, byte in enumerate(rest)}


_BYTE_LETTERS = _byte_letters()


def _spelled_in_bytes(piece: str) -> str:
    return piece.encode().decode("latin-1").translate(_BYTE_LETTERS)
