"""Disks that are small or closed, for a test that mounts them where nobody else sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def mounted(script: str, place: Path) -> str:
    """What a script prints in a mount namespace of its own, which ends with it."""
    place.mkdir()
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    try:
        tried = subprocess.run([*own, "true"], check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no unshare here, so nothing can be mounted for a test")
    if tried.returncode:
        pytest.skip("this user may not mount, so no disk can be made small or closed for a test")
    done = subprocess.run(
        [*own, sys.executable, "-c", script, str(place)], check=False, capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode == 77:
        pytest.skip("this machine does not let a test mount")
    assert done.returncode == 0, done.stderr
    return done.stdout
