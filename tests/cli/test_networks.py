"""Networks from the command line: asked, explained, and what is wrong with them said in a sentence."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from cli_fakes import BAD, BOTH, GOOD, MILL, messages

NETWORK = MILL.replace(
    "[features]\nmin_df = 1\n",
    '[model]\nkind = "cnn"\nwidth = 16\n\n'
    "[train]\nepochs = 15\nthreads = 1\nlearning_rate = 0.01\nbatch_tokens = 256\n",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from textmill.flow import run_project

    folder = tmp_path_factory.mktemp("networks") / "alarm"
    folder.mkdir()
    (folder / "messages.csv").write_text(messages(), encoding="utf-8")
    (folder / "mill.toml").write_text(NETWORK, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TEXTMILL_STORE", raising=False)
        run_project(folder)
    return folder


@pytest.fixture
def network(finished, tmp_path, monkeypatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    shutil.copytree(finished, tmp_path / "alarm")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "alarm"


def test_it_answers_and_gives_its_reasons(network, textmill):
    found = textmill(
        "predict", "alarm", "--store", "alarm", "smoke and fire, trapped", "a lovely picnic, cake", "", "☃"
    )
    assert (found.exit_code, found.stderr) == (0, "")
    assert [line.split("\t")[0] for line in found.stdout.splitlines()][:2] == ["bad", "good"]
    said = textmill("explain", "alarm", "--store", "alarm", "--json", "smoke and fire today, everyone")
    assert said.exit_code == 0, said.output
    why = json.loads(said.stdout)
    terms = [one["term"] for one in why["pulls"]]
    assert terms[0] in {"smoke", "smok", "fire"} or terms[0] in BAD
    again = textmill("run", "alarm", "--from", "evaluate")
    assert "Trained: kind = cnn: " in again.stdout
    assert " epochs of at most 15, " in again.stdout or " 15 epochs, " in again.stdout
    assert '<section id="training"' in (network / "report.html").read_text()
    told = textmill("explain", "alarm", "--store", "alarm", "smoke everyone zzqqzz").stdout
    assert "zzqqzz  (a word that it does not know)" in told
    assert "bias: what it says of unknown words alone" in told


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("width = 16", "C = 2.0", "model.C: is for kind = 'logistic-regression'"),
        ('kind = "cnn"\nwidth = 16', 'kind = "pretrained"', "model.weights: is missing"),
        ('kind = "cnn"\nwidth = 16', 'kind = "sentence"\nweights = "./gone"', "there is no folder"),
        ("width = 16", 'vectors = "gone.txt"', "model.vectors: there is no file"),
        ("width = 16", 'vectors = "messages.csv"', "these are no word vectors"),
        ("epochs = 15", "epochs = 0", "train.epochs: wanted 1 or more, got 0"),
        (
            "epochs = 15",
            'device = "cuda"',
            "mill.toml: train.device: wanted 'auto' or 'cpu', got 'cuda'; there is no GPU",
        ),
    ],
)
def test_what_is_wrong_in_the_project_file_is_a_sentence(old, new, said, network, textmill, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (network / "mill.toml").write_text(NETWORK.replace(old, new), encoding="utf-8")
    found = textmill("run", "alarm")
    assert found.exit_code == 1
    assert said in found.stderr
    assert "Traceback" not in found.output


def test_weights_that_are_damaged_are_a_sentence(network, textmill):
    (weights,) = (network / ".textmill" / "models").rglob("weights.safetensors")
    data = bytearray(weights.read_bytes())
    data[-9] ^= 1
    weights.unlink()  # it is one file with the object
    weights.write_bytes(data)
    for command in (("predict", "alarm", "--store", "alarm", "fire"), ("explain", "alarm", "--store", "alarm", "fire")):
        found = textmill(*command)
        assert found.exit_code == 1
        assert "weights.safetensors" in found.stderr
        assert "Traceback" not in found.output


def test_a_label_that_only_test_rows_have_is_said_before_the_training(network, textmill):
    draw = random.Random(3)
    words = {"bad": BAD, "good": GOOD, "ugly": ["telepathy", "telekinesis", "clairvoyance"]}
    rows = ["id,text,kind"]
    for number in range(60):
        kind = draw.choice(list(words))
        rows.append(f"{900 + number},{' '.join([*draw.sample(words[kind], 2), *draw.sample(BOTH, 5)])},{kind}")
    (network / "test.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    mill = NETWORK.replace('label = "kind"', 'label = "kind"\ntest = "test.csv"').replace("epochs = 15", "epochs = 1")
    (network / "mill.toml").write_text(mill, encoding="utf-8")
    found = textmill("run", "alarm")
    assert found.exit_code == 1
    assert "no training row has the label 'ugly', which the test side asks for" in found.stderr
    assert "Traceback" not in found.output
