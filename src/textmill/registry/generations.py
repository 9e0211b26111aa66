"""Under which key an object of a shared store lies: its name, and which change of the store took it away last.

    objects/ab/abcdef...          as long as nobody has taken it away
    objects/ab/abcdef....12       once change 12 has taken it away: who needs it puts it here anew

Nothing ever comes back under a key that was given up, so whoever deletes such keys, however late, takes nothing that
another machine has put meanwhile. All machines agree on the keys, for they follow the same changes: of each change that
took something away the folder of the copy has ``collected/N.json`` or ``purged/N.json`` with the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from textmill.errors import CorruptError
from textmill.registry.sealed import seal, unseal

__all__ = ["COLLECTED", "PURGED", "Generations", "write_names"]

COLLECTED, PURGED = "collected", "purged"
_MARKS = ((b'"event":"collect"', COLLECTED), (b'"event":"purge"', PURGED))  # of lines; no text has a bare quote
_FORMAT = 1
_NAME = r"(objects/[0-9a-f]{2}/[0-9a-f]{64}|steps/[0-9a-f]{64}\.json|runs/finished/[^/.][^/]*/[0-9a-f]{16}\.json)"
_CAN_GO = re.compile(_NAME)
_KEY = re.compile(_NAME + r"(?:\.([1-9][0-9]*))?")
_STAYS = re.compile(r"runs/finished/[^/.][^/]*/last\.json")


class Generations:
    """The keys of the names of a shared store, as far as the copy in a folder has followed it.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> known, name = Generations(root), "steps/" + 64 * "0" + ".json"
    >>> known.key(name) == name
    True
    >>> (root / COLLECTED).mkdir()
    >>> _ = (root / COLLECTED / "12.json").write_bytes(write_names([name]))
    >>> known.key(name) == name + ".12", known.given_up([name, name + ".12"]) == [name]
    (True, True)
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: set[tuple[str, int]] = set()
        self._audit, self._lines, self._at = root / "audit.jsonl", 0, 0  # how far the log was read
        self._told: set[tuple[str, int]] = set()  # of which it says that they took something away
        self._last: dict[str, int] = {}

    def can_go(self, name: str) -> bool:
        """Whether it is of a kind that is taken away."""
        return _CAN_GO.fullmatch(name) is not None

    def key(self, name: str) -> str:
        """Where it lies in the bucket, or would lie.

        Raises
        ------
        CorruptError, FormatError : if the copy cannot say what was taken away
        """
        return self.keys([name])[0]

    def keys(self, names: Iterable[str]) -> list[str]:
        """The same of many."""
        self._look()
        return [self._key(name) for name in names]

    def names(self, keys: Iterable[str]) -> list[str | None]:
        """The name of what lies under each key; None if nothing is looked for there (any more)."""
        self._look()
        return [self._name(key) for key in keys]

    def given_up(self, keys: Iterable[str]) -> list[str]:
        """Those keys from which something was taken away, and which so may be deleted by anybody at any time."""
        self._look()
        parts = [(key, found) for key in keys if (found := _KEY.fullmatch(key))]
        return [key for key, found in parts if int(found[2] or 0) < self._last.get(found[1], 0)]

    def purges(self) -> frozenset[int]:
        """The changes that purged something."""
        self._look()
        return frozenset(n for kind, n in self._read if kind == PURGED)

    def _key(self, name: str) -> str:
        last = self._last.get(name)
        return name if last is None else f"{name}.{last}"

    def _name(self, key: str) -> str | None:
        if _STAYS.fullmatch(key):
            return key
        found = _KEY.fullmatch(key)
        return found[1] if found and self._key(found[1]) == key else None

    def _look(self) -> None:
        self._listen()  # first: a line is written after its file
        for kind in (COLLECTED, PURGED):
            folder, names = self._root / kind, set[str]()
            with suppress(FileNotFoundError):
                names = {path.name for path in folder.iterdir()}
            there = {(kind, int(name[:-5])) for name in names if re.fullmatch(r"[1-9][0-9]*\.json", name)}
            for _, n in sorted(there - self._read):
                path = folder / f"{n}.json"
                found = unseal(path.read_bytes(), format=_FORMAT, where=str(path)).get("names")
                if not isinstance(found, list) or not all(isinstance(one, str) and self.can_go(one) for one in found):
                    raise CorruptError("this list of what was taken away lacks what it must say", where=str(path))
                self._last |= {one: max(n, self._last.get(one, 0)) for one in found}
                self._read.add((kind, n))
        if lacking := self._told - self._read:
            raise CorruptError(
                f"this copy of a shared store lacks a file about change {min(n for _, n in lacking)}",
                where=str(self._root),
                hint="Remove the folder: it will be filled again.",
            )

    def _listen(self) -> None:
        # a cache may be cleaned file by file: what is put under a key that was given up would be deleted
        with suppress(FileNotFoundError), self._audit.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._lines, self._at = self._lines + 1, self._at + len(line)
                self._told |= {(kind, self._lines) for mark, kind in _MARKS if mark in line}


def write_names(names: Iterable[str]) -> bytes:
    """The bytes of a list of what a change takes away."""
    return seal({"names": sorted(names)}, format=_FORMAT, where="what is taken away")
