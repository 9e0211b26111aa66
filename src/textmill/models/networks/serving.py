"""What a network answers by where it is served: an ONNX graph, in int8 if that is asked for and keeps its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import ModelConfig
from textmill.errors import TrainingError
from textmill.models.networks.bodies import require
from textmill.models.networks.onnx_bridge import Graph, can_export, in_int8
from textmill.models.networks.vocabulary import Encoded
from textmill.models.targets import Targets
from textmill.read.sample import spread

if TYPE_CHECKING:
    from textmill.models.networks.modules import Network

__all__ = ["MARGIN", "Judged", "check_export", "frozen"]

MARGIN = 0.005  # share of answers by which int8 may be right less often
_MOST = 2_000  # texts by which that is judged


def check_export(model: ModelConfig) -> None:
    """Before a training: whether what is asked for can be made.

    Raises
    ------
    MissingExtra : if not
    """
    if model.onnx in ("fp32", "int8"):
        for package in ("onnx", "onnxscript", "onnxruntime"):
            require(package, f'model.onnx = "{model.onnx}"', extra="onnx")


@dataclass(frozen=True)
class Judged:
    """Texts whose labels are known, to judge answers by.

    Attributes
    ----------
    truth : float32 (n_texts, n_outputs)
    apart : whether each output is a yes or no of its own
    held_back : whether nothing was learned from them
    """

    encoded: Encoded
    truth: NDArray[np.float32]
    apart: bool
    held_back: bool

    @classmethod
    def of(cls, encoded: Encoded, targets: Targets, judged: NDArray[np.bool_]) -> Judged:
        """Those that were held back; where none were, those that were learned from. 2,000 at most."""
        held_back = bool(judged.any())
        texts = np.flatnonzero(judged) if held_back else np.arange(encoded.n_texts)
        texts = texts[spread(len(texts), _MOST)]
        return cls(_part(encoded, texts), targets.truth[texts], targets.apart, held_back)

    def answers(self, outputs: NDArray[np.float64]) -> NDArray[Any]:
        """What is said of each text, (n_texts,), or of each text and label (n_texts, n_outputs)."""
        return outputs > 0 if self.apart else outputs.argmax(1)

    def right(self, answers: NDArray[Any]) -> float:
        """The share of answers that are right."""
        truth = self.truth > 0.5 if self.apart else self.truth.argmax(1)
        return float((answers == truth).mean())


def _part(encoded: Encoded, texts: NDArray[np.int64]) -> Encoded:
    chosen = np.zeros(encoded.n_texts, bool)
    chosen[texts] = True
    pieces = encoded.of_texts(chosen)
    lengths = encoded.lengths
    tokens = np.repeat(chosen[encoded.texts], lengths)
    rows = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[pieces])])
    return Encoded(encoded.ids[tokens], rows, np.searchsorted(texts, encoded.texts[pieces]), len(texts), 0)


def frozen(
    network: Network,
    n_terms: int,
    asked: str,
    judged: Judged | None,
    answer: Callable[[Graph, Encoded], NDArray[np.float64]],
    *,
    shift: int = 0,
) -> tuple[Graph | None, dict[str, Any]]:
    """The graph that a model is to be served by, and what is said of it.

    Parameters
    ----------
    asked : ``[model] onnx``: with "auto" there is none where it cannot be made, and it is said why
    answer : the outputs of a graph for texts, float64 (n_texts, n_outputs)
    shift : of the numbers of the second texts of pairs

    Raises
    ------
    TrainingError : if it was asked for and cannot be made
    """
    if asked == "auto" and not can_export():
        return None, {"precision": "none", "why": "the extra onnx was not installed"}
    from textmill.models.networks.exporting import exported

    try:
        graph = exported(network, n_terms, shift=shift)
    except TrainingError as error:
        if asked != "auto":
            raise
        return None, {"precision": "none", "why": error.what}
    if asked != "int8":
        return graph, graph.said
    assert judged is not None
    quantised = Graph({"precision": "int8"}, in_int8(graph.data))
    exact, near = (judged.answers(answer(one, judged.encoded)) for one in (graph, quantised))
    right, right_int8 = judged.right(exact), judged.right(near)
    said = {
        "asked": "int8",
        "margin": MARGIN,
        "texts": len(judged.truth),
        "held_back": judged.held_back,
        "right": right,
        "right_int8": right_int8,
        "changed": float((exact != near).mean()),
    }
    kept = quantised if right_int8 >= right - MARGIN else graph
    kept = Graph(kept.said | said, kept.source)
    return kept, kept.said
