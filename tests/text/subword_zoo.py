"""Small tokenizers of every kind, trained on seeded text."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, models, trainers
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CHAT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


_WORDS = (
    "flood fire storm warning people house street river north south café naïve don't it's we'll 2024 15 3.5 Übung "
    "straße ΑΣ Σίσυφος привет 東京 日本 हिन्दी 한국어 ไทย 😀 ﬁre e\u0301te !! ... , ; (a) #tag @you x_y"
)


@cache
def lines() -> list[str]:
    draw = random.Random(3)
    words = _WORDS.split(" ")
    made = []
    for _ in range(300):
        some = draw.choices(words, k=draw.randint(1, 12))
        made.append(
            draw.choice([" ", " ", " ", "  ", "\n", ", "]).join(w + draw.choice(["", "s", "ed", "ing"]) for w in some)
        )
    return made


@cache
def model_of(kind: str, bytes_: bool) -> dict[str, Any]:
    """The JSON of a trained model; in GPT-2's letters for bytes if asked."""
    made = {
        "BPE": lambda: Tokenizer(models.BPE(unk_token=None if bytes_ else "[UNK]")),
        "WordPiece": lambda: Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=12)),
        "Unigram": lambda: Tokenizer(models.Unigram()),
    }[kind]()
    made.pre_tokenizer = (
        p.ByteLevel(add_prefix_space=False) if bytes_ else p.Metaspace() if kind == "Unigram" else p.Whitespace()
    )
    special = [] if bytes_ else ["[UNK]"]
    alphabet = p.ByteLevel.alphabet() if bytes_ else []
    trainer = {
        "BPE": lambda: trainers.BpeTrainer(
            vocab_size=500, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
        "WordPiece": lambda: trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False),
        "Unigram": lambda: trainers.UnigramTrainer(
            vocab_size=300, special_tokens=["[UNK]"], unk_token="[UNK]", show_progress=False
        ),
    }[kind]()
    made.train_from_iterator(lines(), trainer)
    return dict(json.loads(made.to_str())["model"])


def tokenizer(
    kind: str, pre: p.PreTokenizer | None, normal: n.Normalizer | None = None, *, bytes_: bool = False
) -> Tokenizer:
    empty = {"version": "1.0", "added_tokens": [], "model": model_of(kind, bytes_)}
    made = Tokenizer.from_str(json.dumps(empty))
    if pre is not None:
        made.pre_tokenizer = pre
    if normal is not None:
        made.normalizer = normal
    made.add_special_tokens(["[CLS]", "<s>", AddedToken("[MASK]", lstrip=True)])
    made.add_tokens([AddedToken("éà", normalized=True), AddedToken("x_y", single_word=True)])
    return made


def named(made: Tokenizer, ids: list[int]) -> list[str]:
    """What ids stand for, by the vocabulary; `id_to_token` gives some added tokens as the normalizer leaves them."""
    names = {number: token for token, number in made.get_vocab(with_added_tokens=True).items()}
    return [names[number] for number in ids]


NORMALIZERS = {
    "none": None,
    "bert": n.BertNormalizer(),
    "bert cased": n.BertNormalizer(lowercase=False),
    "bert accents": n.BertNormalizer(strip_accents=False),
    "bert unclean": n.BertNormalizer(clean_text=False, handle_chinese_chars=False),
    "lower": n.Lowercase(),
    "nfc": n.NFC(),
    "nfd": n.NFD(),
    "nfkc": n.NFKC(),
    "nfkd": n.NFKD(),
    "nmt": n.Nmt(),
    "folded": n.Sequence([n.NFD(), n.Lowercase(), n.StripAccents()]),
    "folded k": n.Sequence([n.NFKC(), n.StripAccents(), n.NFC(), n.Lowercase()]),
    "stripped": n.Sequence([n.NFKC(), n.Strip(), n.Replace(Regex(" {2,}"), " ")]),
    "quoted": n.Sequence([n.Replace("``", '"'), n.Replace("'", "’"), n.NFKD()]),
    "middle": n.Sequence([n.NFKC(), n.Replace("ss", "ß"), n.Lowercase()]),
    "prepended": n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")]),
}

PRE_TOKENIZERS = {
    "none": None,
    "bert": p.BertPreTokenizer(),
    "whitespace": p.Whitespace(),
    "whitespace split": p.WhitespaceSplit(),
    "punctuation": p.Punctuation(),
    "signs": p.Sequence([p.Punctuation("merged_with_previous"), p.WhitespaceSplit(), p.Digits(individual_digits=True)]),
    "signs next": p.Sequence([p.Punctuation("merged_with_next"), p.Digits()]),
    "signs removed": p.Punctuation("removed"),
    "sign runs": p.Punctuation("contiguous"),
    "delimiter": p.CharDelimiterSplit(","),
    "split": p.Split(" ", "merged_with_next"),
    "metaspace": p.Metaspace(),
    "metaspace first": p.Metaspace(prepend_scheme="first"),
    "metaspace never": p.Metaspace(prepend_scheme="never"),
    "metaspace whole": p.Metaspace(split=False),
    "words metaspace": p.Sequence([p.WhitespaceSplit(), p.Metaspace()]),
    "words metaspace first": p.Sequence([p.WhitespaceSplit(), p.Metaspace(prepend_scheme="first")]),
    "digits metaspace": p.Sequence([p.Digits(individual_digits=True), p.Metaspace()]),
    "signs metaspace": p.Sequence([p.Punctuation(), p.Metaspace()]),
    "metaspace signs": p.Sequence([p.Metaspace(), p.Punctuation()]),
    "scripts": p.Sequence([p.UnicodeScripts(), p.Whitespace()]),
    "fixed": p.FixedLength(4),
    "regex": p.Split(Regex(r"\s+"), "removed"),
}

BYTE_LEVEL = {
    "gpt2": p.ByteLevel(add_prefix_space=False),
    "roberta": p.ByteLevel(add_prefix_space=True),
    "digits gpt2": p.Sequence([p.Digits(individual_digits=True), p.ByteLevel(add_prefix_space=False)]),
    "digits roberta": p.Sequence([p.Digits(individual_digits=True), p.ByteLevel(add_prefix_space=True)]),
    "spelled gpt2": p.Sequence(
        [p.Split(Regex(GPT2), "isolated"), p.ByteLevel(add_prefix_space=False, use_regex=False)]
    ),
    "chat": p.Sequence(
        [p.Split(Regex(CHAT % "{1,3}"), "isolated"), p.ByteLevel(add_prefix_space=False, use_regex=False)]
    ),
    "chat digits": p.Sequence(
        [p.Split(Regex(CHAT % ""), "isolated"), p.ByteLevel(add_prefix_space=False, use_regex=False)]
    ),
    "words": p.Sequence([p.WhitespaceSplit(), p.ByteLevel(add_prefix_space=False, use_regex=False)]),
    "twice": p.Sequence([p.Split(Regex(GPT2), "isolated"), p.ByteLevel(add_prefix_space=False)]),
}
