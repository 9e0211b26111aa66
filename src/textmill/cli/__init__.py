"""The command line: parse, call once, print. One file a verb, and only the file of the verb that is used is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.cli.program import main

__all__ = ["main"]


def __getattr__(name: str) -> object:
    if name == "main":
        return import_module("textmill.cli.program").main
    raise AttributeError(f"module 'textmill.cli' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
