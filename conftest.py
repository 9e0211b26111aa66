"""What is looked into for tests: modules without an example in a docstring are not imported for want of one."""

from __future__ import annotations

from pathlib import Path

SOURCE = Path(__file__).parent / "src"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what holds no example: some of it imports packages that take seconds, in each process anew."""
    if collection_path.suffix == ".py" and SOURCE in collection_path.parents:
        return ">>>" not in collection_path.read_text(encoding="utf-8") or None
    return None
