"""Every text of the data folder, whatever the file it stands in."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LONG = 5_000  # characters from which on a paragraph is taken line by line


def data_sets(folder: Path) -> list[str]:
    """The folders of the data sets, in order."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def texts_of(folder: Path) -> Iterator[str]:
    """The texts of one data set.

    A text is a cell of a CSV file, a string anywhere in JSON, or a paragraph of any other file (where one is longer
    than `LONG`, each of its lines); packed files are opened, and what is not UTF-8 is read as Latin-1.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield from _texts(path.name, path.read_bytes())


def _texts(name: str, data: bytes) -> Iterator[str]:
    kind = name.rsplit(".", 1)[-1].lower()
    if kind == "gz":
        yield from _texts(name[:-3], gzip.decompress(data))
    elif kind == "bz2":
        yield from _texts(name[:-4], bz2.decompress(data))
    elif kind == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in sorted(archive.namelist()):
                if not member.endswith("/"):
                    yield from _texts(member.rsplit("/", 1)[-1], archive.read(member))
    elif b"\0" not in data:  # else it is no text
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        if kind == "csv":
            csv.field_size_limit(1 << 30)
            for row in csv.reader(io.StringIO(text, newline="")):
                yield from filter(None, row)
        elif kind in ("json", "jsonl"):
            yield from _strings_of(text)
        else:
            yield from _paragraphs(text)


def _strings_of(text: str) -> Iterator[str]:
    try:
        documents = [json.loads(text)]
    except json.JSONDecodeError:  # one a line
        documents = [json.loads(line) for line in text.split("\n") if line.strip()]
    for document in documents:
        yield from _strings(document)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if len(paragraph) > LONG:
            yield from filter(None, paragraph.split("\n"))
        elif paragraph:
            yield paragraph
