"""What every verb prints with: a console, plain JSON, and text that cannot command the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from textmill.types import side_by_side

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "json_option", "plain", "print_json"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

# Other people's texts may hold escape sequences, or signs that turn the direction of what follows
_COMMANDS = (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSEEN = dict.fromkeys(_COMMANDS, "\N{REPLACEMENT CHARACTER}") | {ord("\t"): " ", ord("\n"): " "}


def console(*, stderr: bool = False, wrap: bool = False) -> Console:
    """A console that colours nothing by itself, nothing at all in a pipe, and breaks no lines unless asked."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the program says with its exit code that nobody reads any more

    return Piped(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=not wrap)


def plain(text: str) -> str:
    r"""A text that is safe to print on one line.

    Examples
    --------
    >>> plain("a\x1b[31mb\nc")
    'a\ufffd[31mb c'
    """
    return side_by_side(text).translate(_UNSEEN)


def print_json(value: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
