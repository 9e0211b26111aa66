"""Vocabularies of subwords: one that comes with pretrained weights, or one that is learned from the texts."""

from __future__ import annotations

import json
from typing import Any

from textmill.config import TextConfig
from textmill.errors import MissingExtra
from textmill.models.networks.vocabulary import Vocabulary
from textmill.text.path import TextPath
from textmill.text.subword import SubwordTokens

__all__ = ["learn_subwords", "subword_vocabulary"]

_PAD, _UNKNOWN = "[PAD]", "[UNK]"


def subword_vocabulary(text: TextPath, tokenizer: bytes, *, max_tokens: int, windows: bool) -> Vocabulary:
    """The vocabulary of a tokenizer file, behind the cleaners of a text path.

    Case, stop words, maps and the splitter of the path do not count: the file says how a text is split, and whether it
    is put in small letters first.

    Parameters
    ----------
    tokenizer : the bytes of a ``tokenizer.json``

    Raises
    ------
    DataError : if they are none
    MissingExtra : if the `tokenizers` library is not installed
    """
    terms = SubwordTokens.from_bytes(tokenizer).vocabulary
    config = TextConfig(
        clean=text.config.clean, case="keep", tokens="subword", tokens_file="tokenizer.json", map="none"
    )
    path = TextPath(config, assets={"tokens_file": tokenizer})
    before, after = _around(tokenizer)
    spec = json.loads(tokenizer)
    unknown = spec["model"].get("unk_token") or ""
    padding = (spec.get("padding") or {}).get("pad_token") or next(
        (term for term in (_PAD, "<pad>", "<|endoftext|>") if term in terms), ""
    )
    pad = terms.index(padding) if padding in terms else 0
    return Vocabulary(
        path,
        terms,
        max_tokens=max_tokens,
        windows=windows,
        pad=pad,
        unknown=terms.index(unknown) if unknown in terms else pad,
        around=(before, after),
    )


def _around(tokenizer: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the file puts before and after the tokens of a text, such as [CLS] and [SEP]."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer.decode())
    made.no_padding()
    made.no_truncation()
    said = made.encode("a", add_special_tokens=True)
    own = [place for place, special in enumerate(said.special_tokens_mask) if not special]
    first, last = (own[0], own[-1]) if own else (len(said.ids) // 2, len(said.ids) // 2 - 1)
    return tuple(said.ids[:first]), tuple(said.ids[last + 1 :])


def learn_subwords(texts: Any, text: TextPath, *, most: int, max_tokens: int, windows: bool) -> Vocabulary:
    """Learn pieces of words (WordPiece) from texts, behind the cleaners and the case of a text path.

    The same texts give the same vocabulary.

    Parameters
    ----------
    texts : what `TextPath.prepared` takes
    most : pieces at most
    """
    try:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    except ImportError as error:
        raise MissingExtra('kind = "encoder"', package="tokenizers", extra="networks") from error
    made = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    # the file has to say all that is done to a text but the cleaning
    made.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=text.config.case != "keep"
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    prepared = list(text.prepared(texts))
    # the trainer numbers letters inside of words as it meets them, which is in no order, and of pairs that are equally
    # frequent takes the one with the lower numbers: so they are numbered before
    inside: set[str] = set()
    for letter in set().union(*prepared):
        parts = made.pre_tokenizer.pre_tokenize_str(made.normalizer.normalize_str(f"a{letter}"))
        inside |= set(parts[0][0][1:]) if len(parts) == 1 else set()
    named = [_PAD, _UNKNOWN, *(f"##{letter}" for letter in sorted(inside))]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(most, len(named)), min_frequency=2, special_tokens=named, show_progress=False
    )
    made.train_from_iterator(prepared, trainer)
    spec = json.loads(made.to_str())
    spec["added_tokens"] = [token for token in spec["added_tokens"] if token["content"] in (_PAD, _UNKNOWN)]
    file = json.dumps(spec, ensure_ascii=False).encode()
    return subword_vocabulary(text, file, max_tokens=max_tokens, windows=windows)
