"""A real Airflow for tests: its own environment, made once for all runs of the tests, and a home for each of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import textmill

VERSION = "3.3.2"
CONSTRAINTS = Path(__file__).with_name("airflow.constraints.txt")
SETTINGS = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "2",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__API_AUTH__JWT_SECRET": "for the processes of one test and nobody else",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}


def airflow_environment() -> Path:
    """The folder of an environment with Airflow: in TEXTMILL_AIRFLOW, else in the user's folder for caches."""
    named = os.environ.get("TEXTMILL_AIRFLOW")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = Path(named) if named else cache / "textmill"
    env = root / f"airflow-{VERSION}-py{sys.version_info.major}.{sys.version_info.minor}"
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{env.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (env / "airflow.db").exists():
            _install(env)
    return env


def _install(env: Path) -> None:
    python = str(env / "bin" / "python")
    new = env / "new"
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(env)],
        [python, "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS), f"apache-airflow=={VERSION}"],
        [python, "-m", "airflow", "db", "migrate"],
    ):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, **SETTINGS, "AIRFLOW_HOME": str(new), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            pytest.skip(f"Airflow {VERSION} cannot be installed here: {said[-1] if said else command}")
    (new / "airflow.db").rename(env / "airflow.db")
    shutil.rmtree(new)


class Airflow:
    """An AIRFLOW_HOME with an empty database; nothing runs yet."""

    def __init__(self, home: Path) -> None:
        env = airflow_environment()
        self.home, self.python = home, env / "bin" / "python"
        self.dags, self.packages = home / "dags", home / "packages"
        self.dags.mkdir(parents=True)
        shutil.copy(env / "airflow.db", home / "airflow.db")
        self.packages.mkdir()  # textmill alone, without what it depends on
        (self.packages / "textmill").symlink_to(Path(textmill.__file__).parent)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {name: value for name, value in os.environ.items() if name != "TEXTMILL_STORE"} | SETTINGS
        self.env |= {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def does(self, script: Path, *args: str) -> str:
        """What a Python file prints in Airflow's environment."""
        done = subprocess.run(
            [str(self.python), str(script), *args], env=self.env, capture_output=True, text=True, timeout=400
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Of Airflow's database."""
        with contextlib.closing(sqlite3.connect(self.home / "airflow.db", timeout=30)) as base:
            return base.execute(query, values).fetchall()

    def runs(self, dag: str) -> dict[str, str]:
        """State of each run by its id."""
        return dict(self.rows("select run_id, state from dag_run where dag_id = ?", dag))

    def tasks(self, dag: str) -> dict[str, tuple[str, int]]:
        """State and number of tries of each task of a DAG with one run; of a mapped one ``NAME[0]``."""
        found = self.rows("select task_id, map_index, state, try_number from task_instance where dag_id = ?", dag)
        return {name if index < 0 else f"{name}[{index}]": (state, tries) for name, index, state, tries in found}

    # -- live ----------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """With a scheduler, a processor of DAG files and an API server; all that they start is ended, come what may."""
        parts = ("api-server", "scheduler", "dag-processor")
        started: list[subprocess.Popen[bytes]] = []
        try:
            for name in parts:
                with (self.home / f"{name}.log").open("wb") as log:
                    command = [str(self.python), "-m", "airflow", name]
                    how: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": self.home, "start_new_session": True}
                    started.append(subprocess.Popen(command, env=self.env, **how))
            yield
        finally:
            for process in started:
                process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                for process in started:
                    process.wait(10)
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            while left := self.processes():  # a command of a task has a session of its own
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def processes(self, containing: str = "") -> list[int]:
        """Ids of those of this home with something in their command line, unless they have renamed themselves."""
        mark, found = f"AIRFLOW_HOME={self.home}\0".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                stat = (process / "stat").read_text().rpartition(")")[2].split()
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if stat[0] != "Z" and containing in words and mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
        return found

    def asks(self, method: str, path: str, body: object = None) -> Any:
        """What the REST API answers."""
        headers = {"Content-Type": "application/json"}
        if not path.startswith("/auth"):
            headers["Authorization"] = f"Bearer {self.asks('GET', '/auth/token')['access_token']}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def wait(self, what: Callable[[], Any], seconds: float = 120) -> Any:
        """As soon as it gives something; an Airflow that cannot answer yet gives nothing."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, sqlite3.OperationalError):
                if found := what():
                    return found
            time.sleep(0.2)
        logs = "\n".join(log.read_text(errors="replace")[-1500:] for log in self.home.glob("*.log"))
        raise AssertionError(f"nothing came of it in {seconds} s\n{logs}")
