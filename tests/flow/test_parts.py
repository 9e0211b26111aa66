"""Parts of steps that another scheduler asks for: the same keys and bytes, whoever does how much of the work."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from toy_shards import MILL, left_by, rows_file, run

from textmill.errors import ConfigError, CorruptError, DataError, StepFailed, UnknownName
from textmill.flow import run_step
from textmill.flow.airflow_plan import TaskPlan, airflow_plan
from textmill.registry import Store

AMONG = "\n[schedule]\nshare_among = 3\n"
CANDIDATES = """
[[candidate]]
name = "frequent"
features = { kind = "counts", min_df = 1, max_features = 40 }

[[candidate]]
name = "majority"
model = { kind = "majority" }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    rows_file(tmp_path / "rows.csv", 230, 1)
    rows_file(tmp_path / "test.csv", 40, 2)
    (tmp_path / "mill.toml").write_text(MILL + AMONG)
    return tmp_path


def tasks(project: Path) -> list[TaskPlan]:
    """In the order of the plan, without those that are there for a rule or ask about probe sets."""
    return [task for task in airflow_plan(project).tasks if task.bash is None and task.id != "register.probe"]


class Asking:
    """Another scheduler, which asks for tasks in the order of the plan and for shares in any order."""

    def __init__(self, project: Path, name: str = "parts") -> None:
        self.project, self.store = project, Store(project / name)

    def ask(self, name: str, item: int | None = None, **more: Any) -> Any:
        return run_step(self.project, name, run="r1", item=item, store=self.store.root, threads=1, **more)

    def ask_all(self, but: tuple[str, ...] = ()) -> None:
        draw = random.Random(1)
        for task in tasks(self.project):
            shares = [None] if task.each is None else draw.sample(range(task.each), task.each)
            for share in shares:
                if task.id not in but:
                    self.ask(task.id, share)

    def left(self) -> set[str]:
        """What steps and tasks left."""
        return {path.stem for path in (self.store.root / "steps").glob("*.json")}


def same(asking: Asking) -> bool:
    """Whether a run in the same store finds all done, and left what one in another store leaves."""
    found = run(asking.project, asking.store.root.name)
    return found.nothing_to_do and left_by(found) == left_by(run(asking.project, "alone"))


def test_the_parts_come_before_their_steps_as_often_as_they_are_shared(project: Path) -> None:
    found = {task.id: task for task in tasks(project)}
    assert list(found) == [
        *("read", "split", "train.count", "train.merge", "train.vocabulary", "train.weigh", "train", "evaluate.score"),
        *("evaluate", "register", "report"),
    ]
    assert found["train.count"] == TaskPlan(id="train.count", needs=("read", "split"), each=3)
    assert found["train.merge"] == TaskPlan(id="train.merge", needs=("train.count",), each=3)
    assert found["train.vocabulary"] == TaskPlan(id="train.vocabulary", needs=("train.merge",))
    assert found["train.weigh"] == TaskPlan(id="train.weigh", needs=("train.vocabulary",), each=3)
    assert found["train"].needs == ("read", "split", "train.weigh")
    assert found["evaluate.score"] == TaskPlan(id="evaluate.score", needs=("read", "split", "train"), each=3)


@pytest.mark.slow
def test_a_step_finds_what_its_parts_left(project: Path) -> None:
    asking = Asking(project)
    for name in ("read", "split"):
        asking.ask(name)
    before = asking.left()
    told = [asking.ask("train.count", share) for share in (2, 0, 1)]
    assert len({one.key for one in told}) == 3
    assert len(asking.left() - before) == 3
    for share in range(3):
        asking.ask("train.merge", share)
    assert len(asking.left() - before) == 4  # three counts are one sum
    asking.ask("train.vocabulary")
    assert len(asking.left() - before) == 5
    for share in range(3):
        asking.ask("train.weigh", share)
    before = asking.left()
    key = asking.ask("train").key
    assert asking.left() - before == {key}
    for share in range(3):
        asking.ask("evaluate.score", share)
    before = asking.left()
    key = asking.ask("evaluate").key
    assert asking.left() - before == {key}
    for name in ("register", "report"):
        asking.ask(name)
    assert same(asking)
    assert [asking.ask("train.count", 1).cached, asking.ask("evaluate.score", 0).cached] == [True, True]
    assert not asking.ask("train.count", 1, force=True).cached


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        MILL + CANDIDATES + '\n[decide]\ncalibrate = "temperature"\n',
        MILL + "\n[split]\nfolds = 3\n",
        MILL.replace('"rows.csv"', '"rows.csv"\ntest = "test.csv"'),
        MILL.replace('"toy"', '"toy"\ntask = "multi-label"'),
        MILL + '\n[tune]\ntrials = 2\n[tune.space]\n"features.ngrams" = [[1, 1], [1, 3]]\n',
    ],
    ids=["candidates, and rows held back", "folds", "a test file", "several labels", "a search"],
)
def test_other_sides_and_models_give_the_same_bytes_too(project: Path, settings: str) -> None:
    (project / "mill.toml").write_text(settings + AMONG)
    asking = Asking(project)
    asking.ask_all()
    assert same(asking)


@pytest.mark.slow
def test_files_of_a_source_are_shared_too(project: Path) -> None:
    header, *rows = (project / "rows.csv").read_text().splitlines()
    for number, name in enumerate("abcd"):
        (project / f"rows-{name}.csv").write_text("\n".join([header, *rows[number::4]]) + "\n")
    (project / "mill.toml").write_text(MILL.replace("rows.csv", "rows-*.csv") + AMONG)
    assert [task.id for task in tasks(project)][:2] == ["read.parse", "read"]
    asking = Asking(project)
    for share, done in ((1, 1), (0, 2), (2, 4)):
        asking.ask("read.parse", share)
        assert len(asking.left()) == done
    before = asking.left()
    key = asking.ask("read").key
    assert asking.left() - before == {key}
    asking.ask_all(but=("read.parse",))
    assert same(asking)


@pytest.mark.slow
def test_parts_that_nobody_asked_for_or_that_were_lost_are_done_by_the_step(project: Path) -> None:
    asking = Asking(project)
    asking.ask_all(but=("train.count", "evaluate.score"))
    assert same(asking)


@pytest.mark.slow
def test_more_shares_than_rows_are_no_matter(project: Path) -> None:
    rows_file(project / "rows.csv", 20, 1)
    (project / "mill.toml").write_text(MILL.replace("min_df = 2", "min_df = 1") + AMONG.replace("3", "25"))
    asking = Asking(project)
    asking.ask_all()
    assert same(asking)


def test_without_it_there_are_none(project: Path) -> None:
    (project / "mill.toml").write_text(MILL)
    assert not [task.id for task in tasks(project) if "." in task.id]
    with pytest.raises(UnknownName, match=r"no step is called 'train\.count'"):
        Asking(project).ask("train.count", 0)
    (project / "mill.toml").write_text(MILL + '\n[model]\nkind = "majority"\n' + AMONG)
    assert not [task.id for task in tasks(project) if "." in task.id]


def test_what_cannot_be_asked_for_is_one_sentence(project: Path) -> None:
    asking = Asking(project)
    with pytest.raises(ConfigError, match="run r1: step 'train' needs 'read', which has not ended in this run"):
        asking.ask("train.count", 0)
    for item in (None, 3):
        with pytest.raises(ConfigError, match=rf"--item: train\.count has 3 shares, numbered from 0, got {item}"):
            asking.ask("train.count", item)
    with pytest.raises(ConfigError, match=r"--item: train\.vocabulary is done once"):
        asking.ask("train.vocabulary", 0)
    (project / "rows.csv").write_text("text,label\n")
    with pytest.raises(DataError):
        asking.ask("read")
    with pytest.raises(ConfigError, match="needs 'split', which has not ended"):
        asking.ask("train.count", 0)


def test_a_part_of_a_step_whose_need_failed_is_left_out_as_the_step_is(project: Path) -> None:
    own = '\n[[step]]\nname = "look"\nshell = "false"\nbefore = "train"\n'
    (project / "mill.toml").write_text(MILL + AMONG + own)
    asking = Asking(project)
    for name in ("read", "split"):
        asking.ask(name)
    with pytest.raises(StepFailed, match="step look: its command ended with 1"):
        asking.ask("look")
    with pytest.raises(StepFailed, match=r"step train: it was left out, .*look failed"):
        asking.ask("train.count", 0)


def test_a_dag_of_other_parts_is_noticed(project: Path) -> None:
    digest = airflow_plan(project).options.split()[-1]
    run_step(project, "read", run="r1", expected=digest)
    for settings in (MILL, MILL + AMONG.replace("3", "4"), MILL + '\n[model]\nkind = "majority"\n' + AMONG):
        (project / "mill.toml").write_text(settings)
        with pytest.raises(ConfigError, match="its steps are others than those that the scheduler was told of"):
            run_step(project, "read", run="r1", expected=digest)


def test_features_that_do_not_add_up_are_refused_when_the_plan_is_asked_for(project: Path) -> None:
    (project / "mill.toml").write_text(MILL.replace("min_df = 2", 'min_df = 2\nanalyzer = "char"') + AMONG)
    said = r"features\.analyzer of train: wanted 'word' with \[schedule\] share_among, got 'char'"
    with pytest.raises(ConfigError, match=said):
        airflow_plan(project)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ('"features.analyzer" = ["word", "char"]', r"'features\.analyzer': nothing but 'word' can be tried with \[sch"),
        ('"features.skip" = { low = 0, high = 1 }', r"'features\.skip': nothing but 0 can be tried with \[schedule\]"),
        (
            '"model.kind" = ["logistic-regression", "majority"]',
            r"nothing but 'logistic-regression' or 'bag' can be tried with \[schedule\] share_among, got 'majority'",
        ),
        ('"model.kind" = ["bag", "cnn"]', r"'model\.kind': what is shared is the weighing of .*, got 'cnn'"),
    ],
)
def test_a_search_among_features_that_do_not_add_up_is_refused_too(project: Path, space: str, said: str) -> None:
    (project / "mill.toml").write_text(f"{MILL}{AMONG}[tune.space]\n{space}\n")
    with pytest.raises(ConfigError, match=said):
        airflow_plan(project)


def test_a_search_may_try_all_kinds_that_weigh_features(project: Path) -> None:
    space = '"model.kind" = ["logistic-regression", "bag"]'
    (project / "mill.toml").write_text(f"{MILL}{AMONG}[tune.space]\n{space}\n")
    assert "train.weigh" in {task.id for task in tasks(project)}


@pytest.mark.slow
def test_a_bag_finds_what_its_parts_left(project: Path) -> None:
    (project / "mill.toml").write_text(MILL + '\n[model]\nkind = "bag"\n' + AMONG.replace("3", "2"))
    asking = Asking(project)
    asking.ask_all(but=("register", "report"))
    wanted = run(project, "alone").steps
    assert [asking.ask(one).key for one in ("train", "evaluate")] == [
        one.key for one in wanted if one.step in ("train", "evaluate")
    ]
    assert left_by(run(project, "parts")) == left_by(run(project, "alone"))


def test_a_changed_byte_of_the_corpus_is_noticed_before_its_words_are_counted(project: Path) -> None:
    asking = Asking(project)
    for name in ("read", "split"):
        asking.ask(name)
    left = asking.store.finished(asking.ask("read").key)
    path = asking.store.object(left.files["corpus.arrow"].sha256)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(raw)
    before = asking.left()
    with pytest.raises(CorruptError, match="not what was written"):
        asking.ask("train.count", 0)
    assert asking.left() == before
