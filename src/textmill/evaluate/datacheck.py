"""What is found of a project's rows, in words: columns, languages, the words of the two sides, labels in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import columns as heads
from textmill.evaluate.markup import escape, label, scrolling, share
from textmill.evaluate.sentences import counted

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["columns_told", "datacheck", "doubts_told", "drift_told", "languages_told", "shift_told"]

_MOST = 5  # languages
_LISTED = 20  # labels in doubt
_WORDS = 8  # that have drifted


def columns_told(found: Mapping[str, Any]) -> list[str]:
    """A sentence for each column that gives the label away or says nothing.

    Parameters
    ----------
    found : as from `textmill.read.giveaways.inspect_columns`

    Examples
    --------
    >>> one = {"column": "link", "of": "domain", "accuracy": 1.0, "baseline": 0.5, "values": 2}
    >>> for sentence in columns_told({"giveaways": [one], "constant": ["by"]}):
    ...     print(sentence)
    the domain of link alone gives the label away: 100.0 % right, where always naming the most frequent label is \
50.0 %; keep it out of the text
    column by is the same in all rows
    """
    told = []
    for one in found.get("giveaways", ()):
        of = f"the domain of {one['column']}" if one["of"] == "domain" else f"column {one['column']}"
        told.append(
            f"{of} alone gives the label away: {100 * one['accuracy']:.1f} % right, where always naming the most"
            f" frequent label is {100 * one['baseline']:.1f} %; keep it out of the text"
        )
    return told + [f"column {name} is the same in all rows" for name in found.get("constant", ())]


def languages_told(found: Mapping[str, int]) -> str:
    """The shares of the languages, of the texts whose language can be told.

    Parameters
    ----------
    found : as from `textmill.read.languages.find_languages`

    Examples
    --------
    >>> languages_told({"en": 780, "de": 20, "und": 200})
    '97.5 % en, 2.5 % de of 800 texts; the language of 200 more cannot be told for certain'
    """
    known = {code: texts for code, texts in found.items() if code != "und"}
    of, unsure = sum(known.values()), found.get("und", 0)
    if not of:
        return "no text is long and clear enough to tell its language"
    told = ", ".join(f"{100 * texts / of:.1f} % {code}" for code, texts in list(known.items())[:_MOST])
    more = f"; the language of {unsure:,} more cannot be told for certain" if unsure else ""
    return f"{told} of {counted(of, 'text', 'texts')}{more}"


def shift_told(found: Mapping[str, Any]) -> str:
    """Whether the two sides speak alike, in a sentence.

    Parameters
    ----------
    found : as from `textmill.evaluate.shift.vocabulary_shift`

    Examples
    --------
    >>> shift_told({"unseen": 0.12, "divergence": 0.204, "usual": 0.202, "p": 0.2})
    '12.0 % of the words of the test side are in no training text; the sides differ as chance makes them (0.204 bits, \
by chance 0.202)'
    """
    apart = "more than chance makes them" if found["p"] < 0.05 else "as chance makes them"
    return (
        f"{100 * found['unseen']:.1f} % of the words of the test side are in no training text; the sides differ {apart}"
        f" ({found['divergence']:.3f} bits, by chance {found['usual']:.3f})"
    )


def drift_told(found: Mapping[str, Any], most: float) -> list[str]:
    """A sentence for each thing that has drifted from the rows that a model learned from, beyond what chance makes.

    Parameters
    ----------
    found : as from `textmill.evaluate.drift.measure_drift`, with ``model``
    most : the population stability index above which it is told, after what chance makes of it was taken off

    Examples
    --------
    >>> still = {"index": 0.02, "by_chance": 0.02, "rarely": 0.1}
    >>> labels = {"index": 0.45, "by_chance": 0.01, "rarely": 0.1}
    >>> found = {"model": "alarm@3", "labels": labels, "lengths": still, "words": still, "shares": [["spam", 0.2, 0.5]]}
    >>> drift_told(found, 0.2)
    ['the labels are others than those that alarm@3 learned from: spam 20.0 %, now 50.0 % (index 0.44, told above 0.2)']
    """
    told = []
    for name in ("labels", "lengths", "words"):
        one = found.get(name)
        if one is None:
            continue
        index = one["index"] - one["by_chance"]
        if index > most and one["index"] > one["rarely"]:
            because = _drifted(name, found)
            told.append(
                f"the {name} are others than those that {found['model']} learned from: {because} (index {index:.2f},"
                f" told above {most:g})"
            )
    return told


def _drifted(name: str, found: Mapping[str, Any]) -> str:
    if name == "labels":
        shares = found["shares"]
        return ", ".join(
            f"{said or 'no label'} {100 * then:.1f} %, now {100 * now:.1f} %" for said, then, now in shares
        )
    if name == "lengths":
        then, now = (f"{low:,.0f} to {high:,.0f}" for low, high in found["quartiles"])
        return f"half of the texts have {now} characters, and had {then}"
    told = {"more of": found["more_now"], "less of": found["more_then"]}
    said = [f"{how} {', '.join(word for word, _ in words[:_WORDS])}" for how, words in told.items() if words]
    return "; ".join(said) or "many of them a little"


def doubts_told(found: Mapping[str, Any]) -> str:
    """How many labels are in doubt, and what that is worth.

    Examples
    --------
    >>> doubts_told({"rows": 1, "of": 300})
    '1 of 300 (0.3 %) is in doubt: models that had not seen the row are confident of another label; \
read before changing, as the mistake may be theirs'
    """
    n = found["rows"]
    if n == 0:
        return f"none of {found['of']:,} is in doubt"
    part = f"{n:,} of {found['of']:,} ({100 * n / found['of']:.1f} %) {'is' if n == 1 else 'are'} in doubt"
    sure = "models that had not seen the row are confident of another label"
    return f"{part}: {sure}; read before changing, as the mistake may be theirs"


def datacheck(report: Report, config: Mapping[str, Any]) -> str:
    """The page's section on the rows, where ``[evaluate] data_check`` asks for it."""
    found = report.details.get("data_check")
    if not found:
        return ""
    parts = []
    if found["languages"]:
        parts.append(f"<h3>Languages</h3><p>{escape(_sentence(languages_told(found['languages'])))}</p>")
    if shift := found["shift"]:
        parts.append(f"<h3>Words of the two sides</h3><p>{escape(_sentence(shift_told(shift)))}</p>")
        if shift["p"] < 0.05:
            for side, words in (("test", shift["more_in_test"]), ("training", shift["more_in_train"])):
                named = ", ".join(f"<bdi>{escape(word)}</bdi>" for word, _ in words)
                if words:
                    parts.append(f"<p>More frequent on the {side} side, as [text] leaves them: {named}.</p>")
    if doubts := found["doubtful"]:
        parts.append(
            f"<h3>Labels in doubt</h3><p>{escape(_sentence(doubts_told(doubts)))}</p>{_listed(report, doubts)}"
        )
    return "".join(parts)


def _listed(report: Report, doubts: Mapping[str, Any]) -> str:
    shown = doubts["listed"][:_LISTED]
    rows = "".join(
        f'<tr><td><span dir="auto">{escape(one["text"])}</span><small>row id {escape(one["id"])}</small></td>'
        f"<td>{label(report, one['label'])}<small>{share(one['probability']['label'])}</small></td>"
        f"<td>{label(report, one['said'])}<small>{share(one['probability']['said'])}</small></td></tr>"
        for one in shown
    )
    table = f'<table class="plain texts doubts">{heads("text", "labelled", "looks like")}<tbody>{rows}</tbody></table>'
    said = f"The surest {len(shown)}" if len(shown) < doubts["rows"] else "The rows"
    return f"<details open><summary>{said}</summary>{scrolling(said, table)}</details>" if shown else ""


def _sentence(told: str) -> str:
    return told[0].upper() + told[1:] + "."
