"""Plain text, one text a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from textmill.errors import RecordError
from textmill.read.piece import MAX_ROW, Piece, Wanted

__all__ = ["line_pieces"]


def line_pieces(blocks: Iterator[bytes], wanted: Wanted, *, where: str, file: str | None = None) -> Iterator[Piece]:
    """The lines of a file as a single column of bytes, named as the text column; their encoding is checked later.

    Raises
    ------
    RecordError : if a line is longer than 64 MiB
    """
    row = 0
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            piece = _piece(b"".join([*parts, block[:end]]), wanted, row, file)
            row += piece.n_seen
            yield piece
            parts, size = [], 0
        parts.append(block[end:])
        size += len(block) - end
        if size > MAX_ROW:
            raise RecordError("the line is longer than 64 MiB", source=where, row=row + 1)
    if size:
        yield _piece(b"".join(parts), wanted, row, file)


def _piece(block: bytes, wanted: Wanted, before: int, file: str | None) -> Piece:
    lines = [line.removesuffix(b"\r") for line in block.removesuffix(b"\n").split(b"\n")]

    def raw(places: Sequence[int]) -> list[str]:
        return [lines[place].decode("utf-8", "backslashreplace") for place in places]

    batch = pa.record_batch([pa.array(lines, pa.large_binary())], names=[*wanted.texts])
    return Piece(batch, np.arange(before + 1, before + 1 + len(lines), dtype=np.int64), raw, (), file)
