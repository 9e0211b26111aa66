"""Every call that changes a file, in one place: durable when it returns, and a seam where a test can make it fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textmill.errors import StoreWriteError

__all__ = ["Disk", "writing"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_LINKS_HERE = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_SYNC_HERE = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}  # of folders


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn what the system says about a failed write into one sentence.

    Raises
    ------
    StoreWriteError : for every OSError inside the block; the system's error is its cause
    """
    try:
        yield
    except OSError as error:
        place = str(where)
        if error.errno in _NO_ROOM:
            raise StoreWriteError(
                "there is no room left on the disk",
                where=place,
                hint="Nothing half-written was kept; make room and run again.",
            ) from error
        if error.errno in _NOT_ALLOWED:
            raise StoreWriteError(
                "there is no permission to write here",
                where=place,
                hint="Name another place with TEXTMILL_STORE, or ask for the right to write.",
            ) from error
        said = error.strerror or str(error)
        raise StoreWriteError(f"it cannot be written: {said}", where=place) from error


class Disk:
    """The system's calls that change files; a subclass in a test fails or kills at any one of them."""

    def open_new(self, path: Path) -> int:
        """Make a file that was not there; its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of `data`; the system may take it in pieces."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def sync(self, descriptor: int) -> None:
        """Wait until the file's bytes are on the disk."""
        os.fsync(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a finished file or folder its name, in one go."""
        os.rename(old, new)

    def remove(self, path: Path) -> None:
        """Take a file's name away; one that is gone already is no fault."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def link_or_copy(self, old: Path, new: Path) -> None:
        """A second name for the same bytes, or a copy where the file system knows no second names."""
        try:
            os.link(old, new)
        except OSError as error:
            if error.errno not in _NO_LINKS_HERE:
                raise
            descriptor = self.open_new(new)
            try:
                with old.open("rb") as source:
                    while chunk := source.read(1 << 20):
                        self.write(descriptor, chunk)
                self.sync(descriptor)
            finally:
                os.close(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk, where the file system can be asked to (SMB cannot)."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_SYNC_HERE:
                raise
        finally:
            os.close(descriptor)

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it that are missing, durably."""
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        try:
            os.mkdir(folder)
        except FileExistsError:  # another process was as quick
            return
        self.sync_folder(folder.parent)

    def room(self, folder: Path) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize
