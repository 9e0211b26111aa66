"""JSON that says its format first and its own digest last, so that one changed byte is found before it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from textmill.errors import CorruptError, DataError, FormatError
from textmill.types import canonical_json

__all__ = ["seal", "unseal"]


def seal(body: Mapping[str, Any], *, format: int, where: str) -> bytes:
    """`body` as JSON with its format and digest.

    Raises
    ------
    DataError : if a value is none of JSON's, or a number is not finite

    Examples
    --------
    >>> unseal(seal({"a": 1}, format=1, where="demo"), format=1, where="demo")
    {'a': 1}
    """
    try:
        plain = {"format": format, **body}
        digest = hashlib.sha256(canonical_json(plain)).hexdigest()
        return _render({**plain, "digest": digest})
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"this cannot be kept as JSON: {error}", where=where) from error


def unseal(raw: bytes, *, format: int, where: str) -> dict[str, Any]:
    """What `seal` was given.

    Raises
    ------
    FormatError : if it was written in a newer format
    CorruptError : if it is not, to the byte, what `seal` wrote
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CorruptError(
            "it is no JSON", where=where, hint="Restore it from a copy, or run the project again with --force."
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("format"), int) or isinstance(found["format"], bool):
        raise CorruptError("it does not say its format", where=where)
    if found["format"] != format:
        raise FormatError(
            "another version of textmill wrote this",
            where=where,
            wanted=f"format {format}",
            got=f"format {found['format']}",
            hint="Update textmill to read it." if found["format"] > format else None,
        )
    digest = found.pop("digest", None)
    try:
        right = hashlib.sha256(canonical_json(found)).hexdigest()
        # parsing forgets blanks and doubled keys; writing it again does not
        same = right == digest and _render({**found, "digest": digest}) == raw
    except ValueError:  # NaN, or half a surrogate pair: not written by us
        same = False
    if not same:
        raise CorruptError(
            "its checksum is wrong: it was changed after it was written",
            where=where,
            hint="Restore it from a copy, or run the project again with --force.",
        )
    del found["format"]
    return found


def _render(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"
