"""Run as a program by test_interrupt: a long native call of the kind in argv, again and again until Ctrl-C."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np

from textmill import _native


def texts(size: int, n_texts: int) -> tuple[np.ndarray, np.ndarray]:
    piece = "".join(f"word{i * 7919 % 50_000} été &amp; don't. " for i in range(50_000)).encode()
    data = np.tile(np.frombuffer(piece, np.uint8), size // len(piece) + 1)[:size]
    if n_texts == 1:
        return data, np.array([0, size], np.int64)
    begins = np.flatnonzero(data == ord("w"))[:: max(1, size // n_texts // 20)]
    return data, np.concatenate([[0], begins, [size]]).astype(np.int64)


def tokens(size: int) -> tuple[np.ndarray, np.ndarray]:
    ids = (np.random.default_rng(1).zipf(1.3, size // 10) % 100_000).astype(np.int32)
    return ids, np.arange(0, len(ids) + 1, 100, dtype=np.int64)


def main(kind: str, size: int) -> None:
    types = _native.TypeTable()
    one_two = _native.Program([], True, 2)
    two_words = np.frombuffer(b"one two", np.uint8), np.array([0, 7])
    _native.scan(one_two, two_words, types, False, 1)
    if kind == "counter":
        ids, rows = tokens(size)
        terms = np.arange(100_000, dtype=np.int32)

        def call() -> None:
            counter = _native.GramCounter()
            counter.add(ids, rows)
            counter.count(terms, len(terms), 1, 3, 1, 2)
    elif kind == "split":
        text = "".join(f"word{i * 7919 % 50_000} " for i in range(50_000)) * (size // 500_000)
        program = _native.Program([], True, 1, "unicode")

        def call() -> None:
            program.split(text)
    else:
        buffers = texts(size, 1 if kind.startswith("one ") else 20_000)
        cleaners = ["html", "nfkc"] if "clean" in kind else []
        program = _native.Program(cleaners, True, 2, kind.split()[-1])

        def call() -> None:
            if kind.startswith("rewrite"):
                _native.rewrite(program, *buffers, 2)
            elif kind.startswith("segment"):
                _native.segment("words", *buffers, 2)
            elif "frozen" in kind:
                _native.scan_frozen(program, buffers, _native.TypeTable(), types, False, 2)
            else:
                _native.scan(program, buffers, types, "spans" in kind, 2)

    assert threading.current_thread() is threading.main_thread()
    print(len(os.listdir("/proc/self/task")), flush=True)
    while True:
        try:
            call()
        except KeyboardInterrupt:
            print(len(types), flush=True)
            os._exit(3)
        types = _native.TypeTable()
        _native.scan(one_two, two_words, types, False, 1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
