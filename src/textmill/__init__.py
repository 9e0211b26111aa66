"""textmill: raw text in, a served and versioned model out.

Importing this package loads no other: each name below is fetched from its room when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.config import MillConfig
    from textmill.errors import TextmillError
    from textmill.flow import run_project
    from textmill.models import TextClassifier
    from textmill.read import Corpus
    from textmill.registry import Store
    from textmill.text import TextPath
    from textmill.types import Ref

__version__ = "0.1.0"

__all__ = [
    "Corpus",
    "MillConfig",
    "Ref",
    "Store",
    "TextClassifier",
    "TextPath",
    "TextmillError",
    "__version__",
    "run_project",
]

_ROOM = {
    "Corpus": "read",
    "MillConfig": "config",
    "Ref": "types",
    "Store": "registry",
    "TextClassifier": "models",
    "TextPath": "text",
    "TextmillError": "errors",
    "run_project": "flow",
}


def __getattr__(name: str) -> object:
    if name in _ROOM:
        return getattr(import_module(f"textmill.{_ROOM[name]}"), name)
    raise AttributeError(f"module 'textmill' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
