"""Bytes of an unknown encoding -> UTF-8, block by block, deciding only when there is something to decide.

Pure ASCII is UTF-8 whatever was meant, so the first block with a high byte decides. Bytes that cannot be decoded are
passed on as bytes that are no UTF-8: the row they stand in is then rejected, and no other.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from textmill.errors import SourceError

__all__ = ["detect", "to_utf8", "utf8_share"]

_BOMS = (  # UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MULTIBYTE = re.compile(  # well-formed sequences of two to four bytes: Unicode, table 3-7
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_BROKEN = "\udcff"  # encodes with surrogatepass to three bytes that are no UTF-8


def utf8_share(block: bytes) -> tuple[int, int]:
    r"""How many well-formed multibyte sequences a block has, and how many high bytes outside of them.

    Examples
    --------
    >>> utf8_share("é".encode() + b" \xe9")
    (1, 1)
    """
    rest, sequences = _MULTIBYTE.subn(b"", block)
    return sequences, len(_HIGH.findall(rest))


def detect(block: bytes) -> tuple[str | None, int]:
    r"""What the first bytes say for themselves: (encoding or None, length of the byte order mark).

    Examples
    --------
    >>> detect(b"\xff\xfea\0")
    ('utf-16-le', 2)
    >>> detect("a,b".encode("utf-16-be"))
    ('utf-16-be', 0)
    >>> detect(b"a,b")
    (None, 0)
    """
    for mark, name in _BOMS:
        if block.startswith(mark):
            return name, len(mark)
    start = block[:4096]
    if len(start) >= 4 and b"\0" in start:
        even, odd = start[0::2].count(0), start[1::2].count(0)
        half = len(start) // 2
        # text in a Latin script has a zero in every other byte; a stray NUL in UTF-8 does not
        if odd > half * 0.4 and even < half * 0.05:
            return "utf-16-le", 0
        if even > half * 0.4 and odd < half * 0.05:
            return "utf-16-be", 0
    return None, 0


def to_utf8(
    blocks: Iterable[bytes],
    encoding: str,
    *,
    where: str,
    said: Callable[[str, str | None], None],
    again: Callable[[], Iterable[bytes]] | None = None,
) -> Iterator[bytes]:
    """The blocks in UTF-8, without a byte order mark.

    Parameters
    ----------
    encoding : a name Python knows, or "auto"
    said : told the encoding, and a note when it was a guess
    again : opens the blocks anew, to look further when the first high bytes leave a doubt

    Raises
    ------
    SourceError : if no encoding has that name
    """
    stream = iter(blocks)
    first = next(stream, b"")
    while len(first) < 4096 and (more := next(stream, None)) is not None:
        first += more
    found, mark = detect(first)
    if encoding != "auto":
        name = _known(encoding, where)
        # a mark is no text, whoever named the encoding
        first = first[mark:] if found is not None and name.startswith(found[:6]) else first
        if name in ("utf-16", "utf-32"):
            name = found if found is not None and found.startswith(name) else f"{name}-le"
        said(name, None)
        yield from _recoded(first, stream, name)
    elif found is not None:
        with_mark = "with a byte order mark" if mark else "seen by the zeros in its first bytes"
        said(found, f"{found}, {with_mark}" if found != "utf-8" or mark else None)
        yield from _recoded(first[mark:], stream, found)
    else:
        yield from _guessed(first, stream, said, again)


def _known(encoding: str, where: str) -> str:
    try:
        info = codecs.lookup(encoding)
    except LookupError as error:
        raise SourceError(
            f"no encoding is called {encoding!r}", where=where, hint="Known are utf-8, utf-16, cp1252, latin-1 ..."
        ) from error
    if not getattr(info, "_is_text_encoding", True):  # base64, zip ... have codecs too
        raise SourceError(f"{encoding!r} is no encoding of text", where=where)
    return {"iso8859-1": "latin-1", "utf-8-sig": "utf-8", "ascii": "utf-8"}.get(info.name, info.name)


def _guessed(
    first: bytes,
    stream: Iterator[bytes],
    said: Callable[[str, str | None], None],
    again: Callable[[], Iterable[bytes]] | None,
) -> Iterator[bytes]:
    block = first
    while block.isascii():
        yield block
        following = next(stream, None)
        if following is None:
            said("utf-8", None)
            return
        block = following
    following = next(stream, None)
    name = "utf-8" if _is_utf8(block, following is None, again) else "cp1252"
    note = "the bytes are no UTF-8 and were read as Windows-1252, which Latin-1 is a part of"
    said(name, None if name == "utf-8" else note)
    yield from _recoded(block, iter(()) if following is None else chain([following], stream), name)


def _is_utf8(block: bytes, final: bool, again: Callable[[], Iterable[bytes]] | None) -> bool:
    try:
        block.decode()
        return True
    except UnicodeDecodeError as error:
        if not final and error.start >= len(block) - 3 and error.reason == "unexpected end of data":
            return True  # a character cut in two by the end of the block
    sequences, broken = utf8_share(block)
    if sequences == 0 and again is not None:
        # one odd byte may be the one broken row of a UTF-8 file: look on until the file says more
        broken = 0
        for more in again():
            if not more.isascii():
                found, stray = utf8_share(more)
                sequences, broken = sequences + found, broken + stray
                if sequences:
                    break
    # Western text has a few pairs such as 'Ã©' by chance, and UTF-8 a few broken rows: the larger part decides
    return sequences > 0 and sequences >= broken


def _recoded(first: bytes, stream: Iterator[bytes], name: str) -> Iterator[bytes]:
    if name == "utf-8":
        yield first
        yield from stream
        return
    decoder = codecs.getincrementaldecoder(name)(errors=_HANDLER.get(name, "textmill.broken"))
    block: bytes | None = first
    while block is not None:
        following = next(stream, None)
        text = decoder.decode(block, final=following is None)
        yield text.encode("utf-8", "surrogatepass")
        block = following


def _c1(error: UnicodeError) -> tuple[str | bytes, int]:
    # five bytes are undefined in cp1252; browsers read them as the control characters of Latin-1
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(map(chr, error.object[error.start : error.end])), error.end


def _broken(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _BROKEN, error.end


_HANDLER = {"cp1252": "textmill.c1"}
codecs.register_error("textmill.c1", _c1)
codecs.register_error("textmill.broken", _broken)
