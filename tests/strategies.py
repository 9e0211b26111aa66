"""Texts for hypothesis: any Unicode, weighted to what breaks tokenisers; and how many of them a test takes."""

from __future__ import annotations

import os
import unicodedata
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from textmill import _native

_ASSIGNED = Path(__file__).parent / "golden" / f"assigned-{_native.UNICODE_VERSION}.txt"


def examples(n: int) -> int:
    """How many examples of `n`: a share of them where there is little time, as in `make test-fast`."""
    return max(5, round(n * float(os.environ.get("TEXTMILL_EXAMPLES", "1"))))


@cache
def known_codes() -> frozenset[int] | None:
    """The code points that Unicode knew when the core's tables were made; None where Python's tables are as old."""
    if unicodedata.unidata_version == _native.UNICODE_VERSION:
        return None
    ranges = (line.split() for line in _ASSIGNED.read_text().splitlines())
    return frozenset(code for first, last in ranges for code in range(int(first, 16), int(last, 16) + 1))


def is_known(text: str) -> bool:
    known = known_codes()
    return known is None or all(ord(char) in known for char in text)


characters = st.characters(exclude_categories=["Cs"] if known_codes() is None else ["Cs", "Cn"]).filter(is_known)

_NASTY = [
    *"İıſKΣσςßẞǅŉΐ",
    *("aΣ", "Σa", "Σ.", "AΣ\u0301\u0300", "'Σ'", "aΣ\u00adb", "ΑΣ:Σ", "ΟΔΟΣ", "\u0345Σ", "ʰΣ"),
    *("\u0301", "\u0307", "\u200d", "\u200c", "\ufe0f", "\u00ad", "\u2019", "\ufeff", "\u0000", "\u001f", "\u0085"),
    *("𐐀", "𝒳", "𝟘", "😀", "👩‍🚀", "漢字", "ไทย", "हिन्दी", "é", "e\u0301", "½", "²", "٣", "Ⅷ", "\U0001e900"),
    *("_", "__", "0", "a_1", "don't", "\u00a0", "\u2028", "\u3000", " ", "  ", "\n", "\t", "\r\n", "\x1c", "\f"),
    *("&", "&&", "&amp", "&amp;", "&ampx;", "&AMP;amp;", "&lt;b&gt;", "&#65", "&#x41;", "&#X41", "&#", "&#x", "&#0;"),
    *("&#128;", "&#xD800;", "&#x110000;", "&#99999999999999999999;", "&#1;", "&notit;", "&notin;", "&nosuch;", "&nbsp"),
    *("&CounterClockwiseContourIntegral;", "&NotEqualTilde;", "&#39;", "&eacute", "&a\u0301;", "&" + "x" * 40),
    *("<", ">", "<<", "<3", "< b>", "<b>", "</b>", "<br/>", "<BR>", "<p class='a'>", "</td >", "<!", "<!>", "<!--"),
    *(
        "-->",
        "<!-->",
        "<!--->",
        "<!-- a -- b -->",
        "<!doctype html>",
        "<?xml ?>",
        "<a href='x>y'>",
        "<a",
        "</",
        "</ b>",
    ),
    *(
        "<script>",
        "</script>",
        "<SCRIPT x>a<b</Script>",
        "<style",
        "<style>p</style>",
        "</style",
        "<scripts>",
        "<ſcript>",
    ),
    *("http://", "https://a.b/c?d=e&amp;f", "HTTP://X", "www.", "www.a", "WwW.é", "httpſ://a", "xhttp://y", "wwww.x"),
    *("@", "@@", "@bob", "@é1", "a@b", "@a@b", "@_", ".@x", "é@x", "#tag"),
]
fragments = st.one_of(
    st.sampled_from(_NASTY),
    st.sampled_from(_NASTY),
    st.text(st.sampled_from("abAB \n.,'-"), max_size=8),
    st.text(characters, max_size=8),
    st.builds(lambda piece, n: piece * n, st.sampled_from(_NASTY), st.integers(2, 40)),
)
texts = st.lists(fragments, max_size=12).map("".join)

# Few distinct words, so that n-grams repeat, and stop words and case among them.
_WORDS = [
    "fire",
    "Fire",
    "fires",
    "firing",
    "the",
    "not",
    "in",
    "on",
    "a",
    "of",
    "Flood",
    "flooded",
    "é",
    "été",
    "ab",
    "ab0",
    "b_",
]
word_texts = st.lists(st.sampled_from([*_WORDS, "x1", "日本", "."]), max_size=14).map(" ".join)
corpora = st.lists(st.one_of(word_texts, word_texts, word_texts, texts), min_size=1, max_size=12)
