"""kill -9 at every call that changes a file, and at every event: a run that follows gives the same keys and bytes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, shutil, signal, sys
from pathlib import Path
from textmill.flow import Flow, Step, run_flow
from textmill.registry import Disk, Store


class KillingDisk(Disk):
    def __init__(self, at):
        self.left = at

    def _count(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, descriptor, data):
        half = len(data) // 2
        super().write(descriptor, data[:half])
        self._count()
        super().write(descriptor, data[half:])


def counted(name):
    def call(self, *args):
        self._count()  # before it
        made = getattr(Disk, name)(self, *args)
        self._count()  # and after it
        return made
    return call


for name in ("open_new", "sync", "rename", "link_or_copy", "sync_folder", "make_folder"):
    setattr(KillingDisk, name, counted(name))


def read(work):
    (work.folder / "sub").mkdir()
    (work.folder / "sub" / "rows").write_bytes(bytes(range(256)) * 40)
    (work.folder / "rejected").write_text("")
    return {"rows": 40}

def train(work):
    (work.folder / "w").write_bytes(work.file("read", "sub/rows").read_bytes()[::-1])
    return {"rows": work.value("read", "rows") * 2}

def flow_of(store, project):
    def register(work):
        names = store.models().get("m", ())
        if names and store.manifest("m").parents["key"] == "k":
            return {"version": names[-1]}
        folder = work.folder / "model"
        folder.mkdir()
        shutil.copyfile(work.file("train", "w"), folder / "w")
        made = store.publish("m", folder, parents={"key": "k"}, config={}, report={})
        shutil.rmtree(folder)
        return {"version": made.ref.version}

    return Flow("toy", (
        Step("read", read), Step("train", train, needs=("read",)), Step("register", register, needs=("train",))))


def state(store):
    \"\"\"Keys, bytes and values, as far as they do not say when.\"\"\"
    steps = {}
    for path in sorted((store.root / "steps").glob("*.json")):
        found = store.finished(path.stem)
        steps[path.stem] = [found.step, found.values, {n: store.object(f.sha256, verify=True).name
                                                        for n, f in found.files.items()}]
    versions = {f"{n}@{v}": store.open(n, v)[0].files for n, vs in store.models().items() for v in vs}
    store.audit.verify()
    return [steps, versions]


def attempt(root, disk, at_event):
    told = 0
    def tell(event):
        nonlocal told
        told += 1
        if told == at_event:
            os.kill(os.getpid(), signal.SIGKILL)
    store = Store(root, disk=disk)
    run_flow(flow_of(store, root), store, on_event=tell)


def killed(root, disk, at_event):
    pid = os.fork()
    if pid == 0:
        try:
            attempt(root, disk, at_event)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def main(top, stride):
    attempt(top / "right", Disk(), 0)
    right = state(Store(top / "right"))
    count = {"calls": 0, "events": 0, "different": [], "twice": [], "left over": []}
    for kind in ("calls", "events"):
        for at in range(1, 10_000, stride if kind == "calls" else 1):
            root = top / f"{kind}{at}"
            disk = KillingDisk(at) if kind == "calls" else Disk()
            if not killed(root, disk, at if kind == "events" else 0):
                break
            count[kind] += 1
            store = Store(root)
            before = {path.stem for path in root.glob("steps/*.json")}
            done = run_flow(flow_of(store, root), store)
            if state(store) != right:
                count["different"].append([kind, at])
            if any(step.key in before and not step.cached for step in done.steps.values()):
                count["twice"].append([kind, at])
            if list(root.glob("tmp/*")) and kind == "events":
                # nothing swept where there was nothing left to do; the next run that has work sweeps
                Store(root).scratch.sweep()
            if list(root.glob("tmp/*")) and any(not step.cached for step in done.steps.values()):
                count["left over"].append([kind, at])
            shutil.rmtree(root)
    print(json.dumps(count))


main(Path(sys.argv[1]), int(sys.argv[2]))
"""


def kill_at_every(stride: int, folder: Path) -> int:
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(folder), str(stride)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count = json.loads(done.stdout)
    assert count["different"] == []
    assert count["twice"] == []
    assert count["left over"] == []
    assert count["events"] == 6
    return int(count["calls"])


@pytest.mark.slow
def test_a_kill_at_any_event_or_ninth_call_loses_nothing_finished_and_ends_with_the_same_bytes(tmp_path: Path):
    assert kill_at_every(9, tmp_path) > 10


@pytest.mark.slow
def test_a_kill_at_any_call_loses_nothing_finished_and_ends_with_the_same_bytes(tmp_path: Path):
    assert kill_at_every(1, tmp_path) > 100


@pytest.mark.slow
def test_a_run_of_a_project_that_is_killed_at_a_random_moment_ends_as_if_it_had_not_been():
    """The run, one of its processes or all of them; `python -m benches reliability` kills 500 times."""
    command = [sys.executable, "-m", "benches.reliability", "15", "7"]
    root = Path(__file__).resolve().parents[2]  # benches/ stands beside tests/
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 15
    assert [trial for trial in found if trial["faults"]] == []
    assert {trial["whom"] for trial in found} == {"run", "one", "all"}
    assert any(0 < trial["kept"] < 15 for trial in found)
