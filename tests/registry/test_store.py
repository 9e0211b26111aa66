import os
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.errors import CorruptError, DataError, NotInStore, SourceError, StoreError
from textmill.registry import FileOutput, Finished, Store
from textmill.types import Manifest, Ref


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "weights").mkdir(parents=True)
    (made / "model.json").write_text('{"kind": "majority"}')
    (made / "weights" / "w.npy").write_bytes(b"\x93NUMPY" + bytes(100))
    return made


def publish(store: Store, folder: Path, name: str = "disaster", **more: object) -> Manifest:
    facts = {"parents": {"data": "abc"}, "config": {"model": {"C": 1.0}}, "report": {"f1": 0.75}} | more
    return store.publish(name, folder, **facts)  # type: ignore[arg-type]


def tree(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=4))
def test_what_is_put_is_what_is_got_by_bytes_and_by_file(contents):
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name) / "store")
        for number, data in enumerate(contents):
            (Path(name) / str(number)).write_bytes(data)
            assert store.put_bytes(data) == store.put_file(Path(name) / str(number)) == sha256(data).hexdigest()
        for data in contents:
            assert store.object(sha256(data).hexdigest(), verify=True).read_bytes() == data
        objects = [p for p in (store.root / "objects").rglob("*") if p.is_file()]
        assert len(objects) == len(set(contents))
        store.close()
        assert not contents or list((store.root / "tmp").iterdir()) == []


def test_an_object_that_is_not_there_is_said(store):
    with pytest.raises(NotInStore, match="no such object"):
        store.object("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "abc", "A" * 64])
def test_a_name_that_is_no_sha256_never_becomes_a_path(store, name):
    with pytest.raises(NotInStore, match="is no sha256"):
        store.object(name)


def test_a_damaged_object_is_named_and_putting_it_again_mends_it(store):
    name = store.put_bytes(b"all is well")
    path = store.object(name)
    path.chmod(0o644)
    path.write_bytes(b"all is hell")
    with pytest.raises(CorruptError, match=name):
        store.object(name, verify=True)
    assert store.put_bytes(b"all is well") == name
    assert store.object(name, verify=True).read_bytes() == b"all is well"


def test_a_file_that_is_missing_cannot_be_put(store, tmp_path):
    with pytest.raises(SourceError, match="nothing"):
        store.put_file(tmp_path / "nothing")


def test_making_a_store_and_reading_it_touches_nothing(store):
    assert store.models() == {}
    assert store.finished("0" * 64) is None
    assert store.audit.verify() == 0
    assert not store.root.exists()


def test_a_finished_step_comes_back(store):
    made = store.put_bytes(b"out")
    step = Finished("train", "a" * 64, {"m/w": FileOutput(made, 3)}, {"n": 3, "é": [1.5, None]}, 0.25)
    store.finish(step)
    assert store.finished("a" * 64) == step


def test_a_finished_step_counts_only_while_its_objects_are_there_in_full(store):
    made = store.put_bytes(b"out")
    store.finish(Finished("train", "a" * 64, {"w": FileOutput(made, 3)}))
    store.object(made).chmod(0o644)
    store.object(made).write_bytes(b"ou")
    assert store.finished("a" * 64) is None
    store.object(made).unlink()
    assert store.finished("a" * 64) is None


def test_a_finished_step_that_was_changed_or_swapped_is_done_again(store):
    for key in ("a" * 64, "b" * 64):
        store.finish(Finished("train", key, values={"n": 1}))
    path = store.root / "steps" / f"{'a' * 64}.json"
    good = path.read_bytes()
    for bad in (
        good.replace(b'"n": 1', b'"n": 2'),
        good[:-10],
        b"",
        b"[]",
        good.replace(b'"format": 1', b'"format": 2'),
    ):
        path.write_bytes(bad)
        assert store.finished("a" * 64) is None
    path.write_bytes((store.root / "steps" / f"{'b' * 64}.json").read_bytes())
    assert store.finished("a" * 64) is None


def test_versions_count_from_one_and_open_gives_the_files(store, folder):
    assert str(publish(store, folder).ref) == "model/disaster@1"
    assert str(publish(store, folder).ref) == "model/disaster@2"
    assert store.models() == {"disaster": (1, 2)}
    manifest, opened = store.open("disaster", 1)
    assert manifest.config == {"model": {"C": 1.0}}
    assert manifest.parents == {"data": "abc"}
    published = tree(opened)
    del published["manifest.json"]
    assert published == tree(folder)
    assert [m.ref.version for m in store.manifests("disaster")] == [1, 2]


def test_what_is_published_does_not_change_with_the_folder_it_came_from(store, folder):
    publish(store, folder)
    (folder / "model.json").write_text("other")
    assert (store.open("disaster")[1] / "model.json").read_text() == '{"kind": "majority"}'


@pytest.mark.parametrize("meant", ["disaster@1", "model/disaster@1", Ref("model", "disaster", 1)])
def test_a_version_has_three_spellings(store, folder, meant):
    publish(store, folder)
    publish(store, folder)
    assert store.manifest(meant).ref.version == 1
    assert store.manifest("disaster").ref.version == 2


def test_a_version_that_is_named_is_found_without_a_look_at_its_neighbours(store, folder, monkeypatch):
    publish(store, folder)
    store.point("disaster@1", "champion")

    def refuses(path: object) -> list[str]:
        raise AssertionError(f"{path} was listed, which takes long where there are thousands")

    monkeypatch.setattr(os, "listdir", refuses)
    for meant in ("disaster@1", "disaster@champion", Ref("model", "disaster", 1)):
        assert store.manifest(meant).ref.version == 1


@pytest.mark.parametrize(
    ("meant", "said"),
    [
        ("disastr", "Did you mean 'disaster'"),
        ("zzz", "There is: disaster"),
        ("disaster@9", "There is version 1 of disaster"),
    ],
)
def test_a_name_or_version_that_is_not_there_gets_those_that_are(store, folder, meant, said):
    publish(store, folder)
    with pytest.raises(NotInStore, match=said):
        store.open(meant)


@pytest.mark.parametrize(
    "meant", ["../x", "disaster@0", "disaster@-1", "disaster@" + "9" * 5000, "a/b", "disaster@1@2", ""]
)
def test_a_name_that_cannot_be_one_is_refused(store, folder, meant):
    publish(store, folder)
    with pytest.raises(DataError):
        store.open(meant)


def test_an_empty_folder_a_missing_one_and_a_link_make_no_version(store, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for bad in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(DataError):
            publish(store, bad)
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(DataError, match="plain files"):
        publish(store, folder)
    assert store.models() == {}


def test_what_is_no_json_is_refused_before_anything_is_made(store, folder):
    with pytest.raises(DataError, match="JSON"):
        publish(store, folder, report={"f1": float("nan")})
    assert store.models() == {}
    assert store.audit.verify() == 0


def test_removing_the_newest_version_needs_force_and_a_number_is_not_given_twice(store, folder):
    publish(store, folder)
    publish(store, folder)
    with pytest.raises(StoreError, match="newest version"):
        store.remove("disaster@2")
    with pytest.raises(StoreError, match="does not say which version"):
        store.remove("disaster", force=True)
    going = store.removal("disaster@1")
    assert going.files == ("manifest.json", "model.json", "weights/w.npy")
    assert going.size == sum(len(data) for data in tree(store.open("disaster@1")[1]).values())
    assert store.remove("disaster@1") == going
    store.remove("disaster@2", force=True)
    assert store.models() == {}
    assert publish(store, folder).ref.version == 3
    assert [line.event for line in store.audit.lines()] == ["publish", "publish", "remove", "remove", "publish"]


def test_diff_tells_settings_data_scores_and_files_apart(store, folder):
    publish(store, folder)
    (folder / "model.json").write_text("{}")
    publish(
        store, folder, parents={"data": "abd", "code": "1"}, config={"model": {"C": 2.0}, "x": 1}, report={"f1": 0.8}
    )
    found = store.diff("disaster@1", "disaster@2")
    assert found.settings == {"model.C": (1.0, 2.0), "x": (None, 1)}
    assert found.data == {"data": ("abc", "abd")}
    assert found.code == {"code": (None, "1")}
    assert found.scores == {"f1": (0.75, 0.8)}
    assert list(found.files) == ["model.json"]
    assert not store.diff("disaster@1", "disaster@1")


def test_a_store_can_be_moved(store, folder, tmp_path):
    publish(store, folder)
    store.close()
    os.rename(store.root, tmp_path / "elsewhere")
    moved = Store(tmp_path / "elsewhere")
    moved.open("disaster")
    assert moved.audit.verify() == 1
    assert str(tmp_path).encode() not in b"".join(tree(moved.root).values())


def test_the_named_store_wins_then_the_nearest_above(store, folder, tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    project = tmp_path / "project"
    (project / "deep" / "er").mkdir(parents=True)
    with pytest.raises(NotInStore, match="no store here"):
        Store.near(project)
    publish(Store.beside(project), folder)
    assert Store.near(project / "deep" / "er").root == project / ".textmill"
    monkeypatch.setenv("TEXTMILL_STORE", str(store.root))
    assert Store.near(project).root == Store.beside(project).root == store.root


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_has_is_not(tmp_path):
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom textmill.registry import Store\n"
        "store = Store(Path(sys.argv[1]))\nstore.scratch.new('x').write_bytes(b'half')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = tmp_path / "store"
    subprocess.run([sys.executable, "-c", script, str(root)], check=False)
    living = Store(root)
    mine = living.scratch.new("mine")
    mine.write_bytes(b"mine")
    assert len(list((root / "tmp").iterdir())) == 4
    assert Store(root).scratch.sweep() == 1
    assert mine.read_bytes() == b"mine"
    assert len(list((root / "tmp").iterdir())) == 2
    living.close()
    assert list((root / "tmp").iterdir()) == []


def test_the_store_loads_no_heavy_package():
    script = (
        "import sys\nfrom pathlib import Path\nfrom textmill.registry import Store\n"
        "Store(Path('nowhere')).models()\n"
        "print([m for m in ('numpy', 'scipy', 'pyarrow', 'sklearn', 'rich', 'click') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_version_that_is_named_is_looked_for_alone(store, folder, monkeypatch):
    """Thousands of versions are not listed for each of them."""
    made = publish(store, folder)

    def fails(folder):
        raise AssertionError("the versions were listed")

    monkeypatch.setattr("textmill.registry.store._names_in", fails)
    assert store.manifest(made.ref) == store.manifest("disaster@1") == made


def test_data_sets_have_versions_of_their_own(store, folder):
    publish(store, folder)
    data = publish(store, folder, kind="dataset")
    assert str(data.ref) == "dataset/disaster@1"
    assert store.open("dataset/disaster")[1] == store.root / "datasets" / "disaster" / "1"
    assert (store.models(), store.datasets()) == ({"disaster": (1,)}, {"disaster": (1,)})
    with pytest.raises(NotInStore, match=r"no data set is called 'disastr'.*Did you mean 'disaster'"):
        store.open("dataset/disastr")
    with pytest.raises(DataError, match="is no version of a data set"):
        store.open("dataset/disaster@x")
    with pytest.raises(NotInStore, match="neither a model nor a data set"):
        store.open(Ref("page", "disaster", 1))


def test_a_version_that_says_the_same_is_not_made_again_unless_it_was_damaged(store, folder):
    def same(one, other):
        return one.files == other.files

    first = publish(store, folder)
    assert publish(store, folder, same=same) == first
    file = store.root / "models" / "disaster" / "1" / "model.json"
    good = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(b"{}")
    assert publish(store, folder, same=same).ref.version == 2
    file.write_bytes(good)
    (folder / "model.json").write_text("{}")
    assert publish(store, folder, same=same).ref.version == 3
