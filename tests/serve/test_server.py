"""A real server in a process of its own, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from textmill.errors import TextmillError
from textmill.serve import run_server
from textmill.serve.server import _listen

HERE = Path(__file__).parent

SERVER = """
import sys
from serve_fakes import FireClassifier, MemoryStore
from textmill.serve import Limits, Service, build_app, run_server

class Waiting(FireClassifier):
    def predict(self, texts):
        if texts == ["wait"]:
            print("entered", flush=True)
            sys.stdin.readline()
        return super().predict(texts)

store = MemoryStore({"disaster": [1]})
app = build_app(Service(store, load=lambda folder: Waiting()), Limits(body=100_000))
run_server(app, host="127.0.0.1", port=0, announce=lambda address: print(address, flush=True))
print("stopped", flush=True)
"""


@pytest.fixture
def server():
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
    )
    try:
        process.address = process.stdout.readline().strip()
        assert process.address.startswith("http://127.0.0.1:"), process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_answered_after_the_signal_to_stop(server, stop):
    with ThreadPoolExecutor(1) as pool:
        ask = pool.submit(
            httpx.post,
            f"{server.address}/v1/models/disaster/predict",
            json={"text": "wait"},
            timeout=30,
            trust_env=False,
        )
        assert server.stdout.readline() == "entered\n"
        server.send_signal(stop)
        port = int(server.address.rsplit(":", 1)[1])
        while True:  # until the listener is closed: then the signal was heard
            try:
                socket.create_connection(("127.0.0.1", port), timeout=10).close()
            except (ConnectionRefusedError, ConnectionResetError):
                break
        server.stdin.write("go\n")
        server.stdin.flush()
        assert ask.result(30).json()["version"] == 1
    out, err = server.communicate(timeout=30)
    assert (out, err, server.returncode) == ("stopped\n", "", 0)


def test_a_large_body_is_refused_and_the_server_lives_on(server):
    url = f"{server.address}/v1/models/disaster/predict"
    with httpx.Client(trust_env=False, timeout=30) as http:
        assert http.post(url, json={"text": "a" * 200_000}).status_code == 413

        def chunks():
            for _ in range(200):
                yield b"x" * 1000

        assert http.post(url, content=chunks()).status_code == 413
        assert http.post(url, json={"text": "fire"}).json()["predictions"][0]["label"] == "disaster"
        assert http.get(f"{server.address}/health").json()["status"] == "ok"


def test_answers_do_not_wait_for_acknowledgements():
    # asyncio looks at the protocol of the socket before it sets TCP_NODELAY; 0 would cost 40 ms a request
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TextmillError) as caught:
            run_server(None, host="127.0.0.1", port=port, announce=print)
    assert str(caught.value) == (
        f"127.0.0.1:{port}: cannot listen there: address already in use. "
        "Choose another with --port, or --port 0 for any that is free."
    )


def test_a_host_that_is_not_there_is_one_sentence():
    with pytest.raises(TextmillError, match=r"^no\.such\.host\.invalid:80: cannot listen there: "):
        run_server(None, host="no.such.host.invalid", port=80, announce=print)
