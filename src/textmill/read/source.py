"""Where rows lie: names become files, files become blocks of bytes, trouble becomes a sentence."""

from __future__ import annotations

import glob
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from textmill.errors import SourceError, closest
from textmill.read.ahead import ahead

__all__ = [
    "BLOCK",
    "SUFFIXES",
    "Source",
    "find_files",
    "format_of",
    "inflated",
    "is_pattern",
    "opened",
    "os_sentence",
    "raw_blocks",
]

BLOCK = 1 << 20
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
_FOREIGN = (
    (b"PK\x03\x04", "a zip or Excel file", "Save it as CSV, or unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Save it as CSV."),
    (b"BZh", "a bzip2 file", "Unpack it first."),
    (b"\xfd7zXZ", "an xz file", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "Unpack it first."),
    (b"SQLite format 3", "an SQLite data base", "Write the table to CSV or Parquet."),
    (b"%PDF-", "a PDF file", None),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a folder of texts, and its format."""

    path: Path
    format: str
    where: str  # as the user wrote it


def os_sentence(error: OSError, where: str, *, wanted: str = "a file") -> SourceError:
    """What the operating system said about a path, as one of our errors.

    Examples
    --------
    >>> import errno
    >>> str(os_sentence(FileNotFoundError(errno.ENOENT, "No such file"), "a.csv"))
    'a.csv: there is no such file'
    """
    if isinstance(error, FileNotFoundError):
        folder, name = Path(where).parent, Path(where).name
        try:
            near = closest(name, [p.name for p in sorted(folder.iterdir())[:5000]])
        except OSError:
            near = None
        return SourceError("there is no such file", where=where, hint=f"Did you mean {near!r}?" if near else None)
    if isinstance(error, PermissionError):
        return SourceError("there is no permission to read it", where=where)
    if isinstance(error, IsADirectoryError):
        return SourceError("this is a folder", where=where, wanted=wanted)
    if isinstance(error, NotADirectoryError):
        return SourceError("this is a file", where=where, wanted="a folder")
    return SourceError(f"it cannot be read: {(error.strerror or str(error)).lower()}", where=where)


def is_pattern(source: str) -> bool:
    """Whether a source may name several files.

    Examples
    --------
    >>> is_pattern("2026/*.csv"), is_pattern("rows.csv")
    (True, False)
    """
    return any(sign in source for sign in "*?[")


def find_files(source: str, folder: Path, format: str = "auto") -> list[Source]:
    """The files a source names, in order of their names; a folder of texts is one of them.

    Raises
    ------
    SourceError : if there is none, or a folder is where a file is wanted or the other way round
    """
    path = folder / source
    try:
        is_folder = path.is_dir()
        exists = path.exists()
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        raise SourceError("this is no name for a file", where=repr(source)) from error
    if is_folder:
        if format not in ("auto", "folder"):
            raise SourceError("this is a folder", where=source, wanted=f"a {format} file")
        return [Source(path, "folder", source)]
    if format == "folder":
        if exists:
            raise SourceError("this is a file", where=source, wanted="a folder whose sub-folders are the labels")
        raise SourceError("there is no such folder", where=source)
    if not exists and is_pattern(source):
        found = sorted(p for p in map(Path, glob.glob(str(path), recursive=True)) if p.is_file())
        if not found:
            raise SourceError("no file matches this pattern", where=source)
        return [Source(p, format_of(p, format, str(p)), _below(p, folder)) for p in found]
    return [Source(path, format_of(path, format, source), source)]


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def format_of(path: Path, format: str, where: str) -> str:
    """csv, jsonl, parquet or arrow: as asked, by the name's ending, or by the first bytes.

    Raises
    ------
    SourceError : if the file cannot be opened, is empty, or is of a kind that is not read
    """
    with opened(path, where) as file:
        try:
            start = file.read(4096)
        except OSError as error:
            raise os_sentence(error, where) from error
    if not start:
        raise SourceError("the file is empty", where=where)
    if format != "auto":
        return format
    for magic, kind, hint in _FOREIGN:
        if start.startswith(magic):
            raise SourceError(f"this is {kind}", where=where, wanted="csv, jsonl, parquet or arrow", hint=hint)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"ARROW1"):
        return "arrow"
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if suffixes and suffixes[-1] in SUFFIXES:
        return SUFFIXES[suffixes[-1]]
    if start.startswith(b"\x1f\x8b"):
        start = next(inflated(iter([start]), where, whole=False), b"")
    return "jsonl" if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def opened(path: Path, where: str) -> BinaryIO:
    """Open a file for reading.

    Raises
    ------
    SourceError : if it is missing, a folder, or may not be read
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise os_sentence(error, where) from error
    except ValueError as error:
        raise SourceError("this is no name for a file", where=repr(where)) from error


def raw_blocks(file: BinaryIO, where: str, read: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """The bytes of a file, gunzipped if they begin as gzip does; `read` is told how many were taken from the file."""

    def taken() -> Iterator[bytes]:
        while True:
            try:
                block = file.read(BLOCK)
            except OSError as error:
                raise os_sentence(error, where) from error
            if not block:
                return
            if read is not None:
                read(len(block))
            yield block

    blocks = taken()
    first = next(blocks, b"")
    if first.startswith(b"\x1f\x8b"):
        # inflating takes as long as all the rest and needs no GIL: it runs beside it
        yield from ahead(inflated(_chain(first, blocks), where), depth=4)
    else:
        yield from _chain(first, blocks)


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def inflated(blocks: Iterator[bytes], where: str, *, whole: bool = True) -> Iterator[bytes]:
    """Gunzip blocks, several members one after the other, never more than a block at a time.

    Raises
    ------
    SourceError : if the file is cut short (and `whole` is asked for) or damaged
    """
    machine = zlib.decompressobj(31)
    for block in blocks:
        rest = block
        while rest:
            if machine.eof:
                rest = rest.lstrip(b"\0")  # tape padding, as gzip itself allows
                if not rest:
                    break
                machine = zlib.decompressobj(31)
            try:
                out = machine.decompress(rest, BLOCK)
            except zlib.error as error:
                raise SourceError("the gzip file is damaged", where=where) from error
            rest = machine.unused_data if machine.eof else machine.unconsumed_tail
            if out:
                yield out
            elif not machine.eof and not rest:
                break
    while not machine.eof:
        out = machine.decompress(b"", BLOCK)
        if not out:
            break
        yield out
    if whole and not machine.eof:
        raise SourceError("the gzip file is cut short", where=where)
