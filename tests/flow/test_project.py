import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from textmill.errors import (
    ConfigError,
    CorruptError,
    GateRefused,
    Interrupted,
    PluginError,
    SourceError,
    StoreWriteError,
    TooManyRejected,
)
from textmill.flow import Event, ProjectRefused, RunResult, run_project
from textmill.registry import Disk, Store

MILL = """
[project]
name = "toy"

[read]
source = "tweets.csv"
max_rejected = 0.05

[evaluate]
bootstrap = 100
"""
STEPS = ["read", "split", "train", "evaluate", "register", "report"]
WORDS = {
    "disaster": ["fire", "flood", "quake", "storm", "evacuated", "burning", "rescue", "injured", "collapsed", "smoke"],
    "other": ["song", "lovely", "party", "movie", "coffee", "weekend", "game", "birthday", "sunny", "friends"],
}
COMMON = ["the", "in", "my", "town", "today", "people", "saw", "new", "big", "on", "and", "is", "at", "street"]


def rows_of(seed: int = 1, n: int = 240) -> list[dict[str, str]]:
    """Messages of two classes whose words overlap enough for mistakes."""
    chance = random.Random(seed)
    rows = []
    for number in range(n):
        label = chance.choice(list(WORDS))
        own = WORDS[label if chance.random() < 0.85 else chance.choice(list(WORDS))]
        words = chance.sample(own, 2) + chance.sample(COMMON, 6)
        rows.append({"id": str(number), "text": " ".join(chance.sample(words, 8)), "label": label})
    return rows


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("\n".join(["id,text,label", *(",".join(row.values()) for row in rows)]) + "\n")


BAD = {"id": "bad", "text": "", "label": "other"}


@pytest.fixture(scope="module")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has been run."""
    folder = tmp_path_factory.mktemp("finished") / "toy"
    folder.mkdir()
    (folder / "mill.toml").write_text(MILL)
    write_csv(folder / "tweets.csv", [*rows_of(), BAD])
    run_project(folder, store=folder / ".textmill", threads=1)
    return folder


@pytest.fixture
def project(finished_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it in another place, with new times on every file."""
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    return Path(shutil.copytree(finished_project, tmp_path / "toy", copy_function=shutil.copyfile))


@pytest.fixture
def fresh(project: Path) -> Path:
    """A project that has never been run."""
    clear(project)
    return project


def clear(project: Path) -> None:
    shutil.rmtree(project / ".textmill", ignore_errors=True)
    for name in ("report.html", "rejected.jsonl"):
        (project / name).unlink(missing_ok=True)


@pytest.fixture
def change(project: Path) -> Callable[[str, str], None]:
    """Replaces something in the project file."""

    def edit(old: str, new: str) -> None:
        text = (project / "mill.toml").read_text()
        assert old in text
        (project / "mill.toml").write_text(text.replace(old, new))

    return edit


def did(result: RunResult) -> list[str]:
    return [step.step for step in result.steps if not step.cached]


def what_counts(result: RunResult) -> dict[str, Any]:
    """Keys, and all bytes and values but the times."""
    found: dict[str, Any] = {step.step: step.key for step in result.steps}
    for step in result.steps:
        if step.step in ("read", "split", "train"):
            found[f"{step.step} files"] = {name: file.sha256 for name, file in step.finished.files.items()}
    found["metrics"] = result.report.metrics
    found["confusion"] = result.report.confusion
    assert result.manifest is not None
    files = dict(result.manifest.files)
    del files["report.json"], files["card.md"]  # they tell how long things took
    return found | {"files": files, "ref": str(result.manifest.ref), "parents": result.manifest.parents}


def test_a_run_makes_a_version_a_report_and_a_list_of_rejected_rows(fresh):
    events: list[Event] = []
    result = run_project(fresh, on_event=events.append)
    assert did(result) == STEPS
    assert not result.nothing_to_do
    assert [event.step for event in events if event.kind == "finished"] == STEPS
    assert any(event.kind == "progress" for event in events)
    assert str(result.manifest.ref) == "model/toy@1"
    assert set(result.manifest.parents) == {"dataset", "data", "code", "text_path", "run"}
    assert result.manifest.report["accuracy"] == result.report.metrics["accuracy"].value > 0.6
    assert result.manifest.config["evaluate"]["bootstrap"] == 100
    page = (fresh / "report.html").read_text()
    assert "toy" in page
    assert "version 1" in page
    (rejected,) = (fresh / "rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["row"] == 241
    assert result.report.data["rejected"] == 1
    manifest, folder = Store.beside(fresh).open("toy")
    assert manifest == result.manifest
    from textmill.models import TextClassifier

    assert TextClassifier.load(folder).predict(["fire and smoke", "lovely song"]).labels == ["disaster", "other"]
    assert list((fresh / ".textmill" / "tmp").iterdir()) == []


def test_a_run_with_nothing_changed_does_nothing_wherever_the_project_was_moved(project):
    events: list[Event] = []
    result = run_project(project, on_event=events.append)
    assert result.nothing_to_do
    assert [(event.step, event.kind) for event in events] == [(name, "cached") for name in STEPS]
    assert str(result.manifest.ref) == "model/toy@1"
    assert result.report.details["version"] == 1
    assert Store.beside(project).models() == {"toy": (1,)}
    # and nothing knows where it was
    for path in (project / ".textmill").rglob("*"):
        if path.is_file() and "runs" not in path.parts:
            assert str(project.parent).encode() not in path.read_bytes()


def test_a_run_with_nothing_changed_loads_no_heavy_package(project):
    script = (
        "import sys\nfrom textmill.flow import run_project\nassert run_project(sys.argv[1]).nothing_to_do\n"
        "print([m for m in ('numpy', 'scipy', 'pyarrow', 'sklearn', 'rich', 'Stemmer') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(project)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("old", "new", "runs"),
    [
        ("bootstrap = 100", "bootstrap = 101", ["evaluate", "register", "report"]),
        ("[evaluate]", '[model]\nkind = "majority"\n[evaluate]', ["train", "evaluate", "register", "report"]),
        ("[evaluate]", "[split]\ntest = 0.3\n[evaluate]", ["split", "train", "evaluate", "register", "report"]),
        ("bootstrap = 100", "bootstrap = 100\npromote_if = 'f1 > 0.1'", ["register", "report"]),
        ("max_rejected = 0.05", "max_rejected = 0.06", ["read", "report"]),
    ],
)
def test_a_changed_setting_runs_what_depends_on_it(project, change, old, new, runs):
    change(old, new)
    assert did(run_project(project)) == runs


def test_the_same_rows_from_another_file_are_the_same_data_and_make_no_new_version(project, change):
    rows = [*rows_of(), BAD]
    (project / "tweets.csv").unlink()
    (project / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    change("tweets.csv", "rows.jsonl")
    result = run_project(project)
    assert did(result) == ["read", "evaluate", "report"]  # the report says which format they came in
    assert str(result.manifest.ref) == "model/toy@1"


def test_new_rows_make_a_new_version(project):
    write_csv(project / "tweets.csv", rows_of(n=260))
    result = run_project(project)
    assert did(result) == STEPS
    assert str(result.manifest.ref) == "model/toy@2"
    assert (project / "rejected.jsonl").read_text() == ""
    assert set(Store.beside(project).diff("toy@1", "toy@2").data) >= {"data"}


def test_going_back_to_earlier_settings_trains_nothing_and_makes_them_the_newest_version(project, change):
    change("bootstrap = 100", "bootstrap = 101")
    run_project(project)
    change("bootstrap = 101", "bootstrap = 100")
    result = run_project(project)
    assert did(result) == ["register", "report"]
    assert str(result.manifest.ref) == "model/toy@3"
    assert result.manifest.files == Store.beside(project).manifest("toy@1").files
    assert run_project(project).nothing_to_do


def test_a_removed_version_is_registered_again_under_a_new_number(project):
    Store.beside(project).remove("toy@1", force=True)
    result = run_project(project)
    assert did(result) == ["register", "report"]
    assert str(result.manifest.ref) == "model/toy@2"


@pytest.mark.parametrize("name", ["report.html", "rejected.jsonl"])
def test_a_report_that_was_deleted_or_changed_is_written_again(project, name):
    good = (project / name).read_bytes()
    (project / name).unlink()
    assert did(run_project(project)) == ["report"]
    assert (project / name).read_bytes() == good
    (project / name).write_text("changed")
    assert did(run_project(project)) == ["report"]
    assert (project / name).read_bytes() == good


def test_a_gate_that_says_no_registers_nothing_and_still_reports(fresh, change):
    change("bootstrap = 100", 'bootstrap = 100\npromote_if = "f1 >= 0.999"')
    for turn in range(2):
        with pytest.raises(GateRefused, match=r"f1 >= 0\.999") as caught:
            run_project(fresh)
        assert caught.value.exit_code == 3
        assert isinstance(caught.value, ProjectRefused)
        result = caught.value.result
        assert result.manifest is None
        assert result.report.metrics["f1"].value < 0.999
        assert did(result) == ([] if turn else ["read", "split", "train", "evaluate", "report"])
        assert Store.beside(fresh).models() == {}
        assert "toy" in (fresh / "report.html").read_text()
    change("0.999", "0.1")
    assert did(run_project(fresh)) == ["register", "report"]


def test_a_gate_on_an_unknown_metric_is_refused_before_any_work(fresh, change):
    change("bootstrap = 100", 'bootstrap = 100\npromote_if = "f2 >= 0.5"')
    with pytest.raises(ConfigError, match="no metric is called 'f2'"):
        run_project(fresh)
    assert not (fresh / ".textmill").exists()


def test_force_does_everything_again_and_makes_no_new_version(project):
    result = run_project(project, force=True)
    assert did(result) == STEPS
    assert str(result.manifest.ref) == "model/toy@1"


def test_the_result_does_not_depend_on_the_number_of_threads(project, fresh):
    results = []
    for threads in (1, 2, 5):
        clear(project)
        results.append(what_counts(run_project(project, threads=threads)))
    assert results[0] == results[1] == results[2]


def test_a_test_side_of_its_own_is_used_and_kept_apart(fresh, change):
    write_csv(fresh / "official.csv", [*rows_of(seed=7, n=60), BAD])
    change('source = "tweets.csv"', 'source = "tweets.csv"\ntest = "official.csv"')
    result = run_project(fresh)
    assert result.report.data["test"] == 60
    assert result.report.data["train"] == 240
    assert {"data", "test"} <= set(result.manifest.parents)
    assert (fresh / "rejected_test.jsonl").read_text().count("\n") == 1
    assert run_project(fresh).nothing_to_do
    write_csv(fresh / "official.csv", rows_of(seed=8, n=60))
    again = run_project(fresh)
    assert again.manifest.ref.version == 2
    assert "train" not in did(again) or "split" in did(again)


@pytest.mark.slow
def test_several_files_and_a_folder_of_texts_are_sources_too(fresh, change):
    rows = rows_of()
    write_csv(fresh / "part1.csv", rows[:120])
    write_csv(fresh / "part2.csv", rows[120:])
    change("tweets.csv", "part*.csv")
    assert run_project(fresh).report.data["rows"] == 240
    assert run_project(fresh).nothing_to_do
    write_csv(fresh / "part3.csv", rows_of(seed=3, n=20))
    assert run_project(fresh).report.data["rows"] == 260
    for row in rows:
        path = fresh / "texts" / row["label"] / f"{row['id']}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row["text"])
    change("part*.csv", "texts")
    assert run_project(fresh).report.data["rows"] == 240
    assert run_project(fresh).nothing_to_do
    (fresh / "texts" / "other" / "new.txt").write_text("a lovely new song today")
    assert "read" in did(run_project(fresh))


def test_too_many_bad_rows_stop_the_run_and_can_be_looked_at(fresh):
    write_csv(fresh / "tweets.csv", [*rows_of(), *([BAD] * 30)])
    with pytest.raises(TooManyRejected):
        run_project(fresh)
    assert (fresh / "rejected.jsonl").read_text().count("\n") == 30
    assert Store.beside(fresh).models() == {}
    assert not (fresh / "report.html").exists()
    assert list((fresh / ".textmill" / "tmp").iterdir()) == []


def test_a_missing_source_is_one_sentence_and_makes_no_store(fresh):
    (fresh / "tweets.csv").unlink()
    with pytest.raises(SourceError, match=r"tweets\.csv: there is no such file"):
        run_project(fresh)
    assert not (fresh / ".textmill").exists()


def test_the_project_file_may_be_named_itself_and_the_store_chosen(fresh, tmp_path):
    result = run_project(fresh / "mill.toml", store=tmp_path / "elsewhere")
    assert result.store.root == tmp_path / "elsewhere"
    assert (fresh / "report.html").exists()
    assert not (fresh / ".textmill").exists()


def test_a_damaged_object_is_named_before_it_is_used_and_force_mends_it(project, change):
    corpus = next(s for s in run_project(project).steps if s.step == "read").finished.files["corpus.arrow"]
    path = Store.beside(project).object(corpus.sha256)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    change("[evaluate]", "[split]\ntest = 0.3\n[evaluate]")
    with pytest.raises(CorruptError, match=corpus.sha256):
        run_project(project)
    assert run_project(project, force=True).manifest.ref.version == 2


@pytest.mark.parametrize("name", ["weights.npy", "manifest.json"])
def test_a_damaged_version_is_named_and_force_gives_it_a_successor(project, name):
    path = project / ".textmill" / "models" / "toy" / "1" / name
    raw = path.read_bytes()
    path.write_bytes(raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:])
    with pytest.raises(CorruptError, match=rf"{name}.*--force"):
        Store.beside(project).open("toy")
    assert run_project(project, force=True).manifest.ref.version == 2
    Store.beside(project).open("toy")


@pytest.mark.parametrize("at", STEPS)
def test_ctrl_c_in_any_step_keeps_what_is_finished_and_the_next_run_ends_the_same(finished_project, fresh, at):
    def stop(event: Event) -> None:
        if (event.step, event.kind) == (at, "started"):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match=f"stopped in step '{at}'"):
        run_project(fresh, on_event=stop)
    assert list(fresh.glob(".textmill/tmp/*")) == []
    again = run_project(fresh)
    assert did(again) == STEPS[STEPS.index(at) :]
    right = run_project(finished_project, store=finished_project / ".textmill")
    assert what_counts(again) == what_counts(right)


RUN = "import sys\nfrom textmill.flow import run_project\nprint(run_project(sys.argv[1], threads=1).manifest.ref)\n"


@pytest.mark.slow
def test_two_runs_at_once_make_one_version(fresh):
    runs = [Popen([sys.executable, "-c", RUN, str(fresh)], stdout=PIPE, stderr=PIPE, text=True) for _ in range(2)]
    assert [run.communicate(timeout=100) for run in runs] == [("model/toy@1\n", "")] * 2
    assert Store.beside(fresh).audit.verify() == 2  # of the data set and of the model


KILL = """
import os, signal, sys
from textmill.flow import run_project
from textmill.registry import Disk, Store
from pathlib import Path

class KillingDisk(Disk):
    left = int(sys.argv[2])

def counted(name):
    def call(self, *args):
        KillingDisk.left -= 1
        if KillingDisk.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(Disk, name)(self, *args)
    return call

for name in ("open_new", "write", "sync", "rename", "link_or_copy", "sync_folder", "make_folder"):
    setattr(KillingDisk, name, counted(name))
run_project(sys.argv[1], threads=1, store=Store(Path(sys.argv[1]) / ".textmill", disk=KillingDisk()))
print(KillingDisk.left)
"""


def killed(project: Path, at: int) -> int | None:
    """Run until the disk's call number `at`; how many calls were left if it ended before."""
    done = subprocess.run(
        [sys.executable, "-c", KILL, str(project), str(at)], check=False, capture_output=True, text=True
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return int(done.stdout) if done.returncode == 0 else None


def check_kills(project: Path, right: dict[str, Any], points: list[int]) -> None:
    for at in points:
        clear(project)
        assert killed(project, at) is None
        before = {path.stem for path in project.glob(".textmill/steps/*.json")}
        again = run_project(project, threads=1)
        assert what_counts(again) == right
        assert all(
            step.cached for step in again.steps if step.key in before and step.step not in ("register", "report")
        )
        assert Store.beside(project).models() == {"toy": (1,)}
        Store.beside(project).open("toy")
        Store.beside(project).audit.verify()


@pytest.mark.slow
def test_a_kill_in_the_middle_changes_nothing_of_the_end(finished_project, fresh):
    right = what_counts(run_project(finished_project, store=finished_project / ".textmill"))
    check_kills(fresh, right, [60])


@pytest.mark.slow
def test_a_kill_at_forty_moments_of_a_whole_run_changes_nothing_of_the_end(finished_project, fresh):
    right = what_counts(run_project(finished_project, store=finished_project / ".textmill"))
    left = killed(fresh, 10_000)
    assert left is not None
    calls = 10_000 - left
    check_kills(fresh, right, [1 + n * calls // 40 for n in range(40)])


SMALL_DISK = """
import gc, subprocess, sys
from pathlib import Path
from textmill.errors import StoreWriteError
from textmill.flow import run_project
from textmill.registry import Store
project, place = Path(sys.argv[1]), Path(sys.argv[2])
place.mkdir()
for size in (16, 48, 80, 112, 160, 192):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)]).returncode:
        sys.exit(77)
    try:
        run_project(project, store=place / "store", threads=1)
        print("done", size)
    except StoreWriteError as error:
        print(error)
        assert chr(10) not in str(error)
    store = Store(place / "store")
    kept = {path.stem for path in (place / "store/steps").glob("*")}
    assert all(store.finished(key) for key in kept)
    assert all(store.object(p.name, verify=True) for p in (place / "store/objects").rglob("*") if p.is_file())
    subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
    again = run_project(project, store=place / "store", threads=1)
    assert again.manifest.ref.version == 1
    assert all(step.cached for step in again.steps if step.key in kept)
    gc.collect()  # a corpus that an error was raised over is mapped until then
    subprocess.run(["umount", str(place)], check=True)
"""


@pytest.mark.slow
def test_a_disk_that_fills_up_in_the_middle_is_one_sentence_and_the_next_run_goes_on(fresh, tmp_path):
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here, so no disk can be made small for a test")
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount, so no disk can be made small for a test")
    command = [*own, sys.executable, "-c", SMALL_DISK, str(fresh), str(tmp_path / "small")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("this machine does not let a test mount")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if not line.startswith("done")]
    assert len(said) > 2
    assert all("no room" in line or "no space left on device" in line for line in said)


def test_a_finished_project_on_a_disk_that_may_only_be_read_has_nothing_to_do(project):
    class Closed(Disk):
        def make_folder(self, folder: Path) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    assert run_project(project, store=Store(project / ".textmill", disk=Closed())).nothing_to_do
    (project / "report.html").unlink()
    with pytest.raises(StoreWriteError, match="no permission"):
        run_project(project, store=Store(project / ".textmill", disk=Closed()))


def test_the_longest_name_a_project_may_have_can_be_run(fresh, change):
    change('"toy"', f'"{"x" * 100}"')
    assert run_project(fresh).manifest.ref.name == "x" * 100


OWN = "def cut(word):\n    return word[:4]\n"


def test_a_function_of_the_projects_own_runs_from_its_folder_and_its_source_decides_the_model(project: Path) -> None:
    mill = (project / "mill.toml").read_text()
    (project / "mill.toml").write_text(mill + '\n[text]\nmap = ["toy_maps:cut", "porter"]\n')
    with pytest.raises(PluginError, match="there is no module 'toy_maps'"):
        run_project(project, threads=1)
    (project / "toy_maps.py").write_text(OWN)
    first = run_project(project, threads=1)
    assert did(first)[0] == "train"
    assert first.manifest is not None
    assert run_project(project, threads=1).nothing_to_do
    (project / "toy_maps.py").write_text(OWN.replace("4", "3"))
    second = run_project(project, threads=1)
    assert did(second)[0] == "train"
    assert second.manifest is not None
    assert second.manifest.ref.version > first.manifest.ref.version


def test_a_project_file_cannot_name_a_function_from_elsewhere(project: Path) -> None:
    mill = (project / "mill.toml").read_text()
    (project / "mill.toml").write_text(mill + '\n[text]\nmap = "subprocess:getoutput"\n')
    with pytest.raises(PluginError, match="there is no module 'subprocess'"):
        run_project(project, threads=1)
