from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from textmill.models.networks.loop import one_thread_number, own_chance


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """One thread, and chance of its own for each test."""
    with one_thread_number(1), own_chance():
        torch.manual_seed(7)
        yield
