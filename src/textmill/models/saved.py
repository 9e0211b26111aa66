"""A saved model, whichever it is."""

from __future__ import annotations

from pathlib import Path

from textmill.errors import FormatError
from textmill.models.classifier import TextClassifier
from textmill.models.multilabel import MultiLabelClassifier
from textmill.models.text_model import read_head

__all__ = ["load_model", "model_class"]


def model_class(task: str) -> type[TextClassifier] | type[MultiLabelClassifier]:
    """The class whose `fit` learns a task of ``[project]``.

    Examples
    --------
    >>> model_class("multi-label").__name__
    'MultiLabelClassifier'
    """
    return MultiLabelClassifier if task == "multi-label" else TextClassifier


def load_model(folder: Path | str) -> TextClassifier | MultiLabelClassifier:
    """Read what `save` of a model wrote.

    Raises
    ------
    FormatError : if this textmill does not know such a model
    CorruptError : if a file is missing or is not what it says
    """
    kind = read_head(Path(folder))["kind"]
    for known in (TextClassifier, MultiLabelClassifier):
        if kind == known.kind:
            return known.load(folder)
    wanted = f"{TextClassifier.kind} or {MultiLabelClassifier.kind}"
    raise FormatError("a model of a kind this textmill does not know", where=str(folder), wanted=wanted, got=str(kind))
