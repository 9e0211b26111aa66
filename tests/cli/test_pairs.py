"""Pairs of texts from the project file to every door."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from textmill.config import MillConfig, from_mapping
from textmill.errors import ConfigError, DataError
from textmill.evaluate.probe import Probe, probe_texts
from textmill.models import load_model
from textmill.read import Corpus, read_corpus
from textmill.types import beside

MILL = """
[project]
name = "twins"

[read]
source = "pairs.csv"
text = ["one", "two"]

[split]
group = ["one"]

[evaluate]
bootstrap = 100
"""
WORDS = ["red", "sun", "fire", "town", "rain", "night", "river", "house", "green", "stone"]


def pairs() -> str:
    rows = ["one,two,label"]
    for number in range(120):
        first, other = WORDS[number % 10], WORDS[(number * 7 + 3) % 10]
        text = f"the {first} of {number}"
        rows.append(f"{text},a {first} of {number},same" if number % 2 else f"{text},a {other} of {number + 500},other")
    return "\n".join([*rows, "alone,,same", ""])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory):
    from textmill.flow import run_project

    folder = tmp_path_factory.mktemp("pairs")
    (folder / "pairs.csv").write_text(pairs(), encoding="utf-8")
    (folder / "mill.toml").write_text(MILL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TEXTMILL_STORE", raising=False)
        return folder, run_project(folder)


def test_a_run_learns_from_two_columns(ran):
    folder, result = ran
    assert result.report.metrics["accuracy"].value > 0.9
    assert result.report.data["train"] + result.report.data["test"] == 120
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "\x1e" not in page
    kept = load_model(result.store.open("twins")[1])
    assert kept.pairs
    trained, texts = Probe.load(result.store.open("twins")[1])
    assert Probe.of(kept, probe_texts(kept, texts)).tokens == trained.tokens


def test_every_door_gives_the_same_score(ran, textmill, monkeypatch, tmp_path):
    from starlette.testclient import TestClient

    from textmill.serve import Service, build_app

    folder, result = ran
    monkeypatch.chdir(folder)
    one, two = "the red house", 'a red, "green" house'
    (tmp_path / "in.csv").write_text('two,one,more\n"a red, ""green"" house",the red house,1\n', encoding="utf-8")
    (tmp_path / "in.jsonl").write_text(json.dumps({"one": one, "two": two, "more": [1]}) + "\n", encoding="utf-8")
    wanted = load_model(result.store.open("twins")[1]).predict([(one, two)]).scores[0].tolist()
    typed = json.loads(textmill("predict", "twins", "--json", one, two).stdout)["predictions"]
    piped = json.loads(textmill("predict", "twins", "--json", input=f"{one}\t{two}\n").stdout)["predictions"]
    assert typed == piped
    assert typed[0]["text"] == [one, two]
    (row,) = csv.DictReader(io.StringIO(textmill("predict", "twins", "--in", tmp_path / "in.csv").stdout))
    assert (row["one"], row["two"], row["more"]) == (one, two, "1")
    line = json.loads(textmill("predict", "twins", "--in", tmp_path / "in.jsonl").stdout)
    why = json.loads(textmill("explain", "twins", "--json", one, two).stdout)
    assert why["text"] == [one, two]
    client = TestClient(build_app(Service(result.store)))
    served = client.post("/v1/models/twins/predict", json={"text": [one, two]}).json()["predictions"]
    many = client.post("/v1/models/twins/predict", json={"texts": [[one, two], [two, one]]}).json()["predictions"]
    assert served[0] == many[0]
    for place, name in enumerate(("other", "same")):
        for found in (typed[0]["scores"][name], served[0]["scores"][name], why["scores"][name]):
            assert found == pytest.approx(wanted[place], abs=1e-7)
        assert float(row[f"score_{name}"]) == pytest.approx(wanted[place], abs=1e-7)
        assert line[f"score_{name}"] == pytest.approx(wanted[place], abs=1e-7)


def test_a_pair_is_found_and_forgotten_by_both_its_texts(ran, textmill, monkeypatch, tmp_path):
    folder = Path(shutil.copytree(ran[0], tmp_path / "twins"))
    monkeypatch.chdir(folder)
    one, two = (folder / "pairs.csv").read_text(encoding="utf-8").splitlines()[2].split(",")[:2]
    (tmp_path / "list.jsonl").write_text(json.dumps({"text": [one, two]}) + "\n", encoding="utf-8")
    for arguments in (("--text", f"{one}\t{two}"), ("--from", tmp_path / "list.jsonl")):
        (found,) = json.loads(textmill("trace", *arguments, "--json").stdout)["datasets"]
        assert found["rows"] + found["test_rows"] == 1
    assert textmill("trace", "--text", one).exit_code == 1  # one of them is not the row
    refused = textmill("data", "erase", "--text", f"{one}\t{two}", "--reason", f"they said: {two}")
    assert "the reason holds what is to be erased" in refused.stderr
    done = textmill("data", "erase", "--text", f"{one}\t{two}", "--reason", "request 7")
    assert "without 1 row" in done.stdout
    assert textmill("run", ".").exit_code == 0
    assert textmill("trace", "dataset/twins@2").exit_code == 0


def test_the_page_takes_two_texts_with_a_tab_between(ran):
    from starlette.testclient import TestClient

    from textmill.serve import Service, build_app

    page = TestClient(build_app(Service(ran[1].store))).get("/docs").text
    assert "with a tab between" in page
    assert 'line.split("\\t")' in page


def test_doors_say_what_a_pair_is(ran, textmill, monkeypatch, tmp_path):
    from starlette.testclient import TestClient

    from textmill.serve import Service, build_app

    folder, result = ran
    monkeypatch.chdir(folder)
    (tmp_path / "in.txt").write_text("a line\n", encoding="utf-8")
    for arguments, typed, said in (
        (("predict", "twins", "one"), None, "the last text has no other"),
        (("predict", "twins"), "one\n", "line 1: the model is of pairs of texts, and this line holds none"),
        (("predict", "twins", "--in", tmp_path / "in.txt"), None, "a file of lines holds one text a line"),
        (("predict", "twins", "--in", folder / "pairs.csv", "--text", "one"), None, "--text names one column"),
        (("explain", "twins", "a", "b", "c"), None, "one pair is explained at a time"),
    ):
        found = textmill(*arguments, input=typed)
        assert found.exit_code != 0
        assert said in (found.stderr or str(found.exception))
    client = TestClient(build_app(Service(result.store)))
    for body, said in (
        ({"text": "one"}, "text 0 is no pair"),
        ({"text": ["one"]}, "it must be a text or a pair of texts"),
        ({"texts": [["a", "b"], "c"]}, "it must be a pair, as the first is"),
        ({"texts": ["a", ["b", "c"]]}, "it must be text"),
    ):
        answer = client.post("/v1/models/twins/predict", json=body)
        assert answer.status_code == 422
        assert said in answer.json()["error"]["what"]


def test_a_text_with_the_separator_is_set_aside(tmp_path):
    mill = from_mapping(MillConfig, {"project": {"name": "x"}, "read": {"source": "a.jsonl", "text": ["one", "two"]}})
    rows = [{"one": f"a{i}", "two": "b", "label": i % 2} for i in range(4)] + [{"one": "c\x1e", "two": "d", "label": 1}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    from dataclasses import replace

    corpus = read_corpus(
        replace(mill.read, max_rejected=0.5), tmp_path, out=tmp_path / "out.arrow", rejected=tmp_path / "rejected.jsonl"
    )
    assert corpus.facts["reasons"] == {"U+001E in the text": 1}
    assert [record.text for record in corpus.records()] == [beside(f"a{i}", "b") for i in range(4)]
    assert corpus.table()["one"].to_pylist() == ["a0", "a1", "a2", "a3"]
    assert Corpus.of(rows[:4], text=("one", "two")).digest == corpus.digest


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"read": {"text": ["a", "a"]}}, "text: 'a' is named twice"),
        ({"read": {"text": ["a"]}}, "read.text: wanted"),
        ({"read": {"text": ["a", "b"], "label": "b"}}, "read.label: 'b' is the text column already"),
        ({"read": {"text": ["a", "b"]}, "features": {"analyzer": "char", "ngrams": [2, 3]}}, "features.analyzer"),
        ({"read": {"text": ["a", "b"]}, "model": {"kind": "cnn", "longer": "windows"}}, "model.longer"),
        ({"read": {}, "text": {"pairs": True}}, "text.pairs: wanted two columns"),
        ({"read": {"text": ["a", "b"]}, "text": {"pairs": False}}, "text.pairs: wanted true"),
    ],
)
def test_settings_of_pairs_have_to_fit(tables, said):
    raw = {"project": {"name": "x"}, **tables, "read": {"source": "a.csv", **tables["read"]}}
    with pytest.raises(ConfigError, match=said):
        from_mapping(MillConfig, raw)


def test_candidates_are_of_pairs_too():
    raw = {
        "project": {"name": "x"},
        "read": {"source": "a.csv", "text": ["a", "b"]},
        "candidate": [{"text": {"map": "none"}}, {"model": {"kind": "majority"}}],
    }
    mill = from_mapping(MillConfig, raw)
    assert [one.text.pairs for one in (mill.own, *mill.candidate)] == [True, True, True]


@pytest.mark.slow
def test_a_student_of_pairs_is_taught_by_a_teacher_of_pairs(tmp_path, monkeypatch):
    from textmill.flow import run_project

    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    (tmp_path / "pairs.csv").write_text(pairs(), encoding="utf-8")
    more = [f"a {word} and {n},the {word} or {n + 900}" for n, word in enumerate(WORDS * 2)]
    (tmp_path / "more.csv").write_text("\n".join(["one,two", *more, ""]), encoding="utf-8")
    student = '[[candidate]]\nname = "student"\nfeatures = { ngrams = [1, 1] }\n'
    taught = student + 'distil = { teacher = "model", unlabelled = "more.csv" }\n'
    (tmp_path / "mill.toml").write_text(MILL + taught, encoding="utf-8")
    board = run_project(tmp_path).report.details["candidates"]["leaderboard"]
    (told,) = board["taught"]
    assert told["unlabelled"] == 20
    assert board["models"]["student"]["accuracy"]["value"] > 0.9


def test_a_teacher_of_single_texts_is_refused_for_pairs(tmp_path, monkeypatch):
    from textmill.flow import run_project

    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    (tmp_path / "pairs.csv").write_text(pairs(), encoding="utf-8")
    rows = [f"{word} like {word},{label}" for word, label in zip(WORDS, ["same", "other"] * 5, strict=True)]
    (tmp_path / "single.csv").write_text("\n".join(["text,label", *rows, ""]), encoding="utf-8")
    single = MILL.replace("twins", "single").replace("pairs.csv", "single.csv")
    single = single.replace('text = ["one", "two"]', "").replace('group = ["one"]', "test = 0.5")
    (tmp_path / "mill.toml").write_text(single, encoding="utf-8")
    run_project(tmp_path)
    (tmp_path / "mill.toml").write_text(MILL + '[distil]\nteacher = "single@1"\n', encoding="utf-8")
    with pytest.raises(DataError, match="wanted a teacher of pairs of texts, got one of single texts"):
        run_project(tmp_path)
