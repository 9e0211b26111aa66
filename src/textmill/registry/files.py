"""The store under its versions: objects, finished steps, locks, and whole files or none."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from textmill.errors import DataError, StoreError
from textmill.registry.audit import Audit
from textmill.registry.disk import Disk, writing
from textmill.registry.finished import Finished, read_finished, write_finished
from textmill.registry.locks import hold
from textmill.registry.objects import Objects, is_sha256
from textmill.registry.scratch import Scratch

__all__ = ["Files"]


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
        self.audit = Audit(self.root, self.scratch, self.disk)
        self._objects = Objects(self.root / "objects", self.scratch, self.disk)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r})"

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
        if found is None or not all(self.has(file.sha256, file.size) for file in found.files.values()):
            return None
        return found

    def finish(self, finished: Finished) -> None:
        """Remember a finished step; its objects must have been put before."""
        self.write(self._step_path(finished.key), write_finished(finished))

    def _step_path(self, key: str) -> Path:
        if not is_sha256(key):
            raise StoreError(f"{key!r} is no key of a step", where=str(self.root))
        return self.root / "steps" / f"{key}.json"

    def lock(
        self, name: str, *, wait: float | None = 0.0, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Hold the lock of a name (``with store.lock("run-disaster"):``).

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
        path = self.root / "locks" / f"{name}.lock"
        return hold(path, name, wait=wait, on_wait=on_wait, disk=self.disk)

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Write a whole file, or nothing; `path` is in the store's file system.

        Parameters
        ----------
        durable : wait until it is on the disk. Without that a power failure, though no kill, may undo or spoil it
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
