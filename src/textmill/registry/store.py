"""The store: one folder of plain files (``.textmill/`` beside the project, or ``TEXTMILL_STORE``).

    objects/ab/abcdef...          files by sha256
    steps/KEY.json                finished steps: which objects and values they left
    models/NAME/VERSION/          a version's files and its manifest.json; VERSION.removed where one was
    models/NAME/aliases.json      names that point to versions: champion, challenger, one's own
    datasets/NAME/VERSION/        the same of a data set: hashes of its rows; the rows are objects
    runs/                         what a run remembers for the next one; may be deleted
    locks/ tmp/                   who is at work, and what is unfinished
    audit.jsonl audit.head        what was done, hash-chained

Whatever is written goes to ``tmp/`` first, is flushed, and gets its name by one rename: a reader, or the next run after
a kill at any moment, finds the whole of it or nothing. No path in any file is absolute: the folder can be moved.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textmill.errors import CorruptError, DataError, NotInStore, StoreError, StoreWriteError, closest
from textmill.names import is_alias
from textmill.registry.aliases import ALIASES, Alias, check_alias, moved, read_aliases, write_aliases
from textmill.registry.difference import Difference, difference
from textmill.registry.disk import writing
from textmill.registry.files import Files
from textmill.registry.manifests import MANIFEST, check_files, files_of, read_manifest, renumbered, write_manifest
from textmill.registry.overtaking import decides
from textmill.types import Manifest, Ref

__all__ = ["Removal", "Store", "published"]

_FOLDER = ".textmill"
_KINDS = {"model": "models", "dataset": "datasets"}  # of versions, and the folder of each
_CALLED = {"model": "model", "dataset": "data set"}


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes, or went, when a version is removed.

    Attributes
    ----------
    files : paths in the version's folder
    size : bytes of those files; objects that a finished step still names stay, so that a run has nothing to redo
    """

    ref: Ref
    files: tuple[str, ...]
    size: int


class Store(Files):
    """Versions of models and data sets, finished steps and objects in a folder.

    Making one touches nothing: reading needs no right to write, and the first write makes the folders.

    Parameters
    ----------
    root : the store's folder
    disk : the calls that change files; tests put one in that fails

    Examples
    --------
    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()))
    >>> sha256 = store.put_bytes(b"hello")
    >>> store.object(sha256).read_bytes()
    b'hello'
    """

    @classmethod
    def beside(cls, project: Path) -> Store:
        """The store of a project's folder; ``TEXTMILL_STORE`` wins."""
        return cls.at(os.environ.get("TEXTMILL_STORE") or Path(project) / _FOLDER)

    @classmethod
    def at(cls, place: str | Path) -> Store:
        """The store in a folder, or the one that machines share behind a URL, such as ``s3://bucket/prefix``.

        Raises
        ------
        StoreError : if there can be no store behind such a URL
        """
        if "://" in str(place):
            from textmill.registry.shared import SharedStore

            return SharedStore(str(place))
        return cls(Path(place))

    @classmethod
    def near(cls, folder: Path | None = None) -> Store:
        """The store that a command means: ``TEXTMILL_STORE``, else that of the folder or of the nearest one above.

        Raises
        ------
        NotInStore : if there is none
        """
        named = os.environ.get("TEXTMILL_STORE")
        if named:
            return cls.at(named)
        start = (folder or Path.cwd()).absolute()
        for above in (start, *start.parents):
            if (above / _FOLDER).is_dir():
                return cls(above / _FOLDER)
        raise NotInStore(
            "there is no store here or in a folder above",
            where=str(start),
            hint="Go to the project's folder, name the store with --store, or make one with: textmill run PROJECT",
        )

    def models(self) -> dict[str, tuple[int, ...]]:
        """Every model's name with its versions, oldest first; no manifest is read."""
        return self._all("model")

    def datasets(self) -> dict[str, tuple[int, ...]]:
        """Every data set's name with its versions, oldest first; no manifest is read."""
        return self._all("dataset")

    def manifests(self, name: str, *, kind: str = "model") -> Iterator[Manifest]:
        """The manifests of the versions of a model (or of a ``dataset``), oldest first."""
        for version in self._versions(kind, name):
            yield self.manifest(Ref(kind, name, version))

    def ref(self, model: str | Ref, version: int | None = None) -> Ref:
        """The version that is meant by ``disaster`` (the newest), ``disaster@3``, ``disaster@champion`` or a Ref.

        ``model/`` may stand before each of them.

        A data set is called ``dataset/disaster`` or ``dataset/disaster@3``.

        Raises
        ------
        NotInStore : if there is no such model, version or alias; says which there are
        """
        if isinstance(model, Ref):
            wanted = model
        else:
            kind = "dataset" if model.startswith("dataset/") else "model"
            name, at, number = model.removeprefix(f"{kind}/").partition("@")
            if at and not _is_version(number):
                if kind != "model" or not is_alias(number):
                    wanted_as = "NAME, NAME@VERSION or NAME@ALIAS, as in disaster@3 or disaster@champion"
                    raise DataError(
                        f"{model!r} is no version of a {_CALLED[kind]}",
                        wanted=wanted_as if kind == "model" else "dataset/NAME or dataset/NAME@VERSION",
                    )
                number = str(self._aliased(name, number))
            wanted = Ref(kind, name, int(number) if at else version or 1)
            if not at and version is None:
                versions = self._versions(kind, name)
                if versions:
                    return Ref(kind, name, versions[-1])
        called = _CALLED.get(wanted.kind)
        if called is None:
            raise NotInStore(f"{wanted} is neither a model nor a data set", where=self.place)
        self.catch_up()
        if self._folder(wanted).is_dir():  # its neighbours, which may be thousands, are not asked
            return wanted
        versions = self._versions(wanted.kind, wanted.name)
        if versions:
            raise NotInStore(
                f"{wanted} is not in the store",
                where=self.place,
                hint=f"There is version {', '.join(map(str, versions[-5:]))} of {wanted.name}.",
            )
        known = self._all(wanted.kind)
        near = closest(wanted.name, known)
        hint = f"There is: {', '.join(known)}." if known else f"It holds no {called}."
        hint = f"Did you mean {near!r}?" if near else hint
        raise NotInStore(f"no {called} is called {wanted.name!r}", where=self.place, hint=hint)

    def exactly(self, model: str | Ref) -> Ref:
        """As `ref`, but a name alone, which means another version tomorrow, is refused.

        Raises
        ------
        NotInStore : if there is no such model, version or alias
        StoreError : if no version is named
        """
        if isinstance(model, str) and "@" not in model:
            ref = self.ref(model)
            raise StoreError(
                f"{model!r} does not say which version", hint=f"Name one, such as {ref.name}@{ref.version}."
            )
        return self.ref(model)

    def manifest(self, model: str | Ref, version: int | None = None) -> Manifest:
        """What a version consists of (see `ref` for the names).

        Raises
        ------
        NotInStore, FormatError, CorruptError
        """
        ref = self.ref(model, version)
        return read_manifest(self._folder(ref), ref)

    def open(self, model: str | Ref, version: int | None = None, *, verify: bool = True) -> tuple[Manifest, Path]:
        """A version's manifest and the folder of its files, each compared with its sha256 first.

        Raises
        ------
        NotInStore, FormatError
        CorruptError : names the file that is not what was written
        """
        manifest = self.manifest(model, version)
        folder = self._folder(manifest.ref)
        self._complete(manifest, folder, verify)
        if verify:
            check_files(manifest, folder)
        return manifest, folder

    def publish(
        self,
        name: str,
        folder: Path,
        *,
        parents: Mapping[str, str],
        config: Mapping[str, Any],
        report: Mapping[str, Any],
        kind: str = "model",
        same: Callable[[Manifest, Manifest], bool] | None = None,
    ) -> Manifest:
        """Make a folder's files the next version of a model, or of a ``dataset``, all at once.

        The audit line is written first: a version never exists without one, while after a kill in between there may
        be a line whose version never came. The number of a removed version is not given again.

        Parameters
        ----------
        same : whether a version that is there says what the new one would; the newest such is given, and none made

        Raises
        ------
        DataError : if the folder is empty or holds something that is no file
        StoreWriteError : if there is no room or no permission; nothing half-written is left
        """
        names = files_of(folder)
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        draft = Manifest(Ref(kind, name, 1), {}, dict(parents), dict(config), created, dict(report))
        write_manifest(draft)  # refuses what cannot be kept before anything is made
        new = self.scratch.new_folder(name)
        try:
            with self.lock(f"{kind}-{name}", wait=None):  # held from the first file on, or it could be collected
                files = {path: self.put_file(folder / path) for path in names}
                manifest = replace(draft, files=files)
                return self._as_next(manifest, new, same)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    @decides
    def _as_next(self, manifest: Manifest, new: Path, same: Callable[[Manifest, Manifest], bool] | None) -> Manifest:
        if (found := self._there(manifest, same)) is not None:
            return found
        numbered = renumbered(manifest, self._next(manifest.ref.kind, manifest.ref.name))
        self._put_up(numbered, write_manifest(numbered), new)
        return numbered

    def _put_up(self, manifest: Manifest, raw: bytes, new: Path) -> None:
        """Make it a version, in the empty folder `new` first."""
        for path, sha256 in manifest.files.items():
            with writing(self.root):
                self.disk.make_folder((new / path).parent)
                self.disk.link_or_copy(self.object(sha256), new / path)
        target = self._folder(manifest.ref)
        self.write(new / MANIFEST, raw)
        with writing(target):
            for inner in {(new / path).parent for path in manifest.files}:
                self.disk.sync_folder(inner)
            self.disk.make_folder(target.parent)
        self.audit.append("publish", **published(manifest, raw))
        with writing(target):
            try:
                self.disk.rename(new, target)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                raise StoreWriteError(
                    "another has made this version, and this machine still sees the folder as it was before",
                    where=str(target),
                    hint="Run it again, on a network file system once it sees the version.",
                ) from error
            self.disk.sync_folder(target.parent)

    def aliases(self, name: str) -> dict[str, Alias]:
        """The aliases of a model, by name.

        Raises
        ------
        FormatError, CorruptError : if their file cannot be understood or trusted
        """
        Ref("model", name, 1)  # checks the name
        self.catch_up()
        return read_aliases(self.root / "models" / name, name)

    @decides
    def point(self, model: str | Ref, alias: str, *, seen: Mapping[str, Alias] | None = None, **facts: Any) -> Alias:
        """Let an alias of a model point to a version; where it points now.

        The audit line is written first: an alias never moves without one, while after a kill in between there may be
        a line whose move never came.

        Parameters
        ----------
        model : with its version, as in ``disaster@3``
        seen : the aliases as they were when this was decided
        facts : for the audit line

        Raises
        ------
        StoreError : if the alias is no longer where it was in `seen`; or if a name without a version was given
        NotInStore : if there is no such version
        """
        ref = self.exactly(model)
        check_alias(alias)
        with self.lock(f"model-{ref.name}", wait=60):
            self.ref(ref)  # it may have been removed while we waited
            aliases = self.aliases(ref.name)
            old = aliases.get(alias)
            if seen is not None and old != seen.get(alias):
                now = f"it is version {old.version} now" if old else "it is gone now"
                raise StoreError(
                    f"{ref.name}@{alias} was moved by somebody else meanwhile: {now}", hint="Run it again."
                )
            if old is not None and old.version == ref.version:
                return old
            new = moved(old, ref.version)
            self._move(ref, alias, aliases, new, "promote", facts)
            return new

    @decides
    def roll_back(self, name: str, alias: str = "champion", **facts: Any) -> Alias:
        """Let an alias point to where it pointed before; versions that were removed since are passed over.

        Raises
        ------
        NotInStore : if there is no such alias
        StoreError : if there is nothing before
        CorruptError : if the version before is not what was written
        """
        Ref("model", name, 1)  # checks the name
        with self.lock(f"model-{name}", wait=60):
            aliases = self.aliases(name)
            self._aliased(name, alias)
            there = self._versions("model", name)
            before = tuple(version for version in aliases[alias].before if version in there)
            if not before:
                raise StoreError(
                    f"{name}@{alias} has been no other version that is still there, so there is nothing to go back to",
                    hint=f"Name a version: textmill models promote {name}@VERSION --to {alias}",
                )
            ref = Ref("model", name, before[-1])
            self.open(ref)
            new = Alias(before[-1], before[:-1])
            self._move(ref, alias, aliases, new, "rollback", facts)
            return new

    @decides
    def drop_alias(self, name: str, alias: str, **facts: Any) -> Alias:
        """Take an alias away; where it pointed.

        Raises
        ------
        NotInStore : if there is no such alias
        """
        Ref("model", name, 1)  # checks the name
        with self.lock(f"model-{name}", wait=60):
            aliases = self.aliases(name)
            ref = Ref("model", name, self._aliased(name, alias))
            self._move(ref, alias, aliases, None, "drop", facts)
            return aliases[alias]

    def _move(
        self,
        ref: Ref,
        alias: str,
        aliases: Mapping[str, Alias],
        new: Alias | None,
        event: str,
        facts: Mapping[str, Any],
    ) -> None:
        old = aliases.get(alias)
        after = {name: one for name, one in aliases.items() if name != alias} | ({alias: new} if new else {})
        raw = write_aliases(after, ref.name)
        path = self.root / "models" / ref.name / ALIASES
        self.commit(event, path, raw, ref=str(ref), alias=alias, before=old and old.version, **facts)

    def _aliased(self, name: str, alias: str) -> int:
        aliases = self.aliases(name)
        if alias in aliases:
            return aliases[alias].version
        self.ref(name)  # says if there is no such model
        near = closest(alias, aliases)
        known = f"Did you mean {near!r}?" if near else f"There is: {', '.join(aliases)}."
        raise NotInStore(
            f"{name} has no {alias!r}",
            where=self.place,
            hint=known if aliases else f"Make one with: textmill models promote {name}@VERSION --to {alias}",
        )

    def diff(self, a: str | Ref, b: str | Ref) -> Difference:
        """What differs between two versions: settings, data, code, scores, files."""
        return difference(self.manifest(a), self.manifest(b))

    def removal(self, model: str | Ref) -> Removal:
        """What `remove` would take away."""
        ref = self.exactly(model)
        folder = self._folder(ref)
        paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
        names = tuple(path.relative_to(folder).as_posix() for path in paths)
        return Removal(ref, names, sum(path.lstat().st_size for path in paths))

    @decides
    def remove(self, model: str | Ref, *, force: bool = False) -> Removal:
        """Take a version away, all at once; what went.

        Raises
        ------
        StoreError : if an alias points to it; if it is the newest of its model, which its name alone stands for,
            unless `force`; or if a name without a version was given
        """
        ref = self.exactly(model)
        with self.lock(f"{ref.kind}-{ref.name}", wait=60):
            self.check_removal(ref, force=force)
            going = self.removal(ref)
            folder = self._folder(ref)
            self.commit("remove", folder.with_name(f"{ref.version}.removed"), b"", ref=str(ref))
            self._take_away(folder)
        return going

    def check_removal(self, model: str | Ref, *, force: bool = False) -> None:
        """Whether `remove` would take a version away as things are now.

        Raises
        ------
        StoreError : if not
        """
        ref = self.exactly(model)
        aliases = self.aliases(ref.name) if ref.kind == "model" else {}
        named = [alias for alias, at in aliases.items() if at.version == ref.version]
        if named:
            raise StoreError(
                f"{ref} is the {' and the '.join(named)} of {ref.name}",
                hint=f"Let the name point to another first: textmill models promote {ref.name}@VERSION --to {named[0]}",
            )
        versions = self._versions(ref.kind, ref.name)
        if ref.version == versions[-1] and not force:
            then = f"then it would mean version {versions[-2]}" if versions[1:] else "it is the only one"
            raise StoreError(
                f"{ref} is the newest version, which {ref.name!r} stands for, and {then}",
                hint="Say so with force, if that is what you want.",
            )

    def _take_away(self, folder: Path) -> None:
        away = self.scratch.new("removed")
        with writing(folder), suppress(FileNotFoundError):
            self.disk.rename(folder, away)
            self.disk.sync_folder(folder.parent)
        shutil.rmtree(away, ignore_errors=True)

    def _there(self, manifest: Manifest, same: Callable[[Manifest, Manifest], bool] | None) -> Manifest | None:
        """The newest version that is the same as a new one would be."""
        if same is None:
            return None
        for version in reversed(self._versions(manifest.ref.kind, manifest.ref.name)):
            with suppress(CorruptError):  # one that was damaged gets a successor
                found = self.manifest(Ref(manifest.ref.kind, manifest.ref.name, version))
                if same(found, manifest):
                    return self.open(found.ref)[0]
        return None

    def _complete(self, manifest: Manifest, folder: Path, verify: bool) -> None:
        """Bring the files of a version that is known and not yet here."""

    def _folder(self, ref: Ref) -> Path:
        return self.root / _KINDS[ref.kind] / ref.name / str(ref.version)

    def _all(self, kind: str) -> dict[str, tuple[int, ...]]:
        self.catch_up()
        below = self.root / _KINDS[kind]
        found = {name: _versions_in(f"{below}/{name}") for name in sorted(_names_in(below)) if _is_name(name)}
        return {name: versions for name, versions in found.items() if versions}

    def _versions(self, kind: str, name: str) -> tuple[int, ...]:
        Ref(kind, name, 1)  # checks the name
        self.catch_up()
        return _versions_in(self.root / _KINDS[kind] / name)

    def _next(self, kind: str, name: str) -> int:
        entries = [entry.removesuffix(".removed") for entry in _names_in(self.root / _KINDS[kind] / name)]
        return max((int(entry) for entry in entries if _is_version(entry)), default=0) + 1


def published(manifest: Manifest, raw: bytes) -> dict[str, Any]:
    """The facts of its audit line."""
    return {
        "ref": str(manifest.ref),
        "manifest": hashlib.sha256(raw).hexdigest(),
        "files": len(manifest.files),
    }


def _versions_in(folder: Path | str) -> tuple[int, ...]:
    return tuple(sorted(int(entry) for entry in _names_in(folder) if _is_version(entry)))


def _names_in(folder: Path | str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"it cannot be read: {error.strerror}", where=str(folder)) from error


def _is_name(name: str) -> bool:
    try:
        Ref("model", name, 1)
    except DataError:
        return False
    return True


def _is_version(name: str) -> bool:
    return name.isascii() and name.isdecimal() and not name.startswith("0") and len(name) <= 9
