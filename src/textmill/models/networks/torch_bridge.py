"""A network as PyTorch computes it: asked, saved, loaded. Imports torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from textmill.config import ModelConfig
from textmill.errors import CorruptError
from textmill.models.networks.loop import one_thread_number, own_chance
from textmill.models.networks.modules import Network, mask_of
from textmill.models.networks.reading import CONFIG, rebuilt

__all__ = ["answered", "load_network", "one_thread", "save_network"]


def answered(network: Network, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
    """Outputs float32 (n_texts, n_outputs) of numbered tokens int64 (n_texts, longest)."""
    with torch.inference_mode():
        tokens = torch.from_numpy(ids)
        found: NDArray[np.float32] = network(tokens, mask_of(torch.from_numpy(lengths), tokens.shape[1])).numpy()
        return found


def one_thread() -> tuple[AbstractContextManager[None], Callable[[], None]]:
    """Inside the one, this thread computes alone; a thread that calls the other at its beginning does so too."""
    # threads that begin later take the number that was set last
    return one_thread_number(1), partial(torch.set_num_threads, 1)


def save_network(network: Network, folder: Path, file: str) -> None:
    """Write what a pretrained architecture is, and the weights as safetensors."""
    network.save_config(folder / CONFIG)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / file)


def load_network(
    folder: Path, file: str, config: ModelConfig, n_terms: int, n_outputs: int, width: int | None, *, paired: bool
) -> Network:
    """Read what `save_network` wrote.

    Parameters
    ----------
    paired : whether each text is two

    Raises
    ------
    CorruptError : if it is not what it says
    """
    with own_chance():  # which the weights that are replaced at once are drawn from
        network = rebuilt(folder, config, n_terms, n_outputs, width, paired=paired)
    try:
        network.load_state_dict(load_file(folder / file))
    except (SafetensorError, RuntimeError) as error:
        said = str(error).strip().splitlines()[-1].strip()
        raise CorruptError(f"the weights cannot be read: {said}", where=str(folder / file)) from error
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise CorruptError("a weight is no number", where=str(folder / file))
    return network.eval()
