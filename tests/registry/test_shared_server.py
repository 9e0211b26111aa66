"""A shared store on a real server for S3 (moto), reached by s3fs as any other would be."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from buckets import s3_server
from textmill.errors import CorruptError, StoreError
from textmill.registry import FileOutput, Finished
from textmill.registry.bucket import Bucket
from textmill.registry.collecting import collect
from textmill.registry.shared import SharedStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(map(find_spec, ("s3fs", "moto"))), reason="a server for S3 is not installed"),
]

EXAMPLE = Path(__file__).parents[2] / "examples" / "disaster"
CLIENT = {
    "AWS_ACCESS_KEY_ID": "mill",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as found:
        yield found


@pytest.fixture
def url(address, monkeypatch, tmp_path) -> str:
    for name, value in {**CLIENT, "AWS_ENDPOINT_URL": address, "TEXTMILL_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    import s3fs

    files = s3fs.S3FileSystem(skip_instance_cache=True)
    if not files.exists("mill"):
        files.mkdir("mill")
    return f"s3://mill/{tmp_path.name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w").write_bytes(bytes(1000))
    return tmp_path / "model"


def test_a_bucket_keeps_what_it_says(url, tmp_path):
    bucket = Bucket(url)
    assert bucket.read(["a", "b"]) == [None, None]
    assert bucket.create("a", b"one")
    assert not bucket.create("a", b"two")
    bucket.write("b", b"")
    assert bucket.read(["a", "none", "b"]) == [b"one", None, b""]
    assert (bucket.size("a"), bucket.size("none")) == (3, None)
    (tmp_path / "file").write_bytes(b"file")
    bucket.upload("x/file", tmp_path / "file")
    assert bucket.read(["x/file"]) == [b"file"]
    bucket.write("x/file", b"fill")  # of the same size
    bucket.upload("x/file", tmp_path / "file")
    assert bucket.keys("x") == ["x/file"]
    ((key, written, size),) = bucket.entries("x")
    assert (key, size) == ("x/file", 4)
    assert abs(bucket.now() - written) < 600
    bucket.write("y/file", b"y")
    bucket.remove(["y/file", "y/none"])
    assert bucket.keys("y") == []
    assert bucket.entries("y") == []
    assert not bucket.keeps_old()
    sha256 = "3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80"
    bucket.download("x/file", tmp_path / "back", sha256)
    assert (tmp_path / "back").read_bytes() == b"file"
    with pytest.raises(CorruptError):
        bucket.download("a", tmp_path / "other", sha256)
    assert not (tmp_path / "other").exists()


MACHINE = """
import sys
from pathlib import Path
from textmill.registry.shared import SharedStore
url, root, folder, times = sys.argv[1:]
store = SharedStore(url, Path(root))
for number in range(int(times)):
    made = store.publish("m", Path(folder), parents={}, config={}, report={})
    store.point(made.ref, "champion")
    print(made.ref.version, flush=True)
store.close()
"""


def machine(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", MACHINE, *map(str, words)], stdout=subprocess.PIPE, text=True)


def test_two_machines_at_once_lose_no_version_and_the_chain_is_whole(url, folder, tmp_path):
    both = [machine(url, tmp_path / name, folder, 6) for name in "ab"]
    told = [process.communicate(timeout=120)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(int(version) for one in told for version in one) == list(range(1, 13))
    fresh = SharedStore(url, tmp_path / "fresh")
    assert fresh.models() == {"m": tuple(range(1, 13))}
    assert fresh.audit.verify() == 24
    pointed = fresh.aliases("m")["champion"]
    assert sorted([*pointed.before, pointed.version]) == list(range(1, 13))
    for version in range(1, 13):
        fresh.open("m", version)


def test_a_machine_that_is_killed_leaves_nothing_half_done(url, folder, tmp_path):
    for number in range(3):
        dying = machine(url, tmp_path / "dying", folder, 1000)
        assert dying.stdout is not None
        for _ in range(number + 1):
            dying.stdout.readline()
        dying.send_signal(signal.SIGKILL)
        dying.communicate(timeout=60)
        other = SharedStore(url, tmp_path / "other")
        other.catch_up()
        for version in other.models()["m"]:
            other.open("m", version)
        made = other.publish("m", folder, parents={}, config={}, report={}).ref.version
        assert other.models()["m"] == tuple(range(1, made + 1))
        other.audit.verify()
    again = machine(url, tmp_path / "dying", folder, 1)
    assert again.communicate(timeout=60)[0].split() == [str(made + 1)]


def test_a_damaged_object_is_found_before_use_and_named(url, folder, tmp_path):
    a, b = SharedStore(url, tmp_path / "a"), SharedStore(url, tmp_path / "b")
    sha256 = a.put_file(folder / "w")
    a.finish(Finished("train", "a" * 64, {"w": FileOutput(sha256, 1000)}))
    key = f"objects/{sha256[:2]}/{sha256}"
    a.bucket.write(key, bytes(999) + b"!")
    assert b.finished("a" * 64) is not None
    with pytest.raises(CorruptError, match=key):
        b.object(sha256)
    a.finish(Finished("train", "a" * 64, {"w": FileOutput(sha256, 1000)}))  # done again: a whole one takes its place
    assert b.object(sha256).read_bytes() == bytes(1000)


def test_what_is_missing_is_one_sentence(url, folder, tmp_path, monkeypatch):
    with pytest.raises(StoreError, match=r"^s3://no-such-bucket/x: there is no such bucket\."):
        SharedStore("s3://no-such-bucket/x", tmp_path / "a").models()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match=r"the shared store cannot be reached: Could not connect.*AWS_ENDPOINT_URL"):
        SharedStore(url, tmp_path / "b").models()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreError, match="no credentials were found"):
        SharedStore(url, tmp_path / "c").models()


def textmill(*words: object, cache: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "textmill.cli", *map(str, words)],
        env={**os.environ, "TEXTMILL_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_what_one_machine_ran_another_has_nothing_to_do_for(url, tmp_path):
    for name in "ab":
        shutil.copytree(EXAMPLE, tmp_path / name, ignore=shutil.ignore_patterns(".textmill"))
    first = json.loads(textmill("run", tmp_path / "a", "--store", url, "--json", cache=tmp_path / "ca").stdout)
    assert first["store"] == url
    assert not any(step["cached"] for step in first["steps"])
    said = textmill("predict", "disaster", "fire in the valley", "--store", url, cache=tmp_path / "cb").stdout
    assert said.startswith("disaster")
    second = json.loads(textmill("run", tmp_path / "b", "--store", url, "--json", cache=tmp_path / "cb").stdout)
    done = {step["step"] for step in second["steps"] if not step["cached"]}
    assert done == {"report"}  # which lies beside the project
    assert (tmp_path / "b" / "report.html").read_bytes() == (tmp_path / "a" / "report.html").read_bytes()
    third = json.loads(textmill("run", tmp_path / "b", "--store", url, "--json", cache=tmp_path / "cb").stdout)
    assert third["nothing_to_do"]
    assert (third["version"], third["report"]) == (first["version"], first["report"])
    assert textmill("store", "gc", "--store", url, cache=tmp_path / "ca").stdout == "There is nothing to collect.\n"
    young = textmill("store", "gc", "--store", url, "--older-than", "1h", cache=tmp_path / "ca", code=1).stderr
    assert "what a run on another machine has made is known by its age alone" in young


def test_what_is_old_is_taken_from_a_real_bucket(url, folder, tmp_path, monkeypatch):
    a, b = SharedStore(url, tmp_path / "a"), SharedStore(url, tmp_path / "b")
    sha256 = a.put_file(folder / "w")
    a.finish(Finished("train", "a" * 64, {"w": FileOutput(sha256, 1000)}))
    before = a.bucket.now()
    assert not collect(a, older_than=86_400)
    assert [one.path.stem for one in b.entries("steps")] == ["a" * 64]
    assert 0 <= before - b.entries("objects")[0].written < 600
    monkeypatch.setattr(Bucket, "now", lambda bucket: before + 30 * 86_400)
    assert len(collect(a, older_than=86_400).objects) == 1
    assert a.bucket.keys("objects") == a.bucket.keys("steps") == []
    a.finish(Finished("train", "a" * 64, {"w": FileOutput(sha256, 1000)}))
    assert a.bucket.keys("objects") == [f"objects/{sha256[:2]}/{sha256}.2"]
    b.catch_up()
    assert b.finished("a" * 64) is not None
    assert b.object(sha256).read_bytes() == bytes(1000)


def everything(url: str, *folders: Path) -> dict[str, bytes]:
    """Every object below the URL, and every file of some folders."""
    import s3fs

    server = s3fs.S3FileSystem(skip_instance_cache=True)
    found = server.cat(server.find(url))
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {**found, **{str(path): path.read_bytes() for path in files}}


def test_erasing_and_purging_reach_every_machine(url, tmp_path):
    from textmill.registry.erased import erased_of

    project = tmp_path / "project"
    project.mkdir()
    rows = [f"{'fire' if n % 2 else 'calm'} {word} {n},{n % 2},u{n % 7}" for n, word in enumerate("abcdefghij" * 6)]
    (project / "rows.csv").write_text("text,label,who\n" + "\n".join([*rows, "zebra xylophone,0,u99"]) + "\n")
    (project / "mill.toml").write_text(
        '[project]\nname = "m"\ntask = "classify"\n[read]\nsource = "rows.csv"\ntext = "text"\nlabel = "label"\n'
        'person = "who"\n[features]\nngrams = [1, 1]\n'
    )
    ca, cb = tmp_path / "ca", tmp_path / "cb"
    textmill("run", project, "--store", url, cache=ca)
    textmill("run", project, "--store", url, cache=cb)  # it has all of it too
    textmill("predict", "m", "fire", "--store", url, cache=cb)
    words = ("data", "erase", "m", "--person", "u99", "--reason", "asked", "--store", url)
    assert "dataset/m@2 is dataset/m@1 without 1 row." in textmill(*words, cache=cb).stdout
    a = SharedStore(url, next(ca.iterdir()))
    assert a.datasets() == {"m": (1, 2)}
    assert len(erased_of(a, "m").persons) == 1
    again = json.loads(textmill("run", project, "--store", url, "--json", cache=ca).stdout)
    assert not again["nothing_to_do"]
    assert a.audit.verify() == len(list(a.audit.lines()))
    textmill("models", "remove", "m@1", "--yes", "--store", url, cache=ca)
    assert any(b"zebra" in data for name, data in everything(url).items() if "/objects/" in name)
    assert "Purged, as they held it or may have" in textmill(*words, "--purge", cache=ca).stdout
    assert [name for name, data in everything(url, ca).items() if b"zebra" in data] == []
    textmill("models", "list", "--store", url, cache=cb)
    assert [name for name, data in everything(url, ca, cb).items() if b"zebra" in data] == []
    for cache in (ca, cb):
        assert json.loads(textmill("run", project, "--store", url, "--json", cache=cache).stdout)["version"] == 2
    textmill("audit", "verify", "--store", url, cache=cb)
