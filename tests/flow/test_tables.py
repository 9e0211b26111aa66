"""What further tables of a project file do to a run: [expect], [decide], [split] group, slices, [[candidate]]."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.test_project import MILL, rows_of, write_csv

from textmill.config import load
from textmill.errors import ConfigError, GateRefused, MissingExtra
from textmill.flow import RunResult, run_project
from textmill.flow.checking import check_project
from textmill.models import TextClassifier
from textmill.models.tuning import applied
from textmill.text import TextPath


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write_csv(tmp_path / "tweets.csv", rows_of(n=600))
    return tmp_path


def run(folder: Path, more: str, **settings: Any) -> RunResult:
    (folder / "mill.toml").write_text(MILL + more)
    return run_project(folder, store=folder / ".textmill", threads=1, **settings)


def model_of(result: RunResult) -> tuple[TextClassifier, Path]:
    assert result.manifest is not None
    _, folder = result.store.open("toy")
    return TextClassifier.load(folder), folder


def test_rows_that_are_not_as_expected_stop_the_run_before_training(made: Path) -> None:
    events: list[tuple[str, str]] = []
    with pytest.raises(GateRefused, match=r"rows: wanted >= 1000, got 600; label: no row is 'fire'") as caught:
        run(
            made,
            '[expect]\nrows = ">= 1000"\nlabel = ["disaster", "other", "fire"]\n',
            on_event=lambda event: events.append((event.step, event.kind)),
        )
    assert caught.value.exit_code == 3
    assert ("expect", "refused") in events
    assert ("train", "skipped") in events
    assert ("train", "started") not in events
    assert (made / "rejected.jsonl").exists()
    met = run(made, '[expect]\nrows = ">= 600"\nrarest = ">= 20"\n')
    assert met.manifest is not None
    assert run(made, '[expect]\nrows = ">= 600"\nrarest = ">= 20"\n').nothing_to_do


def test_languages_that_cannot_be_told_are_told_before_anything_is_read(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "py3langid" else find_spec(name))
    with pytest.raises(
        MissingExtra, match=r"\[expect\] languages needs the package 'py3langid'.*textmill\[languages\]"
    ):
        run(made, '[expect.languages]\nen = ">= 0.9"\n', on_event=lambda event: events.append(event.kind))
    assert events == []


def test_a_model_decides_as_the_project_says(made: Path) -> None:
    result = run(
        made, '[decide]\ncalibrate = "temperature"\nthreshold = "precision >= 0.8"\nunsure_below = 0.6\nfold = 0.3\n'
    )
    facts = result.report.details["decision"]
    held = result.report.data["held_back"]
    assert facts["rows"] == held > 60
    assert result.report.data["train"] + held + result.report.data["test"] == 600
    assert facts["threshold"]["precision"] >= 0.8
    model, folder = model_of(result)
    assert model.decision is not None
    assert model.decision.calibration.temperature == facts["temperature"]
    parts = result.report.details["left_open"]
    assert parts["answered"]["rows"] + parts["open"]["rows"] == parts["rows"] == result.report.data["test"]
    assert "held back for \\[decide\\]" in (folder / "card.md").read_text(encoding="utf-8")
    page = (made / "report.html").read_text(encoding="utf-8")
    assert 'id="answers"' in page
    assert "Probabilities are calibrated on" in page


def test_a_threshold_that_cannot_be_had_stops_the_run(made: Path) -> None:
    from textmill.errors import DataError

    with pytest.raises(DataError, match=r"\[decide\]: .*precision 0.99") as caught:
        run(made, '[decide]\nthreshold = "precision >= 0.99"\n')
    assert "Hold back more rows with decide.fold, or ask for less." in str(caught.value)


def test_costs_are_told_beside_the_baselines(made: Path) -> None:
    result = run(made, "[decide]\ncosts = { disaster = { other = 5 } }\n")
    cost = result.report.details["cost"]
    assert cost["low"] <= cost["value"] <= cost["high"]
    assert cost["value"] < cost["baseline"]
    assert result.report.data["held_back"] == 0


def test_candidates_are_trained_once_and_measured_on_the_same_rows(made: Path) -> None:
    more = '[[candidate]]\nmodel = { C = 0.01 }\n[[candidate]]\nname = "nothing"\nmodel = { kind = "majority" }\n'
    result = run(made, more)
    found = result.report.details["candidates"]
    board = found["leaderboard"]
    assert set(board["order"]) == {"model", "C = 0.01", "nothing"}
    assert board["order"][-1] == "nothing"
    assert board["models"]["model"]["accuracy"]["value"] == result.report.metrics["accuracy"].value
    assert board["models"]["nothing"]["accuracy"]["value"] == result.report.metrics["accuracy"].baseline
    assert [other["outcome"] for other in board["others"]][1] == "worse"
    assert all(cost[key] >= 0 for cost in found["costs"].values() for key in ("cpu_seconds", "p50_ms", "p95_ms"))
    assert all(cost["model_bytes"] > 0 and cost["texts_per_second"] > 0 for cost in found["costs"].values())
    assert 'id="leaderboard"' in (made / "report.html").read_text(encoding="utf-8")
    assert run(made, more).nothing_to_do
    again = run(made, more.replace("0.01", "0.02"))
    assert {step.step: step.cached for step in again.steps} == {
        "read": True, "split": True, "train": True, "train-2": False, "train-3": True, "compare": False,
        "evaluate": True, "register": True, "report": False,
    }  # fmt: skip
    assert again.manifest is not None
    assert again.manifest.ref.version == 1  # what is registered is [model], which is as it was


def test_slices_are_of_columns_and_lengths(made: Path) -> None:
    rows = [row | {"place": "ab"[n % 2]} for n, row in enumerate(rows_of(n=600))]
    lines = ["id,text,label,place", *(",".join(row.values()) for row in rows)]
    (made / "tweets.csv").write_text("\n".join(lines) + "\n")
    result = run(made, 'slices = ["length", "place"]\n')
    found = result.report.details["slices"]
    assert {one["of"] for one in found} == {"length", "place"}
    assert {one["slice"] for one in found if one["of"] == "place"} == {"a", "b"}
    for of in ("length", "place"):
        assert sum(one["rows"] for one in found if one["of"] == of) == result.report.data["test"]
    with pytest.raises(ConfigError, match=r"evaluate.slices: no column is called 'plaec'; .* Did you mean 'place'"):
        run(made, 'slices = ["plaec"]\n')


def test_the_data_check_is_in_the_report_where_it_is_asked_for(made: Path) -> None:
    rows = [row | {"source": row["label"], "batch": "7"} for row in rows_of(n=600)]
    lines = ["id,text,label,source,batch", *(",".join(row.values()) for row in rows)]
    (made / "tweets.csv").write_text("\n".join(lines) + "\n")
    cheap = run(made, "")
    assert "check" not in {step.step for step in cheap.steps}
    assert "data_check" not in cheap.report.details
    assert cheap.report.data["columns"]["constant"] == ["batch"]
    assert [one["column"] for one in cheap.report.data["columns"]["giveaways"]] == ["source"]
    page = (made / "report.html").read_text(encoding="utf-8")
    assert "Column source alone gives the label away" in page
    assert 'id="data-check"' not in page
    result = run(made, "data_check = true\n")
    assert [step.step for step in result.steps if not step.cached] == ["check", "evaluate", "register", "report"]
    found = result.report.details["data_check"]
    told = check_project(load(made), made)  # as the command finds it
    assert found == {name: told[name] for name in found}
    assert found["doubtful"]["of"] == 600
    assert 0 < found["doubtful"]["rows"] < 150
    assert 0 <= found["shift"]["unseen"] < 0.2
    page = (made / "report.html").read_text(encoding="utf-8")
    assert 'id="data-check"' in page
    assert "Labels in doubt" in page
    assert run(made, "data_check = true\n").nothing_to_do


def test_groups_are_drawn_together(made: Path) -> None:
    rows = [row | {"author": f"author {n % 40}"} for n, row in enumerate(rows_of(n=600))]
    lines = ["id,text,label,author", *(",".join(row.values()) for row in rows)]
    (made / "tweets.csv").write_text("\n".join(lines) + "\n")
    result = run(made, '[split]\ngroup = "author"\n')
    told = result.report.details["bootstrap"]
    assert not told["stratify"]
    assert told["clusters"] is not None
    assert told["clusters"] <= 40
    assert "those of one author together" in (model_of(result)[1] / "card.md").read_text(encoding="utf-8")


def test_the_card_of_a_version_names_its_terms(made: Path) -> None:
    text = MILL.replace('name = "toy"', 'name = "toy"\nintended_use = "To sort, not to judge."\ndata_licence = "CC0"')
    (made / "mill.toml").write_text(text)
    result = run_project(made, store=made / ".textmill", threads=1)
    card = (model_of(result)[1] / "card.md").read_text(encoding="utf-8")
    for said in ("# Model card: toy", "To sort, not to judge.", "- Licence: CC0", "| Accuracy |", "## Known failures"):
        assert said in card


@pytest.mark.slow
def test_the_result_of_candidates_does_not_depend_on_threads(made: Path) -> None:
    (made / "mill.toml").write_text(MILL + "[[candidate]]\nmodel = { C = 0.5 }\n")
    boards = []
    for threads in (1, 2):
        result = run_project(made, store=made / f"store{threads}", threads=threads)
        boards.append(json.dumps(result.report.details["candidates"]["leaderboard"], sort_keys=True))
    assert boards[0] == boards[1]
    assert np.isfinite(json.loads(boards[0])["models"]["model"]["accuracy"]["value"])


def test_headers_of_messages_that_give_the_label_away_are_told(made: Path) -> None:
    rows = rows_of(n=600)
    texts = [f"From: {row['label']}@example.org\nSubject: x{n}\n\n{row['text']}" for n, row in enumerate(rows)]
    lines = [json.dumps(row | {"text": text}) for row, text in zip(rows, texts, strict=True)]
    (made / "mails.jsonl").write_text("\n".join(lines) + "\n")
    mill = MILL.replace("tweets.csv", "mails.jsonl")
    (made / "mill.toml").write_text(mill)
    result = run_project(made, store=made / ".textmill", threads=1)
    found = result.report.details["headers"]
    assert found["share"] == 1.0
    assert found["outcome"] == "worse"
    assert found["with"]["value"] == result.report.metrics["accuracy"].value > found["without"]["value"]
    page = (made / "report.html").read_text(encoding="utf-8")
    assert "Not a fair test. 100.0 % of the test texts begin with the header of a message" in page
    (made / "mill.toml").write_text(mill + '[text]\nclean = ["headers"]\n')
    honest = run_project(made, store=made / ".textmill", threads=1)
    assert "headers" not in honest.report.details
    assert honest.report.metrics["accuracy"].value < found["with"]["value"]


def test_parts_of_the_test_side_may_be_languages(tmp_path: Path) -> None:
    pytest.importorskip("py3langid")
    german = [("Das Feuer kam ueber die Strasse zu den Haeusern", "disaster"), ("Ein schoener Tag am Fluss", "other")]
    english = [("The fire came over the road to the houses", "disaster"), ("A lovely day by the quiet river", "other")]
    rows = [(f"{text} {chr(97 + n % 26)}{n}", label) for n in range(150) for text, label in (*german, *english)]
    lines = [f"{number},{text},{label}\n" for number, (text, label) in enumerate(rows)]
    (tmp_path / "tweets.csv").write_text("id,text,label\n" + "".join(lines))
    mill = MILL.replace("bootstrap = 100", 'bootstrap = 100\nslices = ["language"]')
    (tmp_path / "mill.toml").write_text(mill + '[split]\nnear_duplicates = "allow"\n')
    found = run_project(tmp_path, store=tmp_path / ".textmill", threads=1)
    assert {one["slice"] for one in found.report.details["slices"]} == {"de", "en"}
    assert {one["of"] for one in found.report.details["slices"]} == {"language"}


def test_with_folds_every_row_is_tested_and_learned_from(made: Path) -> None:
    more = "[split]\nfolds = 4\nrepeats = 2\n[[candidate]]\nmodel = { C = 0.01 }\n"
    result = run(made, more)
    report = result.report
    assert (report.data["train"], report.data["test"], report.data["folds"]) == (600, 600, 4)
    told = report.details["folds"]
    assert told["accuracies"][0] == pytest.approx(report.metrics["accuracy"].value)
    assert len(told["accuracies"]) == 2
    assert report.details["candidates"]["leaderboard"]["rows"] == 600
    assert [step.step for step in result.steps][2:6] == ["train", "train-2", "validate", "validate-2"]
    assert run(made, more).nothing_to_do
    # no score is of a row that was learned from: about its own rows the model is right more often
    own = model_of(result)[0].predict([row["text"] for row in rows_of(n=600)]).labels
    right = np.mean([label == row["label"] for label, row in zip(own, rows_of(n=600), strict=True)])
    assert right > report.metrics["accuracy"].value + 0.01


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('stratify = true\n[split]\ngroup = "author"\n', "evaluate.stratify: groups hold rows of several classes"),
        ("[split]\nfolds = 1\n", "split.folds: wanted a number from 2 to 100, got 1"),
        ("[split]\nrepeats = 3\n", "split.repeats: wanted a number from 1 to 100, and folds to repeat, got 3"),
        ('[split]\nfolds = 3\nnear_duplicates = "report"\n', 'split.near_duplicates: wanted "together" with folds'),
        ('[split]\nfolds = 3\ntime = "day"\n', "split.time: wanted time or folds"),
        ('[split]\ntime = "day"\nstratify = true\n', "split.stratify: wanted time or stratify"),
        ('[split]\ntest_from = "2020"\n', "split.test_from: wanted a column in time as well"),
        ('[split]\nfolds = 3\n[decide]\ncalibrate = "isotonic"\n', "decide: calibration and threshold are learned"),
        ('[decide]\nthreshold = "recall >= 0.9"\ncosts = {}\n', "decide.costs: they decide where the threshold lies"),
        ('[decide]\npositive = "other"\n', "decide.positive: is the class that a threshold is about"),
        ("[decide]\nunsure_below = 2\nfold = 0.9\n", "decide.fold: wanted a share from 0.05 to 0.5, got 0.9"),
    ],
)  # fmt: skip
def test_tables_that_do_not_go_together_are_told(made: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run(made, more)
    assert said in str(caught.value)


TUNE = """
[tune]
trials = 6
folds = 3

[tune.space]
"model.C" = { low = 0.1, high = 50.0, log = true }
"features.ngrams" = [[1, 1], [1, 2]]
"""


@pytest.mark.slow
def test_settings_are_chosen_on_the_training_side_and_are_the_models(made: Path) -> None:
    pytest.importorskip("optuna")
    result = run(made, TUNE)
    told = result.report.details["tuning"]
    assert len(told["trials"]) == 6
    chosen = next(one for one in told["trials"] if one["number"] == told["trial"])
    means = [np.mean(one["scores"]) for one in told["trials"] if one["complete"]]
    assert np.mean(chosen["scores"]) == max(means)
    model, _ = model_of(result)
    assert pytest.approx(told["best"]["model.C"]) == model.config.C
    assert result.manifest is not None
    assert result.manifest.config["model"]["C"] == told["best"]["model.C"]
    assert 'id="tuning"' in (made / "report.html").read_text(encoding="utf-8")
    assert run(made, TUNE).nothing_to_do
    # what stands on the test side decides nothing: with other labels there the choice is the same
    split = next(step for step in result.steps if step.step == "split").finished
    side = np.load(result.store.object(split.files["side.npy"].sha256))
    rows = rows_of(n=600)
    labels = sorted({row["label"] for row in rows})
    for row, tested in zip(rows, side.tolist(), strict=True):
        if tested:
            row["label"] = labels[1 - labels.index(row["label"])]
    write_csv(made / "tweets.csv", rows)
    turned = run(made, TUNE)
    assert turned.report.details["tuning"] == told
    assert turned.report.metrics["accuracy"].value < 0.5


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_where_it_stood(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    whole = run(made, TUNE).report.details["tuning"]
    [journal] = (made / ".textmill" / "runs").glob("tune-*.jsonl")
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == sum(len(one["scores"]) for one in whole["trials"])
    journal.write_text("".join(lines[:7]) + lines[7][:20], encoding="utf-8")
    fits = []
    fit = TextClassifier.fit.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(TextClassifier, "fit", classmethod(lambda cls, *a, **k: fits.append(1) or fit(cls, *a, **k)))
    again = run(made, TUNE, force=True).report.details["tuning"]
    assert again == whole
    assert len(fits) == len(lines) - 7 + 1  # and the model itself


NESTED = TUNE.replace("trials = 6", "trials = 3").replace("folds = 3", "folds = 2") + "[split]\nfolds = 3\n"


def folds_of(result: RunResult) -> Any:
    split = next(step for step in result.steps if step.step == "split").finished
    return np.load(result.store.object(split.files["folds.npy"].sha256))[0]


@pytest.mark.slow
def test_each_fold_is_tuned_without_its_own_rows(made: Path) -> None:
    pytest.importorskip("optuna")
    result = run(made, NESTED)
    told, folds = result.report.details["tuning"], folds_of(result)
    assert [(one["repeat"], one["fold"]) for one in told["by_fold"]] == [(0, 0), (0, 1), (0, 2)]
    page = (made / "report.html").read_text(encoding="utf-8")
    assert "What each fold chose" in page
    assert "the scores are those of the whole procedure" in page
    model, folder = model_of(result)
    assert pytest.approx(told["best"]["model.C"]) == model.config.C  # by the search on all rows
    assert "whole procedure" in (folder / "card.md").read_text(encoding="utf-8")
    assert run(made, NESTED).nothing_to_do
    # what is said of a fold is said by a model of the other rows, with the settings that were chosen on these
    rows, settings = rows_of(n=600), told["by_fold"][1]["settings"]
    asked = applied(load(made).own, settings)
    learned = [row for row, fold in zip(rows, folds.tolist(), strict=True) if fold != 1]
    own = TextClassifier.fit(
        [row["text"] for row in learned],
        [row["label"] for row in learned],
        text=TextPath(asked.text),
        features=asked.features,
        model=asked.model,
        seed=load(made).project.seed,
    )
    validate = next(step for step in result.steps if step.step == "validate").finished
    scores = np.load(result.store.object(validate.files["scores.npy"].sha256))
    tested = np.flatnonzero(folds == 1).tolist()
    assert own.predict([rows[row]["text"] for row in tested]).scores == pytest.approx(scores[tested])
    # with other labels on the rows of a fold, the choice for it is the same, and others are not
    labels = sorted({row["label"] for row in rows})
    for row in tested:
        rows[row]["label"] = labels[1 - labels.index(rows[row]["label"])]
    write_csv(made / "tweets.csv", rows)
    turned = run(made, NESTED)
    assert (folds_of(turned) == folds).all()
    choices = turned.report.details["tuning"]["by_fold"]
    assert choices[1] == told["by_fold"][1]
    assert choices[0]["scores"] != told["by_fold"][0]["scores"]


@pytest.mark.slow
def test_nested_searches_that_were_killed_go_on_where_they_stood(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    whole = run(made, NESTED).report.details["tuning"]
    journals = {path: path.read_text(encoding="utf-8") for path in (made / ".textmill" / "runs").glob("tune-*.jsonl")}
    assert len(journals) == 2
    nested = max(journals, key=lambda path: len(journals[path]))
    lines = journals[nested].splitlines(keepends=True)
    nested.write_text("".join(lines[:5]) + lines[5][:20], encoding="utf-8")
    fits = []
    fit = TextClassifier.fit.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(TextClassifier, "fit", classmethod(lambda cls, *a, **k: fits.append(1) or fit(cls, *a, **k)))
    assert run(made, NESTED, force=True).report.details["tuning"] == whole
    assert len(fits) == len(lines) - 5 + 1 + 3  # and the model itself, and those of the folds


def test_a_space_that_makes_no_sense_is_told_before_anything_is_read(made: Path) -> None:
    events: list[str] = []
    with pytest.raises(ConfigError, match=r"mill.toml: tune.space.'model.c': no setting is called 'model.c'"):
        run(made, '[tune.space]\n"model.c" = [1, 2]\n', on_event=lambda event: events.append(event.kind))
    assert events == []


def test_a_learning_curve_ends_with_the_models_own_score(made: Path) -> None:
    result = run(made, "learning_curve = true\n")
    points = result.report.details["learning_curve"]
    assert [point["rows"] for point in points][-1] == result.report.data["train"]
    assert [point["rows"] for point in points] == sorted(point["rows"] for point in points)
    assert points[-1]["value"] == pytest.approx(result.report.metrics["accuracy"].value)
    assert all(point["low"] <= point["value"] <= point["high"] for point in points)
    page = (made / "report.html").read_text(encoding="utf-8")
    assert 'id="growth"' in page
    assert 'id="typical"' in page
    assert run(made, "learning_curve = true\n").nothing_to_do


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[decide]\nthreshold = "recall >= 0.5"\npositive = "othr"\n', "decide.positive: no class is called 'othr'"),
        ("[decide]\ncosts = { other = { disastr = 3 } }\n", "decide.costs.other: no class is called 'disastr'"),
        ('promote_if = "f2 >= 0.5"\n', "'f2'"),
    ],
)
def test_what_only_comes_late_is_checked_early_and_names_the_file(made: Path, more: str, said: str) -> None:
    events: list[tuple[str, str]] = []
    with pytest.raises(ConfigError) as caught:
        run(made, more, on_event=lambda event: events.append((event.step, event.kind)))
    assert "mill.toml: " in str(caught.value)
    assert said in str(caught.value)
    assert not [step for step, kind in events if kind == "progress" and step == "train"]
