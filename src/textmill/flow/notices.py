"""Notices: what went wrong in a run, or went well again, told once to those whom ``[notify]`` names."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.config import MillConfig, NotifyConfig, load
from textmill.config.durations import seconds
from textmill.config.telling import NoticeKind
from textmill.errors import GateRefused, Interrupted, LockHeld, StoreError, TextmillError
from textmill.flow.delivery import deliver
from textmill.flow.drift import drift_seen
from textmill.registry import Store
from textmill.registry.sealed import seal, unseal

if TYPE_CHECKING:
    from textmill.flow import Event

__all__ = ["Notice", "Notices", "noticing", "noticing_drift"]

_FORMAT = 1
_REMEMBERED = 50  # notices, for whoever asks later what was told
_LONGEST = 2000  # characters of what is wrong; a hundred faults of a project file need no e-mail of a hundred
_PATIENCE = 30.0  # seconds to wait for another notice of the project that is on its way
_TITLES = {
    "failure": "failed",
    "retry": "failed and is tried again",
    "refusal": "was refused by a gate",
    "drift": "sees data that have changed",
    "recovery": "works again",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice.

    Attributes
    ----------
    project, folder : its name, and where it lies
    what : what is the matter, a sentence
    how : how to go on
    at : when it was written; with a time zone
    run : when the run began, or None
    step : in which it happened, or ""
    held_back : notices of this kind since the last that was delivered: they came too soon, or did not get through
    """

    kind: NoticeKind
    project: str
    folder: str
    what: str
    how: str
    at: datetime
    run: datetime | None = None
    step: str = ""
    held_back: int = 0

    @property
    def subject(self) -> str:
        """In a line."""
        return f"textmill: {self.project} {_TITLES[self.kind]}"

    @property
    def text(self) -> str:
        """For people: project, run, step, what, how to go on."""
        lines = [f"{self.project} {_TITLES[self.kind]}.", "", f"Project:      {self.project} in {self.folder}"]
        if self.run is not None:
            lines.append(f"Run:          begun {self.run:%Y-%m-%d %H:%M:%S %Z}")
        if self.step:
            lines.append(f"Step:         {self.step}")
        lines += [f"What:         {self.what}", f"How to go on: {self.how}"]
        if self.held_back:
            them = "1 more notice" if self.held_back == 1 else f"{self.held_back} more notices"
            lines += ["", f"{them} of this kind came before this one and could not be sent, or not so soon."]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """For programs: plain JSON values."""
        return {
            "kind": self.kind,
            "project": self.project,
            "folder": self.folder,
            "run": self.run and _iso(self.run),
            "step": self.step or None,
            "what": self.what,
            "how": self.how,
            "at": _iso(self.at),
            "held_back": self.held_back,
            "text": self.text,
        }


class Notices:
    """Tells those whom a project names, and remembers what it told.

    Nothing here fails a run: a notice that does not get through is a sentence for `warn`, and counted in the next one.

    Parameters
    ----------
    folder : the project's
    store : remembers in ``runs/notices/NAME.json``, which may be deleted
    warn : is given one line for each way that did not work
    date : the day that the run is for, or None
    now : the clock
    send : as `deliver`
    """

    def __init__(
        self,
        mill: MillConfig,
        folder: Path,
        store: Store,
        *,
        warn: Callable[[str], None],
        date: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        send: Callable[[Notice, NotifyConfig, Path], tuple[list[str], list[str]]] = deliver,
    ) -> None:
        self._config, self._name, self._folder, self._store = mill.notify, mill.project.name, folder, store
        self._warn, self._date, self._now, self._send = warn, date, now, send
        self._path = store.root / "runs" / "notices" / f"{self._name}.json"

    def tell(self, kind: NoticeKind, what: str, how: str, *, run: datetime | None = None, step: str = "") -> None:
        """Tell it now, or count it where one of its kind was told a moment ago.

        Parameters
        ----------
        what : is the matter, a sentence
        how : to go on
        run : when the run began; None of what is no run
        step : in which it happened
        """
        if self._config.is_empty:
            return
        with ExitStack() as held:
            try:
                held.enter_context(self._store.lock(f"notices-{self._name}", wait=_PATIENCE))
            except StoreError as error:  # a full disk is what one wants to hear of
                self._warn(f"a notice is told though those before it cannot be looked at: {error}")
            memory = self._load()
            self._tell(memory, kind, what, how, run, step)
            try:
                self._store.write(self._path, seal(memory, format=_FORMAT, where=str(self._path)))
            except StoreError as error:
                self._warn(f"it is not remembered which notices were told: {error}")
        self._store.close()

    def failed(self, what: str, *, run: datetime, step: str = "", again: str | None = None) -> None:
        """A run has failed.

        Parameters
        ----------
        what, run, step : as for `tell`
        again : when it is tried again by itself, in words; then it is a ``retry``
        """
        if again is not None:
            self.tell("retry", what, f"Nothing is to be done yet: it is tried again {again}.", run=run, step=step)
        else:
            how = f"What was finished is kept. Put it right and go on from there: {self._command}"
            self.tell("failure", what, how, run=run, step=step)

    def broken(self, what: str) -> None:
        """The project file is at fault; to be told with the settings that it had before."""
        self.tell("failure", what, "It is not run by itself until the file is put right, and then goes on at once.")

    def mended(self) -> None:
        """The project file can be read: a recovery, if it was told that it could not."""
        if not self._config.is_empty and self._path.exists() and self._load()["broken"]:
            self.tell(
                "recovery", "Its project file can be read again, and its schedule goes on.", "Nothing is to be done."
            )

    def refused(self, what: str, *, run: datetime, step: str = "") -> None:
        """A gate has said no."""
        how = "Nothing was registered. Look at the report in the folder; once data or mill.toml are changed:"
        self.tell("refusal", what, f"{how} {self._command}", run=run, step=step)

    def drifted(self, what: Sequence[str], run: datetime) -> None:
        """The rows that were read are others than those that the model in use learned from.

        Parameters
        ----------
        what : a sentence for each thing that has drifted; without one, nothing is told
        """
        if what:
            how = "The run goes on. Look at the rows, and at the scores of what it learns from them; promote that, or"
            how += " raise drift in [evaluate] if they are to be as they are."
            self.tell("drift", "; ".join(what), how, run=run, step="read")

    def worked(self, run: datetime) -> None:
        """A run has come to its end: a recovery, if the one before did not."""
        if self._config.is_empty or not self._path.exists():
            return  # the run with nothing to do is quick
        trouble = self._load()["trouble"]
        if trouble is not None:
            since = datetime.fromisoformat(trouble["since"])
            runs = "1 run" if trouble["runs"] == 1 else f"{trouble['runs']} runs"
            what = f"It ran to its end; {runs} since {since:%Y-%m-%d %H:%M:%S %Z} had not."
            self.tell("recovery", what, "Nothing is to be done.", run=run)

    @property
    def _command(self) -> str:
        day = "" if self._date is None else f" --dates {self._date}"
        return f"textmill run {shlex.quote(str(self._folder.absolute()))}{day}"

    def _tell(
        self, memory: dict[str, Any], kind: NoticeKind, what: str, how: str, run: datetime | None, step: str
    ) -> None:
        now = self._now()
        if run is None and kind in ("failure", "recovery"):
            memory["broken"] = kind == "failure"  # apart from runs, whose trouble may outlast it
        elif kind in ("failure", "refusal"):
            memory["trouble"] = memory["trouble"] or {"since": _iso(run or now), "runs": 0}
            memory["trouble"]["runs"] += 1
        elif kind == "recovery":
            memory["trouble"] = None
        if kind not in self._config.on:
            return
        before = memory["kinds"].setdefault(kind, {"sent": None, "held_back": 0})
        if _is_fresh(before["sent"], now, seconds(self._config.at_most)):
            before["held_back"] += 1
            return
        place = _plain(str(self._folder.absolute()))
        notice = Notice(kind, self._name, place, _plain(what), _plain(how), now, run, step, before["held_back"])
        reached, faults = self._send(notice, self._config, self._folder)
        for fault in faults:
            self._warn(f"a notice could not be delivered by {_plain(fault)}")
        if reached:
            before |= {"sent": _iso(now), "held_back": 0}
        else:
            before["held_back"] += 1
        told = {"at": _iso(now), "kind": kind, "what": notice.what, "by": reached, "faults": faults}
        memory["told"] = [*memory["told"], told][-_REMEMBERED:]

    def _load(self) -> dict[str, Any]:
        with suppress(OSError, StoreError, KeyError):  # it only spares people a notice
            found = unseal(self._path.read_bytes(), format=_FORMAT, where=str(self._path))
            return {key: found[key] for key in ("kinds", "trouble", "told")} | {"broken": found.get("broken", False)}
        return {"kinds": {}, "trouble": None, "told": [], "broken": False}


@contextmanager
def noticing(
    project: Path,
    *,
    store: Path | str | None = None,
    date: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    again: str | None = None,
    warn: Callable[[str], None],
) -> Iterator[Callable[[Event], None] | None]:
    """Run a project inside, and whoever its ``[notify]`` names is told what came of it.

    Parameters
    ----------
    project : its folder or file, as for `run_project`
    store, date : as for `run_project`
    on_event : is told of each step as well
    again : when it is tried again if it fails, in words; then a failure is a ``retry``
    warn : is given a line for each notice that could not be delivered

    Returns
    -------
    what `run_project` is to be given as ``on_event``

    Raises
    ------
    ConfigError : if the project file is at fault; then nobody knows who is to be told
    """
    mill = load(project)
    if mill.notify.is_empty:
        yield on_event
        return
    notices = _notices_of(mill, project, store, date, warn)
    watch = _Watch(mill, notices, on_event)
    try:
        yield watch
    except (Interrupted, LockHeld):
        raise  # whoever stopped it, or runs it already, knows
    except GateRefused as error:
        notices.refused(str(error), run=watch.began, step=watch.step)
        raise
    except Exception as error:
        what = str(error) if isinstance(error, TextmillError) else f"textmill itself failed: {error!r}"
        notices.failed(what, run=watch.began, step=watch.step, again=again)
        raise
    notices.worked(watch.began)


def noticing_drift(
    project: Path,
    *,
    store: Path | str | None = None,
    date: str | None = None,
    on_event: Callable[[Event], None],
    warn: Callable[[str], None],
) -> Callable[[Event], None]:
    """What `run_step` is to be given as ``on_event``, so that drift is told; what fails the other scheduler tells.

    Parameters
    ----------
    project, store, date, on_event, warn : as for `noticing`

    Raises
    ------
    ConfigError : if the project file is at fault
    """
    mill, began = load(project), datetime.now(UTC)
    notices = _notices_of(mill, project, store, date, warn)

    def watch(event: Event) -> None:
        on_event(event)
        if event.kind == "finished":
            notices.drifted(drift_seen(mill, event), run=began)

    return watch


def _notices_of(
    mill: MillConfig, project: Path, store: Path | str | None, date: str | None, warn: Callable[[str], None]
) -> Notices:
    home = project if project.is_dir() else project.parent
    kept = Store.at(store) if store is not None else Store.beside(home)
    return Notices(mill, home, kept, warn=warn, date=date)


class _Watch:
    """Sees the steps of a run: in which one it fails, and which is tried again."""

    def __init__(self, mill: MillConfig, notices: Notices, on_event: Callable[[Event], None] | None) -> None:
        self.began = datetime.now(UTC)
        self.step = ""
        self._mill, self._notices, self._on_event = mill, notices, on_event

    def __call__(self, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(event)
        kind: str = event.kind
        if kind in ("failed", "refused"):
            self.step = event.step
        elif kind == "retry":
            how = "Nothing is to be done yet: the step is tried again."
            self._notices.tell("retry", event.note, how, run=self.began, step=event.step)
        elif kind == "finished":
            # now and not at the end, which a run may not come to
            self._notices.drifted(drift_seen(self._mill, event), run=self.began)


def _is_fresh(sent: str | None, now: datetime, at_most: float) -> bool:
    # a clock that went back must not keep a notice from being told
    return sent is not None and timedelta() <= now - datetime.fromisoformat(sent) < timedelta(seconds=at_most)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _plain(text: str) -> str:
    """One line that can command no terminal: rows and names of other people's making may be told in it."""
    line = " ".join(text.split())
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
