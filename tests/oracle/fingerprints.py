"""A plain-Python twin of `_native.fingerprints`: other numbers, the same texts equal."""

from __future__ import annotations

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

LINK = re.compile(r"(?:[hH][tT][tT][pP][sS]?://|[wW]{3}\.)\S+")


def loose(text: str) -> str:
    """The text without links, case and punctuation; a text with nothing else stays as it is."""
    return " ".join(re.findall(r"\w+", LINK.sub("", text).lower())) or text


def fingerprints(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], is_loose: bool, threads: int
) -> NDArray[np.uint64]:
    raw = bytes(data)
    texts = [raw[a:b].decode() for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    hashes = [hashlib.blake2b((loose(t) if is_loose else t).encode(), digest_size=16).digest() for t in texts]
    return np.frombuffer(b"".join(hashes), dtype="<u8").reshape(-1, 2).copy()
