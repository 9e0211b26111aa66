"""The store: models and finished work as plain files that survive a kill, a full disk and rsync.

No heavy package is needed to read or write it: the path of a run that has nothing to do goes through here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.registry.aliases import Alias
    from textmill.registry.audit import Audit, Line
    from textmill.registry.difference import Difference
    from textmill.registry.disk import Disk
    from textmill.registry.finished import FileOutput, Finished
    from textmill.registry.locks import Holder
    from textmill.registry.store import Removal, Store

__all__ = ["Alias", "Audit", "Difference", "Disk", "FileOutput", "Finished", "Holder", "Line", "Removal", "Store"]

_FILE = {
    "Alias": "aliases",
    "Audit": "audit",
    "Difference": "difference",
    "Disk": "disk",
    "FileOutput": "finished",
    "Finished": "finished",
    "Holder": "locks",
    "Line": "audit",
    "Removal": "store",
    "Store": "store",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.registry.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.registry' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
