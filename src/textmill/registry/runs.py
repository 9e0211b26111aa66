"""What the folder ``runs/`` says of finished steps, and so of what may be collected, and whose objects hold a row.

    runs/finished/NAME/   which steps belong together: the keys of every run of a flow; the same keys are one file
    runs/RUN/             the record of a run (`flow/record.py`), maybe of one that goes on
    runs/bases/NAME/      what the key of each step was made of (`flow/bases.py`)
    runs/notices/         what people were told (`flow/notices.py`)
    runs/training/KEY/    where the training of a network is; collected and erased as the record of a run is

Without it nothing is lost but the work of doing steps again.
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

__all__ = ["NO_RUNS", "Run", "RunRecord", "bases_of", "notices_of", "records_of", "remember_run", "runs_of"]

NO_RUNS = frozenset({"bases", "finished", "notices", "schedule"})  # what else is in runs/, which no run can be called

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


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What the record of a run says here.

    Attributes
    ----------
    flow : its name; "" if that cannot be read
    keys : of its steps, as far as they were known
    files : all of the record, the one last that says which run it is
    newest : when a file of it was last written, seconds since 1970
    """

    flow: str
    keys: frozenset[str]
    files: tuple[Path, ...]
    newest: float


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
        store.tell(folder / file, raw)


def runs_of(store: Store) -> Iterator[Run]:
    """Every run that is remembered and can be read, of every flow."""
    entries = [one for one in store.entries("runs/finished") if one.path.suffix == ".json"]
    for one, raw in zip(entries, store.contents(entries), strict=True):
        with suppress(StoreError):
            found: dict[str, Any] = unseal(raw or b"", format=_FORMAT, where=str(one.path))
            keys = found.get("keys")
            if isinstance(keys, dict) and all(map(is_sha256, keys.values())):
                yield Run(one.path.parent.name, keys, one.path.name == _LAST, one.path)


def records_of(store: Store) -> Iterator[RunRecord]:
    """Every record of a run, also of one that goes on."""
    for folder in sorted((store.root / "runs").glob("*")):
        if folder.name in NO_RUNS or not folder.is_dir():
            continue
        about = folder / "run.json"
        files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: (path == about, path))
        states = (path for path in files if path.parent == folder / "steps")
        keys = frozenset(key for path in states if is_sha256(key := _said(path, "key")))
        with suppress(FileNotFoundError):  # it is being written
            newest = max((path.stat().st_mtime for path in files), default=folder.stat().st_mtime)
            yield RunRecord(_said(about, "flow"), keys, tuple(files), newest)


def bases_of(store: Store) -> Iterator[tuple[Path, str]]:
    """The file of each step's basis, and the key that the step had; "" if that cannot be read."""
    for path in sorted((store.root / "runs" / "bases").glob("*/*.json")):
        yield path, _said(path, "key")


def notices_of(store: Store) -> Iterator[Path]:
    """What people were told of the runs of each flow, by its name."""
    yield from sorted((store.root / "runs" / "notices").glob("*.json"))


def _said(path: Path, name: str) -> str:
    with suppress(OSError, StoreError):
        found = unseal(path.read_bytes(), format=_FORMAT, where=str(path)).get(name)
        return found if isinstance(found, str) else ""
    return ""
