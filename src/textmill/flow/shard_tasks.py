"""What is done with one file of a source or one shard of the corpus, by whatever process: tasks that leave files in the
store.

A task is a function at the top of this module with plain arguments: digests, keys, paths and small numbers. What it
makes is in the store, under a key, before it counts as done; its result is that key. So a task that is lost with its
process is done again, and one that was done in a run before is not.

    parse       a file of a source -> its usable rows
    count       a shard -> its words and n-grams           merge   counts of neighbours -> their sum
    vocabulary  all counts -> the frozen features          weigh   a shard, features -> its rows
    score       a shard, a model -> the model's outputs
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from textmill import plugins
from textmill.config import FeaturesConfig, ReadConfig, TextConfig, from_mapping
from textmill.errors import DataError, SourceError, StepFailed, StoreError
from textmill.features.arrays import write_array
from textmill.features.csr import Csr
from textmill.features.learned import Features, load_features
from textmill.features.word_counts import WordCounts
from textmill.features.words import WordFeatures
from textmill.flow.doing import lay_out, taken
from textmill.flow.keys import GUESTS, code_version
from textmill.models.saved import load_model
from textmill.models.text_model import TextModel
from textmill.read.reading import parse_file
from textmill.read.shards import Shard
from textmill.read.source import Source
from textmill.registry import Finished, Store
from textmill.registry.erased import erased_of, list_of
from textmill.registry.objects import digest_of
from textmill.text.path import TextPath

__all__ = [
    "FileOfRows",
    "Place",
    "Program",
    "Rows",
    "code",
    "count",
    "laid_out",
    "left_by",
    "merge",
    "parse",
    "score",
    "stacked",
    "vocabulary",
    "weigh",
]

_PLACES_AT_MOST = 2**31 - 1


class Place(NamedTuple):
    """Where a task finds and leaves things, and by which code it has to be done."""

    store: str
    code: str

    @classmethod
    def of(cls, store: Store, code: str) -> Place:
        """As another process, in whatever folder, is told of it."""
        at = store.place  # its URL, or a folder that may be named from where we stand
        return cls(at if "://" in at else str(store.root.absolute()), code)

    def check_code(self, here: str) -> None:
        """See that this process has that code.

        Raises
        ------
        StepFailed : if it has another
        """
        if self.code != here:
            what = "a worker has another version of textmill, or of a package that textmill uses"
            raise StepFailed(what, hint="Install the same versions there.")

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store.

        Raises
        ------
        StoreError : if it is not to be seen from here
        """
        store = Store.at(self.store)
        if "://" not in self.store and not store.root.is_dir():
            hint = "It has to lie under the same path on each machine."
            raise StoreError("a worker does not see the store", where=self.store, hint=hint)
        try:
            yield store
        finally:
            store.close()


class FileOfRows(NamedTuple):
    """One file of a source that has several, and how it is read.

    Attributes
    ----------
    path, format, where : as a `Source` has them
    sha256 : of the file
    read : ``[read]``, as JSON
    source : the pattern that names the file, as the user wrote it
    several : whether a row may have several labels
    dataset : of whose rows some may be erased
    erased : sha256 of the list of those; None if there is none
    """

    path: str
    format: str
    where: str
    sha256: str
    read: str
    source: str
    several: bool
    dataset: str
    erased: str | None

    @property
    def decisive(self) -> list[Any]:
        """What decides which rows it has; where it lies decides nothing but what rejected rows are told with."""
        return [*self[1:]]


class Program(NamedTuple):
    """How texts become rows.

    Attributes
    ----------
    folder : the project's, where own functions and the files that ``[text]`` names lie
    text, features : the tables, as JSON
    text_path : the hash that the text path has to have
    """

    folder: str
    text: str
    features: str
    text_path: str = ""

    def path(self) -> TextPath:
        """The text path.

        Raises
        ------
        SourceError : if it is another one here
        """
        self.load_functions()
        found = TextPath(from_mapping(TextConfig, json.loads(self.text)), folder=Path(self.folder))
        if found.hash != self.text_path:
            raise SourceError(
                "a worker has another text path: a file or function that [text] names differs there, or a package",
                where=self.folder,
            )
        return found

    def config(self) -> FeaturesConfig:
        """The settings of the features."""
        return from_mapping(FeaturesConfig, json.loads(self.features))

    def load_functions(self) -> None:
        """Import the functions of the user's own; features and models that are loaded find them then."""
        for name in from_mapping(TextConfig, json.loads(self.text)).maps:
            if ":" in name:
                plugins.load(name, Path(self.folder))


class Rows(NamedTuple):
    """A shard's rows of one side of the split, by the digests of the objects that hold them.

    Attributes
    ----------
    side, fold : whether each row is tested, and whether it is held back
    which : 0 for the rows that are learned from, 1 for the test rows; None: all
    """

    corpus: str
    shard: Shard
    side: str
    fold: str
    which: int | None

    def texts(self, store: Store) -> Iterator[Any]:
        """An Arrow array a batch."""
        # the step that asks has compared them with their digests; for that each task would read all of them
        corpus = store.object(self.corpus)
        if self.which is None:
            return self.shard.texts(corpus)
        side = self.shard.part_of(store.object(self.side))
        side[self.shard.part_of(store.object(self.fold))] = 2
        return self.shard.texts(corpus, side == self.which)


def parse(place: Place, key: str, file: FileOfRows) -> str:
    """The rows of a file that can be used, and those set aside."""

    def make(store: Store, folder: Path) -> None:
        listed = list_of(store, file.dataset)
        if (digest_of(listed) if listed.exists() else None) != file.erased:
            raise StoreError("the list of erased rows was changed meanwhile", where=str(listed), hint="Run it again.")
        config = from_mapping(ReadConfig, json.loads(file.read))
        parse_file(
            config,
            Source(Path(file.path), file.format, file.where),
            folder / "rows.parsed",
            source=file.source,
            several=file.several,
            erased=erased_of(store, file.dataset),
        )
        if digest_of(Path(file.path)) != file.sha256:
            what = "the file is not the one that was there when the run began, or another one lies here"
            raise SourceError(what, where=file.where, hint="Run it again.")

    return _kept(place, "parse", key, make)


def count(place: Place, key: str, program: Program, rows: Rows) -> str:
    """What the texts of a shard hold."""

    def make(store: Store, folder: Path) -> None:
        WordCounts.of(program.path(), program.config(), rows.texts(store), threads=1).save(folder)

    return _kept(place, "count", key, make)


def merge(place: Place, key: str, parts: Sequence[str]) -> str:
    """The sum of counts, in the order of the data."""

    def make(store: Store, folder: Path) -> None:
        counts = []
        for part in parts:
            with laid_out(store, part) as found:
                counts.append(WordCounts.load(found))
        WordCounts.merged(counts).save(folder)

    return _kept(place, "merge", key, make)


def vocabulary(place: Place, key: str, program: Program, counts: str) -> str:
    """The frozen features that the counts of all shards give."""

    def make(store: Store, folder: Path) -> None:
        with laid_out(store, counts) as found:
            learned = WordCounts.load(found).vocabulary(program.config())
        WordFeatures(program.path(), program.config(), **learned._asdict()).save(folder)

    return _kept(place, "vocabulary", key, make)


def weigh(place: Place, key: str, program: Program, rows: Rows, features: str) -> str:
    """What the features make of the texts of a shard."""

    def make(store: Store, folder: Path) -> None:
        found = _features(place, program, features)
        csr = stacked([found.rows(texts, threads=1) for texts in rows.texts(store)])
        for name in ("data", "indices", "indptr"):
            write_array(folder / f"{name}.npy", getattr(csr, name))

    return _kept(place, "weigh", key, make)


def score(place: Place, key: str, program: Program, rows: Rows, model: str) -> str:
    """The outputs of the model that a step left, by its key, for the texts of a shard."""

    def make(store: Store, folder: Path) -> None:
        found = _model(place, program, model)
        outputs = [found.outputs(texts, threads=1) for texts in rows.texts(store)]
        write_array(folder / "outputs.npy", np.concatenate(outputs))

    return _kept(place, "score", key, make)


def code() -> str:
    """The version of all that decides what tasks make."""
    guests = (*GUESTS, "regex", "tokenizers")
    return code_version("flow/shard_tasks", "read", "_native", "text", "features", "models", guests=guests)


def stacked(parts: Sequence[Csr]) -> Csr:
    """The rows of several matrices with the same columns, one or more, below each other.

    Raises
    ------
    DataError : if there are more counts than a sparse matrix of 32-bit places holds
    """
    ends = np.cumsum([0, *(len(part.data) for part in parts)])
    if ends[-1] > _PLACES_AT_MOST:
        raise DataError("2^31 or more counts at once", hint="Take fewer texts at a time, or shorter ones.")
    indptr = [part.indptr[1:] + end for part, end in zip(parts, ends.tolist(), strict=False)]
    return Csr(
        np.concatenate([part.data for part in parts]),
        np.concatenate([part.indices for part in parts]),
        np.concatenate([np.zeros(1, np.int32), *indptr]).astype(np.int32),
        parts[0].n_columns,
    )


def left_by(store: Store, key: str) -> Finished:
    """What a task or a step left.

    Raises
    ------
    StoreError : if it is gone
    """
    left = store.finished(key)
    if left is None:
        raise StoreError("what a task left is gone", where=str(store.root), hint="Run it again.")
    return left


@contextmanager
def laid_out(store: Store, key: str, below: str = "") -> Iterator[Path]:
    """A folder with the files that a task or a step left, each compared with its digest."""
    folder = store.scratch.new_folder("needs")
    try:
        files = {name: file for name, file in left_by(store, key).files.items() if name.startswith(below)}
        lay_out(store, {name: store.object(file.sha256, verify=True) for name, file in files.items()}, folder)
        yield folder / below
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kept(place: Place, name: str, key: str, make: Callable[[Store, Path], None]) -> str:
    """Do a task unless it was done; its key."""
    place.check_code(code())
    with place.opened() as store, store.in_use():  # on the machine of the worker too
        if store.finished(key) is None:
            began = time.perf_counter()
            folder = store.scratch.new_folder(name)
            make(store, folder)
            store.finish(Finished(name, key, taken(store, folder), {}, round(time.perf_counter() - began, 6)))
    return key


@lru_cache(maxsize=1)  # the next shard needs the same
def _features(place: Place, program: Program, key: str) -> Features:
    program.load_functions()
    with place.opened() as store, laid_out(store, key) as folder:
        return load_features(folder)


@lru_cache(maxsize=1)
def _model(place: Place, program: Program, key: str) -> TextModel:
    program.load_functions()
    with place.opened() as store, laid_out(store, key, "model/") as folder:
        return load_model(folder)
