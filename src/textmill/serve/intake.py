"""What a request may hold: bytes in, a list of texts out, or one clear error with its HTTP status.

No web here: the checks can be read and tested without a server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textmill.errors import RequestError, closest
from textmill.names import is_alias

__all__ = ["Limits", "texts_from", "version_from"]

_WANTED = '{"texts": ["...", "..."]} or {"text": "..."}'
_PAIR = 2  # texts
_KEYS = ("text", "texts")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may ask for.

    Attributes
    ----------
    texts : number of texts
    body : bytes of the request's body
    patience : seconds without a byte of the body after which it is given up; less than a stopping server waits
    """

    texts: int = 1000
    body: int = 8 * 2**20
    patience: float = 20.0


def texts_from(body: bytes, limits: Limits) -> list[str] | list[list[str]]:
    """The texts in the body of a request, or pairs of them, which a list of two texts is.

    Raises
    ------
    RequestError : status 400 if it is no JSON in UTF-8, 413 for too many texts, 422 if it is not what is wanted

    Examples
    --------
    >>> texts_from(b'{"texts": ["a", "b"]}', Limits())
    ['a', 'b']
    >>> texts_from(b'{"text": "a"}', Limits())
    ['a']
    >>> texts_from(b'{"text": ["a", "b"]}', Limits())
    [['a', 'b']]
    >>> texts_from(b'{"texts": []}', Limits())
    Traceback (most recent call last):
    ...
    textmill.errors.RequestError: texts: the list is empty, so there is nothing to predict
    """
    value = _decoded(body)
    if not isinstance(value, dict):
        raise _wrong("the body must be an object", got=_kind(value))
    for key in value:
        if key not in _KEYS:
            near = closest(key, _KEYS)
            raise _wrong(f"no key is called {key!r}", hint=f"Did you mean {near!r}?" if near else None)
    if len(value) != 1:
        raise _wrong("it must hold either 'text' or 'texts'", got="both" if value else "neither")
    if "text" in value:
        text = value["text"]
        return [_pair(text, "text")] if isinstance(text, list) else [_text(text, "text")]
    texts = value["texts"]
    if not isinstance(texts, list):
        hint = 'Send one text as {"text": "..."}.' if isinstance(texts, str) else None
        raise _wrong("it must be a list of texts", where="texts", got=_kind(texts), hint=hint)
    if not texts:
        raise RequestError("the list is empty, so there is nothing to predict", status=422, where="texts")
    if len(texts) > limits.texts:
        raise RequestError(
            "too many texts in one request",
            status=413,
            where="texts",
            wanted=f"at most {limits.texts:,}",
            got=f"{len(texts):,}",
            hint="Send them in several requests, or use: textmill predict MODEL --in FILE",
        )
    if isinstance(texts[0], list):
        return [_pair(text, f"texts[{i}]") for i, text in enumerate(texts)]
    return [_text(text, f"texts[{i}]") for i, text in enumerate(texts)]


def version_from(query: Mapping[str, str]) -> int | str | None:
    """The version or alias asked for in a query string, or None.

    Raises
    ------
    RequestError : status 422 if it is neither a whole number above 0 nor can be an alias, or for any other key

    Examples
    --------
    >>> version_from({"version": "3"}), version_from({"version": "champion"}), version_from({})
    (3, 'champion', None)
    """
    for key in query:
        if key != "version":
            near = closest(key, ["version"])
            raise RequestError(
                f"no parameter is called {key!r}",
                status=422,
                where="query",
                wanted="?version=NUMBER, ?version=ALIAS or nothing",
                hint=f"Did you mean {near!r}?" if near else None,
            )
    said = query.get("version")
    if said is None or is_alias(said):
        return said
    if not (said.isascii() and said.isdigit() and len(said) <= 9 and int(said) > 0):
        raise RequestError(
            "this is no version",
            status=422,
            where="query, version",
            wanted="a whole number above 0, or an alias",
            got=repr(said),
        )
    return int(said)


def _decoded(body: bytes) -> object:
    try:
        said = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"the body is not UTF-8: byte {body[error.start]:#04x} at position {error.start:,} begins no character",
            status=400,
            where="body",
            wanted=f"{_WANTED} in UTF-8",
        ) from error
    if not said.strip():
        raise RequestError("the body is empty", status=400, where="body", wanted=_WANTED)
    try:
        return json.loads(said)
    except json.JSONDecodeError as error:
        problem = f"{error.msg[:1].lower()}{error.msg[1:]}, line {error.lineno} column {error.colno}"
        raise RequestError(f"this is no JSON: {problem}", status=400, where="body", wanted=_WANTED) from error
    except (RecursionError, ValueError) as error:  # brackets a mile deep; a number of 5,000 digits
        raise RequestError(
            "this JSON is too deep or its numbers too long", status=400, where="body", wanted=_WANTED
        ) from error


def _pair(value: Any, where: str) -> list[str]:
    if not isinstance(value, list):
        raise _wrong("it must be a pair, as the first is", where=where, wanted='["...", "..."]', got=_kind(value))
    if len(value) != _PAIR:
        raise _wrong("it must be a text or a pair of texts", where=where, wanted='["...", "..."]', got=f"{len(value)}")
    return [_text(text, f"{where}[{i}]") for i, text in enumerate(value)]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong("it must be text", where=where, got=_kind(value))
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can spell half of a pair: "\ud83d"
        raise _wrong(
            f"it holds half of a surrogate pair at character {error.start:,}", where=where, wanted="whole characters"
        ) from error
    return value


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}[type(value)]


def _wrong(
    what: str, *, where: str = "body", wanted: str = _WANTED, got: str | None = None, hint: str | None = None
) -> RequestError:
    return RequestError(what, status=422, where=where, wanted=wanted, got=got, hint=hint)
