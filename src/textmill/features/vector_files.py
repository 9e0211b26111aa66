"""Word vectors in files: word2vec's text and binary, GloVe's text."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from textmill.errors import DataError, SourceError

__all__ = ["read_vectors"]

_LONGEST_WORD = 4096  # bytes
_BLOCK = 1 << 20


def read_vectors(path: Path, wanted: Mapping[str, int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The vectors of some words; a file may hold millions, of which only those are kept.

    Which form the file has is seen in it: a first line of two numbers is word2vec's, and what follows it is binary if
    it is no text; else it is GloVe's. A name that ends in ``.gz`` is unpacked. Of a word that is there twice the first
    counts.

    Parameters
    ----------
    wanted : word -> its row in the result

    Returns
    -------
    vectors : float32 (n_wanted, width), zeros where a word is not in the file
    found : bool (n_wanted,)

    Raises
    ------
    SourceError : if the file cannot be read
    DataError : if it is none of these, or is cut short; with the line or the word

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "glove.txt"
    ...     _ = path.write_text("fire 0.5 1\\nsun 2 3\\n")
    ...     vectors, found = read_vectors(path, {"sun": 0, "moon": 1})
    >>> vectors.tolist(), found.tolist()
    ([[2.0, 3.0], [0.0, 0.0]], [True, False])
    """
    with _opened(path) as file:
        first = file.readline(_BLOCK)
        head = first.split()
        counted = len(head) == 2 and all(part.isdigit() for part in head)
        if not counted:
            file.seek(0)
            return _gathered(_of_text(file, None, path), wanted, path)
        n, width = map(int, head)
        if not width:
            raise DataError("its word vectors hold no number", where=str(path))
        start = file.tell()
        is_text = _is_text(file.read(_BLOCK))
        file.seek(start)
        rows = _of_text(file, width, path, n) if is_text else _of_binary(file, n, width, path)
        return _gathered(rows, wanted, path)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with cast(BinaryIO, gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"the word vectors cannot be read: {said}", where=str(path)) from error


def _is_text(block: bytes) -> bool:
    """Whether a block of bytes, cut anywhere, is lines of words and numbers."""
    line = block.partition(b"\n")[0].split()
    try:
        [float(part) for part in line[1:]]
    except ValueError:
        return False
    return len(line) > 1


Row = tuple[bytes, NDArray[np.float32]]


def _of_text(file: BinaryIO, width: int | None, path: Path, n: int = 0) -> Iterator[Row]:
    first = 1 if width is None else 2
    number = first - 1
    for number, line in enumerate(file, first):
        parts = line.rstrip().split(b" ")
        width = len(parts) - 1 if width is None else width
        word, values = b" ".join(parts[:-width]), parts[-width:]  # some files have words with blanks
        try:
            vector = np.array(values, np.float64).astype(np.float32)
        except ValueError:
            vector = np.zeros(0, np.float32)
        if width < 1 or len(vector) != width or not word:
            raise DataError(
                "these are no word vectors",
                where=f"{path}, line {number}",
                wanted=f"a word and {width or 'some'} numbers",
                got=repr(line[:60].decode(errors="replace")),
            )
        yield word, vector
    if (there := number - first + 1) < n:
        raise DataError("the word vectors are cut short", where=str(path), wanted=f"{n:,}", got=f"{there:,}")


def _of_binary(file: BinaryIO, n: int, width: int, path: Path) -> Iterator[Row]:
    rest = b""
    for number in range(n):
        while (end := rest.find(b" ")) < 0 or len(rest) < end + 1 + 4 * width:
            more = file.read(_BLOCK)
            if not more or (end < 0 and len(rest) > _LONGEST_WORD):
                raise DataError("the word vectors are cut short", where=str(path), wanted=f"{n:,}", got=f"{number:,}")
            rest += more
        begin = end + 1
        yield rest[:end].lstrip(b"\n"), np.frombuffer(rest[begin : begin + 4 * width], "<f4")
        rest = rest[begin + 4 * width :]


def _gathered(
    rows: Iterator[Row], wanted: Mapping[str, int], path: Path
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    keys = {word.encode(): row for word, row in wanted.items()}
    found = np.zeros(len(wanted), bool)
    vectors: NDArray[np.float32] | None = None
    for word, vector in rows:
        if vectors is None:
            vectors = np.zeros((len(wanted), len(vector)), np.float32)
        row = keys.get(word)
        if row is not None and not found[row]:
            vectors[row], found[row] = vector, True
    if vectors is None:
        raise DataError("there is no word vector in it", where=str(path))
    if not np.isfinite(vectors).all():
        raise DataError("a word vector holds what is no number", where=str(path))
    return vectors, found
