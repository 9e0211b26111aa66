"""What differs between two versions: settings, data, scores, files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textmill.types import Manifest, Ref

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs; each part maps a name to the value in `a` and in `b`, None where there is none.

    Attributes
    ----------
    settings : dotted path -> values
    data : parents other than code (digest of the data, hash of the text path)
    code : parents that name code
    scores : metric -> values
    files : path -> sha256
    """

    a: Ref
    b: Ref
    settings: dict[str, tuple[Any, Any]]
    data: dict[str, tuple[Any, Any]]
    code: dict[str, tuple[Any, Any]]
    scores: dict[str, tuple[Any, Any]]
    files: dict[str, tuple[Any, Any]]

    def __bool__(self) -> bool:
        return bool(self.settings or self.data or self.code or self.scores or self.files)


def difference(a: Manifest, b: Manifest) -> Difference:
    """Compare two manifests.

    Examples
    --------
    >>> from dataclasses import replace
    >>> one = Manifest(Ref("model", "m", 1), {}, {"data": "x"}, {"model": {"C": 1.0}}, "", {"f1": 0.7})
    >>> two = replace(one, ref=Ref("model", "m", 2), config={"model": {"C": 2.0}}, report={"f1": 0.8})
    >>> found = difference(one, two)
    >>> found.settings, found.scores, found.data
    ({'model.C': (1.0, 2.0)}, {'f1': (0.7, 0.8)}, {})
    """
    parents = _pairs(a.parents, b.parents)
    return Difference(
        a=a.ref,
        b=b.ref,
        settings=_pairs(_flat(a.config), _flat(b.config)),
        data={name: pair for name, pair in parents.items() if name != "code"},
        code={name: pair for name, pair in parents.items() if name == "code"},
        scores=_pairs(_flat(a.report), _flat(b.report)),
        files=_pairs(a.files, b.files),
    )


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*a, *(name for name in b if name not in a)]
    return {name: (a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)}


def _flat(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            found |= _flat(inner, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = inner
    return found
