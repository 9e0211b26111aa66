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


class StorePlace(click.ParamType[Path | str]):
    """A folder, or the URL of a store that machines share, which a `Path` would spoil."""

    name = "store"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """A URL as it is, anything else as a path."""
        return value if isinstance(value, str) and "://" in value else Path(value)


def store_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--store DIR``, the same for every verb."""
    return click.option(
        "--store",
        type=StorePlace(),
        metavar="DIR|URL",
        help="The store, or the project it lies in. [default: TEXTMILL_STORE, else .textmill here or above]",
    )(function)


def version_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--version N``, the same for every verb."""
    return click.option(
        "--version", type=click.IntRange(min=1), metavar="N", help="Version of the model. [default: the newest]"
    )(function)


def find_store(named: Path | str | None) -> Store:
    """The store that is meant: the one named, or the one near here.

    Raises
    ------
    NotInStore : if there is none; says where it looked
    """
    from textmill.registry import Store

    if named is None:
        return Store.near()
    place = store_in(named)
    if isinstance(place, Path) and not place.is_dir():
        raise NotInStore("there is no store here", where=str(named), hint="Make one with: textmill run PROJECT")
    return Store.at(place)


def store_in(named: Path | str) -> Path | str:
    """The store that a folder is, or that lies in it if it is a project; a URL as it is."""
    if isinstance(named, str):
        return named
    project = (named / _FOLDER).is_dir() or (named / "mill.toml").is_file()
    return named / _FOLDER if project else named


def command_line(verb: str, model: str, *rest: str, store: Path | str) -> str:
    """A command that works in the current folder: it names the store unless that is found without.

    Examples
    --------
    >>> command_line("predict", "demo", "It's on fire", store=Path("/srv/shop/.textmill"))
    'textmill predict demo "It\\'s on fire" --store /srv/shop'
    """
    words = ["textmill", verb, model, *rest]
    if not _is_near(store):
        words += ["--store", _short(store)]
    return " ".join(quoted(word) for word in words)


def _is_near(store: Path | str) -> bool:
    from textmill.registry import Store

    try:
        near = Store.near().place
    except NotInStore:
        return False
    return near == str(store) or (_is_folder(store) and Path(near).resolve() == Path(store).resolve())


def _short(store: Path | str) -> str:
    if not _is_folder(store):
        return str(store)
    path, here = Path(store).absolute(), Path.cwd()
    path = path.parent if path.name == _FOLDER else path
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _is_folder(store: Path | str) -> bool:
    return "://" not in str(store)


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
