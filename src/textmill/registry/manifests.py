"""``manifest.json``: what a version consists of, its format first, every path and digest checked before use."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from textmill.errors import CorruptError, DataError, NotInStore
from textmill.registry.objects import digest_of, is_sha256
from textmill.registry.sealed import seal, unseal
from textmill.types import Manifest, Ref

__all__ = ["MANIFEST", "check_files", "files_of", "inside", "read_manifest", "renumbered", "write_manifest"]

MANIFEST = "manifest.json"
_FORMAT = 1


def inside(path: str) -> bool:
    """Whether a manifest's path stays in its folder whatever is joined before it.

    Examples
    --------
    >>> inside("model/weights.npy")
    True
    >>> [inside(path) for path in ("/etc/passwd", "../x", "a/../../x", "a//b", "", ".", "a\\\\b", "a\\0b")]
    [False, False, False, False, False, False, False, False]
    """
    if not path or "\\" in path or "\0" in path or path == MANIFEST:
        return False
    parts = path.split("/")  # an absolute path begins with an empty part
    return all(part not in ("", ".", "..") for part in parts) and not PurePosixPath(path).is_absolute()


def write_manifest(manifest: Manifest) -> bytes:
    """The bytes of its file."""
    bad = [path for path in manifest.files if not inside(path)]
    if bad:
        raise DataError(f"{bad[0]!r} is no path inside a version's folder", where=str(manifest.ref))
    body = {
        "ref": str(manifest.ref),
        "created": manifest.created,
        "files": dict(sorted(manifest.files.items())),
        "parents": manifest.parents,
        "config": manifest.config,
        "report": manifest.report,
    }
    return seal(body, format=_FORMAT, where=str(manifest.ref))


def read_manifest(folder: Path, ref: Ref) -> Manifest:
    """The manifest of a version's folder.

    Raises
    ------
    NotInStore : if there is none
    FormatError : if a newer textmill wrote it
    CorruptError : if it was changed, belongs to another version, or names a file outside of its folder
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise NotInStore(f"{ref} is not in the store", where=str(folder)) from error
    except OSError as error:
        raise NotInStore(f"{ref} cannot be read: {error.strerror}", where=str(path)) from error
    found = unseal(raw, format=_FORMAT, where=str(path))
    manifest = _typed(found, path)
    if manifest.ref != ref:
        raise CorruptError(
            "this manifest belongs to another version", where=str(path), wanted=str(ref), got=str(manifest.ref)
        )
    return manifest


def check_files(manifest: Manifest, folder: Path) -> None:
    """Compare every file with the manifest.

    Raises
    ------
    CorruptError : names the first file that is missing, changed, a link, or not in the manifest
    """
    for name, sha256 in manifest.files.items():
        path = folder
        for part in name.split("/"):
            path = path / part
            try:
                kind = os.lstat(path).st_mode
            except OSError as error:
                raise CorruptError(f"{manifest.ref}: this file is missing", where=str(path)) from error
            if stat.S_ISLNK(kind):
                raise CorruptError(f"{manifest.ref}: a symbolic link, which could lead anywhere", where=str(path))
        if not stat.S_ISREG(kind):
            raise CorruptError(f"{manifest.ref}: this is no file", where=str(path))
        if digest_of(path) != sha256:
            raise CorruptError(
                f"{manifest.ref}: this file is not what was written: its sha256 is wrong",
                where=str(path),
                hint="Restore it from a copy, or run the project again with --force.",
            )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        # whoever loads the folder could read it unchecked; hidden files are the desktop's
        if not path.is_dir() and name not in manifest.files and name != MANIFEST and not path.name.startswith("."):
            raise CorruptError(f"{manifest.ref}: the manifest does not know this file", where=str(path))


def files_of(folder: Path) -> list[str]:
    """The paths below a folder that is to become a version, sorted.

    Raises
    ------
    DataError : if it is empty, or holds something that is no plain file
    """
    if not folder.is_dir():
        raise DataError("a version is made from a folder", where=str(folder))
    names = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise DataError("a version holds plain files only", where=str(path))
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            if not inside(name):
                raise DataError(f"a file of a version cannot be called {name!r}", where=str(folder))
            names.append(name)
    if not names:
        raise DataError("a version needs at least one file", where=str(folder))
    return names


def renumbered(manifest: Manifest, version: int) -> Manifest:
    """The same with another version."""
    return replace(manifest, ref=Ref(manifest.ref.kind, manifest.ref.name, version))


def _typed(found: dict[str, Any], path: Path) -> Manifest:
    try:
        manifest = Manifest(
            ref=Ref.parse(found["ref"]),
            files=dict(found["files"]),
            parents=dict(found["parents"]),
            config=dict(found["config"]),
            created=found["created"],
            report=dict(found["report"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptError("this manifest lacks what it must say", where=str(path)) from error
    for name, sha256 in manifest.files.items():
        if not inside(name):
            raise CorruptError(f"this manifest names a file outside of its folder: {name!r}", where=str(path))
        if not is_sha256(sha256):
            raise CorruptError(f"this manifest has no sha256 for {name!r}", where=str(path))
    return manifest
