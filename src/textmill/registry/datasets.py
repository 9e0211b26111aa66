"""Versions of data sets: what they are made of, and which of their rows hold a text or a person.

The rows themselves are objects of the store, which the manifest names: they can be purged, and what is left still
says which models had learned from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.registry.objects import digest_of
from textmill.registry.store import Store
from textmill.types import Manifest

if TYPE_CHECKING:
    from textmill.read import Corpus

__all__ = ["CORPORA", "publish_rows", "same_rows"]

CORPORA = {"corpus": "", "test_corpus": "test"}  # parents of a data set that name objects; where their hashes lie


def publish_rows(
    store: Store,
    name: str,
    folder: Path,
    corpus: Corpus,
    test: Corpus | None,
    *,
    config: Mapping[str, Any],
    parents: Mapping[str, str] | None = None,
) -> Manifest:
    """Publish a version of a data set, unless there is one with the same rows and persons.

    Parameters
    ----------
    folder : holds the hashes of the rows, those of the official test side in ``test``
    corpus, test : lie in files
    config : settings that the rows were read with
    parents : what it was made from beside a source
    """
    made: dict[str, str] = dict(parents or {})
    report: dict[str, Any] = {}
    for (parent, role), one in zip(CORPORA.items(), (corpus, test), strict=True):
        if one is None:
            continue
        made |= {role or "data": one.digest, parent: digest_of(Path(str(one.source)))}
        counts = {"rows": one.n_rows, **{key: one.facts[key] for key in ("rejected", "reasons", "classes")}}
        report |= {role: counts} if role else counts
    return store.publish(name, folder, parents=made, config=config, report=report, kind="dataset", same=same_rows)


def same_rows(one: Manifest, other: Manifest) -> bool:
    """Whether two versions of data sets hold the same rows of the same persons, wherever they came from."""
    return _rows_of(one) == _rows_of(other)


def _rows_of(manifest: Manifest) -> dict[str, str | None]:
    hashes = {path: sha256 for path, sha256 in manifest.files.items() if path.endswith(".npy")}
    return {"data": manifest.parents.get("data"), "test": manifest.parents.get("test"), **hashes}
