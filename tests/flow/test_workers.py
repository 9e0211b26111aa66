"""Steps in processes of their own: at the same time, stopped in time, and none left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textmill.errors import Interrupted, SourceError, StepFailed
from textmill.flow import Event, Record, RunResult, run_project, run_step
from textmill.flow.crew import Crew
from textmill.registry import Store

DEADLINE = 60.0  # seconds; only a failure waits so long

OWN = """
import os, signal, sys, time
from pathlib import Path

def speaks() -> str:
    print("to stdout, é")
    print("to stderr", file=sys.stderr)
    os.system("echo from a command")
    return os.environ.get("MY", "nothing")

def dies():
    os.kill(os.getpid(), signal.SIGKILL)

def leaves():
    os._exit(0)

def stays():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path("pid").write_text(str(os.getpid()))
    time.sleep(1000)

def half():
    Path("pid").write_text(str(os.getpid()))
    time.sleep(1000)
"""


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder, self.events = folder, list[Event]()
        (folder / "own.py").write_text(OWN)

    def write(self, *steps: dict[str, Any]) -> None:
        lines = ['[project]\nname = "toy"']
        for step in steps:
            lines += ["[[step]]", *(f"{key} = {_toml(value)}" for key, value in step.items())]
        (self.folder / "mill.toml").write_text("\n".join(lines))

    def run(self, *steps: dict[str, Any], **options: Any) -> RunResult:
        self.write(*steps)
        self.events.clear()
        return run_project(self.folder, on_event=self.events.append, **options)

    def record(self) -> Record:
        store = Store(self.folder / ".textmill")
        newest = max((store.root / "runs").glob("*Z-*"))
        return Record(store, newest.name)

    def log(self, step: str) -> str:
        return self.record().log(step).read_text()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    return Project(tmp_path)


def until(holds: Callable[[], Any]) -> Any:
    """Wait for something that is sure to come, and fail if it does not."""
    give_up = time.monotonic() + DEADLINE
    while not (found := holds()):
        assert time.monotonic() < give_up, "it did not come"
        time.sleep(0.01)
    return found


def pid_in(path: Path) -> int:
    """The number of a process, once it has written it."""
    return int(until(lambda: path.exists() and path.read_text().strip()))


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # it has ended, and whoever inherited it has not buried it yet


MEETS = 'touch "$TEXTMILL_STEP"; while [ ! -e {other} ]; do sleep 0.01; done'


def test_steps_that_are_ready_run_at_the_same_time(project):
    """Each waits for the other: one after the other they would never end."""
    project.run(
        {"name": "a", "shell": MEETS.format(other="b"), "timeout": "60s"},
        {"name": "b", "shell": MEETS.format(other="a"), "timeout": "60s"},
        threads=2,
    )
    assert [event.kind for event in project.events[:2]] == ["started", "started"]


def test_no_more_run_at_once_than_there_are_threads(project):
    steps = [{"name": f"s{n}", "shell": "true"} for n in range(5)]
    project.run(*steps, threads=2)
    running = peak = 0
    for event in project.events:
        running += {"started": 1, "finished": -1}.get(event.kind, 0)
        peak = max(peak, running)
    assert peak == 2


def test_the_order_in_which_they_end_changes_nothing(project):
    def steps(slow: str) -> list[dict[str, Any]]:
        wait = {name: "sleep 0.2; " if name == slow else "" for name in "ab"}
        made = 'echo "\\"$TEXTMILL_STEP\\"" > $TEXTMILL_OUT/result.json'
        return [
            {"name": "a", "shell": f"if [ -e slow-a ]; then {wait['a']} true; fi; {made}"},
            {"name": "b", "shell": f"if [ -e slow-b ]; then {wait['b']} true; fi; {made}"},
            {"name": "c", "shell": "cat $TEXTMILL_NEEDS/*.json > c.txt", "needs": ["b", "a"]},
        ]

    found = []
    for slow in "ab":
        (project.folder / f"slow-{slow}").touch()
        result = project.run(*steps("x"), store=project.folder / slow, threads=2)
        found.append([(done.step, done.key, dict(done.finished.values)) for done in result.steps])
        (project.folder / f"slow-{slow}").unlink()
    assert found[0] == found[1]
    assert [name for name, _, _ in found[0]] == ["a", "b", "c"]


def test_what_a_step_prints_is_in_its_log_and_nowhere_else(project, capfd):
    result = project.run({"name": "a", "python": "own:speaks", "env": {"MY": "own"}})
    assert result.steps[0].finished.values["result"] == "own"
    lines = project.log("a").splitlines()
    assert lines[0].endswith("try 1: running")
    assert lines[1:-1] == ["to stdout, é", "to stderr", "from a command"]
    assert lines[-1].endswith("try 1: finished")
    assert "MY" not in os.environ
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("said", "spins"), [({}, "1000"), ({"GOMP_SPINCOUNT": "5"}, "5"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "none")]
)
def test_threads_of_steps_that_run_at_once_do_not_hold_the_processors(project, monkeypatch, said, spins):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    project.run({"name": "a", "shell": 'echo "it spins ${GOMP_SPINCOUNT:-none}"', "timeout": "1m"})
    assert f"it spins {spins}" in project.log("a").splitlines()


def test_one_step_of_a_run_shows_what_it_prints_as_it_comes(project):
    project.write({"name": "a", "python": "own:speaks"})
    said: list[bytes] = []
    run_step(project.folder, "a", run="r1", on_output=said.append)
    assert "to stdout, é\nto stderr\nfrom a command\n" in b"".join(said).decode()


def test_the_last_line_of_a_command_is_in_the_sentence_of_its_failure(project):
    with pytest.raises(StepFailed, match="its command ended with 7 and said last: there is no such row"):
        project.run({"name": "a", "shell": "echo fine; echo there is no such row >&2; exit 7"})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("dies", "step a: its process ended with signal SIGKILL before it was done. There may be too little memory."),
        ("leaves", "step a: its process ended with code 0 before it was done"),
    ],
)
def test_a_process_that_vanishes_is_a_failure_of_its_step(project, function, said):
    with pytest.raises(StepFailed) as failed:
        project.run({"name": "a", "python": f"own:{function}"}, {"name": "b", "shell": "true", "after": "a"})
    assert str(failed.value) == said
    assert [(event.step, event.kind) for event in project.events[-2:]] == [("a", "failed"), ("b", "skipped")]
    assert project.record().state("a").state == "failed"


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_stopped_with_what_it_started(project):
    command = "sleep 1000 & echo $! > pid; wait"
    with pytest.raises(StepFailed, match=r"step slow: it was stopped after 0\.3 seconds, its timeout"):
        project.run(
            {"name": "slow", "shell": command, "timeout": "0.3s", "retries": 1}, {"name": "other", "shell": "true"}
        )
    assert is_gone(pid_in(project.folder / "pid"))
    assert [event.kind for event in project.events if event.step == "slow"] == ["started", "retry", "started", "failed"]
    assert project.record().state("slow").attempts == 2
    assert not list((project.folder / ".textmill" / "tmp").iterdir())


@pytest.mark.slow
def test_a_step_that_will_not_stop_is_killed_after_its_grace(project, monkeypatch):
    monkeypatch.setattr(Crew, "grace", 0.1)
    with pytest.raises(StepFailed, match="its timeout"):
        project.run({"name": "stays", "python": "own:stays", "timeout": "1s"})
    assert is_gone(pid_in(project.folder / "pid"))


def test_what_a_command_leaves_in_the_background_ends_with_it(project):
    project.run({"name": "a", "shell": "sleep 1000 & echo $! > pid"})
    assert is_gone(pid_in(project.folder / "pid"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_or_killed_leaves_no_process_behind(project, number):
    project.write(
        {"name": "quick", "shell": "echo 1 > $TEXTMILL_OUT/result.json", "outputs": []},
        {"name": "command", "shell": "sleep 1000 & echo $! > sleeper; wait", "after": "quick"},
        {"name": "function", "python": "own:half", "after": "quick"},
    )
    code = "import sys; from textmill.cli import main; main(['run', sys.argv[1], '--threads', '2'])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(project.folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        pids = [pid_in(project.folder / name) for name in ("sleeper", "pid")]
        process.send_signal(number)
        _, said = process.communicate(timeout=DEADLINE)
    finally:
        process.kill()
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert said.startswith("stopped in steps 'command', 'function'. What was finished is kept")
        assert project.record().about()["end"] == "stopped"
        assert {project.record().state(name).state for name in ("command", "function")} == {"stopped"}
        assert not list((project.folder / ".textmill" / "tmp").iterdir())


def test_ctrl_c_in_this_process_stops_the_steps_too(project):
    def interrupt(event: Event) -> None:
        if event.kind == "started":
            raise KeyboardInterrupt

    project.write({"name": "a", "python": "own:half"})
    with pytest.raises(Interrupted, match="run it again"):
        run_project(project.folder, on_event=interrupt)
    assert not list((project.folder / ".textmill" / "tmp").iterdir())


def test_a_project_file_that_changes_during_the_run_is_told(project):
    def change(event: Event) -> None:
        if event.step == "a" and event.kind == "finished":
            (project.folder / "mill.toml").write_text(
                (project.folder / "mill.toml").read_text().replace("echo b", "echo c")
            )

    def run() -> None:
        run_project(project.folder, on_event=change)

    project.write({"name": "a", "shell": "true"}, {"name": "b", "shell": "echo b", "after": "a"})
    run()  # read once, when the first step began
    project.write({"name": "b", "shell": "echo b"})

    def spoil(event: Event) -> None:
        if event.kind == "started":
            project.write({"name": "b", "shell": "echo c"})

    with pytest.raises(SourceError, match="step b: the project was changed while it ran"):
        run_project(project.folder, on_event=spoil)


def test_a_run_with_nothing_to_do_starts_no_process(project, monkeypatch):
    step = {"name": "a", "shell": "echo 1 > a.txt", "outputs": "a.txt"}
    project.run(step)
    monkeypatch.setattr(subprocess, "Popen", None)
    assert project.run(step).nothing_to_do


@pytest.mark.slow
def test_a_hundred_steps_that_one_needs_are_done(project):
    steps = [{"name": f"s{n}", "shell": "true"} for n in range(100)]
    result = project.run(*steps, {"name": "all", "shell": "ls $TEXTMILL_NEEDS", "needs": [s["name"] for s in steps]})
    assert len(result.steps) == 101
    assert project.log("all").count(".json") == 100


def kept(folder: Path) -> dict[str, Any]:
    store = Store(folder / ".textmill")
    found = {}
    for path in sorted((store.root / "steps").glob("*.json")):
        finished = store.finished(path.stem)
        assert finished is not None
        files = {name: store.object(one.sha256, verify=True).name for name, one in finished.files.items()}
        found[finished.key] = [finished.step.partition("[")[0], finished.values, files]
    return found


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_ends_as_if_it_had_not_been(tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    made = (
        'head -c 100000 /dev/zero > "$TEXTMILL_OUT/$TEXTMILL_STEP.bin"; echo "[1, 2, 3]" > "$TEXTMILL_OUT/result.json"'
    )
    steps = [
        {"name": "list", "shell": made, "inputs": "own.py"},
        {"name": "other", "shell": f"{made}; echo made > other.txt", "outputs": "other.txt"},
        {"name": "each", "shell": f'{made}; echo "$TEXTMILL_ITEM" > "each-$TEXTMILL_ITEM.txt"', "for_each": "list",
         "outputs": "each-{item}.txt"},
        {"name": "all", "shell": "cat each-*.txt > all.txt", "needs": ["each", "other"], "outputs": "all.txt"},
    ]  # fmt: skip
    right = tmp_path / "right"
    right.mkdir()
    began = time.monotonic()
    whole = Project(right)
    whole.run(*steps, threads=2)
    lasted = time.monotonic() - began
    wanted = kept(right)
    for number in range(12):
        folder = tmp_path / f"killed{number}"
        folder.mkdir()
        Project(folder).write(*steps)
        command = [sys.executable, "-m", "textmill.cli", "run", str(folder), "--threads", "2"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(lasted * (0.5 + number / 8))  # a moment, and no wait for anything
        process.kill()
        process.wait()
        before = {path.stem for path in folder.glob(".textmill/steps/*.json")}
        result = run_project(folder, threads=2)
        assert kept(folder) == wanted
        assert not before & {done.key for done in result.steps if not done.cached and done.step != "each"}
        assert (folder / "all.txt").read_text() == "1\n2\n3\n"
