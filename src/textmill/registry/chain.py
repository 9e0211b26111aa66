"""The audit log that several machines write: one object a line, each of which can be made only once.

    audit/0000000012              the line; a token; what the line says was written

Whoever makes object N has decided what the Nth change of the store is: two machines cannot make it both. A change and
its line are one object, so there is never one without the other. ``audit.jsonl`` in the local folder is a copy of the
lines as far as this machine has followed them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from textmill.errors import CorruptError, StoreError
from textmill.registry.audit import Audit, Line
from textmill.registry.bucket import Bucket
from textmill.registry.disk import Disk, writing
from textmill.registry.locks import hold
from textmill.registry.overtaking import Overtaken
from textmill.registry.scratch import Scratch
from textmill.registry.sealed import seal, unseal

__all__ = ["LOOKING", "Chain"]

LOOKING = "looking"  # the event of a line after which it is looked what can go; any line after it ends that

_FORMAT = 1
_MARK = "store.json"  # says the format; made first
_MOST_AT_ONCE = 256


class Chain(Audit):
    """The audit log of a shared store.

    Parameters
    ----------
    apply : does to the local folder what a line says was done; may be asked to do it again after a kill
    """

    def __init__(
        self, root: Path, scratch: Scratch, disk: Disk, bucket: Bucket, apply: Callable[[Line, bytes], None]
    ) -> None:
        super().__init__(root, scratch, disk)
        self._bucket, self._apply = bucket, apply
        self._is_ours = self._is_writable = False

    def follow(self) -> int:
        """Do here what was done elsewhere since; how many changes there are.

        Raises
        ------
        StoreError : if the server cannot be reached
        CorruptError : at a line that was changed, dropped or moved; or if this folder has followed another store
        """
        with hold(self._lock, "the copy of the shared store", wait=None, disk=self._disk), writing(self.path):
            return self._follow()

    def append(self, event: str, **facts: Any) -> int:
        """Write a line after whatever others have written; its number."""
        with hold(self._lock, "the copy of the shared store", wait=None, disk=self._disk), writing(self.path):
            while True:
                n = self._follow()
                if self._write(n, event, facts, b""):
                    self._follow()
                    return n + 1

    def change(self, n: int, event: str, facts: Mapping[str, Any], data: bytes) -> None:
        """Make a change that was decided when there were `n`.

        Raises
        ------
        Overtaken : if there are more now
        """
        with hold(self._lock, "the copy of the shared store", wait=None, disk=self._disk), writing(self.path):
            if self._follow() != n or not self._write(n, event, facts, data):
                raise Overtaken
            self._follow()

    def settle(self) -> None:
        """After something was written that is in no line: follow, and stop whoever is about to take something away.

        That one may have looked before it was there. A line of ours makes it look again.
        """
        with hold(self._lock, "the copy of the shared store", wait=None, disk=self._disk), writing(self.path):
            while self._follow() and self._newest() == LOOKING:
                self._write(self._last()[0][0], "used", {}, b"")

    def lines(self) -> Iterator[Line]:
        """Every line, oldest first, checked as it is read."""
        self.follow()
        return super().lines()

    def verify(self, head: str | None = None) -> int:
        """As `Audit.verify`, and compare the lines on the server with those here."""
        n = super().verify(head)
        names = [_key(one) for one in range(1, n + 1)]
        odd = set(self._bucket.keys("audit")).symmetric_difference(names)
        if later := {key for key in odd if key > _key(n)}:
            odd -= later
            self.follow()  # they came while we looked; it raises if one is missing among them
        if odd:
            raise CorruptError("this line is missing or too much", where=f"{self._bucket.url}/{min(odd)}")
        with self.path.open("rb") as file:
            for start in range(0, n, _MOST_AT_ONCE):
                some = names[start : start + _MOST_AT_ONCE]
                for key, raw in zip(some, self._bucket.read(some), strict=True):
                    if raw is None or raw.partition(b"\n")[0] != file.readline()[:-1]:
                        raise CorruptError("it is not the line that was written", where=f"{self._bucket.url}/{key}")
        return n

    def _follow(self) -> int:
        (n, before), keep = self._last()
        if not self._is_ours:
            self._check_mark(n, before)
        window = 1  # mostly there is nothing new
        while True:
            raws = self._bucket.read([_key(n + one) for one in range(1, window + 1)])
            new = raws[: raws.index(None)] if None in raws else raws
            # asked for at once, they may have come one by one meanwhile; what is missing is so when asked again
            if any(raws[len(new) :]) and self._bucket.read([_key(n + len(new) + 1)]) == [None]:
                raise CorruptError("this line is missing", where=f"{self._bucket.url}/{_key(n + len(new) + 1)}")
            lines = []
            for raw in new:
                said, _, rest = (raw or b"").partition(b"\n")
                n += 1
                line = self._parse(said, n, before)
                before = line.sha256
                self._apply(line, rest.partition(b"\n")[2])
                lines.append(said)
            if lines:
                keep = self._keep(lines, n, keep)
            if len(new) < window:
                return n
            window = min(4 * window, _MOST_AT_ONCE)

    def _write(self, n: int, event: str, facts: Mapping[str, Any], data: bytes) -> bool:
        if not self._is_writable:
            self._make_mark()
        raw = self._line(self._last()[0], event, facts)
        # a lost answer makes the library ask again, and find its own object there: the token tells that it was ours
        whole = b"\n".join([raw, secrets.token_hex(16).encode(), data])
        return self._bucket.create(_key(n + 1), whole) or self._bucket.read([_key(n + 1)]) == [whole]

    def _check_mark(self, n: int, before: str) -> None:
        """Whether this folder is a copy of that store, and not of one that was there before."""
        mark, newest = self._bucket.read([_MARK, _key(max(n, 1))])
        if mark is not None:
            unseal(mark, format=_FORMAT, where=f"{self._bucket.url}/{_MARK}")
        if n and (newest is None or _sha256(newest.partition(b"\n")[0]) != before):
            raise CorruptError(
                "the shared store is not the one that this folder is a copy of",
                where=str(self.path.parent),
                hint=f"If {self._bucket.url} is right, remove the folder: it will be filled again.",
            )
        self._is_ours = True

    def _make_mark(self) -> None:
        mark = seal({"kind": "textmill store"}, format=_FORMAT, where=_MARK)
        self._bucket.create(_MARK, mark)
        if self._bucket.create(_MARK, mark):  # a server that does not know the condition takes no notice of it
            raise StoreError(
                "this server lets two machines write one object at once, and one of them would be lost",
                where=self._bucket.url,
                hint="It must honour If-None-Match, as Amazon S3 does, and MinIO, Ceph and others in new versions.",
            )
        self._is_writable = True


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _key(n: int) -> str:
    return f"audit/{n:010}"
