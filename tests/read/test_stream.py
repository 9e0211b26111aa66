"""Rows for predicting: any form in, any form out, in bounded memory, with the columns the user had."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from textmill.config import ReadConfig
from textmill.errors import DataError, SourceError, StoreWriteError
from textmill.read import RejectedFile, open_sink, stream_rows

CONFIG = ReadConfig(source="-")
cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', 'a "b"', "a,b", "two\nlines", "\r", "\t", "\\", "\x00\x01\x1f", "\u2028", ""]
)


def sent(format: str, *batches: pa.RecordBatch) -> bytes:
    out = io.BytesIO()
    with open_sink(out, format) as sink:
        for batch in batches:
            sink.write(batch)
    return out.getvalue()


@given(rows=st.lists(st.tuples(cells, cells, st.integers() | st.none()), min_size=1), one=st.booleans())
def test_csv_is_read_back_by_the_csv_module(rows, one):
    rows = [(a.replace("\0", ""), b.replace("\0", ""), None if n is None else n % 1000) for a, b, n in rows]
    names = ["a"] if one else ["a", "b", "n"]
    batch = pa.record_batch({name: [row[i] for row in rows] for i, name in enumerate(names)})
    said = list(csv.reader(io.StringIO(sent("csv", batch).decode(), newline="")))
    assert said == [names, *([str("" if v is None else v) for v in row[: len(names)]] for row in rows)]


@given(rows=st.lists(st.tuples(cells | st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_json_lines_are_read_back_by_the_json_module(rows):
    batch = pa.record_batch({'k"ey': pa.array([a for a, _ in rows], pa.string()), "n": pa.array([n for _, n in rows])})
    lines = sent("jsonl", batch).decode().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [{'k"ey': a, "n": n} for a, n in rows]


def test_values_of_any_type_have_a_form():
    batch = pa.record_batch(
        {
            "f": pa.array([0.1, float("nan"), None], pa.float32()),
            "b": pa.array([True, False, None]),
            "l": pa.array([[1, 2], [], None]),
            "s": pa.array([{"a": 1.0}, {"a": float("inf")}, None]),
            "c": pa.array(["x", None, "y"]).dictionary_encode(),
            "n": pa.nulls(3),
        }
    )
    assert sent("csv", batch).decode().split("\r\n") == [
        "f,b,l,s,c,n",
        '0.1,true,"[1, 2]","{""a"": 1.0}",x,',
        'nan,false,[],"{""a"": null}",,',
        ",,,,y,",
        "",
    ]
    assert [json.loads(line) for line in sent("jsonl", batch).splitlines()] == [
        {"f": 0.1, "b": True, "l": [1, 2], "s": {"a": 1.0}, "c": "x", "n": None},
        {"f": None, "b": False, "l": [], "s": {"a": None}, "c": None, "n": None},
        {"f": None, "b": None, "l": None, "s": None, "c": "y", "n": None},
    ]


@pytest.mark.parametrize("end", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("start", ["csv", "jsonl", "parquet"])
def test_any_form_in_and_any_form_out_keeps_the_columns(tmp_path, start, end):
    batch = pa.record_batch({"text": ["a, b", 'say "é"', "two\nlines"], "k": ["x", "", "z"]})
    source, target = tmp_path / f"in.{start}", tmp_path / f"out.{end}"
    with open_sink(source) as sink:
        sink.write(batch)
    with open_sink(target) as sink:
        for rows in stream_rows(source, CONFIG):
            sink.write(rows.append_column("label", pa.array(["p"] * rows.num_rows)))
    back = pa.concat_tables(pa.Table.from_batches([b]) for b in stream_rows(target, CONFIG)).to_pylist()
    assert back == [{**row, "label": "p"} for row in batch.to_pylist()]


def test_rows_are_streamed_in_pieces_and_not_all_at_once(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text,n\n" + "".join(f"{'word ' * 20},{n}\n" for n in range(60_000)))
    sizes = [batch.nbytes for batch in stream_rows(file, CONFIG)]
    assert len(sizes) > 4
    assert max(sizes) < 4 << 20


def test_rows_that_cannot_be_used_are_set_aside(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "a"}\n{"text": 1}\n{"text": " "}\n')
    path = tmp_path / "rejected.jsonl"
    assert sum(batch.num_rows for batch in stream_rows(file, CONFIG, rejected=path)) == 1
    assert [json.loads(line)["reason"] for line in path.read_text().splitlines()] == ["text is not text", "no text"]
    count = RejectedFile(None)
    list(stream_rows(file, CONFIG, rejected=count))
    assert count.count == 2


def test_an_open_file_gives_a_text_a_line():
    lines = io.BytesIO("Forest fire\r\nall “quiet”\n\nlast".encode())
    count = RejectedFile(None)
    batches = list(stream_rows(lines, CONFIG, rejected=count))
    assert [text for b in batches for text in b["text"].to_pylist()] == ["Forest fire", "all “quiet”", "last"]
    assert {reason: row.row for reason, row in count.first.items()} == {"no text": 3}


def test_a_txt_file_gives_a_text_a_line(tmp_path):
    (tmp_path / "a.txt").write_text("one, two\nthree")
    batches = stream_rows(tmp_path / "a.txt", CONFIG)
    assert [text for b in batches for text in b["text"].to_pylist()] == ["one, two", "three"]


def test_an_open_file_may_hold_csv_or_json_lines():
    assert next(stream_rows(io.BytesIO(b"text,k\na,1\n"), CONFIG, format="csv")).to_pylist() == [
        {"text": "a", "k": "1"}
    ]
    assert next(stream_rows(io.BytesIO(b'{"text": "a"}'), CONFIG, format="jsonl")).to_pylist() == [{"text": "a"}]
    with pytest.raises(SourceError, match=r"^standard input: parquet cannot be read from an open stream"):
        next(stream_rows(io.BytesIO(b""), CONFIG, format="parquet"))


def test_the_text_column_must_be_there_and_the_label_need_not(tmp_path):
    (tmp_path / "a.csv").write_text("text,k\na,1\n")
    assert next(stream_rows(tmp_path / "a.csv", CONFIG)).num_rows == 1
    with pytest.raises(SourceError, match="no column is called 'tweet'"):
        next(stream_rows(tmp_path / "a.csv", ReadConfig(source="-", text="tweet")))


def test_progress_ends_with_all_bytes(tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "word\n" * 300_000)
    told = []
    list(stream_rows(tmp_path / "a.csv", CONFIG, progress=lambda done, total: told.append((done, total))))
    assert told[-1] == (1_500_005, 1_500_005)
    assert told == sorted(told)


def test_a_file_takes_its_name_when_it_is_whole(tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("old")
    batch = pa.record_batch({"text": ["a"]})

    def fail() -> None:
        with open_sink(target) as sink:
            sink.write(batch)
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_columns_that_come_up_later_are_refused_where_they_cannot_be_kept(tmp_path):
    one, two = pa.record_batch({"a": [1]}), pa.record_batch({"a": ["x"], "b": [2]})
    assert sent("jsonl", one, two) == b'{"a": 1}\n{"a": "x", "b": 2}\n'
    with pytest.raises(DataError) as caught:
        sent("csv", one, two)
    assert str(caught.value) == (
        "the column 'b' comes up only after the first rows; wanted the columns a. JSON Lines can hold such rows."
    )
    with pytest.raises(DataError, match=r"^a column changes its type after the first rows"):
        sent("parquet", one, two.select(["a"]))
    assert sent("csv", pa.record_batch({"a": [1], "b": [2]}), one) == b"a,b\r\n1,2\r\n1,\r\n"


def test_no_rows_make_a_file_all_the_same(tmp_path):
    for name in ("a.csv", "a.jsonl"):
        open_sink(tmp_path / name).close()
        assert (tmp_path / name).read_bytes() == b""


def test_standard_output_is_where_nothing_is_named(capsysbinary):
    with open_sink(None, "jsonl") as sink:
        sink.write(pa.record_batch({"a": ["é"]}))
    assert capsysbinary.readouterr().out == '{"a": "é"}\n'.encode()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(DataError) as caught:
        open_sink(tmp_path / "out.xml")
    assert str(caught.value).endswith("out.xml: this ending says no format; wanted .csv, .tsv, .jsonl or .parquet")
    with pytest.raises(DataError, match="'xml' is no format that is written; wanted one of csv, jsonl, parquet"):
        open_sink(None, "xml")
    with pytest.raises(StoreWriteError, match=r"out\.csv: cannot be written: no such file or directory"):
        open_sink(tmp_path / "none" / "out.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_full_disk_is_told(format):
    with (
        pytest.raises(StoreWriteError, match=r"^standard output: cannot be written: no space left on device"),
        Path("/dev/full").open("wb", buffering=0) as full,
        open_sink(full, format) as sink,
    ):
        sink.write(pa.record_batch({"a": ["x" * 100_000]}))


def test_parquet_out_is_parquet(tmp_path):
    with open_sink(tmp_path / "a.parquet") as sink:
        for _ in range(2):
            sink.write(pa.record_batch({"a": ["x"], "score": pa.array([0.5], pa.float32())}))
    assert parquet.read_table(tmp_path / "a.parquet").to_pylist() == [{"a": "x", "score": 0.5}] * 2
