"""scikit-learn's own tests of its vectorisers, run against ours."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.feature_extraction import text as theirs

OURS = ("CountVectorizer", "HashingVectorizer", "TfidfTransformer", "TfidfVectorizer")


@pytest.mark.slow
def test_ours_pass_all_tests_of_theirs(tmp_path: Path) -> None:
    source = (Path(theirs.__file__).parent / "tests" / "test_text.py").read_text(encoding="utf-8")
    for name in OURS:
        source, found = re.subn(rf"^    {name},\n", "", source, count=1, flags=re.MULTILINE)
        assert found, f"scikit-learn's tests import {name} in another way now"
    adapted = tmp_path / "test_text.py"
    adapted.write_text(f"from textmill.features import {', '.join(OURS)}\n{source}", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore",
        "--rootdir",
        str(tmp_path),
    ]
    run = subprocess.run([*command, str(adapted)], capture_output=True, text=True, check=False, cwd=tmp_path)
    passed = re.search(r"(\d+) passed", run.stdout)
    assert run.returncode == 0, run.stdout[-3000:]
    assert passed is not None
    assert int(passed[1]) > 100
