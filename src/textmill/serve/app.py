"""The app: routes and handlers that translate and return; what the texts mean is the service's business."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from textmill.errors import DataError, MissingExtra, NotInStore, RequestError, TextmillError
from textmill.serve.describe import openapi
from textmill.serve.intake import Limits, texts_from, version_from

try:
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
    from starlette.routing import Route
except ModuleNotFoundError as error:
    raise MissingExtra("Serving over HTTP", package="starlette", extra="serve") from error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from textmill.serve.service import Service

__all__ = ["build_app"]

log = logging.getLogger("textmill.serve")

_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def build_app(service: Service, limits: Limits | None = None) -> Starlette:
    """An ASGI app that answers for the models of a service.

    Routes: ``POST /v1/models/{name}/predict``, ``GET /v1/models``, ``GET /v1/models/{name}``,
    ``GET /v1/models/{name}/probe``, ``GET /health``, ``GET /openapi.json``, and a page at ``/`` and ``/docs``. Every
    fault is answered with ``{"error": {"what", "where", "wanted", "got", "hint"}}`` and the HTTP status that fits it.

    Parameters
    ----------
    service : answers for the models
    limits : how much one request may ask for
    """
    limits = limits or Limits()
    page = files("textmill.serve").joinpath("page.html").read_bytes()
    document = _json(openapi(limits))

    async def predict(request: Request) -> Response:
        name, version = request.path_params["name"], version_from(request.query_params)
        body = await _body(request, limits)

        def work() -> bytes:  # reading the JSON is work too
            return _json(service.predict(name, texts_from(body, limits), version).to_json())

        return _answer(await run_in_threadpool(work))

    async def models(request: Request) -> Response:
        return _answer(_json({"models": await run_in_threadpool(service.cards)}))

    async def model(request: Request) -> Response:
        name, version = request.path_params["name"], version_from(request.query_params)
        return _answer(_json(await run_in_threadpool(service.card, name, version)))

    async def probe(request: Request) -> Response:
        name, version = request.path_params["name"], version_from(request.query_params)
        return _answer(_json(await run_in_threadpool(service.probe, name, version)))

    async def health(request: Request) -> Response:
        return _answer(_json(await run_in_threadpool(service.health)))

    async def describe(request: Request) -> Response:
        return _answer(document)

    async def docs(request: Request) -> Response:
        return Response(page, media_type="text/html", headers=_PAGE_HEADERS)

    return Starlette(
        routes=[
            Route("/v1/models/{name}/predict", predict, methods=["POST"]),
            Route("/v1/models/{name}/probe", probe),
            Route("/v1/models", models),
            Route("/v1/models/{name}", model),
            Route("/health", health),
            Route("/openapi.json", describe),
            Route("/docs", docs),
            Route("/", docs),
        ],
        middleware=[Middleware(RequestLog)],
        exception_handlers={
            TextmillError: _refuse,
            HTTPException: _refuse_by_routing,
            ClientDisconnect: _nobody_listens,
            Exception: _our_fault,
        },
    )


class RequestLog:
    """One line a request on the logger ``textmill.serve``, at level INFO; never what the request said."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not log.isEnabledFor(logging.INFO):
            return await self.app(scope, receive, send)
        status, began = 0, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            # the path as it came, percent signs and all: a decoded line break could forge a line
            path = scope.get("raw_path", b"").decode("latin-1") or "?"
            log.info("%s %s %d %.1f ms", scope["method"], path, status, (time.perf_counter() - began) * 1000)
        return None


async def _body(request: Request, limits: Limits) -> bytes:
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limits.body:
        raise _too_large(limits.body)  # before a byte of it is read
    kept: list[bytes] = []
    size = 0
    chunks = request.stream()
    while True:
        try:
            async with asyncio.timeout(limits.patience):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return b"".join(kept)
        except TimeoutError:
            wanted = f"a byte every {limits.patience:g} seconds"
            raise RequestError("the rest of the body did not come", status=408, where="body", wanted=wanted) from None
        size += len(chunk)
        if size > limits.body:  # the length was not said, or not truly
            raise _too_large(limits.body)
        kept.append(chunk)


def _too_large(limit: int) -> RequestError:
    return RequestError("the body is too large", status=413, where="body", wanted=f"at most {limit:,} bytes")


def _answer(payload: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(payload, status, headers, "application/json")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _fault(
    status: int,
    what: str,
    *,
    where: str | None = None,
    wanted: str | None = None,
    got: str | None = None,
    hint: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    fault: dict[str, Any] = {"what": what, "where": where, "wanted": wanted, "got": got, "hint": hint}
    return _answer(_json({"error": fault}), status, headers)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, TextmillError)
    if isinstance(error, RequestError):
        status = error.status
    elif isinstance(error, NotInStore):
        status = 404
    elif isinstance(error, DataError):
        status = 422
    else:  # a damaged store is nothing the client can mend
        status = 500
        log.error("%s", error)
    headers = {"Connection": "close"} if status == 413 else None  # what is left of the body is not read
    return _fault(
        status, error.what, where=error.where, wanted=error.wanted, got=error.got, hint=error.hint, headers=headers
    )


async def _refuse_by_routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    path = request.url.path
    if error.status_code == 405:
        return _fault(
            405,
            f"this route does not answer {request.method}",
            where=path,
            wanted=headers.get("Allow"),
            got=request.method,
            headers=headers,
        )
    return _fault(error.status_code, "there is nothing here", where=path, hint="GET /docs lists the routes.")


async def _nobody_listens(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # the client hung up while it was sending


async def _our_fault(request: Request, error: Exception) -> Response:
    # Starlette raises the error again after this answer, so that the server's log has it in full
    return _fault(500, "textmill itself failed on this request", hint="The server's log says more; please report it.")
