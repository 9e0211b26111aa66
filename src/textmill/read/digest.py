"""What a corpus is, in 64 hexadecimal digits: its content, and nothing of how it came."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["Digest"]


class Digest:
    """SHA-256 over the ordered content of id, text and label, whatever the file, the format and the batches.

    Each column gives two hashes, of its bytes one after the other and of the lengths of its values; the digest is
    the hash of these.

    Examples
    --------
    >>> def rows(*parts):
    ...     digest = Digest()
    ...     for ids, texts in parts:
    ...         digest.add({"id": pa.array(ids), "text": pa.array(texts)})
    ...     return digest.hexdigest()
    >>> rows((["1", "2"], ["ab", "c"])) == rows((["1"], ["ab"]), (["2"], ["c"]))
    True
    >>> rows((["1", "2"], ["ab", "c"])) == rows((["1", "2"], ["a", "bc"]))
    False
    """

    def __init__(self) -> None:
        self.n_rows = 0
        self._hashes: dict[str, tuple[Any, Any]] = {}

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Add rows: arrays of string or large_string without nulls, of one length."""
        for name, column in columns.items():
            data_hash, length_hash = self._hashes.setdefault(name, (hashlib.sha256(), hashlib.sha256()))
            wide = column.type == pa.large_string()
            _, offsets_buffer, data = column.buffers()
            if len(column) == 0:
                continue
            offsets = np.frombuffer(offsets_buffer, dtype=np.int64 if wide else np.int32)
            offsets = offsets[column.offset : column.offset + len(column) + 1]
            length_hash.update(np.diff(offsets).astype("<i8"))
            if data is not None:
                data_hash.update(memoryview(data)[int(offsets[0]) : int(offsets[-1])])
        self.n_rows += len(columns["text"])

    def hexdigest(self) -> str:
        """The digest of all rows so far, 64 hexadecimal digits."""
        whole = hashlib.sha256(b"textmill corpus 1\n%d rows\n" % self.n_rows)
        for name in ("id", "text", "label"):
            if name in self._hashes:
                data_hash, length_hash = self._hashes[name]
                whole.update(f"{name} {data_hash.hexdigest()} {length_hash.hexdigest()}\n".encode())
        return whole.hexdigest()
