import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.errors import CorruptError, FormatError, StoreError
from textmill.registry import Store
from textmill.registry.manifests import inside
from textmill.types import canonical_json


@pytest.fixture
def published(tmp_path: Path) -> tuple[Store, Path]:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.npy").write_bytes(bytes(range(64)))
    store = Store(tmp_path / "store")
    store.publish("m", tmp_path / "model", parents={"data": "d"}, config={"seed": 13}, report={"f1": 0.5})
    return store, store.root / "models" / "m" / "1"


def forge(folder: Path, **changes: object) -> None:
    """A manifest with a right digest, as only someone who means harm would write."""
    body = json.loads((folder / "manifest.json").read_bytes()) | changes
    del body["digest"]
    body["digest"] = hashlib.sha256(canonical_json(body)).hexdigest()
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n")


def test_one_changed_byte_anywhere_in_a_version_is_found_and_named(published):
    store, folder = published
    for path in (folder / "manifest.json", folder / "w.npy"):
        good = path.read_bytes()
        path.unlink()  # it is one file with the object
        for at in range(len(good)):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            with pytest.raises((CorruptError, FormatError), match=path.name):
                store.open("m")
        path.write_bytes(good + b" ")
        with pytest.raises(CorruptError, match=path.name):
            store.open("m")
        path.write_bytes(good)
        store.open("m")


def test_a_missing_file_is_named(published):
    store, folder = published
    (folder / "w.npy").unlink()
    with pytest.raises(CorruptError, match=r"w\.npy: model/m@1: this file is missing"):
        store.open("m")


def test_a_file_that_the_manifest_does_not_know_is_refused(published):
    store, folder = published
    (folder / "extra.json").write_text("{}")
    with pytest.raises(CorruptError, match=r"extra\.json"):
        store.open("m")


@pytest.mark.parametrize(
    "path", ["../../../../etc/passwd", "/etc/passwd", "a/../../w", "./w.npy", "a//b", "", "a\\b", "manifest.json"]
)
def test_a_path_that_leaves_the_folder_is_refused(published, path):
    store, folder = published
    forge(folder, files={path: "0" * 64})
    with pytest.raises(CorruptError, match="names a file outside of its folder"):
        store.open("m")


def test_a_link_out_of_the_folder_is_refused_though_the_bytes_are_right(published, tmp_path):
    store, folder = published
    (tmp_path / "outside").write_bytes((folder / "w.npy").read_bytes())
    (folder / "w.npy").unlink()
    (folder / "w.npy").symlink_to(tmp_path / "outside")
    with pytest.raises(CorruptError, match="symbolic link"):
        store.open("m")


def test_a_linked_folder_is_refused_too(published, tmp_path):
    store, folder = published
    (folder / "sub").symlink_to(tmp_path / "model")
    forge(folder, files={"sub/w.npy": hashlib.sha256(bytes(range(64))).hexdigest()})
    with pytest.raises(CorruptError, match="symbolic link"):
        store.open("m")


def test_a_newer_format_is_refused_with_what_to_do(published):
    store, folder = published
    forge(folder, format=2)
    with pytest.raises(FormatError, match=r"wanted format 1, got format 2\. Update textmill"):
        store.open("m")


def test_the_manifest_of_another_version_is_refused(published):
    store, folder = published
    forge(folder, ref="model/m@2")
    with pytest.raises(CorruptError, match="belongs to another version"):
        store.open("m")


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"w.npy": "short"}},
        {"files": 3},
        {"ref": "nonsense"},
        {"ref": None},
        {"parents": "x"},
        {"files": {"w": 3}},
    ],
)
def test_a_manifest_that_lacks_what_it_must_say_is_refused(published, changes):
    store, folder = published
    forge(folder, **changes)
    with pytest.raises(CorruptError):
        store.open("m")


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[1]", b"\xff\xfe", b"{}", b'{"format": true}', b"[" * 100_000, b'{"format":1}']
)
def test_what_is_no_manifest_at_all_is_one_sentence(published, raw):
    store, folder = published
    (folder / "manifest.json").write_bytes(raw)
    with pytest.raises(StoreError, match=r"manifest\.json"):
        store.open("m")


@settings(max_examples=examples(200))
@given(st.text(alphabet="a./\\\0~", max_size=8))
def test_a_path_that_is_let_in_stays_in(path):
    if inside(path):
        assert (Path("/store/m/1") / path).resolve().is_relative_to("/store/m/1")
        assert "\\" not in path
