"""What a process of our own may do that a guest in someone else's may not."""

from __future__ import annotations

import signal
import sys
from types import FrameType

__all__ = ["keep_pandas_out", "take_over"]

_ours = False


def take_over() -> None:
    """This process runs one command and nothing else: SIGTERM ends it as Ctrl-C does, cleaning up what is half-written."""
    global _ours
    _ours = True
    signal.signal(signal.SIGTERM, _stop)


def keep_pandas_out() -> None:
    """Load pyarrow without pandas, which it looks for at its first conversion: a third of a second that nobody uses.

    pyarrow asks once and remembers the answer; afterwards pandas can be imported as ever.
    """
    if not _ours or "pandas" in sys.modules:
        return
    import pyarrow as pa

    refusal = _NoPandas()
    sys.meta_path.insert(0, refusal)  # type: ignore[arg-type]
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(refusal)  # type: ignore[arg-type]


class _NoPandas:  # a finder; importlib.abc, where their base class is, costs more than all of this
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("no module named 'pandas'", name=fullname)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
