"""The page's leaderboard: the model beside its candidates, quality beside cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import columns, escape, isolated, scrolling, size, toml_value
from textmill.evaluate.plots import range_bar, trade_plot
from textmill.evaluate.sentences import number, standing, title

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["standings", "tuning"]

_MOST_TRIALS = 15

_OUTCOME = {"better": "better", "worse": "worse", "same": "same within noise", "": "the model"}


def standings(report: Report, config: Mapping[str, Any]) -> str:
    """A row for each model, the best first, and quality against latency as a picture."""
    found = report.details.get("candidates")
    if not found:
        return ""
    board, costs = found["leaderboard"], found["costs"]
    metric = board["metric"]
    outcomes = {other["model"]: other["outcome"] for other in board["others"]}
    rows = []
    for place, name in enumerate(board["order"], 1):
        score, cost, outcome = board["models"][name][metric], costs[name], outcomes.get(name, "")
        said = f"{name}: {number(score['value'])}, from {number(score['low'])} to {number(score['high'])}"
        mark = "" if name in found["undominated"] else " <small>another is as good and as cheap</small>"
        if "cpu_seconds" not in cost:
            mark = " <small>a teacher, trained elsewhere</small>"
        spent = f"{cost['cpu_seconds']:,.1f} s" if "cpu_seconds" in cost else "–"
        rows.append(
            f'<tr class="{outcome}"><th scope="row">{place}. <bdi>{escape(name)}</bdi>{mark}</th>'
            f'<td class="wide">{number(score["value"])}'
            f"<small>{number(score['low'], 2)}–{number(score['high'], 2)}</small>"
            f"{range_bar(score['value'], score['low'], score['high'], None, said=said)}</td>"
            f'<td class="gain">{_OUTCOME[outcome]}</td><td class="num">{spent}</td>'
            f'<td class="num">{size(cost["model_bytes"])}</td>'
            f'<td class="num">{cost["p50_ms"]:.2f} / {cost["p95_ms"]:.2f} ms</td>'
            f'<td class="num">{cost["texts_per_second"]:,.0f}</td></tr>'
        )
    heads = columns(
        "model",
        title(metric, report),
        "beside the model",
        "#CPU to train",
        "#size",
        "#one text, half / 95\u00a0%",
        "#texts a second",
    )
    table = f'<table class="plain classes board">{heads}<tbody>{"".join(rows)}</tbody></table>'
    told = "".join(f"<li>{isolated(sentence)}</li>" for sentence in standing(report))
    points = [(name, costs[name]["p95_ms"], board["models"][name][metric]) for name in board["order"]]
    return (
        '<p class="lead">All models of the project learned from the same rows and were measured on the same test rows,'
        " one after the other on one machine. A difference counts only if it holds with as many comparisons as there"
        " are.</p>"
        + scrolling("Leaderboard", table)
        + f'<ul class="notes">{told}</ul><figure><h3>Quality and latency</h3>'
        + trade_plot(
            points, set(found["undominated"]), across="milliseconds for one text, 95 %", up=title(metric, report)
        )
        + "<figcaption>Up and to the left is better. Filled points are those that no other model beats in quality, CPU"
        " to train, size and latency at once.</figcaption></figure>"
    )


def tuning(report: Report, config: Mapping[str, Any]) -> str:
    """The settings that were tried on the training side, the best first."""
    found = report.details.get("tuning")
    if not found:
        return ""
    trials = sorted(found["trials"], key=lambda one: (not one["complete"], -sum(one["scores"]) / len(one["scores"])))
    rows = []
    for one in trials[:_MOST_TRIALS]:
        mean, low, high = sum(one["scores"]) / len(one["scores"]), min(one["scores"]), max(one["scores"])
        chosen = ' <span class="pill">chosen</span>' if one["number"] == found["trial"] else ""
        given_up = (
            "" if one["complete"] else f"<small>given up after {len(one['scores'])} of {found['folds']} folds</small>"
        )
        said = f"trial {one['number'] + 1}: {number(mean)}, folds from {number(low)} to {number(high)}"
        rows.append(
            f'<tr><th scope="row"><bdi>{escape(_settings(one["settings"]))}</bdi>{chosen}{given_up}</th>'
            f'<td class="wide">{number(mean)}<small>{number(low, 2)}–{number(high, 2)}</small>'
            f"{range_bar(mean, low, high, None, said=said)}</td></tr>"
        )
    heads = columns("settings", f"{title(found['metric'], report)}, mean of folds")
    complete = sum(one["complete"] for one in trials)
    more = f'<p class="aside">{len(trials) - _MOST_TRIALS} more were tried.</p>' if len(trials) > _MOST_TRIALS else ""
    apart = "The test rows had no part in it"
    if found.get("by_fold"):
        apart = "Beside this search, which is for the version, each fold's model had one of its own without that fold"
    return (
        f'<p class="lead">{len(trials):,} settings were tried on {found["folds"]} folds of the training rows, and'
        f" {len(trials) - complete:,} of them given up early. {apart}; the best mean of so many"
        " is a little too good, the scores above are not.</p>"
        + scrolling("Tuning", f'<table class="plain classes board">{heads}<tbody>{"".join(rows)}</tbody></table>')
        + more
        + _by_fold(found)
    )


def _by_fold(found: Mapping[str, Any]) -> str:
    """What the search of each fold chose: how much the choice depends on the rows."""
    chosen: Sequence[Mapping[str, Any]] = found.get("by_fold") or ()
    if not chosen:
        return ""
    counts = Counter(_settings(one["settings"]) for one in chosen)
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escape(said)}</bdi></th><td class="num">{n:,} of {len(chosen):,}</td></tr>'
        for said, n in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )
    return (
        '<h3>What each fold chose</h3><p class="caption">The search done anew for the model of each fold, on the rows'
        " that it learned from. The scores are those of the procedure, not of one of these settings.</p>"
        + scrolling("Choices", f'<table class="plain">{columns("settings", "#folds")}<tbody>{rows}</tbody></table>')
    )


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{path} = {_short(value)}" for path, value in settings.items())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else toml_value(value)
