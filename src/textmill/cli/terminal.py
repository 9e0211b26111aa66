"""What every verb prints with: a console, plain JSON, and text that cannot command the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "json_option", "plain", "print_json"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

# other people's texts may hold escape sequences; what is no character to see becomes one
_UNSEEN = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160))} | {ord("\t"): " ", ord("\n"): " "}


def console(*, stderr: bool = False) -> Console:
    """A console that colours nothing by itself, and nothing at all in a pipe."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def plain(text: str) -> str:
    r"""A text that is safe to print on one line.

    Examples
    --------
    >>> plain("a\x1b[31mb\nc")
    'a\ufffd[31mb c'
    """
    return text.translate(_UNSEEN)


def print_json(value: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
