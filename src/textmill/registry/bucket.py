"""Objects behind a URL, such as ``s3://bucket/prefix``: whole ones or none, and each can be made only once if asked.

`fsspec` talks to the server, and is imported when the first object is asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from textmill.errors import CorruptError, MissingExtra, NotInStore, StoreError
from textmill.registry.objects import digest_of

__all__ = ["Bucket", "Entry"]

_SCHEMES = ("s3", "s3a")  # those of which it is known that two cannot make one object at once
_HINT = "Run the project again with --force on a machine that has its data."
_CLOCK = "clock"
_MOST_AT_ONCE = 1000  # objects that one request may take away
_TAKEN = (409, 412)  # HTTP: another is making it, or it is there


class Entry(NamedTuple):
    """An object: its key, when it was written (seconds since 1970), and its size in bytes."""

    key: str
    written: float
    size: int


class Bucket:
    """Objects by their key, below a URL.

    Every method raises a StoreError of one sentence if the server cannot be reached or refuses.

    Parameters
    ----------
    url : ``s3://bucket/prefix``; server and credentials are those that every program for S3 takes from its environment
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        scheme = self.url.partition("://")[0]
        if scheme not in _SCHEMES or not self.url.partition("://")[2].strip("/"):
            raise StoreError("there can be no shared store here", where=url, wanted="s3://BUCKET/PREFIX or a folder")
        self._opened: tuple[int, Any, str] | None = None

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """The bytes of several objects at once, None for each that is not there."""
        with self._reaching():
            files, root = self._files()
            paths = [f"{root}/{key}" for key in keys]
            found = files.cat(paths, on_error="return")
            for one in found.values():
                if isinstance(one, Exception) and not _is_absent(one):
                    raise one
            return [one if isinstance(one := found[path], bytes) else None for path in paths]

    def create(self, key: str, data: bytes) -> bool:
        """Make an object; False if it was there, and then it is as it was."""
        with self._reaching():
            files, root = self._files()
            try:
                files.pipe_file(f"{root}/{key}", data, mode="create")
            except FileExistsError:
                return False
            except OSError as error:  # of servers that do not say which condition did not hold
                if _status(error) in _TAKEN:
                    return False
                raise
            return True

    def write(self, key: str, data: bytes) -> None:
        """Make an object, or put it in the place of the old one."""
        with self._reaching():
            files, root = self._files()
            files.pipe_file(f"{root}/{key}", data)

    def size(self, key: str) -> int | None:
        """Bytes of an object; None if it is not there."""
        found = self._entry(key)
        return None if found is None else int(found["size"])

    def upload(self, key: str, path: Path) -> None:
        """Make an object of a file, unless it is there and whole; the server checks what it gets by its checksum."""
        if self._is_whole(key, path):
            return
        with self._reaching():
            files, root = self._files()
            files.put_file(str(path), f"{root}/{key}")

    def download(self, key: str, path: Path, sha256: str) -> None:
        """Make a file of an object.

        Raises
        ------
        NotInStore : if there is none
        CorruptError : if its bytes have another sha256; there is no file then
        """
        with self._reaching():
            files, root = self._files()
            try:
                files.get_file(f"{root}/{key}", str(path))
            except FileNotFoundError as error:
                if not _is_absent(error):
                    raise
                raise NotInStore("there is no such object", where=f"{self.url}/{key}", hint=_HINT) from error
        if digest_of(path) != sha256:
            with suppress(OSError):
                os.unlink(path)
            raise CorruptError(
                "this object is not what was written: its sha256 is wrong",
                where=f"{self.url}/{key}",
                hint=_HINT,
            )

    def keys(self, below: str) -> list[str]:
        """The keys that begin with ``below/``, sorted."""
        with self._reaching():
            files, root = self._files()
            return sorted(str(path).removeprefix(f"{root}/") for path in files.find(f"{root}/{below}"))

    def entries(self, below: str) -> list[Entry]:
        """The objects whose keys begin with ``below/``, sorted; when each was written, by the server's clock."""
        with self._reaching():
            files, root = self._files()
            found = files.find(f"{root}/{below}", detail=True)
            return sorted(
                Entry(str(path).removeprefix(f"{root}/"), _written(one), int(one["size"]))
                for path, one in found.items()
            )

    def remove(self, keys: Sequence[str]) -> None:
        """Take objects away; one that is gone already is no fault."""
        with self._reaching():
            files, root = self._files()
            bucket, _, below = root.partition("/")
            for start in range(0, len(keys), _MOST_AT_ONCE):
                some = [{"Key": f"{below}/{key}" if below else key} for key in keys[start : start + _MOST_AT_ONCE]]
                # not by `rm`, which does not say what the server has refused
                told = files.call_s3("delete_objects", Bucket=bucket, Delete={"Objects": some, "Quiet": True})
                for error in told.get("Errors", ()):
                    raise PermissionError(f"{error.get('Key')}: {error.get('Message')}")

    def keeps_old(self) -> bool:
        """Whether the server keeps what was deleted, as a version of an object that no longer counts."""
        with self._reaching():
            files, root = self._files()
            return "Status" in files.call_s3("get_bucket_versioning", Bucket=root.partition("/")[0])

    def now(self) -> float:
        """Seconds since 1970, by the server's clock: when an object is written that is written for this alone."""
        self.write(_CLOCK, b"")
        return _written(self._entry(_CLOCK))

    def _is_whole(self, key: str, path: Path) -> bool:
        found = self._entry(key)
        if found is None or found["size"] != path.stat().st_size:
            return False
        tag = str(found.get("ETag", "")).strip('"')
        if len(tag) != 32:  # of one that came in parts: no md5
            return True
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == tag

    def _entry(self, key: str) -> Any:
        with self._reaching():
            files, root = self._files()
            try:
                return files.info(f"{root}/{key}")
            except FileNotFoundError as error:
                if not _is_absent(error):
                    raise
                return None

    def _files(self) -> tuple[Any, str]:
        if self._opened is None or self._opened[0] != os.getpid():  # a connection is no fork's
            try:
                import s3fs  # noqa: F401  what fsspec would import by name
                from fsspec.core import url_to_fs
            except ImportError as error:
                raise MissingExtra("a store behind a URL", package="s3fs", extra="shared") from error
            files, root = url_to_fs(self.url, skip_instance_cache=True, use_listings_cache=False)
            self._opened = os.getpid(), files, root.rstrip("/")
        return self._opened[1:]

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (StoreError, MissingExtra):
            raise
        except FileNotFoundError as error:
            raise StoreError(
                "there is no such bucket", where=self.url, hint="Make it first, or correct the name."
            ) from error
        except PermissionError as error:
            raise StoreError(
                "the server gives no permission", where=self.url, got=str(error), hint="Ask whoever keeps the bucket."
            ) from error
        except Exception as error:  # those of the library have no root in common
            if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
                what, hint = "no credentials were found", "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret."
            else:
                what = f"the shared store cannot be reached: {' '.join(str(error).split())}"
                hint = "Try again when the network is back; AWS_ENDPOINT_URL names a server other than Amazon's."
            raise StoreError(what, where=self.url, hint=hint) from error


def _is_absent(error: Exception) -> bool:
    """Whether an object is missing, and not the whole bucket."""
    return isinstance(error, FileNotFoundError) and _code(error) != "NoSuchBucket"


def _written(found: Mapping[str, Any]) -> float:
    return float(found["LastModified"].timestamp())


def _code(error: Exception) -> str:
    return str(getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", ""))


def _status(error: Exception) -> int:
    return int(getattr(error.__cause__, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
