"""Which store a command means, and how to name it in a command that works from where the user stands."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.errors import NotInStore

if TYPE_CHECKING:
    from textmill.registry import Store
    from textmill.registry.collecting import Garbage

__all__ = ["command_line", "find_store", "freed", "quoted", "store_in", "store_option", "version_option"]

_FOLDER = ".textmill"


def store_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--store DIR``, the same for every verb."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill here or above]",
    )(function)


def version_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--version N``, the same for every verb."""
    return click.option(
        "--version", type=click.IntRange(min=1), metavar="N", help="Version of the model. [default: the newest]"
    )(function)


def find_store(named: Path | None) -> Store:
    """The store that is meant: the one named, or the one near here.

    Raises
    ------
    NotInStore : if there is none; says where it looked
    """
    from textmill.registry import Store

    if named is None:
        return Store.near()
    root = store_in(named)
    if not root.is_dir():
        raise NotInStore("there is no store here", where=str(named), hint="Make one with: textmill run PROJECT")
    return Store(root)


def store_in(named: Path) -> Path:
    """The store that a folder is, or that lies in it if it is a project."""
    project = (named / _FOLDER).is_dir() or (named / "mill.toml").is_file()
    return named / _FOLDER if project else named


def command_line(verb: str, model: str, *rest: str, store: Path) -> str:
    """A command that works in the current folder: it names the store unless that is found without.

    Examples
    --------
    >>> command_line("predict", "demo", "It's on fire", store=Path("/srv/shop/.textmill"))
    'textmill predict demo "It\\'s on fire" --store /srv/shop'
    """
    words = ["textmill", verb, model, *rest]
    if not _is_near(store):
        words += ["--store", str(_short(store.parent if store.name == _FOLDER else store))]
    return " ".join(quoted(word) for word in words)


def _is_near(store: Path) -> bool:
    from textmill.registry import Store

    try:
        return Store.near().root.resolve() == store.resolve()
    except NotInStore:
        return False


def _short(path: Path) -> Path:
    path, here = path.absolute(), Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def quoted(word: str) -> str:
    """A word as it is typed in a shell: bare, in double quotes where that is safe, else in single ones.

    Examples
    --------
    >>> print(quoted("tweets.csv"), quoted("It's"), quoted("$5"))
    tweets.csv "It's" '$5'
    """
    if shlex.quote(word) == word or any(character in word for character in '"$`\\!'):
        return shlex.quote(word)
    return f'"{word}"'  # a text with an apostrophe stays readable


def freed(going: Garbage) -> str:
    """What goes, or went, in words."""
    counts = (
        f"{len(going.steps):,} finished steps, {len(going.objects):,} objects, {len(going.runs):,} files about runs"
    )
    return f"{counts}; {going.size / 1e6:,.1f} MB"
