"""Promotion: what the policy asks, what is compared, what the audit log holds of it."""

from __future__ import annotations

import os
import random
import shutil
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textmill.errors import ConfigError, DataError, GateRefused, NotInStore, StoreError, TextmillError
from textmill.evaluate.probe import Probe
from textmill.flow import PromotionRefused, approve, parity, promote, run_project
from textmill.flow.parity import ask_on_airflow, check_parity, probe_in, probe_over_http
from textmill.flow.policy import Version
from textmill.registry import Disk, Store
from textmill.types import Ref

MILL = """
[project]
name = "toy"
intended_use = "Tests."
data_licence = "CC0-1.0"

[read]
source = "rows.csv"

[features]
min_df = 1

[model]
C = 5.0

[evaluate]
bootstrap = 200
robustness = false
"""
WORDS = {"bad": ["fire", "flood", "quake", "smoke", "rescue"], "good": ["song", "party", "cake", "sunny", "picnic"]}
NOT_ON_AIRFLOW = "not compared on Airflow: no task there has asked this version"
COMMON = ["the", "town", "today", "people", "street", "on", "and", "is"]


def rows(n: int = 200, seed: int = 1, sure: float = 0.95) -> str:
    draw = random.Random(seed)
    lines = ["text,label"]
    for number in range(n):
        label = ("bad", "good")[number % 2]
        told = label if draw.random() < sure else ("good", "bad")[number % 2]
        words = [*draw.sample(WORDS[told], 2), *draw.sample(COMMON, 4), str(number)]
        draw.shuffle(words)
        lines.append(f"{' '.join(words)},{label}")
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three versions: one that always says the same class, and two of the same settings but for C."""
    folder = tmp_path_factory.mktemp("finished") / "toy"
    folder.mkdir()
    (folder / "rows.csv").write_text(rows())
    for model in ('kind = "majority"', "C = 5.0", "C = 5.001"):
        (folder / "mill.toml").write_text(MILL.replace("C = 5.0", model))
        run_project(folder, store=folder / ".textmill", threads=1)
    return folder


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Store:
    return Store(Path(shutil.copytree(finished, tmp_path / "toy")) / ".textmill")


@pytest.fixture
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started; what is compared has tests of its own."""
    monkeypatch.setattr(parity, "check_parity", lambda *_: ([], ["in a test"], []))


def policy(store: Store, said: str) -> None:
    (store.root / "policy.toml").write_text(textwrap.dedent(said))


def refused(store: Store, model: str, **more: Any) -> dict[str, str]:
    with pytest.raises(PromotionRefused) as caught:
        promote(store, model, **more)
    assert caught.value.exit_code == 3
    return {check.name: check.said for check in caught.value.promotion.broken}


@pytest.mark.usefixtures("same_everywhere")
def test_without_a_policy_parity_alone_is_asked_and_only_for_the_champion(store):
    made = promote(store, "toy@2", by="ann", reason="the first")
    assert [(check.name, check.holds) for check in made.checks] == [("parity", True)]
    assert (made.ref, made.before) == (Ref("model", "toy", 2), None)
    assert promote(store, "toy@3", "challenger").checks == ()
    assert promote(store, "toy@2").checks == ()  # it is there already
    line = next(line for line in store.audit.lines() if line.event == "promote")
    assert line.facts == {
        "ref": "model/toy@2",
        "alias": "champion",
        "before": None,
        "by": "ann",
        "reason": "the first",
        "checks": ["parity"],
        "overridden": [],
    }


@pytest.mark.usefixtures("same_everywhere")
def test_every_check_that_says_no_is_told_at_once_and_noted(store):
    promote(store, "toy@2")
    policy(
        store,
        """
        scores = ["f1 >= 0.99", "accuracy >= 0.1", "mcc >= 0.999"]
        leaked = "< 0"
        personal = "< 0"
        licences = ["CC-BY-4.0", "MIT"]
        against_current = "better"
        p95_ms = "<= 0.000001"
        approvals = 1
        """,
    )
    with pytest.raises(PromotionRefused) as caught:
        promote(store, "toy@3", reason="try")
    said = str(caught.value)
    assert said.startswith("model/toy@3: it may not be champion; 8 of 10 checks say no: scores: f1 is ")
    for part in (
        "mcc is ",
        "leaked: 0 % of the test rows are equal or nearly equal to a training text, wanted < 0 %",
        "personal: 0 % of the texts looked at seem to hold personal data, wanted < 0 %",
        "licences: data_licence is 'CC0-1.0', wanted one of CC-BY-4.0, MIT",
        "against_current: toy@3 and toy@2 are the same within noise: accuracy ",
        "p95_ms: 95 of 100 texts of the probe set take ",
        "approvals: nobody has approved it, wanted 1 person",
        "--override --by NAME --reason TEXT",
    ):
        assert part in said
    assert isinstance(caught.value, GateRefused)
    assert store.ref("toy@champion").version == 2
    line = list(store.audit.lines())[-1]
    assert (line.event, line.facts["ref"], line.facts["reason"]) == ("refuse", "model/toy@3", "try")
    assert len(line.facts["broken"]) == 8


@pytest.mark.usefixtures("same_everywhere")
def test_a_policy_that_is_kept_lets_through(store):
    policy(
        store,
        """
        scores = ["f1 >= 0.7"]
        leaked = "<= 0.01"
        personal = "== 0"
        licences = ["cc0-1.0"]
        card = true
        against_current = "better"
        p95_ms = "<= 1000"
        approvals = 2
        """,
    )
    promote(store, "toy@1", override=True, by="ann", reason="something has to be there")
    assert set(refused(store, "toy@2")) == {"approvals"}
    approve(store, "toy@2", by="Ann", reason="read twenty answers")
    approve(store, "toy@2", by=" ann ", reason="and twenty more")
    approve(store, "toy@3", by="ben", reason="another version")
    assert refused(store, "toy@2") == {"approvals": "approved by ann, wanted 2 people"}
    approve(store, "toy@2", by="ben", reason="read the report")
    made = promote(store, "toy@2")
    assert {check.name for check in made.checks} == {
        *("scores", "leaked", "personal", "licences", "card", "against_current", "p95_ms", "approvals", "parity")
    }
    (better,) = (check.said for check in made.checks if check.name == "against_current")
    assert better.startswith("toy@2 is better than toy@1: accuracy ")


@pytest.mark.usefixtures("same_everywhere")
def test_an_override_needs_a_name_and_a_reason_and_is_noted(store):
    policy(store, 'scores = ["f1 >= 1"]')
    for by, reason in ((None, "x"), ("ann", None), ("  ", "x"), ("ann", "\n")):
        with pytest.raises(DataError, match="needs who answers for it, and why"):
            promote(store, "toy@2", override=True, by=by, reason=reason)
    made = promote(store, "toy@2", override=True, by="ann", reason="we\nmust")
    assert [check.name for check in made.broken] == ["scores"]
    line = list(store.audit.lines())[-1]
    assert (line.facts["by"], line.facts["reason"]) == ("ann", "we must")
    assert line.facts["overridden"][0].startswith("scores: f1 is ")


@pytest.mark.usefixtures("same_everywhere")
def test_an_interval_has_to_keep_the_bound_with_both_ends(store):
    score = Version(store, store.ref("toy@2")).report.metrics["f1"]
    assert score.low < score.value < score.high
    between = (score.low + score.value) / 2
    policy(store, f'scores = ["f1 >= {between:.6f}"]')
    promote(store, "toy@2")
    policy(store, f'scores = ["f1 >= {between:.6f}"]\nscores_by = "interval"')
    store.drop_alias("toy", "champion")
    assert set(refused(store, "toy@2")) == {"scores"}


@pytest.mark.usefixtures("same_everywhere")
def test_not_worse_is_less_than_better(store):
    promote(store, "toy@2")
    policy(store, 'against_current = "not-worse"')
    assert promote(store, "toy@3").before == Ref("model", "toy", 2)
    assert "toy@1 is worse than toy@3" in refused(store, "toy@1")["against_current"]


@pytest.mark.usefixtures("same_everywhere")
def test_test_rows_that_are_gone_cannot_speak_for_a_version(store):
    promote(store, "toy@2")
    policy(store, 'against_current = "not-worse"')
    shutil.rmtree(store.root / "steps")
    assert "no longer in the store" in refused(store, "toy@3")["against_current"]


@pytest.mark.usefixtures("same_everywhere")
def test_a_version_that_no_run_made_has_nothing_to_show(store, tmp_path):
    plain = tmp_path / "plain"
    shutil.copytree(store.open("toy@2")[1], plain)
    for name in ("manifest.json", "report.json", "card.md"):
        (plain / name).unlink()
    store.publish("bare", plain, parents={}, config={}, report={})
    policy(
        store,
        'scores = ["f1 >= 0.1"]\nleaked = "<= 1"\npersonal = "<= 1"\nlicences = ["x"]\ncard = true\napprovals = 1',
    )
    assert refused(store, "bare@1") == {
        "scores": "f1 was not measured, wanted >= 0.1",
        "leaked": "it was not measured how many of the test rows are equal or nearly equal to a training text,"
        " wanted <= 100 %",
        "personal": "it was not measured how many of the texts looked at seem to hold personal data, wanted <= 100 %",
        "licences": "[project] data_licence says nothing, wanted one of x",
        "card": "there is no model card",
        "approvals": "nobody has approved it, wanted 1 person",
    }


@pytest.mark.usefixtures("same_everywhere")
def test_the_policy_is_that_of_the_project_file_unless_the_store_has_one(store):
    project = store.root.parent
    with (project / "mill.toml").open("a") as file:
        file.write('\n[policy]\napprovals = 1\nguards = ["production"]\n')
    made = run_project(project, store=store, threads=1).manifest
    assert made.ref.version == 4  # another policy is another version, as it is what the version is held to
    assert promote(store, "toy@4").checks == ()
    assert set(refused(store, "toy@4", to="production")) == {"approvals"}
    policy(store, "approvals = 0")
    assert promote(store, "toy@4", "production").checks == ()


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("scores = 3", "scores: wanted a list of text"),
        ('scores = ["f1"]', "scores: wanted METRIC >= NUMBER"),
        ('scores = ["acuracy >= 0.5"]', "no metric is called 'acuracy' (did you mean 'accuracy'?)"),
        ('leaked = "<= 2"', "leaked: wanted a share between 0 and 1"),
        ('personal = "none"', "personal: wanted a share between 0 and 1"),
        ('p95_ms = "fast"', "p95_ms: wanted milliseconds"),
        ("approvals = -1", "approvals: wanted a number from 0 to 100"),
        ('guards = ["A"]', "guards: wanted a small letter"),
        ("aprovals = 1", "did you mean 'approvals'?"),
        ("approvals = ", "this is no TOML"),
    ],
)
def test_a_policy_at_fault_is_told_with_its_file(store, said, fault):
    policy(store, said)
    with pytest.raises(ConfigError) as caught:
        promote(store, "toy@2")
    assert fault in str(caught.value)
    assert "policy.toml" in str(caught.value)
    assert store.aliases("toy") == {}


def test_a_policy_on_a_metric_nobody_measures_is_told_before_anything_is_trained(store):
    project = store.root.parent
    with (project / "mill.toml").open("a") as file:
        file.write('\n[policy]\nscores = ["acuracy >= 0.5"]\n')
    with pytest.raises(ConfigError, match=r"policy\.scores: no metric is called 'acuracy'"):
        run_project(project, store=store)


def test_what_is_no_version_is_refused_before_anything_is_asked(store):
    with pytest.raises(StoreError, match="does not say which version"):
        promote(store, "toy")
    with pytest.raises(NotInStore):
        promote(store, "toy@9")
    with pytest.raises(DataError, match="is no alias"):
        promote(store, "toy@2", "3")
    with pytest.raises(DataError, match="who approves, and why"):
        approve(store, "toy@2", by="ann", reason=" ")
    with pytest.raises(StoreError, match="does not say which version"):
        approve(store, "toy", by="ann", reason="x")


def test_a_rollback_meanwhile_is_not_overwritten(store, monkeypatch):
    for version in (1, 2):
        store.point(f"toy@{version}", "champion")

    def slow(*_: object) -> tuple[list[str], list[str], list[str]]:
        Store(store.root).roll_back("toy")  # somebody else is quicker
        return [], ["in a test"], []

    monkeypatch.setattr(parity, "check_parity", slow)
    with pytest.raises(StoreError, match="moved by somebody else meanwhile: it is version 1 now"):
        promote(store, "toy@3")
    assert store.ref("toy@champion").version == 1


class Killed(BaseException):
    pass


@pytest.mark.usefixtures("same_everywhere")
def test_killed_between_the_audit_line_and_the_alias_it_can_be_promoted_again(store):
    class Killing(Disk):
        def rename(self, old: Path, new: Path) -> None:
            if new.name == "aliases.json":
                raise Killed
            super().rename(old, new)

    with pytest.raises(Killed):
        promote(Store(store.root, disk=Killing()), "toy@2")
    assert store.aliases("toy") == {}
    promote(store, "toy@2")
    assert store.ref("toy@champion").version == 2
    assert [line.event for line in store.audit.lines()][-2:] == ["promote", "promote"]


def asked(store: Store, model: str) -> tuple[list[str], list[str], list[str]]:
    version = Version(store, store.ref(model))
    return check_parity(store, version.ref, version.folder, version.model)


@pytest.mark.slow
def test_a_model_says_the_same_in_a_fresh_process_and_over_http(store):
    assert asked(store, "toy@2") == ([], ["in a fresh process", "over HTTP"], [NOT_ON_AIRFLOW])
    assert asked(store, "toy@1") == ([], ["in a fresh process", "over HTTP"], [NOT_ON_AIRFLOW])  # it reads no text


def test_without_the_extra_it_is_said_that_nothing_was_compared_over_http(store, monkeypatch):
    monkeypatch.setattr(parity, "find_spec", lambda name: None)
    assert asked(store, "toy@2") == (
        [],
        ["in a fresh process"],
        ["not compared over HTTP: the extra 'serve' is not installed here", NOT_ON_AIRFLOW],
    )


ON_AIRFLOW = {"AIRFLOW_CTX_DAG_ID": "toy", "AIRFLOW_CTX_DAG_RUN_ID": "manual__1"}


@pytest.fixture
def here_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started: a fresh one says what this one says, and nothing is compared over HTTP."""
    monkeypatch.setattr(parity, "find_spec", lambda name: None)
    monkeypatch.setattr(parity, "probe_in", lambda python, folder: Probe.load(folder)[0])


@pytest.mark.usefixtures("here_alone")
def test_what_a_task_of_airflow_found_is_part_of_the_promotion(store):
    policy(store, "airflow = true")
    assert refused(store, "toy@2") == {
        "parity": "no task of Airflow's has asked it: its project's DAG does, after register"
    }
    ask_on_airflow(store, store.ref("toy@3"), ON_AIRFLOW)  # another version
    assert set(refused(store, "toy@2")) == {"parity"}
    ask_on_airflow(store, store.ref("toy@2"), ON_AIRFLOW)
    line = list(store.audit.lines())[-1]
    assert (line.event, line.facts) == ("probe", {"ref": "model/toy@2", "dag": "toy", "run": "manual__1", "broken": []})
    [check] = promote(store, "toy@2").checks
    assert check.said == (
        "token ids and scores of the probe set are those of training in a fresh process"
        f" and on Airflow ({line.when}); not compared over HTTP: the extra 'serve' is not installed here"
    )


@pytest.mark.usefixtures("here_alone")
def test_the_last_answer_on_airflow_counts_and_one_that_differs_is_refused(store, monkeypatch):
    version = store.ref("toy@2")
    with monkeypatch.context() as patch:
        patch.setattr(Probe, "of", lambda model, texts: Probe(("a",), (), np.zeros((0, 1), np.float32)))
        with pytest.raises(GateRefused, match=r"model/toy@2: the classes are bad, good in training and a on Airflow"):
            ask_on_airflow(store, version, ON_AIRFLOW)
    assert refused(store, "toy@2") == {"parity": "the classes are bad, good in training and a on Airflow"}
    with monkeypatch.context() as patch:
        patch.setattr("textmill.models.load_model", fails)
        with pytest.raises(GateRefused, match="on Airflow it does not answer: no such function"):
            ask_on_airflow(store, version, ON_AIRFLOW)
    assert refused(store, "toy@2") == {"parity": "on Airflow it does not answer: no such function"}
    ask_on_airflow(store, version, ON_AIRFLOW)
    promote(store, "toy@2")


def fails(*_: object) -> None:
    raise TextmillError("no such function")


def test_outside_of_airflow_nothing_is_noted_as_if_it_was_there(store):
    before = list(store.audit.lines())
    with pytest.raises(ConfigError, match="only a task of Airflow's can ask for it"):
        ask_on_airflow(store, store.ref("toy@2"), {})
    assert list(store.audit.lines()) == before


def test_a_version_without_a_probe_set_is_refused(store, tmp_path):
    plain = tmp_path / "plain"
    shutil.copytree(store.open("toy@2")[1], plain)
    for name in ("manifest.json", "probe.json"):
        (plain / name).unlink()
    store.publish("toy", plain, parents={}, config={}, report={})
    assert refused(store, "toy@4")["parity"].startswith("it has no probe.json")
    with pytest.raises(GateRefused, match=r"it has no probe\.json"):
        ask_on_airflow(store, store.ref("toy@4"), ON_AIRFLOW)


OWN = """
import os
from textmill import plugins

@plugins.register
def shorten(word):
    return word[: int(os.environ["LETTERS"])]
"""


@pytest.mark.slow
def test_a_function_that_does_something_else_elsewhere_is_found(tmp_path, monkeypatch):
    """Its source is the same, so that no digest tells; the token ids do."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "rows.csv").write_text(rows())
    (tmp_path / "toy" / "shorten_maps.py").write_text(OWN)
    (tmp_path / "toy" / "mill.toml").write_text(MILL + '\n[text]\nmap = "shorten_maps:shorten"\n')
    monkeypatch.setenv("LETTERS", "4")
    store = Store(tmp_path / "toy" / ".textmill")
    run_project(tmp_path / "toy", store=store, threads=1)
    monkeypatch.setenv("TEXTMILL_PLUGINS", "shorten_maps")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "toy"), os.environ.get("PYTHONPATH", "")]))
    assert asked(store, "toy@1")[0] == []
    monkeypatch.setenv("LETTERS", "3")
    broken = refused(store, "toy@1")["parity"]
    assert broken == (
        "text 1 of the probe set: its token ids in a fresh process are not those of training; "
        "text 1 of the probe set: its token ids over HTTP are not those of training"
    )
    monkeypatch.delenv("TEXTMILL_PLUGINS")
    broken = refused(store, "toy@1")["parity"]
    assert "in a fresh process it does not answer: " in broken
    assert "over HTTP it does not answer: the server did not start: " in broken
    assert "shorten_maps:shorten" in broken
    assert "Traceback" not in broken


def test_a_process_that_does_not_answer_is_one_sentence(store):
    _, folder = store.open("toy@2")
    for python in (["false"], ["echo", "no json"], ["no-such-python"]):
        with pytest.raises(TextmillError) as caught:
            probe_in(python, folder)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_server_that_does_not_start_is_one_sentence(store):
    with pytest.raises(TextmillError, match=r"the server did not start: .*toy@9"):
        probe_over_http(store, Ref("model", "toy", 9), ["a"])
