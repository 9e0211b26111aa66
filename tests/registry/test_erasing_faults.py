"""A disk that fails at any call while rows are erased: one sentence, nothing half-written, and it can be done again."""

import errno
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the fakes of its neighbours

from test_faults import FailingDisk
from test_lineage import ROWS, dataset, model, text

from textmill.errors import StoreWriteError
from textmill.read import Corpus
from textmill.registry import Store
from textmill.registry.erased import erased_of
from textmill.registry.erasure import erase


def whole(store: Store) -> None:
    for name, versions in store.datasets().items():
        for version in versions:
            store.open(f"dataset/{name}@{version}")
    for name in store.models():
        store.open(name)
    for path in store.root.glob("objects/*/*"):
        store.object(path.name, verify=True)
    store.audit.verify()


@pytest.mark.slow
def test_erasing_on_a_disk_that_fails_can_be_done_again(tmp_path):
    at, said = 0, list[str]()
    while True:
        at += 1
        root = tmp_path / f"store{at}"
        model(Store(root), dataset(Store(root), tmp_path), ["a fire"])
        disk = FailingDisk(at, errno.ENOSPC)
        store = Store(root, disk=disk)
        try:
            erase(store, text("a fire"), reason="x", purge=True)
        except StoreWriteError as error:
            said.append(str(error))
        else:
            assert disk.left > 0
            break
        whole(Store(root))
        again = Store(root)
        done = erase(again, text("a fire"), reason="x", purge=True)
        whole(again)
        newest = again.manifest("dataset/toy")
        assert done.successors[0].after == newest.ref
        corpus = Corpus.load(again.object(newest.parents["corpus"], verify=True))
        assert [record.text for record in corpus.records()] == [row[0] for row in ROWS[1:]]
        assert erased_of(again, "toy") == text("a fire")
        assert not again.has(again.manifest("dataset/toy@1").parents["corpus"])
        again.close()
    assert len(said) > 30
    assert all("there is no room left on the disk" in one for one in said)
