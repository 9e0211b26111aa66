"""The page's slices, thresholds and open answers: what the scores of the whole test side do not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import columns, escape, isolated, label, minus, scrolling, share
from textmill.evaluate.plots import range_bar
from textmill.evaluate.sentences import decided, inside, number, sliced_by, title

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["answers", "robustness", "slices"]


def slices(report: Report, config: Mapping[str, Any]) -> str:
    """The leading score of each part of the test side, those first that are worse than the rest."""
    found = report.details.get("slices") or []
    if not found:
        return ""
    metric = sliced_by(report)
    whole = report.metrics[metric].value
    rows = "".join(_slice(one, whole) for one in found)
    heads = columns("slice", f"{title(metric, report)}", "difference to the rest", "#rows")
    table = f'<table class="plain classes slices">{heads}<tbody>{rows}</tbody></table>'
    worse = [one for one in found if one["outcome"] == "worse"]
    said = (
        f"{len(worse)} of {len(found)} parts of the test side {'is' if len(worse) == 1 else 'are'} worse than the rest,"
        " more than luck explains."
        if worse
        else f"None of the {len(found)} parts of the test side is worse than the rest beyond luck."
    )
    return (
        f'<p class="lead">{said}</p><p class="caption">Parts with enough rows, and their intervals; the tick is the'
        f" {escape(inside(title(metric, report)))} of the whole test side. The intervals of the differences are wide"
        " enough to hold for all parts together.</p>" + scrolling("Slices", table)
    )


def _slice(one: Mapping[str, Any], whole: float) -> str:
    said = f"{one['slice']}: {number(one['value'])}, from {number(one['low'])} to {number(one['high'])}"
    of = "" if one["of"] == "length" else f"<small>{escape(one['of'])}</small>"
    ends = f"{minus(one['difference_low'])} to {minus(one['difference_high'])}"
    gap = f"{minus(one['difference'])} <small>{ends}</small>"
    return (
        f'<tr class="{one["outcome"]}"><th scope="row"><bdi>{escape(one["slice"])}</bdi>{of}</th>'
        f'<td class="wide">{number(one["value"])}<small>{number(one["low"], 2)}–{number(one["high"], 2)}</small>'
        f"{range_bar(one['value'], one['low'], one['high'], whole, said=said)}</td>"
        f'<td class="gain">{gap}</td><td class="num">{one["rows"]:,}</td></tr>'
    )


def robustness(report: Report, config: Mapping[str, Any]) -> str:
    """How many decisions turn when the texts are changed a little."""
    found = report.details.get("robustness") or []
    if not found:
        return ""
    rows = []
    for one in found:
        said = f"{one['change']}: {share(one['share'])} turned, from {share(one['low'])} to {share(one['high'])}"
        ends = f"{share(one['low'])} to {share(one['high'])}"
        rows.append(
            f'<tr><th scope="row">{escape(one["change"])}<small>{isolated(one["what"])}</small></th>'
            f'<td class="wide">{share(one["share"])}<small>{ends}</small>'
            f"{range_bar(one['share'], one['low'], one['high'], None, said=said)}</td>"
            f'<td class="num">{one["turned"]:,} of {one["texts"]:,}</td></tr>'
        )
    table = (
        f'<table class="plain classes slices">{columns("change", "decisions that turn", "#texts it changes")}'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    lead = "How many decisions turn when the test texts are changed a little: few should."
    if any(not one["stay"] for one in found):
        lead += " Whether a negation should turn them is for the task to say: it turns an opinion, but no topic."
    return f'<p class="lead">{lead}</p>{scrolling("Robustness", table)}{_turned(report, found)}'


def _turned(report: Report, found: list[dict[str, Any]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(one["change"])}</th><td><span dir="auto">{escape(pair["changed"])}</span>'
        f"<small>{label(report, pair['was'])} before, now {label(report, pair['said'])}</small></td></tr>"
        for one in found
        for pair in one["examples"]
    )
    table = f'<table class="plain texts">{columns("change", "text after it")}<tbody>{rows}</tbody></table>'
    said = "Texts whose decision turned; with a negation, those whose decision did not"
    return f"<details><summary>{said}</summary>{scrolling(said, table)}</details>" if rows else ""


def answers(report: Report, config: Mapping[str, Any]) -> str:
    """How probabilities become answers, and what other thresholds would give."""
    told = "".join(f"<p>{isolated(sentence)}</p>" for sentence in decided(report))
    return (f'<div class="told">{told}</div>' if told else "") + _cuts(report)


def _cuts(report: Report) -> str:
    found = report.details.get("cuts") or []
    if not found:
        return ""
    rows = []
    for cut in found:
        wanted = f"{cut['metric']} {cut['wanted']:g}"
        if "refused" in cut:
            rows.append(
                f'<tr><th scope="row">{wanted}</th><td colspan="4">{escape(_sentence(cut["refused"]))}</td></tr>'
            )
            continue
        held = {"precision": "", "recall": ""} | {
            cut["metric"]: f"<small>{number(cut['low'])} to {number(cut['high'])}</small>"
        }
        rows.append(
            f'<tr><th scope="row">{wanted}</th><td class="num">{number(cut["threshold"])}</td>'
            + "".join(f'<td class="num">{number(cut[name])}{held[name]}</td>' for name in ("precision", "recall"))
            + f'<td class="num">{cut["rows"]:,}</td></tr>'
        )
    heads = columns("wanted", "#threshold", "#precision", "#recall", "#rows behind it")
    table = f'<table class="plain cuts">{heads}<tbody>{"".join(rows)}</tbody></table>'
    positive = (report.details.get("positive") or {}).get("class", "")
    return (
        f'<h3>Thresholds</h3><p class="caption">What one would get by saying {label(report, positive)} from a'
        " probability on, with exact 95\u00a0% intervals. Chosen on the rows they are measured on, so a little too"
        " good: <code>threshold</code> in <code>[decide]</code> learns one on rows of its own.</p>"
        + scrolling("Thresholds", table)
    )


def _sentence(said: str) -> str:
    return said[0].upper() + said[1:] + "."
