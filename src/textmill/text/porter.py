"""Porter's stemmer for English: suffixes come off in five steps, and the forms of a word meet in one stem.

The algorithm is M.F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, pages 130-137. There are three
readings of it, the three modes of NLTK's `PorterStemmer`, and the results are equal to theirs on any text:

    original    the paper
    martin      with the changes of Porter's own program: words of one or two letters stay, abli -> able became
                bli -> ble, and logi -> log was added
    nltk        NLTK's default: those and more; each such place says "departure" below

Porter states his conditions over vowels and consonants. A word's *shape* writes them down, v for a vowel and c for a
consonant: ``troubles`` is ``ccvvcccvc``. The *measure* of a word is how often v is followed by c. No rule changes which
of the letters before it are vowels, and all rules but one put letters in the places of letters of the same kind: so one
shape serves a word through all steps, cut to the length of what is left.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["VERSION", "Mode", "stem"]

VERSION = "1"  # part of the text path's hash: goes up when any word gets another stem

Mode = Literal["nltk", "original", "martin"]

_IRREGULAR = {  # departure: words that the rules would confuse with others, or cut too short
    "canning": "canning",
    "cannings": "canning",
    "dying": "die",
    "exceed": "exceed",
    "howe": "howe",
    "inning": "inning",
    "innings": "inning",
    "lying": "lie",
    "news": "news",
    "outing": "outing",
    "outings": "outing",
    "proceed": "proceed",
    "skies": "sky",
    "sky": "sky",
    "succeed": "succeed",
    "tying": "tie",
}

_KIND = bytes(ord("y") if at == ord("y") else ord("v") if at in b"aeiou" else ord("c") for at in range(256))
_VOWEL, _CONSONANT = b"vc"

_Rules = tuple[tuple[str, str], ...]

# Steps 2 to 4: a word's last two letters -> the rules that can fit, as (suffix, what takes its place). The first
# suffix that fits decides, whether its condition holds or not, so a longer one stands before one that ends it.
_ORIGINAL_STEP_2: dict[str, _Rules] = {
    "al": (("ational", "ate"), ("tional", "tion")),
    "ci": (("enci", "ence"), ("anci", "ance")),
    "er": (("izer", "ize"),),
    "li": (("abli", "able"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous")),
    "on": (("ization", "ize"), ("ation", "ate")),
    "or": (("ator", "ate"),),
    "sm": (("alism", "al"),),
    "ss": (("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous")),
    "ti": (("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")),
}
_MARTIN_STEP_2 = _ORIGINAL_STEP_2 | {
    "gi": (("logi", "log"),),
    "li": (("bli", "ble"), *_ORIGINAL_STEP_2["li"][1:]),
}
_STEP_2: dict[Mode, dict[str, _Rules]] = {
    "original": _ORIGINAL_STEP_2,
    "martin": _MARTIN_STEP_2,
    "nltk": _MARTIN_STEP_2 | {"li": (*_MARTIN_STEP_2["li"], ("fulli", "ful"))},  # departure
}
_STEP_3: dict[str, _Rules] = {
    "te": (("icate", "ic"),),
    "ve": (("ative", ""),),
    "ze": (("alize", "al"),),
    "ti": (("iciti", "ic"),),
    "al": (("ical", "ic"),),
    "ul": (("ful", ""),),
    "ss": (("ness", ""),),
}
_STEP_4: dict[str, tuple[str, ...]] = {
    "al": ("al",),
    "ce": ("ance", "ence"),
    "er": ("er",),
    "ic": ("ic",),
    "le": ("able", "ible"),
    "nt": ("ant", "ement", "ment", "ent"),
    "on": ("sion", "tion"),  # the paper's ion after s or t; the s or t stays
    "ou": ("ou",),
    "sm": ("ism",),
    "te": ("ate",),
    "ti": ("iti",),
    "us": ("ous",),
    "ve": ("ive",),
    "ze": ("ize",),
}


# the last letters of all that a rule can fit
_LAST = frozenset("cdegilmnrstuy")


def stem(word: str, mode: Mode = "nltk") -> str:
    """The Porter stem of a word, in lower case; equal to ``nltk.stem.PorterStemmer(mode).stem(word)``.

    Parameters
    ----------
    word : one word; letters other than a, e, i, o, u, y (digits, marks, other scripts) count as consonants
    mode : "nltk", "original" or "martin": NLTK's NLTK_EXTENSIONS, ORIGINAL_ALGORITHM and MARTIN_EXTENSIONS

    Returns
    -------
    str, empty only if `word` is, or is "s" to the original algorithm

    Notes
    -----
    Takes time in proportion to the word's length, whatever it consists of.

    Examples
    --------
    >>> [stem(word) for word in "dance dancing dancer studies study studying".split()]
    ['danc', 'danc', 'dancer', 'studi', 'studi', 'studi']
    >>> stem("Vietnamization"), stem("skies"), stem("is")
    ('vietnam', 'sky', 'is')
    >>> for mode in ("nltk", "martin", "original"):
    ...     print(*(stem(word, mode) for word in "flies dies sky enjoy possibly geology is".split()))
    fli die sky enjoy possibl geolog is
    fli di sky enjoi possibl geologi is
    fli di sky enjoi possibli geologi i
    """
    as_is = len(word) <= 2 and mode != "original"  # measured before lower(), which makes two letters of a Turkish İ
    word = word.lower()
    last = word[-1:]
    if as_is or last not in _LAST:
        return word
    nltk = mode == "nltk"
    if nltk and word in _IRREGULAR:
        return _IRREGULAR[word]
    if last == "s":
        word = _plural(word, nltk)
        last = word[-1:]
    shape = _shape(word)
    if last == "d" or last == "g":
        word = _past(word, shape, nltk)
        last = word[-1:]
    if last == "y" and _takes_i(shape, len(word) - 1, nltk):
        word = word[:-1] + "i"
    if word[-2:] in _STEP_2[mode]:
        word, shape = _step_2(word, shape, mode)
    if word[-2:] in _STEP_3:
        word = _step_3(word, shape)
    if word[-2:] in _STEP_4:
        word = _step_4(word, shape)
    last = word[-1:]
    if last == "e":
        word = _final_e(word, shape, nltk)
        last = word[-1:]
    if last == "l" and word.endswith("ll") and shape.count(b"vc", 0, len(word) - 1) > 1:
        word = word[:-1]  # step 5b
    return word


def _shape(word: str) -> bytes:
    # one '?' for each character outside ASCII keeps the places, and '?' is a consonant like all that is no vowel
    kinds = word.encode("ascii", "replace").translate(_KIND)
    at = kinds.find(b"y")
    if at < 0:
        return kinds
    shape = bytearray(kinds)
    while at >= 0:  # a y is a vowel after a consonant, and a consonant elsewhere
        shape[at] = _VOWEL if at and shape[at - 1] == _CONSONANT else _CONSONANT
        at = shape.find(b"y", at + 1)
    return bytes(shape)


def _ends_short(word: str, shape: bytes, length: int, nltk: bool) -> bool:
    if shape.endswith(b"cvc", 0, length):
        return word[length - 1] not in "wxy"
    # departure: a vowel and a consonant that are all there is, such as the "us" of "using"
    return nltk and length == 2 and shape.startswith(b"vc")


def _plural(word: str, nltk: bool) -> str:
    """Step 1a: caresses -> caress, ponies -> poni, cats -> cat."""
    if word.endswith("ies"):
        return word[:-1] if nltk and len(word) == 4 else word[:-2]  # departure: dies -> die
    if word.endswith("ss"):
        return word
    return word[:-2] if word.endswith("sses") else word[:-1]


def _past(word: str, shape: bytes, nltk: bool) -> str:
    """Step 1b: agreed -> agree, plastered -> plaster, hopping -> hop, filing -> file."""
    if nltk and word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]  # departure: died -> die, spied -> spi
    length = len(word)
    if word.endswith("eed"):
        return word[:-1] if shape.find(b"vc", 0, length - 3) >= 0 else word
    cut = 2 if word.endswith("ed") else 3 if word.endswith("ing") else 0
    if not cut or shape.find(_VOWEL, 0, length - cut) < 0:
        return word
    word = word[:-cut]
    length = len(word)
    last = word[-1]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if length > 1 and last == word[-2] and shape[length - 1] == _CONSONANT:
        return word if last in "lsz" else word[:-1]
    if word.endswith("*d"):
        # departure, in every mode: NLTK writes the paper's name for a double consonant into its table of suffixes,
        # where it also fits these two characters as they stand
        return word[:-2] + "d"
    if shape.count(b"vc", 0, length) == 1 and _ends_short(word, shape, length, nltk):
        return word + "e"
    return word


def _takes_i(shape: bytes, before: int, nltk: bool) -> bool:
    """Step 1c: happy -> happi."""
    if nltk:  # departure: the paper asks for a vowel anywhere before the y, so that enjoy becomes enjoi
        return before > 1 and shape[before - 1] == _CONSONANT
    return shape.find(_VOWEL, 0, before) >= 0


def _step_2(word: str, shape: bytes, mode: Mode) -> tuple[str, bytes]:
    """A double suffix becomes a single one: relational -> relate."""
    nltk = mode == "nltk"
    for suffix, put in _STEP_2[mode].get(word[-2:], ()):
        if word.endswith(suffix):
            # departure: the l of logi belongs to what is left, so that geologi is cut as archaeologi is
            left = len(word) - (3 if nltk and suffix == "logi" else len(suffix))
            if shape.find(b"vc", 0, left) < 0:
                return word, shape
            word = word[: -len(suffix)] + put
            if nltk and suffix == "alli":  # departure: once more, for what stood before it
                return _step_2(word, shape, mode)
            # the one rule that puts a consonant where a vowel was
            return word, (shape[:left] + b"ccv" if suffix == "biliti" else shape)
    return word, shape


def _step_3(word: str, shape: bytes) -> str:
    """Suffixes of one meaning: electrical -> electric, hopeful -> hope."""
    for suffix, put in _STEP_3[word[-2:]]:
        if word.endswith(suffix):
            left = len(word) - len(suffix)
            return word[:left] + put if shape.find(b"vc", 0, left) >= 0 else word
    return word


def _step_4(word: str, shape: bytes) -> str:
    """Single suffixes go if enough stays: adjustment -> adjust, adoption -> adopt."""
    for suffix in _STEP_4[word[-2:]]:
        if word.endswith(suffix):
            left = len(word) - (3 if suffix.endswith("ion") else len(suffix))
            return word[:left] if shape.count(b"vc", 0, left) > 1 else word
    return word


def _final_e(word: str, shape: bytes, nltk: bool) -> str:
    """Step 5a: probate -> probat, cease -> ceas, but rate -> rate."""
    left = len(word) - 1
    measure = shape.count(b"vc", 0, left)
    if measure > 1 or (measure == 1 and not _ends_short(word, shape, left, nltk)):
        return word[:left]
    return word
