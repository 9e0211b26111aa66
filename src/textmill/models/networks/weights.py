"""Where pretrained weights lie: a folder, an installed package that ships them, or the hub.

What is wanted of them is ``config.json``, ``tokenizer.json`` and weights as safetensors. A package is looked at, never
imported; files that hold code, or pickles, are not read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from textmill.errors import ConfigError, CorruptError, MissingExtra

__all__ = ["Weights", "find_weights"]

_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
_TENSORS = "*.safetensors"
_HEAD_BYTES = 8  # of a safetensors file, which say how long the head is that follows
_PARTS = "*.safetensors.index.json"  # of weights in several files: which is where


@dataclass(frozen=True)
class Weights:
    """A folder with a pretrained model.

    Attributes
    ----------
    name : as it was asked for
    """

    name: str
    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """What ``config.json`` says.

        Raises
        ------
        CorruptError : if it cannot be read, or wants code of its own to be run
        """
        where = str(self.folder / _CONFIG)
        try:
            said: dict[str, Any] = json.loads((self.folder / _CONFIG).read_text(encoding="utf-8"))
            if not isinstance(said["model_type"], str):
                raise TypeError("model_type is no text")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CorruptError(f"it cannot be read: {error}", where=where) from error
        if "auto_map" in said:
            raise CorruptError(
                "this model wants code of its own to be run, and no model is given that here",
                where=where,
                wanted="an architecture that the package 'transformers' knows",
                got=f"auto_map: {', '.join(map(str, said['auto_map']))}",
            )
        return said

    @property
    def tokenizer(self) -> bytes:
        """The bytes of ``tokenizer.json``."""
        return (self.folder / _TOKENIZER).read_bytes()

    @property
    def files(self) -> list[Path]:
        """All that decides what it computes."""
        parts = [path for form in (_TENSORS, _PARTS) for path in self.folder.glob(form)]
        return sorted([self.folder / _CONFIG, self.folder / _TOKENIZER, *parts])


def find_weights(name: str, folder: Path | None = None) -> Weights:
    """Find a pretrained model.

    Parameters
    ----------
    name : a folder, a package that is installed, or ``OWNER/NAME`` on the hub
    folder : where the path of a folder begins, by default the working directory

    Raises
    ------
    ConfigError : if it is nowhere; with what was tried
    """
    path = (folder or Path()) / name
    if path.is_dir():
        return _whole(name, path)
    tried = [f"there is no folder {_plain(path)}"]
    packaged = _in_package(name)
    if packaged is not None:
        return _whole(name, packaged)
    if name.count("/") == 1 and not name.startswith((".", "/")):
        found = _from_hub(name, tried)
        if found is not None:
            return _whole(name, found)
    else:
        tried.append("no package of that name that ships weights is installed")
        if "/" not in name:
            tried.append("a name on the hub is OWNER/NAME, such as distilbert/distilbert-base-uncased")
    raise ConfigError(
        [
            f"model.weights: {name!r} is not to be found: {'; '.join(tried)}. Give a folder with {_CONFIG},"
            f" {_TOKENIZER} and model.safetensors, as it can be downloaded elsewhere"
        ]
    )


def _whole(name: str, folder: Path) -> Weights:
    if missing := _missing(folder):
        raise ConfigError([f"model.weights: {_plain(folder)} lacks {', '.join(missing)}"])
    folder = _plain(folder)
    for file in folder.glob(_TENSORS):
        _check_length(file)
    return Weights(name, folder)


def _plain(path: Path) -> Path:
    """The path without ``..``, as people are told of it."""
    return path.resolve() if ".." in path.parts else path


def _check_length(path: Path) -> None:
    """Look at the head of a safetensors file, which says how long the file is, and at nothing else of it.

    Raises
    ------
    CorruptError : if it is another length, or there is no such head
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            head = int.from_bytes(file.read(_HEAD_BYTES), "little")
            said = json.loads(file.read(head)) if _HEAD_BYTES + head <= size else None
        ends = [] if said is None else [one["data_offsets"][1] for name, one in said.items() if name != "__metadata__"]
        wanted = None if said is None else _HEAD_BYTES + head + max(ends, default=0)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        wanted = None
    if wanted != size:
        raise CorruptError(
            "the file is cut short or damaged",
            where=str(path),
            wanted="a head of safetensors" if wanted is None else f"{wanted:,} bytes, as its head says",
            got=f"{size:,} bytes",
            hint="Fetch it again.",
        )


def _missing(folder: Path) -> list[str]:
    missing = [file for file in (_CONFIG, _TOKENIZER) if not (folder / file).is_file()]
    return missing + ([] if list(folder.glob(_TENSORS)) else ["weights as safetensors"])


def _in_package(name: str) -> Path | None:
    """The folder of an installed package that holds weights; the package is not imported."""
    try:
        files = distribution(name).files or []
    except (PackageNotFoundError, ValueError):
        return None
    for file in files:
        if file.match(_TENSORS):
            folder = Path(str(file.locate())).parent
            if (folder / _CONFIG).is_file():
                return folder
    return None


def _from_hub(name: str, tried: list[str]) -> Path | None:
    """A copy of a model on the hub: the one that was fetched before, or a new one."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtra(f"model.weights = {name!r}", package="huggingface_hub", extra="networks") from error
    wanted = [_CONFIG, _TOKENIZER, _TENSORS, _PARTS]
    for here in (True, False):
        try:
            found = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=here))
            if not (here and _missing(found)):  # somebody may have fetched a part of it
                return found
        except Exception as error:  # whatever its HTTP library raises; nothing of it is the program's fault
            if not here:
                tried.append(_refusal(error))
    return None


def _refusal(error: Exception) -> str:
    """Why the hub gave nothing, as a person says it: its own words are of sockets."""
    names = {kind.__name__ for one in (error, error.__cause__) for kind in type(one).__mro__}
    if "RepositoryNotFoundError" in names:
        return "the hub has no such model, or does not give it to everybody"
    if names & {"LocalEntryNotFoundError", "ConnectionError", "ConnectError", "TransportError", "Timeout"}:
        return "it was not fetched before, and the hub cannot be reached from here"
    said = str(error).strip().splitlines()
    return f"the hub does not give it: {said[0] if said else type(error).__name__}"
