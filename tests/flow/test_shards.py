"""The heavy parts shared among processes: the same bytes whatever the shards, and nothing is done twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from toy_shards import MILL, left_by, rows_file, run

from buckets import MemoryBucket
from textmill.errors import ConfigError, DataError, MissingExtra, SourceError, StepFailed
from textmill.flow import dask_bridge, run_project, shard_tasks, shards
from textmill.read.shards import shards_of
from textmill.registry.shared import SharedStore

DECIDING = '\n[decide]\ncalibrate = "temperature"\n'
FOLDS = "\n[split]\nfolds = 3\n"
CANDIDATES = """
[[candidate]]
name = "frequent"
features = { kind = "counts", min_df = 1, max_features = 40 }

[[candidate]]
name = "majority"
model = { kind = "majority" }
"""


class Here:
    """A cluster that is this process: does each task as it is asked for, and remembers it."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, str]] = []

    def submit(self, task: Callable[..., str], *arguments: Any) -> str:
        self.tasks.append((task.__name__, arguments[1]))
        return task(*arguments)

    def wait(self, asked: Sequence[Any], done: Callable[[int], None]) -> None:
        done(len(asked))

    def names(self) -> list[str]:
        return [name for name, _ in self.tasks]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    cluster = Here()

    @contextmanager
    def scheduler(on: str, threads: int | None) -> Iterator[str]:
        yield on

    @contextmanager
    def connected(address: str) -> Iterator[Here]:
        yield cluster

    monkeypatch.setattr(dask_bridge, "scheduler", scheduler)
    monkeypatch.setattr(dask_bridge, "connected", connected)
    return cluster


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def into(n: int) -> None:
        monkeypatch.setattr(shards, "shards_of", lambda path, _: shards_of(path, -(-path.stat().st_size // n)))

    return into


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    rows_file(tmp_path / "rows.csv", 230, 1)
    rows_file(tmp_path / "test.csv", 40, 2)
    (tmp_path / "mill.toml").write_text(MILL)
    return tmp_path


@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.slow), 3, pytest.param(7, marks=pytest.mark.slow)])
def test_any_number_of_shards_gives_the_same_bytes(
    project: Path, here: Here, cut: Callable[[int], None], n: int
) -> None:
    cut(n)
    shared = left_by(run(project, "shared", on="dask"))
    assert shared == left_by(run(project, "alone"))
    assert here.names() == [*["count"] * n, *["merge"] * (n > 1), "vocabulary", *["weigh"] * n, *["score"] * n]


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        MILL + DECIDING + CANDIDATES,
        MILL + FOLDS,
        MILL.replace('"rows.csv"', '"rows.csv"\ntest = "test.csv"'),
        MILL.replace('"toy"', '"toy"\ntask = "multi-label"'),
    ],
    ids=["candidates, and rows held back", "folds", "a test file", "several labels"],
)
def test_other_sides_and_models_give_the_same_bytes_too(
    project: Path, here: Here, cut: Callable[[int], None], settings: str
) -> None:
    (project / "mill.toml").write_text(settings)
    cut(4)
    assert left_by(run(project, "shared", on="dask")) == left_by(run(project, "alone"))
    assert "weigh" in here.names()


def several_files(project: Path) -> None:
    """The rows in files of unlike kinds: columns, numbers of rows, rows that cannot be used."""
    header, *rows = (project / "rows.csv").read_text().splitlines()
    folder = project / "rows"
    folder.mkdir()
    (folder / "a.csv").write_text("\n".join([header, *rows[:90]]) + "\nbad,,one\n")
    (folder / "b.csv").write_text("\n".join([f"{header},score", *(f"{row},{n}" for n, row in enumerate(rows[90:95]))]))
    (folder / "c.jsonl").write_text('{"id": "j", "text": "word1 in JSON", "label": "one", "more": {"deep": 1}}\n')
    lines = "\n".join([header, *rows[95:], "", "x9,no label,", 'x10,"r\u00e4 word1\nover two lines",one'])
    (folder / "d.tsv").write_bytes(lines.replace(",", "\t").encode("cp1252"))


@pytest.mark.slow
@pytest.mark.parametrize("ids", [True, False])
def test_files_of_a_source_are_read_by_several_with_the_same_bytes(project: Path, here: Here, ids: bool) -> None:
    several_files(project)
    settings = 'source = "rows/*"\nmax_rejected = 0.1' + ('\nid = "id"' if ids else "")
    (project / "mill.toml").write_text(MILL.replace('source = "rows.csv"', settings))
    shared = run(project, "shared", on="dask")
    assert here.names()[:5] == [*["parse"] * 4, "count"]
    assert left_by(shared) == left_by(run(project, "alone"))
    facts = shared.steps[0].finished.values["facts"]
    assert (facts["rejected"], facts["encoding"]) == (2, "utf-8, cp1252")
    here.tasks.clear()
    (project / "rows" / "b.csv").write_text("id,text,label\nb,word1 anew,one\n")
    run(project, "shared", on="dask")
    assert here.names().count("parse") == 1


def test_a_file_that_a_worker_sees_otherwise_or_not_at_all_is_one_sentence(
    project: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    several_files(project)
    (project / "mill.toml").write_text(MILL.replace("rows.csv", "rows/*"))

    def shared_after(change: Callable[[Path], object]) -> None:
        def submit(task: Callable[..., str], *arguments: Any) -> str:
            change(Path(arguments[2].path))
            return task(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(here, "submit", submit)
            run(project, "shared", on="dask")

    with pytest.raises(SourceError, match=r"^rows/a\.csv: the file is not the one .* Run it again\.$"):
        shared_after(lambda path: path.write_text(path.read_text() + "x1,word1,one\n"))
    with pytest.raises(SourceError, match=r"^rows/a\.csv: there is no such file"):
        shared_after(Path.unlink)


@pytest.mark.slow
def test_what_was_done_before_is_not_done_again(
    project: Path, here: Here, cut: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise DataError("a fault")

    cut(5)
    with monkeypatch.context() as patch:
        patch.setattr(shard_tasks, "stacked", fails)
        with pytest.raises(DataError, match="a fault"):
            run(project, "shared", on="dask")
    assert here.names() == [*["count"] * 5, "merge", "vocabulary", "weigh"]
    before = {key for name, key in here.tasks if name != "weigh"}
    here.tasks.clear()
    shared = run(project, "shared", on="dask")
    assert here.names() == [*["weigh"] * 5, *["score"] * 5]
    assert not before & {key for _, key in here.tasks}
    assert run(project, "shared", on="dask").nothing_to_do
    assert left_by(shared) == left_by(run(project, "alone"))


def test_what_the_rows_lack_is_said_as_one_process_says_it(
    project: Path, here: Here, cut: Callable[[int], None]
) -> None:
    (project / "mill.toml").write_text(MILL.replace("min_df = 2", "min_df = 180"))
    cut(3)
    said = []
    for on in ("dask", None):
        with pytest.raises(DataError, match="no word is left of 181 texts") as caught:
            run(project, str(on), on=on)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.slow
def test_machines_that_share_nothing_but_a_bucket_give_the_same_bytes(
    project: Path, here: Here, cut: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    objects: dict[str, bytes] = {}
    machines = itertools.count()

    def another(place: str) -> SharedStore:
        assert place == "s3://memory/store"
        return SharedStore(place, project / f"machine{next(machines)}", bucket=MemoryBucket(objects))

    monkeypatch.setattr(shard_tasks.Store, "at", another)
    cut(3)
    shared = run_project(project, store=another("s3://memory/store"), threads=1, on="dask")
    assert next(machines) > 3
    monkeypatch.undo()
    assert left_by(shared) == left_by(run(project, "alone"))


def test_features_that_do_not_add_up_are_refused_before_the_work(project: Path) -> None:
    (project / "mill.toml").write_text(MILL + '\n[[candidate]]\nfeatures = { analyzer = "char" }\n')
    with pytest.raises(ConfigError, match=r"features\.analyzer of train-2: wanted 'word' with --on, got 'char'"):
        run(project, "shared", on="dask")
    assert not (project / "shared").exists()


@pytest.mark.parametrize("on", ["dsk", "tcp://", "tcp://host", "http://host:8786", "tcp://host:port"])
def test_an_address_that_is_none_is_one_sentence(project: Path, on: str) -> None:
    with pytest.raises(ConfigError, match=r"^--on: wanted 'dask' or an address such as tcp://10\.0\.0\.1:8786, got "):
        run(project, "shared", on=on)


def test_a_missing_extra_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_bridge, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"^--on dask needs the package 'distributed'\. Install it with: pip "):
        run(project, "shared", on="dask")


def test_a_worker_with_other_code_or_without_the_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="another version of textmill"):
        shard_tasks.merge(shard_tasks.Place(str(tmp_path), "old"), "0" * 64, [])
    with pytest.raises(Exception, match="a worker does not see the store"):
        shard_tasks.merge(shard_tasks.Place(str(tmp_path / "none"), shard_tasks.code()), "0" * 64, [])
