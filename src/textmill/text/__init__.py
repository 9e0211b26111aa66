"""The text path: clean, case, split, drop, map. One frozen, hashed program for training and serving alike."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.text.buffers import TextBuffers, text_buffers
    from textmill.text.maps import TokenMap, token_map
    from textmill.text.path import StageResult, TextPath

__all__ = ["StageResult", "TextBuffers", "TextPath", "TokenMap", "text_buffers", "token_map"]

_FILE = {
    "StageResult": "path",
    "TextBuffers": "buffers",
    "TextPath": "path",
    "TokenMap": "maps",
    "text_buffers": "buffers",
    "token_map": "maps",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.text.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.text' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
