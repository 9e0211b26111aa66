"""The same projects through the embedded runner and a real Airflow: same keys, same bytes, same ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from toy_shards import rows_file

from airflow_home import Airflow
from textmill.cli.program import program
from textmill.errors import GateRefused, StepFailed
from textmill.flow import PromotionRefused, Record, promote, run_project
from textmill.registry import Store

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# Worked example F1: create a file, then rename it, every 15 minutes
FILES = """
[project]
name = "files"

[schedule]
cron = "*/15 * * * *"
tags = ["my_dags"]
owner = "airflow"

[[step]]
name = "create"
shell = "echo made > new.txt"
retries = 1
retry_delay = "30s"

[[step]]
name = "rename"
shell = "mv new.txt renamed.txt"
needs = "create"
retries = 1
retry_delay = "30s"
"""
FAILING = """
[project]
name = "failing"

[[step]]
name = "shaky"
shell = "echo try >> shaky; test $(wc -l < shaky) = 2"
retries = 2
retry_delay = "1s"

[[step]]
name = "broken"
shell = "echo try >> broken; exit 9"
after = "shaky"
retries = 1
retry_delay = "1s"

[[step]]
name = "dependant"
shell = "touch dependant"
after = "broken"

[[step]]
name = "late"
shell = "touch late"
after = "dependant"
rule = "all_done"

[[step]]
name = "alarm"
shell = "touch alarm"
after = ["shaky", "broken"]
rule = "one_failed"

[[step]]
name = "calm"
shell = "touch calm"
after = ["shaky", "late"]
rule = "one_failed"
"""
REFUSED = """
[project]
name = "refused"

[schedule]
retries = 2
retry_delay = "1s"

[[step]]
name = "gate"
python = "gates:gate"

[[step]]
name = "publish"
shell = "touch published"
after = "gate"
"""
GATES = """
from pathlib import Path
from textmill.errors import GateRefused

def gate() -> int:
    Path("asked").open("a").write("once\\n")
    raise GateRefused("not good enough")
"""
SLOW = """
[project]
name = "slow"

[[step]]
name = "list"
python = "shards:shards"

[[step]]
name = "work"
python = "shards:work"
for_each = "list"

[[step]]
name = "sum"
python = "shards:total"
needs = "work"
"""
SHARDS = """
import time
from pathlib import Path

def shards() -> list:
    return [1, 2, 3]

def work(item: int) -> int:
    with Path(f"began-{item}").open("a") as file:
        file.write("once\\n")
    while item == 2 and not Path("go").exists():
        time.sleep(0.05)
    return item * item

def total(work: list) -> int:
    return sum(work)
"""

LETTERS = """
[project]
name = "letters"

[read]
source = "rows.csv"

[text]
map = "shorten_maps:shorten"

[evaluate]
bootstrap = 100
"""
MAPS = """
import os
from textmill import plugins

@plugins.register
def shorten(word):
    return word[: int(os.environ["LETTERS"])]
"""

# For Airflow's own Python: what `airflow dags test` does with some DAGs, and how long a folder of projects is read
SCRIPT = '''
import json, logging, sys, time

sys.path.insert(0, sys.argv[1])
many, exported, broken, python, *names = sys.argv[2:]

from airflow.cli.cli_parser import get_parser
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from textmill.flow.airflow_dag import dags

def reading():
    began, cpu = time.perf_counter(), time.process_time()
    found = dags(many, python=python)
    return len(found), time.perf_counter() - began, time.process_time() - cpu

def plain(dag):
    """A DAG as Airflow keeps it, without what its file and its functions are called."""
    told = json.loads(json.dumps(DagSerialization.serialize_dag(dag), default=str))
    del told["default_args"]["__var"]["output_processor"]
    told.pop("relative_fileloc", None)
    for task in told["tasks"]:
        if isinstance(task["__var"].get("expand_input", {}).get("value"), dict):
            del task["__var"]["expand_input"]["value"]["__var"]["callables"]
    return json.loads(json.dumps(told).replace(dag.fileloc, "FILE"))

told = {"first": reading(), "again": [reading() for _ in range(3)]}
bag = DagBag()
told["faults"] = bag.import_errors | bag.captured_warnings
told["twins"] = {name: (plain(bag.dags[name]), plain(dag)) for name, dag in dags(exported, python=python).items()}
told["broken"] = {name: dag.tasks[0].bash_command for name, dag in dags(broken, python=python).items()}
for name in names:
    args = get_parser().parse_args(["dags", "test", name])
    try:
        args.func(args)
    except SystemExit as end:
        print("ended with", end.code)
told["heavy"] = sorted({"numpy", "scipy", "pyarrow", "Stemmer"} & {*sys.modules})
logging.shutdown()
print("\\n" + json.dumps(told))
'''


def write(folder: Path, mill: str, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mill.toml").write_text(mill)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def projects(root: Path) -> dict[str, Path]:
    """Those of ``exported`` and those of ``folder``, by name."""
    kept = shutil.ignore_patterns(".textmill", "parts", "report.html", "rejected.jsonl")
    found = {
        "files": write(root / "exported" / "files", FILES),
        "failing": write(root / "exported" / "failing", FAILING),
        "slow": write(root / "exported" / "slow", SLOW, shards=SHARDS),
        "refused": write(root / "folder" / "refused", REFUSED, gates=GATES),
        "steps": root / "folder" / "steps",
        "disaster": root / "exported" / "disaster",
        "letters": write(root / "folder" / "letters", LETTERS, shorten_maps=MAPS),
    }
    rows_file(found["letters"] / "rows.csv", 100, 1)
    for name in ("steps", "disaster"):
        shutil.copytree(EXAMPLES / name, found[name], ignore=kept)
    with (found["disaster"] / "mill.toml").open("a") as file:
        file.write("bootstrap = 100\n")  # the time goes into Airflow here
        file.write("[schedule]\nshare_among = 2\n")
    return found


class Both:
    """Projects for Airflow, and copies of them for the embedded runner."""

    def __init__(self, home: Path, copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TEXTMILL_STORE", raising=False)
        self.airflow, self.on_airflow, self.embedded = Airflow(home), projects(home), projects(copies)
        for folder in (home / "exported").iterdir():
            args = ["airflow", "export", str(folder), "--out", str(self.airflow.dags / f"{folder.name}.py")]
            program.main(args, standalone_mode=False)
        (self.airflow.dags / "folder.py").write_text(
            f"import sys\nsys.path.insert(0, {str(self.airflow.packages)!r})\n"
            "from textmill.flow.airflow_dag import dags\n"
            f"globals().update(dags({str(home / 'folder')!r}, python={sys.executable!r}))\n"
        )

    def record(self, name: str) -> Record:
        """Of Airflow's only run of a project."""
        [run] = self.airflow.runs(name)
        return Record(Store(self.on_airflow[name] / ".textmill"), f"{name}__{run}")

    def keys(self, name: str) -> dict[str, str]:
        """Of the steps that Airflow's run has done, pieces among them."""
        record = self.record(name)
        states = [record.state(path.stem) for path in sorted((record.root / "steps").glob("*.json"))]
        return {one.step: one.key for one in states if one is not None and one.state in ("finished", "cached")}


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Both:
    return Both(tmp_path / "airflow", tmp_path / "embedded", monkeypatch)


def test_dags_that_airflow_tests_end_as_the_embedded_runs_do(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it in one test, as a process of Airflow's takes long to start."""
    monkeypatch.setenv("LETTERS", "4")
    both.airflow.env["LETTERS"] = "3"
    run_project(both.on_airflow["letters"])
    home = both.airflow.home
    for number in range(100):
        write(home / "many" / f"p{number}", f'[project]\nname = "p{number}"\n[read]\nsource = "texts.csv"\n')
    write(home / "broken" / "slip", "[project]\nname = 'slip'\n[raed]\n")
    (home / "script.py").write_text(SCRIPT)
    folders = [str(folder) for folder in (both.airflow.packages, home / "many", home / "exported", home / "broken")]
    names = [name for name in both.on_airflow if name != "slow"]
    said = both.airflow.does(home / "script.py", *folders, sys.executable, *names)
    told = json.loads(said.splitlines()[-1])
    f1_renames_only_after_the_file_is_there(both)
    keys_model_bytes_and_numbers_are_the_same(both)
    what_airflow_said_of_the_probe_set_is_part_of_a_promotion(both)
    both_fan_out_and_in(both)
    a_failing_step_is_tried_again_and_leaves_out_what_needs_it(both)
    a_gate_that_says_no_is_not_asked_again(both)
    tasks_hand_on_references_and_never_data(both, told)
    a_folder_of_projects_gives_the_dags_that_are_exported(told)
    a_hundred_projects_are_read_in_half_a_second(told)


def f1_renames_only_after_the_file_is_there(both: Both) -> None:
    assert list(both.airflow.runs("files").values()) == ["success"]
    run_project(both.embedded["files"])
    for folder in (both.on_airflow["files"], both.embedded["files"]):
        assert (folder / "renamed.txt").read_text() == "made\n"
        assert not (folder / "new.txt").exists()
    text = (both.airflow.dags / "files.py").read_text()
    for said in ('"*/15 * * * *"', 'tags=["my_dags"]', '"owner": "airflow"', "retry_delay=timedelta(seconds=30)"):
        assert said in text
    assert "email" not in text


def keys_model_bytes_and_numbers_are_the_same(both: Both) -> None:
    assert list(both.airflow.runs("disaster").values()) == ["success"]
    result = run_project(both.embedded["disaster"])
    assert both.keys("disaster") == {step.step: step.key for step in result.steps}
    parts = {name for name in both.airflow.tasks("disaster") if name.partition(".")[0] in ("train", "evaluate")}
    assert parts == {
        *(f"train.{part}[{share}]" for part in ("count", "merge", "weigh") for share in (0, 1)),
        *("train", "train.vocabulary", "evaluate.score[0]", "evaluate.score[1]", "evaluate"),
    }
    store = Store(both.on_airflow["disaster"] / ".textmill")
    other, mine = store.manifest("disaster", 1), result.manifest
    assert mine is not None
    timed = {"report.json", "card.md"}  # they tell the seconds it took
    names = mine.files.keys() - timed
    assert other.files.keys() == mine.files.keys()
    assert {name: other.files[name] for name in names} == {name: mine.files[name] for name in names}
    version = Path(".textmill", "models", "disaster", "1")
    theirs, ours = both.on_airflow["disaster"] / version, both.embedded["disaster"] / version
    assert len(names) > 5
    for name in names:
        assert (theirs / name).read_bytes() == (ours / name).read_bytes()
    reports = [json.loads((folder / "report.json").read_bytes()) for folder in (theirs, ours)]
    assert all(report.pop("cost") for report in reports)
    assert reports[0] == reports[1]
    assert reports[0]["metrics"]


def what_airflow_said_of_the_probe_set_is_part_of_a_promotion(both: Both) -> None:
    """In a task of its own, whose environment is Airflow's and not that of whoever promotes."""
    [check] = promote(Store(both.on_airflow["disaster"] / ".textmill"), "disaster@1").checks
    assert " of training in a fresh process, over HTTP and on Airflow (20" in check.said
    assert "not compared" not in check.said
    states = {name: state for name, (state, _) in both.airflow.tasks("letters").items()}
    assert [name for name, state in states.items() if state == "failed"] == ["register.probe"]
    assert list(both.airflow.runs("letters").values()) == ["failed"]
    with pytest.raises(PromotionRefused) as caught:
        promote(Store(both.on_airflow["letters"] / ".textmill"), "letters@1")
    said = "text 1 of the probe set: its token ids on Airflow are not those of training"
    assert said in caught.value.promotion.broken[0].said
    line = next(line for line in Store(both.on_airflow["letters"] / ".textmill").audit.lines() if line.event == "probe")
    [run] = both.airflow.runs("letters")
    assert line.facts == {"ref": "model/letters@1", "dag": "letters", "run": run, "broken": [said]}


def both_fan_out_and_in(both: Both) -> None:
    assert list(both.airflow.runs("steps").values()) == ["success"]
    result = run_project(both.embedded["steps"])
    mine = {step.step: step.key for step in result.steps if step.step != "count"}
    assert both.keys("steps") == mine
    assert {name for name, (state, _) in both.airflow.tasks("steps").items() if state == "skipped"} == {
        *("alarm", "alarm.failed", "run.failed")
    }


def a_failing_step_is_tried_again_and_leaves_out_what_needs_it(both: Both) -> None:
    assert list(both.airflow.runs("failing").values()) == ["failed"]
    with pytest.raises(StepFailed, match="step broken: its command ended with 9"):
        run_project(both.embedded["failing"])
    for folder in (both.on_airflow["failing"], both.embedded["failing"]):
        assert (folder / "shaky").read_text() == "try\n" * 2
        assert (folder / "broken").read_text() == "try\n" * 2
        assert {path.name for path in folder.iterdir()} == {
            "mill.toml",
            ".textmill",
            "shaky",
            "broken",
            "late",
            "alarm",
        }
    [run] = (both.embedded["failing"] / ".textmill" / "runs").glob("2*")
    theirs, mine = both.record("failing"), Record(Store(run.parents[1]), run.name)
    for step in ("shaky", "broken", "late", "alarm"):
        assert (theirs.state(step).state, theirs.state(step).key) == (mine.state(step).state, mine.state(step).key)
        assert theirs.state(step).attempts == mine.state(step).attempts
    states = {name: state for name, (state, _) in both.airflow.tasks("failing").items()}
    assert states == {
        "shaky": "success",
        "broken": "failed",
        "dependant": "upstream_failed",
        "late": "success",
        "alarm.ended": "success",
        "alarm.failed": "success",
        "alarm": "success",
        "calm.ended": "success",
        "calm.failed": "skipped",
        "calm": "skipped",
        "run.failed": "failed",
    }


def a_gate_that_says_no_is_not_asked_again(both: Both) -> None:
    assert list(both.airflow.runs("refused").values()) == ["failed"]
    with pytest.raises(GateRefused, match="not good enough"):
        run_project(both.embedded["refused"])
    for folder in (both.on_airflow["refused"], both.embedded["refused"]):
        assert (folder / "asked").read_text() == "once\n"
        assert not (folder / "published").exists()
    assert both.airflow.tasks("refused") == {"gate": ("failed", 1), "publish": ("upstream_failed", 0)}


def tasks_hand_on_references_and_never_data(both: Both, told: dict[str, Any]) -> None:
    handed = both.airflow.rows("select value from xcom")
    assert handed
    assert max(len(value) for (value,) in handed) < 1000
    assert told["heavy"] == []


def a_folder_of_projects_gives_the_dags_that_are_exported(told: dict[str, Any]) -> None:
    assert not told["faults"]
    assert told["twins"].keys() == {"files", "failing", "slow", "disaster"}
    for exported, made in told["twins"].values():
        assert made == exported
    [(name, command)] = told["broken"].items()
    assert name == "broken.slip"
    assert "no table is called" in command


def a_hundred_projects_are_read_in_half_a_second(told: dict[str, Any]) -> None:
    assert told["first"][0] == 100
    assert min(cpu for _, _, cpu in told["again"]) < 0.5


def test_a_live_scheduler_does_the_same_even_if_a_task_is_killed(both: Both) -> None:
    """Two projects in one test, as a scheduler takes long to start."""
    airflow, folder = both.airflow, both.on_airflow["slow"]

    def run_state() -> str:
        return str(airflow.runs("slow")[run])

    def started(name: str) -> str:
        airflow.wait(lambda: airflow.asks("PATCH", f"/api/v2/dags/{name}", {"is_paused": False}))
        return str(airflow.asks("POST", f"/api/v2/dags/{name}/dagRuns", {"logical_date": None})["dag_run_id"])

    with airflow.live():
        files = started("files")
        run = started("slow")
        airflow.wait((folder / "began-2").exists)
        airflow.wait(lambda: airflow.tasks("slow").get("work[2]", ("",))[0] == "success")
        for pid in task_of(airflow, "work --item 1"):
            os.kill(pid, signal.SIGKILL)
        airflow.wait(lambda: run_state() == "failed")
        assert airflow.tasks("slow")["work[1]"][0] == "failed"
        assert airflow.tasks("slow")["sum"][0] == "upstream_failed"
        (folder / "go").touch()
        cleared = {"dag_run_id": run, "dry_run": False, "only_failed": True, "reset_dag_runs": True}
        airflow.asks("POST", "/api/v2/dags/slow/clearTaskInstances", cleared)
        airflow.wait(lambda: run_state() == "success")
        airflow.wait(lambda: airflow.runs("files")[files] in ("success", "failed"))
    assert airflow.processes() == []
    f1_is_done_in_order_by_the_scheduler(both, files)
    (both.embedded["slow"] / "go").touch()
    result = run_project(both.embedded["slow"])
    mine = {step.step: step.key for step in result.steps if step.step != "work"}
    assert both.keys("slow") == mine
    assert result.steps[-1].finished.values["result"] == 14
    for item in (1, 3):  # nothing that was finished is done twice
        assert (folder / f"began-{item}").read_text() == "once\n"


def f1_is_done_in_order_by_the_scheduler(both: Both, run: str) -> None:
    told = both.airflow.rows(
        "select task_id, state, try_number, start_date, end_date from task_instance"
        " where dag_id = 'files' and run_id = ? order by start_date",
        run,
    )
    assert [row[:3] for row in told] == [("create", "success", 1), ("rename", "success", 1)]
    assert told[0][4] <= told[1][3]  # the file was there before it was to be renamed
    assert both.airflow.runs("files")[run] == "success"
    assert (both.on_airflow["files"] / "renamed.txt").read_text() == "made\n"
    assert not (both.on_airflow["files"] / "new.txt").exists()


def task_of(airflow: Airflow, step: str) -> list[int]:
    """The processes of a task: Airflow's own first, so that it cannot tell how its command ended."""
    command = airflow.processes(f"textmill.cli step {step}")
    parents = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in command}
    return [*parents.difference(command), *command]
