"""A first look at a source: which column is the text, which the label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textmill.errors import DataError, SourceError
from textmill.read.dialect import Dialect, sniff
from textmill.read.encoding import to_utf8
from textmill.read.labels import label_text
from textmill.read.piece import Seen
from textmill.read.source import Source, find_files, opened, raw_blocks

__all__ = ["Proposal", "propose"]

_ROWS = 5000
_BYTES = 4 << 20
_TEXT = ("text", "message", "review", "tweet", "body", "content", "comment", "headline", "sentence", "description",
         "question", "title", "document", "post", "abstract", "sms", "v2")  # fmt: skip
_LABEL = ("label", "target", "class", "sentiment", "category", "labels", "y", "topic", "spam", "polarity", "v1")
_PAIRS = (("question1", "question2"), ("sentence1", "sentence2"), ("text1", "text2"), ("text_a", "text_b"),
          ("sentence_a", "sentence_b"), ("premise", "hypothesis"))  # two texts that are labelled together  # fmt: skip
_BETWEEN = (";", "|", ",")  # labels in one text
_OFTEN = 0.02  # of the rows have more than one label, where a text may have several
_ID = ("id", "uid", "uuid", "key", "index", "row_id", "tweet_id", "docid", "doc_id")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a source seems to be.

    Attributes
    ----------
    columns : names for the columns of a CSV file without a header, else None
    why : a sentence for each choice
    names : all columns
    partly : whether there may be more rows than those that were looked at
    several : whether a text seems to have several labels, or none
    separator : what stands between them, if they are one text
    second : the column of the other text, if a row seems to hold a pair of them
    """

    source: str
    format: str
    text: str
    label: str
    id: str | None
    columns: tuple[str, ...] | None
    names: tuple[str, ...]
    encoding: str | None
    delimiter: str | None
    rows_seen: int
    why: tuple[str, ...]
    partly: bool = False
    several: bool = False
    separator: str | None = None
    second: str | None = None


def propose(path: Path) -> Proposal:
    """Look at the first rows of a source, 5,000 at most, and say which column seems to be what.

    Raises
    ------
    SourceError : if it cannot be opened or holds no row
    DataError : if no column looks like a text, or none like a label
    """
    where = str(path)
    found = find_files(where, Path())
    first = found[0]
    if first.format == "folder":
        return _folder(first, where)
    seen = Seen(first.format)
    columns: tuple[str, ...] | None = None
    if first.format == "csv":
        names, rows, columns = _csv(first, seen)
    else:
        rows = _json(first, seen) if first.format == "jsonl" else _table(first)
        names = list(dict.fromkeys(name for row in rows for name in row))
    if not rows:
        raise SourceError("there is no row to look at", where=where)
    values = {name: [row.get(name) for row in rows] for name in names}
    pair = _pair(values)
    text, said_text = _text(values, where) if pair is None else (pair[0], _said_of_pair(values, pair))
    texts = (text,) if pair is None else pair
    partly = _partly(seen, len(rows)) or len(found) > 1
    label, said_label, labels = _label(values, texts, where, partly)
    id, said_id = _id(values, (*texts, label), partly)
    why = [said_text, said_label, said_id]
    if columns is not None:
        why.insert(0, "The first row looks like data, not like names: the columns were given names.")
    return Proposal(
        where,
        first.format,
        text,
        label,
        id,
        columns,
        tuple(names),
        seen.encoding,
        seen.delimiter,
        len(rows),
        tuple(why),
        partly,
        labels is not None,
        labels.separator if labels is not None else None,
        None if pair is None else pair[1],
    )


def _folder(source: Source, where: str) -> Proposal:
    labels = sorted(p.name for p in source.path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(labels) < 2:
        raise DataError(
            f"the folder has {len(labels)} sub-folders", where=where, wanted="two or more, one for each label"
        )
    said = ", ".join(labels[:5]) + (" ..." if len(labels) > 5 else "")
    why = (f"Each of the {len(labels)} sub-folders is a label: {said}.", "Each file is a text, its name the id.")
    return Proposal(where, "folder", "text", "label", None, None, ("text", "label"), None, None, 0, why)


def _start(source: Source, seen: Seen) -> bytes:
    taken = b""
    with opened(source.path, source.where) as file:
        blocks = raw_blocks(file, source.where)
        for block in to_utf8(blocks, "auto", where=source.where, said=seen.encoded):
            taken += block
            if len(taken) >= _BYTES:
                seen.cut = True
                break
    if seen.encoding is None:
        seen.encoded("utf-8", None)
    return taken


def _csv(source: Source, seen: Seen) -> tuple[list[str], list[dict[str, Any]], tuple[str, ...] | None]:
    taken = _start(source, seen)
    tabbed = source.where.lower().removesuffix(".gz").endswith((".tsv", ".tab"))
    seen.delimiter = sniff(taken[: 1 << 16], hint="\t" if tabbed else None)
    found = [
        [f.decode("utf-8", "replace") for f in r.fields] for r in islice(Dialect(seen.delimiter).rows(taken), _ROWS)
    ]
    if not found:
        raise SourceError("the file is empty", where=source.where)
    head, rows = [name.strip() for name in found[0]], found[1:]
    columns = None
    if not _is_header(head, rows):
        rows = found
        columns = _named(rows, len(head))
        head = list(columns)
    if len(taken) >= _BYTES:
        rows = rows[:-1]  # cut in the middle
    return head, [dict(zip(head, row, strict=True)) for row in rows if len(row) == len(head)], columns


def _is_header(head: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    known = {*_TEXT, *_LABEL, *_ID, *chain.from_iterable(_PAIRS)}
    if any(name.lower() in known for name in head):
        return True
    if any(not name or len(name) > 40 or _is_number(name) for name in head) or len(set(head)) < len(head):
        return False
    # a label at the head that comes again below is no name
    return not any(row[place] == name for row in rows for place, name in enumerate(head) if place < len(row))


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _named(rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    columns = {str(place): [row[place] for row in rows if len(row) == width] for place in range(width)}
    text, _ = _text(columns, "the file")
    try:
        label, _, _ = _label(columns, (text,), "the file", True)
    except DataError:
        label = ""
    return tuple({text: "text", label: "label"}.get(name, f"column_{int(name) + 1}") for name in columns)


def _json(source: Source, seen: Seen) -> list[dict[str, Any]]:
    taken = _start(source, seen)
    rows = []
    for line in islice(taken.split(b"\n"), _ROWS):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the run will tell of it
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _table(source: Source) -> list[dict[str, Any]]:
    import pyarrow as pa

    from textmill.read.tables import file_pieces

    rows: list[dict[str, Any]] = []
    for piece in file_pieces(source.path, source.format, None, where=source.where):
        batch: pa.RecordBatch = piece.batch
        rows += batch.slice(0, _ROWS - len(rows)).to_pylist()
        if len(rows) >= _ROWS:
            break
    return rows


def _text(values: dict[str, list[Any]], where: str) -> tuple[str, str]:
    best, best_score, best_length = None, 0.0, 0.0
    for name, column in values.items():
        texts = [value for value in column if isinstance(value, str) and value.strip()]
        if len(texts) < len(column) / 2:
            continue
        length = sum(map(len, texts)) / len(texts)
        links = sum(text.startswith(("http://", "https://")) for text in texts) / len(texts)
        alike = len(set(texts)) / len(texts)
        numbers = sum(map(_is_number, texts[:200])) / len(texts[:200])
        score = length * alike * (1 - links) * (1 - numbers) * (4 if name.lower() in _TEXT else 1)
        if score > best_score:
            best, best_score, best_length = name, score, length
    if best is None:
        raise DataError("no column looks like a text", where=where, got=", ".join(values))
    return best, f"{best!r} is the text: {best_length:,.0f} characters on average."


def _pair(values: dict[str, list[Any]]) -> tuple[str, str] | None:
    """Two columns of texts whose names say that they belong together."""
    known = {name.lower(): name for name in values}
    for pair in _PAIRS:
        names = [known[one] for one in pair if one in known]
        if len(names) == 2 and all(2 * len(_strings(values[name])) >= len(values[name]) for name in names):
            return names[0], names[1]
    return None


def _strings(column: list[Any]) -> list[str]:
    return [value for value in column if isinstance(value, str) and value.strip() and not _is_number(value)]


def _said_of_pair(values: dict[str, list[Any]], pair: tuple[str, str]) -> str:
    first, second = (sum(map(len, texts)) / len(texts) for texts in (_strings(values[name]) for name in pair))
    return f"{pair[0]!r} and {pair[1]!r} are a pair of texts: {first:,.0f} and {second:,.0f} characters on average."


def _partly(seen: Seen, rows: int) -> bool:
    """Whether more rows may follow than were looked at."""
    return rows >= _ROWS - 1 or seen.cut


@dataclass(frozen=True, slots=True)
class _Several:
    """What several labels of a row look like: lists, or a text with a separator."""

    rows: list[list[str]]
    separator: str | None


def _label(
    values: dict[str, list[Any]], texts: Sequence[str], where: str, partly: bool
) -> tuple[str, str, _Several | None]:
    found: list[tuple[tuple[bool, bool, int], str, list[str], _Several | None]] = []
    for name, column in values.items():
        if name in texts:
            continue
        several = _several(column)
        try:
            labels = [label for value in column if (label := label_text(value)) is not None] if several is None else []
        except TypeError:
            continue
        said = len(labels) if several is None else len(several.rows)
        labels = labels if several is None else [label for row in several.rows for label in row]
        kinds = sorted(set(labels))
        named = name.lower() in _LABEL  # a file sorted by label shows one value at first
        few = (1 if named else 2) <= len(kinds) <= max(2, min(200, len(labels) // 2))
        if few and said > len(column) / 2 and (named or max(map(len, kinds)) <= 60):
            found.append(((not named, several is not None, len(kinds)), name, kinds, several))
    if not found:
        raise DataError(
            "no column looks like a label, with few values that repeat",
            where=where,
            got=", ".join(values),
            hint="Write mill.toml by hand to name one.",
        )
    _, name, kinds, several = min(found, key=lambda one: one[:2])
    listed = ", ".join(kinds[:6]) + (" ..." if len(kinds) > 6 else "")
    there = "1 value" if len(kinds) == 1 else f"{len(kinds)} values"
    more = " so far" if partly else ""
    if several is None:
        lists = "; they look like JSON lists, each of which is one class in a text: wanted JSON Lines, or a separator"
        return name, f"{name!r} is the label: {there}{more} ({listed}){lists if _are_lists(kinds) else ''}.", None
    how = "lists" if several.separator is None else f"with {several.separator!r} between them"
    return name, f"{name!r} holds the labels, several a text ({how}): {there}{more} ({listed}).", several


def _are_lists(texts: Sequence[str]) -> bool:
    return all(text.startswith("[") and text.endswith("]") for text in map(str.strip, texts))


def _several(column: list[Any]) -> _Several | None:
    """The labels of each row, if they look like several: lists, or texts whose parts are put together anew and anew.

    A separator inside of the name of a class, as in "Law, crime", stands between the same parts each time.
    """
    given = [value for value in column if value is not None and value != ""]
    if not given:
        return None
    if all(isinstance(value, (list, tuple)) for value in given):
        try:
            rows = [[label for one in value if (label := label_text(one)) is not None] for value in given]
        except TypeError:
            return None
        return _Several(rows, None)
    if not all(isinstance(value, str) for value in given) or _are_lists(given):
        return None
    for separator in _BETWEEN:
        rows = [[part for one in value.split(separator) if (part := one.strip())] for value in given]
        lists = {tuple(row) for row in rows if len(row) > 1}
        parts = {part for row in rows for part in row}
        beside = {part: {row for row in map(tuple, rows) if part in row} for row in lists for part in row}
        mixed = sum(len(found) > 1 for found in beside.values())
        often = sum(len(row) > 1 for row in rows) >= _OFTEN * len(rows)
        if lists and often and 2 * mixed > len(beside) and len(parts) <= len({*map(tuple, rows)}):
            return _Several(rows, separator)
    return None


def _id(values: dict[str, list[Any]], taken: Sequence[str], partly: bool) -> tuple[str | None, str]:
    for name, column in values.items():
        named = name.lower() in _ID or name.lower().endswith("_id")
        if named and name not in taken and all(isinstance(value, (str, int)) for value in column):
            ids = {label_text(value) for value in column}
            if None not in ids and len(ids) == len(column):
                if partly:
                    return None, f"{name!r} may be the id; name it as id if no value comes twice in all rows."
                return name, f"{name!r} is the id: no value comes twice."
    return None, "No column is an id: a row's number is."
