"""Work done ahead in a thread, so that reading, predicting and writing overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int = 2) -> Generator[T]:
    """The same items in the same order, taken in a thread of their own and at most `depth` ahead.

    An error comes where it would have come without the thread. Closing the generator ends the thread, and closes
    `items` if that is a generator too.

    Examples
    --------
    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    taken: queue.SimpleQueue[tuple[str, T | BaseException | None]] = queue.SimpleQueue()
    room = threading.Semaphore(depth)
    stopped = threading.Event()

    def take() -> None:
        try:
            for item in items:
                taken.put(("item", item))
                room.acquire()
                if stopped.is_set():
                    return
            taken.put(("end", None))
        except BaseException as error:  # raised again where the items are used
            taken.put(("error", error))
        finally:
            if isinstance(items, Generator):
                items.close()

    worker = threading.Thread(target=take, name="ahead", daemon=True)
    worker.start()
    try:
        while True:
            kind, value = taken.get()
            if kind == "error":
                assert isinstance(value, BaseException)
                raise value
            if kind == "end":
                return
            yield value  # type: ignore[misc]
            room.release()
    finally:
        stopped.set()
        room.release()
        worker.join()
