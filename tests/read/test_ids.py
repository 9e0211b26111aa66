"""Ids that repeat are told, not dealt."""

from __future__ import annotations

from pathlib import Path

import pytest

from textmill.config import ReadConfig
from textmill.errors import DataError, TooManyRejected
from textmill.read import Corpus, read_corpus


def test_an_id_that_comes_twice_is_refused_with_its_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text,label\n1,a b,x\n2,c d,y\n1,e f,x\n3,g h,y\n", encoding="utf-8")
    config = ReadConfig(source="a.csv", id="id")
    with pytest.raises(DataError, match="rows 1 and 3"):
        read_corpus(config, tmp_path, out=tmp_path / "c.arrow", rejected=tmp_path / "r.jsonl")


def test_ids_in_memory_are_looked_at_too() -> None:
    rows = [{"id": "a", "text": "x y", "label": "p"}, {"id": "a", "text": "z w", "label": "q"}]
    with pytest.raises(DataError, match="rows 1 and 2"):
        Corpus.of(rows, id="id")


def test_too_many_rejected_names_the_place_where_they_will_lie(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n,x\n,y\na b,x\n", encoding="utf-8")
    final = tmp_path / "final.jsonl"
    with pytest.raises(TooManyRejected, match=r"final\.jsonl"):
        read_corpus(
            ReadConfig(source="a.csv"),
            tmp_path,
            out=tmp_path / "c.arrow",
            rejected=tmp_path / "scratch.jsonl",
            rejected_as=final,
        )
