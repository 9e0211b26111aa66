"""Models over HTTP: a service that knows no web, and a small app that knows no model.

`Service` answers with labels and scores from the versions of a store; `build_app` puts it behind HTTP
routes; `run_server` runs that app until it is told to stop. The extra ``serve`` brings what is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.serve.app import build_app
    from textmill.serve.describe import openapi
    from textmill.serve.intake import Limits
    from textmill.serve.server import run_server
    from textmill.serve.service import Answer, Service

__all__ = ["Answer", "Limits", "Service", "build_app", "openapi", "run_server"]

_FILE = {
    "Answer": "service",
    "Limits": "intake",
    "Service": "service",
    "build_app": "app",
    "openapi": "describe",
    "run_server": "server",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.serve.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.serve' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
