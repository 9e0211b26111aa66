"""From texts and their labels to a trained network."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textmill.config import ModelConfig, TrainConfig
from textmill.errors import DataError
from textmill.models.networks.bodies import require
from textmill.models.networks.serving import Judged, check_export
from textmill.models.networks.shape import shape_of, training_of
from textmill.models.networks.vocabulary import Encoded, Vocabulary
from textmill.models.targets import Targets
from textmill.text.path import TextPath

if TYPE_CHECKING:
    from textmill.models.body import Body
    from textmill.models.networks.modules import Network
    from textmill.models.networks.optimizer import Rates
    from textmill.models.networks.watch import Watch

__all__ = ["fit_network", "judged_texts"]


def fit_network(
    texts: Any,
    targets: Targets,
    *,
    text: TextPath,
    model: ModelConfig,
    train: TrainConfig,
    seed: int,
    threads: int,
    progress: Callable[[str], None],
    keep: Path | None,
    folder: Path | None,
    watch: Watch | None = None,
) -> tuple[Body, dict[str, Any], dict[str, float]]:
    """Learn a vocabulary and a network.

    Parameters
    ----------
    text : its path; a kind that reads subwords keeps its cleaners and splits by a vocabulary of its own
    threads : of splitting; those of torch are a setting of `train`
    keep : a folder for what a training needs to go on after it was stopped
    folder : where the paths of settings begin
    watch : told of each step of the training

    Returns
    -------
    the body, what the fit took, and the seconds of each stage

    Raises
    ------
    MissingExtra : if a package is not installed
    LabelError : if there is not one label a text
    DataError : if no word is left of them
    ConfigError : if weights or vectors are not to be found, or do not fit
    TrainingError : if no number comes of it
    """
    for package in ("torch", "safetensors"):
        require(package, f'kind = "{model.kind}"')
    check_export(model)
    import torch

    from textmill.models.networks.body import NetworkBody
    from textmill.models.networks.loop import own_chance
    from textmill.models.networks.reading import read_and_build

    shape = shape_of(model)
    started = time.perf_counter()
    progress("splitting texts")
    with own_chance():
        torch.manual_seed(seed)
        vocabulary, encoded, network = read_and_build(
            texts, text, model, shape, targets.n_outputs, folder=folder, seed=seed, threads=threads
        )
        targets.check_number(encoded.n_texts)
        if not vocabulary.knows(encoded.ids):
            raise DataError(
                "no word of the texts is one that the network knows",
                hint="See what [text] leaves of them: textmill explain.",
            )
        then = time.perf_counter()
        facts: dict[str, Any] = {
            "n_terms": len(vocabulary.terms),
            "n_tokens": len(encoded.ids),
            "n_longer": encoded.n_longer,
            "max_tokens": vocabulary.max_tokens,
            "n_weights": sum(one.numel() for one in network.parameters()),
        }
        judged = judged_texts(encoded, 0.0 if model.kind == "sentence" else train.validation, seed)
        common: dict[str, Any] = {"model": model, "train": train, "seed": seed, "keep": keep, "progress": progress}
        common["watch"] = watch
        if model.kind == "sentence":
            from textmill.models.networks.pretrained import Pretrained
            from textmill.models.networks.sentence import fit_sentence

            assert isinstance(network, Pretrained)
            facts |= fit_sentence(network, vocabulary, encoded, targets, threads=threads, **common)
        else:
            facts |= _trained(network, vocabulary, encoded, targets, judged, **common)
    seconds = {"features": then - started, "model": time.perf_counter() - then}
    judge = Judged.of(encoded, targets, judged) if model.onnx == "int8" else None
    return NetworkBody(vocabulary, network, onnx=model.onnx, judged=judge), facts, seconds


def _trained(
    network: Network,
    vocabulary: Vocabulary,
    encoded: Encoded,
    targets: Targets,
    judged: NDArray[np.bool_],
    *,
    model: ModelConfig,
    train: TrainConfig,
    seed: int,
    keep: Path | None,
    progress: Callable[[str], None],
    watch: Watch | None,
) -> dict[str, Any]:
    """Train a network from end to end; what that took."""
    from textmill.models.networks import loop, processes
    from textmill.models.networks.objective import Classification

    training = training_of(model, train, encoded.lengths)
    device = loop.device_of(train)
    rates = _prepared(network, model)
    problem = Classification(
        encoded,
        targets,
        judged,
        smoothing=train.label_smoothing,
        balanced=model.class_weight == "balanced",
        budget=training.batch_tokens,
        pad=vocabulary.pad,
        device=device,
    )
    network.to(device)
    told: dict[str, Any] = {"keep": keep, "progress": progress, "watch": watch}
    trained = processes.fit(network, problem, train, training, seed=seed, rates=rates, **told)
    network.cpu().finish()
    took = {"judged": int(judged.sum()), "steps": trained.steps, "best_epoch": trained.best, "epochs": trained.epochs}
    took |= {name: getattr(training, name) for name in ("learning_rate", "batch_tokens")}
    took["most_epochs"] = training.epochs
    return took | ({"halved": trained.halved} if trained.halved else {})


def _prepared(network: Network, model: ModelConfig) -> Rates | None:
    """Say which part of a pretrained network is trained, and how fast each layer of it."""
    if model.kind != "pretrained":
        return None
    from textmill.models.networks.pretrained import Pretrained, layered

    assert isinstance(network, Pretrained)
    network.learn(model.learns)
    return layered(network, model.layer_decay)


def judged_texts(encoded: Encoded, share: float, seed: int) -> NDArray[np.bool_]:
    """Which texts say when to stop and are not learned from: bool (n_texts,).

    Texts with the same tokens are on one side. Of few texts there may be none.

    Parameters
    ----------
    share : of the texts, about

    Examples
    --------
    >>> from textmill.models.networks.vocabulary import Vocabulary
    >>> from textmill.text import TextPath
    >>> path = TextPath()
    >>> texts = ["a fire", "fire", "a storm", "Fire!"] * 50
    >>> vocabulary = Vocabulary.learn(path, path.tokens(texts), most=10, max_tokens=9)
    >>> judged = judged_texts(vocabulary.encode(texts), 0.3, seed=13)
    >>> bool((judged.reshape(50, 4).all(axis=0) == judged.reshape(50, 4).any(axis=0)).all())
    True
    """
    first = encoded.rows[np.searchsorted(encoded.texts, np.arange(encoded.n_texts + 1))]
    alike: dict[bytes, int] = {}
    groups = np.array(
        [
            alike.setdefault(encoded.ids[begin:end].tobytes(), len(alike))
            for begin, end in zip(first[:-1].tolist(), first[1:].tolist(), strict=True)
        ],
        np.int64,
    )
    found: NDArray[np.bool_] = (np.random.default_rng([0x5EED, seed]).random(len(alike)) < share)[groups]
    return found if not found.all() else np.zeros(encoded.n_texts, bool)
