"""The step that learns from ever more rows: whether more of them would help."""

from __future__ import annotations

from typing import Any

from textmill.config import CandidateConfig
from textmill.errors import LabelError
from textmill.flow.learning import chosen, corpora_of, learning_of, naming_rows, rows_of, side_of, tested_rows
from textmill.flow.project import Project
from textmill.flow.step import Work

__all__ = ["curve"]

_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)


def curve(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """Accuracy on the test side after learning from a sixteenth, an eighth, ... of the training rows."""
    import numpy as np
    import pyarrow as pa

    from textmill.evaluate.intervals import wilson
    from textmill.models import TextClassifier

    learning = learning_of(project, chosen(asked, work), work)
    rows, tested = rows_of(corpora_of(work)[0], side_of(work), 0), tested_rows(work)
    truth = tested["label"].to_pylist()
    order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([project.mill.project.seed, 7])))
    places = order.permutation(rows.num_rows)
    points: list[dict[str, float]] = []
    for number, share in enumerate(_SHARES):
        work.progress(number, len(_SHARES), f"{share:.4g} of the rows")
        some = rows.take(pa.array(np.sort(places[: max(round(share * rows.num_rows), 2)])))
        try:
            with naming_rows(some["id"].to_pylist):
                model = TextClassifier.fit(some["text"], some["label"].to_pylist(), **learning)
        except LabelError:
            continue  # so few rows hold one class only
        said = model.predict(tested["text"], threads=work.threads).labels
        right = sum(label == one for label, one in zip(truth, said, strict=True)) / len(truth)
        low, high = wilson(right, len(truth), project.mill.evaluate.confidence)
        points.append({"rows": some.num_rows, "value": right, "low": low, "high": high})
    return {"points": points}
