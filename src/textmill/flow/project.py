"""A project as its steps see it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from textmill.config import MillConfig
from textmill.flow.sources import FileDigests
from textmill.registry import Store

__all__ = ["Project"]


@dataclass(frozen=True, slots=True)
class Project:
    """What every step knows.

    Attributes
    ----------
    mill : the settings
    folder : where sources are looked for, and where the report is written
    digests : of files outside of the store
    """

    mill: MillConfig
    folder: Path
    store: Store
    digests: FileDigests

    @property
    def name(self) -> str:
        """Of the project and of its model."""
        return self.mill.project.name

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, files by name only: where they lie decides nothing."""
        config, file = asdict(self.mill), self.mill.text.tokens_file
        for key in ("source", "test"):
            config["read"][key] = config["read"][key] and PurePath(config["read"][key]).name
        config["text"]["tokens_file"] = file and PurePath(file).name
        return config
