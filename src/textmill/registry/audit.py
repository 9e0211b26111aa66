"""What was done to the store, a line each, every line carrying the hash of the one before."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textmill.errors import CorruptError, FormatError, StoreError
from textmill.registry.disk import Disk, writing
from textmill.registry.locks import hold
from textmill.registry.scratch import Scratch
from textmill.registry.sealed import seal, unseal
from textmill.types import canonical_json

__all__ = ["Audit", "Line"]

_FORMAT = 1
_HINT = (
    "Restore it from a copy, or copy it again if this is one that was made while a run was at work;"
    " or put audit.jsonl and audit.head aside to begin a new one."
)
_FIRST = "0" * 64  # what the first line carries: there is none before it


@dataclass(frozen=True, slots=True)
class Line:
    """One event: its number, when, who, what kind, its facts, and the line's sha256, which the next one carries."""

    n: int
    when: str
    by: str
    event: str
    facts: Mapping[str, Any]
    sha256: str


class Audit:
    """``audit.jsonl``, which only grows.

    The chain shows a changed, dropped or reordered line; the last lines are guarded by ``audit.head``, which holds
    the number and hash of the newest line and is replaced after each one is on the disk. Whoever can write to the
    folder can forge both: keep a copy of the head elsewhere to be safe from them.
    """

    def __init__(self, root: Path, scratch: Scratch, disk: Disk) -> None:
        self.path, self.head = root / "audit.jsonl", root / "audit.head"
        self._lock = root / "locks" / "audit.lock"
        self._scratch, self._disk = scratch, disk

    def append(self, event: str, **facts: Any) -> int:
        """Write a line and wait until it is on the disk; its number.

        Raises
        ------
        CorruptError : if the newest lines are not what was written
        StoreWriteError : if there is no room or no permission
        """
        with hold(self._lock, "the audit log", wait=60, disk=self._disk), writing(self.path):
            last, keep = self._last()
            self._keep([self._line(last, event, facts)], last[0] + 1, keep)
            return last[0] + 1

    def lines(self) -> Iterator[Line]:
        """Every line, oldest first, checked as it is read.

        Raises
        ------
        CorruptError : at the first line that was changed, dropped or moved; names its number
        FormatError : at a line of a newer format
        """
        before, n = _FIRST, 0
        head = self._read_head()
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    break  # cut short by a crash before it was acknowledged
                n += 1
                line = self._parse(raw[:-1], n, before)
                before = line.sha256
                if head is not None and head[0] == n and head[1] != before:
                    raise self._broken(n, "it is not the line that was written last")
                yield line
        if head is not None and n < head[0]:
            raise self._broken(n + 1, f"lines are missing at the end: {head[0]} were written")

    def verify(self, head: str | None = None) -> int:
        """Read every line; how many there are.

        Parameters
        ----------
        head : sha256 of a line, as it was noted elsewhere; whoever forged the log since cannot have kept it

        Raises
        ------
        CorruptError : at the first line that was changed, dropped or moved; or if no line has the sha256 `head`
        """
        n, found = 0, head is None
        for line in self.lines():
            n, found = line.n, found or line.sha256 == head
        if not found:
            raise CorruptError(
                "no line has the head that was noted elsewhere: the log was written anew since, or this is another's",
                where=str(self.path),
                wanted=head,
                hint=_HINT,
            )
        return n

    def _line(self, last: tuple[int, str], event: str, facts: Mapping[str, Any]) -> bytes:
        """The line after the one with this number and hash."""
        line = {
            "format": _FORMAT,
            "n": last[0] + 1,
            "before": last[1],
            "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "by": _user(),
            "event": event,
            "facts": facts,
        }
        return canonical_json(line)

    def _keep(self, raws: Sequence[bytes], n: int, keep: int) -> int:
        """Write lines, of which the last is number `n`, after the first `keep` bytes; how many bytes there are then."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        data = b"".join(raw + b"\n" for raw in raws)
        try:
            os.ftruncate(descriptor, keep)  # a line that a crash cut short was never acknowledged
            os.lseek(descriptor, keep, os.SEEK_SET)
            try:
                self._disk.write(descriptor, data)
                self._disk.sync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, keep)
                raise
        finally:
            os.close(descriptor)
        if keep == 0:
            self._disk.sync_folder(self.path.parent)
        self._write_head(n, hashlib.sha256(raws[-1]).hexdigest())
        return keep + len(data)

    def _parse(self, raw: bytes, n: int, before: str) -> Line:
        try:
            found = json.loads(raw)
            if found["format"] != _FORMAT:
                raise FormatError(
                    "another version of textmill wrote this",
                    where=f"{self.path}, line {n}",
                    wanted=f"format {_FORMAT}",
                    got=f"format {found['format']}",
                )
            sha256 = hashlib.sha256(raw).hexdigest()
            line = Line(found["n"], found["when"], found["by"], found["event"], found["facts"], sha256)
            written = canonical_json(found)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._broken(n, "it is not what was written") from error
        if written != raw:
            raise self._broken(n, "it is not what was written")
        if found.get("before") != before or line.n != n:
            raise self._broken(n, "it does not follow the line before it: one was changed, dropped or moved")
        return line

    def _last(self) -> tuple[tuple[int, str], int]:
        """Number and hash of the newest whole line, and how many bytes whole lines take."""
        head = self._read_head()
        try:
            raw, keep = _last_line(self.path)
        except FileNotFoundError:
            raw, keep = None, 0
        if raw is None:
            n, sha256 = 0, _FIRST
        else:
            try:
                n, sha256 = int(json.loads(raw)["n"]), hashlib.sha256(raw).hexdigest()
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise CorruptError("its last line is not what was written", where=str(self.path), hint=_HINT) from error
        # a crash between a line and the head leaves the head one behind, never ahead
        if head is not None and (n < head[0] or (n == head[0] and sha256 != head[1])):
            raise self._broken(n + 1, f"lines are missing or changed at the end: {head[0]} were written")
        return (n, sha256), keep

    def _newest(self) -> str | None:
        """The event of the newest line; None if there is none."""
        try:
            raw, _ = _last_line(self.path)
        except FileNotFoundError:
            return None
        return None if raw is None else str(json.loads(raw)["event"])

    def _read_head(self) -> tuple[int, str] | None:
        try:
            found = unseal(self.head.read_bytes(), format=_FORMAT, where=str(self.head))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"it cannot be read: {error.strerror}", where=str(self.head)) from error
        return int(found["n"]), str(found["sha256"])

    def _write_head(self, n: int, sha256: str) -> None:
        new = self._scratch.new("head")
        descriptor = self._disk.open_new(new)
        try:
            self._disk.write(descriptor, seal({"n": n, "sha256": sha256}, format=_FORMAT, where=str(self.head)))
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
        self._disk.rename(new, self.head)
        self._disk.sync_folder(self.head.parent)

    def _broken(self, n: int, what: str) -> CorruptError:
        return CorruptError(what, where=f"{self.path}, line {n}", hint=_HINT)


def _last_line(path: Path) -> tuple[bytes | None, int]:
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        take, tail = 4096, b""
        while True:
            start = max(0, end - take)
            file.seek(start)
            tail = file.read(end - start)
            stop = tail.rfind(b"\n")  # what follows it was cut short
            begin = tail.rfind(b"\n", 0, stop) if stop > 0 else -1
            if start == 0 or begin >= 0:
                break
            take *= 4
    if stop < 0:
        return None, 0
    return tail[begin + 1 : stop], start + stop + 1


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in many containers
        return f"uid {os.getuid()}"
