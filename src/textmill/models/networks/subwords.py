"""Vocabularies of subwords: one that comes with pretrained weights, or one that is learned from the texts."""

from __future__ import annotations

import json
from typing import Any

from textmill.config import TextConfig
from textmill.errors import MissingExtra
from textmill.models.networks.vocabulary import PairLayout, Vocabulary
from textmill.text.buffers import text_chunks
from textmill.text.pairs import part_chunks
from textmill.text.path import TextPath
from textmill.text.subword import SubwordTokens

__all__ = ["learn_subwords", "subword_vocabulary"]

_PAD, _UNKNOWN, _BETWEEN = "[PAD]", "[UNK]", "[SEP]"


def subword_vocabulary(
    text: TextPath, tokenizer: bytes, *, max_tokens: int, windows: bool, shift: int = 0, apart: bool = False
) -> Vocabulary:
    """The vocabulary of a tokenizer file, behind the cleaners of a text path.

    Case, stop words, maps and the splitter of the path do not count: the file says how a text is split, and whether it
    is put in small letters first.

    Parameters
    ----------
    tokenizer : the bytes of a ``tokenizer.json``
    shift : of pairs of texts, what is added to the numbers of the second one where the file tells the two apart
    apart : of pairs of texts, whether each is read on its own

    Raises
    ------
    DataError : if they are none
    MissingExtra : if the `tokenizers` library is not installed
    """
    terms = SubwordTokens.from_bytes(tokenizer).vocabulary
    config = TextConfig(
        clean=text.config.clean,
        case="keep",
        tokens="subword",
        tokens_file="tokenizer.json",
        map="none",
        pairs=text.config.pairs,
    )
    path = TextPath(config, assets={"tokens_file": tokenizer})
    (before, after), pairs = _around(tokenizer), None
    if text.config.pairs:
        before, after, pairs = _apart(before, after, shift) if apart else _together(tokenizer, shift)
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
        pairs=pairs,
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


def _apart(
    before: tuple[int, ...], after: tuple[int, ...], shift: int
) -> tuple[tuple[int, ...], tuple[int, ...], PairLayout]:
    between = (*after, *(number + shift for number in before))
    return before, after, PairLayout(between, shift, after=True, apart=True)


def _together(tokenizer: bytes, shift: int) -> tuple[tuple[int, ...], tuple[int, ...], PairLayout]:
    """What the file puts before, between and after the tokens of two texts, and whether it tells them apart."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer.decode())
    made.no_padding()
    made.no_truncation()
    said = made.encode("a", "b", add_special_tokens=True)
    if 1 not in said.type_ids:
        shift = 0
    sides = said.sequence_ids  # None of what stands around
    first = [place for place, side in enumerate(sides) if side == 0]
    second = [place for place, side in enumerate(sides) if side == 1]
    numbers = [number + shift * kind for number, kind in zip(said.ids, said.type_ids, strict=True)]
    between, end = tuple(numbers[first[-1] + 1 : second[0]]), second[-1] + 1
    layout = PairLayout(between, shift, after=any(said.type_ids[end:]))
    return tuple(said.ids[: first[0]]), tuple(said.ids[end:]), layout


def learn_subwords(texts: Any, text: TextPath, *, most: int, max_tokens: int, windows: bool) -> Vocabulary:
    """Learn pieces of words (WordPiece) from texts, behind the cleaners and the case of a text path.

    The same texts give the same vocabulary.

    Parameters
    ----------
    texts : what `TextPath.prepared` takes
    most : pieces at most
    """
    try:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    except ImportError as error:
        raise MissingExtra('kind = "encoder"', package="tokenizers", extra="networks") from error
    made = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    # the file has to say all that is done to a text but the cleaning
    made.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=text.config.case != "keep"
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    chunks = list(text_chunks(texts))
    own = [_PAD, _UNKNOWN, _BETWEEN] if text.config.pairs else [_PAD, _UNKNOWN]
    # The trainer numbers letters within words in an order that differs from process to process, and of pieces that are
    # equally frequent the numbers decide. So a first pass finds those letters, and a second is told them.
    within: list[str] = []
    for size in (1, most):
        trainer = trainers.WordPieceTrainer(
            vocab_size=size, min_frequency=2, special_tokens=[*own, *within], show_progress=False
        )
        single = part_chunks(iter(chunks)) if text.config.pairs else iter(chunks)
        made.train_from_iterator(text.part.prepared(single), trainer)
        within = sorted(term for term in made.get_vocab() if len(term) == 3 and term.startswith("##"))
    if text.config.pairs:
        made.post_processor = processors.TemplateProcessing(
            single="$A", pair=f"$A {_BETWEEN} $B", special_tokens=[(_BETWEEN, made.token_to_id(_BETWEEN))]
        )
    spec = json.loads(made.to_str())
    spec["added_tokens"] = [one for one in spec["added_tokens"] if one["content"] in own]
    tokenizer = json.dumps(spec, ensure_ascii=False).encode()
    return subword_vocabulary(text, tokenizer, max_tokens=max_tokens, windows=windows)
