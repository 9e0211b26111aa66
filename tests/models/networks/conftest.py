from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from textmill.models.networks.loop import one_thread_number, own_chance

sys.path.insert(0, str(Path(__file__).parent))  # toy_training and toy_models, beside this file


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """One thread, and chance of its own for each test."""
    with one_thread_number(1), own_chance():
        torch.manual_seed(7)
        yield
