"""Students that learn from a teacher: what they learn, from whom, and what is kept away from them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.test_project import MILL, rows_of, write_csv

from textmill.errors import ConfigError, DataError
from textmill.evaluate import render_html
from textmill.evaluate.sentences import standing
from textmill.flow import RunResult, run_project
from textmill.models import TextClassifier
from textmill.read.seen import marks_in
from textmill.registry.lineage import trace

SMALL = MILL.replace('"toy"', '"small"')
LETTERS = '[[candidate]]\nname = "letters"\nfeatures = { analyzer = "char_wb", ngrams = [2, 4] }\n'


def run(folder: Path, text: str, **settings: Any) -> RunResult:
    (folder / "mill.toml").write_text(text)
    return run_project(folder, store=folder / ".textmill", threads=1, **settings)


def started(folder: Path, text: str) -> list[str]:
    events: list[str] = []
    run(folder, text, on_event=lambda event: events.append(event.step) if event.kind == "started" else None)
    return events


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a version of its model, and texts without labels, some of them those of the project's rows."""
    folder = tmp_path_factory.mktemp("teaching")
    write_csv(folder / "tweets.csv", rows_of())
    texts = [row["text"] for row in [*rows_of(seed=5, n=60), *rows_of()[:60]]]
    (folder / "more.csv").write_text("\n".join(["text", *texts]) + "\n")
    run(folder, MILL)
    return folder


@pytest.mark.slow
def test_a_candidate_learns_what_another_says_also_of_texts_without_labels(made: Path) -> None:
    taught = LETTERS + '[[candidate]]\nname = "taught"\ndistil = { teacher = "letters", unlabelled = "more.csv" }\n'
    result = run(made, MILL + taught)
    board = result.report.details["candidates"]["leaderboard"]
    (told,) = board["taught"]
    assert (told["model"], told["teacher"], told["over"]) == ("taught", "letters", "model")
    assert told["teacher_value"] == board["models"]["letters"]["accuracy"]["value"]
    # those that are test rows are left out, the others are learned from
    assert told["near_test"] > 0
    assert told["unlabelled"] + told["near_test"] == 120
    assert any(
        "taught" in sentence and "times as many texts a second" in sentence for sentence in standing(result.report)
    )
    assert "times as many texts a second" in render_html(result.report)
    assert run(made, MILL + taught).nothing_to_do
    # weight and temperature are of the student: the teacher is not asked again
    softer = taught.replace('"more.csv"', '"more.csv", temperature = 2.0')
    assert [step for step in started(made, MILL + softer) if "t" in step[:2]] == ["train-3"]
    # what it is to learn is other texts: both are done again
    with (made / "more.csv").open("a") as file:
        file.write("a flood on the bridge tonight\n")
    assert {"teach", "train-3"} <= {*started(made, MILL + taught)}


@pytest.mark.slow
def test_a_gain_is_over_the_first_linear_model_without_a_teacher_and_over_a_bag_only_where_there_is_none(
    made: Path,
) -> None:
    bag = '[distil]\nteacher = "letters"\n[[candidate]]\nname = "plain bag"\nmodel = { kind = "bag" }\n' + LETTERS
    linear = '[[candidate]]\nname = "words"\nfeatures = { min_df = 2 }\n'

    def told(text: str) -> tuple[dict[str, Any], str]:
        report = run(made, text).report
        return report.details["candidates"]["leaderboard"]["taught"][0], " ".join(standing(report))

    found, sentence = told(MILL + bag)
    assert (found["model"], found["over"], found["over_kind"]) == ("model", "plain bag", "bag")
    assert "the bag plain bag" in sentence
    found, sentence = told(MILL + bag + linear)
    assert (found["over"], found["over_kind"]) == ("words", "logistic-regression")
    assert "the bag" not in sentence


def test_a_version_of_the_store_teaches_and_is_named(made: Path) -> None:
    text = SMALL + '[distil]\nteacher = "toy@1"\nweight = 1.0\n'
    result = run(made, text)
    assert result.manifest is not None
    manifest = trace(result.store, "small").manifest
    assert manifest.parents["teacher"] == "model/toy@1"
    assert len(manifest.parents["teacher_files"]) == 64
    board = result.report.details["candidates"]["leaderboard"]
    assert [*board["models"]] == ["model", "model/toy@1"]
    assert board["taught"][0]["over"] is None  # there is no linear model without a teacher
    assert "the majority baseline" in standing(result.report)[-1]
    assert "model/toy@1" in render_html(result.report)
    # with the same features and a weight of 1 the student says what its teacher says, a little less surely
    texts = [row["text"] for row in rows_of(seed=9, n=100)]
    models = [TextClassifier.load(result.store.open(name)[1]) for name in ("small", "toy@1")]
    mine, its = (model.learned(texts)[:, 0] for model in models)
    assert np.corrcoef(mine, its)[0, 1] > 0.99
    # another name of the same version: only the report, which shows the settings, is another
    assert started(made, text.replace("toy@1", "model/toy@1")) == ["report"]


def test_a_student_has_seen_what_its_teacher_has_seen(made: Path) -> None:
    result = run(made, SMALL + '[distil]\nteacher = "toy@1"\nunlabelled = "more.csv"\n')
    mine, its = (marks_in(result.store.open(name)[1]) for name in ("small", "toy@1"))
    assert mine is not None
    assert its is not None
    assert its < mine


def test_a_teacher_that_has_learned_from_test_rows_is_refused(made: Path) -> None:
    with pytest.raises(DataError, match=r"the teacher model/toy@1 has learned from \d+ of the \d+ test rows"):
        run(made, SMALL + '[split]\ntest = 0.5\n[distil]\nteacher = "toy@1"\n')


def test_a_teacher_that_is_nowhere_or_tells_other_classes_apart_is_told(made: Path) -> None:
    with pytest.raises(ConfigError, match=r"distil.teacher: 'letter' is no version in the store.*'letters'"):
        run(made, SMALL + '[distil]\nteacher = "letter"\n' + LETTERS)
    rows = [{**row, "label": row["label"].upper(), "text": row["text"] + " new"} for row in rows_of(seed=7)]
    write_csv(made / "large.csv", rows)
    with pytest.raises(DataError, match=r"do not tell the same classes apart; wanted 'DISASTER', 'OTHER'"):
        run(made, SMALL.replace("tweets.csv", "large.csv") + '[distil]\nteacher = "toy@1"\n')


def test_texts_without_labels_that_are_all_test_rows_are_told(made: Path) -> None:
    write_csv(made / "test.csv", rows_of(seed=11, n=20))
    text = (
        SMALL.replace("[read]", '[read]\ntest = "test.csv"') + '[distil]\nteacher = "toy@1"\nunlabelled = "test.csv"\n'
    )
    with pytest.raises(DataError, match="each of the unlabelled texts is equal or nearly equal to a test row"):
        run(made, text)


def test_texts_with_several_labels_are_taught_too(tmp_path: Path) -> None:
    words = {"grain": "wheat maize barley harvest", "energy": "oil gas pipeline barrel"}
    chance = random.Random(3)
    rows = []
    for number in range(160):
        topics = [topic for topic in words if chance.random() < 0.5]
        said = [word for topic in topics for word in chance.sample(words[topic].split(), 2)]
        rows.append({"text": " ".join([*said, f"day{number}", chance.choice(["calm", "busy"])]), "topics": topics})
    for name, some in (("news.jsonl", rows[:120]), ("more.jsonl", rows[120:])):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in some))
    text = MILL.replace("[read]", 'task = "multi-label"\n[read]\nlabel = "topics"').replace("tweets.csv", "news.jsonl")
    taught = '[[candidate]]\nname = "taught"\ndistil = { teacher = "letters", unlabelled = "more.jsonl" }\n'
    result = run(tmp_path, text + LETTERS + taught)
    (told,) = result.report.details["candidates"]["leaderboard"]["taught"]
    assert told["unlabelled"] + told["near_test"] == 40
    assert told["student"] > 0.8
