"""Rows of a file through a model: which columns are added, and what becomes of a file."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from cli_fakes import fire_model
from hypothesis import given
from hypothesis import strategies as st

from textmill.cli.rows import label_rows
from textmill.errors import DataError, SourceError, StoreWriteError
from textmill.flow.labelling import added_columns, added_names
from textmill.types import Prediction

CLASSES = ("a", "b")
names = st.sampled_from(["label", "score", "score_a", "predicted_label", "predicted_score", "predicted2_score_b"])


def test_the_columns_are_label_score_and_one_for_each_class():
    columns = added_columns(Prediction(CLASSES, np.array([[0.25, 0.75], [0.5, 0.5]], dtype=np.float32)))
    assert [column.to_pylist() for column in columns] == [["b", "a"], [0.75, 0.5], [0.25, 0.5], [0.75, 0.5]]
    assert [column.type for column in columns] == [pa.string(), *[pa.float32()] * 3]
    assert added_names(CLASSES, ["id", "text"]) == ["label", "score", "score_a", "score_b"]


@given(st.sets(names))
def test_a_column_that_is_there_is_never_replaced_and_all_begin_alike(taken):
    added = added_names(CLASSES, taken)
    assert not taken & set(added)
    assert len({name.removesuffix(kind) for name, kind in zip(added, added_names(CLASSES, []), strict=True)}) == 1


def test_no_rows_give_no_values():
    columns = added_columns(Prediction(CLASSES, np.empty((0, 2), dtype=np.float32)))
    assert [len(column) for column in columns] == [0, 0, 0, 0]


ROWS = [{"id": "1", "text": "Fire, fire!"}, {"id": "2", "text": 'a "calm" day'}, {"id": "3", "text": "été"}]
WANTED = ["disaster", "other", "other"]


def write(path, rows=ROWS):
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


def read(path):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pyarrow.parquet.read_table(path).to_pylist()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("other", ["csv", "jsonl", "parquet"])
def test_any_format_in_any_out(tmp_path, ending, other):
    out = tmp_path / f"out.{other}"
    label_rows(fire_model(), write(tmp_path / f"in.{ending}"), str(out))
    found = read(out)
    assert set(list(found[0])[:2]) == {"id", "text"}
    assert list(found[0])[2:] == ["label", "score", "score_disaster", "score_other"]
    assert [row["text"] for row in found] == [row["text"] for row in ROWS]
    assert [row["label"] for row in found] == WANTED
    assert [float(row["score"]) for row in found] == pytest.approx([0.9, 0.8, 0.8])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({f"in.{ending}", f"out.{other}"})


def test_rows_go_to_standard_output_and_nothing_else_does(tmp_path, capfdbinary):
    label_rows(fire_model(), write(tmp_path / "in.csv"), None)
    out, err = capfdbinary.readouterr()
    assert out.splitlines()[0] == b"id,text,label,score,score_disaster,score_other"
    assert out.splitlines()[1].startswith(b'1,"Fire, fire!",disaster,0.9')
    assert err == b""


def test_rows_that_cannot_be_used_are_set_aside_and_told(tmp_path, capsys):
    source = write(tmp_path / "in.csv", [*ROWS, {"id": "4", "text": ""}])
    label_rows(fire_model(), source, str(tmp_path / "out.csv"))
    assert len(read(tmp_path / "out.csv")) == 3
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"fire, version 2, labelled 3 rows: {tmp_path}/out.csv"
    assert said[1].startswith("1 row was set aside (")
    assert said[1].endswith(f"; see {tmp_path}/out.csv.rejected.jsonl")
    (line,) = (tmp_path / "out.csv.rejected.jsonl").read_text().splitlines()
    assert json.loads(line)["row"] == 4


def test_no_row_that_can_be_used_is_an_error_and_leaves_no_file(tmp_path):
    source = write(tmp_path / "in.csv", [{"id": "1", "text": ""}])
    with pytest.raises(SourceError, match="no row can be used"):
        label_rows(fire_model(), source, str(tmp_path / "out.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_the_text_column_is_that_of_training_or_the_one_named(tmp_path):
    rows = [{"id": "1", "tweet": "fire"}]
    source = write(tmp_path / "in.csv", rows)
    label_rows(fire_model(text="tweet"), source, str(tmp_path / "a.csv"))
    label_rows(fire_model(), source, str(tmp_path / "b.csv"), column="tweet")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with pytest.raises(SourceError) as caught:
        label_rows(fire_model(), source, str(tmp_path / "c.csv"))
    assert "no column is called 'text'" in str(caught.value)
    assert not (tmp_path / "c.csv").exists()


def test_the_file_that_is_read_is_not_written_over(tmp_path):
    path = tmp_path / "rows.csv"
    source = write(path)
    before = path.read_bytes()
    with pytest.raises(DataError, match="--out names the file that is read"):
        label_rows(fire_model(), source, str(tmp_path / ".." / tmp_path.name / "rows.csv"))
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(StoreWriteError) as caught:
        label_rows(fire_model(), write(tmp_path / "in.csv"), str(tmp_path / "no" / "out.csv"))
    assert str(caught.value) == f"{tmp_path}/no/out.csv: cannot be written: no such file or directory"


def test_a_large_file_goes_through_in_batches(tmp_path):
    model = fire_model()
    rows = [{"id": str(i), "text": f"a day like any other, number {i} " * 3} for i in range(40_000)]
    label_rows(model, write(tmp_path / "in.csv", rows), str(tmp_path / "out.parquet"))
    assert sum(model.classifier.sizes) == 40_000
    assert len(model.classifier.sizes) > 2
    assert pyarrow.parquet.read_metadata(tmp_path / "out.parquet").num_rows == 40_000
