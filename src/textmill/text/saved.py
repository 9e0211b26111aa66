"""A text path in a folder: its settings, its hash, and the files that it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textmill.config import TextConfig, from_mapping
from textmill.errors import CorruptError, FormatError
from textmill.text.path import TextPath
from textmill.text.splitters import asset_keys, digests_of

__all__ = ["read_path", "write_path"]


def write_path(folder: Path, text_path: TextPath) -> dict[str, Any]:
    """Write the files that a text path needs into a folder; what has to be kept of it besides, as JSON values."""
    for key, data in text_path.assets.items():
        (folder / _asset_name(key)).write_bytes(data)
    settings = asdict(text_path.config)
    if not text_path.config.pairs:  # as it was before there were any
        del settings["pairs"]
    return {
        "text": settings,
        "text_path": text_path.hash,
        "text_path_description": text_path.description,
    }


def _asset_name(key: str) -> str:
    return f"asset_{key}"


def read_path(folder: Path, head: Mapping[str, Any], where: str) -> TextPath:
    """The text path that `write_path` wrote.

    Parameters
    ----------
    where : the file that `head` was read from, for errors

    Raises
    ------
    FormatError : if it would give other terms here than it did there
    CorruptError : if a file is not what was saved
    """
    config = from_mapping(TextConfig, head["text"])
    assets = {key: (folder / _asset_name(key)).read_bytes() for key in asset_keys(config)}
    for key, sha256 in digests_of(assets).items():
        if head["text_path_description"]["assets"][key] != sha256:
            raise CorruptError("this file is not what was saved", where=str(folder / _asset_name(key)))
    path = TextPath(config, assets=assets)
    _require_same_path(path, head, where)
    return path


def _require_same_path(text_path: TextPath, head: Mapping[str, Any], where: str) -> None:
    if text_path.hash == head["text_path"]:
        return
    saved, here = head["text_path_description"], json.loads(json.dumps(text_path.description))
    changed = [key for key in here if saved.get(key) != here[key]]
    raise FormatError(
        f"this model's text path cannot be run here as it was: {', '.join(changed) or 'it'} changed",
        where=where,
        wanted=str({key: saved.get(key) for key in changed}),
        got=str({key: here[key] for key in changed}),
        hint="Install the versions it was made with, or train it again.",
    )
