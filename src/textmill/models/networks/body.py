"""A network as the body of a model: asked for outputs, saved, loaded.

Torch is loaded when it is wanted, which it is not where ONNX Runtime answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cached_property, partial
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from textmill.config import ModelConfig
from textmill.errors import CorruptError
from textmill.models.body import Body
from textmill.models.explanation import Pull
from textmill.models.networks.batching import batches_of_one_length
from textmill.models.networks.bodies import require
from textmill.models.networks.onnx_bridge import FILE, Graph, can_run
from textmill.models.networks.serving import Judged, frozen
from textmill.models.networks.vocabulary import Encoded, Vocabulary
from textmill.text.path import TextPath

if TYPE_CHECKING:
    from textmill.models.networks.modules import Network

__all__ = ["WEIGHTS", "NetworkBody"]

_BUDGET = 512  # tokens that are computed together: more of them leave the caches of a CPU, fewer leave it waiting
WEIGHTS = "weights.safetensors"
_EXACT, _INT8 = 1e-4, 0.1  # how sums of floats are cut depends on what is computed beside a text, and on the CPU


class NetworkBody(Body):
    """A vocabulary and a network over its numbers.

    Batches are the same whatever the number of threads, and each is computed by one thread: so are the outputs. In int8
    each text is computed alone, as there what stands beside it would count.

    Parameters
    ----------
    network : or what reads it when it is asked for
    n_outputs : of a network that is not read yet
    onnx : ``[model] onnx``: what `export` is to make
    judged : texts by which int8 is judged

    Attributes
    ----------
    graph : what ONNX Runtime computes; None before `export`, and where there is none
    """

    name = "network"

    def __init__(
        self,
        vocabulary: Vocabulary,
        network: Network | Callable[[], Network],
        n_outputs: int | None = None,
        *,
        onnx: str = "no",
        judged: Judged | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self._network = network
        self._n_outputs = n_outputs
        self._onnx, self._judged = onnx, judged
        self.facts: dict[str, Any] = {}
        self.graph: Graph | None = None
        self._graph_runs = False

    @property
    def tolerance(self) -> float:  # type: ignore[override]
        """See `Body.tolerance`. Of int8 it is of roundings that another CPU may do another way."""
        return _INT8 if self._graph_runs and self.graph is not None and not self.graph.is_exact else _EXACT

    @property
    def text_path(self) -> TextPath:  # type: ignore[override]
        """The vocabulary's."""
        return self.vocabulary.text_path

    @cached_property
    def network(self) -> Network:
        """As PyTorch has it."""
        found: Network = self._network if hasattr(self._network, "head") else self._network()  # type: ignore[assignment]
        return found.eval()

    @property
    def n_outputs(self) -> int:
        """Rows of the head."""
        return self.network.head.out_features if self._n_outputs is None else self._n_outputs

    def outputs(self, texts: Any, *, threads: int) -> NDArray[np.float64]:
        """See `Body.outputs`. Of a text in several pieces it is their mean."""
        return self.of_encoded(self.vocabulary.encode(texts, threads=threads), threads=threads)

    def of_encoded(self, encoded: Encoded, *, threads: int) -> NDArray[np.float64]:
        """The outputs of texts that are numbered already."""
        return self._of_encoded(self.graph if self._graph_runs else None, encoded, threads)

    def _of_encoded(self, graph: Graph | None, encoded: Encoded, threads: int) -> NDArray[np.float64]:
        found = np.zeros((len(encoded.texts), self.n_outputs), np.float64)
        batches = batches_of_one_length(encoded.lengths, _BUDGET if graph is None or graph.is_exact else 1)

        def answer(some: NDArray[np.int64]) -> None:
            found[some] = self._of_batch(graph, encoded.padded(some, self.vocabulary.pad), encoded.lengths[some])

        alone: Any = nullcontext(), None
        if graph is None:
            from textmill.models.networks.torch_bridge import one_thread

            alone = one_thread()
        with alone[0]:
            if len(batches) == 1 or threads == 1:
                for batch in batches:
                    answer(batch)
            else:
                with ThreadPoolExecutor(threads, initializer=alone[1]) as pool:
                    list(pool.map(answer, batches))
        if len(found) == encoded.n_texts:
            return found
        sums = np.zeros((encoded.n_texts, self.n_outputs))
        np.add.at(sums, encoded.texts, found)
        return sums / np.bincount(encoded.texts, minlength=encoded.n_texts)[:, None]

    def of_batch(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Outputs float32 (n_pieces, n_outputs) of pieces side by side, by whatever answers here."""
        return self._of_batch(self.graph if self._graph_runs else None, ids, lengths)

    def _of_batch(self, graph: Graph | None, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        if graph is not None:
            return graph.outputs(ids, lengths)
        from textmill.models.networks.torch_bridge import answered

        return answered(self.network, ids, lengths)

    def pulls(self, text: str, output: int) -> tuple[float, list[Pull]]:
        """What each token adds, by integrated gradients (Sundararajan and others, 2017)."""
        from textmill.models.networks.attributing import integrated

        return integrated(self, text, output)

    def numbers(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """The numbers of each text's tokens."""
        encoded = self.vocabulary.encode(list(texts), threads=1)
        tokens = np.repeat(encoded.texts, encoded.lengths)
        return [encoded.ids[tokens == text].astype(np.int64) for text in range(encoded.n_texts)]

    def some_words(self, most: int) -> list[str]:
        """Of the vocabulary."""
        return self.vocabulary.some_words(most)

    def export(self) -> None:
        """See `Body.export`: an ONNX graph, by which it answers from now on.

        Raises
        ------
        TrainingError : if the network cannot be exported, and that was asked for
        """
        if self._onnx == "no" or self.facts:
            return

        def answer(graph: Graph, encoded: Encoded) -> NDArray[np.float64]:
            return self._of_encoded(graph, encoded, 1)

        shift = self.vocabulary.pairs.shift if self.vocabulary.pairs else 0
        self.graph, said = frozen(
            self.network, len(self.vocabulary.terms), self._onnx, self._judged, answer, shift=shift
        )
        self.facts = {"onnx": said}
        self._graph_runs = self.graph is not None
        self._judged = None

    def save(self, folder: Path) -> dict[str, Any]:
        """The vocabulary's files, what a pretrained architecture is, the weights as safetensors, the ONNX graph."""
        from textmill.models.networks.torch_bridge import save_network

        self.export()
        self.vocabulary.save(folder)
        save_network(self.network, folder, WEIGHTS)
        files = {"weights": folder / WEIGHTS}
        if self.graph is not None:
            files["graph"] = folder / FILE
            files["graph"].write_bytes(self.graph.data)
        return {
            "n_terms": len(self.vocabulary.terms),
            "width": self.network.table_width,
            **{name: _sha256(path) for name, path in files.items()},
            **self.facts,
        }

    @classmethod
    def load(cls, folder: Path, head: Any, config: ModelConfig, n_outputs: int) -> Self:
        """Read what `save` wrote; where ONNX Runtime answers, torch is not loaded, and need not be there.

        Raises
        ------
        MissingExtra : if neither is there, or the graph is int8 and ONNX Runtime is not
        """
        vocabulary = Vocabulary.load(folder)
        if head["n_terms"] != len(vocabulary.terms):
            raise CorruptError("the vocabulary is not that of the model", where=str(folder))
        made = cls(vocabulary, partial(_read, folder, config, vocabulary, n_outputs, head), n_outputs)
        if "onnx" in head:
            made.facts = {"onnx": dict(head["onnx"])}
            if head["onnx"]["precision"] != "none":
                made.graph = Graph(made.facts["onnx"], folder / FILE)
                if not made.graph.is_exact:  # torch would say something else than was judged
                    require("onnxruntime", "a model in int8", extra="onnx")
                made._graph_runs = can_run()
        if made._graph_runs and made.graph is not None:
            _check(folder / WEIGHTS, head["weights"])
            session = made.graph.session
            _check(folder / FILE, head["graph"])
            if session.get_outputs()[0].shape[-1] != n_outputs:
                raise CorruptError("the ONNX graph does not fit the classes", where=str(folder / FILE))
        else:
            _ = made.network
        return made


def _read(folder: Path, config: ModelConfig, vocabulary: Vocabulary, n_outputs: int, head: Any) -> Network:
    for package in ("torch", "safetensors"):
        require(package, "a model with a network body")
    from textmill.models.networks.torch_bridge import load_network

    n_terms, paired = len(vocabulary.terms), vocabulary.pairs is not None
    network = load_network(folder, WEIGHTS, config, n_terms, n_outputs, head["width"], paired=paired)
    _check(folder / WEIGHTS, head["weights"])
    return network


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _check(path: Path, sha256: str) -> None:
    if _sha256(path) != sha256:
        raise CorruptError("these weights are not those that were saved", where=str(path))
