"""The ``console`` blocks of a page: what is typed after ``$``, and what it prints.

They are run in order, in a folder that holds nothing but ``examples/``. A line ``...`` stands for lines left out. What
is compared are words: figures differ with the version of a library, times with the machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)
# Shown, and not run here: what installs, needs a network or goes on until it is stopped
NOT_RUN = re.compile(
    r"^(make|pip|python3?|git|cd|curl|source|systemctl|journalctl|\.)\b|^\. "
    r"|^textmill (serve|schedule|data get|models log-mlflow|models export)\b|&$"
)
WIDTH = 88


@dataclass(frozen=True)
class Command:
    """A command line as it is shown, and the lines shown below it."""

    line: str
    shown: list[str]

    @property
    def runs(self) -> bool:
        """Whether it is run to see whether the page is right."""
        return not NOT_RUN.search(self.line)


def commands_in(block: str) -> list[Command]:
    """The commands of one block; one that ends in a backslash goes on in the next line."""
    found: list[Command] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif found and found[-1].line.endswith("\\"):
            found[-1] = Command(found[-1].line + "\n" + line, [])
        elif found:
            found[-1].shown.append(line)
    return found


def commands_of(page: str) -> Iterator[Command]:
    """Every command of a page, in order."""
    for block in BLOCK.findall(page):
        yield from commands_in(block)


def printed(line: str, folder: Path) -> list[str]:
    """What a command prints in a folder, without the blanks at the ends of lines."""
    from click.testing import CliRunner

    from textmill.cli.program import program

    before, _, last = line.replace("\\\n", " ").rpartition(" | ")
    piped = (
        subprocess.run(["bash", "-c", before], cwd=folder, capture_output=True, check=True).stdout if before else b""
    )
    words = shlex.split(last)
    if words[0] != "textmill":  # cat, head, ls: to look at a file
        said = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=True).stdout
    else:
        here = Path.cwd()
        os.chdir(folder)
        try:
            settings = {"COLUMNS": str(WIDTH), "TEXTMILL_STORE": None, "NO_COLOR": "1", "TERM": "dumb"}
            result = CliRunner(env=settings).invoke(program, words[1:], input=piped)
        finally:
            os.chdir(here)
        said = result.output
        if result.exit_code:
            raise RuntimeError(f"{line}: exit code {result.exit_code}: {said}")
    return [row.rstrip() for row in said.rstrip().splitlines()]


def as_shown(lines: list[str], shown: list[str]) -> list[str]:
    """The lines with ``...`` where the page leaves some out."""
    if "..." not in shown or not shown:
        return lines if shown else []
    head, tail = shown.index("..."), len(shown) - shown.index("...") - 1
    return [*lines[:head], "...", *(lines[-tail:] if tail else [])]


def worded(lines: list[str]) -> list[str]:
    """Lines without their figures, drawings and differences in blanks."""
    plain = (re.sub(r"\b[0-9a-f]{12,}\b|[0-9]+(?:[.,:][0-9]+)*", "0", re.sub(r"[#─━│●]+", "", line)) for line in lines)
    return [" ".join(line.split()) for line in plain]


def sandbox(folder: Path) -> Path:
    """Make a folder that holds the examples as they come, and no store."""
    leave = shutil.ignore_patterns(".textmill", "__pycache__", "report.html", "rejected.jsonl")
    shutil.copytree(EXAMPLES, folder / "examples", ignore=leave)
    return folder


def renewed(page: str) -> str:
    """A page with what its commands print now."""
    with tempfile.TemporaryDirectory() as name:
        folder = sandbox(Path(name))

        def block(match: re.Match[str]) -> str:
            lines = []
            for command in commands_in(match[0]):
                out = as_shown(printed(command.line, folder), command.shown) if command.runs else command.shown
                empty = [""] if command.shown[-1:] == [""] and out[-1:] != [""] else []
                lines += [f"$ {command.line}", *out, *empty]
            return "\n".join(lines).rstrip("\n") + "\n"

        return BLOCK.sub(block, page)
