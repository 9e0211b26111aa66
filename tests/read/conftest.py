"""Short ways to write a source and to read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textmill.config import ReadConfig
from textmill.read import Corpus, read_corpus


class Folder:
    """A project's folder: sources are written to it and read from it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def read(self, source: str, *, labelled: bool = True, **settings: Any) -> Corpus:
        config = ReadConfig(source=source, **settings)
        out, rejected = self.path / "out.arrow", self.path / "rejected.jsonl"
        return read_corpus(config, self.path, out=out, rejected=rejected, labelled=labelled)

    @property
    def rejected(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.path / "rejected.jsonl").read_text().splitlines()]

    @property
    def names(self) -> list[str]:
        return sorted(file.name for file in self.path.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def refused() -> Callable[..., str]:
    """The sentence with which a call is refused."""

    def run(kind: type[Exception], call: Callable[..., object], *args: Any, **kwargs: Any) -> str:
        with pytest.raises(kind) as caught:
            call(*args, **kwargs)
        assert type(caught.value) is kind
        return str(caught.value)

    return run
