"""Sentences: by rules of our own, which need no file, and by NLTK's Punkt with parameters from a folder."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from textmill import _native
from textmill.config import thread_count
from textmill.errors import DataError, FormatError, SourceError
from textmill.text.buffers import numbered_from, text_buffers
from textmill.text.segment import Segments
from textmill.types import canonical_json

__all__ = ["Punkt", "SentenceRules"]

_FORMAT = "textmill punkt 1"
_FILES = ("abbrev_types.txt", "collocations.tab", "sent_starters.txt", "ortho_context.tab")
_MOST_BYTES = 64 << 20  # of one table; the largest there is has 2 MB
_ABBREVIATION, _STARTER, _CONTEXTS = 1, 128, 126  # facts of a type, see native/core/punkt.hpp


@dataclass(frozen=True)
class SentenceRules:
    """Split texts into sentences by rules: the default, which needs no file.

    Examples
    --------
    >>> SentenceRules().sentences("Dr. Smith paid $3.50. Really? Yes!")
    ['Dr. Smith paid $3.50.', 'Really?', 'Yes!']
    """

    def sentences(self, text: str) -> list[str]:
        """The sentences of one text, without the white space between them.

        Raises
        ------
        DataError : if `text` is no str, or holds a lone surrogate
        """
        return _cut(self, text)

    def spans(self, texts: Any, *, threads: int | None = None) -> Segments:
        """Where the sentences of many texts lie; the same for any number of threads.

        Parameters
        ----------
        texts : what `text_buffers` takes

        Raises
        ------
        DataError : if `texts` holds something that is no text, or a text of 2 GiB or more

        Examples
        --------
        >>> found = SentenceRules().spans(["One. Two.", "Three"])
        >>> found.rows.tolist(), found.spans.tolist()
        ([0, 2, 3], [[0, 4], [5, 9], [0, 5]])
        """
        return _spans(texts, None, True, threads)


@dataclass(frozen=True)
class Punkt:
    """Split texts into sentences as NLTK 3.10's PunktTokenizer does, with the same parameters.

    The parameters say of a language which words are abbreviations, which often begin sentences, and where words were
    seen with a capital; they are learned from text. NLTK's are in its package punkt_tab. Time is linear in the length
    of a text.

    Parameters
    ----------
    parameters : all of it in one spelling, to be stored; `Punkt.read` makes them from NLTK's tables
    realign_boundaries : closing quotes and brackets behind a stop belong to the sentence before them

    Raises
    ------
    FormatError : if `parameters` are none that this version knows

    Source: T. Kiss and J. Strunk, Unsupervised Multilingual Sentence Boundary Detection, Computational Linguistics 32
    (2006), 485-525; ``nltk/tokenize/punkt.py``.

    Examples
    --------
    >>> punkt = Punkt.of(abbreviations={"dr"}, contexts={"smith": 4})
    >>> punkt.sentences('Dr. Smith said: "So be it." Really? Yes!')
    ['Dr. Smith said: "So be it."', 'Really?', 'Yes!']
    >>> Punkt(punkt.parameters) == punkt
    True
    """

    parameters: bytes = field(repr=False)
    realign_boundaries: bool = True

    def __post_init__(self) -> None:
        tables = _parsed(self.parameters)
        object.__setattr__(self, "parameters", canonical_json(tables))

    @classmethod
    def of(
        cls,
        *,
        abbreviations: set[str] | frozenset[str] = frozenset(),
        collocations: set[tuple[str, str]] | frozenset[tuple[str, str]] = frozenset(),
        starters: set[str] | frozenset[str] = frozenset(),
        contexts: Mapping[str, int] | None = None,
        realign_boundaries: bool = True,
    ) -> Punkt:
        """Put parameters together, as those of NLTK's ``PunktParameters``.

        Parameters
        ----------
        abbreviations : words in small letters, without their last full stop
        collocations : pairs of words between which no sentence ends, the first one without its full stop
        starters : words that often begin a sentence
        contexts : of a word in small letters, where it was seen: the sum of 2, 4, 8 for with a capital and at the
            beginning of a sentence, within it, or unknown, and of 16, 32, 64 for without one

        Raises
        ------
        FormatError : if a value is none of these
        """
        tables = {
            "format": _FORMAT,
            "abbreviations": sorted(abbreviations),
            "collocations": sorted([list(pair) for pair in collocations]),
            "starters": sorted(starters),
            "contexts": dict(contexts or {}),
        }
        return cls(canonical_json(tables), realign_boundaries)

    @classmethod
    def from_bytes(cls, parameters: bytes, *, realign_boundaries: bool = True) -> Punkt:
        """What `parameters` of another one said.

        Raises
        ------
        FormatError : if they are none that this version knows
        """
        return cls(parameters, realign_boundaries)

    @classmethod
    def read(cls, path: str | Path, language: str = "english", *, realign_boundaries: bool = True) -> Punkt:
        """Read NLTK's tables (punkt_tab).

        Parameters
        ----------
        path : the folder of a language, the folder ``punkt_tab``, ``punkt_tab.zip``, or a folder of NLTK data
        language : which one, where `path` has several

        Raises
        ------
        SourceError : if there are no tables of that language, or they cannot be read
        DataError : if a table is none
        """
        tables = _read_tables(Path(path), language)
        contexts = {}
        for number, line in enumerate(tables["ortho_context.tab"], 1):
            word, _, bits = line.partition("\t")
            if not re.fullmatch(r"[0-9]{1,3}", bits, re.ASCII) or int(bits) & ~_CONTEXTS:
                raise DataError(
                    f"line {number} is no word with its contexts", where=f"{path}, ortho_context.tab", got=repr(line)
                )
            contexts[word] = int(bits)
        pairs = set()
        for number, line in enumerate(tables["collocations.tab"], 1):
            pair = tuple(line.split("\t"))
            if len(pair) != 2:
                raise DataError(f"line {number} is no pair of words", where=f"{path}, collocations.tab", got=repr(line))
            pairs.add((pair[0], pair[1]))
        return cls.of(
            abbreviations=set(tables["abbrev_types.txt"]),
            collocations=pairs,
            starters=set(tables["sent_starters.txt"]),
            contexts=contexts,
            realign_boundaries=realign_boundaries,
        )

    def sentences(self, text: str) -> list[str]:
        """The sentences of one text, without the white space between them.

        Raises
        ------
        DataError : if `text` is no str, or holds a lone surrogate
        """
        return _cut(self, text)

    def spans(self, texts: Any, *, threads: int | None = None) -> Segments:
        """Where the sentences of many texts lie; the same for any number of threads.

        Parameters
        ----------
        texts : what `text_buffers` takes

        Raises
        ------
        DataError : if `texts` holds something that is no text, or a text of 2 GiB or more

        Examples
        --------
        >>> Punkt.of().spans(["One. Two."]).spans.tolist()
        [[0, 4], [5, 9]]
        """
        return _spans(texts, self.native, self.realign_boundaries, threads)

    @cached_property
    def native(self) -> _native.Punkt:
        """The parameters as the core has them."""
        tables = json.loads(self.parameters)
        facts: dict[str, int] = dict(tables["contexts"])
        for word in tables["abbreviations"]:
            facts[word] = facts.get(word, 0) | _ABBREVIATION
        for word in tables["starters"]:
            facts[word] = facts.get(word, 0) | _STARTER
        words = text_buffers(list(facts))
        pairs = text_buffers([word for pair in tables["collocations"] for word in pair])
        return _native.Punkt(*words, np.array(list(facts.values()), np.uint16), *pairs)

    def __getstate__(self) -> dict[str, Any]:
        return {"parameters": self.parameters, "realign_boundaries": self.realign_boundaries}


def _spans(texts: Any, punkt: _native.Punkt | None, realign: bool, threads: int | None) -> Segments:
    with numbered_from(0):
        return Segments(*_native.sentences(*text_buffers(texts), punkt, realign, thread_count(threads)))


def _cut(splitter: SentenceRules | Punkt, text: str) -> list[str]:
    return [text[begin:end] for begin, end in splitter.spans([text], threads=1).spans.tolist()]


def _parsed(parameters: bytes) -> dict[str, Any]:
    """Checked, every list in order."""
    try:
        tables = json.loads(parameters)
    except (ValueError, RecursionError, TypeError):
        raise FormatError("these are no parameters of Punkt", wanted="those that Punkt.parameters holds") from None
    if not isinstance(tables, dict) or tables.get("format") != _FORMAT:
        got = tables.get("format") if isinstance(tables, dict) else tables
        raise FormatError("these are no parameters of Punkt", wanted=repr(_FORMAT), got=repr(got)[:80])

    def are_words(words: object) -> bool:
        return isinstance(words, list) and all(isinstance(word, str) for word in words)

    pairs, contexts = tables.get("collocations", ()), tables.get("contexts")
    sound = (
        set(tables) == {"format", "abbreviations", "collocations", "starters", "contexts"}
        and are_words(tables["abbreviations"])
        and are_words(tables["starters"])
        and isinstance(pairs, list)
        and all(are_words(pair) and len(pair) == 2 for pair in pairs)
        and isinstance(contexts, dict)
        and all(type(bits) is int and not bits & ~_CONTEXTS for bits in contexts.values())
    )
    if not sound:
        raise FormatError("the parameters of Punkt are not what they should be")
    for words in (tables["abbreviations"], tables["starters"], pairs):
        words.sort()
    return tables


def _read_tables(path: Path, language: str) -> dict[str, list[str]]:
    if not re.fullmatch(r"[\w-]+", language):
        raise SourceError(f"{language!r} is no name of a language", where=str(path), wanted="one such as 'english'")
    folders = [path, path / language, path / "punkt_tab" / language, path / "tokenizers" / "punkt_tab" / language]
    archives = [path, path / "punkt_tab.zip", path / "tokenizers" / "punkt_tab.zip"]
    try:
        for folder in folders:
            if (folder / _FILES[0]).is_file():
                return {name: _lines((folder / name).read_bytes(), folder / name) for name in _FILES}
        for archive in archives:
            if archive.is_file():
                return _read_archive(archive, language)
    except OSError as error:
        raise SourceError(f"it cannot be read: {error.strerror or error}", where=str(path)) from error
    raise SourceError(
        f"there are no tables of Punkt for {language!r}",
        where=str(path),
        wanted="a folder with " + ", ".join(_FILES) + ", punkt_tab.zip, or a folder of NLTK data",
    )


def _read_archive(path: Path, language: str) -> dict[str, list[str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            tables = {}
            for name in _FILES:
                inside = next(
                    (info for info in archive.infolist() if f"/{info.filename}".endswith(f"/{language}/{name}")), None
                )
                if inside is None:
                    raise SourceError(f"there is no {language}/{name} in it", where=str(path))
                if inside.file_size > _MOST_BYTES:
                    raise SourceError(f"{inside.filename} is too large for a table of Punkt", where=str(path))
                tables[name] = _lines(archive.read(inside), path / inside.filename)
            return tables
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"it cannot be read: {error}", where=str(path)) from None


def _lines(data: bytes, where: Path) -> list[str]:
    if len(data) > _MOST_BYTES:
        raise SourceError("it is too large for a table of Punkt", where=str(where))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"byte {error.start} is not UTF-8", where=str(where)) from None
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if not lines[-1] else lines
