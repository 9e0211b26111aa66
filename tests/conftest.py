"""What the tests of several rooms share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # for `import strategies` and `from oracle import words`

from strategies import examples

# a busy machine is no fault of the code: no test has a time limit for one example. And the same examples each time, so
# that a change that broke nothing sees nothing break; TEXTMILL_EXPLORE=1 looks for new ones.
settings.register_profile(
    "textmill", deadline=None, derandomize=not os.environ.get("TEXTMILL_EXPLORE"), max_examples=examples(100)
)
settings.load_profile("textmill")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets: TEXTMILL_DATA, else shared/data beside the repository."""
    named = os.environ.get("TEXTMILL_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data here: set TEXTMILL_DATA to the folder that holds them")
    return folder
