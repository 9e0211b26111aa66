"""Which packages, in which versions, a model needs to answer as it does here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from textmill.errors import MissingExtra, UnknownName
from textmill.models.networks.body import WEIGHTS
from textmill.models.networks.onnx_bridge import FILE as GRAPH
from textmill.models.networks.vocabulary import FILE as VOCABULARY

__all__ = ["differing", "extras_of", "plain_name", "requirements"]


def extras_of(config: Mapping[str, Any], folder: Path | None = None) -> tuple[str, ...]:
    """The extras of textmill that a model needs to answer.

    A network that has an ONNX graph is answered by ONNX Runtime, and needs PyTorch only where it is to be explained.

    Parameters
    ----------
    config : its settings
    folder : its files, which tell whether it is a network, and how that splits texts

    Examples
    --------
    >>> extras_of({"text": {"tokens": "subword", "map": "none"}}), extras_of({"text": {"map": ["lemma-en", "porter"]}})
    (('subword',), ('languages',))
    """
    text = config.get("text", {})
    network = folder is not None and (folder / WEIGHTS).is_file()
    if folder is not None and network:  # which may have subwords of its own
        text = json.loads((folder / VOCABULARY).read_text(encoding="utf-8")).get("text", text)
    maps = text.get("map", ())
    named = (maps,) if isinstance(maps, str) else maps
    words = text.get("stop_words", "none")
    listed = isinstance(words, str) and words not in ("none", "english")  # a list of the package stop-words
    found = [text["tokens"]] if text.get("tokens") in ("regex", "subword") else []
    if listed or any(name.startswith("lemma-") for name in named):
        found.append("languages")
    if folder is not None and network:
        found.append("onnx" if (folder / GRAPH).is_file() else "networks")
    return tuple(found)


def requirements(extras: Iterable[str] = ()) -> dict[str, str]:
    """Each package that textmill needs with some extras, and all that these need, with the version installed here.

    Raises
    ------
    UnknownName : if textmill has no such extra
    MissingExtra : if a package is not installed
    """
    ours = metadata.distribution("textmill")
    known = ours.metadata.get_all("Provides-Extra") or []
    wanted: list[tuple[str, str]] = []  # packages to look at, and the extra that asks for them
    for extra in extras:
        if extra not in known:
            raise UnknownName("extra", extra, known)
        wanted += [(name, extra) for name in _needs(ours, extra)]
    found = {plain_name(ours.name): ours.version}
    wanted += [(name, "") for name in _needs(ours)]
    while wanted:
        name, extra = wanted.pop()
        if plain_name(name) in found:
            continue
        try:
            there = metadata.distribution(name)
        except metadata.PackageNotFoundError as error:
            if extra:
                raise MissingExtra("this model", package=name, extra=extra) from error
            continue  # asked for on another system only
        found[plain_name(name)] = there.version
        wanted += [(need, "") for need in _needs(there)]
    return dict(sorted(found.items()))


def differing(wanted: Iterable[str]) -> list[str]:
    """Which of some requirements (``name==version``) are not met here, a sentence each."""
    found = []
    for line in wanted:
        name, _, version = line.partition("==")
        try:
            here = metadata.version(name)
        except metadata.PackageNotFoundError:
            found.append(f"{name} {version} is not installed")
            continue
        if here != version:
            found.append(f"{name} is {here} here and was {version}")
    return found


def plain_name(name: str) -> str:
    """The one spelling of a package's name (PEP 503).

    Examples
    --------
    >>> plain_name("Py_Stemmer")
    'py-stemmer'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _needs(package: metadata.Distribution, extra: str | None = None) -> list[str]:
    found = []
    for line in package.requires or ():
        asked = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        if (asked[1] if asked else None) == extra and (name := re.match(r"[A-Za-z0-9._-]+", line)):
            found.append(name[0])
    return found
