"""A bucket in memory that can fail, and a real server for S3."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textmill.errors import CorruptError, NotInStore
from textmill.registry.bucket import Bucket, Entry
from textmill.registry.objects import digest_of


class Killed(BaseException):
    """The machine stops here."""


class ServerClock:
    """Tells when each object was written."""

    def __init__(self) -> None:
        self.now = 1e9
        self.written: dict[str, float] = {}


class MemoryBucket(Bucket):
    """Keeps objects in a dict that several machines may share; `fail_at` counts calls that change something.

    Parameters
    ----------
    clock : of the server, the same for all who share the objects
    before : called before each call with its name and its key, to do something in between
    """

    def __init__(
        self,
        objects: dict[str, bytes],
        *,
        fail_at: int = 0,
        after: bool = False,
        clock: ServerClock | None = None,
        before: Callable[[str, str], None] | None = None,
    ) -> None:
        super().__init__("s3://memory/store")
        self.objects, self.left, self.after = objects, fail_at, after
        self.clock, self.before = clock or ServerClock(), before
        self._lock = threading.Lock()

    def read(self, keys):
        self._met("read", keys[0] if keys else "")
        return [self.objects.get(key) for key in keys]

    def create(self, key, data):
        self._met("create", key)
        own = bytes(bytearray(data))  # setdefault is one step of the interpreter: nobody comes between
        return self._changing(lambda: self.objects.setdefault(key, own) is own, key)

    def write(self, key, data):
        self._met("write", key)
        self._changing(lambda: self.objects.__setitem__(key, data), key)

    def size(self, key):
        self._met("size", key)
        return len(self.objects[key]) if key in self.objects else None

    def upload(self, key, path):
        self._met("upload", key)
        if self.objects.get(key) != path.read_bytes():
            self._met("put", key)
            self._changing(lambda: self.objects.__setitem__(key, path.read_bytes()), key)

    def download(self, key, path, sha256):
        self._met("download", key)
        if key not in self.objects:
            raise NotInStore("there is no such object", where=f"{self.url}/{key}")
        path.write_bytes(self.objects[key])
        if digest_of(path) != sha256:
            path.unlink()
            raise CorruptError("this object is not what was written: its sha256 is wrong", where=f"{self.url}/{key}")

    def keys(self, below):
        return sorted(key for key in list(self.objects) if key.startswith(f"{below}/"))

    def entries(self, below):
        self._met("entries", below)
        there = [(key, len(self.objects[key])) for key in self.keys(below)]
        return [Entry(key, self.clock.written.get(key, 0.0), size) for key, size in there]

    def remove(self, keys):
        for key in keys:
            self._met("remove", key)
            self._changing(lambda key=key: self.objects.pop(key, None))

    def now(self):
        return self.clock.now

    def keeps_old(self):
        return False

    def _met(self, call, key):
        if self.before is not None:
            self.before(call, key)

    def _changing(self, change, key=None):
        with self._lock:
            self.left -= 1
            failing = self.left == 0
        if failing and not self.after:
            raise Killed
        result = change()
        if key is not None and result is not False:
            self.clock.written[key] = self.clock.now
        if failing:
            raise Killed
        return result


# one request after the other: moto looks whether an object is there and then makes it; S3 does so in one step
_SERVER = """
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def s3_server(log: Path) -> Iterator[str]:
    """A server of its own process; its address."""
    with (
        log.open("wb") as errors,
        subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, stderr=errors, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            assert port, log.read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
