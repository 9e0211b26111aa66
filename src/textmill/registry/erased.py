"""The list of rows that were erased from a data set: hashes of texts and persons, ``erased/NAME.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.errors import CorruptError
from textmill.registry.overtaking import decides
from textmill.registry.sealed import seal, unseal
from textmill.registry.store import Store

if TYPE_CHECKING:
    from textmill.read.row_hashes import Erased

__all__ = ["add_erased", "erased_of", "list_of"]

_FORMAT = 1


def list_of(store: Store, name: str) -> Path:
    """Where the list of a data set lies, or would lie."""
    store.catch_up()
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
    except OSError as error:
        raise CorruptError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    found = unseal(raw, format=_FORMAT, where=str(path))
    try:
        return Erased(*(frozenset(map(bytes.fromhex, found[part])) for part in ("texts", "persons")))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptError("this list of erased rows lacks what it must say", where=str(path)) from error


@decides
def add_erased(store: Store, name: str, wanted: Erased, **facts: Any) -> None:
    """Put texts and persons on the list of a data set; `facts` are for the audit log."""
    erased = erased_of(store, name) | wanted
    body = {part: sorted(one.hex() for one in getattr(erased, part)) for part in ("texts", "persons")}
    path = list_of(store, name)
    said = {part: sorted(one.hex() for one in getattr(wanted, part)) for part in ("texts", "persons")}
    store.commit("erase", path, seal(body, format=_FORMAT, where=path.name), **said, **facts)
