"""A classifier and a store small enough to know their answers by heart; they keep the contract of the real ones."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import anyio
import httpx
import numpy as np

from textmill.errors import CorruptError
from textmill.registry import Alias
from textmill.types import Manifest, Prediction, Ref


class FireClassifier:
    """Says 'disaster' with 0.9 where 'fire' stands, else 'other' with 0.8."""

    classes = ("disaster", "other")

    def predict(self, texts: list[str]) -> Prediction:
        rows = [[0.9, 0.1] if "fire" in text.lower() else [0.2, 0.8] for text in texts]
        return Prediction(self.classes, np.array(rows, dtype=np.float32).reshape(-1, 2))


class MemoryStore:
    """Versions that are no files. `opened` lists what was opened, in order."""

    def __init__(self, models: dict[str, Sequence[int]], corrupt: Sequence[str] = ()) -> None:
        self.kept = {name: list(versions) for name, versions in models.items()}
        self.corrupt = set(corrupt)
        self.opened: list[tuple[str, int]] = []
        self.named: dict[str, dict[str, Alias]] = {}
        self._lock = threading.Lock()

    def models(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(versions) for name, versions in sorted(self.kept.items())}

    def aliases(self, name: str) -> dict[str, Alias]:
        return self.named.get(name, {})

    def open(self, name: str, version: int | None = None) -> tuple[Manifest, Path]:
        version = version or self.kept[name][-1]
        ref = Ref("model", name, version)
        with self._lock:
            self.opened.append((name, version))
        if name in self.corrupt:
            raise CorruptError("weights.npy is not what was written", where=str(ref))
        files = {"model.json": "0" * 64}
        manifest = Manifest(ref, files, {"data": "abc"}, {}, "2026-01-01T00:00:00Z", {"f1": 0.75})
        return manifest, Path(f"/nowhere/{name}/{version}")


class Client:
    """Asks an ASGI app one request at a time, in the same process and without a socket."""

    def __init__(self, app) -> None:
        self.app = app

    def request(self, method: str, path: str, **what) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://mill") as http:
                return await http.request(method, path, **what)

        return anyio.run(ask)

    def get(self, path: str, **what) -> httpx.Response:
        return self.request("GET", path, **what)

    def post(self, path: str, **what) -> httpx.Response:
        return self.request("POST", path, **what)
