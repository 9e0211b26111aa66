"""`textmill models bundle` and `install`."""

import json
import shutil
import subprocess
import sys

import pytest

from textmill.registry import Store

OFFLINE = """
import socket, sys
def refuse(*args, **more):
    raise OSError("there is no network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from textmill.cli import main
main(sys.argv[1:])
"""


def offline(*words, cwd):
    """A command in a process without a network: of its own name space where that may be made."""
    apart = ["unshare", "--net", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        apart = []
    command = [*apart, sys.executable, "-c", OFFLINE, *map(str, words)]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_a_bundle_answers_on_a_machine_without_a_network_as_it_did_here(project, textmill, tmp_path):
    said = textmill("models", "bundle", "alarm", tmp_path / "alarm.zip", "--store", "alarm").stdout
    assert said.startswith("alarm.zip: model/alarm@1, ")
    assert "textmill models install alarm.zip" in said
    there = tmp_path / "there"
    there.mkdir()
    said = offline("models", "install", tmp_path / "alarm.zip", cwd=there)
    assert said == "model/alarm@1 in .textmill: every file is as it was written of model/alarm@1 there.\n"
    texts = ["fire in the street", "a lovely picnic"]
    here = textmill("predict", "alarm", *texts, "--json", "--store", "alarm").stdout
    assert json.loads(offline("predict", "alarm", *texts, "--json", cwd=there)) == json.loads(here)
    found = textmill("trace", "alarm", "--store", there).stdout
    assert "origin           model/alarm@1" in found
    assert "its data set is not in this store" in found


def test_packages_that_differ_are_said(project, textmill, tmp_path, monkeypatch):
    monkeypatch.setattr("textmill.registry.bundle.requirements", lambda extras: {"numpy": "0.1"})
    made = textmill("models", "bundle", "alarm", tmp_path / "a.zip", "--store", "alarm", "--json")
    assert json.loads(made.stdout)["model"] == "model/alarm@1"
    done = textmill("models", "install", tmp_path / "a.zip", "--store", tmp_path / "there")
    assert done.stderr.startswith("Mind: numpy is ")
    assert Store(tmp_path / "there").models() == {"alarm": (1,)}
    as_json = json.loads(
        textmill("models", "install", tmp_path / "a.zip", "--store", tmp_path / "there", "--json").stdout
    )
    assert as_json["model"] == "model/alarm@1"
    assert as_json["differing"][0].startswith("numpy is ")


def test_a_wheel_that_is_missing_is_named(project, textmill, tmp_path):
    (tmp_path / "wheels").mkdir()
    done = textmill("models", "bundle", "alarm", "a.zip", "--wheels", tmp_path / "wheels", "--store", "alarm")
    assert done.exit_code == 1
    assert "there is no wheel for click==" in done.stderr


def stand_in(monkeypatch, folder, **head):
    """A version that says this of itself, in place of what is in the store."""
    folder.mkdir()
    said = {"kind": "text-classifier", "format": 3, "body": "network", "model": {"kind": "lstm"}, **head}
    (folder / "model.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "network.onnx").write_bytes(b"a graph")
    monkeypatch.setattr(Store, "open", lambda store, ref: (None, folder))


def test_a_linear_model_has_no_graph_to_export(project, textmill, tmp_path):
    done = textmill("models", "export", "alarm", "--onnx", tmp_path / "alarm.onnx", "--store", "alarm")
    assert done.exit_code == 1
    assert "this version has no ONNX graph. A model of kind 'logistic-regression' never gets one" in done.stderr
    assert not (tmp_path / "alarm.onnx").exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, 'no ONNX graph. It was trained with [model] onnx = "no"'),
        (
            {"onnx": {"precision": "none", "why": "the extra onnx was not installed"}},
            "no ONNX graph. When it was trained, the extra onnx was not installed.",
        ),
    ],
)
def test_a_network_without_a_graph_says_why_it_has_none(project, textmill, tmp_path, monkeypatch, said, told):
    stand_in(monkeypatch, tmp_path / "version", **said)
    done = textmill("models", "export", "alarm", "--onnx", tmp_path / "alarm.onnx", "--store", "alarm")
    assert done.exit_code == 1
    assert told in done.stderr


def test_the_graph_of_a_network_is_exported_as_it_lies_in_the_store(project, textmill, tmp_path, monkeypatch):
    stand_in(monkeypatch, tmp_path / "version", onnx={"precision": "fp32"})
    (tmp_path / "alarm.onnx").write_bytes(b"an older graph")
    said = textmill("models", "export", "alarm", "--onnx", tmp_path / "alarm.onnx", "--store", "alarm").stdout
    assert said.startswith("alarm.onnx: model/alarm@1 in fp32, ")
    assert (tmp_path / "alarm.onnx").read_bytes() == b"a graph"
    assert not list(tmp_path.glob(".*.part"))


def test_a_graph_for_a_folder_that_is_not_there_is_one_sentence(project, textmill, tmp_path, monkeypatch):
    stand_in(monkeypatch, tmp_path / "version", onnx={"precision": "fp32"})
    done = textmill("models", "export", "alarm", "--onnx", tmp_path / "nosuch" / "p.onnx", "--store", "alarm")
    assert done.exit_code == 1
    assert "nosuch/p.onnx: it cannot be written: No such file or directory" in done.stderr
