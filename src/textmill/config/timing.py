"""The table about time: when a project runs by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from textmill.config.durations import duration_faults, seconds

__all__ = ["ScheduleConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig:
    """``[schedule]``: when a project runs by itself, on this machine or on Airflow."""

    cron: str | None = None  # minute, hour, day of the month, month, day of the week, as Debian's cron reads them
    every: str | None = None  # "15m": on the quarter hours, counted from `start` or else from midnight UTC
    on_change: bool = False  # when [read] source or test changes
    timezone: str = "UTC"  # of cron, of a `start` that names none, and of what is printed
    start: str | None = None  # no run is due before it; ISO 8601
    catchup: bool = False  # a run for each due time that was missed, or one for all of them
    retries: int = 0  # how often a run that failed is tried again; one that a gate refused is not
    retry_delay: str = "30s"
    execution_timeout: str | None = None  # a run that takes longer is stopped, and has failed
    owner: str | None = None  # this and what follows: for Airflow, which shows or uses them
    tags: tuple[str, ...] = ()
    pool: str | None = None
    max_active_runs: int = 1
    share_among: int = 1  # how many tasks share reading files, counting words, weighing them and scoring rows

    @property
    def is_empty(self) -> bool:
        """Whether nothing makes the project run by itself."""
        return self.cron is None and self.every is None and not self.on_change

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        if self.timezone == "UTC":
            return UTC  # also where there is no list of zones, and without a hundredth of a second to load it
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.timezone)

    @property
    def begins(self) -> datetime | None:
        """`start`, with its time zone."""
        if self.start is None:
            return None
        found = datetime.fromisoformat(self.start)
        return found if found.tzinfo is not None else found.replace(tzinfo=self.zone)

    @property
    def period(self) -> timedelta | None:
        """`every`, as a length of time."""
        return None if self.every is None else timedelta(seconds=seconds(self.every))

    def _faults(self) -> list[str]:
        found = [] if self.cron is None else _cron_faults(self.cron)
        if self.cron is not None and self.every is not None:
            found.append("every: wanted cron or every, got both")
        found += _zone_faults(self.timezone)
        if self.start is not None:
            found += _start_faults(self.start)
        if self.cron is None and self.every is None:
            found += [
                f"{key}: is about due times; wanted cron or every beside it"
                for key in ("start", "catchup")
                if getattr(self, key)
            ]
        found += duration_faults("every", self.every, least=1)
        found += duration_faults("retry_delay", self.retry_delay)
        found += duration_faults("execution_timeout", self.execution_timeout, least=1)
        if not 0 <= self.retries <= 100:
            found.append(f"retries: wanted a number from 0 to 100, got {self.retries}")
        if self.max_active_runs < 1:
            found.append(f"max_active_runs: wanted 1 or more, got {self.max_active_runs}")
        if not 1 <= self.share_among <= 1000:  # Airflow maps a task 1,024 times at most
            found.append(f"share_among: wanted a number from 1 to 1000, got {self.share_among}")
        return found


def _cron_faults(cron: str) -> list[str]:
    wanted = "wanted minute, hour, day of the month, month and day of the week, such as '*/15 6-20 * * MON-FRI'"
    if len(cron.split()) != 5:  # a sixth one, of seconds, stands at either end, as the program pleases
        return [f"cron: {wanted}, got {cron!r}"]
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        return []  # told by whoever is to run it; elsewhere the table is only carried along
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return [f"cron: {str(error)[:1].lower()}{str(error)[1:]}; {wanted}, got {cron!r}"]
    except StopIteration:
        return [f"cron: there is no such day, got {cron!r}"]
    return []


def _zone_faults(name: str) -> list[str]:
    try:
        ScheduleConfig(timezone=name).zone.utcoffset(None)
    except (OSError, ValueError, KeyError):  # a folder, a path that leads elsewhere, none of that name
        return [f"timezone: wanted a time zone such as 'Europe/Berlin', got {name!r}"]
    return []


def _start_faults(start: str) -> list[str]:
    try:
        datetime.fromisoformat(start)
    except ValueError:
        return [f"start: wanted a date such as '2026-01-05' or '2026-01-05T06:00', got {start!r}"]
    return []
