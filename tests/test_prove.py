"""The proof over all data: it reads every file there is, and a difference does not slip through."""

from __future__ import annotations

import bz2
import gzip
import json
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benches/ stands beside tests/

from benches import prove, whole_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sets" / "one"
    made.mkdir(parents=True)
    (made / "a.csv").write_text('id,text\n1,"two\nlines"\n', encoding="utf-8")
    (made / "b.jsonl.gz").write_bytes(
        gzip.compress(b'{"x": ["in a list", {"y": "deeper"}], "n": 3}\n{"x": "second"}\n')
    )
    (made / "c.json").write_text(json.dumps({"lone": "\ud800 x"}), encoding="utf-8")
    (made / "d.txt").write_text("a\nparagraph\n\nanother\n\n" + "long line\n" * 600, encoding="utf-8")
    (made / "e.xml.bz2").write_bytes(bz2.compress("<é>".encode()))
    (made / "f.bin").write_bytes(b"\0\1")
    with zipfile.ZipFile(made / "g.zip", "w") as archive:
        archive.writestr("inside/latin.txt", "caf\xe9".encode("latin-1"))
    return tmp_path / "sets"


def test_texts_are_found_in_every_kind_of_file(folder: Path) -> None:
    assert whole_data.data_sets(folder) == ["one"]
    found = list(whole_data.texts_of(folder / "one"))
    wanted = ["id", "text", "1", "two\nlines", "in a list", "deeper", "second", "\ud800 x", "a\nparagraph", "another"]
    assert found == [*wanted, *["long line"] * 600, "<é>", "café"]


def test_a_difference_is_found_and_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(text: str) -> list[str]:
        if text == "second":
            raise TimeoutError("too long")
        return [word for word in text.split() if word != "deeper"]

    line = prove.Splitter("whitespace", "a strange split", lambda: (prove.program("whitespace"), impatient))
    monkeypatch.setattr(prove, "SPLITTERS", (line,))
    monkeypatch.setenv("TEXTMILL_DATA", str(folder))
    found = prove.compare(("whitespace a strange split", "one", 1))
    assert (found.different, found.refused) == (1, 1)
    assert found.texts == 610
    assert found.given_up == ["one, a text of 6 characters: too long"]
    table = "\n".join(prove.report([line], {line: 1.0}, [found], 1))
    assert "| whitespace | a strange split | 1 of 1 | 610 | all | 0.0 | **1** |" in table
    assert "piece 0: wanted [], got ['deeper']" in table
    assert "1 strings hold a lone surrogate" in table


@pytest.mark.slow
@pytest.mark.parametrize("line", prove.SPLITTERS, ids=lambda line: f"{line.name}, {line.reference}")
def test_each_line_of_the_proof_holds_on_the_naughty_strings(line: prove.Splitter, data_dir: Path) -> None:
    found = prove.compare((f"{line.name} {line.reference}", "naughty_strings", 1 if line.longest is None else 0.1))
    assert found.texts > 20
    assert not found.different, found.examples
