"""What a run read becomes a version of its data set: hashes of its rows, where they came from, what was counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textmill.config import thread_count
from textmill.errors import CorruptError, NotInStore
from textmill.flow.handing import is_handed_out
from textmill.flow.project import Project
from textmill.registry import Finished

if TYPE_CHECKING:
    from textmill.read import Corpus
    from textmill.types import Manifest

__all__ = ["is_kept", "keep_rows"]


def keep_rows(
    project: Project,
    folder: Path,
    corpus: Corpus,
    test: Corpus | None,
    sources: Mapping[str, str],
    threads: int | None,
) -> Manifest:
    """Make what was read a version of the project's data set, unless there is one of the same rows.

    Parameters
    ----------
    folder : where the version's files are written
    test : the official test side
    sources : sha256 of the files that were read
    """
    from textmill.read.row_hashes import person_of, write_hashes
    from textmill.registry.datasets import publish_rows

    config = project.mill.read
    for name, one in (("", corpus), ("test", test)):
        if one is not None:
            id = "id" if one.facts["format"] == "folder" else config.id  # there a file's path is the id
            write_hashes(folder / name, one, person_of(config.person, id), threads=thread_count(threads))
    (folder / "sources.json").write_text(json.dumps(dict(sources), indent=1, ensure_ascii=False), encoding="utf-8")
    return publish_rows(project.store, project.name, folder, corpus, test, config={"read": project.settings["read"]})


def is_kept(project: Project, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    """Whether the version of the data set that a finished `read` made is there, and whole."""
    try:
        manifest = project.store.manifest(finished.values["dataset"])
        _, folder = project.store.open(manifest.ref, verify=False)
    except (NotInStore, CorruptError):
        return False
    return all(is_handed_out(folder / name, sha256, project.digests) for name, sha256 in manifest.files.items())
