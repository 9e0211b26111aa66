"""A model in one file, for a machine without a network: a plain zip, the same bytes for the same model.

bundle.json             what it is, the sha256 of every other file, what the model needs
model/...               the version's files and its manifest
requirements.txt        packages in the versions of here, for pip
wheels/*.whl            those packages, if they were given
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from textmill.errors import CorruptError, DataError, SourceError, TextmillError
from textmill.registry.disk import writing
from textmill.registry.manifests import MANIFEST, check_files, inside, read_manifest
from textmill.registry.objects import digest_of, is_sha256
from textmill.registry.requirements import extras_of, plain_name, requirements
from textmill.registry.sealed import seal, unseal
from textmill.registry.store import Store
from textmill.types import Manifest, Ref

__all__ = ["Installed", "bundle", "install"]

_FORMAT = 1
_HEAD = "bundle.json"
_MOST_HEAD = 64 << 20  # bytes; the rest is streamed
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Installed:
    """A version that came from a bundle.

    Attributes
    ----------
    manifest : of the version here; its parents ``origin`` and ``origin_manifest`` say which it was there
    requirements : ``name==version`` of what it was made to answer with
    functions : functions of somebody's own that the model calls, and that no bundle holds
    """

    manifest: Manifest
    requirements: tuple[str, ...]
    functions: tuple[str, ...]


def bundle(
    store: Store, model: str | Ref, path: Path, *, wheels: Path | None = None, extras: Iterable[str] = ()
) -> tuple[str, ...]:
    """Write a version into one file; the paths in it.

    Parameters
    ----------
    wheels : a folder with a wheel of every required package; they go into the bundle
    extras : of textmill, beside those that the model needs, such as ``serve``

    Raises
    ------
    NotInStore, FormatError, CorruptError : if there is no such version, or it is not what was written
    DataError : if a wheel is missing; says which
    MissingExtra : if a package that the model needs is not installed here
    StoreWriteError : if the file cannot be written; nothing half-written is left
    """
    manifest, folder = store.open(model)
    if manifest.ref.kind != "model":
        raise DataError("only a model can be bundled", got=str(manifest.ref))
    needed = [
        f"{name}=={version}" for name, version in requirements({*extras_of(manifest.config, folder), *extras}).items()
    ]
    text = ("\n".join(needed) + "\n").encode()
    sources: dict[str, Path | bytes] = {"requirements.txt": text, f"model/{MANIFEST}": folder / MANIFEST}
    sources |= {f"model/{name}": folder / name for name in manifest.files}
    if wheels is not None:
        sources |= {f"wheels/{wheel.name}": wheel for wheel in _wheels(wheels, needed)}
    digests = {
        name: hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else digest_of(source)
        for name, source in sorted(sources.items())
    }
    head = {
        "ref": str(manifest.ref),
        "files": digests,
        "requirements": needed,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "functions": _functions(manifest.config),
    }
    sources[_HEAD] = seal(head, format=_FORMAT, where=str(path))
    new = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with writing(path):
            with zipfile.ZipFile(new, "x", zipfile.ZIP_STORED) as archive:
                for name in (_HEAD, *digests):
                    _add(archive, name, sources[name])
            descriptor = os.open(new, os.O_RDONLY | os.O_CLOEXEC)
            try:
                store.disk.sync(descriptor)
            finally:
                os.close(descriptor)
            store.disk.rename(new, path)
    finally:
        with suppress(OSError):
            new.unlink()
    return (_HEAD, *digests)


def install(store: Store, path: Path) -> Installed:
    """Publish the model of a bundle as the next version of its name; the same bundle again is the same version.

    Nothing is believed: every file is compared with its sha256, and no name may leave the bundle's folder.

    Raises
    ------
    SourceError : if the file cannot be opened
    CorruptError : if it is no bundle, or not what was written; names the file in it
    FormatError : if a newer textmill wrote it
    StoreWriteError : if there is no room or no permission
    """
    folder = store.scratch.new_folder("bundle")
    try:
        with _reading(path), _opened(path) as archive:
            entries = _checked(archive, path)
            with archive.open(entries.pop(_HEAD)) as file:
                head = _typed(unseal(file.read(_MOST_HEAD), format=_FORMAT, where=f"{path}: {_HEAD}"), path)
            if set(entries) != set(head["files"]):
                odd = min(set(entries) ^ set(head["files"]))
                raise CorruptError(f"{odd!r} is in the file or in its list, and not in both", where=str(path))
            for name, entry in entries.items():
                target = folder / name if name.startswith("model/") else None
                with archive.open(entry) as file:
                    found = _copied(file, target)
                if found != head["files"][name]:
                    raise CorruptError(f"{name} is not what was written: its sha256 is wrong", where=str(path))
        ref = Ref.parse(head["ref"])
        manifest = read_manifest(folder / "model", ref)
        check_files(manifest, folder / "model")
        (folder / "model" / MANIFEST).unlink()
        made = store.publish(
            ref.name,
            folder / "model",
            parents=manifest.parents | {"origin": str(ref), "origin_manifest": head["files"][f"model/{MANIFEST}"]},
            config=manifest.config,
            report=manifest.report,
            same=lambda one, other: one.parents.get("origin_manifest") == other.parents["origin_manifest"],
        )
        return Installed(made, tuple(head["requirements"]), tuple(head["functions"]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wheels(folder: Path, needed: list[str]) -> list[Path]:
    if not folder.is_dir():
        raise DataError("there is no such folder with wheels", where=str(folder))
    there = {}
    for path in sorted(folder.glob("*.whl")):
        name, _, rest = path.name.partition("-")
        there[f"{plain_name(name)}=={rest.partition('-')[0]}"] = path
    missing = [line for line in needed if line not in there]
    if missing:
        raise DataError(
            f"there is no wheel for {', '.join(missing)}",
            where=str(folder),
            hint="Get them with: pip download -d WHEELS -r requirements.txt (which stands in a bundle without wheels)",
        )
    return [there[line] for line in needed]


def _functions(config: dict[str, Any]) -> list[str]:
    maps = config.get("text", {}).get("map", ())
    return [name for name in ((maps,) if isinstance(maps, str) else maps) if ":" in name]


def _add(archive: zipfile.ZipFile, name: str, source: Path | bytes) -> None:
    entry = zipfile.ZipInfo(name)  # of 1980, so that the time is no part of the bytes
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.create_system = 3
    if isinstance(source, bytes):
        archive.writestr(entry, source)
        return
    entry.file_size = source.stat().st_size
    with source.open("rb") as file, archive.open(entry, "w") as target:
        shutil.copyfileobj(file, target, _CHUNK)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:  # what a damaged zip may raise
        if isinstance(error, TextmillError):
            raise
        raise CorruptError(f"this is no bundle, or a damaged one: {error}", where=str(path)) from error


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise SourceError(f"it cannot be read: {error.strerror or error}", where=str(path)) from error


def _checked(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not (inside(entry.filename) or entry.filename == MANIFEST) or entry.filename in entries:
            raise CorruptError(f"{entry.filename!r} is no name for a file of a bundle", where=str(path))
        if kind not in (0, stat.S_IFREG) or entry.flag_bits & 1 or entry.compress_type != zipfile.ZIP_STORED:
            raise CorruptError(f"{entry.filename!r} is no plain file, as all in a bundle are", where=str(path))
        entries[entry.filename] = entry
    if _HEAD not in entries:
        raise CorruptError(f"it has no {_HEAD}, so it is no bundle", where=str(path))
    return entries


def _typed(head: dict[str, Any], path: Path) -> dict[str, Any]:
    files, lists = head.get("files"), [head.get("requirements"), head.get("functions")]
    right = (
        isinstance(head.get("ref"), str)
        and isinstance(files, dict)
        and all(map(is_sha256, files.values()))
        and f"model/{MANIFEST}" in files
        and all(isinstance(one, list) and all(isinstance(line, str) for line in one) for one in lists)
    )
    if not right:
        raise CorruptError(f"{_HEAD} lacks what it must say", where=str(path))
    return head


def _copied(file: IO[bytes], target: Path | None) -> str:
    digest = hashlib.sha256()
    if target is None:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = target.open("xb")
    with copy:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            with writing(target):
                copy.write(chunk)
    return digest.hexdigest()
