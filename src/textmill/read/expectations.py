"""What the rows must be like, as ``[expect]`` says it, and what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from textmill.config import ExpectConfig
from textmill.config.bounds import keeps
from textmill.errors import GateRefused
from textmill.read.corpus import Corpus
from textmill.read.languages import find_languages

__all__ = ["check_expectations", "measures", "unmet"]

_MEANING = {
    "rows": "rows",
    "rejected": "the share of rows set aside",
    "rarest": "rows of the rarest class",
    "commonest": "the share of the most common class",
    "shortest": "characters of the shortest text",
    "longest": "characters of the longest text",
    "duplicates": "the share of rows that are equal or nearly equal to another row",
    "contradictions": "rows whose text stands there with another label as well",
    "leaked": "the share of test rows that are equal or nearly equal to a training text",
}


def measures(corpus: Corpus, leaks: Mapping[str, Any]) -> dict[str, float]:
    """What ``[expect]`` can ask about: the keys of `ExpectConfig` but for ``label`` and ``languages``.

    Parameters
    ----------
    leaks : as from `find_leaks`

    Examples
    --------
    >>> rows = [{"text": "good day", "label": "good"}, {"text": "bad", "label": "bad"}]
    >>> leaks = {"duplicates": {"similar_rows": 0}, "contradictions": {"rows": 0}, "similar": {"share": 0.0}}
    >>> found = measures(Corpus.of(rows), leaks)
    >>> found["rows"], found["commonest"], found["shortest"], found["longest"]
    (2.0, 0.5, 3.0, 8.0)
    """
    facts, n = corpus.facts, corpus.n_rows
    lengths = pc.min_max(pc.utf8_length(corpus.table()["text"]))
    classes = facts.get("classes") or {"": n}
    return {
        "rows": float(n),
        "rejected": facts.get("rejected", 0) / max(facts.get("rows", n), 1),
        "rarest": float(min(classes.values())),
        "commonest": max(classes.values()) / n,
        "shortest": float(lengths["min"].as_py()),
        "longest": float(lengths["max"].as_py()),
        "duplicates": leaks["duplicates"]["similar_rows"] / n,
        "contradictions": float(leaks["contradictions"]["rows"]),
        "leaked": leaks["similar"]["share"],
    }


def unmet(
    config: ExpectConfig,
    found: Mapping[str, float],
    classes: Mapping[str, int],
    languages: Mapping[str, int] | None = None,
) -> list[str]:
    """The expectations that the rows do not meet, a sentence each.

    Parameters
    ----------
    found : from `measures`
    classes : label -> rows
    languages : from `find_languages`, where they are asked about

    Examples
    --------
    >>> unmet(ExpectConfig(rows=">= 1000", label=("ham", "spam")), {"rows": 12.0}, {"ham": 10, "sapm": 2})
    ['rows: wanted >= 1000, got 12', "label: no row is 'spam'", "label: 2 rows are 'sapm', which is not expected"]
    """
    told = []
    spoken = {code: texts for code, texts in (languages or {}).items() if code != "und"}  # what can be told
    texts = sum(spoken.values())
    for key, _, bound in config.bounds():
        assert bound is not None  # or the project file would have been refused
        sign, number = bound
        code = key.removeprefix("languages.")
        if code == key:
            if not keeps(found[key], sign, number):
                told.append(f"{_said(key)}: wanted {sign} {number:g}, got {found[key]:.4g}")
        elif not texts:
            told.append(f"{key}: wanted {sign} {number:g}, and no text is long and clear enough to tell its language")
        elif not keeps(spoken.get(code, 0) / texts, sign, number):
            shares = ", ".join(f"{name} {n / texts:.4g}" for name, n in list(spoken.items())[:3])
            told.append(f"{key}: wanted {sign} {number:g}, got {spoken.get(code, 0) / texts:.4g} ({shares})")
    if config.label is not None:
        told += [f"label: no row is {name!r}" for name in config.label if name not in classes]
        told += [
            f"label: {'1 row is' if rows == 1 else f'{rows:,} rows are'} {name!r}, which is not expected"
            for name, rows in classes.items()
            if name not in config.label
        ]
    return told


def check_expectations(config: ExpectConfig, corpus: Corpus, leaks: Mapping[str, Any]) -> dict[str, float]:
    """Go on only with rows as they were expected; gives what was measured.

    Raises
    ------
    GateRefused : with everything that is not as expected
    MissingExtra : if languages are asked about, and the package that tells them apart is not installed
    """
    found = measures(corpus, leaks)
    languages = find_languages(corpus) if config.languages else None
    told = unmet(config, found, corpus.facts.get("classes") or {}, languages)
    if told:
        raise GateRefused(
            "the rows are not as [expect] says: " + "; ".join(told),
            where=corpus.name,
            hint="Nothing was trained. textmill data check says more about the rows.",
        )
    return found


def _said(key: str) -> str:
    return key if _MEANING[key] == key else f"{key} ({_MEANING[key]})"
