"""Files by the sha256 of their bytes: ``objects/ab/abcdef...``."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from textmill.errors import CorruptError, NotInStore, SourceError
from textmill.registry.disk import Disk, writing
from textmill.registry.scratch import Scratch

__all__ = ["Objects", "digest_of", "is_sha256"]

_CHUNK = 1 << 20


def is_sha256(text: object) -> bool:
    """Whether `text` is 64 small hexadecimal digits.

    Examples
    --------
    >>> is_sha256("0" * 64), is_sha256("../x")
    (True, False)
    """
    return isinstance(text, str) and re.fullmatch(r"[0-9a-f]{64}", text) is not None


def digest_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Objects:
    """The store's files, each under the sha256 of its bytes; one that is there never changes.

    Parameters
    ----------
    root : the folder ``objects``
    """

    def __init__(self, root: Path, scratch: Scratch, disk: Disk) -> None:
        self.root, self.scratch, self.disk = root, scratch, disk

    def path(self, sha256: str) -> Path:
        """Where the object lies, or would lie."""
        if not is_sha256(sha256):
            raise NotInStore(f"{sha256!r} is no sha256", where=str(self.root))
        return self.root / sha256[:2] / sha256

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether it is there, and of the size it should have."""
        try:
            found = os.stat(self.path(sha256))
        except OSError:
            return False
        return size is None or found.st_size == size

    def get(self, sha256: str, *, verify: bool) -> Path:
        """The object's file.

        Raises
        ------
        NotInStore : if there is none
        CorruptError : if `verify` and its bytes are not those that were put
        """
        path = self.path(sha256)
        if not path.is_file():
            raise NotInStore("there is no such object", where=str(path))
        if verify and digest_of(path) != sha256:
            raise CorruptError(
                "this object is not what was written", where=str(path), hint="Run the project again with --force."
            )
        return path

    def put_bytes(self, data: bytes) -> str:
        """Keep some bytes; their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._intact(sha256, len(data)):
            with writing(self.root):
                new = self.scratch.new("object")
                self._write(new, [data])
                self._name(new, sha256)
        return sha256

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; its sha256.

        Raises
        ------
        SourceError : if `path` cannot be read
        StoreWriteError : if there is no room or no permission; nothing half-written is left
        """
        try:
            source = path.open("rb")
        except OSError as error:
            raise SourceError(f"it cannot be read: {error.strerror}", where=str(path)) from error
        with source, writing(self.root):
            new = self.scratch.new("object")
            # hashed while it is copied: what is kept is what was hashed, even if someone writes to the file meanwhile
            sha256, size = self._write(new, iter(lambda: source.read(_CHUNK), b""))
            self._name_unless_there(new, sha256, size)
        return sha256

    def take_file(self, path: Path) -> str:
        """Keep a file of the scratch folder by renaming it; its sha256. The file is gone from where it was."""
        with writing(self.root):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                self.disk.sync(descriptor)
            finally:
                os.close(descriptor)
            sha256 = digest_of(path)
            self._name_unless_there(path, sha256, path.stat().st_size)
        return sha256

    def _write(self, new: Path, chunks: object) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        descriptor = self.disk.open_new(new)
        try:
            for chunk in chunks:  # type: ignore[attr-defined]
                digest.update(chunk)
                size += len(chunk)
                self.disk.write(descriptor, chunk)
            self.disk.sync(descriptor)
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
        finally:
            os.close(descriptor)
        return digest.hexdigest(), size

    def _intact(self, sha256: str, size: int) -> bool:
        # an object that was damaged on the disk is replaced, not believed
        return self.has(sha256, size) and digest_of(self.path(sha256)) == sha256

    def _name_unless_there(self, new: Path, sha256: str, size: int) -> None:
        if self._intact(sha256, size):
            os.unlink(new)
        else:
            self._name(new, sha256)

    def _name(self, new: Path, sha256: str) -> None:
        path = self.path(sha256)
        try:
            os.chmod(new, 0o444)
            self.disk.make_folder(path.parent)
            self.disk.rename(new, path)
            self.disk.sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
