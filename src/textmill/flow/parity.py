"""Whether a version says the same wherever it runs: in training, in a fresh process, over HTTP, on Airflow.

Airflow's own surroundings are there in a task of its alone. So a task asks, `ask_on_airflow`, and the audit log keeps
what came of it until somebody promotes the version.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from textmill.errors import ConfigError, GateRefused, TextmillError
from textmill.types import parts

if TYPE_CHECKING:
    from textmill.evaluate.probe import Probe
    from textmill.models.text_model import TextModel
    from textmill.registry import Line, Store
    from textmill.types import Ref

__all__ = ["ask_on_airflow", "check_parity", "probe_in", "probe_over_http"]

_PATIENCE = 120  # seconds for another process to load the model and answer
_EVENT = "probe"  # in the audit log
_NONE_KEPT = (
    "it has no probe.json, as an older textmill made it or a function of its own fails on texts of the probe set; run"
    " its project again"
)

# Run by another interpreter, perhaps in an environment of its own: all that it needs is textmill and the folder
_ASKED = """
import json, sys
from pathlib import Path
from textmill.evaluate.probe import Probe, probe_texts
from textmill.models import load_model
folder = Path(sys.argv[1])
model = load_model(folder)
_, texts = Probe.load(folder)
print(json.dumps(Probe.of(model, probe_texts(model, texts)).to_json()))
"""


def check_parity(
    store: Store, ref: Ref, folder: Path, model: TextModel, airflow: bool = False
) -> tuple[list[str], list[str], list[str]]:
    """Compare token ids and scores of the probe set with those of the training process, to the bit.

    Scores of a network are compared to 1e-4, as sums of floats depend on what is computed beside a text.

    Parameters
    ----------
    folder, model : of the version
    airflow : whether a task of Airflow's has to have asked it; else that none has is only noted

    Returns
    -------
    what differs, where it was compared (``in a fresh process``, ``over HTTP``), and where it was not and why

    Raises
    ------
    CorruptError : if what was kept in training, or the audit log, cannot be read
    """
    from textmill.evaluate.probe import Probe, difference, probe_texts

    kept = Probe.load(folder)
    if kept is None:
        return [_NONE_KEPT], [], []
    trained, texts = kept
    asked: dict[str, Callable[[], Probe]] = {"in a fresh process": lambda: probe_in([sys.executable], folder)}
    notes = []
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        notes.append("not compared over HTTP: the extra 'serve' is not installed here")
    else:
        asked["over HTTP"] = lambda: probe_over_http(store, ref, probe_texts(model, texts))
    broken = []
    for where, ask in asked.items():
        try:
            told = difference(trained, ask(), where, tolerance=model.body.tolerance)
        except TextmillError as error:
            told = f"{where} it does not answer: {error}"
        broken += [told] if told else []
    compared = list(asked)
    line = _said_on_airflow(store, ref)
    if line is not None:
        broken += line.facts["broken"]
        compared.append(f"on Airflow ({line.when})")
    elif airflow:
        broken.append("no task of Airflow's has asked it: its project's DAG does, after register")
    else:
        notes.append("not compared on Airflow: no task there has asked this version")
    return broken, compared, notes


def ask_on_airflow(store: Store, ref: Ref, environ: Mapping[str, str] = os.environ) -> None:
    """Ask a version about its probe set in this process, a task of Airflow's; the audit log keeps what came of it.

    Raises
    ------
    GateRefused : if it does not say what it said in training; the log says so then
    ConfigError : if this is no task of Airflow's
    NotInStore, CorruptError, FormatError : if the version is not there, or cannot be trusted or understood
    """
    from textmill.evaluate.probe import Probe, difference, probe_texts
    from textmill.models import load_model

    if "AIRFLOW_CTX_DAG_ID" not in environ:  # what was not asked there must not stand in the log as if it was
        raise ConfigError(["only a task of Airflow's can ask for it: AIRFLOW_CTX_DAG_ID is not set"], where=str(ref))
    _, folder = store.open(ref)
    told: str | None = _NONE_KEPT
    if (kept := Probe.load(folder)) is not None:
        trained, texts = kept
        try:
            model = load_model(folder)
            asked = Probe.of(model, probe_texts(model, texts))
            told = difference(trained, asked, "on Airflow", tolerance=model.body.tolerance)
        except TextmillError as error:
            told = f"on Airflow it does not answer: {error}"
    task = {key: environ.get(f"AIRFLOW_CTX_{name}") for key, name in (("dag", "DAG_ID"), ("run", "DAG_RUN_ID"))}
    store.audit.append(_EVENT, ref=str(ref), **task, broken=[told] if told else [])
    if told:
        raise GateRefused(told, where=str(ref))


def _said_on_airflow(store: Store, ref: Ref) -> Line | None:
    """What the audit log holds of the last task of Airflow's that asked."""
    said = [line for line in store.audit.lines() if line.event == _EVENT and line.facts["ref"] == str(ref)]
    return said[-1] if said else None


def probe_in(python: Sequence[str], folder: Path) -> Probe:
    """What the model in a folder says of its probe set in another process.

    Parameters
    ----------
    python : how to start its interpreter

    Raises
    ------
    TextmillError : if it fails; with what it said
    """
    from textmill.evaluate.probe import Probe

    try:
        done = subprocess.run(
            [*python, "-c", _ASKED, str(folder)], capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TextmillError(f"the process does not answer: {error}") from error
    if done.returncode:
        raise TextmillError(_last_words(done.stderr))
    try:
        return Probe.from_json(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError) as error:
        raise TextmillError(f"the answer is not what was asked for: {error}") from error


def probe_over_http(store: Store, ref: Ref, texts: Sequence[str]) -> Probe:
    """What a version says of texts behind a server of its own, started for this on 127.0.0.1.

    Scores come from the route that everybody uses, token ids from the one for the probe set.

    Raises
    ------
    TextmillError : if the server does not start or refuses
    """
    from textmill.evaluate.probe import Probe

    sent = [found if len(found := parts(text)) > 1 else text for text in texts]
    with _server(store, ref) as address:
        route = f"{address}/v1/models/{ref.name}"
        told = _fetch(f"{route}/probe"), _fetch(f"{route}/predict", json.dumps({"texts": sent}).encode())
    try:
        probe, answers = map(json.loads, told)
        scores = [[said["scores"][name] for name in probe["classes"]] for said in answers["predictions"]]
        return Probe.from_json(probe | {"scores": scores})
    except (ValueError, KeyError, TypeError) as error:
        raise TextmillError(f"the answer is not what was asked for: {error}") from error


@contextmanager
def _server(store: Store, ref: Ref) -> Iterator[str]:
    command = [sys.executable, "-m", "textmill.cli", "serve", f"{ref.name}@{ref.version}"]
    command += ["--store", str(store.root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        limit = Timer(_PATIENCE, server.kill)
        limit.start()
        try:
            said = server.stdout.readline()  # "serving NAME@3 at http://127.0.0.1:PORT (...)"
            _, found, rest = said.partition(" at http://")
            if not found:
                server.kill()
                raise TextmillError(f"the server did not start: {_last_words(server.stderr.read())}")
            yield f"http://{rest.split()[0]}"
        finally:
            limit.cancel()
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()


def _fetch(address: str, body: bytes | None = None) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    opener = build_opener(ProxyHandler({}))  # our own machine; no proxy knows the way there
    try:
        with opener.open(Request(address, body), timeout=_PATIENCE) as answer:
            found: bytes = answer.read()
            return found
    except HTTPError as error:
        with error:
            said = error.read(2000).decode(errors="replace")
        raise TextmillError(f"the server refused with {error.code}: {said}") from error
    except (OSError, HTTPException) as error:
        raise TextmillError(f"the server went away: {error}") from error


def _last_words(said: str) -> str:
    """The last line of what a process said, without the name of the error's class."""
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    return re.sub(r"^[A-Za-z_.]+: ", "", last)
