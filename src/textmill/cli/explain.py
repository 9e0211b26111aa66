"""``textmill explain``: why a model says what it says of one text."""

from __future__ import annotations

from pathlib import Path

import click

from textmill.cli.stores import find_store, store_option, version_option
from textmill.cli.terminal import console, json_option, print_json

__all__ = ["command"]


@click.command("explain")
@click.argument("model")
@click.argument("text")
@click.option("--stages", is_flag=True, help="Show also what each stage of the text path made of the text.")
@click.option("--top", type=click.IntRange(min=1), default=12, show_default=True, help="How many pulls the table lists.")
@store_option
@version_option
@json_option
def command(
    model: str, text: str, stages: bool, top: int, store: Path | None, version: int | None, as_json: bool
) -> None:
    """Show how each word of TEXT pulls on the decision of MODEL.

    The bias and all pulls add up, exactly, to the log-odds of the class that is named: + pulls towards it, - away.
    """
    from textmill.cli.labelling import open_model
    from textmill.cli.pulls import pulls_json, pulls_shown

    opened = open_model(find_store(store), model, version)
    explanation = opened.classifier.explain(text)
    if as_json:
        found = pulls_json(opened.ref, explanation)
        if stages:
            found["stages"] = stages_json(opened.classifier.text_path.explain(text))
        print_json(found)
        return
    words = opened.classifier.text_path.tokens([text], spans=True).spans
    spans = [] if words is None else [(int(start), int(end)) for start, end in words.tolist()]
    console().print(pulls_shown(opened.ref, explanation, spans, top=top))
