"""Subwords as the tokenizers library gives them: ids, places, and what happens to files that are none."""

from __future__ import annotations

import gzip
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subword_zoo as zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from strategies import examples, texts
from textmill import _native
from textmill.errors import DataError
from textmill.text import SubwordTokens
from textmill.text.buffers import text_buffers

CONFIGS = [
    *(("Unigram", "whitespace", name) for name in zoo.NORMALIZERS),
    *(("WordPiece", "bert", name) for name in ("bert", "bert cased", "nfc", "folded")),
    *((("BPE", "WordPiece", "Unigram")[i % 3], name, "none") for i, name in enumerate(zoo.PRE_TOKENIZERS)),
    *(("bytes", name, "none") for name in zoo.BYTE_LEVEL),
    ("bytes", "chat", "nfc"),
    ("Unigram", "metaspace", "folded k"),
]

# what a text is awkward for, and what pre-tokenizers cut at; few at a time, or every text would be awkward
_SIGNS = [
    *("[CLS]", "<s>", " [MASK] ", "éà", "x_y", "▁", "▁▁", "  ", "'s", "'S", "'ſ", "'LL", "don't", "\r\n", "\r", "\n\n"),
    *("\u1100", "\u1161", "\u11a8", "각", "각ᆨ", "\u0344", "\u0301", "ﬁ", "ﷺ", "½", "``", "ss", "㎏", "𝅘𝅥𝅮", "ா", "கா"),
    *(
        "\u0338",
        "👨‍👩‍👧",
        "🇫🇷",
        "🏽",
        "ไำ",
        "\u0d4e",
        "123",
        "12345",
        " 1",
        "!!\n\n",
        "\x00",
        "\ufeff",
        "\u200b",
        "Σ",
        "İ",
    ),
]
pieces = st.one_of(
    st.sampled_from([word for line in zoo.lines()[:20] for word in line.split(" ")]),
    st.sampled_from([word for line in zoo.lines()[:20] for word in line.split(" ")]),
    st.sampled_from(_SIGNS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
)
short = st.lists(pieces, max_size=8).map("".join) | st.lists(pieces, max_size=8).map(" ".join)


@cache
def both(config: tuple[str, str, str]) -> tuple[Tokenizer, SubwordTokens]:
    kind, pre, normal = config
    if kind == "bytes":
        made = zoo.tokenizer("BPE", zoo.BYTE_LEVEL[pre], zoo.NORMALIZERS[normal], bytes_=True)
    else:
        made = zoo.tokenizer(kind, zoo.PRE_TOKENIZERS[pre], zoo.NORMALIZERS[normal])
    return made, SubwordTokens.from_bytes(made.to_str().encode())


def require_equal(config: tuple[str, str, str], batch: list[str]) -> None:
    library, subwords = both(config)
    ids, rows = subwords.ids(batch, threads=2)
    for i, text in enumerate(batch):
        wanted = library.encode(text, add_special_tokens=False).ids
        assert ids[rows[i] : rows[i + 1]].tolist() == wanted, text


@given(st.sampled_from(CONFIGS), st.lists(short, max_size=4))
def test_ids_are_the_librarys(config: tuple[str, str, str], batch: list[str]) -> None:
    require_equal(config, batch)


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS, ids=" ".join)
@settings(max_examples=examples(30))
@given(batch=st.lists(short | texts, max_size=4))
def test_ids_are_the_librarys_for_each_kind(config: tuple[str, str, str], batch: list[str]) -> None:
    require_equal(config, batch)


@pytest.mark.parametrize("config", [c for c in CONFIGS if c[1] in ("bert", "gpt2", "chat", "metaspace", "whitespace")])
def test_ordinary_text_is_cut_by_the_core(config: tuple[str, str, str]) -> None:
    """Else equality would prove nothing."""
    _, subwords = both(config)
    if config[2] in ("middle", "prepended"):
        assert subwords.by_library
        return
    assert subwords.by_library is None
    seen: list[int] = []
    subwords._encoded = lambda left: seen.append(len(left)) or Tokenizer.encode_batch(subwords._library, left)  # type: ignore[method-assign,func-returns-value,assignment]
    subwords.ids(["The café, 2024: don't panic!", "Übung 東京 привет 😀", "a\nb"])
    del subwords._encoded
    assert not seen


@pytest.mark.slow
@pytest.mark.parametrize("config", [("WordPiece", "bert", "bert"), ("bytes", "gpt2", "none"), ("bytes", "chat", "nfc")])
def test_every_code_point_of_the_first_plane(config: tuple[str, str, str]) -> None:
    library, subwords = both(config)
    codes = [chr(code) for code in range(0x10000) if not 0xD800 <= code <= 0xDFFF]
    batch = [f"fire {c} a{c}1{c}!{c}{c}." for c in codes]
    ids, rows = subwords.ids(batch, threads=2)
    wanted = library.encode_batch(batch, add_special_tokens=False)
    assert [i for i, one in enumerate(wanted) if ids[rows[i] : rows[i + 1]].tolist() != one.ids] == []


@given(st.sampled_from(CONFIGS), st.lists(short, max_size=4))
def test_tokens_and_places_are_the_librarys(config: tuple[str, str, str], batch: list[str]) -> None:
    library, subwords = both(config)
    found = subwords.tokens(batch, spans=True)
    assert found.spans is not None
    for i, text in enumerate(batch):
        one = library.encode(text, add_special_tokens=False)
        own = slice(found.rows[i], found.rows[i + 1])
        # a Unigram's own list of tokens has what is unknown as it stands in the text
        wanted = zoo.named(library, one.ids)
        assert [found.types[k] for k in found.ids[own]] == wanted == subwords.tokenize(text)
        assert found.spans[own].tolist() == [list(place) for place in one.offsets]
    without = subwords.tokens(batch)
    assert without.spans is None
    assert without.types == found.types
    assert without.ids.tolist() == found.ids.tolist()
    assert without.types == list(dict.fromkeys(found.types[k] for k in found.ids))


@given(st.sampled_from(CONFIGS), st.lists(short, min_size=1, max_size=6))
def test_a_text_does_not_depend_on_its_neighbours(config: tuple[str, str, str], batch: list[str]) -> None:
    _, subwords = both(config)
    ids, rows = subwords.ids(batch)
    alone = [subwords.ids([text])[0].tolist() for text in batch]
    assert [ids[rows[i] : rows[i + 1]].tolist() for i in range(len(batch))] == alone


def test_threads_change_nothing() -> None:
    _, subwords = both(("bytes", "gpt2", "none"))
    batch = zoo.lines() * 40
    one, two = subwords.ids(batch, threads=1), subwords.ids(batch, threads=5)
    assert one[0].tolist() == two[0].tolist()
    assert one[1].tolist() == two[1].tolist()


def test_many_threads_may_use_one_at_the_same_time() -> None:
    made, _ = both(("WordPiece", "bert", "bert"))
    subwords = SubwordTokens.from_bytes(made.to_str().encode())  # which has met nothing yet
    batches = [[f"{line} {chr(0x400 + 8 * k + i)}" for i, line in enumerate(zoo.lines()[:8])] for k in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(subwords.ids, batches))
    for batch, (ids, _) in zip(batches, found, strict=True):
        assert ids.tolist() == [i for text in batch for i in made.encode(text, add_special_tokens=False).ids]


def test_length_limit_and_padding_are_left_out() -> None:
    made, subwords = both(("WordPiece", "bert", "bert"))
    limited = Tokenizer.from_str(made.to_str())
    limited.enable_truncation(3)
    limited.enable_padding(length=9)
    again = SubwordTokens.from_bytes(limited.to_str().encode())
    line = "fire and flood and storm and fire"
    assert again.tokenize(line) == subwords.tokenize(line)
    assert len(again.tokenize(line)) > 3


def test_texts_come_in_any_form_and_none_may_be_missing() -> None:
    import pyarrow as pa

    _, subwords = both(("WordPiece", "bert", "bert"))
    batch = ["fire", "", "flood fire"]
    wanted = subwords.ids(batch)[0].tolist()
    assert subwords.ids(pa.array(batch))[0].tolist() == wanted
    assert subwords.ids(pa.array(["x", *batch]).slice(1))[0].tolist() == wanted
    assert subwords.ids([])[1].tolist() == [0]
    assert subwords.ids(["", ""])[1].tolist() == [0, 0, 0]
    with pytest.raises(DataError, match="text 0 is no str"):
        subwords.tokenize(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="lone surrogate"):
        subwords.tokenize("\ud800")
    with pytest.raises(DataError, match="text 1 is missing"):
        subwords.ids(pa.array(["a", None]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no tokenizer file"),
        (b"\xff\xfe", "no tokenizer file"),
        (b"[PAD]\n[UNK]\nthe\n", "no tokenizer file"),
        (b"[1]", "wanted the JSON of the tokenizers library, with a 'model'"),
        (b'{"fire": 1}', "wanted the JSON of the tokenizers library, with a 'model'"),
        (b"[" * 100_000, "no tokenizer file"),
        (b'{"version": "1.0", "model": {"type": "Magic"}}', "the tokenizers library cannot read this"),
        (b'{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": [["a", "b"]]}}', "Token `a` out of"),
    ],
)
def test_what_is_no_tokenizer_file_is_refused_in_one_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        SubwordTokens.from_file(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        SubwordTokens.from_file(tmp_path / "none.json")


def test_dropout_is_refused() -> None:
    made, _ = both(("bytes", "gpt2", "none"))
    spec: dict[str, Any] = json.loads(made.to_str())
    spec["model"]["dropout"] = 0.1
    with pytest.raises(DataError, match="other ids each time"):
        SubwordTokens.from_bytes(json.dumps(spec).encode())


def test_one_is_copied_with_what_it_is_made_of() -> None:
    _, subwords = both(("bytes", "roberta", "none"))
    again = pickle.loads(pickle.dumps(subwords))  # noqa: S301 - what joblib does to send one to another process
    assert again.tokenize("don't panic") == subwords.tokenize("don't panic")


def test_malformed_bytes_do_not_run_off_the_end() -> None:
    _, subwords = both(("WordPiece", "bert", "bert"))
    raw = np.frombuffer(b"fire \xff\xf0\x9f flood\xe2", np.uint8)
    buffers = text_buffers([])._replace(bytes=raw, offsets=np.array([0, 9, len(raw)], np.int64))
    ids, rows = subwords.ids(buffers)
    assert len(rows) == 3
    assert rows[-1] == len(ids) > 0


def test_rules_that_do_not_fit_are_refused_by_the_core() -> None:
    made = _native.Pretokens([0], 0, 0, [0], 0, 3, "", [], [])
    with pytest.raises(ValueError, match="64 at most"):
        made.learned([(97, 64, None)])
    with pytest.raises(ValueError, match="255 bytes"):
        made.learned([(97, 0, "a" * 256)])
    with pytest.raises(ValueError, match="no such pattern"):
        _native.Pretokens([0], 0, 0, [0], 9, 3, "", [], [])
    with pytest.raises(ValueError, match="have none"):
        _native.scan(
            _native.Program([], False, 1, "pretokens", pretokens=made),
            text_buffers(["a"]),
            _native.TypeTable(),
            True,
            1,
        )


def test_time_is_linear_in_the_length_of_a_run() -> None:
    """The trap of `\\s*[\\r\\n]+|\\s+(?!\\S)`: a run of blanks that is looked through again from each of its places."""
    _, subwords = both(("bytes", "chat", "none"))
    program = _native.Program([], False, 1, "pretokens", pretokens=subwords._recipe.pretokens)  # type: ignore[union-attr]
    for run in (" ", "\n", "\t ", " \n x", "'", "1", "a'"):
        table = _native.TypeTable()
        pieces, _, _ = _native.scan(program, text_buffers([run * 300_000]), table, False, 1)
        sizes = np.diff(table.arrays()[1])
        assert sizes[pieces].sum() == len(run) * 300_000


@pytest.mark.slow
def test_ids_on_real_reviews(data_dir: Path) -> None:
    with gzip.open(data_dir / "imdb" / "train.jsonl.gz", "rt", encoding="utf-8") as rows:
        batch = [json.loads(next(rows))["text"] for _ in range(1500)]
    for config in (("WordPiece", "bert", "bert"), ("bytes", "gpt2", "none"), ("Unigram", "metaspace", "nfkc")):
        library, subwords = both(config) if config in CONFIGS else (
            made := zoo.tokenizer(config[0], zoo.PRE_TOKENIZERS[config[1]], zoo.NORMALIZERS[config[2]]),
            SubwordTokens.from_bytes(made.to_str().encode()),
        )  # fmt: skip
        ids, ends = subwords.ids(batch)
        wanted = library.encode_batch(batch, add_special_tokens=False)
        assert ids.tolist() == [i for one in wanted for i in one.ids]
        assert np.diff(ends).tolist() == [len(one.ids) for one in wanted]
