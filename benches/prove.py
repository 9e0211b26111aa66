"""Every splitter against its reference on all texts of the data folder: `make prove`, which writes PROOF.md.

What is as slow as its reference lets it be is compared on a seeded sample: `--share 1` takes all texts there too, and
`--minutes 30` as many as fit.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import random
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from benches.__main__ import machine
from benches.measure import data_dir
from benches.whole_data import data_sets, texts_of

PROOF = Path(__file__).parent / "PROOF.md"
PROCESSES = 2
SHOWN = 3
BATCH = 2_000

Lists = Callable[[list[str]], list[list[str]]]
Words = Callable[[str], list[str]]


@dataclass(frozen=True)
class Splitter:
    """A line of the table: `sides` makes ours, for many texts, and the reference, for one.

    `share` of the texts are compared, at most `longest` characters of each; `slow` ones follow `--share`. `texts` gives
    texts of its own in place of the data sets.
    """

    name: str
    reference: str
    sides: Callable[[], tuple[Lists, Words]]
    share: float = 1
    longest: int | None = None
    slow: bool = False
    texts: Callable[[], Iterator[str]] | None = None


@dataclass
class Found:
    """What came out of one splitter on one data set."""

    splitter: str
    data_set: str
    texts: int = 0
    megabytes: float = 0
    different: int = 0
    refused: int = 0  # no Unicode text: a lone surrogate in JSON
    given_up: list[str] = field(default_factory=list)  # what the reference said of texts it could not split
    examples: list[str] = field(default_factory=list)
    seconds: float = 0


def program(tokens: str, case: str = "keep") -> Lists:
    from textmill.config import TextConfig
    from textmill.text import TextPath

    path = TextPath(TextConfig(clean=(), case=case, tokens=tokens, map="none"))  # type: ignore[arg-type]
    return lambda texts: path.tokens(texts, threads=1).lists()


def words() -> tuple[Lists, Words]:
    pattern = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's default token_pattern, after its lower()
    return program("words", "lower"), lambda text: pattern.findall(text.lower())


def whitespace() -> tuple[Lists, Words]:
    return program("whitespace"), str.split


PATTERN = r"[\w']+|[^\w\s]"


def regex() -> tuple[Lists, Words]:
    import regex as library

    from textmill.config import TextConfig
    from textmill.text import TextPath

    path = TextPath(TextConfig(clean=(), case="keep", tokens="regex", pattern=PATTERN, map="none"))
    return lambda texts: path.tokens(texts, threads=1).lists(), library.compile(PATTERN).findall


def subword(kind: str) -> Callable[[], tuple[Lists, Words]]:
    def sides() -> tuple[Lists, Words]:
        from tokenizers import Tokenizer

        from textmill.text import SubwordTokens

        data = tokenizer(kind)
        ours, theirs = SubwordTokens.from_bytes(data), Tokenizer.from_str(data.decode())
        return (
            lambda texts: ours.tokens(texts, threads=1).lists(),
            lambda text: theirs.encode(text, add_special_tokens=False).tokens,
        )

    return sides


@cache
def tokenizer(kind: str) -> bytes:
    """A file of 30,000 tokens learned from the first reviews, the same in every process."""
    from benches.subword import trained

    return trained(list(islice(texts_of(data_dir() / "imdb"), 5_000)), kind)


def unicode(kind: str) -> Callable[[], tuple[Lists, Words]]:
    return lambda: (segments(kind), getattr(twin(), kind))


def segments(kind: str) -> Lists:
    from textmill.text import segment

    cut = getattr(segment, kind)
    return lambda texts: [cut(text) for text in texts]


@cache
def twin() -> Any:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    return importlib.import_module("oracle.segment").Rules(data_dir() / "unicode")


def break_test(file: str) -> dict[str, list[str]]:
    """The lines of one of Unicode's break tests: a text, and its segments."""
    found = {}
    for line in (data_dir() / "unicode" / file).read_text(encoding="utf-8").splitlines():
        marked = line.partition("#")[0].strip()
        if marked:
            cut = [[chr(int(code, 16)) for code in part.replace("×", " ").split()] for part in marked.split("÷")]
            pieces = ["".join(part) for part in cut if part]
            found["".join(pieces)] = pieces
    return found


def unicodes_own(kind: str, file: str) -> Splitter:
    def sides() -> tuple[Lists, Words]:
        from textmill.text import segment

        cut = (lambda text: segment.words(text, all=True)) if kind == "words" else getattr(segment, kind)
        return lambda texts: [cut(text) for text in texts], break_test(file).__getitem__

    name = f"unicode {kind}, all segments" if kind == "words" else f"unicode {kind}"
    return Splitter(name, f"{file} of Unicode 15.0.0", sides, texts=lambda: iter(break_test(file)))


def tweet() -> tuple[Lists, Words]:
    from nltk.tokenize import TweetTokenizer

    from textmill.text import TweetTokens

    return lambda texts: TweetTokens().tokens(texts, threads=1).lists(), TweetTokenizer().tokenize


@cache
def english() -> Any:
    import nltk

    from textmill.text.sentences import Punkt

    folder = data_dir() / "nltk_data"
    nltk.data.path.insert(0, str(folder))
    return Punkt.read(folder)


def treebank() -> tuple[Lists, Words]:
    from nltk.tokenize import word_tokenize

    from textmill.text.treebank import TreebankTokens

    ours = TreebankTokens(sentences=english())
    return lambda texts: ours.tokens(texts, threads=1).lists(), word_tokenize


def classic() -> tuple[Lists, Words]:
    from nltk.tokenize import TreebankWordTokenizer

    from textmill.text.treebank import TreebankTokens

    ours = TreebankTokens(sentences="none", classic=True)
    return lambda texts: ours.tokens(texts, threads=1).lists(), TreebankWordTokenizer().tokenize


def punkt() -> tuple[Lists, Words]:
    from nltk.tokenize import PunktTokenizer

    ours = english()
    return lambda texts: [ours.sentences(text) for text in texts], PunktTokenizer().tokenize


def _nltk(what: str) -> str:
    return f"NLTK {version('nltk')} {what}"


def _tokenizers(kind: str) -> str:
    try:
        return f"tokenizers {version('tokenizers')}, {kind} of 30,000 tokens"
    except PackageNotFoundError:
        return "tokenizers, which are not installed"


TWIN = "plain-Python twin of UAX #29"
SPLITTERS = (
    Splitter("words", "token_pattern of scikit-learn, by re", words),
    Splitter("whitespace", "str.split", whitespace),
    unicodes_own("words", "WordBreakTest.txt"),
    unicodes_own("sentences", "SentenceBreakTest.txt"),
    unicodes_own("graphemes", "GraphemeBreakTest.txt"),
    Splitter("unicode words", TWIN, unicode("words"), share=0.001, longest=200),
    Splitter("unicode sentences", TWIN, unicode("sentences"), share=0.001, longest=200),
    Splitter("unicode graphemes", TWIN, unicode("graphemes"), share=0.001, longest=200),
    Splitter("regex", f"regex {version('regex')}, {PATTERN}".replace("|", "&#124;"), regex, share=0.1),
    Splitter("subword", _tokenizers("WordPiece"), subword("WordPiece"), share=0.05, slow=True),
    Splitter("subword", _tokenizers("byte-level BPE"), subword("BPE"), share=0.05, slow=True),
    Splitter("tweet", _nltk("TweetTokenizer"), tweet, share=0.01, slow=True),
    Splitter("treebank", _nltk("word_tokenize"), treebank, share=0.01, slow=True),
    Splitter("treebank, classic", _nltk("TreebankWordTokenizer"), classic, share=0.01, slow=True),
    Splitter("punkt sentences", _nltk("PunktTokenizer"), punkt, share=0.01, slow=True),
)


def compare(unit: tuple[str, str, float]) -> Found:
    """One splitter on one data set."""
    name, data_set, share = unit
    splitter = next(each for each in SPLITTERS if f"{each.name} {each.reference}" == name)
    ours, theirs = splitter.sides()
    found = Found(name, data_set)
    # a seed of its own for each set, the same for every splitter: hash() differs from process to process
    chance = random.Random(zlib.crc32(data_set.encode()))
    every = splitter.texts() if splitter.texts else texts_of(data_dir() / data_set)
    chosen = (text[: splitter.longest] for text in every if share >= 1 or chance.random() < share)
    started = time.perf_counter()
    while batch := list(islice(chosen, BATCH)):
        batch = [text for text in batch if is_unicode(text, found)]
        for text, got in zip(batch, ours(batch), strict=True):
            found.megabytes += len(text.encode()) / 1e6
            try:
                wanted = theirs(text)
            except TimeoutError as error:
                found.given_up.append(f"{data_set}, a text of {len(text):,} characters: {error}")
                continue
            found.texts += 1
            if got != wanted:
                found.different += 1
                if len(found.examples) < SHOWN:
                    found.examples.append(f"{data_set}: {text[:300]!r}\n  {difference(got, wanted)}")
    found.seconds = time.perf_counter() - started
    return found


def is_unicode(text: str, found: Found) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        found.refused += 1
        return False
    return True


def difference(got: list[str], wanted: list[str]) -> str:
    at = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), min(len(got), len(wanted)))
    return f"piece {at}: wanted {wanted[at : at + 3]!r}, got {got[at : at + 3]!r}"


def share_for(minutes: float, sets: list[str]) -> float:
    """Which share of all texts the slow splitters get through in that time, by their speed on a sample."""
    slow = [splitter for splitter in SPLITTERS if splitter.slow]
    sample = random.Random(13).sample(sets, min(4, len(sets)))
    some = [compare((f"{each.name} {each.reference}", name, 0.002)) for each in slow for name in sample]
    rate = sum(each.megabytes for each in some) / max(sum(each.seconds for each in some), 1e-9)
    total = sum(len(text.encode(errors="replace")) for name in sets for text in texts_of(data_dir() / name)) / 1e6
    return min(1.0, minutes * 60 * PROCESSES * rate / (len(slow) * total))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--share", type=float, help="share of the texts for references that are slow")
    parser.add_argument("--minutes", type=float, help="as large a share as fits into this time, about")
    parser.add_argument("--only", action="append", help="a splitter, by its name; may be given several times")
    parser.add_argument("--sets", action="append", help="a data set; may be given several times")
    chosen = parser.parse_args(arguments)
    sets = chosen.sets or data_sets(data_dir())
    share = share_for(chosen.minutes, sets) if chosen.minutes else chosen.share
    lines = [each for each in SPLITTERS if not chosen.only or each.name in chosen.only]
    shares = {each: share if each.slow and share is not None else each.share for each in lines}
    units = [
        (f"{each.name} {each.reference}", name, shares[each])
        for each in lines
        for name in (["Unicode's own lines"] if each.texts else sets)
    ]
    found: list[Found] = []
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for done in pool.imap_unordered(compare, units):
            found.append(done)
            print(f"{done.splitter}: {done.data_set}: {done.texts:,} texts, {done.different} differ", flush=True)
    table = "\n".join(report(lines, shares, found, len(sets)))
    print("\n" + table)
    different = sum(each.different for each in found)
    if not chosen.only and not chosen.sets:
        PROOF.write_text(f"{head(found)}\n{table}\n", encoding="utf-8")
    print(f"{different} texts differ" if different else "no text differs")
    return 1 if different else 0


def head(found: list[Found]) -> str:
    minutes = sum(each.seconds for each in found) / 60
    return (
        "# Proof\n\n"
        f"Made by `make prove` on {time.strftime('%Y-%m-%d', time.gmtime())}, textmill {version('textmill')},"
        f" {machine()}; {minutes:.0f} minutes of work. A text is a cell, a string of JSON or a paragraph of a file; a"
        " share below 1 is a sample with a seed.\n"
    )


def report(lines: list[Splitter], shares: dict[Splitter, float], found: list[Found], n_sets: int) -> Iterator[str]:
    yield "| splitter | reference | data sets | texts | share | MB | differences |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    notes = []
    for line in lines:
        of_it = [each for each in found if each.splitter == f"{line.name} {line.reference}"]
        sets = "" if line.texts else f"{sum(each.texts > 0 for each in of_it)} of {n_sets}"
        share = f"{shares[line]:.3g}" if shares[line] < 1 else "all"
        share += f", first {line.longest} characters" if line.longest else ""
        different = sum(each.different for each in of_it)
        mark = "**" if different else ""
        yield (
            f"| {line.name} | {line.reference} | {sets} | {sum(each.texts for each in of_it):,} | {share} |"
            f" {sum(each.megabytes for each in of_it):,.1f} | {mark}{different}{mark} |"
        )
        given_up = [text for each in of_it for text in each.given_up]
        if given_up:
            notes.append(f"- {line.name}: the reference gave up on {len(given_up)} texts: {'; '.join(given_up[:20])}")
        notes += [f"- {line.name}: {example}" for each in of_it for example in each.examples[:SHOWN]]
    refused = max(sum(each.refused for each in found if each.splitter == name) for name in {f.splitter for f in found})
    if refused:
        notes.append(f"- {refused} strings hold a lone surrogate, are no Unicode texts, and are refused")
    yield from (["", *notes] if notes else [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
