"""Which finished steps belong together: the keys of every run of a flow, ``runs/finished/NAME/``.

The same keys are one file. What is written here only says what may be collected, and whose objects hold a row; without
it nothing is lost but the work of doing steps again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textmill.errors import StoreError
from textmill.registry.objects import is_sha256
from textmill.registry.sealed import seal, unseal
from textmill.registry.store import Store
from textmill.types import canonical_json

__all__ = ["Run", "remember_run", "runs_of"]

_FORMAT = 1
_LAST = "last.json"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a flow.

    Attributes
    ----------
    flow : its name, which is that of the project
    keys : name of each step -> its key, in the order of the plan
    last : whether the flow was last run so
    path : the file that says so
    """

    flow: str
    keys: Mapping[str, str]
    last: bool
    path: Path


def remember_run(store: Store, flow: str, keys: Mapping[str, str]) -> None:
    """Keep in mind which steps a run consisted of; nothing is written if it was the last one already.

    Raises
    ------
    StoreWriteError : if there is no room or no permission
    """
    folder = store.root / "runs" / "finished" / flow
    raw = seal({"keys": dict(keys)}, format=_FORMAT, where=f"run of {flow}")
    with suppress(OSError):
        if (folder / _LAST).read_bytes() == raw:
            return
    name = hashlib.sha256(canonical_json(dict(keys))).hexdigest()[:16]
    for file in (f"{name}.json", _LAST):
        store.write(folder / file, raw)


def runs_of(store: Store) -> Iterator[Run]:
    """Every run that is remembered and can be read, of every flow."""
    for folder in sorted((store.root / "runs" / "finished").glob("*")):
        for path in sorted(folder.glob("*.json")):
            with suppress(OSError, StoreError):
                found: dict[str, Any] = unseal(path.read_bytes(), format=_FORMAT, where=str(path))
                keys = found.get("keys")
                if isinstance(keys, dict) and all(map(is_sha256, keys.values())):
                    yield Run(folder.name, keys, path.name == _LAST, path)
