"""A store that machines share: behind a URL, with a local folder in front of it.

    s3://bucket/prefix/
        store.json                    the format
        objects/ab/abcdef...          files by sha256; one that was taken away comes again under another key
        steps/KEY.json                finished steps: what one machine has done no other need do
        audit/0000000001              every change of the store, one after the other (`textmill.registry.chain`)
        runs/finished/                which steps the runs consisted of
        policy.toml                   the policy of the store, if somebody has put one there

The local folder is a store like any other, and may be removed at any time. It follows the changes; files come when they
are asked for, and each is compared with its sha256 before it gets its name. What is put here is there, too, before
anything names it: finished steps after their objects, a version's line after its files. So nothing half-done is ever
seen, whoever is killed and whenever, and no machine waits for a lock of another.

Why nothing goes that is needed (`announce`, `take_away`), with no lock, and no clock but the server's:

1. Whoever takes something away writes line L, then looks at the bucket, then writes line L+1 with the names of what
   goes. If anybody has written L+1 before, nothing goes, and it looks again.
2. A version is made by a line. One before L is seen by the look, and one at L+1 stops it. Whoever comes later has to
   decide anew (`Overtaken`), and finds the names in L+1.
3. A finished step is written, or found by a run and then written anew, so that it is young. Then its machine follows
   the lines (`Chain.settle`): if L is not there yet, the look comes later and sees it; if L is the newest, the machine
   writes a line that stops it; if L+1 is there, it learns what went, and puts it anew or does the step again.
4. What is put anew gets another key (`textmill.registry.generations`). So it does not matter how late the old keys are
   deleted, or by whom: who takes something away may be killed at any time, and the next deletes the rest.

A run that was at work when rows were purged may hold them in its memory: it can finish nothing any more.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from textmill.errors import CorruptError, LockHeld, NotInStore, StoreError, StoreWriteError
from textmill.registry.audit import Audit, Line
from textmill.registry.bucket import Bucket
from textmill.registry.chain import LOOKING, Chain
from textmill.registry.datasets import CORPORA
from textmill.registry.disk import Disk, writing
from textmill.registry.files import Entry, Files
from textmill.registry.finished import Finished, read_finished, write_finished
from textmill.registry.generations import COLLECTED, PURGED, Generations, write_names
from textmill.registry.manifests import MANIFEST
from textmill.registry.objects import digest_of
from textmill.registry.runs import notices_of, records_of
from textmill.registry.store import Store, published
from textmill.types import Manifest, Ref

__all__ = ["SharedStore", "folder_for"]

_FRESH = 1.0  # seconds for which what was last seen of others is good enough to read; a change always looks anew
_MOST_AT_ONCE = 256
_MOST_LOOKS = 20
_SHARED = ("objects", "steps", "runs/finished")  # what is taken away from the bucket
_TAKEN = {"collect": COLLECTED, "purge": PURGED}  # events, and where the names of what went are kept
_AGAIN = f"{PURGED}/again"
_WRITTEN = re.compile(
    r"((models|datasets)/[^/.][^/]*/([1-9][0-9]*(/manifest\.json|\.removed)|aliases\.json)|erased/[^/.][^/]*\.json)"
)


class SharedStore(Store):
    """A store behind a URL.

    Parameters
    ----------
    url : ``s3://bucket/prefix``
    root : the local folder; by default one for each URL, below ``TEXTMILL_CACHE`` or the user's cache folder
    bucket : the calls that reach the server; tests put one in that fails
    clock : seconds, to tell how old what was seen is
    """

    versions_keep_files: ClassVar[bool] = False
    least_age: ClassVar[float] = 86_400.0

    def __init__(
        self,
        url: str,
        root: Path | None = None,
        *,
        bucket: Bucket | None = None,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bucket = bucket or Bucket(url)
        super().__init__(root or folder_for(self.bucket.url), disk=disk)
        self._chain = Chain(self.root, self.scratch, self.disk, self.bucket, self._apply)
        self.audit = self._chain
        self._clock, self._seen = clock, -_FRESH
        self._decided_at: int | None = None
        self._looks = 0
        self._generations = Generations(self.root)
        self._uses = set[object]()  # one for each lock that this process holds through us
        self._purges = frozenset[int]()  # those before the first of these
        self._renewed = set[str]()

    @property
    def place(self) -> str:
        """The URL."""
        return self.bucket.url

    def catch_up(self) -> None:
        """Follow what other machines did, unless that was done a moment ago or something is being decided."""
        if self._decided_at is None and self._clock() - self._seen >= _FRESH:
            self._chain.follow()
            self._seen = self._clock()
            if (self.root / _AGAIN).exists() and not self._uses:
                self._forget_again()

    def in_use(
        self, *, wait: float | None = None, on_wait: Callable[[str], None] | None = None, alone: bool = False
    ) -> AbstractContextManager[None]:
        """See `Files.in_use`. It is about this machine only; what `finished` finds meanwhile stays for others too."""
        if alone:
            return super().in_use(wait=wait, on_wait=on_wait, alone=True)
        return self._using(super().in_use(wait=wait, on_wait=on_wait))

    @contextmanager
    def _using(self, held: AbstractContextManager[None]) -> Iterator[None]:
        self.catch_up()
        with held:
            if not self._uses:
                self._purges = self._generations.purges()
                self._renewed.clear()
            self._uses.add(token := object())
            try:
                yield
            finally:
                self._uses.discard(token)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """See `textmill.registry.overtaking.decides`."""
        self._decided_at = self._chain.follow()
        try:
            yield
        finally:
            self._decided_at = None
            self._seen = self._clock()

    def commit(self, event: str, path: Path, data: bytes, **facts: Any) -> None:
        """Make a change, on the server and then here."""
        assert self._decided_at is not None, "only what `decides` marks commits"
        wrote = {path.relative_to(self.root).as_posix(): hashlib.sha256(data).hexdigest()}
        self._chain.change(self._decided_at, event, {**facts, "wrote": wrote}, data)

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether an object is here or there (and of this size)."""
        if super().has(sha256, size):
            return True
        found = self.bucket.size(self._key(_object(sha256)))
        return found is not None and size in (None, found)

    def object(self, sha256: str, *, verify: bool = False) -> Path:
        """The file of an object; it is fetched if it is not here."""
        if not super().has(sha256):
            new = self.scratch.new("object")
            key = self._key(_object(sha256))
            try:
                self.bucket.download(key, new, sha256)
            except NotInStore:
                self._chain.follow()  # it may have been taken away, and put anew, since
                self._must_know_what_is_purged()
                if self._key(_object(sha256)) == key:
                    raise
                self.bucket.download(self._key(_object(sha256)), new, sha256)
            self.take_file(new)
        return super().object(sha256, verify=verify)

    def finished(self, key: str) -> Finished | None:
        """The finished step with this key, whichever machine has done it."""
        if (found := super().finished(key)) is not None:
            return found
        path = self._step_path(key)
        raw = self.bucket.read([self._key(_step(key))])[0]
        if raw is None or (found := read_finished(raw, key)) is None:
            return None
        if self._uses and key not in self._renewed:  # a run goes on from it
            before = self._keys(found)
            self.bucket.write(before[0], raw)
            self._chain.settle()
            if self._keys(found) != before:
                return None  # it was taken away before it was young again
            self._renewed.add(key)
        if not path.exists():
            self.write(path, raw)
        return found

    def finish(self, finished: Finished) -> None:
        """Remember a finished step, on the server and here."""
        self._chain.follow()
        self._must_know_what_is_purged()
        while True:
            keys = self._keys(finished)
            for file in finished.files.values():
                self._share(file.sha256)
            self.bucket.write(keys[0], write_finished(finished))
            self._chain.settle()
            self._must_know_what_is_purged()
            if self._keys(finished) == keys:
                break
        super().finish(finished)

    def settings_file(self, name: str) -> Path:
        """A file that somebody has put into the store by hand; one on the server counts, and none here."""
        path = self.root / name
        raw = self.bucket.read([name])[0]
        if raw is not None:
            self.write(path, raw)
        else:
            self.disk.remove(path)
        return path

    def tell(self, path: Path, data: bytes) -> None:
        """Write a file that is of use on other machines too, on the server and here."""
        try:
            self._chain.follow()
            self.bucket.write(self._key(path.relative_to(self.root).as_posix()), data)
        except StoreError as error:
            raise StoreWriteError(error.what, where=error.where, hint=error.hint) from error
        self.write(path, data)

    def now(self) -> float:
        """Seconds since 1970, by the server's clock."""
        return self.bucket.now()

    def entries(self, below: str) -> list[Entry]:
        """What lies below a folder of the store: on the server, if all machines share it."""
        if below not in _SHARED:
            return super().entries(below)
        found = self.bucket.entries(below)
        names = self._generations.names(one.key for one in found)
        named = zip(names, found, strict=True)
        return [Entry(self.root / name, one.written, one.size) for name, one in named if name is not None]

    def contents(self, entries: Sequence[Entry]) -> Iterator[bytes | None]:
        """The bytes of each on the server, None for one that is gone meanwhile."""
        keys = self._generations.keys(one.path.relative_to(self.root).as_posix() for one in entries)
        for start in range(0, len(keys), _MOST_AT_ONCE):
            yield from self.bucket.read(keys[start : start + _MOST_AT_ONCE])

    def must_forget(self) -> None:
        """Refuse a purge where the server keeps what was deleted."""
        if self.bucket.keeps_old():
            raise StoreError(
                "this bucket keeps old versions of what is deleted, so nothing can be purged from it",
                where=self.place,
                hint="Move what is to stay into a bucket without versioning (textmill models bundle, then install).",
            )

    def tidy(self) -> None:
        """Delete what was taken away and is still there, as after a kill; and what dead processes left."""
        super().tidy()
        self._chain.follow()
        self._looks = 0
        keys = [one.key for below in _SHARED for one in self.bucket.entries(below)]
        self.bucket.remove(self._generations.given_up(keys))

    def announce(self) -> None:
        """Write the line after which it is looked what can go."""
        assert self._decided_at is not None
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            raise StoreError("other machines change the store all the time", where=self.place, hint="Try again later.")
        self._check_versions()
        self._chain.change(self._decided_at, LOOKING, {}, b"")
        self._decided_at += 1

    def take_away(self, event: str, paths: Sequence[Path], **facts: Any) -> None:
        """Write the line that names what goes, then delete it. What lies here alone goes from here."""
        assert self._decided_at is not None
        names = {path: path.relative_to(self.root).as_posix() for path in paths}
        going = [name for name in names.values() if self._generations.can_go(name)]
        keys = self._generations.keys(going)
        self.commit(event, self.root / _TAKEN[event] / f"{self._decided_at + 1}.json", write_names(going), **facts)
        self.bucket.remove(keys)
        with writing(self.root):
            for path, name in names.items():
                if not name.startswith(("objects/", "steps/")):  # of these here is a copy, which may stay
                    self.disk.remove(path)
        if event == "purge":
            self.tidy()

    def _check_versions(self) -> None:
        # what a version needs is read from the copy here, of which somebody may have cleaned away a part
        there: dict[str, str] = {}
        for line in Audit.lines(self._chain):
            if line.event == "publish":
                there[line.facts["ref"]] = line.facts["manifest"]
            elif line.event == "remove":
                there.pop(line.facts["ref"], None)
        for ref, sha256 in there.items():
            path = self._folder(Ref.parse(ref)) / MANIFEST
            if not path.is_file() or digest_of(path) != sha256:
                raise CorruptError(
                    f"this copy of a shared store has no manifest of {ref}",
                    where=str(path),
                    hint=f"Remove the folder {self.root}: it will be filled again.",
                )

    def _key(self, name: str) -> str:
        return self._generations.key(name)

    def _keys(self, finished: Finished) -> list[str]:
        return self._generations.keys(_names(finished))

    def _must_know_what_is_purged(self) -> None:
        if self._uses and self._generations.purges() != self._purges:
            raise StoreError(
                "rows were purged from the store while this was at work, and it may hold them",
                where=self.place,
                hint="Run it again. What it was just putting there may have come too late to be purged:"
                " then run the same textmill data erase --purge again, too.",
            )

    def _forget(self) -> None:
        """Remove what this machine has fetched or made, whatever rows it holds; it comes again when it is needed."""
        mine = [one.path for below in ("objects", "steps") for one in Files.entries(self, below)]
        mine += [*notices_of(self), *(path for record in records_of(self) for path in record.files)]
        with writing(self.root):
            for path in mine:
                self.disk.remove(path)
        self.scratch.sweep()

    def _forget_again(self) -> None:
        # a run that was at work here may have put something, or said something in its log, until it saw the purge
        with suppress(LockHeld), super().in_use(wait=0, alone=True):
            self._forget()
            with writing(self.root):
                self.disk.remove(self.root / _AGAIN)

    def _share(self, sha256: str) -> None:
        key = self._key(_object(sha256))
        if super().has(sha256):
            self.bucket.upload(key, super().object(sha256))
        elif self.bucket.size(key) is None:
            raise NotInStore("there is no such object", where=f"{self.place}/{key}")

    def _there(self, manifest: Manifest, same: Callable[[Manifest, Manifest], bool] | None) -> Manifest | None:
        # two machines that run one project at once come here with the same run; no lock has kept them apart
        run, versions = manifest.parents.get("run"), self._versions(manifest.ref.kind, manifest.ref.name)
        if run is not None and versions:
            with suppress(CorruptError):
                newest = self.manifest(Ref(manifest.ref.kind, manifest.ref.name, versions[-1]))
                if newest.parents.get("run") == run:
                    self.open(newest.ref)
                    for sha256 in newest.files.values():
                        self._share(sha256)  # one that is gone there is here again
                    return newest
        return super()._there(manifest, same)

    def _put_up(self, manifest: Manifest, raw: bytes, new: Path) -> None:
        self._must_know_what_is_purged()
        rows = (manifest.parents.get(parent) for parent in CORPORA)
        for sha256 in (*manifest.files.values(), *(one for one in rows if one and Store.has(self, one))):
            self._share(sha256)
        self.commit("publish", self._folder(manifest.ref) / MANIFEST, raw, **published(manifest, raw))

    def _complete(self, manifest: Manifest, folder: Path, verify: bool) -> None:
        missing = {path: sha256 for path, sha256 in manifest.files.items() if not (folder / path).exists()}
        for path, sha256 in missing.items():
            try:
                fetched = self.object(sha256)
            except (CorruptError, NotInStore) as error:
                if not verify:
                    continue  # whoever asked so looks at each file
                raise CorruptError(
                    f"{manifest.ref}, {path}: {error.what}", where=error.where, hint=error.hint
                ) from error
            new = self.scratch.new("file")
            with writing(folder):
                self.disk.link_or_copy(fetched, new)
                self.disk.make_folder((folder / path).parent)
                self.disk.rename(new, folder / path)

    def _apply(self, line: Line, data: bytes) -> None:
        for name, sha256 in line.facts.get("wrote", {}).items():
            where = f"{self.bucket.url}/audit, line {line.n}"
            taken = line.event in ("collect", "purge") and name == f"{_TAKEN[line.event]}/{line.n}.json"
            if not (taken or _WRITTEN.fullmatch(name)):
                raise CorruptError(f"it names a file that no change writes: {name!r}", where=where)
            if hashlib.sha256(data).hexdigest() != sha256:
                raise CorruptError(f"what it says of {name} is not what was written", where=where)
            self.write(self.root / name, data)
            if line.event == "remove":
                self._take_away(self.root / name.removesuffix(".removed"))
            if line.event == "purge":
                self.write(self.root / _AGAIN, b"")
                self._forget()


def folder_for(url: str) -> Path:
    """The local folder of a shared store.

    Examples
    --------
    >>> folder_for("s3://mill/shop").name
    'mill-shop-ee898425'
    """
    named = os.environ.get("TEXTMILL_CACHE")
    below = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "textmill"
    readable = re.sub(r"[^A-Za-z0-9]+", "-", url.partition("://")[2]).strip("-")[:60]
    return below / f"{readable}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _names(finished: Finished) -> list[str]:
    return [_step(finished.key), *(_object(file.sha256) for file in finished.files.values())]


def _object(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def _step(key: str) -> str:
    return f"steps/{key}.json"
