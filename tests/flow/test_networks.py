"""Networks in a project: what makes them stale and what does not; killed while they train they go on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.test_project import rows_of, write_csv
from tests.models.networks.toy_models import bert

from textmill.errors import ConfigError, TrainingError
from textmill.flow import RunResult, plan_project, run_project
from textmill.flow.classify import classify
from textmill.flow.running import open_project
from textmill.flow.step import Flow
from textmill.registry import Store
from textmill.registry.collecting import collect

MILL = """
[project]
name = "toy"

[read]
source = "tweets.csv"

[model]
kind = "cnn"
width = 8

[train]
epochs = 4
threads = 1

[evaluate]
bootstrap = 100
robustness = false
"""
PRETRAINED = (
    MILL.replace('kind = "cnn"', 'kind = "pretrained"')
    .replace("width = 8", 'weights = "a/bert"\nmax_tokens = 12\nlearns = "head"')
    .replace("epochs = 4", "epochs = 1")
)


def made(folder: Path, mill: str = MILL) -> Path:
    folder.mkdir(parents=True)
    (folder / "mill.toml").write_text(mill)
    write_csv(folder / "tweets.csv", rows_of(n=120))
    return folder


def states(folder: Path, mill: str | None = None) -> dict[str, tuple[str, list[str]]]:
    """Of each step how it stands, and what changed."""
    if mill is not None:
        (folder / "mill.toml").write_text(mill)
    plan = plan_project(folder, store=folder / ".textmill")
    return {one.step: (one.state, [change.name for change in one.changes]) for one in plan.steps}


def run(folder: Path) -> RunResult:
    return run_project(folder, store=folder / ".textmill", threads=1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = made(tmp_path_factory.mktemp("networks") / "toy")
    run(folder)
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    return Path(shutil.copytree(finished, tmp_path / "toy"))


@pytest.mark.slow
def test_run_again_there_is_nothing_to_do_and_a_setting_is_why(project: Path) -> None:
    assert run(project).nothing_to_do
    assert not (project / ".textmill" / "runs" / "training").exists() or not any(
        (project / ".textmill" / "runs" / "training").iterdir()
    )
    for old, new, why in (
        ("epochs = 4", "epochs = 5", "train.epochs"),
        ("width = 8", "width = 9", "model.width"),
        ('kind = "cnn"', 'kind = "gru"', "model.kind"),
        ("threads = 1", "threads = 2", "train.threads"),
    ):
        state, changes = states(project, MILL.replace(old, new))["train"]
        assert state == "stale"
        assert why in " ".join(changes), changes
    seed = MILL.replace('name = "toy"', 'name = "toy"\nseed = 14')
    assert "seed" in " ".join(states(project, seed)["split"][1])
    assert {state for state, _ in states(project, MILL).values()} == {"cached"}


def test_the_name_of_weights_or_vectors_is_no_part_of_a_key_and_their_bytes_are(tmp_path: Path) -> None:
    project = made(tmp_path / "toy", MILL.replace("width = 8", 'width = 8\nvectors = "glove.txt"'))
    (project / "glove.txt").write_text("fire 1 2\n")

    def decides() -> tuple[dict[str, Any], Mapping[str, str]]:
        (train,) = (step for step in open_flow(project).steps if step.name == "train")
        assert train.sources is not None
        return train.settings, train.sources()

    wanted = decides()
    (project / "glove.txt").rename(project / "words.txt")
    (project / "mill.toml").write_text((project / "mill.toml").read_text().replace("glove.txt", "words.txt"))
    assert decides() == wanted
    (project / "words.txt").write_text("fire 1 3\n")
    assert decides()[0] == wanted[0]
    assert decides()[1] != wanted[1]


def open_flow(folder: Path) -> Flow:
    found = open_project(folder, folder / ".textmill")
    return classify(found.mill, found.folder, found.store, found.digests)


def never_learned(folder: Path, more: str = "") -> tuple[Path, list[dict[str, Any]]]:
    """A project whose training comes to no number, and its rows."""
    mill = MILL.replace("[model]", 'id = "id"\n[model]').replace("width = 8", 'width = 8\nonnx = "no"')
    project = made(folder, mill.replace("epochs = 4", "epochs = 2\nlearning_rate = 1e38\nclip = 1e38") + more)
    rows = [row | {"id": f"row-{row['id']}"} for row in rows_of(n=120)]
    write_csv(project / "tweets.csv", rows)
    return project, rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "asked"),
    [
        ("curve", "learning_curve = true\n"),
        ("tune", '[tune]\ntrials = 2\nfolds = 2\n[tune.space]\n"train.batch_tokens" = [256, 512]\n'),
        ("validate", "[split]\nfolds = 3\n"),
    ],
)
def test_a_step_that_trains_on_some_of_the_rows_names_those_at_fault(tmp_path: Path, step: str, asked: str) -> None:
    if step == "tune":
        pytest.importorskip("optuna")
    project, rows = never_learned(tmp_path / "toy", asked)
    with pytest.raises(TrainingError, match=r"^rows row-\d+, .*: the (loss|gradient) is no number") as caught:
        run_project(project, store=project / ".textmill", threads=1, only=["read", "split", step])
    named = str(caught.value).split(": ")[0].removeprefix("rows ").split(" and ")[0].split(", ")
    assert set(named) <= {row["id"] for row in rows}


def test_what_stops_a_training_names_the_rows_by_their_ids(tmp_path: Path) -> None:
    project, rows = never_learned(tmp_path / "toy")
    with pytest.raises(TrainingError, match=r"^rows row-\d+, row-\d+.*: the (loss|gradient) is no number") as caught:
        run(project)
    split = run_project(project, store=project / ".textmill", threads=1, only=["split"]).steps[0].finished
    side = np.load(Store(project / ".textmill").object(split.files["side.npy"].sha256, verify=True))
    learned = [row["id"] for row, one in zip(rows, side.tolist(), strict=True) if one == 0]
    assert str(caught.value).startswith(f"rows {', '.join(learned[text] for text in caught.value.texts[:20])}")


@pytest.mark.slow
def test_linear_settings_do_not_count_for_a_network_nor_train_for_a_linear_model(project: Path) -> None:
    linear = MILL.replace('kind = "cnn"\nwidth = 8', 'kind = "majority"').replace("threads = 1\n", "")
    linear += '[[candidate]]\nmodel = { kind = "bag" }\n'  # which is trained for so many epochs
    (project / "mill.toml").write_text(linear)
    run(project)
    assert states(project, linear.replace("epochs = 4", "epochs = 5"))["train"][0] == "cached"


@pytest.mark.slow
def test_weights_may_lie_elsewhere_and_be_called_another_way_and_their_bytes_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    project = made(tmp_path / "toy", PRETRAINED)
    bert(project / "a" / "bert")
    result = run(project)
    assert result.manifest is not None
    (note,) = [note for note in result.report.details["notes"] if "longer than" in note]
    assert "texts learned from are longer than the 12 tokens that are read of a text" in note
    assert note in (project / "report.html").read_text().replace("&quot;", '"')
    (project / "b").mkdir()
    (project / "a" / "bert").rename(project / "b" / "tiny")
    with pytest.raises(ConfigError, match="there is no folder"):
        states(project)
    moved = PRETRAINED.replace("a/bert", "b/tiny")
    assert states(project, moved)["train"][0] == "cached"
    assert states(project)["register"][0] == "cached"
    assert [one.step for one in run(project).steps if not one.cached] == ["report"]  # which shows the settings
    assert run(project).nothing_to_do
    config = project / "b" / "tiny" / "config.json"
    config.write_text(config.read_text().replace('"bert"', '"bert" '))
    state, changes = states(project)["train"]
    assert state == "stale"
    assert "config.json" in " ".join(changes), changes


KILL = """
import os, signal, sys
from pathlib import Path
from textmill.flow import run_project
from textmill.models.networks.checkpoint import Checkpoint

left = [int(sys.argv[2])]
save = Checkpoint.save

def killing(self, *rest):
    save(self, *rest)
    left[0] -= 1
    if not left[0]:
        os.killpg(0, signal.SIGKILL)

Checkpoint.save = killing
folder = Path(sys.argv[1])
run_project(folder, store=folder / ".textmill", threads=1)
"""


@pytest.mark.slow
def test_killed_while_it_trains_it_goes_on_to_the_same_bytes(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    project = made(tmp_path / "toy")
    killed = subprocess.run([sys.executable, "-c", KILL, str(project), "2"], start_new_session=True)
    assert killed.returncode == -signal.SIGKILL
    training = project / ".textmill" / "runs" / "training"
    (kept,) = training.iterdir()
    assert sorted(file.name for file in kept.iterdir()) == ["training.jsonl", "training.safetensors"]
    other = Path(shutil.copytree(project, tmp_path / "other"))
    notes: list[str] = []
    run_project(
        project,
        store=project / ".textmill",
        threads=1,
        on_event=lambda event: notes.append(getattr(event, "note", "") or ""),
    )
    told = {"report.json", "card.md"}  # they tell how long things took
    wanted, found = (Store(folder / ".textmill").manifest("toy").files for folder in (finished, project))
    assert {name: sha for name, sha in found.items() if name not in told} == {
        name: sha for name, sha in wanted.items() if name not in told
    }
    assert any(note.startswith("epoch 4 of 4 done") for note in notes), notes
    assert not any(note.startswith("epoch 1 of 4 done") for note in notes)
    assert not kept.exists()
    # where nobody goes on, what is kept goes when the store is collected
    store = Store(other / ".textmill")
    left = other / ".textmill" / "runs" / "training"
    collect(store)
    assert not any(path.is_file() for path in left.rglob("*"))
