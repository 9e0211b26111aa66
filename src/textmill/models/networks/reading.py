"""What a kind of network reads: texts as numbers, and the untrained network over them. Imports torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from textmill.config import ModelConfig
from textmill.errors import ConfigError, CorruptError
from textmill.models.networks.bodies import require
from textmill.models.networks.modules import Convolution, Encoder, Network, Recurrent
from textmill.models.networks.shape import Shape, shape_of
from textmill.models.networks.vocabulary import Encoded, Vocabulary
from textmill.text.buffers import text_chunks
from textmill.text.path import TextPath

if TYPE_CHECKING:
    from textmill.models.networks.pretrained import Pretrained

__all__ = ["CONFIG", "read_and_build", "rebuilt"]

CONFIG = "encoder.json"  # what a pretrained architecture is, in a model's folder


def read_and_build(
    texts: Any,
    text: TextPath,
    model: ModelConfig,
    shape: Shape,
    n_outputs: int,
    *,
    folder: Path | None,
    seed: int,
    threads: int,
) -> tuple[Vocabulary, Encoded, Network]:
    """Learn or take a vocabulary, number the texts by it, and build a network, drawn from torch's generator.

    Parameters
    ----------
    folder : where paths of settings begin
    """
    cut: dict[str, Any] = {"max_tokens": shape.max_tokens, "windows": model.longer == "windows"}
    if model.kind in ("pretrained", "sentence"):
        from textmill.models.networks.subwords import subword_vocabulary
        from textmill.models.networks.weights import find_weights

        weights = find_weights(model.weights or "", folder)
        apart = model.kind == "sentence"
        pretrained = _pretrained().of_weights(weights, n_outputs, shape, unit=apart, paired=text.config.pairs)
        most = pretrained.max_tokens
        if most is not None and shape.max_tokens > most:
            if model.max_tokens != "auto":
                raise ConfigError([f"model.max_tokens: these weights take up to {most}, got {shape.max_tokens}"])
            cut["max_tokens"] = most
        vocabulary = subword_vocabulary(text, weights.tokenizer, **cut, shift=pretrained.n_terms, apart=apart)
        if len(vocabulary.terms) > pretrained.n_terms:
            raise CorruptError(
                "the tokenizer is not that of the weights",
                where=str(weights.folder),
                wanted=f"{pretrained.n_terms:,} terms at most",
                got=f"{len(vocabulary.terms):,}",
            )
        return vocabulary, vocabulary.encode(texts, threads=threads), pretrained
    if model.kind == "encoder":
        from textmill.models.networks.subwords import learn_subwords

        chunks = list(text_chunks(texts))
        vocabulary = learn_subwords(iter(chunks), text, most=model.vocabulary, **cut)
        encoded = vocabulary.encode(iter(chunks), threads=threads)
        return vocabulary, encoded, _own(model, shape, len(vocabulary.terms), n_outputs, None)
    tokens = Vocabulary.split(text, texts, threads=threads)
    vocabulary = Vocabulary.learn(text, tokens, most=model.vocabulary, **cut)
    vectors = None
    if model.vectors is not None:
        from textmill.models.networks.vectors import vectors_for

        path = (folder or Path()) / model.vectors
        vectors = torch.from_numpy(vectors_for(vocabulary.terms, path, model.width, seed))
    network = _own(model, shape, len(vocabulary.terms), n_outputs, vectors)
    return vocabulary, vocabulary.numbered(tokens), network


def rebuilt(
    folder: Path, model: ModelConfig, n_terms: int, n_outputs: int, width: int | None, *, paired: bool = False
) -> Network:
    """A network whose weights are still to be loaded from a model's folder.

    Parameters
    ----------
    width : of the vectors of words, where a file of them decided it
    paired : whether each text is two
    """
    shape = shape_of(model)
    if model.kind in ("pretrained", "sentence"):
        said = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return _pretrained().of_config(said, n_outputs, shape, unit=model.kind == "sentence", paired=paired)
    return _own(model, shape, n_terms, n_outputs, None if width is None else torch.empty(n_terms, width))


def _pretrained() -> type[Pretrained]:
    require("transformers", 'kind = "pretrained"')
    from textmill.models.networks.pretrained import Pretrained

    return Pretrained


def _own(model: ModelConfig, shape: Shape, n_terms: int, n_outputs: int, vectors: torch.Tensor | None) -> Network:
    if model.kind == "encoder":
        return Encoder(n_terms, n_outputs, shape, model.positions)
    if model.kind == "cnn":
        return Convolution(n_terms, n_outputs, shape, vectors, model.freeze_vectors)
    return Recurrent(model.kind, n_terms, n_outputs, shape, vectors, model.freeze_vectors)
