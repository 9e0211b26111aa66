"""What each word of a text adds to an output of a network: integrated gradients. Imports torch and captum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from textmill.errors import MissingExtra
from textmill.models.explanation import Pull
from textmill.models.networks.loop import one_thread_number

if TYPE_CHECKING:
    from textmill.models.networks.body import NetworkBody

__all__ = ["integrated"]

_STEPS = (64, 256)  # points of the line between no words and the text; more where the sum misses more than
_MISSED = 0.01  # of what there is to say


def integrated(body: NetworkBody, text: str, output: int) -> tuple[float, list[Pull]]:
    """Integrated gradients (Sundararajan, Taly and Yan, 2017) of one output.

    The baseline is the text with every term unknown. What the words add, and the output of the baseline, sum up to the
    output of the text but for what the sum over points misses of the integral; that is given to the baseline. Of a text
    in several pieces the output is their mean.

    Returns
    -------
    what the baseline says, and what each word adds, the places of one that is there twice together

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
    words, shift = vocabulary.words(text), vocabulary.pairs.shift if vocabulary.pairs else 0
    n_pieces = len(encoded.texts)
    said, added = 0.0, []
    with one_thread_number(1):
        for piece in range(n_pieces):
            ids = torch.from_numpy(encoded.padded(np.array([piece]), vocabulary.pad))
            read = [place for word in words for which, place in word.places if which == piece]
            blank = ids.clone()
            blank[:, read] = vocabulary.unknown
            if shift:  # of which text of a pair a token is stays as it is
                blank[:, read] += ids[:, read] // shift * shift
            mask = network.whose(ids, torch.ones_like(ids, dtype=torch.bool))
            with torch.no_grad():
                vectors, nothing = network.embed(ids), network.embed(blank)
                here, there = (float(network.score(one, mask)[0, output]) for one in (vectors, nothing))
            # of whatever answers here, so that the sum is what it says
            said += float(body.of_batch(ids.numpy(), np.array([ids.shape[1]]))[0, output]) / n_pieces

            def score(these: torch.Tensor, mask: torch.Tensor = mask) -> torch.Tensor:
                return network.score(these, mask.expand(len(these), -1))[:, output]

            for steps in _STEPS:
                parts = IntegratedGradients(score).attribute(vectors, nothing, n_steps=steps, internal_batch_size=16)
                found = parts[0].sum(-1).double()
                most = _MISSED * max(abs(here - there), float(found.abs().sum()))
                if abs(float(found.sum()) - (here - there)) <= most:
                    break
            added.append((found / n_pieces).tolist())
    values: dict[str, float] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    for word in words:
        value = sum(added[piece][place] for piece, place in word.places)
        values[word.term] = values.get(word.term, 0.0) + value
        spans.setdefault(word.term, []).append(word.span)
    pulls = [Pull(term, value, tuple(spans[term])) for term, value in values.items()]
    return said - sum(pull.value for pull in pulls), pulls
