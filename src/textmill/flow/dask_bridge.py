"""Dask distributed as the processes that share a run's heavy parts: its workers, on this machine or on others.

Dask moves the names of our tasks and their plain arguments, which it pickles, over TCP that is not encrypted: whoever
reaches a scheduler can run code on its workers. It belongs into a network that one trusts; the workers that are started
here listen on 127.0.0.1 alone.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from textmill.config import thread_count
from textmill.errors import ConfigError, MissingExtra, StepFailed

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskCluster", "check_on", "connected", "scheduler"]

_HERE = "dask"
_SECONDS = 10  # to be answered
_PATIENCE = 30  # seconds between two looks for workers, while nothing is done


def check_on(on: str) -> None:
    """Whether the work can be shared as asked for, as far as that can be known without a connection.

    Raises
    ------
    ConfigError : if it is neither ``dask`` nor an address
    MissingExtra : if Dask distributed is not installed
    """
    if on != _HERE and not re.fullmatch(r"tcp://(\[[0-9a-fA-F:.]+\]|[^/:\s]+):[0-9]{1,5}", on):
        raise ConfigError([f"wanted 'dask' or an address such as tcp://10.0.0.1:8786, got {on!r}"], where="--on")
    if find_spec("distributed") is None:
        raise MissingExtra(f"--on {on}", package="distributed", extra="dask")


@contextmanager
def scheduler(on: str, threads: int | None = None) -> Iterator[str]:
    """The address of a scheduler that has workers.

    Parameters
    ----------
    on : ``dask`` for workers of our own on this machine, which end with this; or a scheduler's address
    threads : of our own workers, each a process with one thread

    Raises
    ------
    ConfigError, MissingExtra : as `check_on`
    StepFailed : if nobody answers there, or the scheduler has no workers
    """
    check_on(on)
    if on != _HERE:
        with connected(on) as cluster:
            cluster.require_workers()
        yield on
        return
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=thread_count(threads),
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # no page; None would be a port that others see
        scheduler_kwargs={"dashboard": False},
        memory_limit=0,  # as a run without it
        preload=[__name__],
        silence_logs=logging.CRITICAL,
    ) as local:
        yield local.scheduler_address


def dask_setup(worker: object) -> None:
    """What Dask calls in a worker of our own: Ctrl-C is for the run, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def connected(address: str) -> Iterator[DaskCluster]:
    """The workers of a scheduler; what they were asked for and did not begin is called off in the end.

    Raises
    ------
    StepFailed : if nobody answers there
    """
    from distributed import Client

    try:
        client = Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        hint = f"Start one with: dask scheduler; and workers with: dask worker {address}"
        raise StepFailed(f"no Dask scheduler answers at {address}", hint=hint) from error
    with client:
        yield DaskCluster(client)


class DaskCluster:
    """A `Cluster` of Dask's workers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def require_workers(self) -> None:
        """See that there are some.

        Raises
        ------
        StepFailed : if there are none
        """
        if not self._client.nthreads():
            address = self._client.scheduler.address
            raise StepFailed(
                f"the Dask scheduler at {address} has no workers", hint=f"Start some with: dask worker {address}"
            )

    def submit(self, task: Callable[..., str], *arguments: Any) -> Any:
        """Have a task done; gives a future."""
        return self._client.submit(task, *arguments, pure=False)

    def wait(self, asked: Sequence[Any], done: Callable[[int], None]) -> list[str]:
        """Until all futures are done, with what came of each; what is no future was done before.

        Raises
        ------
        StepFailed : if tasks end their workers, there are none any more, or the scheduler is gone
        """
        from distributed import Future, KilledWorker
        from distributed.comm import CommClosedError

        results = {}
        futures = [one for one in asked if isinstance(one, Future)]
        before = len(asked) - len(futures)
        done(before)
        try:
            for number, future in enumerate(self._as_done(futures), before + 1):
                results[future.key] = future.result()
                done(number)
        except ModuleNotFoundError as error:
            raise StepFailed(f"the workers lack the package {error.name!r}", hint="Install it there.") from error
        except KilledWorker as error:
            raise StepFailed(
                f"{error.allowed_failures + 1} workers ended one after the other while they did the same task",
                hint="There may be too little memory on them.",
            ) from error
        except (CommClosedError, CancelledError) as error:
            raise StepFailed("the Dask scheduler is gone", hint="Run it again to go on from there.") from error
        return [results[one.key] if isinstance(one, Future) else one for one in asked]

    def _as_done(self, futures: list[Future]) -> Iterator[Future]:
        from distributed import as_completed

        left = dict.fromkeys(futures)
        alone = False  # whether there were no workers at the look before
        while left:
            try:
                for future in as_completed(list(left), loop=self._client.loop, timeout=_PATIENCE):
                    del left[future]
                    alone = False
                    yield future
            except TimeoutError:
                if alone:
                    self.require_workers()
                alone = not self._client.nthreads()
