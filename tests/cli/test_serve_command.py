"""`textmill serve`: the command in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import httpx
import pytest


@pytest.fixture
def server(project):
    command = [sys.executable, "-m", "textmill.cli", "serve", "alarm", "--store", "alarm", "--port", "0", "--log"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": ""}
    )
    try:
        process.said = process.stdout.readline()
        assert process.said, process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_says_where_it_listens_answers_logs_and_stops(server):
    found = re.fullmatch(
        r"serving alarm@1 at (http://127\.0\.0\.1:\d+) \(try it in a browser; stop with Ctrl-C\)\n", server.said
    )
    assert found
    with httpx.Client(base_url=found[1], trust_env=False, timeout=30) as http:
        answer = http.post("/v1/models/alarm/predict", json={"texts": ["smoke and fire", "a lovely picnic"]})
        assert [prediction["label"] for prediction in answer.json()["predictions"]] == ["bad", "good"]
        assert http.get("/health").json()["models"] == {"alarm": 1}
        card = http.get("/v1/models/alarm").json()
        assert card["classes"] == ["bad", "good"]
        assert "accuracy" in card["report"]
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert (server.returncode, out) == (0, "stopped.\n")
    assert [line.split(" ", 2)[2].rsplit(" ", 2)[0] for line in err.splitlines()] == [
        "POST /v1/models/alarm/predict 200",
        "GET /health 200",
        "GET /v1/models/alarm 200",
    ]
    assert "smoke" not in err


def test_an_unknown_model_is_one_sentence_before_anything_listens(project, textmill):
    found = textmill("serve", "alrm", "--store", "alarm", "--port", "0")
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == "Error: alarm/.textmill: no model is called 'alrm'. Did you mean 'alarm'?\n"


def test_an_empty_store_is_one_sentence(tmp_path, textmill):
    found = textmill("serve", "--store", tmp_path, "--port", "0")
    assert found.stderr == f"Error: {tmp_path}: there is no model. Make one with: textmill run PROJECT\n"
