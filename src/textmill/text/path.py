"""What turns text into terms, as one frozen program."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import TextConfig, from_mapping, thread_count
from textmill.text.buffers import TextBuffers, decode_types, text_buffers, text_chunks
from textmill.text.maps import TokenMap, token_map
from textmill.text.profiles import profile
from textmill.text.stop_words import stop_words
from textmill.types import Tokens, canonical_json

__all__ = ["StageResult", "TextPath"]

# Goes up whenever the same settings would give other terms; old models then say so instead of scoring differently.
PROGRAM_VERSION = 1


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage made of a text: the text as it then was, or its tokens with their places in the raw text."""

    stage: str
    text: str | None = None
    tokens: tuple[tuple[str, int, int], ...] | None = None


class TextPath:
    """The text program: clean, case, split into words, leave out stop words, map each word.

    What is a function of one word runs once for each distinct word.

    Parameters
    ----------
    config : the settings of ``[text]``

    Raises
    ------
    ConfigError : if a setting is none of those there are
    UnknownName : if there is no such map

    Examples
    --------
    >>> path = TextPath(TextConfig(clean=("urls",), stop_words="english", map="porter"))
    >>> tokens = path.tokens(["FLOODED streets, see http://t.example/x", "no floods on the street"])
    >>> [tokens.types[i] for i in tokens.ids]
    ['flood', 'street', 'no', 'flood', 'street']
    >>> tokens.rows.tolist()
    [0, 2, 5]
    """

    def __init__(self, config: TextConfig | None = None) -> None:
        self.config = from_mapping(TextConfig, asdict(config)) if config else TextConfig()
        clean = self.config.clean
        self._stages = list(profile(clean) if isinstance(clean, str) else clean)
        if self.config.case == "casefold":
            self._stages.append("casefold")
        self._program = _native.Program(self._stages, self.config.case == "lower", 2, self.config.tokens)
        self._map: TokenMap = token_map(self.config.map)
        self._dropped = stop_words(self.config.stop_words, self.config.keep_negations)

    def __reduce__(self) -> tuple[type[TextPath], tuple[TextConfig]]:
        return TextPath, (self.config,)

    @property
    def description(self) -> dict[str, Any]:
        """All that the terms of a text depend on; `hash` is over this."""
        return {
            "program": PROGRAM_VERSION,
            "unicode": [_native.UNICODE_VERSION, _native.SEGMENT_VERSION],
            "settings": asdict(self.config),
            "map": [self._map.name, self._map.version],
            "stop_words": hashlib.sha256("\n".join(sorted(self._dropped)).encode()).hexdigest(),
        }

    @cached_property
    def hash(self) -> str:
        """Hexadecimal sha256 of the program; equal hashes give equal terms.

        Examples
        --------
        >>> TextPath(TextConfig()).hash == TextPath(TextConfig(case="keep")).hash
        False
        """
        return hashlib.sha256(canonical_json(self.description)).hexdigest()

    @property
    def program(self) -> _native.Program | None:
        """All that `scan` does to a text before its words are numbered; None where the core does not do it alone."""
        return self._program

    @property
    def is_plain(self) -> bool:
        """Whether every word stays as it is: no map, no stop words."""
        return not self._dropped and self._map.name == "none"

    def scan(
        self, texts: Any, types: _native.TypeTable, *, spans: bool = False, threads: int | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32] | None]:
        """Clean and split texts and number their words; new ones are added to `types`.

        Parameters
        ----------
        texts : what `text_chunks` takes; a chunk can go as soon as it is split

        Returns
        -------
        ids : int32 (n_tokens,)
        rows : int64 (n_texts + 1,)
        spans : int32 (n_tokens, 2) in code points of the raw texts, or None
        """
        parts = list(self.scans(texts, types, spans=spans, threads=threads))
        if len(parts) == 1:
            return parts[0]
        ends = np.cumsum([0, *(rows[-1] for _, rows, _ in parts)])
        return (
            np.concatenate([np.zeros(0, np.int32), *(ids for ids, _, _ in parts)]),
            np.concatenate(
                [np.zeros(1, np.int64), *(rows[1:] + end for (_, rows, _), end in zip(parts, ends, strict=False))]
            ),
            np.concatenate([np.zeros((0, 2), np.int32), *(p for _, _, p in parts if p is not None)]) if spans else None,
        )

    def scans(
        self, texts: Any, types: _native.TypeTable, *, spans: bool = False, threads: int | None = None
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32] | None]]:
        """`scan`, a chunk of the texts at a time, each with rows of its own that start at 0."""
        threads = thread_count(threads)
        for chunk in text_chunks(texts):
            yield _native.scan(self._program, chunk.bytes, chunk.offsets, types, spans, threads)

    def scan_frozen(
        self,
        texts: TextBuffers,
        types: _native.TypeTable,
        others: _native.TypeTable,
        *,
        spans: bool = False,
        threads: int | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32] | None]:
        """As `scan`, but words that `types` lacks are added to `others` and numbered behind `types`."""
        return _native.scan_frozen(
            self._program, texts.bytes, texts.offsets, types, others, spans, thread_count(threads)
        )

    def terms(self, types: Sequence[str]) -> list[str | None]:
        """What each distinct word becomes: a term, or None where it is left out.

        Examples
        --------
        >>> TextPath(TextConfig(stop_words=("the",), map="porter")).terms(["the", "fires"])
        [None, 'fire']
        """
        if self.is_plain:
            return list(types)
        mapped = self._map(types)
        return [None if word in self._dropped or not term else term for word, term in zip(types, mapped, strict=True)]

    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens:
        """The terms of each text, in order, with their places in the raw text if asked for.

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        table = _native.TypeTable()
        ids, rows, places = self.scan(texts, table, spans=spans, threads=threads)
        numbers: dict[str, int] = {}
        type_terms = np.array(
            [
                -1 if term is None else numbers.setdefault(term, len(numbers))
                for term in self.terms(decode_types(*table.arrays()))
            ],
            np.int32,
        )
        term_ids = type_terms[ids] if len(ids) else ids
        kept = term_ids >= 0
        before = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(kept, out=before[1:])
        return Tokens(
            ids=term_ids[kept],
            rows=before[rows],
            spans=None if places is None else places[kept],
            types=list(numbers),
        )

    def explain(self, text: str) -> list[StageResult]:
        """What each stage did to one text.

        Examples
        --------
        >>> for stage in TextPath(TextConfig(clean=("mentions",), stop_words="english")).explain("@bob THE fires"):
        ...     print(stage.stage, stage.text if stage.tokens is None else [t[0] for t in stage.tokens])
        raw @bob THE fires
        clean: mentions   THE fires
        case: lower   the fires
        tokens: words ['the', 'fires']
        stop_words ['fires']
        map: snowball-english ['fire']
        """
        text_buffers([text])
        config = self.config
        found = [StageResult("raw", text)]
        for i, name in enumerate(self._stages):
            program = _native.Program(self._stages[: i + 1], False, 2)
            what = "case" if name == config.case else "clean"
            found.append(StageResult(f"{what}: {name}", program.rewrite(text).decode()))
        if config.case == "lower":
            found.append(StageResult("case: lower", self._program.rewrite(text).decode()))
        table = _native.TypeTable()
        ids, _, spans = self.scan([text], table, spans=True, threads=1)
        assert spans is not None
        words = decode_types(*table.arrays())
        terms = self.terms(words)
        places = [(int(i), int(a), int(b)) for i, (a, b) in zip(ids, spans, strict=True)]
        found.append(StageResult(f"tokens: {config.tokens}", tokens=tuple((words[i], a, b) for i, a, b in places)))
        if self._dropped:
            kept = tuple((words[i], a, b) for i, a, b in places if words[i] not in self._dropped)
            found.append(StageResult("stop_words", tokens=kept))
        if config.map != "none":
            mapped = tuple((term, a, b) for i, a, b in places if (term := terms[i]) is not None)
            found.append(StageResult(f"map: {config.map}", tokens=mapped))
        return found
