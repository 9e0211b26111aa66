"""Texts that a network learns in a moment, and pretrained weights of a few numbers."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, processors
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p

from textmill.config import ModelConfig, TrainConfig
from textmill.models.networks.loop import own_chance

BOTH = ["today", "street", "people", "town", "morning", "everyone", "river", "house", "warnings", "warned"]
BAD = ["flood", "fire"]
GOOD = ["picnic", "sun"]
TRAIN = TrainConfig(threads=1, epochs=12, patience=0, learning_rate=0.03, batch_tokens=64)


def texts(count: int = 60, seed: int = 1) -> tuple[list[str], list[str]]:
    """Texts of common words, one of which decides."""
    draw = random.Random(seed)
    made, labels = [], []
    for number in range(count):
        words = draw.choices(BOTH, k=draw.randint(2, 7))
        words.insert(draw.randint(0, len(words)), draw.choice((BAD, GOOD)[number % 2]))
        made.append(" ".join(words))
        labels.append(("bad", "good")[number % 2])
    return made, labels


def own(kind: str, **more: Any) -> ModelConfig:
    """A small network of a kind that is trained from nothing."""
    small: dict[str, Any] = {"kind": kind, "width": 8, "vocabulary": 60, "dropout": 0.1}
    return ModelConfig(**small | ({"heads": 2, "layers": 1} if kind == "encoder" else {}) | more)


def pretrained(folder: Path, kind: str = "pretrained", **more: Any) -> ModelConfig:
    return ModelConfig(**{"kind": kind, "weights": str(folder), "max_tokens": 24} | more)


def bert(folder: Path, *, layers: int = 2) -> Path:
    """A folder as `transformers` writes it: a BERT whose weights are chance."""
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True)
    letters = sorted({letter for word in (*BOTH, *GOOD, *BAD) for letter in word})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    terms = [*special, *letters, *(f"##{letter}" for letter in letters), *BOTH, *GOOD, *BAD, "##s", "##ed"]
    numbers = {term: number for number, term in enumerate(dict.fromkeys(terms))}
    made = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = n.BertNormalizer(), p.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.save(str(folder / "tokenizer.json"))
    import torch

    with own_chance():
        torch.manual_seed(3)
        config = BertConfig(
            vocab_size=made.get_vocab_size(),
            hidden_size=16,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            initializer_range=0.3,
        )
        BertModel(config).save_pretrained(folder)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
