"""A folder of texts: a sub-folder is a label, a file a text, its path the id."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from textmill.errors import SourceError
from textmill.read.encoding import to_utf8
from textmill.read.piece import BLOCK, MAX_ROW, Piece, Seen, Wanted
from textmill.read.reject import Rejected
from textmill.read.source import os_sentence

__all__ = ["folder_pieces"]


def folder_pieces(path: Path, wanted: Wanted, *, where: str, encoding: str, seen: Seen) -> Iterator[Piece]:
    """The texts of a folder, ordered by label and name; hidden files are left out.

    The columns are called as `wanted` calls them; a file's id is its path below the folder, such as ``spam/3.txt``.

    Raises
    ------
    SourceError : if there is no text, or no sub-folder although labels are wanted
    """
    files = list(_files(path, where))
    if not files:
        raise SourceError("the folder holds no file", where=where)
    if wanted.labels and all(label is None for label, _, _ in files):
        raise SourceError("the folder has no sub-folders", where=where, wanted="one for each label, with texts in it")
    batch = _Batch(wanted)
    for number, (label, id, file) in enumerate(files, start=1):
        try:
            if file.stat().st_size > MAX_ROW:
                raise SourceError("the file is larger than 64 MiB", where=str(file))
            data = file.read_bytes()
        except OSError as error:
            raise os_sentence(error, str(file)) from error
        text = b"".join(to_utf8(iter([data]), encoding, where=str(file), said=seen.encoded))
        batch.add(number, label, id, text, str(file.relative_to(path)))
        if batch.size >= BLOCK:
            yield batch.piece()
            batch = _Batch(wanted)
    if batch.rows or batch.bad:
        yield batch.piece()


def _files(path: Path, where: str) -> Iterator[tuple[str | None, str, Path]]:
    try:
        tops = sorted((e for e in os.scandir(path) if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise os_sentence(error, where) from error
    for top in tops:
        if top.is_dir():
            for file in sorted(Path(top.path).rglob("*")):
                inside = file.relative_to(top.path)
                if file.is_file() and not any(part.startswith(".") for part in inside.parts):
                    # the same name may stand in two sub-folders, so the sub-folder is part of the id
                    yield top.name, file.relative_to(path).as_posix(), file
        elif top.is_file():
            yield None, top.name, Path(top.path)


class _Batch:
    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.rows: list[int] = []
        self.ids: list[str] = []
        self.texts: list[bytes] = []
        self.labels: list[str | None] = []
        self.names: list[str] = []
        self.bad: list[Rejected] = []
        self.size = 0

    def add(self, row: int, label: str | None, id: str, text: bytes, name: str) -> None:
        try:
            id.encode(), (label or "").encode()
        except UnicodeEncodeError:  # a file name in another encoding
            self.bad.append(Rejected(row, "broken file name", repr(name)))
            return
        self.rows.append(row)
        self.ids.append(id)
        self.texts.append(text)
        self.labels.append(label)
        self.names.append(name)
        self.size += len(text)

    def piece(self) -> Piece:
        columns = {
            self.wanted.id or "id": pa.array(self.ids, pa.string()),
            self.wanted.texts[0]: pa.array(self.texts, pa.large_binary()),
        }
        for name in self.wanted.labels:
            columns[name] = pa.array(self.labels, pa.string())
        names = self.names

        def raw(places: Sequence[int]) -> list[str]:
            return [names[place] for place in places]

        return Piece(
            pa.record_batch(list(columns.values()), names=list(columns)), np.array(self.rows, np.int64), raw, self.bad
        )
