"""What the key of each step was made of when it last finished, so that a plan can say what has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from textmill.errors import StoreError
from textmill.flow.keys import Basis
from textmill.registry import Store
from textmill.registry.sealed import seal, unseal
from textmill.types import canonical_json

__all__ = ["Bases", "KeptBasis", "kept"]

_FORMAT = 1
_MOST = 1000  # sources kept one by one; of more, as of a folder of a million texts, one digest of all


@dataclass(frozen=True, slots=True)
class KeptBasis:
    """A basis as it is kept: settings whole, all that may be large as digests.

    Attributes
    ----------
    inputs : sha256 of each file and value that decided the result, as ``step.name``
    sources : sha256 of each source by its name; of very many, one of all of them under ``""``
    env : sha256 of each variable of the environment that the project file sets: it may be a secret
    """

    step: str
    key: str
    code: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    sources: Mapping[str, str]
    env: Mapping[str, str]


class Bases:
    """The newest basis of each step of a flow: ``runs/bases/FLOW/STEP.json``, written when the step has finished.

    They name nothing that the store must keep, and may be deleted; a plan then cannot say why a step is to be done. A
    run that finds all steps done writes nothing, nor one of these.

    Parameters
    ----------
    flow : its name
    """

    def __init__(self, store: Store, flow: str) -> None:
        self._store = store
        self._folder = store.root / "runs" / "bases" / flow

    def of(self, step: str) -> KeptBasis | None:
        """The basis of a step when it last finished, or None where that is not known."""
        path = self._folder / f"{step}.json"
        try:
            found = KeptBasis(**unseal(path.read_bytes(), format=_FORMAT, where=str(path)))
        except (OSError, StoreError, TypeError):
            return None  # it only helps to explain
        return found if found.step == step else None

    def keep(self, step: str, basis: Basis, key: str) -> None:
        """Remember what the key of a finished step was made of, unless that is remembered already."""
        last = self.of(step)
        if last is None or last.key != key:
            path = self._folder / f"{step}.json"
            # a power failure may spoil it, which its seal tells; to wait for the disk would cost milliseconds a step
            self._store.write(path, seal(asdict(kept(step, basis)), format=_FORMAT, where=str(path)), durable=False)


def kept(step: str, basis: Basis) -> KeptBasis:
    """The basis of a step in the form in which it is kept.

    Examples
    --------
    >>> inputs = {"a": [{"rows": "5d"}, {"n": 3}], "b.model/": {"model/w": "e0"}}
    >>> found = kept("c", Basis("c", "1", {"x": (1, 2)}, inputs, {}, {}))
    >>> [*found.inputs], found.settings
    (['a.rows', 'a.n', 'b.model/w'], {'x': [1, 2]})
    """
    inputs = {name: _digest(value) for name, value in _named(basis.inputs)}
    sources = dict(basis.sources) if len(basis.sources) <= _MOST else {"": _digest(basis.sources)}
    settings = json.loads(canonical_json(basis.settings))  # lists, not tuples, as what is read back has them
    env = {name: _digest(value) for name, value in basis.env.items()}
    return KeptBasis(step, basis.key, basis.code, settings, inputs, sources, env)


def _named(inputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, left in inputs.items():
        need, _, output = name.partition(".")
        if name.endswith("/") and left is not None:  # the files of a folder
            yield from ((f"{need}.{file}", sha256) for file, sha256 in left.items())
        elif not output and left is not None:  # all that a step left: its files and its values
            yield from ((f"{need}.{one}", value) for part in left for one, value in part.items())
        else:
            yield name, left


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()
