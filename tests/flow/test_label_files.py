"""Many files through a model: the rows of one file together, nothing twice, the same bytes by whoever does it."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import pyarrow as pa
import pyarrow.parquet
import pytest
from toy_shards import MILL, rows_file

from textmill.errors import DataError, SourceError, StepFailed, StoreError, StoreWriteError
from textmill.flow import label_files as module
from textmill.flow import run_project
from textmill.flow.label_files import Labelled, label_files
from textmill.flow.labelling import label_stream, open_model, reading
from textmill.flow.shard_tasks import Place
from textmill.read import RejectedFile, open_sink
from textmill.registry import Store

HERE: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "memory_limit": 0}
TEXTS = ["word1 word2 floods", 'the "word3", word1', "word5 été", "word7 word1\nword8"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    project = tmp_path_factory.mktemp("toy")
    rows_file(project / "rows.csv", 120, 1)
    (project / "mill.toml").write_text(MILL)
    return run_project(project, store=project / "store", threads=1).store


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        write(tmp_path / "rows" / f"{name}.csv", [{"id": f"{name}{n}", "text": t} for n, t in enumerate(TEXTS)])
    return tmp_path / "rows"


def write(path: Path, found: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.Table.from_pylist(found), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def do(store: Store, source: str = "rows/*", folder: str = "out", **how: Any) -> Labelled:
    return label_files(store, "toy", None, source, Path(folder), **how)


def left(folder: str = "out") -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def inodes(folder: str = "out") -> dict[str, int]:
    return {p.name: p.stat().st_ino for p in Path(folder).iterdir() if p.is_file()}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_rows_of_all_files_are_those_of_one_prediction(store: Store, rows: Path, ending: str) -> None:
    for path in list(rows.iterdir()):
        found = read(path)
        path.unlink()
        write(path.with_suffix(f".{ending}"), found)
    done = do(store)
    assert (done.files, done.there, done.rows, done.reasons.total()) == (3, 0, 12, 0)
    opened = open_model(store, "toy")
    with open_sink(Path(f"one.{ending}")) as sink, RejectedFile(None) as aside:
        label_stream("rows/*", opened, reading(opened.manifest, None), sink, aside)
    assert sorted(inodes()) == [f"{name}.{ending}" for name in "abc"]
    together = [row for name in "abc" for row in read(Path(f"out/{name}.{ending}"))]
    assert together == read(Path(f"one.{ending}"))
    assert list(together[0]) == ["id", "text", "label", "score", "score_one", "score_two"]


def test_files_with_other_columns_keep_their_own(store: Store, rows: Path) -> None:
    write(rows / "b.csv", [{"text": "word1", "label": "x", "n": "1"}])
    do(store)
    assert list(read(Path("out/b.csv"))[0])[:4] == ["text", "label", "n", "predicted_label"]
    assert list(read(Path("out/c.csv"))[0])[:3] == ["id", "text", "label"]


def test_what_is_there_is_not_made_again(store: Store, rows: Path) -> None:
    told: list[tuple[int, int]] = []
    write(rows / "b.csv", [{"text": "word1"}, {"text": ""}])
    do(store, progress=lambda *moved: told.append(moved))
    assert told[-1] == (3, 3)
    before, made = left(), inodes()
    again = do(store)
    assert (again.files, again.there, again.rows, dict(again.reasons)) == (3, 3, 9, {"no text": 1})
    assert (left(), inodes()) == (before, made)
    assert sorted(made) == ["a.csv", "b.csv", "b.csv.rejected.jsonl", "c.csv"]


@pytest.mark.parametrize("what", ["input", "output", "rejected", "record", "gone"])
def test_what_is_no_longer_so_is_made_again_and_nothing_else(store: Store, rows: Path, what: str) -> None:
    write(rows / "b.csv", [{"text": "word1"}, {"text": ""}])
    do(store)
    before, made = left(), inodes()
    if what == "input":
        write(rows / "b.csv", [{"text": "word1"}, {"text": "word2"}])
    elif what == "gone":
        Path("out/b.csv").unlink()
    else:
        name = {"output": "b.csv", "rejected": "b.csv.rejected.jsonl", "record": ".labelled/b.csv.json"}[what]
        path = Path("out") / name
        path.write_bytes(path.read_bytes()[:-2] + b"..")
    assert do(store).there == 2
    assert {name for name, inode in inodes().items() if made.get(name) != inode} <= {"b.csv", "b.csv.rejected.jsonl"}
    assert inodes()["a.csv"] == made["a.csv"]
    if what == "input":
        assert [row["text"] for row in read(Path("out/b.csv"))] == ["word1", "word2"]
        assert not Path("out/b.csv.rejected.jsonl").exists()
    else:
        assert left() == before


def test_other_settings_or_code_make_everything_again(
    store: Store, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(store)
    assert do(store, column="id").there == 0
    assert do(store, column="id").there == 3
    monkeypatch.setattr(module, "_code", lambda opened: "other")
    assert do(store, column="id").there == 0


def test_names_and_formats(store: Store, rows: Path) -> None:
    (rows / "b.csv.gz").write_bytes(gzip.compress((rows / "b.csv").read_bytes()))
    (rows / "b.csv").unlink()
    write(rows / "day.2026-01-02", [{"text": "word1"}])
    (rows / "t.txt").write_text("word1\nword2\n")
    do(store, form="jsonl")
    assert sorted(inodes()) == ["a.jsonl", "b.jsonl", "c.jsonl", "day.2026-01-02.jsonl", "t.jsonl"]
    assert read(Path("out/a.jsonl"))[0]["id"] == "a0"
    do(store, "rows/b.csv.gz", "plain")
    assert [row["text"] for row in read(Path("plain/b.csv"))] == TEXTS


def test_a_file_that_cannot_be_used_is_named_and_the_others_stay_done(store: Store, rows: Path) -> None:
    good = read(rows / "c.csv")
    write(rows / "c.csv", [{"other": "word1"}])
    with pytest.raises(SourceError, match=r"^rows/c\.csv: no column is called 'text'"):
        do(store)
    assert sorted(inodes()) == ["a.csv", "b.csv"]
    write(rows / "c.csv", [{"text": ""}])
    with pytest.raises(SourceError, match=r"^rows/c\.csv: no row can be used \(no text: 1\)$"):
        do(store)
    write(rows / "c.csv", good)
    assert do(store).there == 2
    assert not list(Path("out/.labelled/tmp").iterdir())


def test_a_column_that_comes_late_names_the_file(store: Store, rows: Path) -> None:
    many: list[dict[str, Any]] = [{"text": "word1 " * 50}] * 8000
    write(rows / "d.jsonl", [*many, {"text": "word1", "late": 1}])
    with pytest.raises(DataError, match=r"^rows/d\.jsonl: the column 'late' comes up only after the first rows"):
        do(store, "rows/d.jsonl", form="csv")


def test_what_cannot_be_is_said_before_anything_is_done(store: Store, rows: Path) -> None:
    write(rows / "a.tsv", [{"text": "word1"}])
    with pytest.raises(DataError, match=r"^out/a\.csv: what is made of rows/a\.csv and of rows/a\.tsv would get this"):
        do(store, form="csv")
    (rows / "a.tsv").rename(rows / "b.csv.rejected.jsonl")
    (rows / "b.csv.rejected.jsonl").write_text('{"text": "word1"}\n')
    with pytest.raises(DataError, match=r"^out/b\.csv\.rejected\.jsonl: what is made of"):
        do(store)
    (rows / "b.csv.rejected.jsonl").unlink()
    with pytest.raises(DataError, match=r"^rows/a\.csv: this file is read, and would be written over\. Name another"):
        do(store, folder="rows")
    Path("linked").mkdir()
    os.link(rows / "b.csv", "linked/b.csv")
    with pytest.raises(DataError, match=r"^linked/b\.csv: this file is read"):
        do(store, folder="linked")
    with pytest.raises(SourceError, match=r"^rows: this is a folder; wanted files\. Name them with a pattern, such as"):
        do(store, "rows")
    (rows / "a.csv").rename(rows / "a.log")
    with pytest.raises(DataError, match=r"^rows/a\.log: this ending says no format; .*\. Or say with --format"):
        do(store)
    Path("file").write_text("")
    with pytest.raises(StoreWriteError, match=r"^file: cannot be written: "):
        do(store, "rows/b.csv", "file")
    assert not Path("out").exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    store: Store, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(source: str, *given: Any, **how: Any) -> int:
        count = label_stream(source, *given, **how)
        Path(source).write_text("text\nanother\n")
        return count

    monkeypatch.setattr(module, "label_stream", slow)
    with pytest.raises(SourceError, match=r"^rows/a\.csv: the file was changed while it was read\. Run again"):
        do(store)
    assert inodes() == {}


def test_a_process_with_other_code_store_model_or_folder_says_so(store: Store, rows: Path) -> None:
    do(store, "rows/a.csv")
    opened = open_model(store, "toy")
    digest = module._digest(opened.manifest)
    right = Place.of(store, module._code(opened))
    asked = module.Rows("rows/a.csv", "out/a.csv", "csv")
    with pytest.raises(StepFailed, match="another version of textmill"):
        module.label(Place.of(store, "other"), opened.ref, digest, None, asked)
    with pytest.raises(StoreError, match="a worker does not see the store"):
        module.label(Place(str(rows / "none"), right.code), opened.ref, digest, None, asked)
    with pytest.raises(StoreError, match="a worker finds another model/toy@1 in the store"):
        module.label(right, opened.ref, "0" * 64, None, asked)
    with pytest.raises(StoreError, match=r"^none: a worker does not see the folder"):
        module.label(right, opened.ref, digest, None, asked._replace(out="none/a.csv"))
    with pytest.raises(SourceError, match=r"^rows/none\.csv: there is no such file"):
        module.label(right, opened.ref, digest, None, asked._replace(source="rows/none.csv"))


@pytest.fixture
def workers() -> Iterator[distributed.Client]:
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **HERE) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.slow
def test_processes_of_our_own_leave_the_same_bytes(store: Store, rows: Path) -> None:
    write(rows / "b.csv", [{"text": "word1"}, {"text": ""}])
    shared = do(store, folder="shared", on="dask")
    assert shared == do(store, folder="alone")
    assert left("shared") == left("alone")
    assert do(store, folder="shared").there == 3


@pytest.mark.slow
def test_a_worker_that_is_killed_while_it_labels_changes_nothing(
    store: Store, rows: Path, workers: distributed.Client
) -> None:
    killed = str(rows.parent / "killed")

    def spoil() -> None:
        from textmill.flow import label_files as there

        whole = there.label_stream

        def dying(source: str, *given: Any, **how: Any) -> int:
            count = whole(source, *given, **how)
            if source.endswith("b.csv"):
                try:
                    os.close(os.open(killed, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    return count
                os.kill(os.getpid(), signal.SIGKILL)
            return count

        there.label_stream = dying

    workers.run(spoil)
    shared = do(store, folder="shared", on=workers.scheduler.address)
    assert Path(killed).exists()
    assert shared == do(store, folder="alone")
    assert left("shared") == left("alone")


@pytest.mark.slow
def test_a_fault_on_a_worker_names_the_file_and_the_next_run_goes_on(
    store: Store, rows: Path, workers: distributed.Client
) -> None:
    do(store, "rows/a.csv", on=workers.scheduler.address)
    write(rows / "b.csv", [{"other": "word1"}])
    with pytest.raises(SourceError, match=rf"^{rows}/b\.csv: no column is called 'text'"):
        do(store, on=workers.scheduler.address)
    write(rows / "b.csv", [{"text": "word1"}])
    assert do(store, on=workers.scheduler.address).there >= 1
    assert do(store).there == 3
