"""Runs the fuzz targets that were built in a folder, one after the other: what `make fuzz` does.

They start from the fragments of the tests' strategies and from naughty strings, which are written into the folder as
seeds and a dictionary. What they found worth keeping stays in FOLDER/corpus for the next time, what broke a law in
FOLDER/broken: run the target with that file to see it again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from strategies import _NASTY  # noqa: E402

MORE = [
    *("#", "#Ab", "a@b.co", "[1]", "[note 2]", "[citation needed]", "1\ufe0f\u20e3", "👨‍👩‍👧", "🇫🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
    *("각", "\u1100\u1161\u11a8", "\u0f73", "\ufdfa", "\u0344", "ﬁ", "I.B.M.", "3.14", "1,000", "can't", "‘a’", "..."),
    *(
        "!?",
        ":-)",
        "8-D",
        "<3",
        "-->",
        "<---",
        "(a(b)c)",
        "a.co/b",
        "+1 (555) 123-4567",
        "?!.\u2028",
        "Mr. A.",
        "``",
        "''",
    ),
]


def naughty_strings() -> list[str]:
    folder = Path(os.environ.get("TEXTMILL_DATA", ROOT.parent / "shared" / "data"))
    file = folder / "naughty_strings" / "blns.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def quoted(data: bytes) -> str:
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02X}" for b in data) + '"'


def write_seeds(folder: Path) -> None:
    chance = random.Random(13)
    pieces = [*_NASTY, *MORE]
    texts = [*pieces, *naughty_strings()]
    for _ in range(400):
        some = (chance.choice(pieces) * chance.choice([1, 1, 1, 3, 20]) for _ in range(chance.randint(1, 8)))
        texts.append("".join(some))
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for i, text in enumerate(texts):
        choices = bytes(chance.randrange(256) for _ in range(6))
        body = text.encode("utf-8", "surrogatepass")
        if i % 4 == 3:  # two texts, and one torn behind them
            body = b"\xfe".join([body, chance.choice(texts).encode("utf-8", "surrogatepass"), body[: len(body) // 2]])
        (seeds / f"{i:04}").write_bytes(choices + body)
    words = {piece.encode("utf-8", "surrogatepass")[:60] for piece in pieces if piece}
    (folder / "words.dict").write_text("\n".join(quoted(word) for word in sorted(words)) + "\n", encoding="ascii")


def run(folder: Path, target: Path, seconds: int) -> bool:
    name = target.name.removeprefix("fuzz_")
    corpus, broken = folder / "corpus" / name, folder / "broken" / name
    for made in (corpus, broken):
        made.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("w") as out:
        done = subprocess.run(
            [
                *(
                    target,
                    f"-max_total_time={seconds}",
                    f"-dict={folder / 'words.dict'}",
                    "-max_len=2048",
                    "-timeout=25",
                ),
                *(f"-artifact_prefix={broken}/", corpus, folder / "seeds"),
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if "broken law" in line or "ERROR" in line or "runtime error" in line]
    last = next((line for line in reversed(lines) if "DONE" in line), "")
    result = f"no law broken; {' '.join(last.split())}" if done.returncode == 0 else f"BROKEN: {' '.join(told)}"
    print(f"{name:12} {result}", flush=True)
    if done.returncode:
        print(f"             see {log} and {broken}")
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("targets", nargs="*", help="as they are called without fuzz_; all of them")
    asked = parser.parse_intermixed_args()
    folder = asked.folder.resolve()
    built = sorted(
        file for file in (folder / "native" / "fuzz").glob("fuzz_*") if os.access(file, os.X_OK) and file.is_file()
    )
    chosen = [file for file in built if not asked.targets or file.name.removeprefix("fuzz_") in asked.targets]
    unknown = {*asked.targets} - {file.name.removeprefix("fuzz_") for file in built}
    if unknown or not chosen:
        print(f"no such target: {', '.join(sorted(unknown)) or 'nothing is built'}", file=sys.stderr)
        return 2
    write_seeds(folder)
    each = max(1, asked.seconds // len(chosen))
    print(f"{len(chosen)} targets, {each} seconds each")
    ended = [run(folder, target, each) for target in chosen]
    return 0 if all(ended) else 1


if __name__ == "__main__":
    sys.exit(main())
