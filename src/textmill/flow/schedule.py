"""The schedule of one machine: projects run when they are due, one after another, and a restart loses and doubles none.

What is due is decided by `due.py` from the settings and the due time that was taken up last; that one is in the store
before the run begins. So a schedule that was killed goes on where it stood: a run that had not ended is begun again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from textmill.config import MillConfig, load
from textmill.errors import ConfigError, TextmillError
from textmill.flow.due import due_after
from textmill.flow.notices import Notices
from textmill.flow.scheduled import Job, Outcome, Scheduled
from textmill.registry import Store

__all__ = ["Clock", "Schedule", "projects_in"]

_LOOK = 60.0  # seconds


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """With a time zone."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def projects_in(places: Sequence[Path]) -> list[Path]:
    """The project folders that are meant: each place if it is a project, else those that lie in it.

    Raises
    ------
    ConfigError : if a place is no project and holds none
    """
    found: list[Path] = []
    for place in places:
        folder = place.parent if place.name == "mill.toml" else place
        below = [folder] if (folder / "mill.toml").is_file() else sorted(f.parent for f in folder.glob("*/mill.toml"))
        if not below:
            raise ConfigError(["there is no mill.toml here, nor in a folder below"], where=str(place))
        found += below
    return list(dict.fromkeys(folder.absolute() for folder in found))


class Schedule:
    """Runs projects when they are due; to be used in a ``with``, which keeps other schedules from them.

    Parameters
    ----------
    places : projects, or folders of projects; one that comes to a folder is noticed
    run : runs a project and says what came of it
    clock : the time
    say : is given what happens: the project's name and a sentence

    Raises
    ------
    ConfigError, LockHeld, ... : on entering, if no project can be taken; why the first could not
    """

    def __init__(
        self,
        places: Sequence[Path],
        run: Callable[[Job], Outcome],
        clock: Clock,
        say: Callable[[str, str], None],
    ) -> None:
        self._places, self._run, self._clock, self._say = places, run, clock, say
        self._projects: dict[Path, Scheduled] = {}
        self._stamps: dict[Path, object] = {}  # of the project files, as they were read
        self._faults: dict[Path, str] = {}
        self._good: dict[Path, MillConfig] = {}  # the settings that could be read last

    def __enter__(self) -> Schedule:
        try:
            self._find(first=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for folder in list(self._projects):
            self._leave(folder)

    def announce(self, count: int = 3) -> None:
        """Say of each project when it is due next.

        Parameters
        ----------
        count : of due times
        """
        now = self._clock.now()
        for project in self._projects.values():
            self._say(project.name, project.told_next(now, count))

    def run_due(self, *, settled: bool = True) -> list[Outcome]:
        """Run what is due at this moment; what falls due meanwhile waits for the next call.

        Parameters
        ----------
        settled : whether a source that has changed is left alone until it looks the same a second time
        """
        moment, outcomes, left = self._clock.now(), [], list(self._projects.values())
        while left:
            # in turns, lest one that has much to catch up with keeps the others waiting
            for project in list(left):
                job = project.begin(moment, settled=settled)
                if job is None:
                    left.remove(project)
                    continue
                self._say(project.name, job.said)
                outcome = self._run(job)
                now = self._clock.now()
                project.end(job, outcome, now)
                self._say(project.name, f"{outcome.said}; {project.told_next(now)}")
                outcomes.append(outcome)
            settled = True  # a run that changes its own source is not run again and again
        return outcomes

    def run(self) -> None:
        """Run what is due, for ever."""
        while True:
            self.run_due()
            now = self._clock.now()
            self._clock.sleep(min((project.wait(now) for project in self._projects.values()), default=_LOOK))
            self._find()

    def _find(self, *, first: bool = False) -> None:
        """Look which projects there are, and whether their files have changed."""
        try:
            folders = projects_in(self._places)
        except ConfigError:
            if first:
                raise
            return  # a folder that is being moved, say
        for gone in self._projects.keys() - set(folders):
            self._leave(gone)
            self._good.pop(gone, None)
        faults: list[TextmillError] = []
        for folder in folders:
            try:
                self._look_at(folder)
                self._faults.pop(folder, None)
            except TextmillError as error:
                faults.append(error)
                self._leave(folder)
                if first and len(folders) == 1:
                    raise
                if isinstance(error, ConfigError) and folder in self._good and folder not in self._faults:
                    self._notices(folder).broken(str(error))
                if self._faults.get(folder) != str(error):  # said once, and not each minute
                    self._say(folder.name, f"left out until this is put right: {error}")
                self._faults[folder] = str(error)
        if first and not self._projects:
            raise (
                faults[0]
                if faults
                else ConfigError(["no project here has a [schedule]"], where=", ".join(map(str, self._places)))
            )

    def _look_at(self, folder: Path) -> None:
        stamp = _stamp(folder / "mill.toml")
        if folder in self._projects and self._stamps[folder] == stamp:
            return
        mill = load(folder)
        self._leave(folder)
        if mill.schedule.is_empty:
            if folder in {place.absolute() for place in self._places}:
                raise ConfigError(["[schedule] does not say when: wanted cron, every or on_change"], where=str(folder))
            return
        now = self._clock.now()
        due_after(mill.schedule, now)  # a package that is missing is told now
        self._projects[folder] = Scheduled(folder, mill, now, lambda sentence: self._say(mill.project.name, sentence))
        self._stamps[folder] = stamp
        self._good[folder] = mill
        self._notices(folder).mended()

    def _notices(self, folder: Path) -> Notices:
        mill = self._good[folder]
        return Notices(mill, folder, Store.beside(folder), warn=lambda line: self._say(mill.project.name, line))

    def _leave(self, folder: Path) -> None:
        project = self._projects.pop(folder, None)
        if project is not None:
            project.close()


def _stamp(file: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(file)
    except OSError:  # told by whoever reads it
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
