"""A store that machines share: behind a URL, with a local folder in front of it.

    s3://bucket/prefix/
        store.json                    the format
        objects/ab/abcdef...          files by sha256
        steps/KEY.json                finished steps: what one machine has done no other need do
        audit/0000000001              every change of the store, one after the other (`textmill.registry.chain`)
        policy.toml                   the policy of the store, if somebody has put one there

The local folder is a store like any other, and may be removed at any time. It follows the changes; files come when they
are asked for, and each is compared with its sha256 before it gets its name. What is put here is there, too, before
anything names it: finished steps after their objects, a version's line after its files. So nothing half-done is ever
seen, whoever is killed and whenever, and no machine waits for a lock of another.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textmill.errors import CorruptError, NotInStore, StoreError
from textmill.registry.audit import Line
from textmill.registry.bucket import Bucket
from textmill.registry.chain import Chain
from textmill.registry.datasets import CORPORA
from textmill.registry.disk import Disk, writing
from textmill.registry.finished import Finished, read_finished, write_finished
from textmill.registry.manifests import MANIFEST
from textmill.registry.store import Store, published
from textmill.types import Manifest, Ref

__all__ = ["SharedStore", "folder_for"]

_FRESH = 1.0  # seconds for which what was last seen of others is good enough to read; a change always looks anew
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

    @property
    def place(self) -> str:
        """The URL."""
        return self.bucket.url

    def catch_up(self) -> None:
        """Follow what other machines did, unless that was done a moment ago or something is being decided."""
        if self._decided_at is None and self._clock() - self._seen >= _FRESH:
            self._chain.follow()
            self._seen = self._clock()

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
        found = self.bucket.size(_object(sha256))
        return found is not None and size in (None, found)

    def object(self, sha256: str, *, verify: bool = False) -> Path:
        """The file of an object; it is fetched if it is not here."""
        if not super().has(sha256):
            new = self.scratch.new("object")
            self.bucket.download(_object(sha256), new, sha256)
            self.take_file(new)
        return super().object(sha256, verify=verify)

    def finished(self, key: str) -> Finished | None:
        """The finished step with this key, whichever machine has done it."""
        if (found := super().finished(key)) is not None:
            return found
        path = self._step_path(key)
        raw = self.bucket.read([_step(key)])[0]
        if raw is None or (found := read_finished(raw, key)) is None:
            return None
        if not path.exists():
            self.write(path, raw)
        return found

    def finish(self, finished: Finished) -> None:
        """Remember a finished step, on the server and here."""
        for file in finished.files.values():
            self._share(file.sha256)
        self.bucket.write(_step(finished.key), write_finished(finished))
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

    def must_be_ours(self, what: str) -> None:
        """Refuse it: who is at work on other machines is not known."""
        raise StoreError(
            f"{what} needs that nobody else is at work, which cannot be known of a store that machines share",
            where=self.place,
            hint="Stop them, move what is to stay into a new store (textmill models bundle, then install), run the"
            " projects there, and delete the old one with the tools of the bucket. The folder"
            f" {self.root} is a copy, and may be removed whenever no run is at work on this machine.",
        )

    def _share(self, sha256: str) -> None:
        if super().has(sha256):
            self.bucket.upload(_object(sha256), super().object(sha256))
        elif not self.has(sha256):
            raise NotInStore("there is no such object", where=f"{self.place}/{_object(sha256)}")

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
            if not _WRITTEN.fullmatch(name):
                raise CorruptError(f"it names a file that no change writes: {name!r}", where=where)
            if hashlib.sha256(data).hexdigest() != sha256:
                raise CorruptError(f"what it says of {name} is not what was written", where=where)
            self.write(self.root / name, data)
            if line.event == "remove":
                self._take_away(self.root / name.removesuffix(".removed"))


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


def _object(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def _step(key: str) -> str:
    return f"steps/{key}.json"
