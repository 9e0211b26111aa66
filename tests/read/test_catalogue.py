"""Public data sets: from the mirror or the origin, verified, never half-written."""

from __future__ import annotations

import hashlib
import io
import re
import urllib.error

import pytest

from textmill.config import ReadConfig, from_mapping
from textmill.errors import SourceError, UnknownName
from textmill.read import CATALOGUE, get, read_corpus
from textmill.read.catalogue import DataFile, DataSet

CONTENT = b"text,label\na,b\n"


@pytest.fixture
def small(monkeypatch):
    file = DataFile("small/a.csv", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "https://example.org/a.csv")
    chosen = DataSet("small", "a test", "https://example.org", "none", "", {}, (file,))
    monkeypatch.setitem(CATALOGUE, "small", chosen)
    monkeypatch.delenv("TEXTMILL_DATA", raising=False)
    return chosen


def serving(content: bytes):
    return lambda url: io.BytesIO(content)


def test_every_entry_is_whole():
    for name, chosen in CATALOGUE.items():
        assert chosen.name == name
        assert chosen.files
        assert chosen.licence
        assert chosen.page.startswith("http")
        from_mapping(
            ReadConfig, {"source": "x", **{k: list(v) if isinstance(v, tuple) else v for k, v in chosen.read.items()}}
        )
        for file in chosen.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert file.url is None or file.url.startswith("https://")
            assert ".." not in file.path


def test_the_names_are_these():
    assert sorted(CATALOGUE) == [
        "ag-news",
        "disaster-tweets",
        "imdb",
        "newsgroups20",
        "quora-questions",
        "sarcasm-headlines",
        "sms-spam",
        "sst2",
    ]


def test_the_mirror_is_asked_first(small, tmp_path, monkeypatch):
    (tmp_path / "mirror" / "small").mkdir(parents=True)
    (tmp_path / "mirror" / "small" / "a.csv").write_bytes(CONTENT)
    monkeypatch.setenv("TEXTMILL_DATA", str(tmp_path / "mirror"))
    told = []
    (made,) = get("small", tmp_path / "new" / "place", progress=lambda *counts: told.append(counts))
    assert made.read_bytes() == CONTENT
    assert told == [(len(CONTENT), len(CONTENT))]


def test_the_origin_is_asked_without_a_mirror(small, tmp_path):
    assert get("small", tmp_path, fetch=serving(CONTENT))[0].read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_fetched_again(small, tmp_path):
    (tmp_path / "a.csv").write_bytes(CONTENT)
    get("small", tmp_path, fetch=lambda url: pytest.fail("asked for"))


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"more", b""])
def test_other_bytes_are_refused_and_nothing_is_written(small, tmp_path, content):
    (tmp_path / "a.csv").write_bytes(b"mine")
    with pytest.raises(SourceError) as caught:
        get("small", tmp_path, fetch=serving(content))
    known, found = (hashlib.sha256(bytes).hexdigest()[:12] for bytes in (CONTENT, content))
    if len(content) <= len(CONTENT):
        assert str(caught.value) == (
            f"https://example.org/a.csv: this is not the file the catalogue knows; wanted sha256 {known}..., got"
            f" {found}.... It was cut short or changed; nothing was written."
        )
    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("a.csv", b"mine")]


def test_no_network_is_told(small, tmp_path):
    def fetch(url):
        raise urllib.error.URLError("no route")

    with pytest.raises(SourceError) as caught:
        get("small", tmp_path, fetch=fetch)
    assert str(caught.value) == (
        "https://example.org/a.csv: the origin cannot be reached. Is there a network? TEXTMILL_DATA can name a folder"
        " that has the file."
    )
    assert not list(tmp_path.iterdir())


def test_a_connection_that_breaks_off_is_told(small, tmp_path):
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(SourceError, match=r"^https://example.org/a.csv: the connection broke off$"):
        get("small", tmp_path, fetch=lambda url: Breaks())
    assert not list(tmp_path.iterdir())


def test_an_answer_of_the_server_is_told(small, tmp_path):
    def fetch(url):
        raise urllib.error.HTTPError(url, 404, "Not Found", {}, None)

    with pytest.raises(SourceError, match=r"a.csv: the server answered 404. See https://example.org\.$"):
        get("small", tmp_path, fetch=fetch)


def test_what_no_origin_serves_is_told_with_where_to_go(tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_DATA", raising=False)
    with pytest.raises(SourceError) as caught:
        get("imdb", tmp_path)
    assert str(caught.value) == (
        "imdb: train.jsonl.gz cannot be fetched: the origin serves it in another form only. Get it from"
        " https://ai.stanford.edu/~amaas/data/sentiment/ and read it with textmill new, or set TEXTMILL_DATA to a"
        " mirror."
    )


def test_a_mirror_without_the_file_is_told(small, tmp_path):
    with pytest.raises(SourceError) as caught:
        get("small", tmp_path, mirror=tmp_path / "mirror")
    assert str(caught.value) == (
        f"{tmp_path / 'mirror' / 'small' / 'a.csv'}: the mirror does not have this file. TEXTMILL_DATA names the"
        " mirror; unset it to ask the origin."
    )


def test_an_unknown_name_gets_the_closest(tmp_path):
    with pytest.raises(UnknownName, match=r"no data set is called 'imbd'; .* Did you mean 'imdb'\?"):
        get("imbd", tmp_path)


COUNTS = {  # rows and classes, as the sets' own documentation has them
    "disaster-tweets": (6090, {"0": 3479, "1": 2611}),
    "imdb": (25000, {"0": 12500, "1": 12500}),
    "sms-spam": (5572, {"ham": 4825, "spam": 747}),
    "sst2": (6920, {"0": 3310, "1": 3610}),
    "ag-news": (4800, {"1": 1178, "2": 1250, "3": 1169, "4": 1203}),
    "quora-questions": (20000, {"0": 18744, "1": 1256}),
    "sarcasm-headlines": (25717, {"0": 13462, "1": 12255}),
}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_real_sets_are_read_to_the_row(name, data_dir, tmp_path):
    made = get(name, tmp_path / "data", mirror=data_dir)
    config = ReadConfig(source=made[0].name, **CATALOGUE[name].read)
    corpus = read_corpus(config, tmp_path / "data", out=tmp_path / "o.arrow", rejected=tmp_path / "r.jsonl")
    assert (corpus.n_rows, corpus.facts["classes"]) == COUNTS[name]
    assert corpus.facts["rejected"] == 0
    assert corpus.facts["encoding"] == "utf-8"
