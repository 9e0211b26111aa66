"""`textmill data check`: what there is to know of the rows."""

from __future__ import annotations

import json

import pytest


@pytest.mark.slow
def test_rows_are_told_before_anything_is_trained(tmp_path, textmill):
    rows = [
        f"a fire number {n} in the town hall,{'fire' if n % 2 else 'other'},{'x' if n % 2 else 'y'},7"
        for n in range(60)
    ]
    rows += ["a fire number 3 in the town hall,other,x,7", "rare thing,odd,z,7", "odd thing,odd,z,7"]
    (tmp_path / "rows.csv").write_text("text,label,source,batch\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "mill.toml").write_text(
        '[project]\nname = "demo"\n[read]\nsource = "rows.csv"\ntext = "text"\nlabel = "label"\n', encoding="utf-8"
    )
    found = textmill("data", "check", tmp_path)
    as_json = json.loads(textmill("data", "check", tmp_path, "--json").stdout)
    assert found.exit_code == 0, found.output
    lines = [" ".join(line.split()) for line in found.stdout.splitlines()]
    assert lines[0] == "rows 63"
    assert lines[1].startswith("classes other: 31 (49.2 %), fire: 30 (47.6 %), odd: 2 (3.2 %)")
    assert lines[2] == "fewer than 20 rows: odd"
    assert lines[4].startswith("languages ")
    assert "equal or nearly equal texts, 2 of them with texts that are equal to the letter" in lines[5]
    assert lines[6] == "1 text stands there with different labels (2 rows)"
    assert lines[7].startswith("columns column source alone gives the label away: ")
    assert lines[8] == "columns column batch is the same in all rows"
    assert lines[9] == "sides {train:,} rows to learn from, {test:,} to test on".format(**as_json["sides"])
    assert any(line.startswith("words ") and "the sides differ" in line for line in lines)
    assert as_json["classes"] == {"other": 31, "fire": 30, "odd": 2}
    assert as_json["giveaways"][0]["column"] == "source"
    assert sum(as_json["sides"].values()) == as_json["rows"]


def test_a_folder_without_a_project_is_one_sentence(tmp_path, textmill):
    found = textmill("data", "check", tmp_path)
    assert found.exit_code == 1
    assert "mill.toml" in found.output


def test_rows_that_are_not_as_expected_end_with_3(tmp_path, textmill):
    rows = [f"a fire number {n} in town {n},{'fire' if n % 2 else 'other'}" for n in range(60)]
    rows += ["write to ann@example.org,fire", "or to +1 206 555 0100,other"]
    (tmp_path / "rows.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "mill.toml").write_text(
        '[project]\nname = "demo"\n[read]\nsource = "rows.csv"\n[expect]\nrows = ">= 1000"\nlabel = ["fire", "othr"]\n',
        encoding="utf-8",
    )
    found = textmill("data", "check", tmp_path)
    assert found.exit_code == 3
    assert "personal   1 text seems to hold an e-mail address, such as row 61" in found.stdout
    assert "personal   1 text seems to hold a phone number, such as row 62" in found.stdout
    assert "rows: wanted >= 1000, got 62; label: no row is 'othr'; label: 31 rows are 'other'" in found.stderr
    assert "Traceback" not in found.output


def test_labels_in_doubt_are_shown_without_the_header_of_a_message(tmp_path, textmill):
    words = {"fire": "smoke and flames in the barn", "other": "songs and cake at the party"}
    rows = [
        {"text": f"From: {n}@example.org\nSubject: x\n\n{words[label]} number {n}", "label": label}
        for n, label in enumerate(("fire", "other") * 40)
    ]
    rows[7] = {"text": rows[7]["text"] + ", songs and cake", "label": "fire"}
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "mill.toml").write_text(
        '[project]\nname = "demo"\n[read]\nsource = "rows.jsonl"\n[split]\nsimilarity = 1.0\n', encoding="utf-8"
    )
    found = textmill("data", "check", tmp_path)
    assert "1 of 80 (1.2 %) is in doubt" in found.stdout
    assert "row 8 is 'fire', looks like 'other': songs and cake at the party number 7" in found.stdout


def test_rows_of_days_are_looked_at_and_all_that_are_not_as_expected_are_told(tmp_path, textmill):
    for day, rows in (("05", 60), ("06", 61), ("07", 62)):
        lines = [f"a fire number {n} in town {n},{'fire' if n % 2 else 'other'}" for n in range(rows)]
        (tmp_path / f"2026-01-{day}.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "mill.toml").write_text(
        '[project]\nname = "demo"\n[read]\nsource = "{date}.csv"\n[expect]\nrows = "<= 60"\n', encoding="utf-8"
    )
    found = textmill("data", "check", tmp_path, "--no-labels", "--dates", "2026-01-05..2026-01-07", "--json")
    assert [one["rows"] for one in json.loads(found.stdout)] == [60, 61, 62]
    assert found.exit_code == 3
    assert "the rows of 2026-01-06 are not as [expect] says: rows: wanted <= 60, got 61; " in found.stderr
    assert "got 62" in found.stderr
    undated = textmill("data", "check", tmp_path)
    assert (undated.exit_code, "read.source: {date} wants a day" in undated.stderr) == (1, True)
