"""``textmill explain``: why a model says what it says of one text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from textmill.cli.stores import find_store, store_option, version_option
from textmill.cli.terminal import console, json_option, print_json

if TYPE_CHECKING:
    from textmill.evaluate.attribution import Predict

__all__ = ["command"]


@click.command("explain")
@click.argument("model")
@click.argument("texts", metavar="TEXT", nargs=-1, required=True)
@click.option("--toward", metavar="CLASS", help="The class to explain. [default: the one the model names]")
@click.option("--stages", is_flag=True, help="Show also what each stage of the text path made of the text.")
@click.option(
    "--top", type=click.IntRange(min=1), default=12, show_default=True, help="How many pulls the table lists."
)
@click.option(
    "--method",
    type=click.Choice(("exact", "leave-one-out", "sampling")),
    default="exact",
    show_default=True,
    help="What the model itself adds up; or by taking words out and asking again, one by one or in random order.",
)
@store_option
@version_option
@json_option
def command(
    model: str,
    texts: tuple[str, ...],
    toward: str | None,
    stages: bool,
    top: int,
    method: str,
    store: Path | str | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Show how each word of TEXT pulls on the decision of MODEL; a model of pairs takes two texts.

    The bias and all pulls add up, exactly, to the log-odds of the class that is named: + pulls towards it, - away. The
    other methods work for any model, and tell how much of the probability each word is worth. Last comes the shortest
    list of words that was found without which the decision would be another.
    """
    from functools import partial

    from textmill.cli.labelling import pairs_typed, typed
    from textmill.cli.pulls import (
        decision_shown,
        effects_shown,
        pulls_json,
        pulls_shown,
        stages_json,
        stages_shown,
        turned_json,
        turned_shown,
    )
    from textmill.evaluate.attribution import counterfactual, leave_one_out, sampled, yes_or_no
    from textmill.flow.labelling import open_model
    from textmill.models.classifier import TextClassifier

    opened = open_model(find_store(store), model, version)
    classifier = opened.classifier
    if len(texts) > 1 + classifier.pairs:
        raise click.UsageError(f"{'one pair is' if classifier.pairs else 'one text is'} explained at a time.")
    text = pairs_typed(texts)[0] if classifier.pairs else typed(texts[0])
    explanation = classifier.explain(text, toward=toward)
    predict: Predict
    if isinstance(classifier, TextClassifier):
        predict = partial(classifier.predict, threads=1)
    else:  # whether a text has one label is a question of its own
        toward = explanation.toward
        predict = yes_or_no(partial(classifier.predict, threads=1), toward)
    turned = counterfactual(predict, text)
    effects = None
    if method != "exact":
        effects = (leave_one_out if method == "leave-one-out" else sampled)(predict, text, toward=toward)
    path = classifier.text_path
    passed = path.explain(text) if stages and path is not None else []
    if as_json:
        found = pulls_json(opened.ref, explanation) | {"method": method, "turns": turned_json(turned)}
        if effects is not None:
            found["words"] = [{"word": one.word, "span": list(one.span), "value": one.value} for one in effects]
        print_json(found | {"stages": stages_json(passed)} if stages else found)
        return
    shown = console()
    if effects is None:
        shown.print(pulls_shown(opened.ref, explanation, top=top))
    else:
        shown.print(effects_shown(opened.ref, explanation, effects, top=top))
    decision = classifier.decision if isinstance(classifier, TextClassifier) else None
    if decision is not None:
        shown.print(decision_shown(explanation, decision.told()))
    if turned is not None:
        shown.print()
        shown.print(turned_shown(turned))
    if stages:
        shown.print()
        shown.print(stages_shown(passed) if path is not None else "This model reads no text: there are no stages.")
