"""The program ``textmill``: its verbs, and what becomes of an error."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import click

from textmill import __version__
from textmill.cli.process import take_over
from textmill.errors import GateRefused, Interrupted, TextmillError, closest

__all__ = ["VERBS", "main", "program"]

# The order in which they are met. The words stand here as well as in each file, so that help loads none of them;
# a test compares.
VERBS = {
    "new": "Look at a data file and write a project file for it.",
    "run": "Read, split, train, evaluate and register as a project says.",
    "step": "Do one step of a run, as Airflow or another scheduler asks for it.",
    "plan": "Draw the steps of a project: what is done, what is not, and why.",
    "airflow": "Run a project's steps on Apache Airflow.",
    "predict": "Label texts: given here, line by line, or a whole file.",
    "explain": "Show how each word pulls on the decision.",
    "compare": "Measure models on the same rows: which is better, and is it luck?",
    "models": "List, show, compare, promote, bundle and remove models.",
    "data": "Check a project's rows; erase rows; get public data sets.",
    "trace": "Say where a version comes from, and who holds a text or a person.",
    "audit": "Show the audit log of a store, or check that nobody changed it.",
    "store": "Free room in the store: finished work that nothing needs.",
    "serve": "Answer over HTTP.",
    "schedule": "Run projects when they are due.",
    "doctor": "Check the installation.",
}

_OUR_FAULT = 70  # EX_SOFTWARE of sysexits.h
_BROKEN_PIPE = 128 + 13  # what a shell says of a program that SIGPIPE ended

# What the machine refuses; other OSErrors are a mistake of ours, a file that we took to be there
_REFUSED = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EIO,
    errno.EISDIR,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


class Program(click.Group):
    """The verbs, each loaded when it is used, and one way out for every error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which they are met."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A verb, from its file."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"textmill.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is meant, or a usage error that suggests one."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            near = closest(args[0], VERBS)
            ctx.fail(f"no command is called {args[0]!r}" + (f"; did you mean {near!r}?" if near else "."))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; in a process of its own, end it with the exit code that fits."""

        def work() -> Any:
            return super(Program, self).main(args, prog_name or "textmill", complete_var, False, **extra)

        if not standalone_mode:
            return work()
        sys.exit(_exit_code(work))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; nobody reading any more is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _close_quietly()
            ctx.exit(_BROKEN_PIPE)
        return result


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: textmill new my-project --from tweets.csv",
)
@click.version_option(__version__, prog_name="textmill", message="%(prog)s %(version)s")
def program() -> None:
    """Raw text in, a served and versioned model out.

    Exit codes: 0 done, 1 the input is at fault, 2 usage, 3 a gate said no, 130 stopped.
    """


def main(args: Sequence[str] | None = None) -> None:
    """The entry point ``textmill``; ends the process."""
    take_over()
    program.main(args)


def _exit_code(work: Callable[[], Any]) -> int:
    try:
        code = work()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("stopped.")
        return Interrupted.exit_code
    except TextmillError as error:
        _complain(_headed(error))
        return error.exit_code
    except MemoryError:
        _complain("Error: there is not enough memory for this.")
        return 1
    except OSError as error:
        if error.errno not in _REFUSED:
            return _own_up(error)
        reason = os.strerror(error.errno)
        where = error.filename if error.filename is not None else "a file"
        _complain(
            f"Error: {os.fsdecode(where) if isinstance(where, bytes) else where}: {reason[:1].lower()}{reason[1:]}"
        )
        return 1
    except Exception as error:
        return _own_up(error)


def _headed(error: TextmillError) -> str:
    if isinstance(error, Interrupted):
        return str(error)
    return f"{'Refused' if isinstance(error, GateRefused) else 'Error'}: {error}"


def _own_up(error: Exception) -> int:
    from textmill.cli.crash import write_crash

    said = f"{type(error).__name__}: {error}".splitlines()[0]
    _complain(f"Error: textmill itself failed, which is our fault and not yours: {said}. {write_crash(error)}")
    return _OUR_FAULT


def _complain(sentence: str) -> None:
    try:
        click.echo(sentence, err=True)
    except OSError:  # nobody is left to tell; the exit code still says it
        return


def _close_quietly() -> None:
    # Python flushes stdout once more at the end; give it somewhere to flush to
    try:
        target = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, target)
    os.close(nowhere)
