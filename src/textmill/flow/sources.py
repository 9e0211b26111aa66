"""The sha256 of the files a project reads, remembered for as long as a file is surely the same."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from textmill.config import ReadConfig
from textmill.errors import SourceError, StoreError
from textmill.registry import Store
from textmill.registry.objects import digest_of, is_sha256
from textmill.registry.sealed import seal, unseal

__all__ = ["FileDigests", "is_there", "stamp_of"]

_FORMAT = 1
_SETTLED = 2_000_000_000  # ns; some file systems count in 2 s, and a write within one tick leaves no trace
_MOST = 1000  # files remembered; a folder of a million texts would cost more to look up than it saves


class FileDigests:
    """sha256 of files, by (size, times, inode) where that is safe.

    A file changed within the last two seconds, or with a time in the future, is read again each time. The time of the
    last change of the inode counts too: it cannot be set back, so a file rewritten under its old time is noticed.

    Parameters
    ----------
    store : remembers them in ``runs/digests.json``, which may be deleted
    now : nanoseconds since 1970, the clock of the file system
    """

    def __init__(self, store: Store, *, now: Callable[[], int] = time.time_ns) -> None:
        self._store, self._now = store, now
        self._path = store.root / "runs" / "digests.json"
        self._known = self._load()
        self._changed = False

    def of(self, path: Path) -> str:
        """The sha256 of a file's bytes.

        Raises
        ------
        SourceError : if it cannot be read
        """
        try:
            before = _stamp(path)
            name = str(path.absolute())
            known = self._known.get(name)
            if known is not None and known[0] == before:
                return known[1]
            now = self._now()
            sha256 = digest_of(path)
            # written to while we read it: right for what we read, wrong to remember
            if _stamp(path) == before and max(before[1], before[2]) + _SETTLED <= now:
                self._known[name] = (before, sha256)
                self._changed = True
        except FileNotFoundError as error:
            raise SourceError("there is no such file", where=str(path)) from error
        except OSError as error:
            raise SourceError(f"it cannot be read: {error.strerror}", where=str(path)) from error
        return sha256

    def knows(self, path: Path) -> bool:
        """Whether `of` need not read the file."""
        try:
            return self._known.get(str(path.absolute()), ([], ""))[0] == _stamp(path)
        except OSError:
            return False

    def save(self) -> None:
        """Remember them for the next run, beside what others have found meanwhile, if there is anything new."""
        if self._changed:
            newest = dict(list((self._load() | self._known).items())[-_MOST:])
            self._store.write(self._path, seal({"files": newest}, format=_FORMAT, where=str(self._path)))
            self._changed = False

    def _load(self) -> dict[str, tuple[list[int], str]]:
        try:
            found = unseal(self._path.read_bytes(), format=_FORMAT, where=str(self._path))["files"]
            return {name: (stamp, sha256) for name, (stamp, sha256) in found.items() if is_sha256(sha256)}
        except (OSError, StoreError, KeyError, TypeError, ValueError, AttributeError):
            return {}  # it only saves time


def stamp_of(config: ReadConfig, folder: Path) -> str:
    """Something that is other once a source of a project is, found without reading it: by sizes, times and inodes.

    Parameters
    ----------
    folder : the project's, where the sources are looked for
    """
    from textmill.read.source import find_files

    found: list[object] = []
    for source in (config.source, config.test):
        try:
            for file in find_files(source, folder, config.format) if source else ():
                texts = sorted(p for p in file.path.rglob("*") if p.is_file()) if file.path.is_dir() else [file.path]
                found += [(str(path), _stamp(path)) for path in texts]
        except (SourceError, OSError) as error:  # not there now, which is a change as well
            found.append((source, type(error).__name__))
    return hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest()


def is_there(config: ReadConfig, folder: Path) -> bool:
    """Whether there is a file, or a folder, for each source of a project; see `stamp_of`."""
    from textmill.read.source import find_files

    try:
        sources = [source for source in (config.source, config.test) if source]
        return all(file.path.exists() for source in sources for file in find_files(source, folder, config.format))
    except (SourceError, OSError):
        return False


def _stamp(path: Path) -> list[int]:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
