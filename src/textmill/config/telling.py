"""The table about notices: who is told what a run came to, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from textmill.config.durations import duration_faults

__all__ = ["NoticeKind", "NotifyConfig", "SmtpConfig"]

NoticeKind = Literal["failure", "retry", "refusal", "drift", "recovery"]

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_TLS_PORT = 465  # TLS from the first byte on, RFC 8314


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpConfig:
    """``[notify.smtp]``: the server that takes e-mails."""

    host: str = ""
    port: int = 587  # 465 is encrypted from the first byte on
    starttls: bool = True  # encrypted, or nothing is sent
    user: str | None = None
    password_env: str | None = None  # name of the environment variable that holds the password
    sender: str | None = None  # by default the user if that is an address, else textmill@ this machine

    @property
    def tls(self) -> bool:
        """Whether it is encrypted from the first byte on."""
        return self.port == _TLS_PORT

    def _faults(self) -> list[str]:
        found = [] if 1 <= self.port <= 65_535 else [f"port: wanted a number from 1 to 65535, got {self.port}"]
        if (self.user is None) != (self.password_env is None):
            found.append("user: wanted user and password_env together, or neither")
        if self.user is not None and not (self.starttls or self.tls):
            found.append("starttls: without it the password could be read on its way; wanted true, or port = 465")
        if self.password_env is not None and not re.fullmatch(_VARIABLE, self.password_env):
            found.append("password_env: wanted the name of an environment variable, never the password itself")
        if self.sender is not None:
            found += _address_faults("sender", self.sender)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyConfig:
    """``[notify]``: who is told what a run came to, and how."""

    on: tuple[NoticeKind, ...] = ("failure", "refusal", "drift", "recovery")
    at_most: str = "1h"  # of each kind one notice in so long; what is held back is counted in the next
    command: tuple[str, ...] = ()  # a program and its arguments; gets the notice as JSON on its stdin
    webhook: str | None = None  # an address that gets the notice as JSON by POST; "env:NAME" where it is a secret
    email: tuple[str, ...] = ()
    smtp: SmtpConfig = field(default_factory=SmtpConfig)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is told."""
        return not (self.command or self.webhook or self.email)

    def _faults(self) -> list[str]:
        found = duration_faults("at_most", self.at_most)
        if self.is_empty and self != NotifyConfig():
            found.append("command: it says what is told and not whom; wanted command, webhook or email")
        if self.command and not self.command[0].strip():
            found.append("command: wanted a program and its arguments, such as ['notify-send', 'textmill']")
        if self.webhook is not None and not re.fullmatch(rf"https?://[^\s/]\S*|env:{_VARIABLE}", self.webhook):
            found.append("webhook: wanted an address such as 'https://example.org/hook', or 'env:NAME'")
        for address in self.email:
            found += _address_faults("email", address)
        if bool(self.email) != bool(self.smtp.host):
            found.append("smtp.host: wanted email and smtp.host together: who is told, and the server that takes it")
        return found


def _address_faults(key: str, address: str) -> list[str]:
    if re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", address):
        return []
    return [f"{key}: wanted an address such as 'ops@example.org', got {address!r}"]
