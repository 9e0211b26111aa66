import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.config import ReadConfig
from textmill.errors import SourceError, TooManyRejected
from textmill.read import Corpus, read_corpus
from textmill.read.row_hashes import (
    Erased,
    hash_of_person,
    hash_of_text,
    load_hashes,
    person_hashes,
    person_of,
    text_hashes,
    which,
    write_hashes,
)
from textmill.read.seen import mark

ROWS = [("1", "A fire downtown", "a", "u1"), ("2", "lovely day", "b", "u2"), ("3", "a FIRE, downtown!", "a", "")]


def csv(folder, rows=ROWS, header="id,text,label,who"):
    lines = [header, *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")


def read(folder, erased=None, **more):
    config = ReadConfig(source="other.csv", person="who", **{"id": "id", "max_rejected": 0.0} | more)
    return read_corpus(
        config, folder, source="rows.csv", out=folder / "c.arrow", rejected=folder / "r.jsonl", erased=erased
    )


texts = st.text(max_size=30).filter(lambda text: "\0" not in text)


@given(st.lists(texts, max_size=8))
def test_a_hash_is_that_of_one_text_alone_and_begins_with_the_mark_of_a_model(found):
    column = pa.array(found, pa.large_string())
    hashes = text_hashes(column)
    assert [bytes(one) for one in hashes] == [hash_of_text(text) for text in found]
    assert hashes[:, :4].copy().view("<u4").ravel().tolist() == mark(pa.chunked_array([column])).tolist()


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=9), st.sets(st.binary(min_size=16, max_size=16)))
def test_which_is_membership(hashes, others):
    import numpy as np

    wanted = others | set(hashes[::2])
    rows = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 16)
    assert which(rows, wanted).tolist() == [one in wanted for one in hashes]


def test_texts_without_a_word_are_told_apart():
    assert hash_of_text("!!!") != hash_of_text("???")


@pytest.mark.parametrize("column", [pa.array([17, None, 3]), pa.array([17.0, None, 3.0]), pa.array(["17", " ", " 3"])])
def test_a_person_is_the_same_however_the_column_is_typed(column):
    hashes = person_hashes(column, "who", "a.csv")
    assert [bytes(one) for one in hashes] == [hash_of_person("17"), bytes(16), hash_of_person("3")]


def test_hashes_of_a_corpus_are_written_in_the_order_of_its_rows(tmp_path):
    csv(tmp_path)
    corpus = read(tmp_path)
    write_hashes(tmp_path / "h", corpus, "who")
    texts, persons = frozenset([hash_of_text("a fire downtown")]), frozenset([hash_of_person("u2")])
    assert Erased(texts).in_hashes(tmp_path / "h").tolist() == [True, False, True]
    assert Erased(texts, persons).in_hashes(tmp_path / "h").tolist() == [True, True, True]
    assert b"fire" not in (tmp_path / "h" / "texts.npy").read_bytes()
    assert len(load_hashes(tmp_path / "h" / "persons.npy")) == 3


def test_erased_rows_are_set_aside_counted_and_nowhere_written(tmp_path):
    csv(tmp_path)
    found = read(tmp_path, Erased(frozenset([hash_of_text("A fire downtown")]), frozenset([hash_of_person("u9")])))
    assert [record.text for record in found.records()] == ["lovely day"]
    assert (found.facts["rows"], found.facts["rejected"], found.facts["reasons"]) == (3, 2, {"erased": 2})
    assert (tmp_path / "r.jsonl").read_text().splitlines() == [
        f'{{"row": {row}, "reason": "erased", "raw": ""}}' for row in (1, 3)
    ]


def test_a_row_of_an_erased_person_that_cannot_be_used_is_not_written_either(tmp_path):
    csv(tmp_path, [*ROWS, ("4", "secret", "", "u2")])
    read(tmp_path, Erased(persons=frozenset([hash_of_person("u2")])))
    assert "secret" not in (tmp_path / "r.jsonl").read_text()


def test_erased_rows_do_not_count_as_faults_but_the_others_do(tmp_path):
    csv(tmp_path, [*ROWS, ("4", "", "a", "u1")])
    with pytest.raises(TooManyRejected, match="1 of 3 rows"):
        read(tmp_path, Erased(persons=frozenset([hash_of_person("u2")])))


def test_a_source_of_which_all_was_erased_is_told(tmp_path):
    csv(tmp_path)
    with pytest.raises(SourceError, match="all of its rows were erased"):
        read(tmp_path, Erased(frozenset(map(hash_of_text, ["a fire downtown", "lovely day"]))))


def test_a_column_of_persons_that_is_missing_is_told_with_the_closest(tmp_path):
    csv(tmp_path, header="id,text,label,whom")
    with pytest.raises(SourceError, match=r"no column is called 'who'.*Did you mean 'whom'"):
        read(tmp_path)


@pytest.mark.parametrize(("person", "id", "column"), [(None, None, None), ("u", "u", "id"), ("id", None, "source_id")])
def test_the_column_of_persons_is_found_under_the_name_it_has_in_the_corpus(person, id, column):
    assert person_of(person, id) == column


def test_a_corpus_without_persons_has_no_hashes_of_them(tmp_path):
    made = Corpus.of([{"text": "a", "label": 1}, {"text": "b", "label": 0}])
    write_hashes(tmp_path, made, None)
    assert [path.name for path in tmp_path.iterdir()] == ["texts.npy"]


def test_a_person_of_json_lines_is_the_same_beside_ids_of_another_type(tmp_path):
    rows = ['{"text": "a", "label": 1, "who": 17}', '{"text": "b", "label": 2, "who": "u1"}']
    rows += [
        '{"text": "c", "label": 2, "who": 17.0}',
        '{"text": "d", "label": 1, "who": [1]}',
        '{"text": "e", "label": 1}',
    ]
    (tmp_path / "rows.csv").write_text("\n".join(rows) + "\n")
    write_hashes(tmp_path, read(tmp_path, format="jsonl", id=None), "who")
    found = [bytes(one) for one in load_hashes(tmp_path / "persons.npy")]
    assert found[:3] == [hash_of_person("17"), hash_of_person("u1"), hash_of_person("17")]
    assert found[4] == bytes(16)
