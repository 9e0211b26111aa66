"""A network as the body of a model: asked for outputs, saved, loaded. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from textmill.config import ModelConfig
from textmill.errors import CorruptError
from textmill.models.body import Body
from textmill.models.explanation import Pull
from textmill.models.networks.batching import batches_of_one_length
from textmill.models.networks.modules import Network
from textmill.models.networks.reading import CONFIG, rebuilt
from textmill.models.networks.vocabulary import Encoded, Vocabulary
from textmill.text.path import TextPath

__all__ = ["NetworkBody"]

_BUDGET = 4096  # tokens that are computed together
_AT_ONCE = 20_000  # texts that are split together
_WEIGHTS = "weights.safetensors"


class NetworkBody(Body):
    """A vocabulary and a network over its numbers.

    Batches are the same whatever the number of threads, and each is computed by one thread: so are the outputs.
    """

    name = "network"
    tolerance = 1e-4  # how sums of floats are cut depends on what is computed beside a text

    def __init__(self, vocabulary: Vocabulary, network: Network) -> None:
        self.vocabulary = vocabulary
        self.network = network.eval()

    @property
    def text_path(self) -> TextPath:  # type: ignore[override]
        """The vocabulary's."""
        return self.vocabulary.text_path

    @property
    def n_outputs(self) -> int:
        """Rows of the head."""
        return self.network.head.out_features

    def outputs(self, texts: Any, *, threads: int) -> NDArray[np.float64]:
        """See `Body.outputs`. Of a text in several pieces it is their mean."""
        return self.of_encoded(self.vocabulary.encode(texts, threads=threads), threads=threads)

    def of_encoded(self, encoded: Encoded, *, threads: int) -> NDArray[np.float64]:
        """The outputs of texts that are numbered already."""
        found = np.zeros((len(encoded.texts), self.n_outputs), np.float64)
        batches = batches_of_one_length(encoded.lengths, _BUDGET)

        def answer(some: NDArray[np.int64]) -> None:
            found[some] = self._of_batch(encoded.padded(some, self.vocabulary.pad), encoded.lengths[some])

        if len(batches) == 1 or threads == 1:
            before = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                for batch in batches:
                    answer(batch)
            finally:
                torch.set_num_threads(before)
        else:
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                list(pool.map(answer, batches))
        if len(found) == encoded.n_texts:
            return found
        sums = np.zeros((encoded.n_texts, self.n_outputs))
        np.add.at(sums, encoded.texts, found)
        return sums / np.bincount(encoded.texts, minlength=encoded.n_texts)[:, None]

    def _of_batch(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        with torch.inference_mode():
            tokens = torch.from_numpy(ids)
            mask = torch.arange(tokens.shape[1]) < torch.from_numpy(lengths)[:, None]
            found: NDArray[np.float32] = self.network(tokens, mask).numpy()
            return found

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

    def save(self, folder: Path) -> dict[str, Any]:
        """The vocabulary's files, what a pretrained architecture is, and the weights as safetensors."""
        self.vocabulary.save(folder)
        self.network.save_config(folder / CONFIG)
        save_file({name: value.contiguous() for name, value in self.network.state_dict().items()}, folder / _WEIGHTS)
        return {"n_terms": len(self.vocabulary.terms), "width": self.network.table_width}

    @classmethod
    def load(cls, folder: Path, head: Any, config: ModelConfig, n_outputs: int) -> Self:
        """Read what `save` wrote."""
        vocabulary = Vocabulary.load(folder)
        if head["n_terms"] != len(vocabulary.terms):
            raise CorruptError("the vocabulary is not that of the model", where=str(folder))
        network = rebuilt(
            folder, config, len(vocabulary.terms), n_outputs, head["width"], paired=bool(vocabulary.pairs)
        )
        try:
            network.load_state_dict(load_file(folder / _WEIGHTS))
        except (SafetensorError, RuntimeError) as error:
            said = str(error).strip().splitlines()[-1].strip()
            raise CorruptError(f"the weights cannot be read: {said}", where=str(folder / _WEIGHTS)) from error
        if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
            raise CorruptError("a weight is no number", where=str(folder / _WEIGHTS))
        return cls(vocabulary, network)
