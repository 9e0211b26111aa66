"""The report as one HTML file: no script, no network, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.evaluate import closer, datacheck, decisions, insight, provenance, scoreboard, standings
from textmill.evaluate import training as trained
from textmill.evaluate.markup import escape

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["render_html"]

# the page holds other people's texts: even one that got past the escaping could load and run nothing
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_SECTIONS = (
    ("scores", "Scores", scoreboard.scores),
    ("leaderboard", "Leaderboard", standings.standings),
    ("tuning", "Tuning", standings.tuning),
    ("leaks", "Leak check", provenance.leaks),
    ("decisions", "Decisions", decisions.decisions),
    ("slices", "Slices", closer.slices),
    ("probabilities", "Probabilities", insight.probabilities),
    ("answers", "Answers", closer.answers),
    ("words", "Most telling words", insight.words),
    ("typical", "Typical words", insight.typical),
    ("training", "Training", trained.training),
    ("growth", "Learning curve", insight.growth),
    ("robustness", "Robustness", closer.robustness),
    ("mistakes", "Most confident mistakes", insight.mistakes),
    ("data", "Data", provenance.data),
    ("data-check", "Data check", datacheck.datacheck),
    ("cost", "Cost", provenance.cost),
    ("settings", "Settings", provenance.settings),
)


def render_html(report: Report, *, config: Mapping[str, Any] | None = None, version: int | None = None) -> str:
    """A report as a page that stands alone.

    The same report gives the same bytes; nothing is looked up, not even the time.

    Parameters
    ----------
    report : what to tell
    config : the project file as run, a mapping of its tables; by default the settings inside the report
    version : of the model, where the report does not say it yet

    Examples
    --------
    >>> from textmill.types import Report, Score
    >>> scores = {name: Score(1, 1, 1) for name in ("precision", "recall", "f1", "support")}
    >>> report = Report("demo", ("a", "b"), {"accuracy": Score(0.9, 0.8, 1.0, 0.5)}, {"a": scores, "b": scores},
    ...                 [[3, 0], [0, 3]], {}, {"test": 6}, {}, {})
    >>> page = render_html(report)
    >>> page.startswith("<!doctype html>"), "Accuracy 0.900" in page
    (True, True)
    """
    known = version if version is not None else report.details.get("version")
    settings = config if config is not None else report.details.get("settings", {})
    parts, links = [], []
    for anchor, title, make in _SECTIONS:
        body = make(report, settings)
        if body:
            links.append(f'<li><a href="#{anchor}">{title}</a></li>')
            parts.append(
                f'<section id="{anchor}" aria-labelledby="{anchor}-heading">'
                f'<h2 id="{anchor}-heading">{title}</h2>{body}</section>'
            )
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape(report.model)}{f' version {known}' if known else ''}: report</title>",
            f"<style>{style}</style></head>",
            "<body>",
            scoreboard.head(report, settings, known),
            f'<nav aria-label="Sections"><ul>{"".join(links)}</ul></nav>',
            "<main>",
            *parts,
            "</main>",
            provenance.foot(),
            "</body></html>",
            "",
        ]
    )
