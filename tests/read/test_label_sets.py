"""Several labels a row, however a source writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textmill.config import ReadConfig
from textmill.errors import LabelError, SourceError
from textmill.read import Corpus, read_corpus

ROWS: list[dict[str, Any]] = [
    {"text": "wheat and oil", "topics": ["oil", "grain", "oil"]},
    {"text": "maize", "topics": ["grain"]},
    {"text": "a quiet day", "topics": []},
    {"text": "numbers too", "topics": [7, True]},
] * 5
SETS = ["grain + oil", "grain", "", "1 + 7"] * 5


def read(folder: Path, file: str, **settings: Any) -> Corpus:
    config = ReadConfig(source=file, **settings)
    return read_corpus(config, folder, out=folder / "rows.arrow", rejected=folder / "rejected.jsonl", several=True)


def labels_of(corpus: Corpus) -> list[str]:
    found: list[str] = corpus.table()["label"].to_pylist()
    return found


@pytest.mark.parametrize("mixed", [False, True])
def test_lists_in_json_lines(tmp_path: Path, mixed: bool) -> None:
    rows = ROWS if mixed else [row for row in ROWS if row["topics"] != [7, True]]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = read(tmp_path, "a.jsonl", label="topics")
    assert labels_of(corpus) == [label for label in SETS if mixed or label != "1 + 7"]
    assert corpus.facts["classes"] == {"grain": 10, "oil": 5} | ({"1": 5, "7": 5} if mixed else {})
    assert corpus.facts["several_labels"]


def test_a_text_is_one_label_or_several_with_a_separator(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'text,topics\nwheat and oil,"oil; grain"\nmaize,grain\nquiet,\nmaize too,grain\n' * 4
    )
    assert labels_of(read(tmp_path, "a.csv", label="topics", label_separator=";"))[:3] == ["grain + oil", "grain", ""]
    assert labels_of(read(tmp_path, "a.csv", label="topics"))[0] == "oil; grain"


def test_columns_of_0_and_1_are_labels_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,toxic,insult\n" + "you fool,1,1\nhello,0,0\nfoul,true,no\n" * 4)
    corpus = read(tmp_path, "a.csv", label=("toxic", "insult"))
    assert labels_of(corpus)[:3] == ["insult + toxic", "", "toxic"]
    assert corpus.schema.names == ["id", "text", "label"]


def test_parquet_and_arrow_lists(tmp_path: Path) -> None:
    table = pa.table({"text": ["x y", "y z"] * 3, "label": [["a", "b"], []] * 3})
    pq.write_table(table, tmp_path / "a.parquet")
    assert labels_of(read(tmp_path, "a.parquet")) == ["a + b", ""] * 3


def test_what_cannot_be_a_label_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    bad = [{"text": "p", "topics": ["x + y"]}, {"text": "q", "topics": None}, {"text": "r", "topics": {"a": 1}}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*ROWS, *bad]))
    corpus = read(tmp_path, "a.jsonl", label="topics", max_rejected=0.5)
    assert corpus.n_rows == 20
    assert corpus.facts["reasons"] == {"' + ' in a label": 1, "no label": 1, "label is no list of texts": 1}
    (tmp_path / "b.csv").write_text("text,a,b\nx,1,0\ny,maybe,0\nz,0,1\n")
    assert read(tmp_path, "b.csv", label=("a", "b"), max_rejected=0.5).facts["reasons"] == {"neither 0 nor 1 in a": 1}


def test_columns_that_hold_no_labels_are_refused(tmp_path: Path) -> None:
    table = pa.table({"text": ["x", "y"], "label": [[{"a": 1}], []], "other": [1.5, 2.5]})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="'label' holds lists of struct"):
        read(tmp_path, "a.parquet")
    (tmp_path / "c.jsonl").write_text('{"text": "x", "label": []}\n' * 3)
    with pytest.raises(LabelError, match="no row has a label in 'label'"):
        read(tmp_path, "c.jsonl")


def test_one_column_of_0_and_1_is_one_label(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,fire\n" + "smoke,1.0\ncalm,0.0\n" * 3)
    corpus = read(tmp_path, "a.csv", label=("fire",))
    assert corpus.facts["classes"] == {"fire": 3}
    assert labels_of(corpus)[:2] == ["fire", ""]


def test_a_label_that_no_row_has_is_told_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,fire,never\n" + "smoke,1,0\ncalm,0,0\n" * 3)
    with pytest.raises(LabelError, match="no row has 'never': all of that column is 0"):
        read(tmp_path, "a.csv", label=("fire", "never"))


def test_several_labels_in_one_text_are_noticed(tmp_path: Path) -> None:
    rows = ["fire", "flood", "fire; flood", "fire; praise", "flood; praise", "fire; flood; praise"]
    (tmp_path / "a.csv").write_text("text,topics\n" + "".join(f"x {n},{row}\n" for n, row in enumerate(rows * 3)))
    with pytest.raises(LabelError, match=r"4 of the 6 labels in 'topics' look like several with ';' between") as found:
        read(tmp_path, "a.csv", label="topics")
    assert found.value.hint is not None
    assert 'label_separator = ";"' in found.value.hint
    assert read(tmp_path, "a.csv", label="topics", label_separator=";").facts["classes"].keys() == {
        *("fire", "flood", "praise")
    }
