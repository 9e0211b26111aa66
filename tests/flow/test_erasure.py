"""What somebody wants forgotten is forgotten: by the data set, by later runs, and, purged, by the whole store."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from person_rows import MILL, rows, store_of

from textmill.errors import CorruptError, LockHeld, NotInStore, SourceError, StepFailed
from textmill.flow import run_project
from textmill.read import Corpus
from textmill.read.row_hashes import Erased, hash_of_person, hash_of_text
from textmill.registry.collecting import collect
from textmill.registry.erased import erased_of, list_of
from textmill.registry.erasure import erase
from textmill.registry.lineage import find


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A project that has run twice, with rows that no other has; one of them cannot be used."""
    folder = tmp_path_factory.mktemp("ran") / "toy"
    folder.mkdir()
    (folder / "mill.toml").write_text(MILL.replace("[features]", "max_rejected = 0.1\n[features]"))
    lines = [*rows(), "u99,zebra quake xylophone,a", "u99,walrus quake yodel,a", "u99,narwhal in vain,"]
    (folder / "rows.csv").write_text("\n".join(["who,text,label", *lines]) + "\n")
    run_project(folder, store=folder / ".textmill", threads=1)
    (folder / "rows.csv").write_text("\n".join(["who,text,label", *lines, "u5,one more fire,a"]) + "\n")
    run_project(folder, store=folder / ".textmill", threads=1)
    return folder


@pytest.fixture
def project(ran, tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    return shutil.copytree(ran, tmp_path / "toy", copy_function=shutil.copyfile)


def text(*said):
    return Erased(texts=frozenset(map(hash_of_text, said)))


PERSON = Erased(persons=frozenset([hash_of_person("u99")]))


def files_with(store, *needles):
    """Every file of the store that holds one of some texts, as bytes."""
    return sorted(
        path.relative_to(store.root).as_posix()
        for path in store.root.rglob("*")
        if path.is_file() and any(needle.encode() in path.read_bytes() for needle in needles)
    )


def texts_of(store, version):
    corpus = Corpus.load(store.object(store.manifest(f"dataset/toy@{version}").parents["corpus"], verify=True))
    return [record.text for record in corpus.records()]


def test_erasing_makes_a_version_without_the_rows_and_names_the_models(project):
    store = store_of(project)
    done = erase(store, text("ZEBRA quake, xylophone!"), reason="request 7")
    assert [(str(one.before), str(one.after), one.rows) for one in done.successors] == [
        ("dataset/toy@2", "dataset/toy@3", 1)
    ]
    assert [str(one.ref) for one in done.found.datasets] == ["dataset/toy@1", "dataset/toy@2"]
    assert [str(one.ref) for one in done.found.models] == ["model/toy@1", "model/toy@2"]
    assert "zebra quake xylophone" not in texts_of(store, 3)
    assert texts_of(store, 2) == [*texts_of(store, 3)[:60], "zebra quake xylophone", *texts_of(store, 3)[60:]]
    assert store.manifest("dataset/toy@3").parents["dataset"] == "dataset/toy@2"
    assert store.manifest("dataset/toy@3").report["reasons"] == {"erased": 1, "no label": 1}
    line = next(line for line in store.audit.lines() if line.event == "erase")
    assert line.facts == {
        "datasets": ["dataset/toy@1", "dataset/toy@2"],
        "texts": [hash_of_text("zebra quake xylophone").hex()],
        "persons": [],
        "reason": "request 7",
    }


def test_the_next_run_sets_the_rows_aside_and_reads_the_version_that_was_made(project):
    store = store_of(project)
    erase(store, PERSON, reason="request 8")
    result = run_project(project)
    assert result.manifest.parents["dataset"] == "dataset/toy@3"
    assert store.datasets() == {"toy": (1, 2, 3)}
    read = next(step for step in result.steps if step.step == "read")
    assert read.finished.values["facts"]["reasons"] == {"erased": 3}  # with the one that cannot be used
    assert "u99" not in (project / "rejected.jsonl").read_text()
    assert run_project(project).nothing_to_do
    assert {str(one.ref) for one in find(store, PERSON).models} == {"model/toy@1", "model/toy@2"}


def test_erasing_again_changes_nothing_and_adds_up(project):
    store = store_of(project)
    erase(store, text("zebra quake xylophone"), reason="one")
    again = erase(store, text("zebra quake xylophone"), reason="one more time")
    assert [(one.before, one.rows) for one in again.successors] == [(again.successors[0].after, 0)]
    erase(store, PERSON, reason="two")
    assert store.datasets() == {"toy": (1, 2, 3, 4)}
    assert erased_of(store, "toy") == text("zebra quake xylophone") | PERSON


@pytest.mark.parametrize(
    "wanted", [PERSON, text("zebra quake xylophone", "walrus quake yodel")], ids=["person", "text"]
)
def test_after_a_purge_nothing_holds_the_text_but_the_models_that_are_named(project, wanted):
    store = store_of(project)
    secrets = ["zebra", "walrus"] + (["narwhal", "u99"] if wanted is PERSON else [])
    assert any(name.startswith("objects/") for name in files_with(store, *secrets))
    assert any(name.startswith("steps/") or "report.json" in name for name in files_with(store, *secrets))
    told = erase(store, wanted, reason="request 9")
    held = {path.relative_to(store.root).as_posix() for path in (*told.holding.objects, *told.holding.steps)}
    in_models = {name for name in files_with(store, *secrets) if name.startswith("models/")}
    assert set(files_with(store, *secrets)) - in_models <= held
    done = erase(store, wanted, reason="request 9", purge=True)
    assert done.purged
    assert set(files_with(store, *secrets)) == in_models
    named = {f"models/{one.ref.name}/{one.ref.version}/" for one in done.found.models}
    assert {name[: len("models/toy/1/")] for name in in_models} <= named
    for name in ("toy@1", "toy@2", "dataset/toy@1", "dataset/toy@2", "dataset/toy@3"):
        store.open(name)  # what stays is whole
    assert run_project(project).manifest.ref.version == 3
    assert run_project(project).nothing_to_do
    for version in ("toy@1", "toy@2"):
        store.remove(version)
    assert files_with(store, *secrets) == []
    found = find(store, wanted)
    assert [(str(one.ref), one.there) for one in found.datasets] == [("dataset/toy@1", False), ("dataset/toy@2", False)]
    collect(store)
    assert run_project(project).nothing_to_do


@pytest.mark.slow
def test_a_purge_removes_what_steps_printed_and_what_people_were_told(project):
    """A log, the sentence of an error, the items of a step, and a notice."""
    store = store_of(project)
    (project / "own.py").write_text("def rows() -> list:\n    return ['zebra quake xylophone']\n")
    mill = (project / "mill.toml").read_text()
    (project / "mill.toml").write_text(
        mill
        + '[[step]]\nname = "rows"\npython = "own:rows"\n'
        + '[[step]]\nname = "each"\nshell = "true"\nfor_each = "rows"\n'
        + '[[step]]\nname = "show"\nshell = "cat rows.csv; grep ebra rows.csv; exit 1"\n'
    )
    with pytest.raises(StepFailed, match="zebra quake xylophone"):
        run_project(project)
    store.write(store.root / "runs" / "notices" / "toy.json", b"zebra")
    shown = {name for name in files_with(store, "zebra") if name.startswith("runs/")}
    assert {Path(name).name for name in shown} == {"show.log", "show.json", "each[0].json", "toy.json"}
    told = erase(store, PERSON, reason="x")
    assert shown <= {path.relative_to(store.root).as_posix() for path in told.holding.runs}
    erase(store, PERSON, reason="x", purge=True)
    assert [name for name in files_with(store, "zebra", "walrus", "u99") if not name.startswith("models/")] == []


def test_a_purge_leaves_what_surely_does_not_hold_it(project):
    store = store_of(project)
    other = project.parent / "other"
    other.mkdir()
    (other / "mill.toml").write_text(MILL.replace('"toy"', '"other"'))
    (other / "rows.csv").write_text("\n".join(["who,text,label", *rows(seed=5)]) + "\n")
    run_project(other, store=store)
    (kept,) = (path for path in store.root.glob("runs/*/run.json") if b'"other"' in path.read_bytes())
    erase(store, PERSON, reason="x", purge=True)
    assert kept.exists()
    assert len(list(store.root.glob("runs/*/run.json"))) == 1
    assert run_project(other, store=store).nothing_to_do


def test_what_no_data_set_holds_is_said_and_leaves_no_trace(project):
    store = store_of(project)
    lines = store.audit.verify()
    with pytest.raises(NotInStore, match="no version of a data set here holds it"):
        erase(store, text("never read"), reason="x")
    with pytest.raises(NotInStore, match="no version of dataset/other here"):
        erase(store, PERSON, reason="x", name="other")
    assert store.audit.verify() == lines
    assert not list_of(store, "toy").exists()


def test_when_all_rows_are_erased_no_version_is_made_and_the_next_run_says_so(project):
    store = store_of(project)
    everything = Erased(persons=frozenset(hash_of_person(f"u{n}") for n in (*range(7), 99)))
    done = erase(store, everything, reason="x")
    assert [(one.after, one.why) for one in done.successors] == [(None, "no row would be left")]
    with pytest.raises(SourceError, match="all of its rows were erased"):
        run_project(project)


def test_rows_that_were_purged_already_leave_the_next_version_to_the_next_run(project):
    store = store_of(project)
    (project / "rows.csv").write_text("\n".join(["who,text,label", *rows()]) + "\n")
    erase(store, text("zebra quake xylophone"), reason="x", purge=True)
    store.object(store.manifest("dataset/toy@3").parents["corpus"]).unlink()
    done = erase(store, text("walrus quake yodel"), reason="x")
    assert "no longer in the store" in done.successors[0].why
    assert run_project(project).manifest.parents["dataset"] == "dataset/toy@4"


def test_a_list_that_was_changed_stops_the_run_before_it_learns(project):
    store = store_of(project)
    erase(store, PERSON, reason="x")
    path = list_of(store, "toy")
    path.write_bytes(path.read_bytes().replace(b'"persons"', b'"parsons"'))
    with pytest.raises(CorruptError, match=r"toy\.json"):
        run_project(project)


def test_an_official_test_side_is_erased_from_as_well(project):
    (project / "test.csv").write_text("\n".join(["who,text,label", *rows(20, seed=2), "u99,otter fire,a"]) + "\n")
    mill = (project / "mill.toml").read_text()
    (project / "mill.toml").write_text(mill.replace("[features]", 'test = "test.csv"\n[features]'))
    run_project(project)
    store = store_of(project)
    done = erase(store, PERSON, reason="x")
    assert [one.rows for one in done.successors] == [3]
    assert [one.test_rows for one in done.found.datasets] == [0, 0, 1]
    made = store.manifest(done.successors[0].after)
    assert run_project(project).manifest.parents["dataset"] == str(made.ref)


ERASE = """
import sys
from pathlib import Path
from textmill.read.row_hashes import Erased, hash_of_person
from textmill.registry import Store
from textmill.registry.erasure import erase
wanted = Erased(persons=frozenset([hash_of_person("u99")]))
erase(Store(Path(sys.argv[1])), wanted, reason="x", on_wait=lambda who: print("waiting", flush=True))
"""


@pytest.mark.slow
def test_erasing_waits_for_a_run_of_the_project(project):
    store = store_of(project)
    with store.lock("run-toy"):
        eraser = subprocess.Popen([sys.executable, "-c", ERASE, str(store.root)], stdout=subprocess.PIPE, text=True)
        assert eraser.stdout.readline() == "waiting\n"
        assert not list_of(store, "toy").exists()
    with eraser:
        assert eraser.wait() == 0
    assert erased_of(store, "toy") == PERSON


@pytest.mark.slow
def test_no_file_of_a_lock_keeps_what_was_typed(project):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; from textmill.cli import main; os.truncate = os.ftruncate = lambda *a: 0; main()",
            *("data", "erase", "--text", "zebra quake xylophone", "--reason", "x", "--purge", "--store", str(project)),
        ],
        check=True,
        capture_output=True,
    )
    assert b"dataset/toy@3" in done.stdout
    store = store_of(project)
    assert any(path.stat().st_size for path in (store.root / "locks").iterdir())
    assert [name for name in files_with(store, "zebra") if not name.startswith("models/")] == []


def test_nothing_can_be_collected_while_a_run_is_at_work_nor_lost_once_it_is_done(project):
    store = store_of(project)
    mill = (project / "mill.toml").read_text()
    (project / "mill.toml").write_text(mill + "[model]\nC = 1.5\n")
    refused = []

    def between(event):
        with pytest.raises(LockHeld, match="the store is locked by process"):
            collect(store_of(project), wait=0)
        refused.append(event.kind)

    made = run_project(project, on_event=between).manifest
    assert refused.count("finished") == 4
    collect(store)
    store.open(made.ref)
    assert store.finished(made.parents["run"]) is not None
    assert run_project(project).nothing_to_do
