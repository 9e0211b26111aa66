"""``textmill compare``: models on the same rows, and whether their difference is more than luck."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import console, json_option, plain, print_json
from textmill.errors import DataError, TooManyRejected

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.table import Table

    from textmill.flow.labelling import OpenModel
    from textmill.read import Corpus

__all__ = ["command"]

_SHOWN = {"accuracy": "accuracy", "f1": "F1", "mcc": "MCC", "roc_auc": "ROC AUC", "log_loss": "log loss"}


@click.command("compare")
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@click.option("--in", "source", metavar="FILE", required=True, help="Labelled rows that no model has learned from.")
@click.option("--text", "text", metavar="COLUMN", help="Column that holds the text. [default: as in training]")
@click.option("--label", "label", metavar="COLUMN", help="Column that holds the label. [default: as in training]")
@click.option("--seed", type=int, default=13, show_default=True, help="Of the bootstrap.")
@store_option
@json_option
def command(
    models: tuple[str, ...],
    source: str,
    text: str | None,
    label: str | None,
    seed: int,
    store: Path | str | None,
    as_json: bool,
) -> None:
    """Measure models on the same rows: which is better, and is it luck?

    Rows whose text one of them has learned from are left out.

    Each MODEL is a name or NAME@VERSION; the first is what the others are measured against.
    A difference is called one only if the paired bootstrap says so, and McNemar's test where accuracy leads, both
    corrected for the number of models.

    \b
      textmill compare disaster@1 disaster@2 --in labelled.csv
    """
    if len(models) < 2:
        raise click.UsageError("name two models or more; the first is the one that the others are measured against.")

    from textmill.config import EvaluateConfig
    from textmill.evaluate import compare
    from textmill.evaluate.speed import timed
    from textmill.flow.labelling import open_model

    found = find_store(store)
    opened = {
        f"{model.ref.name}@{model.ref.version}": model for model in (open_model(found, name, None) for name in models)
    }
    if len(opened) < len(models):
        raise click.UsageError("a model is named twice.")
    with tempfile.TemporaryDirectory() as folder:
        corpus = _rows(next(iter(opened.values())), source, text, label, Path(folder))
        table, notes = _unseen(opened, corpus.table(), source)
        predictions, cost = {}, {}
        for name, model in opened.items():
            predictions[name] = model.classifier.predict(table["text"])
            size = sum(file.stat().st_size for file in model.folder.rglob("*") if file.is_file())
            cost[name] = timed(model.classifier, table["text"]) | {"model_bytes": size}
        result = compare(table["label"].to_pylist(), predictions, config=EvaluateConfig(), seed=seed)
    if as_json:
        print_json(result | {"cost": cost, "notes": notes})
        return
    console().print(_table(result, cost))
    click.echo()
    for said in filter(None, (result["why"], result["note"], *notes)):
        click.echo(plain(said))
    for other in result["others"]:
        click.echo(plain(other["sentence"]))


def _rows(first: OpenModel, source: str, text: str | None, label: str | None, folder: Path) -> Corpus:
    from textmill.flow.labelling import reading
    from textmill.read import read_corpus

    config = replace(reading(first.manifest, text), source=source, id=None)
    if label is not None:
        config = replace(config, label=label)
    several = first.classifier.several
    try:
        return read_corpus(
            config, Path.cwd(), out=folder / "rows.arrow", rejected=folder / "rejected.jsonl", several=several
        )
    except TooManyRejected as error:  # they go with the folder
        error.hint = None
        error.args = (error.sentence(),)
        raise


def _unseen(opened: dict[str, OpenModel], table: pa.Table, source: str) -> tuple[pa.Table, list[str]]:
    """The rows that none of the models has learned from, and what was left out.

    Raises
    ------
    DataError : if that leaves none
    """
    import pyarrow as pa

    from textmill.read.seen import unseen_by

    rows, by, unknown = unseen_by({name: model.folder for name, model in opened.items()}, table["text"])
    notes = [
        f"Whether {name} has learned from some of these rows is not known: an older version made it."
        for name in unknown
    ]
    if not rows.any():
        raise DataError(f"these are rows that {' and '.join(by)} learned from", where=source, wanted="others")
    if by:
        left = int((~rows).sum())
        said = "1 row was" if left == 1 else f"{left:,} of {table.num_rows:,} rows were"
        notes.append(f"{said} left out: {' or '.join(by)} has learned from such texts.")
    return table.filter(pa.array(rows)), notes


def _table(result: dict[str, Any], cost: dict[str, dict[str, float]]) -> Table:
    from rich.table import Table

    from textmill.evaluate.sentences import number

    shown = [name for name in _SHOWN if all(name in scores for scores in result["models"].values())]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    for title in [*(_SHOWN[name] for name in shown), "texts/s", "ms", "MB"]:
        table.add_column(title, justify="right", no_wrap=True)
    for model, scores in result["models"].items():
        figures = [number(scores[name]["value"]) for name in shown]
        spent = cost[model]
        costs = (f"{spent['texts_per_second']:,.0f}", f"{spent['p50_ms']:.2f}", f"{spent['model_bytes'] / 1e6:.1f}")
        table.add_row(plain(model), *figures, *costs)
    return table
