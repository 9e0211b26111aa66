"""The ways by which a notice goes out: a program, a web address, e-mail; what does not get through is told."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textmill.config import NotifyConfig, SmtpConfig

if TYPE_CHECKING:
    from smtplib import SMTP

    from textmill.flow.notices import Notice

__all__ = ["deliver"]

# What uses the network or another program is loaded when a notice goes out: a run that has none to send is quicker
_TIMEOUT = 10.0  # seconds for a server to answer
_COMMAND_TIMEOUT = 60.0
_TRIES = 3
_PAUSE = 1.0  # before the second try; twice as long before the third
_TOO_MANY = 429


def deliver(
    notice: Notice, config: NotifyConfig, folder: Path, *, pause: Callable[[float], None] = time.sleep
) -> tuple[list[str], list[str]]:
    """Send a notice by every way that is set.

    Parameters
    ----------
    folder : the project's, where the command runs
    pause : waits some seconds between two tries

    Returns
    -------
    the ways that took it, and what did not work, a sentence each
    """
    ways: dict[str, Callable[[], str | None]] = {}
    if config.command:
        ways["command"] = lambda: _run(notice, config.command, folder)
    if config.webhook is not None:
        ways["webhook"] = lambda: _post(notice, config.webhook or "", pause)
    if config.email:
        ways["email"] = lambda: _mail(notice, config.email, config.smtp)
    reached, faults = [], []
    for way, send in ways.items():
        try:
            complaint = send()
            reached.append(way)
            if complaint is not None:
                faults.append(f"{way}: {complaint}")
        except _Undelivered as error:
            faults.append(f"{way}: {error}")
        except (OSError, ValueError) as error:  # a ValueError: a host or a program that cannot be one
            faults.append(f"{way}: {getattr(error, 'strerror', None) or error}")
    return reached, faults


class _Undelivered(Exception):
    """Why not, in words; never with a secret in them."""


def _run(notice: Notice, command: tuple[str, ...], folder: Path) -> None:
    import subprocess

    env = {
        "TEXTMILL_NOTICE": notice.kind,
        "TEXTMILL_NOTICE_PROJECT": notice.project,
        "TEXTMILL_NOTICE_SUBJECT": notice.subject,
        "TEXTMILL_NOTICE_TEXT": notice.text,
    }
    try:
        # its output is not the run's, whose stdout may be read by a program
        done = subprocess.run(
            command,
            input=_json(notice),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=os.environ | env,
            timeout=_COMMAND_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise _Undelivered(f"there is no program {command[0]!r}") from None
    except subprocess.TimeoutExpired:
        raise _Undelivered(f"{command[0]!r} took longer than {_COMMAND_TIMEOUT:g} seconds") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise _Undelivered(": ".join([f"{command[0]!r} ended with {done.returncode}", *said]))


def _post(notice: Notice, address: str, pause: Callable[[float], None]) -> None:
    if address.startswith("env:"):
        address = _secret(address.removeprefix("env:"))
    for left in reversed(range(_TRIES)):
        try:
            _post_once(_json(notice), address)
            return
        except _Again as error:
            if not left:
                raise _Undelivered(f"{error}, {_TRIES} times") from None
            pause(_PAUSE * 2 ** (_TRIES - 1 - left))


class _Again(Exception):
    """It did not work now, and may in a second."""


def _post_once(body: bytes, address: str) -> None:
    from http.client import HTTPException
    from urllib import error as errors
    from urllib import request

    from textmill import __version__

    class NoDetour(request.HTTPRedirectHandler):
        """A POST that is sent on arrives as a GET, with nothing in it."""

        def redirect_request(self, *args: object) -> None:
            return None

    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"textmill/{__version__}"}
    try:
        # what stands behind the host is often the secret that lets in whoever knows it, so only the host is told
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError
        wanted = request.Request(address, body, headers, method="POST")
        with request.build_opener(NoDetour).open(wanted, timeout=_TIMEOUT):
            return
    except errors.HTTPError as error:
        error.close()
        said = f"{host} answered {error.code}"
        if error.code < 500 and error.code != _TOO_MANY:
            raise _Undelivered(said) from None
        raise _Again(said) from None
    except errors.URLError as error:
        reason = error.reason
        raise _Again(f"{host}: {getattr(reason, 'strerror', None) or reason}") from None
    except (ValueError, HTTPException) as error:
        if isinstance(error, HTTPException) and not isinstance(error, ValueError):
            raise _Again(f"{host} gave no answer that is HTTP") from None
        raise _Undelivered("this is no address that can be asked; wanted http:// or https://") from None
    except OSError as error:
        raise _Again(f"{host}: {error.strerror or error}") from None


def _mail(notice: Notice, to: tuple[str, ...], smtp: SmtpConfig) -> str | None:
    """Send it; what there is to complain of though somebody was reached."""
    import smtplib
    import ssl
    from email.message import EmailMessage
    from email.utils import format_datetime, make_msgid

    here = os.uname().nodename
    sender = smtp.sender or (smtp.user if smtp.user and "@" in smtp.user else f"textmill@{here}")
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = notice.subject, sender, ", ".join(to)
    message["Date"], message["Message-ID"] = format_datetime(notice.at), make_msgid("textmill", here)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers
    message.set_content(notice.text)
    message.add_attachment(_json(notice), maintype="application", subtype="json", filename="notice.json")
    password = _secret(smtp.password_env) if smtp.password_env else None

    def hand_over(server: SMTP) -> dict[str, tuple[int, bytes]]:
        if smtp.starttls and not smtp.tls:
            server.starttls(context=ssl.create_default_context())
        if smtp.user is not None and password is not None:
            server.login(smtp.user, password)
        return server.send_message(message)

    try:
        if smtp.tls:
            tls = ssl.create_default_context()
            with smtplib.SMTP_SSL(smtp.host, smtp.port, here, timeout=_TIMEOUT, context=tls) as encrypted:
                refused = hand_over(encrypted)
        else:
            with smtplib.SMTP(smtp.host, smtp.port, here, timeout=_TIMEOUT) as server:
                refused = hand_over(server)
    except smtplib.SMTPRecipientsRefused as error:
        raise _Undelivered(_refused(smtp.host, error.recipients)) from None
    except smtplib.SMTPResponseException as error:
        raise _Undelivered(f"{smtp.host} answered {_said(error.smtp_code, error.smtp_error)}") from None
    except (smtplib.SMTPException, OSError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise _Undelivered(f"{smtp.host}, port {smtp.port}: {said}") from None
    return _refused(smtp.host, refused) if refused else None


def _refused(host: str, recipients: Mapping[str, tuple[int, bytes]]) -> str:
    answers = [f"{who}: {_said(code, text)}" for who, (code, text) in recipients.items()]
    return f"{host} takes nothing for {'; '.join(answers)}"


def _said(code: int, text: bytes | str) -> str:
    told = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(told.split())}"


def _secret(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        raise _Undelivered(f"the environment variable {variable} is not set")
    return found


def _json(notice: Notice) -> bytes:
    return json.dumps(notice.as_json(), ensure_ascii=False).encode()
