"""An explanation as a person reads it."""

from __future__ import annotations

import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from textmill.cli.pulls import pulls_json, pulls_shown, stages_json, stages_shown, word_pulls
from textmill.models import Explanation, Pull
from textmill.text.path import StageResult
from textmill.types import Ref

REF = Ref("model", "disaster", 3)


def explained(text, bias, *pulls):
    log_odds = bias + sum(pull.value for pull in pulls)
    return Explanation(
        text, ("other", "disaster"), (0.1, 0.9), "disaster", "disaster", bias, log_odds, pulls, "disaster", 0.9
    )


TEXT = "Forest fire, a fire near La Ronge"
FIRE = explained(
    TEXT,
    -0.5,
    Pull("fire", 1.5, ((7, 11), (15, 19))),
    Pull("forest fire", 1.0, ((0, 6), (7, 11))),
    Pull("near", -0.25, ((20, 24),)),
    Pull("la", 0.001, ((25, 27),)),
)


def shown(explanation, *, top=12, colour=False):
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=colour, color_system="standard" if colour else None)
    console.print(pulls_shown(REF, explanation, top=top))
    return out.getvalue()


def test_a_pull_is_shared_by_the_words_of_its_term_wherever_it_stands():
    assert word_pulls(FIRE) == {(0, 6): 0.5, (7, 11): 1.25, (15, 19): 0.75, (20, 24): -0.25, (25, 27): 0.001}


@st.composite
def explanations(draw):
    n = draw(st.integers(1, 8))
    spans = st.integers(0, n - 1).map(lambda i: (3 * i, 3 * i + 2))
    pull = st.builds(Pull, st.just("t"), st.floats(-5, 5), st.lists(spans, min_size=1, max_size=4).map(tuple))
    return explained(" ".join(["ab"] * n), draw(st.floats(-2, 2)), *draw(st.lists(pull, max_size=8)))


@given(explanations())
def test_bias_and_words_add_up_to_the_log_odds(explanation):
    total = explanation.bias + sum(word_pulls(explanation).values())
    assert math.isclose(total, explanation.log_odds, abs_tol=1e-9)


@given(explanations())
def test_every_explanation_can_be_shown_and_is_valid_json(explanation):
    assert "log-odds of disaster" in shown(explanation)
    found = json.loads(json.dumps(pulls_json(REF, explanation), allow_nan=False))
    assert math.isclose(found["bias"] + sum(pull["value"] for pull in found["pulls"]), found["log_odds"], abs_tol=1e-9)


def test_without_colour_each_word_has_its_sign_and_number():
    said = shown(FIRE)
    assert said.splitlines()[0] == "disaster (probability 0.900), by the model disaster@3"
    assert "Forest(+0.50) fire(+1.25), a fire(+0.75) near(-0.25) La Ronge" in said
    assert "\x1b" not in said


def test_the_table_has_the_strongest_first_and_ends_with_the_log_odds():
    lines = [line.split() for line in shown(FIRE).splitlines()]
    table = lines[lines.index(["pull", "word", "or", "words"]) + 1 :]
    assert [row[0] for row in table[:6]] == ["+1.50", "+1.00", "-0.25", "+0.00", "-0.50", "+1.75"]
    assert table[0][1:] == ["#" * 12, "fire", "x", "2"]
    assert table[1][1:] == ["#" * 8, "forest", "fire"]
    assert table[5][1:] == ["log-odds", "of", "disaster:", "probability", "0.900"]


def test_what_the_table_leaves_out_is_summed():
    assert [line.split() for line in shown(FIRE, top=2).splitlines() if "more" in line] == [["-0.25", "2", "more"]]


def test_colour_says_the_same_as_the_sign():
    said = shown(FIRE, colour=True)
    assert "\x1b[1;34mForest" in said
    assert "\x1b[1;91mnear" in said  # the orange of a terminal with eight colours


@pytest.mark.parametrize("text", ["\x1b[31mred\x07", "a\u202eb"])
def test_a_text_cannot_command_the_terminal(text):
    explanation = explained(text, 0.0, Pull(text, 1.0, ((0, len(text)),)))
    assert "\x1b" not in shown(explanation)
    assert not {"\x07", "\u202e"} & set(shown(explanation))


def test_a_text_without_a_known_word_is_the_bias_alone():
    lines = shown(explained("xyz", 2.2)).splitlines()
    assert "no word of this text is known to the model: what is left is the bias" in lines
    assert [line.split()[0] for line in lines if "bias:" in line or "log-odds" in line] == ["+2.20", "+2.20"]


def test_more_than_two_classes_have_outputs_and_no_log_odds():
    explanation = Explanation("a", ("x", "y", "z"), (0.2, 0.3, 0.5), "z", "y", 0.1, 0.1, (), "z", 0.3)
    assert "output of y: probability 0.300" in shown(explanation)
    assert shown(explanation).startswith("z (probability 0.500)")


def test_stages_are_shown_as_text_and_then_as_words():
    stages = [StageResult("raw", "@bob FIRES"), StageResult("map: porter", tokens=(("fire", 5, 10),))]
    out = io.StringIO()
    Console(file=out, width=60).print(stages_shown(stages))
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "stage        what it left",
        "raw          @bob FIRES",
        "map: porter  fire",
    ]
    assert stages_json(stages)[1] == {"stage": "map: porter", "tokens": [["fire", 5, 10]]}


def test_other_methods_and_words_that_turn_the_decision(project, textmill):
    asked = ("explain", "alarm", "a lovely sunny picnic", "--store", "alarm")
    for method in ("leave-one-out", "sampling"):
        found = json.loads(textmill(*asked, "--method", method, "--json").stdout)
        assert [one["word"] for one in found["words"]] == ["a", "lovely", "sunny", "picnic"]
        assert found["turns"]["label"] == "bad"
        shown = textmill(*asked, "--method", method).stdout
        assert "of the probability of good" in shown
        assert "it would say bad." in shown
    assert "Without " in textmill(*asked).stdout
