"""How many threads, the one setting that decides no result, and how they wait for each other."""

from __future__ import annotations

import os

from textmill.errors import ConfigError

__all__ = ["spin_briefly", "thread_count"]


def spin_briefly() -> None:
    """Have the threads of PyTorch give way soon where they wait for each other; called before it is loaded.

    They wait by spinning, and where two processes train on the same cores each keeps the other from what it waits
    for: two LSTMs on two cores took eleven times as long for it. A thousand turns cost a training that is alone
    nothing. Only GNU's OpenMP asks for them, and what was said of it already stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def thread_count(wanted: int | None = None) -> int:
    """How many threads to use: `wanted`, else ``TEXTMILL_THREADS``, else the processors this process may run on.

    Results never depend on it.

    Raises
    ------
    ConfigError : if it is less than 1 or no number
    """
    if type(wanted) is int and wanted >= 1:  # first: asked with each single text
        return min(wanted, 256)
    where, said = "threads", str(wanted)
    if wanted is None:
        where, said = "TEXTMILL_THREADS", os.environ.get("TEXTMILL_THREADS", "")
        if not said:
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not (said.isascii() and said.isdigit()) or int(said) < 1:
        raise ConfigError([f"wanted a number of threads, 1 or more, got {said!r}"], where=where)
    return min(int(said), 256)
