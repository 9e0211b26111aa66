"""The Lancaster stemmer for English: one table of endings, gone through until none fits; it cuts deep.

The algorithm and its table are C.D. Paice, "Another stemmer", ACM SIGIR Forum 24(3), 1990, pages 56-61. Results are
those of NLTK's `LancasterStemmer` with its default rules.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

__all__ = ["VERSION", "stem"]

VERSION = "1"  # part of the text path's hash: goes up when any word gets another stem

# As Paice writes them: the ending backwards, * if only a word from which nothing was cut loses it, how many letters go,
# what takes their place, then > to go on or . to stop. Of the rules for a word's last letter the first that fits
# counts.
_RULES = """
    ai*2. a*1. bb1. city3s. ci2> cn1t> dd1. dei3y> deec2ss. dee1. de2> dooh4> e1> feil1v. fi2> gni3> gai3y. ga2> gg1.
    ht*2. hsiug5ct. hsi3> i*1. i1y> ji1d. juf1s. ju1d. jo1d. jeh1r. jrev1t. jsim2t. jn1d. j1s. lbaifi6. lbai4y. lba3>
    lbi3. lib2l> lc1. lufi4y. luf3> lu2. lai3> lau3> la2> ll1. mui3. mu*2. msi3> mm1. nois4j> noix4ct. noi3> nai3> na2>
    nee0. ne2> nn1. pihs4> pp1. re2> rae0. ra2. ro2> ru2> rr1. rt1> rei3y> sei3y> sis2. si2> ssen4> ss0. suo3> su*2.
    s*1> s0. tacilp4y. ta2> tnem4> tne3> tna3> tpir2b. tpro2b. tcud1. tpmus2. tpec2iv. tulo2v. tsis0. tsi3> tt1. uqi3.
    ugo1. vis3j> vie0. vi2> ylb1> yli3y> ylp0. yl2> ygo1. yhp1. ymo1. ypo1. yti3> yte3> ytl2. yrtsi5. yra3> yro3> yfi3.
    ycn2t> yca3> zi2> zy1s.
"""
_LONGEST = 1000  # a longer word stays as it is, as in NLTK: a rule a letter would take the square of its length


class _Rule(NamedTuple):
    ending: str
    intact: bool
    cut: int
    put: str
    goes_on: bool


def stem(word: str) -> str:
    """The Lancaster stem of a word, in lower case; equal to ``nltk.stem.LancasterStemmer().stem(word)``.

    Examples
    --------
    >>> [stem(word) for word in "maximum presumably multiply provision crying string".split()]
    ['maxim', 'presum', 'multiply', 'provid', 'cry', 'string']
    """
    word = whole = word.lower()
    if len(word) > _LONGEST:
        return word
    rules = _rules()
    while (rule := _fitting(rules, word, word == whole)) is not None:
        word = word[: len(word) - rule.cut] + rule.put
        if not rule.goes_on:
            break
    return word


def _fitting(rules: dict[str, list[_Rule]], word: str, intact: bool) -> _Rule | None:
    for rule in rules.get(word[-1:] if word.isalpha() else _last_of_letters(word), ()):
        if word.endswith(rule.ending) and (intact or not rule.intact) and _leaves_a_word(word, rule.cut):
            return rule
    return None


def _last_of_letters(word: str) -> str:
    """The last of the letters that a word begins with: in NLTK it chooses the rules, whatever follows."""
    before = ""
    for letter in word:
        if not letter.isalpha():
            break
        before = letter
    return before


def _leaves_a_word(word: str, cut: int) -> bool:
    left = len(word) - cut
    if word[0] in "aeiouy":
        return left >= 2
    return left >= 3 and (word[1] in "aeiouy" or word[2] in "aeiouy")


@cache
def _rules() -> dict[str, list[_Rule]]:
    """The rules by the last letter of their ending, in order."""
    found: dict[str, list[_Rule]] = {}
    for backwards, star, cut, put, sign in re.findall(r"([a-z]+)(\*?)(\d)([a-z]*)([>.])", _RULES):
        rule = _Rule(backwards[::-1], star == "*", int(cut), put, sign == ">")
        found.setdefault(backwards[0], []).append(rule)
    return found
