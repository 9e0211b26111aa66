"""Runs an app until it is told to stop; requests in flight are answered first."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from textmill.errors import MissingExtra, TextmillError

try:
    import uvicorn
except ModuleNotFoundError as error:
    raise MissingExtra("Serving over HTTP", package="uvicorn", extra="serve") from error

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["run_server"]


def run_server(app: ASGIApp, *, host: str, port: int, announce: Callable[[str], None], patience: int = 30) -> None:
    """Serve `app` until SIGTERM or SIGINT comes; then no new request is taken and those in flight are answered.

    Parameters
    ----------
    host, port : where to listen; port 0 takes a free one
    announce : called once, with the address in full, when requests are answered
    patience : seconds that requests in flight get after the signal

    Raises
    ------
    TextmillError : if the address cannot be listened on
    """
    listener = _listen(host, port)
    number = listener.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{number}"
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=patience,
    )
    # uvicorn raises the signal once more when it has stopped; a stop that went well is no death by signal
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _Announced(config, lambda: announce(address)).run(sockets=[listener])
    finally:
        listener.close()
        for which, handler in before.items():
            signal.signal(which, handler)


class _Announced(uvicorn.Server):
    """Says when it is ready, and says it after the signals are handled: whoever hears it may stop it cleanly."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # asyncio switches Nagle's algorithm off only where the protocol is named, which `create_server` does not do:
        # each answer would wait 40 ms for the client's delayed acknowledgement
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(2048)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0  # below 0 for a host that is not found, which has words of its own
        reason = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)
        raise TextmillError(
            f"cannot listen there: {reason[:1].lower()}{reason[1:]}",
            where=f"{host}:{port}",
            hint="Choose another with --port, or --port 0 for any that is free.",
        ) from error
    return listener
