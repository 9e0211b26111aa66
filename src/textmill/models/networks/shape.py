"""What "auto" means for each kind of network: sizes, and how it is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.config import ModelConfig, TrainConfig
from textmill.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Shape", "Training", "shape_of", "training_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a network; those that its kind does not have are not looked at."""

    width: int
    layers: int
    heads: int
    dropout: float
    max_tokens: int
    pooling: str


@dataclass(frozen=True, slots=True)
class Training:
    """What of ``[train]`` depends on the kind."""

    epochs: int
    learning_rate: float
    batch_tokens: int
    patience: int = 2


# Chosen on validation parts of training sides: tweets, headlines, film reviews
_SHAPES = {
    "cnn": Shape(128, 1, 1, 0.5, 400, "max"),
    "lstm": Shape(128, 1, 1, 0.5, 400, "max"),
    "gru": Shape(128, 1, 1, 0.5, 400, "max"),
    "encoder": Shape(128, 2, 4, 0.2, 256, "mean"),
    "pretrained": Shape(0, 0, 0, 0.1, 256, "mean"),
    "sentence": Shape(0, 0, 0, 0.0, 256, "mean"),
}
_FEWEST = 24  # texts of a batch, on average; fewer make noisy steps, and many of them
_STEPS, _EPOCHS = 600, 50  # of few texts as many epochs as make so many steps, at most so many: fewer teach nothing
_STEPS_PRETRAINED, _EPOCHS_PRETRAINED = 200, 20  # of weights that know the language (Mosbach et al., 2021)
# Of many texts fewer epochs, about so many steps: the rate is to be down before the texts are known by heart. Of 25,000
# film reviews an LSTM has 0.887 right after four epochs, and 0.868 where it was to go through ten and stopped early
_MOST_STEPS, _FEWEST_EPOCHS = 4000, 4
_TRAININGS = {
    "cnn": Training(10, 1e-3, 1024),
    "lstm": Training(10, 1e-3, 1024),
    "gru": Training(10, 1e-3, 1024),
    "encoder": Training(12, 1e-3, 4096),
    "pretrained": Training(3, 1e-4, 1024),
    "sentence": Training(1, 2e-5, 2048),  # of pairs
}


def shape_of(model: ModelConfig) -> Shape:
    """The sizes of a network.

    Raises
    ------
    ConfigError : if they do not fit together

    Examples
    --------
    >>> shape_of(ModelConfig(kind="lstm", width=64)).width
    64
    """
    default = _SHAPES[model.kind]
    found = Shape(**{name: _or(getattr(model, name), getattr(default, name)) for name in Shape.__slots__})
    if model.kind == "encoder" and found.width % (2 * found.heads):
        wanted = f"a multiple of {2 * found.heads}, twice the number of heads"
        raise ConfigError([f"model.width: wanted {wanted}, got {found.width}"])
    return found


def training_of(model: ModelConfig, train: TrainConfig, lengths: Sequence[int] | NDArray[np.int64]) -> Training:
    """How a network is trained.

    Parameters
    ----------
    lengths : tokens of each text; however long they are, a batch has about 24 texts or more, and however
        few there are, there are enough steps, unless an epoch more would be the 51st (of pretrained ones the 21st);
        of many texts those that read words go through four epochs or more, as many as make 4,000 steps

    Examples
    --------
    >>> training_of(ModelConfig(kind="cnn"), TrainConfig(epochs=2), [20] * 5000).epochs
    2
    >>> training_of(ModelConfig(kind="cnn"), TrainConfig(), [200] * 5000).batch_tokens
    4800
    >>> [training_of(ModelConfig(kind="cnn"), TrainConfig(), [20] * n).epochs for n in (500, 2000, 5000, 50_000)]
    [50, 16, 10, 5]
    """
    default, length = _TRAININGS[model.kind], float(np.mean(lengths))
    default = replace(default, batch_tokens=max(default.batch_tokens, round(_FEWEST * length)))
    if model.kind != "sentence":
        at_once = _or(train.batch_tokens, default.batch_tokens) * train.accumulate * train.processes
        steps, most = (_STEPS_PRETRAINED, _EPOCHS_PRETRAINED) if model.kind == "pretrained" else (_STEPS, _EPOCHS)
        each = max(1.0, len(lengths) * length / at_once)  # steps of an epoch
        epochs = max(default.epochs, min(most, math.ceil(steps / each)))
        if model.kind in ("cnn", "lstm", "gru"):
            epochs = min(epochs, max(_FEWEST_EPOCHS, math.ceil(_MOST_STEPS / each)))
        default = replace(default, epochs=epochs)
    default = replace(default, patience=max(default.patience, _or(train.epochs, default.epochs) // 5))
    return Training(**{name: _or(getattr(train, name), getattr(default, name)) for name in Training.__slots__})


def _or(asked: Any, default: Any) -> Any:
    return default if asked == "auto" else asked
