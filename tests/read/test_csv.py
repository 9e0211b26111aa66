"""CSV: whatever the dialect, the block length and the damage, each row is read or set aside, none is lost."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.config import ReadConfig
from textmill.errors import SourceError
from textmill.read import read_corpus
from textmill.read.csv_rows import csv_pieces
from textmill.read.dialect import Dialect, sniff
from textmill.read.piece import Seen, Wanted

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', '""', 'a "b" c', "a,b;c\td|e", "two\nlines", "two\r\nlines", "old\rmac", " ", "", '"\n', ',"', "é", "\ufeff"]
)
delimiters = st.sampled_from([",", ";", "\t", "|"])


def written(rows: list[list[str]], delimiter: str, end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue().encode()


def parsed(data: bytes, names: list[str], delimiter: str, size: int) -> tuple[list[list[str]], list, list[int]]:
    blocks = (data[i : i + size] for i in range(0, len(data), size))
    rows, bad, numbers = [], [], []
    for piece in csv_pieces(
        blocks, Wanted(names[0]), where="x.csv", seen=Seen("csv"), delimiter=delimiter, columns=names
    ):
        rows += [list(row.values()) for row in piece.batch.to_pylist()]
        bad += piece.bad
        numbers += piece.rows.tolist()
    return rows, bad, numbers


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=12),
    delimiter=delimiters,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    size=st.integers(1, 60),
)
def test_what_the_csv_module_writes_is_read_back_in_any_dialect(rows, delimiter, end, quoting, size):
    # Python's writer leaves a line break bare when it is not the one that ends its rows
    data = written(rows, delimiter, end, quoting if end == "\r\n" else csv.QUOTE_ALL)
    found, bad, numbers = parsed(data, ["a", "b"], delimiter, size)
    assert found == rows
    assert not bad
    assert numbers == list(range(1, len(rows) + 1))


@given(data=st.text(st.sampled_from('ab",;\n\r'), max_size=40), size=st.integers(1, 50))
def test_no_row_is_lost_or_made_up_however_the_file_is_damaged_and_cut(data, size):
    names = ["a", "b"]
    if not data.strip("\r\n"):
        return
    whole = parsed(data.encode(), names, ",", 1000)
    assert parsed(data.encode(), names, ",", size) == whole
    rows, bad, numbers = whole
    assert sorted([*numbers, *(b.row for b in bad)]) == list(range(1, len(rows) + len(bad) + 1))


@given(data=st.text(st.sampled_from('ab",\n\r'), max_size=40))
def test_the_two_parsers_agree_on_every_block_that_pyarrow_is_given(data):
    block = data.encode()
    dialect = Dialect(",")
    end, regular = dialect.cut(block, final=True)
    if not regular or end == 0:
        return
    fast = parsed(block[:end], ["a", "b"], ",", 1000) if block[:end].strip() else ([], [], [])
    slow = [[f.decode() for f in row.fields] for row in dialect.rows(block[:end]) if len(row.fields) == 2]
    if block[:end].strip():
        assert fast[0] == slow


def test_a_field_may_hold_ten_megabytes(tmp_path):
    long = "word " * (2 << 20)
    (tmp_path / "a.csv").write_bytes(written([["text", "label"], [long, "x"], ["b", "y"], ["c", "x"], ["d", "y"]], ","))
    corpus = read(tmp_path, "a.csv")
    assert corpus.n_rows == 4
    assert corpus.table()["text"][0].as_py() == long


def read(folder, source, **settings):
    return read_corpus(
        ReadConfig(source=source, **settings), folder, out=folder / "out.arrow", rejected=folder / "rejected.jsonl"
    )


def rejected(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "rejected.jsonl").read_text().splitlines()]


def test_bad_rows_are_set_aside_with_number_reason_and_raw_row(tmp_path):
    rows = b"".join(b"good %d,x\ngood too,y\n" % i for i in range(500))
    bad = b'short\n,x\n"two\nlines",\na,b,c\nbroken \xff,x\n\n  ,y\nnul\0,x\n'
    (tmp_path / "a.csv").write_bytes("text,label\né,x\n".encode() + rows + bad + b"last,y\n")
    corpus = read(tmp_path, "a.csv")
    assert rejected(tmp_path) == [
        {"row": 1002, "reason": "too few fields", "raw": "short"},
        {"row": 1003, "reason": "no text", "raw": ",x"},
        {"row": 1004, "reason": "no label", "raw": '"two\nlines",'},
        {"row": 1005, "reason": "too many fields", "raw": "a,b,c"},
        {"row": 1006, "reason": "broken UTF-8", "raw": "broken \\xff,x"},
        {"row": 1007, "reason": "no text", "raw": "  ,y"},
        {"row": 1008, "reason": "NUL byte in the text", "raw": "nul\0,x"},
    ]
    assert corpus.facts["rows"] == 1009
    assert corpus.facts["rejected"] == 7
    assert corpus.facts["reasons"]["no text"] == 2
    assert corpus.n_rows == 1002
    last = corpus.table().slice(1001).to_pylist()
    assert last == [{"id": "1009", "text": "last", "label": "y"}]  # its number in the file, whatever was rejected


def test_a_quote_never_closed_costs_one_row(tmp_path):
    data = b"text,label\n" + b"a,x\nb,y\n" * 100 + b'"open,x\n' + b"c,x\nd,y\n" * 5
    (tmp_path / "a.csv").write_bytes(data)
    corpus = read(tmp_path, "a.csv")
    assert rejected(tmp_path) == [{"row": 201, "reason": "quote never closed", "raw": '"open,x'}]
    assert corpus.n_rows == 210


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("text,label\na,b\n", ","),
        ("text;label\n1,5;a\n2,5;b\n", ";"),
        ("text\tlabel\nwell, yes\tb\n", "\t"),
        ('"a","b"\n"1;2;3","x"\n', ","),
        ("text\njust one column, with a comma\nand none\n", ","),
        ("id|text\n1|a, b\n2|c; d\n", "|"),
    ],
)
def test_the_delimiter_is_seen(sample, delimiter):
    assert sniff(sample.encode()) == delimiter


def test_a_header_that_has_the_wanted_names_settles_the_delimiter():
    assert sniff(b"text;a,b;label\n1;2;3\n", wanted=["text", "label"]) == ";"


def test_without_a_header_the_columns_are_named_by_the_settings(tmp_path):
    (tmp_path / "a.tsv").write_text("good\t1\nbad\t0\nfine\t1\npoor\t0\n")
    corpus = read(tmp_path, "a.tsv", columns=("text", "label"))
    assert corpus.table()["text"].to_pylist() == ["good", "bad", "fine", "poor"]
    assert corpus.facts["delimiter"] == "\t"


def test_other_columns_are_kept_and_those_that_would_hide_one_are_renamed(tmp_path):
    (tmp_path / "a.csv").write_text("id,tweet,text,label,\n7,a,m,x,1\n8,b,n,y,2\n9,c,o,x,3\n9,d,o,y,3\n")
    corpus = read(tmp_path, "a.csv", text="tweet")
    assert corpus.schema.names == ["id", "text", "label", "source_id", "source_text", "column_5"]
    assert corpus.table()["id"].to_pylist() == ["1", "2", "3", "4"]
    assert corpus.table()["source_text"].to_pylist() == ["m", "n", "o", "o"]


def test_several_files_are_read_in_order_of_their_names_and_numbered_through(tmp_path):
    (tmp_path / "b.csv").write_text("label,text,more\nx,three,1\ny,,2\ny,four,2\n")
    (tmp_path / "a.csv").write_text("text,label\none,x\ntwo,y\n")
    corpus = read(tmp_path, "*.csv", max_rejected=0.5)
    assert [(r.id, r.text, r.meta) for r in corpus.records()] == [
        ("1", "one", {"more": None}),
        ("2", "two", {"more": None}),
        ("3", "three", {"more": "1"}),
        ("5", "four", {"more": "2"}),
    ]
    assert rejected(tmp_path) == [{"file": "b.csv", "row": 2, "reason": "no text", "raw": "y,,2"}]


def test_a_delimiter_that_is_no_character_of_ascii_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,b\n")
    with pytest.raises(SourceError, match="'§' cannot be a delimiter; wanted one ASCII character, no quote"):
        read(tmp_path, "a.csv", delimiter="§")


def test_rows_are_numbered_from_one_in_every_block():
    data = b"a,b\n" * 400_000
    blocks = (data[i : i + (1 << 20)] for i in range(0, len(data), 1 << 20))
    pieces = list(csv_pieces(blocks, Wanted("t"), where="x", seen=Seen("csv"), columns=["t", "u"]))
    assert len(pieces) > 1
    assert np.array_equal(np.concatenate([p.rows for p in pieces]), np.arange(1, 400_001))
