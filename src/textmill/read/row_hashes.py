"""Who and what stands in a row, as hashes: enough to find a known text or person again, without keeping either."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import CorruptError
from textmill.read.check import as_label
from textmill.read.corpus import Corpus, CorpusWriter
from textmill.read.layout import string_layout
from textmill.read.piece import Wanted
from textmill.read.reject import ERASED

__all__ = [
    "PERSONS",
    "TEXTS",
    "Erased",
    "hash_of_person",
    "hash_of_text",
    "load_hashes",
    "marks_of",
    "person_hashes",
    "person_of",
    "rows_with",
    "text_hashes",
    "which",
    "write_hashes",
    "write_hashes_without",
    "write_without",
]

TEXTS, PERSONS = "texts.npy", "persons.npy"
_SIZE = 16


def text_hashes(texts: pa.Array, *, threads: int = 1) -> NDArray[np.uint8]:
    """A hash of each text without links, case and punctuation, as for exact twins: uint8 (n_texts, 16).

    The first 4 bytes are the mark that a model keeps of what it learned from (`read.seen`), the other 12 are of the
    SHA-256 of the 128-bit fingerprint: a short text can be read off a fingerprint. Whoever has a guess can try it, for
    that is what the hashes are there for.

    Examples
    --------
    >>> found = text_hashes(pa.array(["A fire!", "a FIRE http://t.co/x", "fire"]))
    >>> bool((found[0] == found[1]).all()), bool((found[0] == found[2]).all())
    (True, False)
    """
    prints = _native.fingerprints(*string_layout(texts), True, threads).astype("<u8", copy=False)
    raw, made = prints.tobytes(), bytearray()
    for at in range(0, len(raw), _SIZE):
        one = raw[at : at + _SIZE]
        made += one[:4]
        made += hashlib.sha256(b"textmill text 1\n" + one).digest()[: _SIZE - 4]
    return np.frombuffer(bytes(made), np.uint8).reshape(-1, _SIZE)


def hash_of_text(text: str) -> bytes:
    """The hash of one text."""
    return bytes(text_hashes(pa.array([text], pa.large_string()))[0])


def hash_of_person(person: str) -> bytes:
    """The hash of the id of a person: 16 bytes of SHA-256 of it without blanks around it.

    Examples
    --------
    >>> hash_of_person("u17") == hash_of_person(" u17 ")
    True
    """
    return hashlib.sha256(b"textmill person 1\n" + person.strip().encode()).digest()[:_SIZE]


def person_hashes(column: pa.Array, name: str, where: str) -> NDArray[np.uint8]:
    """The hash of the person of each row: uint8 (n_rows, 16), zeros for nobody.

    Raises
    ------
    SourceError : if the column holds what is no id
    """
    coded = as_label(column, name, where, "person").dictionary_encode()
    known = [hash_of_person(person) for person in coded.dictionary.to_pylist()]
    table = np.frombuffer(b"".join([*known, bytes(_SIZE)]), np.uint8).reshape(-1, _SIZE)
    places: NDArray[np.int32] = coded.indices.fill_null(len(known)).to_numpy()
    return table[places]


def which(hashes: NDArray[np.uint8], wanted: Set[bytes]) -> NDArray[np.bool_]:
    """Which of the hashes, uint8 (n, 16), are among the wanted ones: bool (n,)."""
    firsts = np.frombuffer(b"".join(sorted(wanted)), np.uint64).reshape(-1, 2)[:, 0]
    found = np.isin(np.ascontiguousarray(hashes).view(np.uint64)[:, 0], firsts)
    for place in np.flatnonzero(found).tolist():
        found[place] = hashes[place].tobytes() in wanted
    return found


@dataclass(frozen=True, slots=True)
class Erased:
    """Hashes of texts and persons that are not to be learned from again."""

    texts: frozenset[bytes] = frozenset()
    persons: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.texts or self.persons)

    def __or__(self, other: Erased) -> Erased:
        return Erased(self.texts | other.texts, self.persons | other.persons)

    def in_batch(self, texts: pa.Array, batch: pa.RecordBatch, wanted: Wanted, where: str) -> NDArray[np.bool_]:
        """Which rows of a batch of a source are among them: bool (n_rows,)."""
        found = which(text_hashes(texts), self.texts)
        if self.persons and wanted.person is not None and wanted.person in batch.schema.names:
            found |= which(person_hashes(batch.column(wanted.person), wanted.person, where), self.persons)
        return found

    def in_hashes(self, folder: Path) -> NDArray[np.bool_]:
        """Which rows of a data set whose hashes lie in a folder are among them: bool (n_rows,)."""
        return self.among(folder / TEXTS, folder / PERSONS if (folder / PERSONS).exists() else None)

    def among(self, texts: Path, persons: Path | None) -> NDArray[np.bool_]:
        """The same from the files of the hashes."""
        found = which(load_hashes(texts), self.texts)
        if self.persons and persons is not None:
            found |= which(load_hashes(persons), self.persons)
        return found


def person_of(person: str | None, id: str | None) -> str | None:
    """The column of a corpus that holds the column `person` of its source, of which `id` became its id."""
    if person is None or person == id:
        return person and "id"
    return f"source_{person}" if person in ("id", "text", "label") else person


def write_hashes(folder: Path, corpus: Corpus, person: str | None, *, threads: int = 1) -> None:
    """Write the hashes of a corpus's rows, in their order, into a folder.

    Parameters
    ----------
    person : the corpus's column with the ids of persons; None leaves ``persons.npy`` out
    """
    texts, persons = [np.empty((0, _SIZE), np.uint8)], [np.empty((0, _SIZE), np.uint8)]
    for batch in corpus.batches():
        texts.append(text_hashes(batch.column("text"), threads=threads))
        if person is not None:
            persons.append(person_hashes(batch.column(person), person, corpus.name))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / TEXTS, np.concatenate(texts), allow_pickle=False)
    if person is not None:
        np.save(folder / PERSONS, np.concatenate(persons), allow_pickle=False)


def load_hashes(path: Path) -> NDArray[np.uint8]:
    """Hashes that were written: uint8 (n_rows, 16).

    Raises
    ------
    CorruptError : if the file holds none
    """
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptError(f"the hashes of rows cannot be read: {error}", where=str(path)) from error
    if found.dtype != np.uint8 or found.ndim != 2 or found.shape[1] != _SIZE:
        raise CorruptError("these are no hashes of rows", where=str(path))
    return np.asarray(found)


def rows_with(folder: Path, wanted: Erased) -> list[bytes]:
    """The hashes of the texts of those rows of a data set that are among the wanted ones."""
    found = wanted.in_hashes(folder)
    return [bytes(one) for one in load_hashes(folder / TEXTS)[found]] if found.any() else []


def marks_of(hashes: Iterable[bytes]) -> frozenset[int]:
    """The marks by which a model knows the texts with these hashes."""
    return frozenset(int.from_bytes(one[:4], "little") for one in hashes)


def write_hashes_without(hashes: Path, gone: NDArray[np.bool_], folder: Path) -> None:
    """Write the hashes that lie in a folder into another one, without those of some rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (TEXTS, PERSONS):
        if (hashes / name).exists():
            np.save(folder / name, load_hashes(hashes / name)[~gone], allow_pickle=False)


def write_without(corpus: Corpus, gone: NDArray[np.bool_], path: Path) -> Corpus:
    """Write a corpus without some of its rows, as a run writes it that sets them aside as erased.

    Parameters
    ----------
    gone : bool (n_rows,)
    """
    facts, many = dict(corpus.facts), int(gone.sum())
    facts["rejected"] = facts.get("rejected", 0) + many
    reasons = Counter(facts.get("reasons", {})) + Counter({ERASED: many})
    facts["reasons"] = dict(sorted(reasons.items()))
    plain = pa.schema([(field.name, _plain(field.type)) for field in corpus.schema])
    writer = CorpusWriter(path, plain, several=bool(facts.get("several_labels")))
    try:
        first = 0
        for batch in corpus.batches():
            kept = batch.filter(pa.array(~gone[first : first + batch.num_rows]))
            first += batch.num_rows
            for part in pa.Table.from_batches([kept]).cast(plain).to_batches():
                writer.write(part)
        return writer.close(corpus.name, facts)
    finally:
        writer.discard()


def _plain(kind: pa.DataType) -> pa.DataType:
    # a dictionary would keep its values, also those that no row has any more
    return kind.value_type if pa.types.is_dictionary(kind) else kind
