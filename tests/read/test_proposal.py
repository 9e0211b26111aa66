"""A first look: the right columns are proposed, with reasons, and the project file that comes of it can be used."""

from __future__ import annotations

import json
import random
from typing import get_args

import pytest

from textmill.config import load
from textmill.config.models import Kind
from textmill.errors import DataError, SourceError
from textmill.read import CATALOGUE, mill_toml, propose
from textmill.read.proposal import Proposal

TWEETS = "id,url,tweet,target\n" + "".join(f"{n},http://t.co/{n:040},some words {n},{n % 2}\n" for n in range(20))


def test_text_label_and_id_are_found_and_explained(folder):
    found = propose(folder.write("a.csv", TWEETS))
    assert (found.text, found.label, found.id, found.columns) == ("tweet", "target", "id", None)
    assert found.names == ("id", "url", "tweet", "target")
    assert found.why == (
        "'tweet' is the text: 12 characters on average.",
        "'target' is the label: 2 values (0, 1).",
        "'id' is the id: no value comes twice.",
    )


@pytest.mark.parametrize("names", [("question1", "question2"), ("Premise", "Hypothesis"), ("text_a", "text_b")])
def test_two_columns_whose_names_say_so_are_a_pair_of_texts(folder, names):
    first, second = names
    rows = [f"{n},how is it in town {n}?,what about a town like {n} and others?,{n % 2}" for n in range(20)]
    path = folder.write("a.csv", "\n".join([f"id,{first},{second},is_duplicate", *rows, ""]))
    found = propose(path)
    assert (found.text, found.second, found.label, found.id) == (first, second, "is_duplicate", "id")
    assert found.why[0] == f"'{first}' and '{second}' are a pair of texts: 20 and 36 characters on average."
    (folder.path / "mill.toml").write_text(mill_toml(found, "twins"))
    assert load(folder.path).read.text == names


def test_two_such_columns_of_numbers_are_none(folder):
    rows = [f"{n},{n + 1},some words {n},{n % 2}" for n in range(20)]
    found = propose(folder.write("a.csv", "\n".join(["text1,text2,note,label", *rows, ""])))
    assert (found.text, found.second) == ("note", None)


def test_names_are_not_needed(folder):
    rows = [{"q": f"how is the weather in town {n}?", "kind": "ask", "n": n} for n in range(10)]
    rows += [{"q": f"it is raining in town {n}", "kind": "say", "n": n} for n in range(10)]
    found = propose(folder.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert (found.text, found.label, found.id) == ("q", "kind", None)


def test_a_file_without_a_header_gets_names(folder):
    found = propose(folder.write("a.tsv", "a fine film\t1\na bad film\t0\nso good\t1\nso bad\t0\n"))
    assert (found.columns, found.text, found.label) == (("text", "label"), "text", "label")
    assert found.why[0] == "The first row looks like data, not like names: the columns were given names."


def test_a_folder_of_texts_is_known_by_its_sub_folders(folder, refused):
    folder.write("texts/ham/1.txt", "hi")
    said = refused(DataError, propose, folder.path / "texts")
    assert said.endswith("texts: the folder has 1 sub-folders; wanted two or more, one for each label")
    folder.write("texts/spam/1.txt", "win")
    found = propose(folder.path / "texts")
    assert (found.format, found.why[0]) == ("folder", "Each of the 2 sub-folders is a label: ham, spam.")


def test_what_has_no_text_or_no_label_is_told(folder, refused):
    path = folder.write("a.csv", "a,b\n1,2\n3,4\n5,6\n")
    assert refused(DataError, propose, path) == f"{path}: no column looks like a text; got a, b"
    path = folder.write("a.csv", "text,b\nwords here,2\nand more,4\nand so on,6\n")
    assert refused(DataError, propose, path) == (
        f"{path}: no column looks like a label, with few values that repeat; got text, b. Write mill.toml by hand to"
        " name one."
    )
    path = folder.write("a.csv", "text,label\n")
    assert refused(SourceError, propose, path) == f"{path}: there is no row to look at"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tweets.csv", TWEETS),
        ('it\'s "odd".csv', TWEETS.replace(",", ";")),
        ("plain.tsv", "a fine film\t1\na bad film\t0\nso good\t1\nso bad\t0\n"),
        ("latin.csv", "text,label\ncafé,a\nthé,b\ncrème,a\nété,b\n".encode("cp1252")),
    ],
)
def test_the_project_file_can_be_loaded_and_its_source_read(folder, name, content):
    found = propose(folder.write(name, content))
    folder.write("mill.toml", mill_toml(found, "demo", source=name))
    mill = load(folder.path)
    assert mill.project.name == "demo"
    assert mill.read.source == name
    settings = {key: getattr(mill.read, key) for key in ("text", "label", "id", "columns", "encoding")}
    assert folder.read(name, **settings).n_rows >= 4


def test_the_project_file_names_every_kind_of_model_and_the_page_on_networks():
    found = Proposal("a.csv", "csv", "text", "label", None, None, (), "utf-8", ",", 9, ("why",))
    said = mill_toml(found, "demo")
    (line,) = [line for line in said.splitlines() if line.startswith("kind") and "logistic" in line]
    assert all(f'"{kind}"' in line for kind in get_args(Kind))
    assert "docs/guide/networks.md" in said


def test_what_the_project_file_sets_are_the_defaults(folder):
    found = propose(folder.write("a.csv", TWEETS))
    folder.write("mill.toml", mill_toml(found, "demo"))
    mill = load(folder.path)
    plain = load(folder.write("plain.toml", '[project]\nname = "demo"\n[read]\nsource = "x"\n'))
    for room in ("project", "split", "text", "features", "model", "evaluate"):
        assert getattr(mill, room) == getattr(plain, room)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_real_sets_are_seen_for_what_they_are(name, data_dir):
    chosen = CATALOGUE[name]
    found = propose(data_dir / chosen.files[0].path)
    if "columns" in chosen.read:
        assert found.columns is not None
        places = [chosen.read["columns"].index(chosen.read[role]) for role in ("text", "label")]
        assert [found.columns.index(found.text), found.columns.index(found.label)] == places
    else:
        assert (found.text, found.label) == (chosen.read["text"], chosen.read["label"])


def topics(n, between):
    """Rows of up to three of five topics."""
    draw = random.Random(5)
    return [
        between.join(draw.sample(["grain", "wheat", "corn", "trade", "oil"], draw.choice([1, 1, 2, 3])))
        for _ in range(n)
    ]


@pytest.mark.parametrize("between", [";", "; ", "|", ", "])
def test_texts_of_several_labels_are_known_by_what_stands_between_them(folder, between):
    rows = "".join(f'"prices of goods went up {n}","{said}"\n' for n, said in enumerate(topics(60, between)))
    found = propose(folder.write("a.csv", f"text,topics\n{rows}"))
    assert (found.label, found.several, found.separator) == ("topics", True, between.strip())
    said = f"'topics' holds the labels, several a text (with {between.strip()!r} between them): 5 values (corn, grain,"
    assert any(line.startswith(said) for line in found.why)


def test_lists_of_labels_are_known(folder):
    rows = [
        {"text": f"prices of goods went up {n}", "topics": said.split(";")} for n, said in enumerate(topics(60, ";"))
    ]
    rows[3]["topics"] = []
    found = propose(folder.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert (found.label, found.several, found.separator) == ("topics", True, None)


@pytest.mark.parametrize(
    "classes",
    [
        ["Law, crime", "Law, politics", "Sports"],  # the same parts each time
        ["Business; Finance", "Sports"],
        ["a", "b"],
        ["one, two", "three, four", "five"],
    ],
)
def test_a_separator_inside_of_a_class_makes_no_labels_of_it(folder, classes):
    rows = "".join(f'"prices of goods went up {n}","{classes[n % len(classes)]}"\n' for n in range(60))
    found = propose(folder.write("a.csv", f"text,kind\n{rows}"))
    assert (found.label, found.several, found.separator) == ("kind", False, None)


def test_one_label_a_text_is_proposed_before_several(folder):
    rows = [
        {"text": f"prices of goods went up {n}", "tags": said.split(";"), "kind": "ab"[n % 2]}
        for n, said in enumerate(topics(60, ";"))
    ]
    found = propose(folder.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert (found.label, found.several) == ("kind", False)


def test_json_lists_in_a_text_are_told_and_not_taken_apart(folder):
    rows = "".join(
        f"prices of goods went up {n}\t{json.dumps(sorted(said.split(';')))}\n"
        for n, said in enumerate(topics(60, ";"))
    )
    found = propose(folder.write("a.tsv", f"text\tlabels\n{rows}"))
    assert (found.label, found.several, found.separator) == ("labels", False, None)
    assert any("they look like JSON lists, each of which is one class in a text" in line for line in found.why)
