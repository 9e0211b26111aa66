"""What splits a prepared text into tokens, behind one protocol: the compiled core, or something outside of it.

A splitter outside of the core takes texts that the core has cleaned and put in small letters, and hands back `Tokens`;
here they are numbered among the types of whoever asked, and their places led back to the raw texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import TextConfig
from textmill.errors import ConfigError, DataError, SourceError
from textmill.text.buffers import TextBuffers, encode_types, text_buffers
from textmill.text.tweet import tweet_program
from textmill.types import Tokens

if TYPE_CHECKING:
    from textmill.text.path import TextPath

__all__ = ["Scanned", "Splitter", "asset_keys", "digests_of", "paired", "read_assets", "splitter", "windows"]

Scanned = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32] | None]
"""ids int32 (n_tokens,), rows int64 (n_texts + 1,), spans int32 (n_tokens, 2) in code points of raw texts, or None."""

Texts = TextBuffers | list[str]
"""What is split at a time: texts as Arrow lays them out, or strings where they lie."""

_OUTSIDE = ("regex", "subword")
_ASSETS = {"subword": ("tokens_file",), "treebank": ("tokens_file",)}


class Splitter(Protocol):
    """Cleans texts and splits them into tokens.

    Attributes
    ----------
    program : cleaners and case, as the core runs them before anything is split
    whole_program : all that is done to a text until its tokens are numbered; None where the core does not do it alone
    version : what is behind it beside the core, name and version; it goes into the text path's hash
    note : said of it in an explanation, if it is not the core that does the work
    """

    program: _native.Program
    whole_program: _native.Program | None
    version: list[str]
    note: str

    def scan(self, texts: Texts, types: _native.TypeTable, spans: bool, threads: int) -> Scanned:
        """Number the tokens of texts; new ones are added to `types`."""

    def count(self, counter: _native.GramCounter, texts: Texts, types: _native.TypeTable, threads: int) -> None:
        """Add texts to a counter, their tokens numbered as `scan` does."""

    def scan_frozen(
        self, texts: Texts, types: _native.TypeTable, others: _native.TypeTable, spans: bool, threads: int
    ) -> Scanned:
        """As `scan`, but tokens that `types` lacks are added to `others` and numbered behind `types`."""


class _Core:
    """A splitter of the compiled core: one pass over the bytes."""

    version: list[str] = []  # noqa: RUF012 - nobody writes into it
    note = ""

    def __init__(self, program: _native.Program) -> None:
        self.program = program
        self.whole_program: _native.Program | None = program

    def scan(self, texts: Texts, types: _native.TypeTable, spans: bool, threads: int) -> Scanned:
        return _native.scan(self.program, texts, types, spans, threads)

    def count(self, counter: _native.GramCounter, texts: Texts, types: _native.TypeTable, threads: int) -> None:
        counter.scan(self.program, texts, types, threads)

    def scan_frozen(
        self, texts: Texts, types: _native.TypeTable, others: _native.TypeTable, spans: bool, threads: int
    ) -> Scanned:
        return _native.scan_frozen(self.program, texts, types, others, spans, threads)


class _Tokenizes(Protocol):
    def tokens(self, texts: Any, *, spans: bool = False, threads: int | None = None) -> Tokens: ...


class _Outside:
    """A splitter outside of the core, behind the core's cleaners."""

    whole_program: _native.Program | None = None

    def __init__(
        self, program: _native.Program, rewrites: bool, tokenizer: _Tokenizes, version: list[str], note: str
    ) -> None:
        self.program, self.version, self.note = program, version, note
        self._rewrites, self._tokenizer = rewrites, tokenizer

    def scan(self, texts: Texts, types: _native.TypeTable, spans: bool, threads: int) -> Scanned:
        found = self._tokens(text_buffers(texts), spans, threads)
        return _numbered(found, types.intern(*encode_types(found.types)))

    def count(self, counter: _native.GramCounter, texts: Texts, types: _native.TypeTable, threads: int) -> None:
        ids, rows, _ = self.scan(texts, types, False, threads)
        counter.add(ids, rows)

    def scan_frozen(
        self, texts: Texts, types: _native.TypeTable, others: _native.TypeTable, spans: bool, threads: int
    ) -> Scanned:
        found = self._tokens(text_buffers(texts), spans, threads)
        numbers = types.find(*encode_types(found.types))
        new = np.flatnonzero(numbers < 0)
        if len(new):
            numbers[new] = len(types) + others.intern(*encode_types([found.types[i] for i in new.tolist()]))
        return _numbered(found, numbers)

    def _tokens(self, texts: TextBuffers, spans: bool, threads: int) -> Tokens:
        if not self._rewrites:
            return self._tokenizer.tokens(texts, spans=spans, threads=threads)
        prepared = TextBuffers(*_native.rewrite(self.program, texts.bytes, texts.offsets, threads))
        found = self._tokenizer.tokens(prepared, spans=spans, threads=threads)
        if found.spans is not None:
            _native.lead_back(self.program, texts.bytes, texts.offsets, found.rows, found.spans, threads)
        return found


def _numbered(found: Tokens, numbers: NDArray[np.int32]) -> Scanned:
    return numbers[found.ids] if len(found.ids) else found.ids, found.rows, found.spans


def splitter(config: TextConfig, stages: Sequence[str], assets: Mapping[str, bytes]) -> Splitter:
    """The splitter that ``tokens`` names.

    Parameters
    ----------
    stages : the cleaners, in their order
    assets : key of ``[text]`` -> bytes of the file that it names, for each of `asset_keys`

    Raises
    ------
    ConfigError : if the pattern is none, or a file is not what it should be
    MissingExtra : if an optional package is not installed
    """
    lower_case = config.case == "lower"
    if config.tokens == "tweet":  # words of tweets are put in small letters by their splitter
        return _Core(tweet_program(list(stages), preserve_case=not lower_case))
    if config.tokens == "treebank":
        from textmill.text.sentences import Punkt
        from textmill.text.treebank import treebank_program

        parameters = assets.get("tokens_file")
        return _Core(treebank_program(stages, lower_case, "rules" if parameters is None else Punkt(parameters)))
    if config.tokens not in _OUTSIDE:
        return _Core(_native.Program(stages, lower_case, 2, config.tokens))
    program, rewrites = _native.Program(stages, lower_case, 2), bool(stages) or lower_case
    if config.tokens == "regex":
        from textmill.text.pattern import PatternTokens

        tokens = PatternTokens(config.pattern or "")
        return _Outside(program, rewrites, tokens, ["regex", tokens.version], "plain Python")
    from textmill.text.subword import SubwordTokens

    try:
        subwords = SubwordTokens.from_bytes(assets["tokens_file"])
    except DataError as error:
        raise ConfigError([f"text.tokens_file: {config.tokens_file}: {error}"]) from error
    note = f"whole texts by the tokenizers library: {subwords.by_library}" if subwords.by_library else ""
    return _Outside(program, rewrites, subwords, ["tokenizers", subwords.version], note)


def paired(path: TextPath) -> Splitter:
    """Splits pairs of texts.

    Parameters
    ----------
    path : the program for one text of a pair
    """
    from textmill.text.pairs import PairTokens

    inner = path.splitter
    return _Outside(inner.program, False, PairTokens(path), inner.version, inner.note)


def windows(stages: Sequence[str], lower_case: bool, width: int) -> Splitter:
    """From each letter on so many letters, fewer at the end; runs of white space are one blank each."""
    return _Core(_native.Program(stages, lower_case, 2, "windows", width))


def asset_keys(config: TextConfig) -> tuple[str, ...]:
    """The keys of ``[text]`` that name a file which is saved inside the model.

    Examples
    --------
    >>> asset_keys(TextConfig(tokens="subword", tokens_file="tokenizer.json"))
    ('tokens_file',)
    """
    return tuple(key for key in _ASSETS.get(config.tokens, ()) if getattr(config, key) is not None)


def read_assets(config: TextConfig, folder: Path | None = None) -> dict[str, bytes]:
    """The bytes of the files that ``[text]`` names.

    Parameters
    ----------
    folder : where their paths begin, by default the working directory

    Raises
    ------
    ConfigError : if one cannot be read
    """
    found = {}
    for key in asset_keys(config):
        path = (folder or Path()) / getattr(config, key)
        if config.tokens == "treebank":
            found[key] = _punkt_parameters(path, key)
            continue
        try:
            found[key] = path.read_bytes()
        except OSError as error:
            raise ConfigError([f"text.{key}: {str(path)!r} cannot be read: {error.strerror}"]) from error
    return found


def _punkt_parameters(path: Path, key: str) -> bytes:
    from textmill.text.sentences import Punkt

    try:
        return Punkt.read(path).parameters
    except (DataError, SourceError) as error:
        raise ConfigError([f"text.{key}: {error}"]) from error


def digests_of(assets: Mapping[str, bytes]) -> dict[str, str]:
    """The sha256 of each file."""
    return {key: hashlib.sha256(data).hexdigest() for key, data in assets.items()}
