"""A model in one file: the same bytes, and nothing of it believed that was not written."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from textmill.errors import CorruptError, DataError, FormatError, SourceError, StoreWriteError, UnknownName
from textmill.registry import Disk, Store
from textmill.registry.bundle import bundle, install
from textmill.registry.requirements import differing, requirements
from textmill.registry.sealed import seal


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "model.json").write_text("{}")
    (folder / "sub" / "w.npy").write_bytes(bytes(range(200)))
    config = {"text": {"tokens": "words", "map": ["porter", "mine:shout"]}}
    store.publish("m", folder, parents={"data": "d", "code": "c"}, config=config, report={"f1": 0.5})
    store.publish("m", folder, parents={"data": "d2", "code": "c"}, config=config, report={"f1": 0.75})
    return store


@pytest.fixture
def made(store, tmp_path):
    bundle(store, "m@2", tmp_path / "m.zip")
    return tmp_path / "m.zip"


def test_a_bundle_is_installed_as_the_next_version_and_says_which_it_was(store, made, tmp_path):
    there = Store(tmp_path / "there")
    done = install(there, made)
    assert str(done.manifest.ref) == "model/m@1"
    manifest, folder = there.open("m")
    old, _ = store.open("m@2")
    assert manifest.files == old.files
    assert (manifest.config, manifest.report) == (old.config, old.report)
    raw = (store.root / "models" / "m" / "2" / "manifest.json").read_bytes()
    origin = {"origin": "model/m@2", "origin_manifest": hashlib.sha256(raw).hexdigest()}
    assert manifest.parents == {"data": "d2", "code": "c"} | origin
    assert (folder / "sub" / "w.npy").read_bytes() == bytes(range(200))
    assert done.functions == ("mine:shout",)
    assert done.requirements == tuple(f"{name}=={version}" for name, version in requirements().items())
    assert install(there, made).manifest.ref == manifest.ref
    there.close()
    assert list((there.root / "tmp").iterdir()) == []


def test_the_same_model_is_the_same_bytes(store, made, tmp_path):
    bundle(store, "m@2", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == made.read_bytes()
    bundle(store, "m@1", tmp_path / "other.zip")
    assert (tmp_path / "other.zip").read_bytes() != made.read_bytes()


@pytest.mark.parametrize(
    ("files", "tokens", "wanted"),
    [
        ({"weights.safetensors": b""}, "words", {"torch", "safetensors", "transformers"}),
        ({"weights.safetensors": b""}, "subword", {"torch", "safetensors", "tokenizers"}),
        ({"weights.safetensors": b"", "network.onnx": b""}, "words", {"onnxruntime"}),
        ({"weights.safetensors": b"", "network.onnx": b""}, "subword", {"onnxruntime", "tokenizers"}),
        ({}, "words", set()),
    ],
)
def test_a_network_names_what_answers_for_it(tmp_path, files, tokens, wanted):
    pytest.importorskip("torch")
    (tmp_path / "model").mkdir()
    settings = {"tokens": tokens, "map": "none", "stop_words": "none"}
    for name, data in {
        "model.json": b"{}",
        "vocabulary.json": json.dumps({"text": settings}).encode(),
        **files,
    }.items():
        (tmp_path / "model" / name).write_bytes(data)
    store = Store(tmp_path / "store")
    store.publish("m", tmp_path / "model", parents={}, config={"text": {"tokens": "words", "map": "none"}}, report={})
    bundle(store, "m", tmp_path / "m.zip")
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        named = {line.partition("==")[0] for line in archive.read("requirements.txt").decode().split()}
    known = {"torch", "safetensors", "transformers", "onnxruntime", "tokenizers"}
    assert wanted <= named
    if "torch" not in wanted:
        assert named & known == wanted


def test_any_unzip_reads_it(made):
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert "numpy==" in archive.read("requirements.txt").decode()
        assert json.loads(archive.read("bundle.json"))["ref"] == "model/m@2"


@pytest.mark.slow
def test_one_changed_byte_anywhere_is_found_or_changes_nothing(made, tmp_path):
    good = made.read_bytes()
    right = install(Store(tmp_path / "right"), made).manifest
    refused = 0
    for at in range(0, len(good), 7):
        made.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
        there = Store(tmp_path / f"there{at}")
        said = None
        try:
            found = install(there, made).manifest
        except (CorruptError, FormatError) as error:
            said, refused = str(error), refused + 1
        if said is None:  # a time, or what else of the zip's own says nothing
            assert (found.files, found.config, found.parents) == (right.files, right.config, right.parents)
        else:
            assert str(made) in said
            assert there.models() == {}
        there.close()
    assert refused > len(good) / 7 / 2


def rewritten(made: Path, change, head=None) -> None:
    """The bundle with other entries, its list made to fit."""
    with zipfile.ZipFile(made) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    body = json.loads(entries.pop("bundle.json"))
    body = {key: value for key, value in body.items() if key not in ("format", "digest")}
    entries = change(entries)
    body["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in entries.items()}
    raw = seal(body | (head or {}), format=1, where="test")
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in {"bundle.json": raw, **entries}.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "model/../../evil", "model//x", "a\\b", "model/."])
def test_a_name_that_leaves_the_folder_is_refused(made, tmp_path, name):
    rewritten(made, lambda entries: entries | {name: b"x"})
    with pytest.raises(CorruptError, match="is no name for a file of a bundle"):
        install(Store(tmp_path / "there"), made)
    assert not (tmp_path / "evil").exists()


def test_a_link_a_folder_and_a_packed_file_are_refused(made, tmp_path):
    good = made.read_bytes()
    for kind, pack in (
        (0o120777, zipfile.ZIP_STORED),
        (0o040755, zipfile.ZIP_STORED),
        (0o100644, zipfile.ZIP_DEFLATED),
    ):
        made.write_bytes(good)
        with zipfile.ZipFile(made, "a") as archive:
            entry = zipfile.ZipInfo("model/odd")
            entry.external_attr = kind << 16
            archive.writestr(entry, "/etc/passwd", compress_type=pack)
        with pytest.raises(CorruptError, match="'model/odd' is no plain file"):
            install(Store(tmp_path / "there"), made)


def test_a_name_that_comes_twice_is_refused(made, tmp_path):
    with zipfile.ZipFile(made, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("model/model.json", "{}")
    with pytest.raises(CorruptError, match="is no name for a file"):
        install(Store(tmp_path / "there"), made)


@pytest.mark.parametrize(
    ("change", "head", "said"),
    [
        (lambda entries: entries | {"model/extra.json": b"{}"}, {}, "manifest does not know this file"),
        (lambda entries: {n: d for n, d in entries.items() if "w.npy" not in n}, {}, "this file is missing"),
        (lambda entries: {n: d[:-1] if "w.npy" in n else d for n, d in entries.items()}, {}, "its sha256 is wrong"),
        (lambda entries: {n: d for n, d in entries.items() if "manifest" not in n}, {}, "lacks what it must say"),
        (dict, {"ref": "model/n@2"}, "belongs to another version"),
        (dict, {"ref": 3}, "lacks what it must say"),
        (dict, {"requirements": "numpy"}, "lacks what it must say"),
        (dict, {"files": {}}, "is in the file or in its list"),
    ],
)
def test_a_bundle_that_was_made_up_is_refused(made, tmp_path, change, head, said):
    if head == {"files": {}}:
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr("more.txt", "x")
    else:
        rewritten(made, change, head)
    there = Store(tmp_path / "there")
    with pytest.raises(CorruptError, match=said):
        install(there, made)
    assert there.models() == {}


def test_a_newer_format_is_refused_with_what_to_do(made, tmp_path):
    with zipfile.ZipFile(made) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["bundle.json"] = seal({"ref": "model/m@2"}, format=2, where="test")
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    with pytest.raises(FormatError, match="Update textmill"):
        install(Store(tmp_path / "there"), made)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip" * 10, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_one_sentence(tmp_path, data):
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(CorruptError, match=r"x\.zip: .*no bundle"):
        install(Store(tmp_path / "there"), tmp_path / "x.zip")
    with pytest.raises(SourceError, match="it cannot be read"):
        install(Store(tmp_path / "there"), tmp_path / "y.zip")


def test_wheels_go_along_if_all_are_there(store, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    needed = requirements()
    for name, version in needed.items():
        (wheels / f"{name.replace('-', '_')}-{version}-py3-none-any.whl").write_bytes(name.encode())
    (wheels / "unrelated-1.0-py3-none-any.whl").write_bytes(b"x")
    names = bundle(store, "m", tmp_path / "m.zip", wheels=wheels)
    assert len([name for name in names if name.startswith("wheels/")]) == len(needed)
    assert install(Store(tmp_path / "there"), tmp_path / "m.zip").manifest.ref.version == 1
    next(wheels.glob("numpy-*")).unlink()
    with pytest.raises(DataError, match=f"there is no wheel for numpy=={needed['numpy']}"):
        bundle(store, "m", tmp_path / "other.zip", wheels=wheels)
    assert not (tmp_path / "other.zip").exists()


def test_what_is_needed_is_what_is_installed(store, tmp_path):
    import numpy

    plain = requirements()
    assert plain["numpy"] == numpy.__version__
    assert "mdurl" in plain  # needed by what rich needs
    assert not {"pytest", "starlette", "uvicorn"} & set(plain)
    assert {"starlette", "anyio"} <= set(requirements(["serve"]))
    with pytest.raises(UnknownName, match="no extra is called 'serv'"):
        bundle(store, "m", tmp_path / "m.zip", extras=["serv"])
    assert differing([f"numpy=={numpy.__version__}"]) == []
    assert differing(["numpy==0.1", "no-such-package==1"]) == [
        f"numpy is {numpy.__version__} here and was 0.1",
        "no-such-package 1 is not installed",
    ]


def test_a_damaged_version_makes_no_bundle(store, tmp_path):
    file = store.root / "models" / "m" / "2" / "model.json"
    file.chmod(0o644)
    file.write_bytes(b"[]")
    with pytest.raises(CorruptError, match=r"model\.json"):
        bundle(store, "m", tmp_path / "m.zip")


def test_a_disk_that_fails_leaves_no_half_of_a_bundle_and_the_old_one(store, made):
    class Failing(Disk):
        def rename(self, old, new):
            raise OSError(28, "No space left on device")

    before = made.read_bytes()
    with pytest.raises(StoreWriteError, match="no room left"):
        bundle(Store(store.root, disk=Failing()), "m@1", made)
    assert made.read_bytes() == before
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".")] == []
