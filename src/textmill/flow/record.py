"""What a run remembers of itself, ``runs/RUN/``: its plan, how each step stands, and what each said.

    run.json              which plan, when it began, how it ended
    steps/NAME.json       how a step stands: its key, its tries, its error
    logs/NAME.log         what it printed, and our notes

A run may be deleted, and is collected some time after it ended: what steps left is in the store under their keys. Each
step has a file of its own, so that the processes of one run do not get into each other's way; each is whole or not
there, also after a kill.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from textmill import errors
from textmill.errors import DataError, NotInStore, TextmillError
from textmill.flow.step import Flow
from textmill.registry import Store
from textmill.registry.disk import writing
from textmill.registry.runs import NO_RUNS
from textmill.registry.sealed import seal, unseal
from textmill.types import canonical_json

__all__ = ["End", "Record", "StepState", "error_of", "last_line", "new_run", "told"]

_FORMAT = 1
_LONGEST_LINE = 200  # of what a step said, in the sentence that tells of its failure

# How a step ended; `upstream_failed` and `skipped` did not run, because of a failure or because there was none
End = Literal["finished", "cached", "failed", "refused", "upstream_failed", "skipped"]


def new_run() -> str:
    """An id that sorts by time, and that no other run has.

    Examples
    --------
    >>> bool(re.fullmatch(r"[0-9]{8}T[0-9]{6}[.][0-9]{3}Z-[0-9a-f]{8}", new_run()))
    True
    """
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class StepState:
    """How a step of a run stands.

    Attributes
    ----------
    state : how it ended, or ``running``, or ``stopped`` by Ctrl-C or SIGTERM
    key : under which the store has what it left; "" if that was not known
    attempts : tries in this run, this one included
    error : of one that failed or that a gate refused, as `told` tells it
    """

    step: str
    state: End | Literal["running", "stopped"]
    key: str = ""
    attempts: int = 0
    seconds: float = 0.0
    error: Mapping[str, Any] | None = None


class Record:
    """The record of a run.

    Parameters
    ----------
    run : its id; letters, digits and ``. _ + : ~ -``, as Airflow has them

    Raises
    ------
    DataError : if that cannot be an id

    Examples
    --------
    >>> import tempfile
    >>> record = Record(Store(Path(tempfile.mkdtemp())), "monday")
    >>> record.write(StepState("read", "finished", "0" * 64))
    >>> record.state("read").state, record.state("train") is None
    ('finished', True)
    """

    def __init__(self, store: Store, run: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+:~-]{0,249}", run) or ".." in run or run in NO_RUNS:
            raise DataError(f"{run!r} is no id of a run", wanted="letters, digits, '.', '_', '+', ':', '~' or '-'")
        self.run, self.root, self.flow, self._store = run, store.root / "runs" / run, "", store

    def begin(self, flow: Flow, **about: Any) -> None:
        """Note which plan it is that is run; a run that has begun goes on.

        Raises
        ------
        DataError : if it is the run of another flow, or began with something else to note
        """
        self.flow = flow.name
        if (known := self.about()) is not None:
            if known["flow"] != flow.name:
                raise DataError(f"run {self.run!r} is one of {known['flow']!r}", wanted=f"a run of {flow.name!r}")
            for name, value in about.items():
                if known.get(name) != value:
                    raise DataError(f"run {self.run!r} began with another {name}", wanted=known.get(name), got=value)
            return
        steps = {step.name: list(dict.fromkeys(step.needs)) for step in flow.steps}
        self._seal("run.json", {"run": self.run, "flow": flow.name, "began": _now(), "steps": steps, **about})

    def end(self, how: str) -> None:
        """Note how it ended, in a word."""
        self._seal("run.json", {**(self.about() or {}), "ended": _now(), "end": how})

    def about(self) -> dict[str, Any] | None:
        """What `begin` and `end` noted; None if it has not begun.

        Raises
        ------
        CorruptError, FormatError
        """
        return self._unseal("run.json")

    def write(self, state: StepState) -> None:
        """Note how a step stands."""
        self._seal(f"steps/{state.step}.json", asdict(state))

    def state(self, step: str) -> StepState | None:
        """How a step stands; None if it was not met yet.

        Raises
        ------
        CorruptError, FormatError
        """
        found = self._unseal(f"steps/{step}.json")
        return None if found is None else StepState(**found)

    def log(self, step: str) -> Path:
        """The file of what a step said."""
        return self.root / "logs" / f"{step}.log"

    def note(self, step: str, line: str) -> None:
        """Add a line of our own to a step's log."""
        path = self.log(step)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"--- {_now()} {line}\n")

    def _seal(self, name: str, body: Mapping[str, Any]) -> None:
        # not durable: after a loss of power the next run asks the store, not this
        path = self.root / name
        self._store.write(path, seal(body, format=_FORMAT, where=str(path)), durable=False)

    def _unseal(self, name: str) -> dict[str, Any] | None:
        path = self.root / name
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotInStore(f"it cannot be read: {error.strerror}", where=str(path)) from error
        return unseal(raw, format=_FORMAT, where=str(path))


def told(error: BaseException) -> dict[str, Any]:
    """An error as plain values, for another process.

    Examples
    --------
    >>> error_of(told(DataError("no rows", where="a.csv")))
    DataError('a.csv: no rows')
    """
    fields = {name: value for name, value in vars(error).items() if _is_plain(value)}
    return {"kind": type(error).__name__, "sentence": str(error), "fields": fields}


def error_of(said: Mapping[str, Any]) -> Exception:
    """The error that was `told`; of one that is not textmill's own, a RuntimeError."""
    kind = getattr(errors, said["kind"], None) if said["kind"] in errors.__all__ else None
    if not (isinstance(kind, type) and issubclass(kind, TextmillError)):
        return RuntimeError(f"{said['kind']}: {said['sentence']}")
    error = kind.__new__(kind)
    error.args = (said["sentence"],)
    for name, value in said["fields"].items():
        setattr(error, name, tuple(value) if isinstance(value, list) else value)
    return error


def last_line(log: Path, since: int) -> str:
    """The last line that a step printed after a place in its log; "" if it was silent."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(since, file.seek(0, 2) - 4096))
        lines = file.read().decode("utf-8", "replace").split("\n")
        return next((line.strip()[:_LONGEST_LINE] for line in reversed(lines) if line.strip()), "")
    return ""


def _is_plain(value: object) -> bool:
    try:
        canonical_json(value)
    except (TypeError, ValueError):
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
