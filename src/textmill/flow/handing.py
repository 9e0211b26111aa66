"""Files handed out of the store into the project's folder: whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from textmill.errors import SourceError
from textmill.flow.sources import FileDigests
from textmill.registry import Disk
from textmill.registry.disk import writing

__all__ = ["hand_out", "is_handed_out"]


def hand_out(source: Path, target: Path, disk: Disk) -> None:
    """Copy a file to where people look for it, under a temporary name beside it first.

    Raises
    ------
    StoreWriteError : if there is no room or no permission; the old file is still there
    """
    with writing(target):
        for left in target.parent.glob(f".{target.name}.*.part"):  # of a run that was killed
            with suppress(OSError):
                left.unlink()
        new = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            descriptor = disk.open_new(new)
            try:
                with source.open("rb") as file:
                    while chunk := file.read(1 << 20):
                        disk.write(descriptor, chunk)
                disk.sync(descriptor)
            finally:
                os.close(descriptor)
            disk.rename(new, target)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise


def is_handed_out(target: Path, sha256: str, digests: FileDigests) -> bool:
    """Whether the file is there, and as it was handed out."""
    try:
        return digests.of(target) == sha256
    except SourceError:
        return False
