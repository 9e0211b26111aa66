"""Features in a folder: what their files have in common, whatever the features are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import FeaturesConfig, from_mapping
from textmill.errors import ConfigError, CorruptError, FormatError, PluginError, UnknownName
from textmill.features.arrays import read_array, write_array
from textmill.text.buffers import TextBuffers
from textmill.text.path import TextPath
from textmill.text.saved import read_path, write_path

__all__ = ["HEAD", "analyzer_of", "read_head", "read_strings", "reading", "write_features"]

HEAD = "features.json"


def write_features(
    folder: Path,
    format_number: int,
    text_path: TextPath,
    config: FeaturesConfig,
    arrays: Mapping[str, NDArray[Any]],
    facts: Mapping[str, int],
) -> None:
    """Write ``features.json`` and one .npy an array; the same features give the same bytes."""
    settings = asdict(config)
    if config.analyzer == "word":  # as it was before there was anything else; so too below
        del settings["analyzer"]
    if not config.skip:
        del settings["skip"]
    del settings["char_ngrams"]  # of two parts together, each of which says its own
    for name, array in arrays.items():
        write_array(folder / f"{name}.npy", array)
    head = {
        "format": format_number,
        **write_path(folder, text_path),
        "features": settings,
        **facts,
        "arrays": sorted(arrays),
    }
    (folder / HEAD).write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Whatever goes wrong inside is a saved file's fault.

    Raises
    ------
    FormatError : if a name is not known here
    CorruptError : if a file is missing or is not what it says
    """
    where = str(folder / HEAD)
    try:
        yield
    except (UnknownName, PluginError) as error:
        raise FormatError(f"this model cannot be run here: {error}", where=where) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError) as error:
        raise CorruptError(f"the saved features cannot be read: {error}", where=where) from error


def read_head(folder: Path, format_number: int) -> tuple[TextPath, FeaturesConfig, dict[str, Any]]:
    """Text path, settings and the whole of ``features.json``.

    Raises
    ------
    FormatError : if a newer textmill wrote it, or if the text path would give other terms here than it did there
    """
    where = str(folder / HEAD)
    head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    if head["format"] != format_number:
        raise FormatError("features of another format", where=where, wanted=str(format_number), got=str(head["format"]))
    text_path = read_path(folder, head, where)
    return text_path, from_mapping(FeaturesConfig, head["features"]), head


def analyzer_of(folder: Path) -> str:
    """Which kind of features a folder holds; "word" where that cannot be told, and reading it as such will say why."""
    try:
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        return str(head["features"].get("analyzer", "word"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "word"


def read_strings(folder: Path, data: str, offsets: str) -> TextBuffers:
    """Strings side by side, each of them whole UTF-8; ValueError where they are not."""
    found = TextBuffers(read_array(folder / f"{data}.npy", np.uint8), read_array(folder / f"{offsets}.npy", np.int64))
    ends = found.offsets
    if len(ends) == 0 or ends[0] != 0 or ends[-1] != len(found.bytes) or (np.diff(ends) < 0).any():
        raise ValueError(f"{offsets}.npy does not fit {data}.npy")
    found.bytes.tobytes().decode()
    starts = ends[ends < len(found.bytes)]
    if ((found.bytes[starts] & 0xC0) == 0x80).any():
        raise ValueError(f"{offsets}.npy cuts a character of {data}.npy")
    return found
