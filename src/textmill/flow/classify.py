"""The plan of a text classifier: read -> split -> train -> evaluate -> register -> report, and what decides each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from textmill import plugins
from textmill.config import MillConfig
from textmill.flow import judging, learning
from textmill.flow.keys import code_version
from textmill.flow.project import Project
from textmill.flow.sources import FileDigests
from textmill.flow.step import Flow, Step
from textmill.registry import Store

__all__ = ["classify"]


def classify(mill: MillConfig, folder: Path, store: Store, digests: FileDigests) -> Flow:
    """The plan of a classifier's project.

    Parameters
    ----------
    folder : the project's; sources are looked for there, and the report is written there
    digests : of the files outside of the store
    """
    project = Project(mill, folder, store, digests)
    config, seed = project.settings, mill.project.seed
    learns = ("flow/learning", "read", "_native", "text", "features", "models")
    guests = ("numpy", "pyarrow", "pystemmer")
    lists = ("simplemma", "stop_words")  # what they hold decides terms
    splits = {"regex": ("regex",), "subword": ("tokenizers",)}.get(mill.text.tokens, ())
    own = _own_functions(mill, folder)
    read = Step(
        "read",
        partial(learning.read, project),
        settings=config["read"],
        code=code_version("flow/learning", "read", guests=guests),
        sources=partial(learning.sources_of, project),
    )
    split = Step(
        "split",
        partial(learning.split, project),
        needs=("read",),
        settings={"split": config["split"], "seed": seed},
        code=code_version("flow/learning", "read", "_native", guests=guests),
        keyed_by=("read.digest", "read.test_digest"),
    )
    train = Step(
        "train",
        partial(learning.train, project),
        needs=("read", "split"),
        settings={"seed": seed} | {table: config[table] for table in ("text", "features", "model")} | own,
        code=code_version(*learns, guests=(*guests, *lists, *splits)),
        keyed_by=("read.digest", "split.side.npy"),
        sources=partial(learning.assets_of, project),
    )
    evaluate = Step(
        "evaluate",
        partial(judging.evaluate, project),
        needs=("read", "split", "train"),
        # the gate is no part of it: asking for more measures nothing anew
        settings={"name": project.name, "seed": seed, "evaluate": config["evaluate"] | {"promote_if": None}},
        code=code_version(*learns, "flow/judging", "evaluate", guests=(*guests, *lists, *splits)),
        keyed_by=(
            "read.digest",
            "read.test_digest",
            "read.facts",
            "split.side.npy",
            "split.leaked.npy",
            "split.leaks",
            "train.model/",
        ),
    )
    register = Step(
        "register",
        partial(judging.register, project),
        needs=("read", "train", "evaluate"),
        # no code and no [read]: the same data, model, scores and settings are the same version, wherever the rows lay
        settings={"name": project.name, "seed": seed}
        | {table: config[table] for table in ("split", "text", "features", "model", "evaluate")},
        keyed_by=("read.digest", "read.test_digest", "train.model/", "train.text_path", "evaluate.metrics"),
        holds=partial(judging.is_registered, project),
    )
    report = Step(
        "report",
        partial(judging.report, project),
        needs=("read", "evaluate", "register"),
        settings={"config": config},
        code=code_version("flow/judging", "evaluate"),
        keyed_by=("read.rejected/", "evaluate.report.json", "register.version"),
        rule="all_done",  # a model that the gate refused is looked at all the more
        holds=partial(judging.is_reported, project),
    )
    return Flow(project.name, (read, split, train, evaluate, register, report))


def _own_functions(mill: MillConfig, folder: Path) -> dict[str, dict[str, str]]:
    """Import the functions of the user's own that the project file names; their sources are part of the key."""
    named = [name for name in mill.text.maps if ":" in name]
    for name in named:
        plugins.load(name, folder)
    return {"functions": {name: plugins.find(name).digest for name in named}} if named else {}
