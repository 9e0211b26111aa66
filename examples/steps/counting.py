"""Steps of examples/steps: each parameter is what the step of that name gave."""

from collections import Counter
from pathlib import Path


def parts() -> list[str]:
    """The files to count; a step that names this one in `for_each` is done for each of them."""
    return sorted(str(path) for path in Path("parts").glob("*.txt"))


def count(item: str) -> dict[str, int]:
    """How often each word is in one file."""
    return dict(Counter(Path(item).read_text(encoding="utf-8").split()))


def total(count: list[dict[str, int]]) -> dict[str, int]:
    """The counts of all files together."""
    found: Counter[str] = Counter()
    for one in count:
        found.update(one)
    return dict(found.most_common())
