"""What a finished step left: ``steps/KEY.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textmill.errors import StoreError
from textmill.registry.objects import is_sha256
from textmill.registry.sealed import seal, unseal

__all__ = ["FileOutput", "Finished", "read_finished", "write_finished"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class FileOutput:
    """A file that a step made: an object of the store."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished step.

    Attributes
    ----------
    step : its name
    key : the digest of everything that decides its result
    files : name -> object
    values : name -> JSON value, small
    seconds : how long it took when it ran
    """

    step: str
    key: str
    files: Mapping[str, FileOutput] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def write_finished(finished: Finished) -> bytes:
    """The bytes of its file."""
    body = {
        "step": finished.step,
        "key": finished.key,
        "files": {name: [file.sha256, file.size] for name, file in sorted(finished.files.items())},
        "values": dict(finished.values),
        "seconds": round(finished.seconds, 6),
    }
    return seal(body, format=_FORMAT, where=f"step {finished.step}")


def read_finished(raw: bytes, key: str) -> Finished | None:
    """What the file says, or None if it is not to be trusted: the step is then done again, which is always right."""
    try:
        found = unseal(raw, format=_FORMAT, where=key)
        files = {name: FileOutput(sha256, size) for name, (sha256, size) in found["files"].items()}
        finished = Finished(found["step"], found["key"], files, found["values"], found["seconds"])
    except (StoreError, KeyError, TypeError, ValueError, AttributeError):
        return None
    if finished.key != key or not all(is_sha256(file.sha256) for file in files.values()):
        return None
    return finished
