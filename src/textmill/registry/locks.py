"""A lock for each name: held by the kernel, so that it ends with its process however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from textmill.errors import LockHeld, StoreError
from textmill.registry.disk import Disk, writing

__all__ = ["Holder", "hold", "no_locks"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as they wrote it into the lock file.

    Examples
    --------
    >>> print(Holder(41, "mill", "2026-01-05T10:00:00Z", "textmill run disaster"))
    process 41 on mill (textmill run disaster), since 2026-01-05T10:00:00Z
    """

    pid: int
    host: str
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.command}), since {self.since}"


@contextmanager
def hold(
    path: Path,
    what: str,
    *,
    wait: float | None = 0.0,
    on_wait: Callable[[str], None] | None = None,
    disk: Disk | None = None,
    shared: bool = False,
) -> Iterator[None]:
    """Hold the lock whose file is `path`.

    Parameters
    ----------
    what : what the lock is for, in the words of the message
    wait : seconds to wait for it; None waits for ever
    on_wait : called once with who holds it, when waiting begins
    shared : together with others who do the same, while nobody holds it alone

    Raises
    ------
    LockHeld : if another still holds it after `wait` seconds; names the holder
    StoreWriteError : if the lock file cannot be made
    """
    with writing(path):
        (disk or Disk()).make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, what, path, wait, on_wait, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        # the note is for people; a full disk must not keep us from holding the lock
        nested = shared and _is_ours(descriptor)
        with suppress(OSError):
            if not nested:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(asdict(_myself())).encode(), 0)
        try:
            yield
        finally:
            with suppress(OSError):
                if not nested and _is_ours(descriptor):  # of those who share it the last to come has the note
                    os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # this releases it; the file stays, for removing it would split the lock in two


def no_locks(path: Path, error: OSError) -> StoreError:
    """What to say where the file system has no locks for whole files."""
    return StoreError(
        f"files cannot be locked here: {error.strerror}",
        where=str(path),
        hint="A store needs flock: mount NFS with version 4 and its lock service, or name a local folder with"
        " TEXTMILL_STORE.",
    )


def _acquire(
    descriptor: int, what: str, path: Path, wait: float | None, on_wait: Callable[[str], None] | None, how: int
) -> None:
    give_up = None if wait is None else time.monotonic() + wait
    pause, said = 0.005, False
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            now = time.monotonic()
            if give_up is not None and now >= give_up:
                raise LockHeld(
                    f"{what} is locked by {_holder(descriptor)}",
                    where=str(path),
                    hint="Wait until it is done, or stop that process.",
                ) from None
            if on_wait is not None and not said:
                on_wait(_holder(descriptor))
                said = True
            # flock cannot wait with a limit, and a blocked one would not hear Ctrl-C on every system
            time.sleep(pause if give_up is None else max(0.0, min(pause, give_up - now)))
            pause = min(pause * 1.5, 0.1)
        except OSError as error:  # some network file systems
            raise no_locks(path, error) from error
        else:
            return


def _myself() -> Holder:
    # what comes after an option may be a text, which has no place in the store
    words = takewhile(lambda word: not word.startswith("-"), sys.argv[1:])
    command = " ".join([os.path.basename(sys.argv[0] or "python"), *words])
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Holder(os.getpid(), os.uname().nodename, since, command[:200])


def _holder(descriptor: int) -> str:
    return str(_note(descriptor) or "another process")  # it took the lock this moment and has not written who it is


def _is_ours(descriptor: int) -> bool:
    note = _note(descriptor)
    return note is not None and (note.pid, note.host) == (os.getpid(), os.uname().nodename)


def _note(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return None
