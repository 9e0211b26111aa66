"""``textmill serve``: models over HTTP."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from textmill.cli.stores import find_store, store_option
from textmill.errors import NotInStore

__all__ = ["command"]


@click.command("serve")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to listen on; 0 for any."
)
@click.option("--max-texts", type=click.IntRange(min=1), default=1000, show_default=True, help="Texts in a request.")
@click.option(
    "--max-body", type=click.IntRange(min=1), default=8 * 2**20, show_default=True, help="Bytes in a request."
)
@click.option("--log", "log_requests", is_flag=True, help="Write a line for each request to stderr, never its texts.")
@store_option
def command(
    models: tuple[str, ...],
    host: str,
    port: int,
    max_texts: int,
    max_body: int,
    log_requests: bool,
    store: Path | str | None,
) -> None:
    """Answer over HTTP with MODEL..., each a name or NAME@VERSION; without one, with every model of the store.

    There is no password: who can reach the address can ask. Stop it with Ctrl-C or SIGTERM; requests that are being
    answered are finished first.
    """
    from textmill.serve import Limits, Service, build_app, run_server

    found = find_store(store)
    for model in models:
        found.ref(model)  # says where it looked, and what it would have found
    service = Service(found, models)
    served = service.warm()
    if not served:
        raise NotInStore("there is no model", where=found.place, hint="Make one with: textmill run PROJECT")
    if log_requests:
        logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
        logging.getLogger("textmill.serve").setLevel(logging.INFO)
    names = ", ".join(f"{name}@{version}" for name, version in served.items())

    def announce(address: str) -> None:
        click.echo(f"serving {names} at {address} (try it in a browser; stop with Ctrl-C)")

    run_server(build_app(service, Limits(max_texts, max_body)), host=host, port=port, announce=announce)
    click.echo("stopped.")
