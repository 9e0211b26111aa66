"""Unfinished files: a folder for each process, in the store's own file system, swept once its owner is gone."""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import shutil
import weakref
from contextlib import suppress
from pathlib import Path

from textmill.registry.disk import Disk, writing
from textmill.registry.locks import no_locks

__all__ = ["Scratch"]


class Scratch:
    """Names for unfinished files under ``tmp/``.

    The owner holds a kernel lock on ``tmp/TOKEN.lock`` while it lives. Whoever gets that lock knows that the owner is
    gone, also after a kill -9 or on a machine where process numbers mean something else.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> scratch = Scratch(folder, Disk())
    >>> scratch.new("model").parent.parent == folder
    True
    >>> scratch.close(); list(folder.iterdir())
    []
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root, self.disk = root, disk
        self._folder: Path | None = None
        self._owner = 0
        self._counter = itertools.count(1)
        self._end: weakref.finalize[[Path, int, int], Scratch] | None = None

    def new(self, name: str) -> Path:
        """A path that nobody else uses; nothing is there yet.

        Raises
        ------
        StoreWriteError : if the folder cannot be made
        StoreError : if the file system has no locks
        """
        with writing(self.root):
            folder = self._own()
        return folder / f"{next(self._counter)}-{name}"

    def new_folder(self, name: str) -> Path:
        """An empty folder that nobody else uses."""
        path = self.new(name)
        with writing(self.root):
            os.mkdir(path)
        return path

    def close(self) -> None:
        """Remove what is unfinished."""
        if self._end is not None:
            self._end()
        self._folder = None

    def sweep(self) -> int:
        """Remove what dead processes left; how many folders went."""
        swept = 0
        with suppress(FileNotFoundError):
            for lock in sorted(self.root.glob("*.lock")):
                swept += _sweep_one(lock)
            for folder in sorted(self.root.iterdir()):
                # the lock file is made first and goes last, so a folder without one has no owner
                if folder.suffix != ".lock" and not folder.with_suffix(".lock").exists():
                    shutil.rmtree(folder, ignore_errors=True)
        return swept

    def _own(self) -> Path:
        if self._folder is not None and self._owner == os.getpid() and self._folder.is_dir():
            return self._folder
        self.disk.make_folder(self.root)
        while True:
            lock = self.root / f"{secrets.token_hex(8)}.lock"
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.stat(lock).st_ino == os.fstat(descriptor).st_ino:
                    break
            except (BlockingIOError, FileNotFoundError):
                pass  # a sweeper came between making and locking it; take another
            except OSError as error:
                os.close(descriptor)
                with suppress(OSError):
                    os.unlink(lock)
                raise no_locks(lock, error) from error
            os.close(descriptor)
        folder = lock.with_suffix("")
        os.mkdir(folder)
        self._folder, self._owner = folder, os.getpid()
        self._end = weakref.finalize(self, _leave, folder, descriptor, self._owner)
        return folder


def _leave(folder: Path, descriptor: int, owner: int) -> None:
    if os.getpid() != owner:
        return  # a forked child ends; the files are its parent's
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        os.unlink(folder.with_suffix(".lock"))
    with suppress(OSError):
        os.close(descriptor)


def _sweep_one(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False  # gone, or not ours to touch
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        with suppress(OSError):
            os.unlink(lock)
        return True
    except OSError:  # somebody has it, or files cannot be locked here and nobody can tell
        return False
    finally:
        os.close(descriptor)
