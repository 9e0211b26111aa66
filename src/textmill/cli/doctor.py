"""``textmill doctor``: what is installed, and whether it works."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import click

from textmill import __version__
from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import console, json_option, print_json
from textmill.errors import NotInStore, StoreError
from textmill.types import Ref

__all__ = ["EXTRAS", "NEEDED", "Finding", "command", "findings"]

# distribution -> module; a test compares them with pyproject.toml
NEEDED = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pyarrow": "pyarrow",
    "click": "click",
    "rich": "rich",
    "PyStemmer": "Stemmer",
}
EXTRAS = {
    "serve": {"starlette": "starlette", "uvicorn": "uvicorn"},
    "estimators": {"scikit-learn": "sklearn"},
    "languages": {"py3langid": "py3langid", "simplemma": "simplemma", "stop-words": "stop_words"},
    "subword": {"tokenizers": "tokenizers"},
    "regex": {"regex": "regex"},
    "networks": {
        "torch": "torch",
        "safetensors": "safetensors",
        "tokenizers": "tokenizers",
        "transformers": "transformers",
        "peft": "peft",
        "captum": "captum",
        "accelerate": "accelerate",
    },
    "onnx": {"onnx": "onnx", "onnxruntime": "onnxruntime", "onnxscript": "onnxscript"},
    "tune": {"optuna": "optuna"},
    "dask": {"distributed": "distributed"},
    "schedule": {"cronsim": "cronsim", "tzdata": "tzdata"},
    "shared": {"fsspec": "fsspec", "s3fs": "s3fs"},
    "tensorboard": {"tensorboard": "tensorboard"},
    "mlflow": {"mlflow-skinny": "mlflow", "pandas": "pandas"},
    "airflow": {"apache-airflow": "airflow"},
}
_SETTINGS = {
    "TEXTMILL_STORE": "the store that every command uses",
    "TEXTMILL_CACHE": "where copies of shared stores lie",
    "TEXTMILL_PLUGINS": "functions of your own that models may use",
    "TEXTMILL_DATA": "a local mirror of the public data sets",
    "TEXTMILL_THREADS": "how many threads to use",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``fine``, ``missing`` (an extra that may be wanted) or ``broken``."""

    what: str
    state: Literal["fine", "missing", "broken"]
    said: str


@click.command("doctor")
@store_option
@json_option
def command(store: Path | str | None, as_json: bool) -> int:
    """Check the installation: versions, the native core, extras, the store, settings.

    Ends with 1 if something is broken; an extra that is missing is no fault.
    """
    found = list(findings(store))
    broken = sum(finding.state == "broken" for finding in found)
    if as_json:
        print_json([asdict(finding) for finding in found])
        return int(broken > 0)
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    styles = {"fine": "green", "missing": "yellow", "broken": "bold red"}
    for finding in found:
        table.add_row(Text(finding.state, styles[finding.state]), finding.what, finding.said)
    console().print(table)
    click.echo(f"\n{broken} broken; see above." if broken else "\nAll is well.")
    return int(broken > 0)


def findings(store: Path | str | None = None) -> Iterator[Finding]:
    """Look at everything, in the order in which it is told."""
    yield Finding("textmill", "fine", __version__)
    old = sys.version_info < (3, 11)
    said = f"{platform.python_version()} at {sys.executable}"
    yield Finding("Python", "broken" if old else "fine", said + ("; 3.11 or later is needed" if old else ""))
    yield Finding("machine", "fine", f"{platform.system()} {platform.machine()}, {_cores()} cores to use")
    yield _native()
    for name, module in NEEDED.items():
        version = _version(name, module)
        yield Finding(name, "fine" if version else "broken", version or f"is needed; pip install '{name}'")
    for extra, packages in EXTRAS.items():
        versions = {name: _version(name, module) for name, module in packages.items()}
        missing = [name for name, version in versions.items() if version is None]
        if missing:
            said = f"{', '.join(missing)} not installed; pip install 'textmill[{extra}]'"
            yield Finding(f"extra {extra}", "missing", said)
        else:
            yield Finding(
                f"extra {extra}", "fine", ", ".join(f"{name} {version}" for name, version in versions.items())
            )
    if find_spec("onnxruntime") or find_spec("torch"):
        runtime = "ONNX Runtime, those that have a graph" if find_spec("onnxruntime") else "PyTorch"
        yield Finding("networks answer by", "fine", runtime)
    yield _store(store)
    yield from _kept(store)
    for name, meaning in _SETTINGS.items():
        value = os.environ.get(name)
        yield Finding(name, "fine", value if value is not None else f"not set ({meaning})")


def _native() -> Finding:
    try:
        import numpy as np

        from textmill import _native as native

        texts = [b"Forest FIRE!", b"forest fire http://t.co/x", b"calm"]
        data = np.frombuffer(b"".join(texts), np.uint8)
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        hashes = native.fingerprints(data, offsets, True, 1)
        works = hashes.shape == (3, 2) and bool((hashes[0] == hashes[1]).all()) and not (hashes[0] == hashes[2]).all()
    except Exception as error:  # whatever is wrong with a compiled file: that is what is asked here
        return Finding(
            "native core", "broken", f"does not work: {type(error).__name__}: {error}; install textmill again"
        )
    if not works:
        return Finding("native core", "broken", "gives wrong results; install textmill again")
    return Finding("native core", "fine", "works")


def _version(name: str, module: str) -> str | None:
    if find_spec(module) is None:
        return None
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _store(named: Path | str | None) -> Finding:
    try:
        store = find_store(named)
        store.catch_up()
        root = store.root
    except NotInStore as error:
        return Finding("store", "fine" if named is None else "broken", f"none yet: {error.what}, {error.where}")
    except Exception as error:
        return Finding("store", "broken", str(error))
    if "://" in store.place:
        return Finding("store", "fine", f"{store.place}, with a copy in {root}")
    if not os.access(root, os.W_OK | os.X_OK):
        return Finding("store", "broken" if root.exists() else "fine", f"{root} cannot be written")
    return Finding("store", "fine", f"{root}, can be written")


def _kept(named: Path | str | None) -> list[Finding]:
    """Whether each version and the audit log are what was written."""
    try:
        store = find_store(named)
        versions = [Ref("model", name, version) for name, found in store.models().items() for version in found]
    except StoreError:
        return []  # told as the store's own finding
    broken = []
    for ref in versions:
        try:
            store.open(ref)
        except StoreError as error:
            broken.append(Finding(f"{ref.name}@{ref.version}", "broken", str(error)))
    try:
        lines = store.audit.verify()
    except StoreError as error:
        return [*broken, Finding("audit log", "broken", str(error))]
    count = "1 version" if len(versions) == 1 else f"{len(versions):,} versions"
    whole = [] if broken else [Finding("models", "fine", f"{count}, every file as it was written")]
    return [*broken, *whole, Finding("audit log", "fine", f"{lines:,} lines, none changed")]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
