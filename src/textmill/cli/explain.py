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
@click.option("--toward", metavar="CLASS", help="The class to explain. [default: the one the model names]")
@click.option("--stages", is_flag=True, help="Show also what each stage of the text path made of the text.")
@click.option(
    "--top", type=click.IntRange(min=1), default=12, show_default=True, help="How many pulls the table lists."
)
@store_option
@version_option
@json_option
def command(
    model: str,
    text: str,
    toward: str | None,
    stages: bool,
    top: int,
    store: Path | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Show how each word of TEXT pulls on the decision of MODEL.

    The bias and all pulls add up, exactly, to the log-odds of the class that is named: + pulls towards it, - away.
    """
    from textmill.cli.labelling import open_model, typed
    from textmill.cli.pulls import pulls_json, pulls_shown, stages_json, stages_shown

    opened = open_model(find_store(store), model, version)
    explanation = opened.classifier.explain(typed(text), toward=toward)
    path = opened.classifier.text_path
    passed = path.explain(text) if stages and path is not None else []
    if as_json:
        found = pulls_json(opened.ref, explanation)
        print_json(found | {"stages": stages_json(passed)} if stages else found)
        return
    shown = console()
    shown.print(pulls_shown(opened.ref, explanation, top=top))
    if stages:
        shown.print()
        shown.print(stages_shown(passed) if path is not None else "This model reads no text: there are no stages.")
