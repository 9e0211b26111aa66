"""`textmill data check`: what there is to know of the rows."""

from __future__ import annotations

import json


def test_rows_are_told_before_anything_is_trained(tmp_path, textmill):
    rows = [
        f"a fire number {n} in the town hall,{'fire' if n % 2 else 'other'},{'x' if n % 2 else 'y'}" for n in range(60)
    ]
    rows += ["a fire number 3 in the town hall,other,x", "rare thing,odd,z", "odd thing,odd,z"]
    (tmp_path / "rows.csv").write_text("text,label,source\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "mill.toml").write_text(
        '[project]\nname = "demo"\n[read]\nsource = "rows.csv"\ntext = "text"\nlabel = "label"\n', encoding="utf-8"
    )
    found = textmill("data", "check", tmp_path)
    assert found.exit_code == 0, found.output
    lines = [" ".join(line.split()) for line in found.stdout.splitlines()]
    assert lines[0] == "rows 63"
    assert lines[1].startswith("classes other: 31 (49.2 %), fire: 30 (47.6 %), odd: 2 (3.2 %)")
    assert lines[2] == "fewer than 20 rows: odd"
    assert lines[4].startswith("languages ")
    assert "2 rows in 1 groups of equal texts" in lines[5]
    assert lines[6] == "1 texts stand there with different labels (2 rows)"
    assert lines[7].startswith("giveaway source alone gives the label away: ")
    as_json = json.loads(textmill("data", "check", tmp_path, "--json").stdout)
    assert as_json["classes"] == {"other": 31, "fire": 30, "odd": 2}
    assert as_json["giveaways"][0]["column"] == "source"


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
    assert "personal   1 text seems to hold an e-mail address, such as row id 61" in found.stdout
    assert "personal   1 text seems to hold a phone number, such as row id 62" in found.stdout
    assert "rows: wanted >= 1000, got 62; label: no row is 'othr'; label: 31 rows are 'other'" in found.stderr
    assert "Traceback" not in found.output
