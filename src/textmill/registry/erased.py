"""The list of rows that were erased from a data set: hashes of texts and persons, ``erased/NAME.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textmill.errors import CorruptError
from textmill.registry.sealed import seal, unseal
from textmill.registry.store import Store

if TYPE_CHECKING:
    from textmill.read.row_hashes import Erased

__all__ = ["erased_of", "list_of", "write_erased"]

_FORMAT = 1


def list_of(store: Store, name: str) -> Path:
    """Where the list of a data set lies, or would lie."""
    return store.root / "erased" / f"{name}.json"


def erased_of(store: Store, name: str) -> Erased:
    """What was erased from a data set; a run sets such rows aside.

    Raises
    ------
    CorruptError, FormatError : if the list is not what was written: a run without it would learn from them again
    """
    from textmill.read.row_hashes import Erased

    path = list_of(store, name)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Erased()
    found = unseal(raw, format=_FORMAT, where=str(path))
    try:
        return Erased(*(frozenset(map(bytes.fromhex, found[part])) for part in ("texts", "persons")))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptError("this list of erased rows lacks what it must say", where=str(path)) from error


def write_erased(store: Store, name: str, erased: Erased) -> None:
    """Put the list of a data set in the place of the old one."""
    body = {part: sorted(one.hex() for one in getattr(erased, part)) for part in ("texts", "persons")}
    path = list_of(store, name)
    store.write(path, seal(body, format=_FORMAT, where=str(path)))
