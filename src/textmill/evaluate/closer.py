"""The page's slices, thresholds and open answers: what the scores of the whole test side do not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import columns, escape, isolated, label, scrolling
from textmill.evaluate.plots import range_bar
from textmill.evaluate.sentences import decided, inside, number, signed, title

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["answers", "slices"]


def slices(report: Report, config: Mapping[str, Any]) -> str:
    """The leading score of each part of the test side, those first that are worse than the rest."""
    found = report.details.get("slices") or []
    if not found:
        return ""
    metric = (report.details.get("headline") or {}).get("metric", "accuracy")
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
    ends = f"{_signed(one['difference_low'])} to {_signed(one['difference_high'])}"
    gap = f"{_signed(one['difference'])} <small>{ends}</small>"
    return (
        f'<tr class="{one["outcome"]}"><th scope="row"><bdi>{escape(one["slice"])}</bdi>{of}</th>'
        f'<td class="wide">{number(one["value"])}<small>{number(one["low"], 2)}–{number(one["high"], 2)}</small>'
        f"{range_bar(one['value'], one['low'], one['high'], whole, said=said)}</td>"
        f'<td class="gain">{gap}</td><td class="num">{one["rows"]:,}</td></tr>'
    )


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


def _signed(value: float) -> str:
    return signed(value).replace("-", "−")


def _sentence(said: str) -> str:
    return said[0].upper() + said[1:] + "."
