"""Bad input: one clear sentence, and nothing half-written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from textmill.errors import (
    CorruptError,
    FormatError,
    LabelError,
    RecordError,
    SourceError,
    StoreWriteError,
    TooManyRejected,
)
from textmill.read import Corpus
from textmill.read.labels import check_classes
from textmill.read.piece import MAX_ROW
from textmill.read.source import os_sentence

GOOD = "text,label\na,x\nb,y\nc,x\nd,y\n"


def test_a_missing_file_is_named_with_the_closest(folder, refused):
    folder.write("tweets.csv", GOOD)
    path = str(folder.path / "tweet.csv")
    assert refused(SourceError, folder.read, path) == f"{path}: there is no such file. Did you mean 'tweets.csv'?"
    assert refused(SourceError, folder.read, "none/x.csv") == "none/x.csv: there is no such file"


def test_a_pattern_without_a_match_is_told(folder, refused):
    assert refused(SourceError, folder.read, "data/*.csv") == "data/*.csv: no file matches this pattern"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.arrow", "a.txt"])
def test_an_empty_file_is_told(folder, refused, name):
    folder.write(name, b"")
    assert refused(SourceError, folder.read, name) == f"{name}: the file is empty"


@pytest.mark.parametrize(("name", "content"), [("a.csv", "\r\n\n"), ("a.jsonl", "\n\n")])
def test_a_file_of_empty_lines_is_empty(folder, refused, name, content):
    folder.write(name, content)
    assert refused(SourceError, folder.read, name) == f"{name}: the file is empty"


@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_a_header_alone_is_told(folder, refused, end):
    folder.write("a.csv", "text,label" + end)
    assert refused(SourceError, folder.read, "a.csv") == "a.csv: there is a header but no row"


def test_a_column_that_is_not_there_is_told_with_the_closest(folder, refused):
    folder.write("a.csv", "id,text,target\n1,a,0\n")
    assert refused(SourceError, folder.read, "a.csv", text="txt", label="target") == (
        "a.csv: no column is called 'txt'; wanted one of id, text, target. Did you mean 'text'?"
    )
    assert refused(SourceError, folder.read, "a.csv") == (
        "a.csv: no column is called 'label'; wanted one of id, text, target"
    )
    folder.write("a.jsonl", '{"text": "a", "Label": 1}\n')
    assert refused(SourceError, folder.read, "a.jsonl") == (
        "a.jsonl: no column is called 'label'; wanted one of text, Label. Did you mean 'Label'?"
    )


def test_a_column_that_is_there_twice_is_told(folder, refused):
    folder.write("a.csv", "text,text,label\na,b,c\n")
    assert refused(SourceError, folder.read, "a.csv") == "a.csv: more than one column is called 'text'"


def test_one_class_only_is_told(folder, refused):
    folder.write("a.csv", "text,label\na,x\nb,x\n")
    assert refused(LabelError, folder.read, "a.csv") == (
        "a.csv: every row has the label 'x'; wanted two classes or more in 'label'"
    )


def test_a_class_with_one_row_is_told(folder, refused):
    folder.write("a.csv", "text,label\na,x\nb,x\nc,y\n")
    assert refused(LabelError, folder.read, "a.csv") == (
        "a.csv: only one row has the label 'y'; wanted at least 2 rows of each class"
    )
    folder.write("a.csv", "text,label\na,x\nb,x\nc,y\nd,z\n")
    assert refused(LabelError, folder.read, "a.csv") == (
        "a.csv: 2 labels have only one row: 'y', 'z'; wanted at least 2 rows of each class."
        " Hardly a value of 'label' comes twice: is another column the label?"
    )


def test_the_classes_of_a_test_side_are_not_judged(folder):
    folder.write("test.csv", "text,label\na,x\n")
    from textmill.config import ReadConfig
    from textmill.read import read_corpus

    config = ReadConfig(source="train.csv", test="test.csv")
    out, rejected = folder.path / "o", folder.path / "r"
    assert read_corpus(config, folder.path, out=out, rejected=rejected, source="test.csv").n_rows == 1


def test_texts_that_are_all_empty_are_told(folder, refused):
    folder.write("a.csv", "text,label\n,x\n  ,y\n\t,x\n")
    assert refused(TooManyRejected, folder.read, "a.csv") == (
        "a.csv: 3 of 3 rows cannot be used (100.0 %), all of them for 'no text', such as row 1: ',x'."
        f" All of them are in {folder.path / 'rejected.jsonl'}."
    )
    assert len(folder.rejected) == 3
    assert folder.names == ["a.csv", "rejected.jsonl"]


def test_too_many_bad_rows_are_told_with_an_example_and_where_they_are(folder, refused):
    folder.write("a.csv", GOOD + ",x\nonly one\n,y\n")
    assert refused(TooManyRejected, folder.read, "a.csv") == (
        "a.csv: 3 of 7 rows cannot be used (42.9 %), 2 of them for 'no text', such as row 5: ',x'; wanted at most 1 %"
        f" (max_rejected). All of them are in {folder.path / 'rejected.jsonl'}."
    )
    assert folder.read("a.csv", max_rejected=0.43).n_rows == 4


def test_a_long_row_is_shortened_in_the_sentence_and_whole_in_the_file(folder, refused):
    folder.write("a.csv", GOOD + "x" * 500 + "\n")
    said = refused(TooManyRejected, folder.read, "a.csv")
    assert "'" + "x" * 77 + "...'" in said
    assert folder.rejected[0]["raw"] == "x" * 500


def test_a_column_of_measurements_suggests_another_task(folder, refused):
    rows = "".join(f"text {n},{n / 7:.3f}\n" for n in range(4000))
    folder.write("a.csv", "text,label\n" + rows)
    assert refused(LabelError, folder.read, "a.csv") == (
        "a.csv: the column 'label' holds numbers with 4,000 values in 4,000 rows; wanted a class for each row. That"
        " asks for regression, which textmill does not do; name another column, or put the numbers into"
        " classes first."
    )


@pytest.mark.parametrize(
    ("labels", "fine"),
    [
        ({str(n): 50 for n in range(100)}, True),  # a hundred numbered classes
        ({str(n / 2): 50 for n in range(20)}, True),  # stars, with halves
        ({str(n / 2): 50 for n in range(21)}, False),  # more than 20 values, some with a fraction
        ({str(n): 1 for n in range(30)}, False),  # whole numbers that hardly repeat: prices, ages
        ({f"intent {n}": 100 for n in range(150)}, True),
        ({f"a text {n}": 1 + n % 2 for n in range(150)}, False),  # the wrong column
    ],
)
def test_what_counts_as_classes(labels, fine):
    if fine:
        check_classes(labels, "a.csv", "label")
    else:
        with pytest.raises(LabelError):
            check_classes(labels, "a.csv", "label")


def test_labels_that_hardly_repeat_are_told(folder, refused):
    folder.write("a.csv", "text,label\n" + "".join(f"t {n},words {n}\n" for n in range(30)))
    assert refused(LabelError, folder.read, "a.csv") == (
        "a.csv: the column 'label' holds 30 labels in 30 rows; wanted classes that repeat. Is another column the label?"
    )


def test_a_folder_where_a_file_is_wanted_and_the_other_way_round(folder, refused):
    folder.write("a.csv", GOOD)
    (folder.path / "sub").mkdir()
    assert refused(SourceError, folder.read, "sub", format="csv") == "sub: this is a folder; wanted a csv file"
    assert refused(SourceError, folder.read, "a.csv", format="folder") == (
        "a.csv: this is a file; wanted a folder whose sub-folders are the labels"
    )
    assert refused(SourceError, folder.read, "sub") == "sub: the folder holds no file"
    folder.write("sub/a.txt", "a text")
    assert refused(SourceError, folder.read, "sub") == (
        "sub: the folder has no sub-folders; wanted one for each label, with texts in it"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(folder, refused):
    folder.write("a.csv", GOOD).chmod(0)
    assert refused(SourceError, folder.read, "a.csv") == "a.csv: there is no permission to read it"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EACCES, "a.csv: there is no permission to read it"),
        (errno.EISDIR, "a.csv: this is a folder; wanted a file"),
        (errno.ENOTDIR, "a.csv: this is a file; wanted a folder"),
        (errno.EIO, "a.csv: it cannot be read: input/output error"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(code, said):
    assert str(os_sentence(OSError(code, os.strerror(code)), "a.csv")) == said


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_no_file_can_have_is_told(folder, name, refused):
    said = refused(SourceError, folder.read, name)
    assert said == f"{name!r}: this is no name for a file" or said.endswith("it cannot be read: file name too long")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"PK\x03\x04rest",
            "a.csv: this is a zip or Excel file; wanted csv, jsonl, parquet or arrow. Save it as CSV, or",
        ),
        (b"%PDF-1.7", "a.csv: this is a PDF file; wanted csv, jsonl, parquet or arrow"),
    ],
)
def test_a_foreign_file_is_told_apart(folder, refused, content, said):
    folder.write("a.csv", content)
    assert refused(SourceError, folder.read, "a.csv").startswith(said)


@pytest.mark.parametrize(("name", "kind"), [("a.parquet", "Parquet"), ("a.arrow", "Arrow")])
def test_a_damaged_table_is_told(folder, refused, name, kind):
    folder.write(name, b"PAR1 or ARROW1, but not really")
    assert refused(SourceError, folder.read, name, format=kind.lower()) == (
        f"{name}: this is no {kind} file, or a damaged one"
    )


def test_a_row_longer_than_64_mebibytes_is_refused(folder, refused):
    folder.write("a.jsonl", b'{"text": "' + b"x" * (MAX_ROW + (2 << 20)) + b'", "label": 1}\n')
    assert refused(RecordError, folder.read, "a.jsonl") == "a.jsonl, row 1: the line is longer than 64 MiB"


def test_a_failed_run_leaves_what_an_earlier_one_wrote(folder, refused):
    folder.write("a.csv", GOOD)
    digest = folder.read("a.csv").digest
    folder.write("b.csv", "text,label\na,x\nb,x\n")
    refused(LabelError, folder.read, "b.csv")
    assert Corpus.load(folder.path / "out.arrow").digest == digest
    assert folder.names == ["a.csv", "b.csv", "out.arrow", "rejected.jsonl"]


def test_no_room_is_told_and_leaves_nothing(folder, refused):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    folder.write("a.csv", GOOD)
    (folder.path / f".rejected.jsonl.{os.getpid()}").symlink_to("/dev/full")
    folder.write("b.csv", GOOD + "bad\n" * 10_000)
    assert refused(StoreWriteError, folder.read, "b.csv", max_rejected=1) == (
        f"{folder.path / 'rejected.jsonl'}: cannot be written: no space left on device"
    )
    (folder.path / f".out.arrow.{os.getpid()}").symlink_to("/dev/full")
    assert refused(StoreWriteError, folder.read, "a.csv") == (
        f"{folder.path / 'out.arrow'}: cannot be written: no space left on device"
    )
    assert folder.names == ["a.csv", "b.csv"]


def test_a_folder_that_is_not_there_cannot_be_written_to(folder, refused):
    with pytest.raises(StoreWriteError, match=r"out\.arrow: cannot be written: no such file or directory"):
        Corpus.of([{"text": "a", "label": "x"}]).save(folder.path / "none" / "out.arrow")


def test_ctrl_c_leaves_nothing_half_written(folder):
    folder.write("a.csv", GOOD)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    from textmill.config import ReadConfig
    from textmill.read import read_corpus

    with pytest.raises(KeyboardInterrupt):
        read_corpus(
            ReadConfig(source="a.csv"), folder.path, out=folder.path / "o", rejected=folder.path / "r", progress=stop
        )
    assert folder.names == ["a.csv"]


def test_what_is_no_corpus_is_not_opened(folder, refused):
    missing, other = folder.path / "none.arrow", folder.write("a.csv", GOOD)
    assert refused(CorruptError, Corpus.load, missing) == f"{missing}: this is no corpus that can be opened"
    assert refused(CorruptError, Corpus.load, other) == f"{other}: this is no corpus that can be opened"
    import pyarrow as pa

    table = pa.table({"text": ["a"]})
    plain = folder.path / "plain.arrow"
    with pa.OSFile(str(plain), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    assert refused(CorruptError, Corpus.load, plain) == f"{plain}: this Arrow file was not written as a corpus"


def test_a_corpus_of_a_newer_format_is_refused(folder, refused, monkeypatch):
    monkeypatch.setattr("textmill.read.corpus.FORMAT", 2)
    path = folder.path / "new.arrow"
    Corpus.of([{"text": "a", "label": "x"}]).save(path)
    monkeypatch.undo()
    assert refused(FormatError, Corpus.load, path) == (
        f"{path}: the corpus has a format this textmill does not know; wanted 1, got 2"
    )


def test_a_corpus_cut_short_is_refused(folder, refused):
    path = folder.path / "a.arrow"
    Corpus.of([{"text": "a" * 1000, "label": "x"}]).save(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert refused(CorruptError, Corpus.load, path) == f"{path}: this is no corpus that can be opened"
