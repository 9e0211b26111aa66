"""What the machine could do at most: reading the same bytes once, moving the same bytes at memory's own pace."""

from __future__ import annotations

import functools

import numpy as np

from benches.measure import seconds


@functools.cache
def memchr_rate() -> float:
    """Bytes a second of a memchr over 64 MiB that never finds its byte, on one thread."""
    data = bytes(64 << 20).replace(b"\0", b"a")
    return len(data) / min(seconds(lambda: data.find(b"\xff")) for _ in range(5))


@functools.cache
def copy_rate() -> float:
    """Bytes a second, read and written, of copying 128 MiB on one thread."""
    source = np.ones(16 << 20)
    target = np.empty_like(source)
    return 2 * source.nbytes / min(seconds(lambda: np.copyto(target, source)) for _ in range(5))


def from_the_limit(took: float, read: float, written: float) -> str:
    """How many times as long as a memchr over the input, and as moving input and output once, something took."""
    scan, move = read / memchr_rate(), (read + written) / copy_rate()
    return (
        f"{took / scan:.0f} x a memchr over the input ({memchr_rate() / 1e9:.0f} GB/s), {took / move:.0f} x moving"
        f" input and result once ({copy_rate() / 1e9:.0f} GB/s)"
    )
