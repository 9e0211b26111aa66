"""The store under its versions: objects, finished steps, locks, and whole files or none."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textmill.errors import DataError, StoreError
from textmill.registry.audit import Audit
from textmill.registry.disk import Disk, writing
from textmill.registry.finished import Finished, read_finished, write_finished
from textmill.registry.locks import hold
from textmill.registry.objects import Objects, is_sha256
from textmill.registry.scratch import Scratch

__all__ = ["Entry", "Files"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in the store.

    Attributes
    ----------
    path : of the file; where the store lies behind a URL, of its copy, which need not be there
    written : seconds since 1970, by the clock of whoever keeps it (`Files.now`)
    size : bytes that are free when it goes
    """

    path: Path
    written: float
    size: int


class Files:
    """What a run needs of the store while it works; `Store` adds the versions.

    Parameters
    ----------
    root : the store's folder; nothing is touched before the first write
    disk : the calls that change files; tests put one in that fails
    """

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self.root = Path(root)
        self.disk = disk or Disk()
        self.scratch = Scratch(self.root / "tmp", self.disk)
        self.audit: Audit = Audit(self.root, self.scratch, self.disk)
        self._objects = Objects(self.root / "objects", self.scratch, self.disk)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place!r})"

    @property
    def place(self) -> str:
        """Where the store is, as it is named to a command."""
        return str(self.root)

    def put_bytes(self, data: bytes) -> str:
        """Keep some bytes; their sha256."""
        return self._objects.put_bytes(data)

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; its sha256."""
        return self._objects.put_file(path)

    def take_file(self, path: Path) -> str:
        """Keep a file of the store's own scratch folder, without copying; its sha256."""
        return self._objects.take_file(path)

    def object(self, sha256: str, *, verify: bool = False) -> Path:
        """The file of an object, to be read only.

        Raises
        ------
        NotInStore : if there is none
        CorruptError : if `verify` and its bytes are not those that were put
        """
        return self._objects.get(sha256, verify=verify)

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether an object is there (and of this size); its bytes are not read."""
        return self._objects.has(sha256, size)

    def finished(self, key: str) -> Finished | None:
        """The finished step with this key, if all its objects are there."""
        try:
            raw = self._step_path(key).read_bytes()
        except OSError:
            return None
        found = read_finished(raw, key)
        if found is None or not all(self._objects.has(file.sha256, file.size) for file in found.files.values()):
            return None
        return found

    def finish(self, finished: Finished) -> None:
        """Remember a finished step; its objects must have been put before."""
        self.write(self._step_path(finished.key), write_finished(finished))

    def _step_path(self, key: str) -> Path:
        if not is_sha256(key):
            raise StoreError(f"{key!r} is no key of a step", where=str(self.root))
        return self.root / "steps" / f"{key}.json"

    def settings_file(self, name: str) -> Path:
        """Where a file lies, or would lie, that somebody puts into the store by hand."""
        return self.root / name

    versions_keep_files: ClassVar[bool] = True  # whether a version has its files when their objects are gone
    least_age: ClassVar[float] = 0.0  # seconds; what is younger may be needed by somebody who does not hold a lock

    def now(self) -> float:
        """Seconds since 1970, by the clock that says when something was written."""
        return time.time()

    def entries(self, below: str) -> list[Entry]:
        """What lies below a folder of the store, sorted."""
        found = []
        for path in sorted((self.root / below).rglob("*")):
            with suppress(FileNotFoundError):
                about = path.stat()
                if stat.S_ISREG(about.st_mode):
                    # an object that is a version's file as well is freed with the version
                    found.append(Entry(path, about.st_mtime, about.st_size if about.st_nlink == 1 else 0))
        return found

    def contents(self, entries: Sequence[Entry]) -> Iterator[bytes | None]:
        """The bytes of each, None for one that is gone meanwhile."""
        for one in entries:
            try:
                yield one.path.read_bytes()
            except FileNotFoundError:
                yield None

    def tell(self, path: Path, data: bytes) -> None:
        """Write a file that is of use on other machines too."""
        self.write(path, data)

    def must_forget(self) -> None:
        """Refuse a purge where what is taken away would not be gone.

        Raises
        ------
        StoreError : if the server keeps what was deleted
        """

    def tidy(self) -> None:
        """Remove what dead processes, and those who were about to take something away, have left."""
        self.scratch.sweep()

    def announce(self) -> None:
        """Say that it is now looked what can go. What others use from here on they say, or `take_away` raises."""

    def take_away(self, event: str, paths: Sequence[Path], **facts: Any) -> None:
        """Remove files and write the audit line of it, the line first. Called in what `decides` marks."""
        self.audit.append(event, **facts)
        with writing(self.root):
            for path in paths:
                self.disk.remove(path)
            for path in paths:
                if path.parent != self.root / "steps":
                    with suppress(OSError):  # others are in it
                        path.parent.rmdir()

    def catch_up(self) -> None:
        """Learn what other machines did. A folder shows it by itself; a store behind a URL has to ask."""

    def deciding(self) -> AbstractContextManager[None]:
        """See `decides`: what is looked at inside stands still, or `commit` raises."""
        return nullcontext()

    def commit(self, event: str, path: Path, data: bytes, **facts: Any) -> None:
        """Make a change: write its audit line, then the file that it is about. Called in what `decides` marks.

        The line comes first: nothing changes without one, while after a kill in between there may be a line whose
        change never came.

        Raises
        ------
        StoreWriteError : if there is no room or no permission
        """
        self.audit.append(event, **facts)
        self.write(path, data)

    def lock(
        self, name: str, *, wait: float | None = 0.0, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Hold the lock of a name (``with store.lock("run-disaster"):``), and use the store meanwhile (`in_use`).

        Parameters
        ----------
        wait : seconds; None waits for ever
        on_wait : called once with who holds it, when waiting begins

        Raises
        ------
        LockHeld : if another still holds it after `wait` seconds; names process, command and since when
        StoreWriteError : if the lock file cannot be made
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,199}", name) or ".." in name:
            raise DataError(f"{name!r} is no name for a lock", wanted="small letters, digits, '-', '_' or '.'")
        return self._locked(name, wait, on_wait)

    @contextmanager
    def _locked(self, name: str, wait: float | None, on_wait: Callable[[str], None] | None) -> Iterator[None]:
        path = self.root / "locks" / f"{name}.lock"
        with (
            self.in_use(wait=wait, on_wait=on_wait),
            hold(path, name, wait=wait, on_wait=on_wait, disk=self.disk),
        ):
            yield

    def in_use(
        self, *, wait: float | None = None, on_wait: Callable[[str], None] | None = None, alone: bool = False
    ) -> AbstractContextManager[None]:
        """Keep what is in the store, but not yet named by anything, from being collected (``with store.in_use():``).

        Parameters
        ----------
        wait, on_wait : as in `lock`
        alone : wait until nobody uses the store, and keep everybody out: to collect

        Raises
        ------
        LockHeld : if another still keeps us out after `wait` seconds
        StoreWriteError : if the lock file cannot be made
        """
        path = self.root / "locks" / "store.lock"
        return hold(path, "the store", wait=wait, on_wait=on_wait, disk=self.disk, shared=not alone)

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Write a whole file, or nothing; `path` is in the store's file system.

        Parameters
        ----------
        durable : whether it is to be there after a loss of power too, and not only after a kill
        """
        with writing(path):
            new = self.scratch.new(path.name)
            try:
                descriptor = self.disk.open_new(new)
                try:
                    self.disk.write(descriptor, data)
                    if durable:
                        self.disk.sync(descriptor)
                finally:
                    os.close(descriptor)
                self.disk.make_folder(path.parent)
                self.disk.rename(new, path)
                if durable:
                    self.disk.sync_folder(path.parent)
            except BaseException:
                with suppress(OSError):
                    os.unlink(new)
                raise

    def close(self) -> None:
        """Remove what is unfinished; the store can be used again after it."""
        self.scratch.close()
