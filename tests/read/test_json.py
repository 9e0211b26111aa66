"""JSON Lines: pyarrow and the careful way read the same, and each line is accounted for."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.errors import SourceError, TooManyRejected
from textmill.read.json_rows import json_pieces
from textmill.read.piece import Wanted

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
objects = st.fixed_dictionaries(
    {"text": texts, "label": st.sampled_from(["a", "b"])},
    optional={"n": st.integers(-5, 5), "d": st.just("2024-01-01"), "list": st.lists(st.integers(0, 3), max_size=2)},
)


def rows_of(data: bytes, size: int) -> tuple[list[tuple[str, str]], list[int]]:
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    found, numbers = [], []
    for piece in json_pieces(iter(blocks), Wanted("text", "label"), where="x.jsonl"):
        found += [(row["text"], row["label"]) for row in piece.batch.to_pylist()]
        numbers += piece.rows.tolist()
    return found, numbers


@given(rows=st.lists(objects, min_size=1, max_size=10), size=st.integers(1, 200), ascii=st.booleans())
def test_every_object_is_read_whatever_the_blocks(rows, size, ascii):
    data = "".join(json.dumps(row, ensure_ascii=ascii) + "\n" for row in rows).encode()
    found, numbers = rows_of(data, size)
    assert found == [(row["text"], row["label"]) for row in rows]
    assert numbers == list(range(1, len(rows) + 1))


def test_bad_lines_are_set_aside_with_number_reason_and_raw_line(folder):
    good = "".join(f'{{"text": "good {n}", "label": {n % 2}}}\n' for n in range(1000))
    bad = (
        b'{"text": 5, "label": 1}\n'
        b"\n"
        b'{"text": null, "label": 1}\n'
        b'{"label": 1}\n'
        b'{"text": "x"}\n'
        b'{"text": "x", "label": [1]}\n'
        b"no json\n"
        b"[1, 2]\n"
        b'{"text": "\\ud800", "label": 1}\n'
        b'{"text": "caf\xe9 or caf\xc3\xa9", "label": 1}\n'
        b'{"text": "a\\u0000b", "label": 1}\n'
    )
    folder.write("a.jsonl", good.encode() + bad + b'{"text": "last", "label": true}')
    corpus = folder.read("a.jsonl")
    assert [(row["row"], row["reason"]) for row in folder.rejected] == [
        (1001, "text is not text"),
        (1002, "no text"),
        (1003, "no text"),
        (1004, "no label"),
        (1005, "label is not text or a number"),
        (1006, "no JSON"),
        (1007, "no JSON object"),
        (1008, "lone surrogate"),
        (1009, "broken UTF-8"),
        (1010, "NUL byte in the text"),
    ]
    assert folder.rejected[8]["raw"] == '{"text": "caf\\xe9 or café", "label": 1}'
    last = list(corpus.records())[-1]
    assert (last.id, last.text, last.label) == ("1011", "last", "1")


def test_labels_of_any_kind_become_text(folder):
    values = [1, 1.0, True, "1", " 1 ", 0, False, 0.5, 0.5, "0"]
    folder.write("a.jsonl", "".join(json.dumps({"text": "t", "label": v}) + "\n" for v in values))
    corpus = folder.read("a.jsonl")
    assert corpus.table()["label"].to_pylist() == ["1", "1", "1", "1", "1", "0", "0", "0.5", "0.5", "0"]


def test_ids_beyond_64_bits_keep_their_digits(folder):
    ids = [123456789012345678901, 123456789012345678902]
    folder.write("a.jsonl", "".join(json.dumps({"text": "t", "label": "a", "id": i}) + "\n" for i in ids))
    corpus = folder.read("a.jsonl", id="id", labelled=False)
    assert corpus.table()["id"].to_pylist() == [str(i) for i in ids]


def test_a_column_that_changes_its_type_after_a_mebibyte_is_read_again_with_room_for_both(folder):
    rows = [{"text": "word " * 30, "label": n % 2, "score": n if n < 15000 else n / 2} for n in range(20000)]
    rows[-1] |= {"new": "late", "score": "high"}
    folder.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    corpus = folder.read("a.jsonl")
    table = corpus.table()
    assert corpus.n_rows == 20000
    assert table["score"].to_pylist()[:2] == ["0", "1"]
    assert table["score"].to_pylist()[-2:] == ["9999.0", "high"]
    assert table["new"].to_pylist()[-2:] == [None, "late"]


def test_what_looks_like_a_date_stays_text(folder):
    rows = [{"text": "2024-01-01", "label": "2024-02-02", "day": "2024-03-03"}] * 3
    rows += [{"text": "x", "label": "later", "day": "never"}] * 2
    folder.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    first = folder.read("a.jsonl").table().to_pylist()[0]
    assert first == {"id": "1", "text": "2024-01-01", "label": "2024-02-02", "day": "2024-03-03"}


def test_gzip_is_seen_by_its_bytes_and_members_follow_one_another(folder):
    line = b'{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n'
    folder.write("a.jsonl", gzip.compress(line) + gzip.compress(line))
    assert folder.read("a.jsonl").n_rows == 4


def test_a_gzip_file_cut_short_is_refused(folder, refused):
    packed = gzip.compress(b'{"text": "a", "label": "x"}\n' * 100)
    folder.write("a.jsonl.gz", packed[:-20])
    assert refused(SourceError, folder.read, "a.jsonl.gz") == "a.jsonl.gz: the gzip file is cut short"
    folder.write("a.jsonl.gz", packed[:20] + b"\xff\xff\xff" + packed[23:])
    assert refused(SourceError, folder.read, "a.jsonl.gz") == "a.jsonl.gz: the gzip file is damaged"


def test_a_json_array_is_no_json_lines(folder, refused):
    folder.write("a.json", '[{"text": "a"}]')
    assert refused(SourceError, folder.read, "a.json") == (
        "a.json: this is one JSON array; wanted JSON Lines, one object a line. Convert it with: jq -c '.[]'"
    )


def test_an_object_over_several_lines_is_told_by_its_first_line(folder, refused):
    folder.write("a.jsonl", '{\n"text": "a"\n}\n')
    assert refused(TooManyRejected, folder.read, "a.jsonl").startswith(
        "a.jsonl: 3 of 3 rows cannot be used (100.0 %), all of them for 'no JSON', such as row 1: '{'"
    )


@pytest.mark.parametrize("text", ["\ufeff", "a\ufeffb", "\x7f", "a\u2028b", "😀"])
def test_rare_characters_come_through(folder, text):
    folder.write("a.jsonl", "".join(json.dumps({"text": text, "label": n}, ensure_ascii=False) + "\n" for n in "aabb"))
    assert set(folder.read("a.jsonl").table()["text"].to_pylist()) == {text}


def test_columns_stand_as_in_the_first_row_also_where_it_lacks_some(folder):
    rows = [{"n": 1, "when": "2024-01-01", "text": "one", "label": "a"}, {"text": "two", "label": "a", "more": 1}]
    rows += [{"text": text, "label": "b"} for text in ("three", "four")]
    folder.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    records = list(folder.read("rows.jsonl").records())
    assert [list(record.meta) for record in records] == [["n", "when", "more"]] * 4
