"""What turns text into terms, as one frozen program."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native, plugins
from textmill.config import TextConfig, from_mapping, thread_count
from textmill.text.buffers import (
    TextBuffers,
    decode_types,
    numbered_from,
    text_buffers,
    text_chunks,
    text_count,
    texts_in_place,
)
from textmill.text.maps import TokenMap, token_map
from textmill.text.pairs import marked_terms
from textmill.text.profiles import profile
from textmill.text.splitters import digests_of, paired, read_assets, splitter, windows
from textmill.text.stop_words import stop_words
from textmill.types import Tokens, canonical_json, parts

__all__ = ["StageResult", "TextPath"]

# Goes up whenever the same settings would give other terms; old models then say so instead of scoring differently.
PROGRAM_VERSION = 2
# Settings that came later, with what stands for "as before": they enter the description only when they say otherwise,
# so that the hash of an older model stays what it was.
_LATER: dict[str, object] = {"min_length": 1, "letters_only": False, "pattern": None, "pairs": False}
# Where a file lies never counts; its bytes do.
_PLACES = ("tokens_file",)


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage made of a text: the text as it then was, or its tokens with their places in the raw text."""

    stage: str
    text: str | None = None
    tokens: tuple[tuple[str, int, int], ...] | None = None


class TextPath:
    """The text program: clean, case, split into words, leave out some of them, map each of the others.

    What is a function of one word runs once for each distinct word. Words are left out as they stand after the split:
    stop words, those that are too short, those that hold more than letters.

    Parameters
    ----------
    config : the settings of ``[text]``
    maps : in the place of `config.map`, names of maps and functions of the user's own, in order; a function is thereby
        registered, see `textmill.plugins.register`
    assets : bytes of the files that settings name, by their keys; else they are read
    folder : where the paths of those files begin, by default the working directory

    Attributes
    ----------
    assets : bytes of the files that settings name, by their keys; a model is saved with them
    splitter : what cleans texts and splits them
    part : of a path of pairs the program for one text of a pair, else the path itself

    Raises
    ------
    ConfigError : if a setting is none of those there are, or a pattern or a file cannot be used
    UnknownName : if there is no such map
    PluginError : if a function of the user's own is not registered, or cannot be
    MissingExtra : if a splitter, a map or a list of stop words needs a package that is not installed

    Examples
    --------
    >>> path = TextPath(TextConfig(clean=("urls",), stop_words="english", map="porter"))
    >>> tokens = path.tokens(["FLOODED streets, see http://t.example/x", "no floods on the street"])
    >>> [tokens.types[i] for i in tokens.ids]
    ['flood', 'street', 'no', 'flood', 'street']
    >>> tokens.rows.tolist()
    [0, 2, 5]
    """

    def __init__(
        self,
        config: TextConfig | None = None,
        *,
        maps: Sequence[str | Callable[[str], str | None]] | None = None,
        assets: Mapping[str, bytes] | None = None,
        folder: Path | None = None,
    ) -> None:
        config = config or TextConfig()
        if maps is not None:
            config = replace(config, map=tuple(each if isinstance(each, str) else _registered(each) for each in maps))
        self.config = from_mapping(TextConfig, asdict(config))
        clean = self.config.clean
        self._stages = list(profile(clean) if isinstance(clean, str) else clean)
        if self.config.case == "casefold":
            self._stages.append("casefold")
        # words of tweets are put in small letters by their splitter, which leaves emoticons alone
        self._lowers_text = self.config.case == "lower" and self.config.tokens != "tweet"
        self.assets = read_assets(self.config, folder) if assets is None else dict(assets)
        self.splitter = splitter(self.config, self._stages, self.assets)
        self._maps: list[TokenMap] = [token_map(name) for name in self.config.maps]
        self._dropped = stop_words(self.config.stop_words, self.config.keep_negations)
        self._filters = self._made_filters()
        self.part: TextPath = self
        if self.config.pairs:
            self.part = TextPath(replace(self.config, pairs=False), assets=self.assets)
            self.splitter = paired(self.part)

    def _made_filters(self) -> list[tuple[str, Callable[[str], bool]]]:
        """What decides whether a word stays, each with the name of its stage."""
        dropped, shortest = self._dropped, self.config.min_length
        found: list[tuple[str, Callable[[str], bool]]] = []
        if dropped:
            found.append(("stop_words", lambda word: word not in dropped))
        if shortest > 1:
            found.append((f"min_length: {shortest}", lambda word: len(word) >= shortest))
        if self.config.letters_only:
            found.append(("letters_only", _is_of_letters))
        return found

    def __reduce__(self) -> tuple[Callable[..., TextPath], tuple[Any, ...]]:
        # a function goes along by its module and name, as pickle sends functions; other processes register it so
        functions = [plugins.find(each.name).run if each.opaque else each.name for each in self._maps]
        own = any(each.opaque for each in self._maps)
        return _remade, (self.config, functions if own else None, self.assets)

    @property
    def description(self) -> dict[str, Any]:
        """All that the terms of a text depend on; `hash` is over this."""
        return {
            "program": PROGRAM_VERSION,
            "unicode": [_native.UNICODE_VERSION, _native.SEGMENT_VERSION],
            "settings": {
                key: value
                for key, value in asdict(self.config).items()
                if key not in _PLACES and (key not in _LATER or value != _LATER[key])
            },
            "map": self._map_versions(),
            "stop_words": hashlib.sha256("\n".join(sorted(self._dropped)).encode()).hexdigest(),
            **({"tweet": _native.TWEET_UNICODE_VERSION} if self.config.tokens == "tweet" else {}),
            **({"letters": unicodedata.unidata_version} if self.config.letters_only else {}),
            **({"tokens": self.splitter.version} if self.splitter.version else {}),
            **({"assets": digests_of(self.assets)} if self.assets else {}),
        }

    def _map_versions(self) -> list[Any]:
        if isinstance(self.config.map, str):
            made = token_map(self.config.map) if self.config.map == "none" else self._maps[0]
            return [made.name, made.version]
        return [[made.name, made.version] for made in self._maps]

    @cached_property
    def hash(self) -> str:
        """Hexadecimal sha256 of the program; equal hashes give equal terms.

        Examples
        --------
        >>> TextPath(TextConfig()).hash == TextPath(TextConfig(case="keep")).hash
        False
        """
        return hashlib.sha256(canonical_json(self.description)).hexdigest()

    def windows(self, width: int) -> TextPath:
        """The same program up to the split, and then a window of `width` letters from each letter on, fewer at the end.

        Runs of white space become one blank first, as scikit-learn's character n-grams have it; words' settings
        (tokens, stop words, map) do not count.

        Examples
        --------
        >>> tokens = TextPath().windows(3).tokens(["A  bc"])
        >>> [tokens.types[i] for i in tokens.ids]
        ['a b', ' bc', 'bc', 'c']
        """
        made = copy(self)
        made.splitter = windows(self._stages, self.config.case == "lower", width)
        made._maps, made._filters = [], []
        return made

    @property
    def program(self) -> _native.Program | None:
        """All that `scan` does to a text before its words are numbered; None where the core does not do it alone."""
        return self.splitter.whole_program

    @property
    def is_plain(self) -> bool:
        """Whether every word stays as it is: no map, nothing left out."""
        return not self._filters and not self._maps

    def prepared(self, texts: Any, *, threads: int | None = None) -> Iterator[str]:
        """The texts as they are split: cleaned, and in small letters where the path says so.

        Parameters
        ----------
        texts : what `text_chunks` takes

        Examples
        --------
        >>> list(TextPath(TextConfig(clean=("urls",))).prepared(["SEE http://t.example/x"]))
        ['see  ']
        """
        for chunk in text_chunks(texts):
            data, ends = _native.rewrite(self.splitter.program, chunk.bytes, chunk.offsets, thread_count(threads))
            yield from decode_types(data, ends)

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
        before = 0
        for chunk in texts_in_place(texts):
            with numbered_from(before):
                found = self.splitter.scan(chunk, types, spans, threads)
            before += text_count(chunk)
            yield found

    def count(
        self, counter: _native.GramCounter, texts: Any, types: _native.TypeTable, *, threads: int | None = None
    ) -> int:
        """Add texts to a counter, their words numbered as `scan` does; how many texts there were.

        Parameters
        ----------
        texts : what `text_chunks` takes; a chunk can go as soon as it is split
        """
        threads = thread_count(threads)
        before = 0
        for chunk in texts_in_place(texts):
            with numbered_from(before):
                self.splitter.count(counter, chunk, types, threads)
            before += text_count(chunk)
        return before

    def scan_frozen(
        self,
        texts: TextBuffers | list[str],
        types: _native.TypeTable,
        others: _native.TypeTable,
        *,
        spans: bool = False,
        threads: int | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32] | None]:
        """As `scan`, but words that `types` lacks are added to `others` and numbered behind `types`."""
        with numbered_from(0):
            return self.splitter.scan_frozen(texts, types, others, spans, thread_count(threads))

    def terms(self, types: Sequence[str]) -> list[str | None]:
        """What each distinct word becomes: a term, or None where it is left out.

        Raises
        ------
        PluginError : if a function of the user's own fails

        Examples
        --------
        >>> TextPath(TextConfig(stop_words=("the",), map="porter")).terms(["the", "fires"])
        [None, 'fire']
        """
        if self.is_plain or not types:
            return list(types)
        if self.config.pairs:
            return marked_terms(self.part, types)
        kept: Sequence[int] = range(len(types))
        for _, keep in self._filters:
            kept = [i for i in kept if keep(types[i])]
        mapped: Sequence[str] = [types[i] for i in kept]
        for each in self._maps:
            mapped = each(mapped)
        found: list[str | None] = [None] * len(types)
        for i, term in zip(kept, mapped, strict=True):
            found[i] = term or None
        return found

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
        if self.config.pairs:
            return self._explained_pair(text)
        config = self.config
        found = [StageResult("raw", text)]
        for i, name in enumerate(self._stages):
            program = _native.Program(self._stages[: i + 1], False, 2)
            what = "case" if name == config.case else "clean"
            found.append(StageResult(f"{what}: {name}", program.rewrite(text).decode()))
        if self._lowers_text:
            found.append(StageResult("case: lower", self.splitter.program.rewrite(text).decode()))
        table = _native.TypeTable()
        ids, _, spans = self.scan([text], table, spans=True, threads=1)
        assert spans is not None
        words = decode_types(*table.arrays())
        now = dict(enumerate(words))  # what each distinct word is at this stage, if it is still there
        places = [(int(i), int(a), int(b)) for i, (a, b) in zip(ids, spans, strict=True)]

        def show(stage: str) -> None:
            found.append(StageResult(stage, tokens=tuple((now[i], a, b) for i, a, b in places if i in now)))

        show(f"tokens: {config.tokens}" + (f" ({self.splitter.note})" if self.splitter.note else ""))
        for name, keep in self._filters:
            now = {i: word for i, word in now.items() if keep(word)}
            show(name)
        for each in self._maps:
            now = {i: term for i, term in zip(now, each([*now.values()]), strict=True) if term}
            show(f"map: {each.name}" + (" (opaque)" if each.opaque else ""))
        return found

    def _explained_pair(self, text: str) -> list[StageResult]:
        found, behind = [], 0
        for number, part in enumerate(parts(text), 1):
            for one in self.part.explain(part):
                tokens = one.tokens and tuple((term, begin + behind, end + behind) for term, begin, end in one.tokens)
                found.append(StageResult(f"{number}: {one.stage}", one.text, tokens))
            behind += len(part) + 1
        both = self.tokens([text], spans=True, threads=1)
        assert both.spans is not None
        terms = zip(both.lists()[0], both.spans.tolist(), strict=True)
        return [*found, StageResult("pairs", tokens=tuple((term, begin, end) for term, (begin, end) in terms))]


def _registered(function: Callable[[str], str | None]) -> str:
    plugins.register(function)
    return plugins.plugin_of(function).name


def _remade(
    config: TextConfig, maps: Sequence[str | Callable[[str], str | None]] | None, assets: Mapping[str, bytes]
) -> TextPath:
    return TextPath(config, maps=maps, assets=assets)


def _is_of_letters(word: str) -> bool:
    """Letters with the marks that stand on them: ``str.isalpha`` but for scripts that need marks."""
    return word.isalpha() or (
        any(map(str.isalpha, word))
        and all(letter.isalpha() or unicodedata.category(letter)[0] == "M" for letter in word)
    )
