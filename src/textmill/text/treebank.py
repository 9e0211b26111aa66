"""Words of the Penn Treebank: NLTK's word_tokenize and TreebankWordTokenizer, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import Any, Literal

from textmill import _native
from textmill.errors import ConfigError
from textmill.text.buffers import text_buffers
from textmill.text.program_tokens import program_tokens
from textmill.text.sentences import Punkt
from textmill.types import Tokens

__all__ = ["TreebankTokens"]

# the options of the splitter "treebank", see native/core/treebank.hpp
_CLASSIC, _CONVERT_PARENTHESES, _BY_RULES, _BY_PUNKT = 1, 2, 4, 8


@dataclass(frozen=True, kw_only=True)
class TreebankTokens:
    """Split texts into words as NLTK 3.10 does: the same tokens as ``word_tokenize`` where `sentences` is a `Punkt`.

    Contractions part (``ca n't``, ``they 'll``, ``gon na``), marks stand alone, quotes become ```` `` ```` and ``''``.
    A full stop parts from the last word of a sentence only, so sentences come first. Time is linear in the length of
    a text.

    White space, digits and word characters of the patterns are those of Unicode 18.0.0, by the `regex` package that
    NLTK uses; those of contractions are Unicode 14.0.0's.

    Parameters
    ----------
    sentences : "rules" splits by `SentenceRules`, a `Punkt` as NLTK does with its parameters; "none" takes each text
        for one sentence, as ``word_tokenize(text, preserve_line=True)``
    classic : the rules of ``TreebankWordTokenizer`` (Robert McIntyre's script), not those of ``NLTKWordTokenizer``
    convert_parentheses : brackets become -LRB-, -RRB-, -LSB-, -RSB-, -LCB- and -RCB-

    Raises
    ------
    ConfigError : if `sentences` is none of these

    Source: ``nltk/tokenize/destructive.py`` and ``treebank.py``, after R. McIntyre's tokenizer.sed.

    Examples
    --------
    >>> TreebankTokens().tokenize("They'll pay $3.88, won't they? I can't say.")
    ['They', "'ll", 'pay', '$', '3.88', ',', 'wo', "n't", 'they', '?', 'I', 'ca', "n't", 'say', '.']
    >>> TreebankTokens(sentences="none", convert_parentheses=True).tokenize('"Yes (or no)"')
    ['``', 'Yes', '-LRB-', 'or', 'no', '-RRB-', "''"]
    """

    sentences: Punkt | Literal["rules", "none"] = "rules"
    classic: bool = False
    convert_parentheses: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.sentences, Punkt) and self.sentences not in ("rules", "none"):
            raise ConfigError([f"sentences: wanted 'rules', 'none' or a Punkt, got {self.sentences!r}"])

    def tokenize(self, text: str) -> list[str]:
        """The tokens of one text.

        Raises
        ------
        DataError : if `text` is no str or holds a lone surrogate

        Examples
        --------
        >>> TreebankTokens().tokenize("Cannot. 'Twas (so) a well-known one...")
        ['Can', 'not', '.', "'", 'Twas', '(', 'so', ')', 'a', 'well-known', 'one', '...']
        """
        try:
            return self._program.split(text)
        except (TypeError, ValueError):
            text_buffers([text])  # says what is wrong
            raise

    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens:
        """The tokens of many texts; the same for any number of threads.

        Parameters
        ----------
        texts : what `text_buffers` takes: a list of str, an Arrow array, a column of a frame
        spans : also say where each token lies in its raw text; that of a quote that is spelled anew is the raw quote

        Raises
        ------
        DataError : if `texts` holds something that is no text

        Examples
        --------
        >>> found = TreebankTokens().tokens(['"Hi!"', "Go."], spans=True)
        >>> [found.types[i] for i in found.ids], found.rows.tolist()
        (['``', 'Hi', '!', "''", 'Go', '.'], [0, 4, 6])
        >>> found.spans.tolist()
        [[0, 1], [1, 3], [3, 4], [4, 5], [0, 2], [2, 3]]
        """
        return program_tokens(self._program, texts, spans=spans, threads=threads)

    @cached_property
    def _program(self) -> _native.Program:
        return treebank_program(
            [],
            False,
            self.sentences,
            (_CLASSIC if self.classic else 0) | (_CONVERT_PARENTHESES if self.convert_parentheses else 0),
        )

    def __reduce__(self) -> tuple[partial[TreebankTokens], tuple[()]]:
        return partial(TreebankTokens, **{f.name: getattr(self, f.name) for f in fields(self)}), ()


def treebank_program(
    stages: Sequence[str], lower_case: bool, sentences: Punkt | Literal["rules", "none"], options: int = 0
) -> _native.Program:
    """The splitter of the core behind cleaners and case."""
    punkt = sentences if isinstance(sentences, Punkt) else None
    options |= _BY_PUNKT if punkt else _BY_RULES if sentences == "rules" else 0
    return _native.Program(stages, lower_case, 1, "treebank", options, punkt.native if punkt else None)
