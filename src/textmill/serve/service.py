"""The service: texts in, labels and scores out, by model and version. It knows no web."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textmill import __version__
from textmill.errors import NotInStore, closest
from textmill.names import is_alias

if TYPE_CHECKING:
    from textmill.registry import Alias
    from textmill.types import LabelSets, Manifest, Prediction

__all__ = ["Answer", "Classifier", "Service", "Shelf", "split_ref"]


class Classifier(Protocol):
    """What the service asks of a model."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        ...

    def predict(self, texts: list[str] | list[list[str]]) -> Prediction | LabelSets:
        """Scores of each text, safe to call from several threads."""
        ...


class Shelf(Protocol):
    """What the service asks of a store; `textmill.registry.Store` keeps it."""

    def models(self) -> Mapping[str, Sequence[int]]:
        """Every model's name with its versions, oldest first."""
        ...

    def aliases(self, name: str) -> Mapping[str, Alias]:
        """The aliases of a model."""
        ...

    def open(self, model: str, version: int | None = None) -> tuple[Manifest, Path]:
        """A version and the folder it lies in, its checksums verified."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a version said of some texts."""

    model: str
    version: int
    prediction: Prediction | LabelSets

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; each score is spelled with as few digits as give the same float32 back."""
        classes = self.prediction.classes
        scores = self.prediction.scores.astype("U32").astype(float).tolist()
        return {
            "model": self.model,
            "version": self.version,
            "predictions": [
                {**answer, "scores": dict(zip(classes, row, strict=True))}
                for answer, row in zip(self.prediction.answers, scores, strict=True)
            ],
        }


@dataclass(frozen=True, slots=True)
class _Loaded:
    manifest: Manifest
    folder: Path
    classifier: Classifier


def split_ref(said: str) -> tuple[str, int | str | None]:
    """A model as people write it, ``disaster``, ``disaster@3`` or ``disaster@champion``, as name and version or alias.

    Raises
    ------
    NotInStore : if what follows the ``@`` is neither

    Examples
    --------
    >>> split_ref("disaster@3"), split_ref("disaster@champion"), split_ref("disaster")
    (('disaster', 3), ('disaster', 'champion'), ('disaster', None))
    """
    name, at, version = said.removeprefix("model/").partition("@")
    if not at:
        return name, None
    if is_alias(version):
        return name, version
    if not (version.isascii() and version.isdigit() and len(version) <= 9 and int(version) > 0):
        raise NotInStore(f"{said!r} names no version", wanted="NAME, NAME@VERSION or NAME@ALIAS, as in disaster@3")
    return name, int(version)


class Service:
    """Answers for the models of a store.

    A model is loaded when it is first asked for, its files checked against their checksums. Which version
    answers when none is asked for is settled at that moment too and stays so: what a running service says
    changes when it is started again, not when somebody else publishes or promotes. Who asks for an alias
    gets the version that it points to now.

    Parameters
    ----------
    store : where the versions lie
    models : which of them to serve, ``name``, ``name@version`` or ``name@alias``; none means all
    load : makes a classifier from a version's folder; `textmill.models.load_model` if not given
    keep : how many versions other than the settled ones stay in memory

    Raises
    ------
    NotInStore : if one of `models` is not there
    """

    def __init__(
        self,
        store: Shelf,
        models: Sequence[str] = (),
        *,
        load: Callable[[Path], Classifier] | None = None,
        keep: int = 4,
    ) -> None:
        self._store = store
        self._load = load or _load_classifier
        self._keep = keep
        self._loaded: OrderedDict[tuple[str, int], _Loaded] = OrderedDict()
        self._settled: dict[str, int] = {}
        self._lock = threading.Lock()
        self._loading: dict[tuple[str, int], threading.Lock] = {}
        self._only: dict[str, int | None] = {}
        known = store.models()
        for name, version in map(split_ref, models):
            self._settled[name] = self._pick(name, version, known)
            self._only[name] = None if version is None else self._settled[name]

    def names(self) -> list[str]:
        """The models that are served, sorted."""
        return sorted(self._served())

    def version(self, name: str) -> int:
        """The version that answers when none is asked for.

        Raises
        ------
        NotInStore : if there is no such model
        """
        with self._lock:
            if name in self._settled:
                return self._settled[name]
        picked = self._pick(name, None, self._served())
        with self._lock:
            return self._settled.setdefault(name, picked)

    def warm(self) -> dict[str, int]:
        """Load every served model now, and say which version of each."""
        return {name: self._get(name, None).manifest.ref.version for name in self.names()}

    def predict(self, name: str, texts: list[str] | list[list[str]], version: int | str | None = None) -> Answer:
        """What a model says of some texts, or pairs of texts.

        Parameters
        ----------
        version : a number or an alias

        Raises
        ------
        NotInStore : if there is no such model, version or alias
        CorruptError, FormatError : if what is stored cannot be trusted or understood
        """
        loaded = self._get(name, version)
        ref = loaded.manifest.ref
        return Answer(ref.name, ref.version, loaded.classifier.predict(texts))

    def probe(self, name: str, version: int | str | None = None) -> dict[str, Any]:
        """What a model says here of the probe set that its version was made with.

        Raises
        ------
        NotInStore : if there is no such model, version or alias, or its version has no probe set
        """
        from textmill.evaluate.probe import Probe, probe_texts

        loaded = self._get(name, version)
        ref, kept = loaded.manifest.ref, Probe.load(loaded.folder)
        if kept is None:
            raise NotInStore("this version has no probe set", where=str(ref))
        model: Any = loaded.classifier
        said = Probe.of(model, probe_texts(model, kept[1]))
        return {"model": ref.name, "version": ref.version} | said.to_json()

    def card(self, name: str, version: int | str | None = None) -> dict[str, Any]:
        """What is known of a model: its versions, classes, headline figures and where it comes from."""
        loaded = self._get(name, version)
        manifest = loaded.manifest
        return {
            "name": manifest.ref.name,
            "version": manifest.ref.version,
            "versions": list(self._served()[name]),
            "aliases": self._aliases(name, self._served()[name]),
            "classes": list(loaded.classifier.classes),
            "created": manifest.created,
            "parents": dict(manifest.parents),
            "report": dict(manifest.report),
        }

    def cards(self) -> list[dict[str, Any]]:
        """Name, answering version, versions and aliases of every served model; loads nothing."""
        return [
            {
                "name": name,
                "version": self.version(name),
                "versions": list(versions),
                "aliases": self._aliases(name, versions),
            }
            for name, versions in sorted(self._served().items())
        ]

    def health(self) -> dict[str, Any]:
        """That the service is up, and the version of each model that answers when none is asked for."""
        return {"status": "ok", "textmill": __version__, "models": {name: self.version(name) for name in self.names()}}

    def _served(self) -> dict[str, Sequence[int]]:
        kept = self._store.models()
        if not self._only:
            return dict(kept)
        return {name: kept.get(name, ()) if only is None else (only,) for name, only in self._only.items()}

    def _aliases(self, name: str, versions: Sequence[int]) -> dict[str, int]:
        pointing = self._store.aliases(name).items()
        return {alias: at.version for alias, at in pointing if at.version in versions}

    def _pick(self, name: str, version: int | str | None, known: Mapping[str, Sequence[int]]) -> int:
        versions = known.get(name)
        if not versions:
            near = closest(name, known)
            raise NotInStore(
                f"no model is called {name!r}",
                wanted=f"{'one of ' if len(known) > 1 else ''}{', '.join(sorted(known))}" if known else None,
                hint=f"Did you mean {near!r}?" if near else None,
            )
        if version is None:
            return versions[-1]
        if isinstance(version, str):
            aliases = self._aliases(name, versions)
            if version not in aliases:
                raise NotInStore(
                    f"model {name!r} has no {version!r}", wanted=f"one of {', '.join(aliases)}" if aliases else None
                )
            return aliases[version]
        if version not in versions:
            raise NotInStore(
                f"model {name!r} has no version {version}",
                wanted=f"{'one of ' if len(versions) > 1 else ''}{', '.join(map(str, versions))}",
            )
        return version

    def _get(self, name: str, version: int | str | None) -> _Loaded:
        key = (name, self.version(name) if version is None else self._pick(name, version, self._served()))
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            gate = self._loading.setdefault(key, threading.Lock())
        with gate:  # two first requests load once
            with self._lock:
                if key in self._loaded:
                    return self._loaded[key]
            manifest, folder = self._store.open(*key)
            loaded = _Loaded(manifest, folder, self._load(folder))
            with self._lock:
                self._loaded[key] = loaded
                self._loading.pop(key, None)
                self._forget()
        return loaded

    def _forget(self) -> None:
        others = [key for key in self._loaded if self._settled.get(key[0]) != key[1]]
        for key in others[: max(0, len(others) - self._keep)]:  # least recently used first
            del self._loaded[key]


def _load_classifier(folder: Path) -> Classifier:
    from textmill.models import load_model

    return load_model(folder)
