"""The routes described for programs: an OpenAPI 3.1 document, kept by hand in ``openapi.json``."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from textmill import __version__
from textmill.serve.intake import Limits

__all__ = ["openapi"]


def openapi(limits: Limits | None = None) -> dict[str, Any]:
    """The document, with this version and these limits filled in.

    Examples
    --------
    >>> openapi()["openapi"], sorted(openapi()["paths"]["/v1/models/{name}/predict"])
    ('3.1.0', ['post'])
    """
    limits = limits or Limits()
    document: dict[str, Any] = json.loads(files("textmill.serve").joinpath("openapi.json").read_text(encoding="utf-8"))
    document["info"]["version"] = __version__
    many, _ = document["components"]["schemas"]["Texts"]["oneOf"]
    many["properties"]["texts"]["maxItems"] = limits.texts
    return document
