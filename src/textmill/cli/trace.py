"""``textmill trace``: where a version comes from, what was made of it, and which versions hold a text or a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textmill.cli.stores import find_store, store_option
from textmill.cli.terminal import json_option, plain, print_json
from textmill.errors import DataError

if TYPE_CHECKING:
    from textmill.read.row_hashes import Erased
    from textmill.registry.lineage import Found, Lineage

__all__ = ["command", "found_json", "found_lines", "row_options", "wanted_rows"]

_MOST = 10

_HOW = {
    "learned": "learned from it",
    "tested": "was tested on it, and may show it among its mistakes",
    "perhaps": "may have learned from it: its data set is not here, but 32 bits of the text agree",
}


def row_options(function: Any) -> Any:
    """``--text``, ``--person`` and ``--from``: which rows are meant."""
    for option in (
        click.option("--from", "file", metavar="FILE", help='JSON Lines with a {"text": ...} or {"person": ...} each.'),
        click.option("--person", "persons", multiple=True, metavar="ID", help="The id of a person."),
        click.option(
            "--text",
            "texts",
            multiple=True,
            metavar="TEXT",
            help="A text, or two with a tab between; - reads it from standard input.",
        ),
    ):
        function = option(function)
    return function


@click.command("trace")
@click.argument("ref", required=False)
@row_options
@store_option
@json_option
def command(
    ref: str | None,
    texts: tuple[str, ...],
    persons: tuple[str, ...],
    file: str | None,
    store: Path | str | None,
    as_json: bool,
) -> None:
    """Say where REF comes from and what was made of it, or who holds a text or a person.

    REF is a model (disaster, disaster@3) or a data set (dataset/disaster@1). Texts are compared as exact twins are,
    without links, case and punctuation; a text with another word, or a part of one, is not found. Of a pair both texts
    are looked for, with a tab between. If nothing is found, it ends with 1.
    """
    rows = bool(texts or persons or file)
    if rows == bool(ref):
        raise click.UsageError("name either a version, or what to look for with --text, --person or --from.")
    kept = find_store(store)
    if ref is not None:
        from textmill.registry.lineage import trace

        lineage = trace(kept, ref)
        if as_json:
            print_json(_lineage_json(lineage))
        else:
            for line in _lineage_lines(lineage):
                click.echo(line)
        return
    from textmill.registry.lineage import find

    found = find(kept, wanted_rows(texts, persons, file))
    if as_json:
        print_json(found_json(found))
    else:
        for line in found_lines(found):
            click.echo(line)
    if not found.datasets and not found.models:
        raise SystemExit(1)


def wanted_rows(texts: tuple[str, ...], persons: tuple[str, ...], file: str | None) -> Erased:
    """The hashes of what the options name.

    A pair of texts has the hash of its words one after the other, so that a tab between them may stand for what is
    between them in a corpus.

    Raises
    ------
    DataError : if the file is no JSON Lines of texts and persons, or something is blank
    """
    from textmill.read.row_hashes import Erased, hash_of_person, hash_of_text

    all_texts = [sys.stdin.read() if text == "-" else text for text in texts]
    all_persons = list(persons)
    if file is not None:
        for number, line in enumerate(_lines(file), start=1):
            given = _parsed(line)
            if given is None:
                raise DataError(
                    "it is not what to look for",
                    where=f"{file}, line {number}",
                    wanted='{"text": "..."}, {"text": ["...", "..."]} or {"person": "..."}',
                )
            all_texts += [given["text"]] if "text" in given else []
            all_persons += [given["person"]] if "person" in given else []
    if not all(one.strip() for one in (*all_texts, *all_persons)):
        raise DataError("what is to be looked for is blank", wanted="a text or the id of a person")
    return Erased(frozenset(map(hash_of_text, all_texts)), frozenset(map(hash_of_person, all_persons)))


def _lines(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise DataError(f"it cannot be read: {why}", where=file) from error
    return [line for line in text.split("\n") if line.strip()]


def _parsed(line: str) -> dict[str, str] | None:
    try:
        given = json.loads(line)
    except ValueError:
        return None
    if not isinstance(given, dict) or not given or not set(given) <= {"text", "person"}:
        return None
    given = {key: str(value) if type(value) is int else value for key, value in given.items()}
    pair = given.get("text")
    if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair):
        given["text"] = "\t".join(pair)
    return given if all(isinstance(value, str) for value in given.values()) else None


def found_json(found: Found) -> dict[str, Any]:
    """Who holds what was looked for, as plain JSON values."""
    return {
        "datasets": [
            {"dataset": str(one.ref), "rows": one.rows, "test_rows": one.test_rows, "rows_in_store": one.there}
            for one in found.datasets
        ],
        "models": [{"model": str(one.ref), "how": one.how} for one in found.models],
        "unread": list(found.unread),
    }


def found_lines(found: Found) -> Iterator[str]:
    """Who holds what was looked for, in sentences."""
    for one in found.datasets:
        many = "1 row" if one.rows + one.test_rows == 1 else f"{one.rows + one.test_rows:,} rows"
        of = f", {one.test_rows:,} of them on the test side" if one.test_rows else ""
        gone = "" if one.there else "; the rows are no longer in the store"
        yield f"{one.ref}  holds it in {many}{of}{gone}"
    for model in found.models:
        yield f"{model.ref}  {_HOW[model.how]}"
    if not found.datasets and not found.models:
        yield "No version of a data set or a model in this store holds it."
    for said in found.unread:
        yield f"Not looked at: {plain(said)}"


def _lineage_json(lineage: Lineage) -> dict[str, Any]:
    manifest = lineage.manifest
    return {
        "ref": str(manifest.ref),
        "created": manifest.created,
        "parents": manifest.parents,
        "settings": manifest.config,
        "dataset": str(lineage.data.ref) if lineage.data else None,
        "sources": lineage.sources,
        "run": [
            {"step": step, "key": key, "seconds": done.seconds if done else None, "in_store": done is not None}
            for step, (key, done) in lineage.steps.items()
        ],
        "models": list(map(str, lineage.models)),
        "successors": list(map(str, lineage.successors)),
        "unread": list(lineage.unread),
    }


def _lineage_lines(lineage: Lineage) -> Iterator[str]:
    manifest = lineage.manifest
    yield f"{manifest.ref}, made {manifest.created}"
    rows: list[tuple[str, str]] = []
    if manifest.ref.kind == "model":
        data = lineage.data
        said = f"{data.ref}, {data.report.get('rows', 0):,} rows" if data else "its data set is not in this store"
        rows.append(("learned from", said))
    else:
        counts = {key: manifest.report.get(key, 0) for key in ("rows", "rejected")}
        rows.append(("rows", f"{counts['rows']:,}, {counts['rejected']:,} set aside"))
    rows += [(name, value) for name, value in manifest.parents.items() if name not in ("dataset", "run")]
    if "dataset" in manifest.parents and manifest.ref.kind == "dataset":
        rows.append(("made from", manifest.parents["dataset"]))
    rows += list(lineage.sources.items())[:_MOST]
    if len(lineage.sources) > _MOST:
        rows.append(("", f"and {len(lineage.sources) - _MOST:,} more files"))
    rows += [
        (f"step {step}", f"{key}  {f'{done.seconds:.2f} s' if done else 'no longer in the store'}")
        for step, (key, done) in lineage.steps.items()
    ]
    rows += [("taught", str(ref)) for ref in lineage.models] + [("became", str(ref)) for ref in lineage.successors]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"  {plain(name).ljust(width)}  {plain(value)}"
    if manifest.ref.kind == "model":
        yield f"Its settings: textmill models show {manifest.ref.name}@{manifest.ref.version}"
    for said in lineage.unread:
        yield f"Not looked at: {plain(said)}"
