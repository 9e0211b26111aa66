"""`textmill predict`: from the command line, through pipes, from files."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from cli_fakes import messages


def test_texts_on_the_command_line(project, textmill):
    found = textmill("predict", "alarm", "--store", "alarm", "smoke and fire", "a lovely picnic")
    assert (found.exit_code, found.stderr) == (0, "")
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert [(row[0], row[2]) for row in rows] == [("bad", "smoke and fire"), ("good", "a lovely picnic")]
    assert all(0.5 < float(row[1]) < 1 for row in rows)


def test_json(project, textmill):
    found = json.loads(textmill("predict", "alarm", "--store", "alarm", "--json", "smoke and fire").stdout)
    assert (found["model"], found["version"], found["predictions"][0]["label"]) == ("alarm", 1, "bad")


def test_lines_through_a_pipe(project, textmill):
    found = textmill("predict", "alarm", "--store", "alarm", input="smoke and fire\r\n\na lovely picnic")
    assert [line.split("\t")[0] for line in found.stdout.splitlines()][::2] == ["bad", "good"]
    assert len(found.stdout.splitlines()) == 3


def test_the_same_text_gets_the_same_score_from_every_door(project, textmill):
    text = "smoke and fire, a lovely picnic"
    (project.parent / "in.csv").write_text(f'id,text\n1,"{text}"\n', encoding="utf-8")
    one = json.loads(textmill("predict", "alarm", "--store", "alarm", "--json", text).stdout)["predictions"][0]
    piped = json.loads(textmill("predict", "alarm", "--store", "alarm", "--json", input=text).stdout)["predictions"][0]
    rows = textmill("predict", "alarm", "--store", "alarm", "--in", "in.csv").stdout
    (row,) = csv.DictReader(io.StringIO(rows))
    why = json.loads(textmill("explain", "alarm", "--store", "alarm", "--json", text).stdout)
    assert one == piped
    assert float(row["score_bad"]) == pytest.approx(one["scores"]["bad"], abs=1e-7)
    assert why["scores"]["bad"] == pytest.approx(one["scores"]["bad"], abs=1e-7)


def test_rows_of_a_file_keep_their_columns(project, textmill):
    found = textmill("predict", "alarm", "--store", "alarm", "--in", "alarm/messages.csv", "--out", "out.jsonl")
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == (
        "alarm, version 1, labelled 121 rows: out.jsonl\n"
        "1 row was set aside (no text: 1); see out.jsonl.rejected.jsonl\n"
    )
    rows = [json.loads(line) for line in (project.parent / "out.jsonl").read_text().splitlines()]
    assert {"id", "text", "kind", "label", "score", "score_bad", "score_good"} == set(rows[0])
    assert sum(row["kind"] == row["label"] for row in rows) > 100


def test_rows_through_a_pipe(project, textmill):
    found = textmill("predict", "alarm", "--store", "alarm", "--in", "-", "--in-format", "csv", input=messages(4))
    assert len(list(csv.DictReader(io.StringIO(found.stdout)))) == 5
    assert found.stderr == "1 row was set aside (no text: 1); name a file with --rejected to keep them\n"
    line = json.dumps({"text": "fire", "extra": [1]})
    found = textmill("predict", "alarm", "--store", "alarm", "--in", "-", "--in-format", "jsonl", input=line + "\n")
    assert json.loads(found.stdout)["label"] == "bad"


def test_files_into_a_folder(project, textmill):
    for name in ("one.csv", "two.csv"):
        (project.parent / name).write_text(messages(4), encoding="utf-8")
    asked = ("predict", "alarm", "--store", "alarm", "--in", "*.csv", "--out", "out/")
    found = textmill(*asked)
    aside = "2 rows were set aside (no text: 2); see out/*.rejected.jsonl\n"
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == "alarm, version 1, labelled 10 rows of 2 files: out\n" + aside
    (project.parent / "out" / "two.csv").write_text("damaged")
    found = textmill(*asked)
    assert found.stderr == "alarm, version 1, labelled 10 rows of 2 files (1 was there already): out\n" + aside
    found = textmill(*asked[:-1], "out")  # it is there now
    assert found.stderr == "alarm, version 1, labelled 10 rows of 2 files (all were there already): out\n" + aside
    one = textmill("predict", "alarm", "--store", "alarm", "--in", "one.csv").stdout_bytes
    assert (project.parent / "out" / "one.csv").read_bytes() == one


def test_an_address_that_is_none_is_one_sentence(project, textmill):
    found = textmill("predict", "alarm", "--store", "alarm", "--in", "alarm/*.csv", "--out", "out/", "--on", "here")
    assert found.exit_code == 1
    assert "--on: wanted 'dask' or an address such as tcp://10.0.0.1:8786, got 'here'" in found.stderr
    assert not (project.parent / "out").exists()


def test_the_store_is_found_from_inside_the_project(project, textmill, monkeypatch):
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    assert textmill("predict", "alarm", "fire").exit_code == 0


def test_the_store_of_the_environment_wins(project, textmill, monkeypatch):
    monkeypatch.setenv("TEXTMILL_STORE", str(project / ".textmill"))
    assert textmill("predict", "alarm", "fire").exit_code == 0


ERRORS = {
    "unknown model": (
        ["predict", "alrm", "x", "--store", "alarm"],
        "Error: alarm/.textmill: no model is called 'alrm'. Did you mean 'alarm'?",
    ),
    "unknown version": (
        ["predict", "alarm", "x", "--store", "alarm", "--version", "7"],
        "Error: alarm/.textmill: model/alarm@7 is not in the store. There is version 1 of alarm.",
    ),
    "no store": (
        ["predict", "alarm", "x", "--store", "nowhere"],
        "Error: nowhere: there is no store here. Make one with: textmill run PROJECT",
    ),
    "no file": (
        ["predict", "alarm", "--store", "alarm", "--in", "nothing.csv"],
        "Error: nothing.csv: there is no such file",
    ),
    "no column": (
        ["predict", "alarm", "--store", "alarm", "--in", "alarm/messages.csv", "--text", "txt"],
        "Error: alarm/messages.csv: no column is called 'txt'; wanted one of id, text, kind. Did you mean 'text'?",
    ),
    "no format": (
        ["predict", "alarm", "--store", "alarm", "--in", "alarm/messages.csv", "--out", "out.xyz"],
        "Error: out.xyz: this ending says no format; wanted .csv, .tsv, .jsonl or .parquet",
    ),
    "no utf-8": (
        ["predict", "alarm", "--store", "alarm", "caf\udce9"],
        "Error: TEXT: byte 0xe9 begins no character; wanted text in UTF-8. "
        "A file in another encoding can be read with --in FILE.",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_is_wrong_is_one_sentence_and_1(project, textmill, case):
    arguments, sentence = ERRORS[case]
    found = textmill(*arguments)
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == sentence + "\n"


USAGE = {
    "both": (["x", "--in", "f.csv"], "give texts here or rows with --in, not both."),
    "out for texts": (["x", "--out", "f.csv"], "--out is for rows; name their file with --in."),
    "json for rows": (["--in", "f.csv", "--json"], "--json is for texts given here or line by line; for rows use"),
    "pipe of rows": (["--in", "-"], "--in - needs --in-format csv or --in-format jsonl"),
    "format of a file": (["--in", "f.csv", "--in-format", "csv"], "--in-format is for --in -"),
    "on for texts": (["x", "--on", "dask"], "--on is for rows; name their file with --in."),
    "on for one file": (["--in", "f.csv", "--out", "g.csv", "--on", "dask"], "name a folder for them with --out"),
    "pipe into a folder": (["--in", "-", "--in-format", "csv", "--out", "g/"], "a pipe is no file that could go into"),
    "rejected of a folder": (["--in", "f.csv", "--out", "g/", "--rejected", "r"], "--rejected is for one file; in a"),
}


@pytest.mark.parametrize("case", USAGE)
def test_what_does_not_go_together_is_a_usage_error(textmill, case):
    arguments, sentence = USAGE[case]
    found = textmill("predict", "alarm", *arguments)
    assert found.exit_code == 2
    assert sentence in found.stderr


def test_a_changed_file_of_the_model_is_refused(project, textmill):
    weights = project / ".textmill" / "models" / "alarm" / "1" / "weights.npy"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.unlink()
    weights.write_bytes(raw)
    found = textmill("predict", "alarm", "x", "--store", "alarm")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "weights.npy" in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_process_of_its_own_loads_no_pandas_and_streams_to_a_reader_that_leaves(project):
    code = (
        "import sys; from textmill.cli import main\n"
        "try: main(['predict', 'alarm', '--store', 'alarm', '--in', 'alarm/messages.csv', '--out', 'out.csv'])\n"
        "except SystemExit as end: print(end.code, {'pandas', 'sklearn', 'rich', 'starlette'} & set(sys.modules))\n"
        "import pandas; print(pandas.Series([1]).sum())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "0 set()\n1\n"

    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        command = [sys.executable, "-m", "textmill.cli", "predict", "alarm", "--store", "alarm"]
        found = subprocess.run(
            [*command, "--in", "alarm/messages.csv"], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (found.returncode, found.stderr) == (141, "")


def test_explain_shows_words_numbers_and_stages(project, textmill):
    found = textmill("explain", "alarm", "Smoke, a lovely picnic!", "--store", "alarm", "--stages")
    assert (found.exit_code, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[0].startswith("good (probability 0.")
    assert "Smoke(-" in found.stdout
    assert "picnic(+" in found.stdout
    assert "log-odds of good" in found.stdout
    assert "case: lower" in found.stdout
    other = textmill("explain", "alarm", "Smoke, a lovely picnic!", "--store", "alarm", "--toward", "bad").stdout
    assert "Smoke(+" in other
    assert "log-odds of bad" in other


def test_explain_refuses_a_class_there_is_not(project, textmill):
    found = textmill("explain", "alarm", "x", "--store", "alarm", "--toward", "worse")
    assert (found.exit_code, found.stderr) == (1, "Error: no class is called 'worse'; wanted one of bad, good\n")


def test_explain_as_json_adds_up(project, textmill):
    found = json.loads(textmill("explain", "alarm", "smoke and fire", "--store", "alarm", "--json", "--stages").stdout)
    assert found["bias"] + sum(pull["value"] for pull in found["pulls"]) == pytest.approx(found["log_odds"])
    assert found["stages"][0] == {"stage": "raw", "text": "smoke and fire"}
    assert found["stages"][-1]["tokens"][0][1:] == [0, 5]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_waits_for_a_pipe_it_leaves_nothing_behind(project, number):
    command = [sys.executable, "-m", "textmill.cli", "predict", "alarm", "--store", "alarm"]
    process = subprocess.Popen(
        [*command, "--in", "-", "--in-format", "csv", "--out", "out.csv"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        process.stdin.write(b"text\n" + b"smoke and fire\n" * 20_000)  # more than a pipe holds: it is being read
        process.stdin.flush()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err.strip()) == (130, b"stopped.")
    assert sorted(path.name for path in project.parent.iterdir()) == ["alarm"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence(project):
    command = [
        sys.executable,
        "-m",
        "textmill.cli",
        "predict",
        "alarm",
        "--store",
        "alarm",
        "--in",
        "alarm/messages.csv",
    ]
    with open("/dev/full", "wb") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert found.returncode == 1
    assert found.stderr == "Error: standard output: cannot be written: no space left on device\n"


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="there is no /proc here to read the peak from")
def test_memory_does_not_grow_with_the_file(project):
    def peak(rows: int) -> int:
        with (project.parent / "in.csv").open("w") as file:
            file.write("text\n" + "smoke and fire and a lovely picnic in the garden\n" * rows)
        code = (
            "import re; from textmill.cli import main\n"
            "try: main(['predict', 'alarm', '--store', 'alarm', '--in', 'in.csv', '--out', 'out.csv'])\n"
            "except SystemExit as end: assert end.code == 0\n"
            # not getrusage: that has the parent's peak in it
            "print(re.search(r'VmHWM:\\s*(\\d+) kB', open('/proc/self/status').read())[1])"
        )
        return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    small, large = peak(100_000), peak(1_000_000)
    assert large < small + 40_000  # the large file has 49 MB


@pytest.fixture
def unsure(project):
    """The project's model made anew, with no answer below a confidence that only some texts reach."""
    from textmill.flow import run_project

    mill = project / "mill.toml"
    mill.write_text(mill.read_text(encoding="utf-8") + "[decide]\nunsure_below = 0.7\n", encoding="utf-8")
    run_project(project, threads=1)
    return project


def test_an_answer_left_open_is_said_from_every_door(unsure, textmill):
    texts = ["smoke and fire and flood and rescue", "nobody knows"]
    asked = ("predict", "alarm", "--store", "alarm")
    lines = [line.split("\t") for line in textmill(*asked, *texts).stdout.splitlines()]
    assert [line[0] for line in lines] == ["bad", "?"]
    assert float(lines[1][1]) < 0.7
    as_json = json.loads(textmill(*asked, "--json", *texts).stdout)["predictions"]
    assert [one["label"] for one in as_json] == ["bad", None]
    (unsure.parent / "in.csv").write_text("id,text\n" + "\n".join(f"{n},{t}" for n, t in enumerate(texts)) + "\n")
    rows = list(csv.DictReader(io.StringIO(textmill(*asked, "--in", "in.csv").stdout)))
    assert [row["label"] for row in rows] == ["bad", ""]
    assert [float(row["score"]) for row in rows] == [max(one["scores"].values()) for one in as_json]


def test_a_model_card(project, textmill):
    found = textmill("models", "card", "alarm", "--store", "alarm")
    assert found.exit_code == 0
    assert found.stdout.startswith("# Model card: alarm\n")
    none = textmill("models", "card", "alram", "--store", "alarm")
    assert none.exit_code == 1
    assert "alarm" in none.stderr


def test_a_line_that_is_no_text_leaves_those_before_it_answered(project):
    done = subprocess.run(
        [sys.executable, "-m", "textmill.cli", "predict", "alarm", "--store", "alarm"],
        input=b"smoke and fire\na lovely picnic\n\xff\xfe\nnever asked\n",
        capture_output=True,
        cwd=project.parent,
        check=False,
    )
    assert done.returncode == 1
    assert [line.split("\t")[0] for line in done.stdout.decode().splitlines()] == ["bad", "good"]
    assert "standard input, line 3: this line is not UTF-8" in done.stderr.decode()


def test_an_explanation_says_how_the_answer_came_about(unsure, textmill):
    shown = textmill("explain", "alarm", "nobody knows", "--store", "alarm")
    assert shown.stdout.startswith("no answer: ")
    assert "How the model answers: no answer where its probability is below 0.7." in shown.stdout
    assert (
        json.loads(textmill("explain", "alarm", "nobody knows", "--store", "alarm", "--json").stdout)["label"] is None
    )
