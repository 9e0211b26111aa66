"""`textmill airflow export`: a file, or a sentence."""

from __future__ import annotations

MILL = '[project]\nname = "toy"\n[[step]]\nname = "a"\nshell = "true"\n'


def test_the_file_goes_to_stdout_or_where_it_is_wanted(tmp_path, textmill):
    (tmp_path / "mill.toml").write_text(MILL)
    shown = textmill("airflow", "export", str(tmp_path))
    assert shown.exit_code == 0
    assert 'with DAG(\n    "toy",' in shown.stdout
    written = textmill("airflow", "export", str(tmp_path), "--out", str(tmp_path / "toy.py"))
    assert (written.exit_code, written.stdout) == (0, "")
    assert (tmp_path / "toy.py").read_text() == shown.stdout


def test_what_cannot_be_read_or_written_is_a_sentence_and_leaves_the_old_file(tmp_path, textmill):
    (tmp_path / "old.py").write_text("old")
    found = textmill("airflow", "export", str(tmp_path), "--out", str(tmp_path / "old.py"))
    assert found.exit_code == 1
    assert "there is no project file here" in found.stderr
    assert (tmp_path / "old.py").read_text() == "old"
    (tmp_path / "mill.toml").write_text(MILL)
    found = textmill("airflow", "export", str(tmp_path), "--out", str(tmp_path / "nowhere" / "toy.py"))
    assert found.exit_code == 1
    assert "No such file or directory" in found.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"old.py", "mill.toml"}
