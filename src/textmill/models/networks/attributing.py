"""What each token of a text adds to an output of a network: integrated gradients. Imports torch and captum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from textmill.errors import MissingExtra
from textmill.models.explanation import Pull

if TYPE_CHECKING:
    from textmill.models.networks.body import NetworkBody

__all__ = ["integrated"]

_STEPS = 64  # points of the line between no words and the text


def integrated(body: NetworkBody, text: str, output: int) -> tuple[float, list[Pull]]:
    """Integrated gradients (Sundararajan, Taly and Yan, 2017) of one output.

    The baseline is the text with every term unknown. What the terms add, and the output of the baseline, sum up to the
    output of the text but for what the sum over points misses of the integral; that is given to the baseline.

    Returns
    -------
    what the baseline says, and what each term adds, the places of a term that is there twice together

    Raises
    ------
    MissingExtra : if captum is not installed
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise MissingExtra("explaining a network", package="captum", extra="networks") from error
    vocabulary, network = body.vocabulary, body.network
    encoded = vocabulary.encode([text], threads=1)
    first = encoded.ids[: encoded.rows[1]]
    ids = torch.from_numpy(first.astype("int64"))[None]
    places = vocabulary.places(text)
    read = [place for place, _, _ in places]
    blank = ids.clone()
    shift = vocabulary.pairs.shift if vocabulary.pairs else 0
    whose = ids // shift if shift else torch.zeros_like(ids)  # of which text of a pair
    blank[:, read] = vocabulary.unknown + shift * whose[:, read]
    mask = network.whose(ids, torch.ones_like(ids, dtype=torch.bool))
    with torch.no_grad():
        vectors, nothing = network.embed(ids), network.embed(blank)
        said = float(network.score(vectors, mask)[0, output])

    def score(these: torch.Tensor) -> torch.Tensor:
        return network.score(these, mask.expand(len(these), -1))[:, output]

    parts = IntegratedGradients(score).attribute(vectors, nothing, n_steps=_STEPS, internal_batch_size=16)
    added = parts[0].sum(-1).double().tolist()
    values: dict[str, float] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    for place, term, span in places:
        values[term] = values.get(term, 0.0) + added[place]
        spans.setdefault(term, []).append(span)
    pulls = [Pull(term, value, tuple(spans[term])) for term, value in values.items()]
    return said - sum(pull.value for pull in pulls), pulls
