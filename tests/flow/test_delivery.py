"""Notices on their way: to a real SMTP server, a real HTTP server and a real program."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from textmill.config import NotifyConfig, SmtpConfig
from textmill.flow import delivery
from textmill.flow.notices import Notice

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
NOTICE = Notice(
    "failure", "alarm", "/srv/alarm", "messages.csv: die Datei ist weg – ‘gone’", "Put it back.", AT, AT, "read", 2
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def send(config, folder, notice=NOTICE):
    pauses: list[float] = []
    reached, faults = delivery.deliver(notice, config, folder, pause=pauses.append)
    return reached, faults, pauses


# -- a program ---------------------------------------------------------------------------------------------------------

WRITE = "import json, os, sys; json.dump([json.load(sys.stdin), dict(os.environ)], open('got.json', 'w')); print('x')"


def test_a_program_gets_the_notice_on_its_stdin_and_in_its_environment(tmp_path, capfd):
    assert send(NotifyConfig(command=(sys.executable, "-c", WRITE)), tmp_path) == (["command"], [], [])
    got, environment = json.loads((tmp_path / "got.json").read_text())
    assert got == NOTICE.as_json()
    assert (got["kind"], got["step"], got["held_back"], got["run"]) == (
        "failure",
        "read",
        2,
        "2026-01-05T12:00:00+00:00",
    )
    assert environment["TEXTMILL_NOTICE"] == "failure"
    assert environment["TEXTMILL_NOTICE_PROJECT"] == "alarm"
    assert environment["TEXTMILL_NOTICE_SUBJECT"] == "textmill: alarm failed"
    assert environment["TEXTMILL_NOTICE_TEXT"] == NOTICE.text
    assert capfd.readouterr().out == ""  # the run's own stdout may be JSON


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (("no-such-program",), "command: there is no program 'no-such-program'"),
        (("sh", "-c", "echo one >&2; echo two >&2; exit 3"), "command: 'sh' ended with 3: two"),
        (("/",), "command: Permission denied"),
    ],
)
def test_a_program_that_does_not_do_it_is_a_sentence(tmp_path, command, fault):
    assert send(NotifyConfig(command=command), tmp_path) == ([], [fault], [])


def test_a_program_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "_COMMAND_TIMEOUT", 0.1)
    command = (sys.executable, "-c", "import sys; sys.stdin.read(); input() if False else __import__('time').sleep(60)")
    assert send(NotifyConfig(command=command), tmp_path)[1] == [
        f"command: {sys.executable!r} took longer than 0.1 seconds"
    ]


# -- a web address -----------------------------------------------------------------------------------------------------


class Hook:
    """A web server that answers as it is told to."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[str, str, dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.command, self.path, dict(self.headers), body))
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook/s3cret"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def hook():
    made = Hook()
    yield made
    made.close()


def test_a_web_address_gets_the_notice_as_json(tmp_path, hook):
    assert send(NotifyConfig(webhook=hook.address), tmp_path) == (["webhook"], [], [])
    ((method, path, headers, body),) = hook.got
    assert (method, path) == ("POST", "/hook/s3cret")
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["User-Agent"].startswith("textmill/")
    assert json.loads(body) == NOTICE.as_json()


def test_an_address_that_is_a_secret_comes_from_the_environment(tmp_path, hook, monkeypatch):
    config = NotifyConfig(webhook="env:HOOK")
    monkeypatch.delenv("HOOK", raising=False)
    assert send(config, tmp_path)[1] == ["webhook: the environment variable HOOK is not set"]
    monkeypatch.setenv("HOOK", hook.address)
    assert send(config, tmp_path)[0] == ["webhook"]
    monkeypatch.setenv("HOOK", "file:///etc/s3cret")
    (fault,) = send(config, tmp_path)[1]
    assert "no address that can be asked" in fault
    assert "s3cret" not in fault


def test_a_server_in_trouble_is_asked_again_twice_with_pauses(tmp_path, hook):
    hook.answers = [503, 429, 204]
    assert send(NotifyConfig(webhook=hook.address), tmp_path) == (["webhook"], [], [1, 2])
    hook.answers = [500, 500, 500]
    assert send(NotifyConfig(webhook=hook.address), tmp_path) == (
        [],
        ["webhook: 127.0.0.1 answered 500, 3 times"],
        [1, 2],
    )
    assert len(hook.got) == 6


@pytest.mark.parametrize("answer", [400, 404, 302, 307])
def test_a_server_that_does_not_want_it_is_asked_once_and_followed_nowhere(tmp_path, hook, answer):
    hook.answers = [answer]
    assert send(NotifyConfig(webhook=hook.address), tmp_path) == ([], [f"webhook: 127.0.0.1 answered {answer}"], [])
    assert len(hook.got) == 1


def test_nobody_at_the_address_is_a_sentence_without_what_may_be_secret_in_it(tmp_path):
    address = f"http://127.0.0.1:{free_port()}/hook/s3cret"
    _, (fault,), pauses = send(NotifyConfig(webhook=address), tmp_path)
    assert fault == "webhook: 127.0.0.1: Connection refused, 3 times"
    assert pauses == [1, 2]


# -- e-mail ------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Mailbox:
    """What a mail server took; addresses that begin with "no" it refuses."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("no"):
            return "550 no such person here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def server():
    """Starts mail servers: ``server(**settings)`` gives its mailbox and port."""
    running = []

    def start(**settings):
        mailbox = Mailbox()
        controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **settings)
        controller.start()
        running.append(controller)
        return mailbox, controller.port

    yield start
    for controller in running:
        controller.stop()


def test_an_e_mail_says_it_in_words_and_carries_the_json(tmp_path, server):
    mailbox, port = server()
    smtp = SmtpConfig(host="127.0.0.1", port=port, starttls=False, sender="mill@example.org")
    config = NotifyConfig(email=("ops@example.org", "me@example.org"), smtp=smtp)
    assert send(config, tmp_path) == (["email"], [], [])
    ((sender, to, raw),) = mailbox.mails
    assert (sender, to) == ("mill@example.org", ["ops@example.org", "me@example.org"])
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == "textmill: alarm failed"
    assert mail["To"] == "ops@example.org, me@example.org"
    assert mail["Date"] == "Mon, 05 Jan 2026 12:00:00 +0000"
    assert mail["Message-ID"]
    text, attached = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == NOTICE.text
    assert json.loads(attached.get_content()) == NOTICE.as_json()


def test_what_a_notice_says_is_all_that_a_person_needs():
    assert NOTICE.text == (
        "alarm failed.\n"
        "\n"
        "Project:      alarm in /srv/alarm\n"
        "Run:          begun 2026-01-05 12:00:00 UTC\n"
        "Step:         read\n"
        "What:         messages.csv: die Datei ist weg – ‘gone’\n"
        "How to go on: Put it back.\n"
        "\n"
        "2 more notices of this kind came before this one and could not be sent, or not so soon.\n"
    )


def test_nothing_is_sent_in_the_clear_where_starttls_is_asked_for(tmp_path, server):
    mailbox, port = server()
    config = NotifyConfig(email=("ops@example.org",), smtp=SmtpConfig(host="127.0.0.1", port=port))
    _, (fault,), _ = send(config, tmp_path)
    assert fault == f"email: 127.0.0.1, port {port}: STARTTLS extension not supported by server."
    assert mailbox.mails == []


def test_addresses_that_a_server_refuses_are_named_with_its_words(tmp_path, server):
    mailbox, port = server()
    smtp = SmtpConfig(host="127.0.0.1", port=port, starttls=False)
    config = NotifyConfig(email=("nobody@example.org", "ops@example.org"), smtp=smtp)
    reached, faults, _ = send(config, tmp_path)
    assert faults == ["email: 127.0.0.1 takes nothing for nobody@example.org: 550 no such person here"]
    assert (reached, len(mailbox.mails)) == (["email"], 1)
    assert send(NotifyConfig(email=("nobody@example.org",), smtp=smtp), tmp_path)[:2] == ([], faults)


def test_no_mail_server_is_a_sentence(tmp_path):
    port = free_port()
    config = NotifyConfig(email=("a@b",), smtp=SmtpConfig(host="127.0.0.1", port=port))
    assert send(config, tmp_path)[1] == [f"email: 127.0.0.1, port {port}: Connection refused"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 and its key, made now."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*words.split(), "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True
    )
    return folder


def signing_in(certificate, tls):
    asked = []

    def authenticator(server, session, envelope, mechanism, data):
        asked.append((data.login, data.password))
        return AuthResult(success=data.password == b"geheim", handled=False)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return asked, {"tls_context" if tls == "starttls" else "ssl_context": context, "authenticator": authenticator}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_password_goes_from_the_environment_through_tls(tmp_path, server, certificate, monkeypatch, tls):
    asked, settings = signing_in(certificate, tls)
    mailbox, port = server(**settings, auth_require_tls=tls == "starttls")
    monkeypatch.setattr("textmill.config.telling._TLS_PORT", port if tls == "tls" else 465)
    smtp = SmtpConfig(host="127.0.0.1", port=port, user="me@example.org", password_env="MAIL_PASSWORD")
    config = NotifyConfig(email=("ops@example.org",), smtp=smtp)
    assert send(config, tmp_path)[1] == ["email: the environment variable MAIL_PASSWORD is not set"]
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")

    _, (fault,), _ = send(config, tmp_path)  # a certificate that nobody vouches for
    assert "certificate verify failed" in fault.lower()
    assert asked == []

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    assert send(config, tmp_path)[0] == ["email"]
    assert asked == [(b"me@example.org", b"geheim")]
    assert mailbox.mails[0][0] == "me@example.org"  # who signs in is who sends

    monkeypatch.setenv("MAIL_PASSWORD", "falsch")
    _, (fault,), _ = send(config, tmp_path)
    assert fault.startswith("email: 127.0.0.1 answered 535")
    assert "falsch" not in fault


def test_one_way_that_fails_does_not_keep_the_others(tmp_path, hook):
    config = NotifyConfig(command=("no-such-program",), webhook=hook.address)
    assert send(config, tmp_path)[:2] == (["webhook"], ["command: there is no program 'no-such-program'"])
