"""From a network to an ONNX graph of it. Imports torch."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textmill.errors import TrainingError
from textmill.models.networks.modules import Encoder, Network, Recurrent, pooled
from textmill.models.networks.onnx_bridge import INPUTS, OPSET, Graph, plain
from textmill.models.networks.torch_bridge import answered

__all__ = ["exported"]

_NEAR = 1e-4  # of outputs, or of a share of them where they are larger than 1
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}  # ONNX's order of them, in PyTorch's


def exported(network: Network, n_terms: int, *, shift: int = 0) -> Graph:
    """A network as ONNX; the same network gives the same bytes.

    It is asked for the outputs of random texts of several lengths, which have to be PyTorch's.

    Parameters
    ----------
    n_terms : numbers of tokens begin at 0 and are below it
    shift : of pairs, what is added to the numbers of the second text's tokens where they are told apart; else 0

    Raises
    ------
    TrainingError : if it cannot be exported, or the graph says something else than the network
    """
    most = network.positions.num_embeddings if isinstance(network, Encoder) and network.positions is not None else 64
    example = torch.zeros(2, min(3, most), dtype=torch.int64)
    axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC if most > 1 else torch.export.Dim.STATIC}
    traced = _Recurrent(network) if isinstance(network, Recurrent) else network
    try:
        with torch.no_grad(), warnings.catch_warnings(), _Silent():
            warnings.simplefilter("ignore")  # about its own internals
            # in two steps: in one it would go on by another way where this one fails, and the sizes of the example stay
            program = torch.export.export(
                traced.eval(), (example, torch.ones_like(example, dtype=torch.bool)), dynamic_shapes=(axes, axes)
            )
            made: Any = torch.onnx.export(
                program,
                dynamo=True,
                input_names=list(INPUTS),
                output_names=["outputs"],
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
            graph = Graph({"precision": "fp32"}, plain(made.model_proto))
        _compare(network, graph, n_terms, most, shift)
    except Exception as error:  # whatever a tracer of Python code raises
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainingError(f"the network cannot be exported to ONNX: {said}", hint='Set model.onnx = "no".') from error
    return graph


def _compare(network: Network, graph: Graph, n_terms: int, most: int, shift: int) -> None:
    rng = np.random.default_rng(0x0221)
    for n, longest in ((1, 1), (1, 9), (2, 2), (5, 17), (3, 64)):
        shape = (n, min(longest, most))
        ids, lengths = rng.integers(0, n_terms, shape), rng.integers(1, shape[1] + 1, n)
        if shift:
            ids += shift * (np.arange(shape[1]) >= rng.integers(0, lengths + 1)[:, None])  # a second text from there on
        wanted, got = answered(network, ids, lengths), graph.outputs(ids, lengths)
        worst = float((abs(wanted - got) / np.maximum(1.0, abs(wanted))).max())
        if not worst <= _NEAR:
            raise ValueError(f"its outputs are {worst:.1g} away from PyTorch's")


class _Recurrent(nn.Module):
    """A recurrent network by ONNX's own layer, which reads each text from both ends, within its length."""

    def __init__(self, network: Recurrent) -> None:
        super().__init__()
        self.network = network
        self.kind = "LSTM" if isinstance(network.there[0], nn.LSTM) else "GRU"
        for place, layers in enumerate(zip(network.there, network.back, strict=True)):
            for name, parts in (
                ("W", ("weight_ih_l0",)),
                ("R", ("weight_hh_l0",)),
                ("B", ("bias_ih_l0", "bias_hh_l0")),
            ):
                both = [torch.cat([self._ordered(getattr(layer, part)) for part in parts]) for layer in layers]
                self.register_buffer(f"{name}{place}", torch.stack(both))

    def _ordered(self, gates: Tensor) -> Tensor:
        order = _GATES[self.kind]
        parts = gates.detach().chunk(len(order))
        return torch.cat([parts[place] for place in order])

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        network, width = self.network, int(self.network.there[0].hidden_size)  # type: ignore[arg-type]
        attributes: dict[str, Any] = {"hidden_size": width, "direction": "bidirectional"}
        if self.kind == "GRU":
            attributes["linear_before_reset"] = 1
        states = network.embed(ids).transpose(0, 1)
        lengths = mask.sum(1).to(torch.int32)
        for place in range(len(network.there)):
            weights = [getattr(self, f"{name}{place}") for name in "WRB"]
            found = torch.onnx.ops.symbolic(
                self.kind,
                (states, *weights, lengths),
                attributes,
                dtype=torch.float32,
                shape=(states.shape[0], 2, states.shape[1], width),
            )
            states = found.permute(0, 2, 1, 3).flatten(2)
        outputs: Tensor = network.head(pooled(states.transpose(0, 1), mask, network.pooling, network.attention))
        return outputs


class _Silent:
    """Inside, nothing is logged of packages that are not wanted, nor each step of the tracer, which takes its time."""

    def __enter__(self) -> None:
        self._before = {name: logging.getLogger(name).level for name in ("torch.onnx", "torch.__trace")}
        for name in self._before:
            logging.getLogger(name).setLevel(logging.ERROR)

    def __exit__(self, *raised: object) -> None:
        for name, level in self._before.items():
            logging.getLogger(name).setLevel(level)
