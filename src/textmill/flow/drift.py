"""Whether what a run reads is still like what its model learned from; it is told, and stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textmill.config import MillConfig, thread_count
from textmill.errors import NotInStore, TextmillError
from textmill.flow.events import Event
from textmill.flow.project import Project

if TYPE_CHECKING:
    from textmill.evaluate.drift import DriftRows
    from textmill.read import Corpus
    from textmill.types import Manifest

__all__ = ["drift_of", "drift_seen"]

_MOST = 5000  # rows of each side: the index of two such samples is off by a hundredth


def drift_of(project: Project, kept: Manifest, corpus: Corpus, threads: int | None) -> dict[str, Any] | None:
    """Compare what was read with the rows that the champion learned from, or else the newest version.

    Parameters
    ----------
    kept : the version of the data set that was read
    corpus : its rows

    Returns
    -------
    None where there is no such model, or it learned from these rows; else a dict of JSON values: ``model``,
    ``dataset``, and what `measure_drift` gives, or ``unread``, why its rows cannot be looked at
    """
    try:
        model = _standing(project)
        if model is None or model.parents.get("dataset") in (None, str(kept.ref)):
            return None
        about = {"model": f"{model.ref.name}@{model.ref.version}", "dataset": model.parents["dataset"]}
    except TextmillError as error:  # a spoiled version: the run goes on and makes another
        return {"model": project.name, "dataset": "", "unread": str(error)}
    try:
        return about | _compared(project, model, corpus, threads)
    except TextmillError as error:
        return about | {"unread": str(error)}


def drift_seen(mill: MillConfig, event: Event) -> list[str]:
    """What an event of a run says of drift, a sentence for each thing that has drifted; most say nothing."""
    found = event.left.values.get("drift") if event.left is not None and event.step == "read" and mill.trains else None
    if not found:
        return []
    from textmill.evaluate.datacheck import drift_told

    return drift_told(found, mill.evaluate.drift)


def _standing(project: Project) -> Manifest | None:
    for name in (f"{project.name}@champion", project.name):
        try:
            return project.store.manifest(name)
        except NotInStore:
            continue
    return None


def _compared(project: Project, model: Manifest, corpus: Corpus, threads: int | None) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    from textmill.config import TextConfig
    from textmill.evaluate.drift import measure_drift
    from textmill.models import load_model
    from textmill.read import Corpus
    from textmill.text import TextPath

    store, seed = project.store, project.mill.project.seed
    data = store.manifest(model.parents["dataset"])
    before = Corpus.load(store.object(data.parents["corpus"], verify=True))
    # its words, as it saw them; the majority baseline reads none
    path = load_model(store.open(model.ref)[1]).text_path or TextPath(TextConfig())
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 6])))
    tables = []
    for one in (before, corpus):
        # not evenly spread, for rows may go round by their labels
        rows = np.arange(one.n_rows)
        rows = rows if one.n_rows <= _MOST else np.sort(rng.choice(rows, _MOST, replace=False))
        tables.append(one.table().take(rows))
    texts = pa.chunked_array([chunk for table in tables for chunk in table["text"].chunks], pa.large_string())
    person = project.mill.read.person
    person = person if all(person in table.schema.names for table in tables) else None
    then, now = (_rows(table, person, several=project.mill.project.multi_label) for table in tables)
    return measure_drift(then, now, path.tokens(texts, threads=thread_count(threads)), seed=seed)


def _rows(table: Any, person: str | None, *, several: bool) -> DriftRows:
    import numpy as np
    import pyarrow.compute as pc

    from textmill.evaluate.drift import DriftRows
    from textmill.types import parted

    labels = [parted(label) if several else [label] for label in table["label"].to_pylist()]
    lengths = np.asarray(pc.utf8_length(table["text"]), np.int64)
    return DriftRows(labels, lengths, None if person is None else table[person].to_pylist())
