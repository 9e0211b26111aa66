"""``textmill models bundle``, ``export``, ``install`` and ``log-mlflow``: a model goes elsewhere."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from textmill.cli.stores import StorePlace, find_store, store_in, store_option
from textmill.cli.story import short
from textmill.cli.terminal import json_option, plain, print_json
from textmill.errors import NotInStore

__all__ = ["bundle_model", "export_model", "install_model", "log_model"]


@click.command("bundle")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--wheels",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where a wheel of each required package lies, to go with it.",
)
@click.option(
    "--extra", "extras", multiple=True, metavar="NAME", help="An extra of textmill that is wanted there, such as serve."
)
@store_option
@json_option
def bundle_model(
    model: str, file: Path, wheels: Path | None, extras: tuple[str, ...], store: Path | str | None, as_json: bool
) -> None:
    """Write MODEL (a name or NAME@VERSION) into FILE, a zip, with all it needs to answer elsewhere."""
    from textmill.registry.bundle import bundle

    found = find_store(store)
    ref = found.ref(model)
    names = bundle(found, ref, file, wheels=wheels, extras=extras)
    size = file.stat().st_size
    if as_json:
        print_json({"model": str(ref), "file": str(file), "bytes": size, "files": list(names)})
        return
    count = sum(name.startswith("wheels/") for name in names)
    wheeled = f", {count} of them wheels" if count else ""
    click.echo(f"{short(file)}: {ref}, {len(names):,} files{wheeled}, {size / 1e6:,.1f} MB")
    click.echo("\nOn the other machine:")
    if count:
        click.echo(f"  unzip {file.name} 'wheels/*' requirements.txt")
        click.echo("  pip install --no-index --find-links wheels -r requirements.txt")
    click.echo(f"  textmill models install {file.name}")


@click.command("export")
@click.argument("model")
@click.option(
    "--onnx",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the ONNX graph.",
)
@store_option
@json_option
def export_model(model: str, file: Path, store: Path | str | None, as_json: bool) -> None:
    """Write the ONNX graph of the network MODEL (a name or NAME@VERSION), from numbered tokens to outputs.

    A linear model has none: it is one multiplication of a sparse row, which starts from its terms and not from tensors.
    """
    from textmill.models.text_model import read_head
    from textmill.registry.disk import writing

    found = find_store(store)
    ref = found.ref(model)
    folder = found.open(ref)[1]
    head = read_head(folder)
    said = head.get("onnx", {})
    if said.get("precision", "none") == "none":
        raise NotInStore("this version has no ONNX graph", where=str(ref), hint=_without_graph(head))
    new = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with writing(file):
            shutil.copyfile(folder / "network.onnx", new)
            found.disk.rename(new, file)  # what was there before goes only for what is whole
    finally:
        with suppress(OSError):
            new.unlink()
    if as_json:
        print_json({"model": str(ref), "file": str(file), "bytes": file.stat().st_size, "precision": said["precision"]})
        return
    click.echo(f"{short(file)}: {ref} in {said['precision']}, {file.stat().st_size / 1e6:,.1f} MB")


def _without_graph(head: dict[str, Any]) -> str:
    """Why a model has no ONNX graph, and what gives it one: a sentence or two."""
    kind = head.get("model", {}).get("kind")
    if head.get("body") != "network":
        return f"A model of kind {kind!r} never gets one: it starts from the terms of a text and not from tensors."
    if "why" not in head.get("onnx", {}):
        return (
            'It was trained with [model] onnx = "no": leave that out, and run it again with the extra onnx installed.'
        )
    why: str = head["onnx"]["why"]
    return f"When it was trained, {why}."


@click.command("install")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--store",
    type=StorePlace(),
    metavar="DIR|URL",
    help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill here]",
)
@json_option
def install_model(file: Path, store: Path | str | None, as_json: bool) -> None:
    """Put the model of the bundle FILE into a store, as the next version of its name."""
    from textmill.registry import Store
    from textmill.registry.bundle import install
    from textmill.registry.requirements import differing

    kept = Store.beside(Path.cwd()) if store is None else Store.at(store_in(store))
    done = install(kept, file)
    kept.close()
    differences = differing(done.requirements)
    ref, origin = done.manifest.ref, done.manifest.parents["origin"]
    if as_json:
        print_json({"model": str(ref), "origin": origin, "differing": differences, "functions": list(done.functions)})
        return
    click.echo(f"{ref} in {short(kept.place)}: every file is as it was written of {plain(origin)} there.")
    for said in differences:
        click.echo(f"Mind: {plain(said)}.", err=True)
    for name in done.functions:
        click.echo(f"Mind: it calls {plain(name)}, which TEXTMILL_PLUGINS must name here.", err=True)


@click.command("log-mlflow")
@click.argument("model")
@click.option(
    "--uri", required=True, metavar="URI", help="The tracking server, or a store such as sqlite:///mlflow.db."
)
@click.option("--experiment", metavar="NAME", help="The experiment. [default: the name of the model]")
@store_option
@json_option
def log_model(model: str, uri: str, experiment: str | None, store: Path | str | None, as_json: bool) -> None:
    """Log MODEL (a name or NAME@VERSION) to MLflow: settings, scores, report, and a model with its signature."""
    from textmill.registry import mlflow_bridge

    found = find_store(store)
    ref = found.ref(model)
    run = mlflow_bridge.log_model(found, ref, uri, experiment=experiment)
    if as_json:
        print_json({"model": str(ref), "run": run, "uri": f"runs:/{run}/model"})
        return
    click.echo(f"{ref} is run {run} of experiment {plain(experiment or ref.name)}; load it from runs:/{run}/model")
