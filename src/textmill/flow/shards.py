"""The heavy parts of reading, learning and judging, shared among processes: each does tasks on files of a source, or on
shards of the corpus.

What the tasks make together is what one process makes alone, to the bit, however many shards there are: words are
numbered by first appearance in the data, which the counts of neighbouring shards keep when they are added; a row
depends on its text and the vocabulary alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from textmill.config import CandidateConfig, FeaturesConfig
from textmill.features.arrays import read_array
from textmill.features.csr import Csr
from textmill.features.learned import Features, LearnFeatures, load_features
from textmill.flow.project import Project
from textmill.flow.shard_tasks import (
    FileOfRows,
    Place,
    Program,
    Rows,
    code,
    count,
    laid_out,
    left_by,
    merge,
    parse,
    score,
    stacked,
    vocabulary,
    weigh,
)
from textmill.flow.step import Work
from textmill.read.shards import shards_of
from textmill.read.source import Source, find_files
from textmill.registry.erased import list_of
from textmill.text.path import TextPath
from textmill.types import canonical_json

__all__ = ["Alone", "Cluster", "Shards"]

T = TypeVar("T")

SIZE = 16 * 2**20  # bytes of the corpus's file that a shard stands for: a second's work or two
_SHARDS_AT_MOST = 20_000  # a scheduler takes a millisecond for each task: of a large corpus they are larger
_FAN = 8  # counts that are merged at once


class Cluster(Protocol):
    """Processes that do tasks."""

    def submit(self, task: Callable[..., str], *arguments: Any) -> Any:
        """Have a task done; what is given back may be an argument of another task, which then waits for it."""

    def wait(self, asked: Sequence[Any], done: Callable[[int], None]) -> list[str]:
        """Until all that was asked for is done; what came of each. `done` is told how many are.

        Raises
        ------
        TextmillError : what a task raised
        StepFailed : if a task cannot be done
        """


class Alone:
    """A `Cluster` of this process alone: it does a task when it is waited for, and what that needs before."""

    def submit(self, task: Callable[..., str], *arguments: Any) -> Any:
        """Keep in mind what is to be done."""
        return _Asked(task, arguments)

    def wait(self, asked: Sequence[Any], done: Callable[[int], None]) -> list[str]:
        """Do it."""
        results = []
        for number, one in enumerate(asked, 1):
            results.append(self._result(one))
            done(number)
        return results

    def _result(self, given: Any) -> Any:
        if isinstance(given, list):
            return [self._result(one) for one in given]
        if not isinstance(given, _Asked):
            return given
        if given.result is None:
            given.result = given.task(*map(self._result, given.arguments))
        return given.result


@dataclass(slots=True)
class _Asked:
    task: Callable[..., str]
    arguments: Sequence[Any]
    result: str | None = None


class _Learning(NamedTuple):
    """Keys of what tasks make of the rows that are learned from: of each shard, of some, of all, and again of each."""

    counts: list[str]
    merged: list[str]
    features: str
    weighed: list[str]


class Shards:
    """The corpus of a run in shards, and the processes that work on them.

    Parameters
    ----------
    work : of the step that asks
    cluster : does the tasks
    among : how many processes there are shards for, where there are as many rows
    """

    def __init__(self, project: Project, work: Work, cluster: Cluster, among: int = 1) -> None:
        self._project, self._work, self._cluster, self._among = project, work, cluster, among
        self._store = project.store
        self._place = Place.of(project.store, code())
        self._asked: dict[str, Any] = {}  # by key: what `submit` gave, or the key of what was done before

    def learn(self, asked: CandidateConfig) -> LearnFeatures:
        """What learns features as `WordFeatures.fit` does, from the rows that are learned from."""

        def learn(
            text_path: TextPath, config: FeaturesConfig, texts: Any, *, threads: int | None = None
        ) -> tuple[Features, Csr]:
            counts, merged, features, weighed = self._learning(asked, text_path, config)
            self._wait(counts, "counting words")
            self._wait([*merged, features], "adding the counts up")
            self._wait(weighed, "weighing words")
            with laid_out(self._store, features) as folder:
                made = load_features(folder)
            return made, stacked([self._csr(key, made.n_features) for key in weighed])

        return learn

    def parsed(self, source: str) -> Callable[[Source], Path]:
        """Read the files of a source; gives where lies what was found in each, as `read_corpus` takes it."""
        keys = {file.path: self._parsing(source, file) for file in self._files(source)}
        self._wait([*keys.values()], source)

        def place(file: Source) -> Path:
            left = left_by(self._store, keys.get(file.path) or self._parsing(source, file))
            return self._store.object(left.files["rows.parsed"].sha256, verify=True)

        return place

    def outputs(self, step: str) -> NDArray[np.float64]:
        """The outputs of the model that a training step left for the test rows, float64 (n_rows, n_outputs)."""
        scored = self._scoring(step)
        self._wait(scored, "scoring the test rows")
        return np.concatenate([self._array(key, "outputs", np.float64, 2) for key in scored])

    def parse(self, share: int | None) -> list[str]:
        """Do one share of the reading; the keys of what was made."""
        read = self._project.mill.read
        named = [(source, file) for source in (read.source, read.test) if source for file in self._files(source)]
        keys = [self._parsing(*one) for one in self._part(named, share)]  # for a key its file is read: no others are
        self._wait(keys, "")
        return keys

    def prepare(
        self, what: Literal["count", "merge", "vocabulary", "weigh"], asked: CandidateConfig, share: int | None
    ) -> list[str]:
        """Do a part of what `learn` needs: one of as many shares as there are to be; the keys of what was made."""
        text_path = TextPath(asked.text, folder=self._project.folder)
        found = self._learning(asked, text_path, asked.features)
        features = [found.features]
        keys = {"count": found.counts, "merge": found.merged, "vocabulary": features, "weigh": found.weighed}[what]
        return self._share(keys, share)

    def score(self, step: str, share: int | None) -> list[str]:
        """Do one share of what `outputs` needs; the keys of what was made."""
        return self._share(self._scoring(step), share)

    def _share(self, keys: list[str], share: int | None) -> list[str]:
        keys = self._part(keys, share)
        self._wait(keys, "")
        return keys

    def _part(self, found: list[T], share: int | None) -> list[T]:
        n = len(found)
        return found if share is None else found[n * share // self._among : n * (share + 1) // self._among]

    def _files(self, source: str) -> list[Source]:
        found = find_files(source, self._project.folder, self._project.mill.read.format)
        return found if len(found) > 1 else []

    def _parsing(self, source: str, file: Source) -> str:
        project, path = self._project, file.path.absolute()
        erased = list_of(self._store, project.name)
        asked = FileOfRows(
            str(path),
            file.format,
            file.where,
            project.digests.of(path),
            canonical_json(asdict(project.mill.read)).decode(),
            source,
            project.mill.project.multi_label,
            project.name,
            project.digests.of(erased) if erased.exists() else None,
        )
        return self._ask(parse, asked.decisive, asked)

    def _learning(self, asked: CandidateConfig, text_path: TextPath, config: FeaturesConfig) -> _Learning:
        program = self._program(asked, text_path.hash)
        rows = self._rows("corpus.arrow", 0)
        counts = [self._ask(count, [text_path.hash, config.ngrams, one], program, one) for one in rows]
        merged = whole = self._added(counts)
        while len(whole) > 1:
            whole = self._added(whole)
        features = self._ask(vocabulary, [text_path.hash, asdict(config), *whole], program, *whole)
        weighed = [self._ask(weigh, [features, one], program, one, features) for one in rows]
        return _Learning(counts, merged, features, weighed)

    def _scoring(self, step: str) -> list[str]:
        left = self._work.outputs[step]
        if "test.arrow" in self._work.outputs["read"].files:
            rows = self._rows("test.arrow", None)
        else:
            rows = self._rows("corpus.arrow", None if "folds.npy" in self._work.outputs["split"].files else 1)
        program = self._program(self._project.models[step])
        files = {name: file.sha256 for name, file in left.files.items() if name.startswith("model/")}
        return [self._ask(score, [files, one], program, one, left.key) for one in rows]

    def _program(self, asked: CandidateConfig, text_path: str = "") -> Program:
        text, features = (canonical_json(asdict(table)).decode() for table in (asked.text, asked.features))
        return Program(str(self._project.folder.absolute()), text, features, text_path)

    def _rows(self, file: str, which: int | None) -> list[Rows]:
        path = self._work.file("read", file)
        side, fold = (self._work.outputs["split"].files[name].sha256 for name in ("side.npy", "fold.npy"))
        corpus = self._work.outputs["read"].files[file].sha256
        whole = path.stat().st_size
        size = max(min(SIZE, -(-whole // self._among)), whole // _SHARDS_AT_MOST)
        return [Rows(corpus, shard, side, fold, which) for shard in shards_of(path, size)]

    def _added(self, counts: list[str]) -> list[str]:
        """The keys of the sums of neighbours."""
        groups = [counts[first : first + _FAN] for first in range(0, len(counts), _FAN)]
        return [self._ask(merge, [group], group) if len(group) > 1 else group[0] for group in groups]

    def _ask(self, task: Callable[..., str], decisive: Sequence[Any], *arguments: Any) -> str:
        """Have a task done unless it was; its key.

        Parameters
        ----------
        decisive : what decides its result besides the code
        arguments : the task's own; a key stands for what the task of that key leaves
        """
        key = hashlib.sha256(canonical_json([task.__name__, self._place.code, decisive])).hexdigest()
        if key not in self._asked:
            if self._store.finished(key) is not None:
                self._asked[key] = key
            else:
                given = [self._given(argument) for argument in arguments]
                self._asked[key] = self._cluster.submit(task, self._place, key, *given)
        return key

    def _given(self, argument: Any) -> Any:
        if isinstance(argument, list):
            return [self._given(one) for one in argument]
        return self._asked.get(argument, argument) if isinstance(argument, str) else argument

    def _wait(self, keys: Sequence[str], note: str) -> None:
        asked = [self._asked[key] for key in keys]
        self._cluster.wait(asked, lambda done: self._work.progress(done, len(keys), note))

    def _csr(self, key: str, n_columns: int) -> Csr:
        data = self._array(key, "data", np.float32)
        return Csr(data, self._array(key, "indices", np.int32), self._array(key, "indptr", np.int32), n_columns)

    def _array(self, key: str, name: str, dtype: Any, n_dimensions: int = 1) -> NDArray[Any]:
        file = left_by(self._store, key).files[f"{name}.npy"]
        return read_array(self._store.object(file.sha256, verify=True), dtype, n_dimensions)
