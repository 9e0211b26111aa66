"""One byte changed anywhere in the store of a project is found before it is used, and named."""

from pathlib import Path

import pytest
from person_rows import MILL, rows, store_of

from textmill.errors import CorruptError, FormatError
from textmill.flow import run_project
from textmill.flow.bases import Bases
from textmill.flow.record import Record
from textmill.read.row_hashes import Erased, hash_of_person
from textmill.registry.erased import erased_of
from textmill.registry.erasure import erase
from textmill.registry.runs import runs_of


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that has run, with an erased row."""
    folder = tmp_path_factory.mktemp("changed") / "toy"
    folder.mkdir()
    (folder / "mill.toml").write_text(MILL)
    (folder / "rows.csv").write_text("\n".join(["who,text,label", *rows()]) + "\n")
    run_project(folder, store=folder / ".textmill", threads=1)
    erase(store_of(folder), Erased(persons=frozenset([hash_of_person("u3")])), reason="test")
    run_project(folder, store=folder / ".textmill", threads=1)
    return folder


def use(store, path: Path) -> bool:
    """Use a file of the store as whoever needs it does; whether it was believed."""
    parts = path.relative_to(store.root).parts
    if parts[0] == "objects":
        store.object(path.name, verify=True)
    elif parts[0] in ("models", "datasets"):
        store.open(f"{parts[0][:-1]}/{parts[1]}@{parts[2]}")
    elif parts[0].startswith("audit."):
        store.audit.verify()
    elif parts[0] == "erased":
        erased_of(store, "toy")
    elif parts[0] == "steps":
        return store.finished(path.stem) is not None
    elif parts[:2] == ("runs", "finished"):
        return path in [run.path for run in runs_of(store)]
    elif parts[:2] == ("runs", "bases"):
        return Bases(store, parts[2]).of(path.stem) is not None
    elif parts[0] == "runs":
        record = Record(store, parts[1])
        return (record.about() if path.name == "run.json" else record.state(path.stem)) is not None
    return True


def changed(data: bytes):
    """The same with one byte changed, at some places."""
    for at in sorted({0, 1, len(data) // 3, len(data) // 2, len(data) - 2, len(data) - 1} & set(range(len(data)))):
        for bit in (1, 128):
            yield data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


@pytest.mark.slow
def test_one_changed_byte_in_any_file_is_found_and_named(project):
    store = store_of(project)
    # what is left out is empty, or is never believed (see test_sources.py), or is a log for people
    files = [
        path
        for path in sorted(store.root.rglob("*"))
        if path.is_file() and path.name != "digests.json" and path.parent.name not in ("locks", "logs")
    ]
    kinds = {path.relative_to(store.root).parts[0] for path in files}
    assert kinds == {"objects", "steps", "models", "datasets", "erased", "runs", "audit.jsonl", "audit.head"}
    for path in files:
        good = path.read_bytes()
        assert use(store, path), path
        path.chmod(0o644)
        for bad in changed(good):
            path.write_bytes(bad)
            if path.parent == store.root / "steps" or {"finished", "bases"} & {*path.parts}:
                assert not use(store, path), path  # it is done again, which is always right
                continue
            with pytest.raises((CorruptError, FormatError)) as found:
                use(store, path)
            # an audit log and its head vouch for each other
            assert path.name in str(found.value) or path.name.startswith("audit."), path
        path.write_bytes(good)
        assert use(store, path)
    assert run_project(project).nothing_to_do
