"""The terminal's summary fits, says it all, and leaves colour and control characters out where they do not belong."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from textmill.evaluate import summary
from textmill.evaluate.sentences import TITLES, leak_check, verdict


def printed(report, **options):
    out = io.StringIO()
    Console(file=out, width=80, **options).print(summary(report))
    return out.getvalue()


@pytest.mark.parametrize("k", [2, 5, 20])
def test_it_fits_eighty_columns_and_has_no_colour_in_a_pipe(report_of, k):
    text = printed(report_of(n=400, k=k))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "\x1b" not in text


def test_it_shows_every_metric_class_leak_and_word(report_of):
    report = report_of(names=("ham", "spam"))
    text = printed(report)
    for name in report.metrics:
        line = next(line for line in text.splitlines() if line.startswith(TITLES[name] + " "))
        assert f"{report.metrics[name].value:.3f}" in line
    for wanted in (
        "demo@3: 300 test rows",
        "ham",
        "spam",
        "No test text is equal",
        "word0, word1",
        "positive class: spam",
    ):
        assert wanted in text


def test_a_terminal_gets_colour(report_of):
    assert "\x1b[" in printed(report_of(), force_terminal=True, color_system="truecolor")


def test_without_unicode_it_is_ascii(report_of):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(file=out, width=80).print(summary(report_of(names=("größe", "spam"))))
    out.flush()
    assert b"accuracy" in out.buffer.getvalue().lower()


def test_hostile_labels_and_words_reach_no_terminal(report_of):
    names = ("\x1b[31mred[bold]", "b\x07\r\n\u202eell")
    report = report_of(names=names, telling={names[0]: [("w\x1b]0;title\x07", 1.0), ("[/bold]", 0.5)]})
    text = printed(report)
    assert not set("\x1b\x07\r\u202e") & set(text)
    assert "[31mred[bold]" in text
    assert "[/bold]" in text


def test_the_verdict_says_whether_it_may_be_luck(report_of):
    better = verdict(report_of(n=2000))
    assert re.fullmatch(
        r"Accuracy 0\.\d{3} \(.* to .*\); always saying “class1” gets 0\.\d{3}\. That is .* luck explains\.", better
    )
    assert "may be luck" in verdict(report_of(n=12, seed=5)) or "no better at all" in verdict(report_of(n=12, seed=5))


def test_leaks_are_told_in_words(report_of):
    assert leak_check(report_of(leaks={}))[0] == "unknown"
    assert leak_check(report_of())[0] == "clean"
    leaks = {
        "loose": {"test_rows": 31},
        "sentence": "31 of 1,523 test rows are equal to a training text.",
        "contradictions": {"texts": 1, "rows": 2},
    }
    assert leak_check(report_of(leaks=leaks)) == (
        "leak",
        [
            "31 of 1,523 test rows are equal to a training text.",
            "1 text stands in the data with different labels (2 rows): no model can be right about all of them.",
        ],
    )
