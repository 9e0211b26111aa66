"""A report: what was measured, put beside what is known of the data, the model and the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textmill.errors import DataError
from textmill.types import Report

if TYPE_CHECKING:
    from textmill.evaluate.evaluation import Evaluation

__all__ = ["build_report", "shown"]

_MOST_CHARACTERS = 600  # of a mistake's text: a page, not an archive


def build_report(
    evaluation: Evaluation,
    *,
    model: str,
    texts: Sequence[Any] | None = None,
    ids: Sequence[Any] | None = None,
    telling: Mapping[str, Sequence[tuple[str, float]]] | None = None,
    leaks: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    cost: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Report:
    """Put an evaluation together with what is known around it; the result is plain JSON values.

    Parameters
    ----------
    evaluation : from `evaluate`
    model : name of the model
    texts, ids : of the test rows, in the order of the truth; a list or an Arrow array. Only those of the most
        confident mistakes and hits are kept
    telling : from ``TextClassifier.telling``: class -> (term, weight), the strongest first
    leaks : ``Split.leaks``
    data : ``Corpus.facts`` and the sides, such as ``rows``, ``rejected``, ``reasons``, ``train``, ``test``,
        ``classes``, ``source``, ``digest``
    cost : ``seconds`` (a mapping from stage to seconds), ``model_bytes``
    settings : the whole project file as run
    version : of the model, where it is known already

    Raises
    ------
    DataError : `texts` or `ids` are not as many as the test rows
    """
    details = dict(evaluation.details)
    rows = int(details["bootstrap"]["rows"])
    for name, given in (("texts", texts), ("ids", ids)):
        if given is not None and len(given) != rows:
            raise DataError(f"the report got {len(given):,} {name} for {rows:,} test rows")
    for kind in ("mistakes", "hits"):
        details[kind] = [_told(row, texts, ids) for row in details[kind]]
    details["telling"] = {
        label: [[str(term), float(weight)] for term, weight in words] for label, words in (telling or {}).items()
    }
    details["settings"] = _plain(settings or {})
    details["version"] = version
    return Report(
        model=model,
        classes=evaluation.classes,
        metrics=dict(evaluation.metrics),
        per_class={label: dict(scores) for label, scores in evaluation.per_class.items()},
        confusion=[list(row) for row in evaluation.confusion],
        leaks=_plain(leaks or {}),
        data={"test": rows, **_plain(data or {})},
        cost=_plain(cost or {}),
        details=details,
    )


def _told(mistake: Mapping[str, Any], texts: Sequence[Any] | None, ids: Sequence[Any] | None) -> dict[str, Any]:
    told = dict(mistake)
    if texts is not None:
        told["text"] = shown(_value(texts[mistake["row"]]))
    if ids is not None:
        told["id"] = _value(ids[mistake["row"]])
    return told


def shown(text: str) -> str:
    """A text, or its beginning where it is long."""
    return text[:_MOST_CHARACTERS] + ("…" if len(text) > _MOST_CHARACTERS else "")


def _value(item: Any) -> str:
    # an Arrow array hands out scalars of its own
    return str(item.as_py() if hasattr(item, "as_py") else item)


def _plain(value: Any) -> Any:
    """Tuples to lists, numpy numbers to Python's, paths to text: what JSON gives back unchanged."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "tolist"):  # numpy scalar or array
        return _plain(value.tolist())
    return str(value)
