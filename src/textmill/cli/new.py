"""``textmill new``: a project file for a data file."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.stores import quoted
from textmill.config import MillConfig, from_mapping
from textmill.errors import TextmillError

if TYPE_CHECKING:
    from textmill.read import Proposal

__all__ = ["command", "name_from", "new_project"]

_FILE = "mill.toml"
_MOST_UP = 3  # a path that climbs higher says less than the whole one


@click.command("new")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from", "source", required=True, metavar="FILE", help="The data: CSV, JSON Lines, Parquet, a folder, a glob."
)
@click.option("--name", metavar="NAME", help="What the model is called. [default: as DIR]")
def command(folder: Path, source: str, name: str | None) -> None:
    """Look at a data file and write DIR/mill.toml for it.

    The first rows tell which column is the text and which the label; each choice is said with its reason and stands
    in the file, to be changed there. The data stay where they are. A mill.toml that is there is not touched.
    """
    proposal = new_project(folder, source, name)
    first = "the first " if proposal.partly else ""
    seen = f"{first}{proposal.rows_seen:,} rows of " if proposal.rows_seen else ""
    click.echo(f"Looked at {seen}{source}.")
    for sentence in proposal.why:
        click.echo(f"  {sentence}")
    if proposal.encoding not in (None, "utf-8"):
        click.echo(f"  It is written in {proposal.encoding}.")
    click.echo(f"Wrote {folder / _FILE}; change there what does not fit.")
    click.echo(f"\nNext:\n  textmill run {quoted(str(folder))}")


def new_project(folder: Path, source: str, name: str | None = None) -> Proposal:
    """Write a project file for a source.

    Raises
    ------
    TextmillError : if there is a project file already, or the folder cannot be one
    SourceError, DataError : if the source cannot be read, or has no text or label
    """
    target = folder / _FILE
    if target.exists() or target.is_symlink():
        raise TextmillError(
            "there is a project file already, which is not overwritten",
            where=str(target),
            hint="Choose another folder, or edit that file.",
        )
    if folder.exists() and not folder.is_dir():
        raise TextmillError("a project is a folder, and this is a file", where=str(folder))

    from textmill.read import mill_toml, propose

    called = name if name is not None else name_from(folder.absolute().name)
    proposal = propose(Path(source))
    text = mill_toml(proposal, called, _seen_from(folder, source))
    from_mapping(MillConfig, tomllib.loads(text))  # a name that cannot be one is refused before anything is written
    _write(target, text)
    return proposal


def name_from(folder: str) -> str:
    """A model's name from a folder's.

    Examples
    --------
    >>> name_from("My Tweets (2024)"), name_from("été"), name_from("___")
    ('my-tweets-2024', 't', 'model')
    """
    return re.sub(r"[^a-z0-9._]+|\.\.+", "-", folder.lower()).strip("-._")[:100] or "model"


def _seen_from(folder: Path, source: str) -> str:
    """The source as the project file names it: relative where that is short, so that both can be moved together."""
    whole = os.path.abspath(source)  # a glob is no path to resolve
    if os.path.isabs(source):
        return whole  # as it was given
    try:
        seen = os.path.relpath(whole, folder.resolve())
    except ValueError:  # another drive
        return whole
    return whole if seen.split(os.sep).count(os.pardir) > _MOST_UP else Path(seen).as_posix()


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:  # never over a file that came meanwhile
            try:
                file.write(text)
                file.flush()
            except OSError:
                target.unlink()
                raise
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise TextmillError(f"it cannot be written: {why}", where=str(target)) from error
