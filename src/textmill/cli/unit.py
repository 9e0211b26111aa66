"""A unit for systemd that keeps a schedule running."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["systemd_unit"]

_UNIT = """\
# Runs while you are logged in, and with `loginctl enable-linger` from boot on:
#   textmill schedule{projects} --unit > ~/.config/systemd/user/textmill.service
#   systemctl --user daemon-reload && systemctl --user enable --now textmill
#   journalctl --user -u textmill
[Unit]
Description=textmill schedule

[Service]
Type=exec
ExecStart={command}
{environment}# Passwords of [notify], a NAME=VALUE a line; only you should be able to read it
EnvironmentFile=-%h/.config/textmill.env
Restart=on-failure
RestartSec=30
# a run in progress is stopped by the schedule, which then ends with 130
KillMode=mixed
TimeoutStopSec=90
SuccessExitStatus=130

[Install]
WantedBy=default.target
"""


def systemd_unit(places: Sequence[Path]) -> str:
    """The unit as text.

    Parameters
    ----------
    places : projects or folders of projects; they and ``TEXTMILL_STORE`` are written as they are found from here

    Raises
    ------
    ConfigError : if a place is no project and holds none
    """
    from textmill.flow.schedule import projects_in

    projects_in(places)
    words = [sys.executable, "-m", "textmill.cli", "schedule", *(str(place.absolute()) for place in places)]
    store = os.environ.get("TEXTMILL_STORE")
    place = store if store is None or "://" in store else str(Path(store).absolute())
    named = f"Environment={_quoted(f'TEXTMILL_STORE={place}')}\n" if place else ""
    return _UNIT.format(
        projects="".join(f" {place}" for place in places if place != Path()),
        command=" ".join(_quoted(word).replace("$", "$$") for word in words),
        environment=named,
    )


def _quoted(word: str) -> str:
    """A word as systemd reads it, whatever is in it.

    Examples
    --------
    >>> print(_quoted("/srv/100% real"), _quoted("/srv/alarm"))
    "/srv/100%% real" /srv/alarm
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"' if escaped != word.replace("%", "%%") or any(sign in word for sign in " \t';#") else escaped
