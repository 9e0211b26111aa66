"""What a process of our own may do that a guest in someone else's may not."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

from textmill.threads import spin_briefly

__all__ = ["load_pyarrow", "take_over"]

_ours = False


def take_over() -> None:
    """This process runs one command and nothing else.

    SIGTERM ends it as Ctrl-C does, with its clean-up. A terminal that lacks a character gets another in its place,
    rather than an error in the middle of a run.
    """
    global _ours
    _ours = True
    spin_briefly()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _stop)


def load_pyarrow() -> None:
    """Load pyarrow as suits one command.

    Without pandas, which it looks for at its first conversion: a third of a second that nobody uses. It asks once and
    remembers the answer; afterwards pandas can be imported as ever. And with the allocator of the system, which gives
    memory back at once: its own keeps what was freed, a tenth of what a run takes, and is no faster here.
    """
    if not _ours:
        return
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    if "pandas" in sys.modules:
        return
    refusal = _NoPandas()
    sys.meta_path.insert(0, refusal)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(refusal)


class _NoPandas:  # a finder; importlib.abc, where their base class is, costs more than all of this
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("no module named 'pandas'", name=fullname)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
