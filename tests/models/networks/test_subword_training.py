"""Pieces of words that are learned from the texts."""

from __future__ import annotations

from textmill.models.networks.subwords import learn_subwords
from textmill.models.networks.vocabulary import Vocabulary
from textmill.text import TextPath

# words whose pairs of letters are equally frequent
TEXTS = [" ".join(a + b + c for a in "kmnprst" for b in "aeiou" for c in "xyzw"), "Straße 漢字 naïve, don't!"] * 3


def learned(most: int) -> Vocabulary:
    return learn_subwords(iter([TEXTS]), TextPath(), most=most, max_tokens=50, windows=False)


def test_the_same_texts_give_the_same_pieces() -> None:
    first = learned(90).terms
    assert all(learned(90).terms == first for _ in range(5))


def test_a_letter_inside_of_a_word_is_a_piece_and_no_mark_in_a_text() -> None:
    vocabulary = learned(200)
    assert {"##ß", "##ï", "漢", "##x"} <= set(vocabulary.terms)
    assert not {"##漢", "##,", "##!"} & set(vocabulary.terms)
    split = vocabulary.text_path.tokens(["k ##x"])
    assert "##x" not in [split.types[number] for number in split.ids.tolist()]
