"""``textmill schedule``: projects run when they are due."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.terminal import json_option, plain, print_json
from textmill.config.durations import in_words
from textmill.errors import ConfigError, GateRefused, Interrupted

if TYPE_CHECKING:
    from textmill.flow.scheduled import Job, Outcome

__all__ = ["command"]

_LAST_WORDS = 60.0  # seconds that a run which is stopped has to end cleanly


@click.command("schedule")
@click.argument("projects", metavar="[PROJECT]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Run what is due now, and end.")
@click.option(
    "--next",
    "count",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Only print the next N due times of each.",
)
@click.option("--unit", is_flag=True, help="Only print a unit for systemd that keeps the schedule running.")
@json_option
@click.pass_context
def command(
    context: click.Context, projects: tuple[Path, ...], once: bool, count: int | None, unit: bool, as_json: bool
) -> None:
    """Run each PROJECT when its [schedule] says so; a folder stands for the projects in it.

    Projects run one after another, each as by `textmill run` in a process of its own. What ran is remembered in the
    store: after a restart or a kill it goes on where it stood. Stop it with Ctrl-C or SIGTERM; a run in progress is
    stopped with it, keeps what was finished, and goes on at the next start. With --once it ends with 1 if a run failed,
    with 3 if one was refused. --json is for --next.
    """
    if sum([once, count is not None, unit]) > 1:
        raise click.UsageError("--once, --next and --unit exclude each other.")
    if as_json and count is None:
        raise click.UsageError("--json is for --next.")
    places = projects or (Path(),)
    if unit:
        from textmill.cli.unit import systemd_unit

        click.echo(systemd_unit(places), nl=False)
    elif count is not None:
        _print_next(places, count, as_json)
    else:
        context.exit(_work(places, once))


def _work(places: tuple[Path, ...], once: bool) -> int:
    from textmill.flow.schedule import Schedule

    schedule = Schedule(places, _run, _Clock(), _say)
    if once:
        with schedule:
            kinds = {outcome.kind for outcome in schedule.run_due(settled=False)}
            if not kinds:
                schedule.announce(1)
        return 1 if "failed" in kinds else GateRefused.exit_code if "refused" in kinds else 0
    try:
        with schedule:
            schedule.announce()
            schedule.run()
    except KeyboardInterrupt:  # while nothing was running
        click.echo("stopped.")
    return 0


def _print_next(places: tuple[Path, ...], count: int, as_json: bool) -> None:
    from textmill.config import load
    from textmill.flow.due import due_times
    from textmill.flow.schedule import projects_in

    now = datetime.now(UTC)
    found, changing = [], []
    for folder in projects_in(places):
        mill = load(folder)
        times = islice(due_times(mill.schedule, now), count)
        found += [(due, due.astimezone(mill.schedule.zone), mill.project.name) for due in times]
        if mill.schedule.on_change:
            changing.append(mill.project.name)
    found.sort()
    if as_json:
        print_json(
            {"due": [{"project": name, "at": local.isoformat()} for _, local, name in found], "on_change": changing}
        )
        return
    if not found and not changing:
        raise ConfigError(["no project here has a [schedule]"], where=", ".join(map(str, places)))
    for _, local, name in found:
        click.echo(f"{local:%a %Y-%m-%d %H:%M:%S %Z}  {name}")
    for name in changing:
        click.echo(f"whenever its source changes  {name}")


class _Clock:
    """The machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _say(name: str, sentence: str) -> None:
    click.echo(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {name}: {plain(sentence)}")
    sys.stdout.flush()  # a journal sees it now


def _run(job: Job) -> Outcome:
    """Run a project in a process of its own, which a crash, changed code or lack of memory ends without ending ours."""
    from textmill.flow.scheduled import Outcome

    began = datetime.now(UTC)
    command = [sys.executable, "-m", "textmill.cli", "run", str(job.folder), "--json"]
    if job.again is not None:
        command += ["--again", job.again]
    if job.date is not None:
        command += ["--dates", job.date]
    # a group of its own: Ctrl-C reaches us alone, and we pass it on once
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
            env=os.environ | {"TEXTMILL_DUE": job.due.isoformat()},
        )
    except OSError as error:
        return _died(job, began, f"it could not be started: {error.strerror}")
    try:
        out, err = process.communicate(timeout=job.limit)
    except subprocess.TimeoutExpired:
        _stop(process)
        return _died(job, began, f"it was stopped, for it took longer than {in_words(job.limit or 0)}")
    except KeyboardInterrupt:
        _stop(process)
        raise Interrupted(
            f"stopped in the run of {job.name}",
            hint="What was finished is kept, and the run goes on when the schedule is started again.",
        ) from None
    code, said = process.returncode, [line for line in map(str.strip, err.splitlines()) if line]
    # of a run that ended by itself the last line says why; what else is on stderr is to be minded
    why = said.pop() if said and code > 0 and code != Interrupted.exit_code else "Error: it did not say why"
    for line in said:
        _say(job.name, line)
    if code == 0:
        return Outcome("done", _told(json.loads(out), (datetime.now(UTC) - began).total_seconds()))
    if code == GateRefused.exit_code:
        return Outcome("refused", why)
    if code == Interrupted.exit_code:
        return _died(job, began, "it was stopped by someone else")
    if code < 0:
        return _died(job, began, f"it was ended by signal {-code} ({signal.strsignal(-code) or 'unknown'})")
    return Outcome("failed", why)


def _told(results: dict[str, object] | list[dict[str, object]], seconds: float) -> str:
    result = results[0] if isinstance(results, list) else results  # of a day
    if result["nothing_to_do"]:
        return f"nothing to do, version {result['version']} stands"
    steps = result.get("steps")
    made = any(one["step"] == "register" and not one["cached"] for one in steps) if isinstance(steps, list) else False
    return f"done in {seconds:.1f} s, version {result['version']} {'is registered' if made else 'stands'}"


def _died(job: Job, began: datetime, what: str) -> Outcome:
    """A run that could not tell anybody itself."""
    from textmill.config import load
    from textmill.flow.notices import Notices
    from textmill.flow.scheduled import Outcome
    from textmill.registry import Store

    def warn(sentence: str) -> None:
        _say(job.name, sentence)

    with suppress(ConfigError):  # the file was changed meanwhile, and is looked at next
        notices = Notices(load(job.folder), job.folder, Store.beside(job.folder), warn=warn, date=job.date)
        notices.failed(what, run=began, again=job.again)
    return Outcome("failed", f"Error: {what}")


def _stop(process: subprocess.Popen[str]) -> None:
    """End a run as Ctrl-C does; one that does not listen, or whose user does not wait, is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=_LAST_WORDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.communicate()
