"""Texts through a model, given one by one or line by line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from textmill.cli.terminal import plain
from textmill.errors import DataError, SourceError
from textmill.types import beside, parts

if TYPE_CHECKING:
    from textmill.flow.labelling import OpenModel
    from textmill.types import LabelSets, Prediction, Ref

__all__ = ["label_texts", "pairs_typed", "typed"]

_UNSURE = "?"  # where the model leaves the answer open
_NONE = "-"  # where it says that none of its labels fits


def typed(text: str) -> str:
    """A text from the command line, if it is one.

    Raises
    ------
    DataError : if its bytes are no text in the terminal's encoding

    Examples
    --------
    >>> typed("café")
    'café'
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"byte {ord(text[error.start]) & 0xFF:#04x} begins no character",
            where="TEXT",
            wanted="text in UTF-8",
            hint="A file in another encoding can be read with --in FILE.",
        ) from error
    return text


def label_texts(opened: OpenModel, texts: Sequence[str], *, as_json: bool) -> None:
    """Print the label of each text, or of each line of standard input where there are no texts.

    A line is answered as soon as it is there; a stream of any length needs no more memory than a short one. Of pairs
    the two texts stand one after the other, or on a line with a tab between.

    Raises
    ------
    DataError : if the model is of pairs and the texts are none
    """
    batches = iter([[typed(text) for text in texts]]) if texts else _lines(sys.stdin.buffer)
    if opened.classifier.pairs:
        batches = iter([pairs_typed(texts)]) if texts else _pairs_of_lines(batches)
    answers = ((batch, opened.classifier.predict(batch)) for batch in batches)
    if as_json:
        _print_document(opened.ref, answers)
        return
    width = max(map(len, opened.classifier.classes)) if sys.stdout.isatty() else 0
    for batch, prediction in answers:
        for label, score, text in zip(prediction.labels, prediction.confidence.tolist(), batch, strict=True):
            said = _UNSURE if label is None else label or _NONE
            parts = (plain(said).ljust(width), f"{score:.3f}", plain(text))
            click.echo(("  " if width else "\t").join(parts))
        sys.stdout.flush()


def pairs_typed(texts: Sequence[str]) -> list[str]:
    r"""Texts from the command line, each two after each other as one pair.

    Raises
    ------
    DataError : if one has no other

    Examples
    --------
    >>> pairs_typed(["Is it raining?", "It pours."])
    ['Is it raining?\x1eIt pours.']
    """
    if len(texts) % 2:
        raise DataError(
            "the model is of pairs of texts, and the last text has no other",
            where="TEXT",
            wanted='two texts, as in "Is it raining?" "It pours."',
            got=f"{len(texts)}",
        )
    known = [typed(text) for text in texts]
    return list(map(beside, known[0::2], known[1::2]))


def _pairs_of_lines(batches: Iterator[list[str]]) -> Iterator[list[str]]:
    row = 0
    for batch in batches:
        pairs = []
        for line in batch:
            row += 1
            first, tab, second = line.partition("\t")
            if not tab or "\t" in second:
                raise SourceError(
                    "the model is of pairs of texts, and this line holds none",
                    where=f"standard input, line {row:,}",
                    wanted="two texts with a tab between",
                    hint="Rows with two columns can be read with --in FILE.",
                )
            pairs.append(beside(first, second))
        yield pairs


def _print_document(ref: Ref, answers: Iterable[tuple[list[str], Prediction | LabelSets]]) -> None:
    # one JSON document, written as it comes
    head = f'{{"model": {json.dumps(ref.name)}, "version": {ref.version}, "predictions": ['
    click.echo(head, nl=False)
    before = "\n"
    for batch, prediction in answers:
        scores = prediction.scores.astype("U32").astype(float).tolist()  # the fewest digits that give it back
        for text, answer, row in zip(batch, prediction.answers, scores, strict=True):
            both = parts(text)
            one = {
                "text": both if len(both) > 1 else text,
                **answer,
                "scores": dict(zip(prediction.classes, row, strict=True)),
            }
            click.echo(f"{before}  {json.dumps(one, ensure_ascii=False, allow_nan=False)}", nl=False)
            before = ",\n"
    click.echo("\n]}")


def _lines(stream: Any) -> Iterator[list[str]]:
    # whatever the pipe holds at once is one batch: nobody waits for a line that is not there yet
    kept: list[bytes] = []
    row = 0
    while chunk := stream.read1(2**20):
        head, found, rest = chunk.rpartition(b"\n")
        if not found:
            kept.append(chunk)
            continue
        lines = b"".join([*kept, head]).split(b"\n")
        kept = [rest]
        yield from _decoded(lines, row)
        row += len(lines)
    if any(kept):
        yield from _decoded([b"".join(kept)], row)


def _decoded(lines: list[bytes], before: int) -> Iterator[list[str]]:
    try:
        yield [line.decode().removesuffix("\r") for line in lines]
    except UnicodeDecodeError as failed:
        good: list[str] = []
        for row, line in enumerate(lines, before + 1):
            try:
                good.append(line.decode().removesuffix("\r"))
            except UnicodeDecodeError as error:
                if good:  # those before it are answered first
                    yield good
                raise SourceError(
                    f"this line is not UTF-8: byte {line[error.start]:#04x} begins no character",
                    where=f"standard input, line {row:,}",
                    hint="Convert it first, for example with: iconv -f latin1 -t utf-8",
                ) from error
        raise AssertionError("a line was no UTF-8, and then it was") from failed
