"""What a network reads: numbers of terms, in pieces; of subwords those of Hugging Face's own tokenizers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, processors, trainers
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p

from textmill.config import TextConfig
from textmill.errors import CorruptError, DataError, FormatError
from textmill.models.networks.subwords import learn_subwords, subword_vocabulary
from textmill.models.networks.vocabulary import Encoded, Vocabulary
from textmill.text import TextPath

WORDS = [*"abcdefgh"]
TEXTS = st.lists(st.lists(st.sampled_from([*WORDS, "x", "y"]), max_size=12).map(" ".join), max_size=8)
PATH = TextPath(TextConfig(tokens="whitespace"))
LINES = [
    "The flood came down the river, and nobody was warned!",
    "Fire!! in the old café; it's burning... 東京 also",
    "unaffordable warnings of floods and fires, flooding rivers",
    "people in the streets were warned of the fire by the river",
] * 5
AROUND = (((), ()), ((20,), (21,)), ((20, 22), ()), ((), (23,)))


def of(text: int, encoded: Encoded) -> list[list[int]]:
    pieces = np.flatnonzero(encoded.texts == text)
    return [encoded.ids[encoded.rows[i] : encoded.rows[i + 1]].tolist() for i in pieces]


@given(TEXTS, st.integers(3, 9), st.booleans(), st.sampled_from(AROUND))
def test_pieces_together_are_the_text(
    texts: list[str], most: int, windows: bool, around: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    vocabulary = Vocabulary(PATH, ["", "", *WORDS], max_tokens=most, windows=windows, around=around)
    encoded = vocabulary.encode(texts)
    before, after = map(list, around)
    room = most - len(before) - len(after)
    wanted = [[vocabulary.terms.index(word) if word in WORDS else 1 for word in text.split()] for text in texts]
    assert encoded.n_texts == len(texts)
    assert encoded.n_longer == sum(len(numbers) > room for numbers in wanted)
    assert (encoded.lengths >= 1).all()
    assert (encoded.lengths <= most).all()
    assert np.all(np.diff(encoded.texts) >= 0)
    for text, numbers in enumerate(wanted):
        pieces = of(text, encoded)
        assert len(pieces) == (max(1, -(-len(numbers) // room)) if windows else 1)
        for piece in pieces:
            assert piece[: len(before)] == before
            assert piece[len(piece) - len(after) :] == after
        inner = [number for piece in pieces for number in piece[len(before) : len(piece) - len(after)]]
        if numbers or before or after:
            assert inner == (numbers if windows else numbers[:room])
        else:
            assert inner == [vocabulary.unknown]  # a text of nothing is read as one unknown term


@given(TEXTS.filter(bool), st.data())
def test_pieces_side_by_side_are_filled_up_behind(texts: list[str], data: st.DataObject) -> None:
    encoded = Vocabulary(PATH, ["", "", *WORDS], max_tokens=5, windows=True).encode(texts)
    some = np.array(data.draw(st.lists(st.integers(0, len(encoded.texts) - 1), max_size=6)), np.int64)
    padded = encoded.padded(some, 99)
    assert padded.dtype == np.int64
    assert padded.shape == (len(some), int(encoded.lengths[some].max(initial=1)))
    for row, piece in zip(padded.tolist(), some.tolist(), strict=True):
        ids = encoded.ids[encoded.rows[piece] : encoded.rows[piece + 1]].tolist()
        assert row == ids + [99] * (len(row) - len(ids))


def test_pieces_of_some_texts() -> None:
    encoded = Vocabulary(PATH, ["", "", "a"], max_tokens=1, windows=True).encode(["a a", "", "a a a"])
    assert encoded.texts.tolist() == [0, 0, 1, 2, 2, 2]
    assert encoded.of_texts(np.array([True, False, True])).tolist() == [0, 1, 3, 4, 5]


def test_what_is_learned_are_the_most_frequent_words_of_two_texts_or_more() -> None:
    texts = ["b a c c c c", "a b d", "d a"]
    learned = [Vocabulary.learn(PATH, PATH.tokens(texts), most=most, max_tokens=9).terms[2:] for most in (1, 3, 9)]
    assert learned == [["a"], ["a", "b", "d"], ["a", "b", "d"]]  # c is in one text only
    alone = Vocabulary.learn(PATH, PATH.tokens(["x y x"]), most=9, max_tokens=9)
    assert alone.terms[2:] == ["x", "y"]  # where no word is in two, all there are
    for nothing in ([], ["", " "]):
        with pytest.raises(DataError, match="no word is left"):
            Vocabulary.learn(PATH, PATH.tokens(nothing), most=9, max_tokens=9)


def test_a_vocabulary_of_one_and_texts_of_unknown_words() -> None:
    one = Vocabulary.learn(PATH, PATH.tokens(["a b", "a"]), most=1, max_tokens=4)
    encoded = one.encode(["a", "b c", "", "\0 ☃"])
    assert [of(text, encoded) for text in range(4)] == [[[2]], [[1, 1]], [[1]], [[1, 1]]]
    assert one.encode([]).rows.tolist() == [0]
    assert one.some_words(10) == ["a"]


def test_no_room_for_a_text_is_a_fault() -> None:
    with pytest.raises(DataError, match="more than 2 tokens"):
        Vocabulary(PATH, ["", ""], max_tokens=2, around=((5,), (6,)))


# --- subwords ---


def word_piece() -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = n.BertNormalizer(), p.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        LINES, trainers.WordPieceTrainer(vocab_size=90, special_tokens=special, show_progress=False)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def byte_level() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = p.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = p.ByteLevel.alphabet()
    made.train_from_iterator(
        LINES,
        trainers.BpeTrainer(vocab_size=330, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return made


def unigram() -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = p.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=90, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(LINES, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


MAKERS = {"word-piece": word_piece, "byte-level": byte_level, "unigram": unigram}


@pytest.fixture(scope="module", params=list(MAKERS))
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return MAKERS[request.param]()


@pytest.mark.parametrize("most", [5, 12, 200])
def test_subwords_have_the_numbers_of_transformers_own_tokenizers(tokenizer: Tokenizer, most: int) -> None:
    texts = [*LINES[:4], "", " ", "☃ qq", "the  flood\n\twas", "[SEP] <s> [MASK] the", "e\u0301te", "a" * 300]
    raw = TextPath(TextConfig(clean=()))
    vocabulary = subword_vocabulary(raw, tokenizer.to_str().encode(), max_tokens=most, windows=False)
    from transformers import PreTrainedTokenizerFast  # here, as it takes seconds to load

    theirs = PreTrainedTokenizerFast(tokenizer_object=tokenizer)(texts, truncation=True, max_length=most).input_ids
    encoded = vocabulary.encode(texts)
    assert [of(text, encoded)[0] for text in range(len(texts))] == [ids or [vocabulary.unknown] for ids in theirs]
    assert vocabulary.terms[vocabulary.pad] in ("[PAD]", "<pad>")


def test_windows_of_subwords_hold_the_whole_text_each_with_its_marks(tokenizer: Tokenizer) -> None:
    vocabulary = subword_vocabulary(TextPath(), tokenizer.to_str().encode(), max_tokens=7, windows=True)
    before, after = map(list, vocabulary.around)
    pieces = of(0, vocabulary.encode(LINES[:1]))
    assert all(piece[: len(before)] == before and piece[-len(after) :] == after for piece in pieces)
    inner = [number for piece in pieces for number in piece[len(before) : len(piece) - len(after)]]
    assert inner == tokenizer.encode(LINES[0], add_special_tokens=False).ids


def test_the_cleaners_of_a_path_count_and_its_case_does_not(tokenizer: Tokenizer) -> None:
    path = TextPath(TextConfig(clean=("urls",), case="lower"))
    vocabulary = subword_vocabulary(path, tokenizer.to_str().encode(), max_tokens=50, windows=False)
    plain = subword_vocabulary(TextPath(), tokenizer.to_str().encode(), max_tokens=50, windows=False)
    assert of(0, vocabulary.encode(["The http://t.example/x"])) == of(0, plain.encode(["The  "]))


def test_saved_and_loaded_a_vocabulary_gives_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    words = Vocabulary(PATH, ["", "", *WORDS], max_tokens=3, windows=True, around=((8,), ()))
    pieces = subword_vocabulary(TextPath(), tokenizer.to_str().encode(), max_tokens=9, windows=False)
    for number, one in enumerate((words, pieces)):
        folder, again = tmp_path / str(number), tmp_path / f"{number} again"
        folder.mkdir()
        again.mkdir()
        one.save(folder)
        back = Vocabulary.load(folder)
        back.save(again)
        assert {f.name: f.read_bytes() for f in folder.iterdir()} == {f.name: f.read_bytes() for f in again.iterdir()}
        texts = [*LINES[:3], "a b c x", ""]
        assert back.encode(texts).ids.tolist() == one.encode(texts).ids.tolist()
        assert (back.windows, back.max_tokens, back.pad, back.unknown, back.around, back.terms) == (
            one.windows, one.max_tokens, one.pad, one.unknown, one.around, one.terms,
        )  # fmt: skip


def test_a_vocabulary_that_is_not_what_was_saved_is_refused(tmp_path: Path) -> None:
    pieces = subword_vocabulary(TextPath(), word_piece().to_str().encode(), max_tokens=9, windows=False)
    pieces.save(tmp_path)
    asset = tmp_path / "asset_tokens_file"
    data = asset.read_bytes()
    asset.write_bytes(data.replace(b"flood", b"floor"))
    with pytest.raises(CorruptError, match="not what was saved"):
        Vocabulary.load(tmp_path)
    asset.write_bytes(data)
    head = json.loads((tmp_path / "vocabulary.json").read_text())
    for other in ({"format": 2}, {"text_path": "0" * 64}, {"pad": 999}, {"around": [[1], [-2]]}):
        (tmp_path / "vocabulary.json").write_text(json.dumps(head | other))
        with pytest.raises((CorruptError, FormatError)):
            Vocabulary.load(tmp_path)
    (tmp_path / "vocabulary.json").write_text(json.dumps(head))
    (tmp_path / "terms.npy").write_bytes((tmp_path / "terms.npy").read_bytes()[:-3])
    with pytest.raises(CorruptError):
        Vocabulary.load(tmp_path)


LEARN = """
import hashlib, random
from textmill.models.networks.subwords import learn_subwords
from textmill.text import TextPath
draw = random.Random(1)
words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyzéüß日本", k=draw.randint(2, 9))) for _ in range(200)]
texts = [" ".join(draw.choices(words, k=8)) for _ in range(300)]
made = learn_subwords(texts, TextPath(), most=200, max_tokens=20, windows=False)
print(hashlib.sha256(made.text_path.assets["tokens_file"]).hexdigest())
"""


def test_learned_subwords_are_the_same_in_every_process() -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LEARN], env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True
        )
        for seed in ("1", "2")
    ]
    said = [one.communicate()[0] for one in running]
    assert len(said[0]) == len(hashlib.sha256().hexdigest()) + 1
    assert said[0] == said[1]


def test_learned_subwords_are_those_of_the_trainer() -> None:
    ours = learn_subwords(LINES, TextPath(), most=90, max_tokens=20, windows=False)
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = n.BertNormalizer(strip_accents=False)
    made.pre_tokenizer = p.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=90, min_frequency=2, special_tokens=["[PAD]", "[UNK]"], show_progress=False
    )
    made.train_from_iterator([line.lower() for line in LINES], trainer)
    assert len(ours.terms) == 90
    letters = {term for term in made.get_vocab() if len(term.removeprefix("##")) == 1}
    assert letters <= set(ours.terms)
    assert "the" in ours.terms
    spec = json.loads(ours.text_path.assets["tokens_file"])
    assert [one["content"] for one in spec["added_tokens"]] == ["[PAD]", "[UNK]"]
    assert ours.text_path.tokens(["##l"]).lists() == [["#", "#", "l"]] or "#" not in ours.terms
