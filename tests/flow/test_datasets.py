"""Every run keeps what it read as a version of the data set."""

import json
import shutil

import pytest
from person_rows import MILL, rows, store_of

from textmill.flow import run_project
from textmill.registry import Store
from textmill.registry.disk import Disk


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran") / "toy"
    folder.mkdir()
    (folder / "mill.toml").write_text(MILL)
    (folder / "rows.csv").write_text("\n".join(["who,text,label", *rows()]) + "\n")
    run_project(folder, store=folder / ".textmill", threads=1)
    return folder


@pytest.fixture
def project(ran, tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    return shutil.copytree(ran, tmp_path / "toy", copy_function=shutil.copyfile)


def test_a_run_makes_a_version_of_its_data_set_and_the_model_names_it(project):
    store = store_of(project)
    manifest, folder = store.open("dataset/toy@1")
    assert set(manifest.files) == {"texts.npy", "persons.npy", "sources.json"}
    assert store.manifest("toy").parents["dataset"] == "dataset/toy@1"
    assert store.manifest("toy").parents["data"] == manifest.parents["data"]
    store.object(manifest.parents["corpus"], verify=True)
    assert manifest.config["read"]["source"] == "rows.csv"
    assert manifest.report == {"rows": 60, "rejected": 0, "reasons": {}, "classes": {"a": 30, "b": 30}}
    assert list(json.loads((folder / "sources.json").read_text())) == ["source 0"]
    assert [line.facts["ref"] for line in store.audit.lines()] == ["dataset/toy@1", "model/toy@1"]
    assert store.datasets() == {"toy": (1,)}


def test_the_same_rows_are_the_same_version_and_new_ones_a_new_one(project):
    (project / "rows.csv").rename(project / "more.csv")
    (project / "mill.toml").write_text(MILL.replace("rows.csv", "more.csv"))
    assert run_project(project).manifest.parents["dataset"] == "dataset/toy@1"
    assert store_of(project).datasets() == {"toy": (1,)}
    (project / "more.csv").write_text("\n".join(["who,text,label", *rows(70)]) + "\n")
    assert run_project(project).manifest.parents["dataset"] == "dataset/toy@2"


def test_to_name_the_persons_later_makes_a_version_with_them(project):
    (project / "mill.toml").write_text(MILL.replace('person = "who"\n', ""))
    run_project(project)
    manifest = store_of(project).manifest("dataset/toy")
    assert manifest.ref.version == 2
    assert set(manifest.files) == {"texts.npy", "sources.json"}


def test_a_version_that_is_lost_or_damaged_gets_a_successor(project):
    file = project / ".textmill" / "datasets" / "toy" / "1" / "texts.npy"
    good = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert not run_project(project).nothing_to_do
    assert store_of(project).open("dataset/toy")[0].ref.version == 2
    shutil.rmtree(project / ".textmill" / "datasets")
    run_project(project)
    assert store_of(project).open("dataset/toy")[0].ref.version == 1


def test_a_test_side_is_in_the_same_version(project):
    shutil.copy(project / "rows.csv", project / "test.csv")
    (project / "test.csv").write_text("\n".join(["who,text,label", *rows(20, seed=2)]) + "\n")
    (project / "mill.toml").write_text(MILL.replace("[features]", 'test = "test.csv"\n[features]'))
    run_project(project)
    manifest, folder = store_of(project).open("dataset/toy@2")
    assert set(manifest.parents) == {"data", "corpus", "test", "test_corpus"}
    assert manifest.report["test"]["rows"] == 20
    assert set(json.loads((folder / "sources.json").read_text())) == {"source 0", "test 0"}
    assert "test/texts.npy" in manifest.files


def test_a_refused_model_leaves_its_data_set(project, tmp_path):
    from textmill.flow import ProjectRefused

    shutil.rmtree(project / ".textmill")
    (project / "mill.toml").write_text(MILL + 'promote_if = "accuracy > 1.5"\n')
    with pytest.raises(ProjectRefused):
        run_project(project)
    assert store_of(project).datasets() == {"toy": (1,)}
    assert store_of(project).models() == {}


def test_a_disk_that_fails_while_a_data_set_is_published_leaves_whole_versions_only(project):
    from textmill.errors import StoreWriteError

    class Full(Disk):
        left = 0

        def rename(self, old, new):
            if "datasets" in str(new):
                Full.left += 1
                raise OSError(28, "No space left on device")
            super().rename(old, new)

    shutil.rmtree(project / ".textmill")
    with pytest.raises(StoreWriteError, match="no room left"):
        run_project(project, store=Store(project / ".textmill", disk=Full()))
    assert Full.left == 1
    assert store_of(project).datasets() == {}
    assert run_project(project).manifest.parents["dataset"] == "dataset/toy@1"
