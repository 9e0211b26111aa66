"""A project as its steps see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from textmill.config import CandidateConfig, MillConfig
from textmill.flow.sources import FileDigests
from textmill.registry import Store

__all__ = ["Project", "validation_of"]


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
        """All that decide something, files by name only: where they lie decides nothing."""
        config = self.mill.decisive
        for table, key in [
            *((config["read"], key) for key in ("source", "test")),
            *((one["text"], "tokens_file") for one in (config, *config["candidate"])),
        ]:
            table[key] = table[key] and PurePath(table[key]).name
        for taught in (config["distil"], *(one["distil"] for one in config["candidate"])):
            if taught is not None and taught["unlabelled"]:
                taught["unlabelled"] = PurePath(taught["unlabelled"]).name
        return config

    @property
    def models(self) -> dict[str, CandidateConfig]:
        """What each training step learns: the project's own model, and its candidates."""
        others = {f"train-{number}": one for number, one in enumerate(self.mill.candidate, 2)}
        return {"train": self.mill.own, **others}


def validation_of(step: str) -> str:
    """The step that tests on every fold what a training step learns from all rows.

    Examples
    --------
    >>> validation_of("train"), validation_of("train-2")
    ('validate', 'validate-2')
    """
    return step.replace("train", "validate")
