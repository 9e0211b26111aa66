"""Files of rows through a model, each into a file of its own, by this process or shared among several.

A file is a task, with plain arguments: where the model and the file are. What it makes is moved into the folder when it
is whole, and last comes its record, ``.labelled/NAME.json``: from what it was made, and the sha256 of what was made. So
a task that is lost with its process is done again, and one whose record still holds is not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from textmill.config import TextConfig, thread_count
from textmill.errors import DataError, SourceError, StoreError, StoreWriteError
from textmill.flow.keys import GUESTS, code_version, guests_of
from textmill.flow.labelling import OpenModel, label_stream, open_model, reading
from textmill.flow.shard_tasks import Place
from textmill.flow.shards import Alone, Cluster
from textmill.read import RejectedFile, open_sink
from textmill.read.sinks import format_for
from textmill.read.source import SUFFIXES, Source, find_files, os_sentence
from textmill.registry import Store
from textmill.registry.disk import Disk
from textmill.registry.objects import digest_of
from textmill.registry.scratch import Scratch
from textmill.registry.sealed import seal, unseal
from textmill.types import Manifest, Ref, canonical_json

__all__ = ["Labelled", "Rows", "label", "label_files"]

_RECORDS = ".labelled"  # hidden, so that whoever reads all files of the folder reads rows only
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Labelled:
    """What became of the files.

    Attributes
    ----------
    ref : the version that labelled them
    files, there : how many files the folder has of them, and how many of these were there already
    rows : how many rows these files hold
    reasons : why rows were set aside, and how many
    """

    ref: Ref
    files: int
    there: int
    rows: int
    reasons: Counter[str]


class Rows(NamedTuple):
    """A file to be labelled.

    Attributes
    ----------
    source : its path
    out : path of what is made of it
    form : format of that
    """

    source: str
    out: str
    form: str

    @property
    def rejected(self) -> str:
        """Path of the rows that cannot be used, if there are some."""
        return f"{self.out}.rejected.jsonl"


def label_files(
    store: Store,
    model: str,
    version: int | None,
    source: str,
    folder: Path,
    *,
    form: str | None = None,
    column: str | None = None,
    on: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Labelled:
    """Label each file of a source into a file of its own, and what is there already not again.

    Parameters
    ----------
    model, version : as `Store.open` takes them
    source : path or glob
    folder : where the files go, under the same names; it is made if it is not there
    form : csv, jsonl or parquet; None goes by the name of each file
    column : holds the text; None takes the name that it had in training
    on : who does it: ``dask`` for processes on this machine, or the address of a Dask scheduler; None: this process.
        The files do not depend on it
    progress : told how many files are done, and how many there are

    Raises
    ------
    DataError : if two files would get the same name, or one be written over; a SourceError names a file that cannot be
        read or has no usable row. What is finished by then stays
    NotInStore, CorruptError, FormatError : if there is no such model
    ConfigError, MissingExtra, StepFailed : if there is nobody to share the work with
    StoreWriteError : if the folder cannot be written to
    """
    if on is not None:
        from textmill.flow.dask_bridge import check_on

        check_on(on)
    asked = [_rows(one, folder, form, shared=on is not None) for one in find_files(source, Path())]
    _check_names(asked)
    manifest = store.manifest(model, version)
    place, digest = Place.of(store, ""), _digest(manifest)
    opened = _opened(place.store, manifest.ref, digest)  # what cannot be opened is told before the work
    reading(manifest, column)
    place = place._replace(code=_code(opened))
    with _writing(folder):
        (folder / _RECORDS).mkdir(parents=True, exist_ok=True)
    try:
        with _cluster(on, len(asked)) as cluster:
            threads = None if on is None else 1
            given = [cluster.submit(label, place, manifest.ref, digest, column, rows, threads) for rows in asked]
            tell = progress or _nobody
            results = cluster.wait(given, lambda done: tell(done, len(asked)))
    finally:
        Scratch(folder / _RECORDS / "tmp", Disk()).sweep()  # of workers that were killed
    made = [json.loads(result) for result in results]
    reasons: Counter[str] = Counter()
    for one in made:
        reasons.update(one["reasons"])
    return Labelled(
        manifest.ref, len(made), sum(one["there"] for one in made), sum(one["rows"] for one in made), reasons
    )


def label(place: Place, ref: Ref, digest: str, column: str | None, rows: Rows, threads: int | None = None) -> str:
    """Label one file unless that was done; as JSON its ``rows``, the ``reasons`` of others, and if it was ``there``.

    Parameters
    ----------
    ref, digest : the version and the digest of its files
    column, threads : as `label_files` has them

    Raises
    ------
    SourceError : if the file cannot be read, has no usable row, or is written to meanwhile
    StepFailed, StoreError : if this process has another code, or another store
    """
    opened = _opened(place.store, ref, digest)
    place.check_code(_code(opened))
    source, out = Path(rows.source), Path(rows.out)
    if not out.parent.is_dir():
        hint = "It has to lie under the same path on each machine."
        raise StoreError("a worker does not see the folder", where=str(out.parent), hint=hint)
    config = reading(opened.manifest, column)
    before, read = _looked_at(source)
    basis = {
        "model": digest,
        "input": read,
        "name": source.name,  # its ending may say how it is read
        "text": list(config.texts),
        "columns": config.columns and list(config.columns),
        "format": rows.form,
        "code": place.code,
    }
    record = out.parent / _RECORDS / f"{out.name}.json"
    found = _still(record, basis, rows)
    if found is not None:
        return canonical_json({"rows": found["rows"], "reasons": found["reasons"], "there": True}).decode()
    scratch = Scratch(record.parent / "tmp", Disk())  # its folder goes with this process, however that ends
    try:
        new = Rows(rows.source, str(scratch.new_folder("rows") / out.name), rows.form)
        with open_sink(Path(new.out), rows.form) as sink, RejectedFile(Path(new.rejected)) as aside:
            count = label_stream(rows.source, opened, config, sink, aside, threads=threads)
        if not source.exists() or _stamp(source) != before:
            hint = "Run again when it is whole."
            raise SourceError("the file was changed while it was read", where=rows.source, hint=hint)
        left = {"rows": count, "reasons": dict(aside.reasons)}
        with _writing(out):
            if not aside.count:
                os.unlink(new.rejected)  # nothing to look at
            body = {"by": str(ref), "from": basis, **left, "sha256": _digests(new)}
            noted = Path(f"{new.out}.json")
            noted.write_bytes(seal(body, format=_FORMAT, where=str(record)))
            os.replace(new.out, out)
            if aside.count:
                os.replace(new.rejected, rows.rejected)
            else:
                Path(rows.rejected).unlink(missing_ok=True)
            os.replace(noted, record)
    finally:
        scratch.close()
    return canonical_json(left | {"there": False}).decode()


def _rows(file: Source, folder: Path, form: str | None, *, shared: bool) -> Rows:
    """What is made of a file; of a compressed one a plain one."""
    if file.format == "folder":
        raise SourceError(
            "this is a folder",
            where=file.where,
            wanted="files",
            hint=f"Name them with a pattern, such as '{Path(file.where) / '*.csv'}'.",
        )
    name = file.path.name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    if form is not None:
        stem, dot, ending = name.rpartition(".")
        known = f".{ending.lower()}" in (*SUFFIXES, ".txt")
        name = f"{stem if dot and known else name}.{form}"
    else:
        try:
            form = format_for(Path(name))
        except DataError as error:
            hint = "Or say with --format which it shall be."
            raise DataError(error.what, where=file.where, wanted=error.wanted, hint=hint) from error
    source, out = file.path, folder / name
    if shared:  # workers may stand in another folder
        source, out = source.absolute(), out.absolute()
    return Rows(str(source), str(out), form)


def _check_names(asked: Sequence[Rows]) -> None:
    read = {(found.st_dev, found.st_ino): rows.source for rows in asked for found in [os.stat(rows.source)]}
    made: dict[str, str] = {}
    for rows in asked:
        for path in (rows.out, rows.rejected):
            other = made.setdefault(path, rows.source)
            if other != rows.source:
                raise DataError(
                    f"what is made of {other} and of {rows.source} would get this name",
                    where=path,
                    hint="Label them into folders of their own.",
                )
            with suppress(OSError):  # there is none yet
                found = os.stat(path)
                if (found.st_dev, found.st_ino) in read:
                    raise DataError(
                        "this file is read, and would be written over", where=path, hint="Name another folder."
                    )


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(canonical_json(manifest.files)).hexdigest()


def _code(opened: OpenModel) -> str:
    """The version of all that decides what is made of a file."""
    path, config = opened.classifier.text_path, opened.classifier.config
    guests = (*GUESTS, *guests_of(path.config if path is not None else TextConfig(), config))
    rooms = ("flow/label_files", "flow/labelling", "read", "_native", "text", "features", "models")
    return code_version(*rooms, guests=guests)


@lru_cache(maxsize=1)  # the next file needs the same
def _opened(store: str, ref: Ref, digest: str) -> OpenModel:
    with Place(store, "").opened() as found:
        opened = open_model(found, ref)
    if _digest(opened.manifest) != digest:
        raise StoreError(f"a worker finds another {ref} in the store", where=store)
    return opened


@contextmanager
def _cluster(on: str | None, files: int) -> Iterator[Cluster]:
    if on is None:
        yield Alone()
        return
    from textmill.flow.dask_bridge import connected, scheduler

    with scheduler(on, min(thread_count(), files)) as address, connected(address) as cluster:
        yield cluster


def _still(record: Path, basis: dict[str, Any], rows: Rows) -> dict[str, Any] | None:
    """What a record says, if it is of this and what was made is there, to the byte."""
    try:
        found = unseal(record.read_bytes(), format=_FORMAT, where=str(record))
        return found if found["from"] == basis and found["sha256"] == _digests(rows) else None
    except (OSError, StoreError, KeyError):
        return None


def _digests(rows: Rows) -> dict[str, str]:
    """sha256 of what was made of a file, by what it is."""
    made = {"out": Path(rows.out), "rejected": Path(rows.rejected)}
    return {what: digest_of(path) for what, path in made.items() if path.exists()}


def _looked_at(path: Path) -> tuple[tuple[int, int, int], str]:
    """What changes when the file does, and its sha256."""
    try:
        return _stamp(path), digest_of(path)
    except OSError as error:
        raise os_sentence(error, str(path)) from error


def _stamp(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


@contextmanager
def _writing(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StoreWriteError(f"cannot be written: {why}", where=str(where)) from error


def _nobody(done: int, total: int) -> None:
    """Nobody is told."""
