"""What decides a step's result, as one digest: same key, nothing to do."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from textmill import __version__
from textmill.config import ModelConfig, TextConfig
from textmill.errors import ConfigError, DataError
from textmill.flow.step import Step
from textmill.registry import Finished
from textmill.types import canonical_json

__all__ = ["GUESTS", "Basis", "basis_of", "code_version", "guests_of", "step_key"]

# of every model; what the last two hold decides terms
GUESTS = ("numpy", "pyarrow", "pystemmer", "simplemma", "stop_words")

_KEY_FORMAT = 1  # another way to compute keys gets another number, so that old and new never meet


@dataclass(frozen=True, slots=True)
class Basis:
    """What a key is the digest of.

    Attributes
    ----------
    inputs : digests and values of what the needed steps left, as far as they decide the result
    sources : sha256 of what is read outside of the store, by name
    env : what the user's own step finds in its environment
    """

    step: str
    code: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Any]
    sources: Mapping[str, str]
    env: Mapping[str, str]

    @property
    def key(self) -> str:
        """The sha256.

        Raises
        ------
        DataError : if a setting is no JSON value
        """
        body: dict[str, Any] = {
            "key": _KEY_FORMAT,
            "step": self.step,
            "code": self.code,
            "settings": self.settings,
            "inputs": self.inputs,
            "sources": self.sources,
        }
        if self.env:
            body["env"] = self.env
        try:
            return hashlib.sha256(canonical_json(body)).hexdigest()
        except (TypeError, ValueError) as error:
            raise DataError(f"its settings and values must be JSON: {error}", where=f"step {self.step}") from error


def basis_of(step: Step, outputs: Mapping[str, Finished]) -> Basis:
    """Code version, settings and the digests of the inputs. No path is part of it.

    Parameters
    ----------
    outputs : what the needed steps left

    Raises
    ------
    ConfigError : if `keyed_by` names what is no output of a needed step
    """
    inputs: dict[str, Any] = {}
    for need in step.needs if step.keyed_by is None else ():
        inputs[need] = _whole(outputs.get(need))
    for name in step.keyed_by or ():
        inputs[name] = _output(name, step, outputs)
    sources = dict(step.sources()) if step.sources is not None else {}
    return Basis(step.origin, step.code, step.settings, inputs, sources, dict(step.env))


def step_key(step: Step, outputs: Mapping[str, Finished]) -> str:
    """The key of a step; see `basis_of` and `Basis.key` for what is raised."""
    return basis_of(step, outputs).key


def _output(name: str, step: Step, outputs: Mapping[str, Finished]) -> Any:
    need, _, output = name.partition(".")
    if need not in step.needs:
        raise ConfigError([f"it is keyed by {name!r} but does not need {need!r}"], where=f"step {step.name}")
    left = outputs.get(need)
    if left is None:  # it failed, or a gate refused it
        return None
    if not output:
        return _whole(left)
    if output.endswith("/"):
        return {path: file.sha256 for path, file in left.files.items() if path.startswith(output)}
    if output in left.files:
        return left.files[output].sha256
    if output in left.values:
        return left.values[output]
    known = ", ".join([*left.files, *left.values])
    raise ConfigError([f"step {need!r} left no {output!r}; it left {known}"], where=f"step {step.name}")


def _whole(left: Finished | None) -> list[Any] | None:
    return None if left is None else [{name: file.sha256 for name, file in left.files.items()}, left.values]


def code_version(*rooms: str, guests: tuple[str, ...] = ()) -> str:
    """textmill's version and a digest over the files of some rooms; ``_native`` is the compiled module.

    In an editable install a changed file changes it. Files count under their path in the package, wherever it lies.
    The digest is of the files as they are when first asked, which is when the process loads them.

    Parameters
    ----------
    rooms : folders or files of the package, without ``.py``
    guests : other people's packages whose version may change a result, as the package index spells them

    Examples
    --------
    >>> code_version("registry").split("+")[0] == __version__
    True
    >>> code_version("registry", guests=("numpy",)) == code_version("registry")
    False
    """
    # a float's text or a sort may change with Python
    digest = hashlib.sha256(f"python {sys.version_info.major}.{sys.version_info.minor}\n".encode())
    for room in ("types", *rooms):
        digest.update(f"{room} {_room_digest(room)}\n".encode())
    for guest in guests:
        digest.update(f"{guest} {_installed().get(guest, 'none')}\n".encode())
    return f"{__version__}+{digest.hexdigest()[:16]}"


def guests_of(text: TextConfig, model: ModelConfig) -> tuple[str, ...]:
    """The packages that decide what a model makes of texts, besides `GUESTS`."""
    found = {"regex": ("regex",), "subword": ("tokenizers",)}.get(text.tokens, ())
    if model.is_network and model.onnx != "no":
        found = (*found, "onnx", "onnxscript", "onnxruntime")  # whether there is a graph, and what is in it
    if model.weights is not None:
        return (*found, "torch", "tokenizers", "transformers", *(["peft"] if model.learns == "lora" else []))
    if model.kind == "encoder":
        return (*found, "torch", "tokenizers")
    return (*found, "torch") if model.is_network else found


@cache
def _installed() -> dict[str, str]:
    """Version of each installed package by its name in small letters.

    The names of the folders say it; importlib.metadata, which says it too, takes longer to load than a run that has
    nothing to do.
    """
    found: dict[str, str] = {}
    for place in reversed(sys.path):  # the first on the path is the one that is imported
        try:
            entries = os.listdir(place)
        except OSError:
            continue
        for entry in entries:
            if entry.endswith((".dist-info", ".egg-info")):
                name, _, version = entry.rpartition(".")[0].partition("-")
                found[name.lower()] = version
    return found


@cache
def _room_digest(room: str) -> str:
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in _files(root, room):
        # the compiled module may lie outside of the package in an editable install
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _files(root: Path, room: str) -> list[Path]:
    if (root / f"{room}.py").is_file():
        return [root / f"{room}.py"]
    if (root / room).is_dir():
        found = (root / room).rglob("*")
        return sorted(p for p in found if p.is_file() and p.suffix != ".pyc" and not p.name.startswith("."))
    compiled = find_spec(f"textmill.{room}")
    return [Path(compiled.origin)] if compiled is not None and compiled.origin else []
