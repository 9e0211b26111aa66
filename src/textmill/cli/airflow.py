"""``textmill airflow``: a project's steps on Apache Airflow."""

from __future__ import annotations

from pathlib import Path

import click

from textmill.cli.stores import StorePlace, store_in

__all__ = ["command"]


@click.group("airflow")
def command() -> None:
    """Run a project's steps on Apache Airflow."""


@command.command("export")
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there. [default: stdout]",
)
@click.option("--python", metavar="FILE", help="The interpreter that does the steps. [default: the one of textmill]")
@click.option(
    "--store",
    type=StorePlace(),
    metavar="DIR|URL",
    help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill in PROJECT]",
)
def export(project: Path, out: Path | None, python: str | None, store: Path | str | None) -> None:
    """Write PROJECT as a DAG file, for Airflow's folder of DAGs.

    It imports Airflow alone: each task calls textmill step in the interpreter that has textmill.
    """
    from textmill.flow.airflow_file import dag_file
    from textmill.flow.airflow_plan import airflow_plan

    text = dag_file(airflow_plan(project, python=python, store=None if store is None else store_in(store)))
    if out is None:
        click.echo(text, nl=False)
        return
    new = out.with_name(f".{out.name}.part")  # Airflow may look at any moment
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(out)
    except OSError as error:
        raise click.FileError(str(out), error.strerror) from error
