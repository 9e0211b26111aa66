"""The text path through splitters outside of the core: patterns and subwords, behind cleaners, with files."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import regex
import subword_zoo as zoo
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import corpora, examples, texts
from textmill import TextClassifier, _native
from textmill.config import TextConfig
from textmill.errors import ConfigError, CorruptError, DataError
from textmill.features import WordFeatures
from textmill.text import PatternTokens, SubwordTokens, TextPath
from textmill.text.buffers import decode_types, text_buffers

PATTERNS = [r"\p{L}+|\d", r"\w+(?:-\w+)*", r"(?<!a)b", r"(\S)(\S*)", r"a*", r"[^\n]{3}", r"\X"]
BERT = zoo.tokenizer("WordPiece", zoo.PRE_TOKENIZERS["bert"], zoo.NORMALIZERS["bert"])
BYTES = zoo.tokenizer("BPE", zoo.BYTE_LEVEL["gpt2"], bytes_=True)
FILES = {"bert": BERT.to_str().encode(), "bytes": BYTES.to_str().encode()}

cleaners = st.lists(st.sampled_from(["html", "urls", "nfkc", "mentions", "digits"]), max_size=3, unique=True).map(tuple)
cases = st.sampled_from(["lower", "keep", "casefold"])


def subword(**values: object) -> TextConfig:
    return TextConfig(**{"tokens": "subword", "tokens_file": "t.json", "map": "none", **values})  # type: ignore[arg-type]


def path_of(file: str = "bert", **values: object) -> TextPath:
    return TextPath(subword(**values), assets={"tokens_file": FILES[file]})


@settings(max_examples=examples(40))
@given(st.sampled_from(PATTERNS), corpora)
def test_a_pattern_finds_what_the_package_finds(pattern: str, batch: list[str]) -> None:
    found = PatternTokens(pattern).tokens(batch, spans=True)
    assert found.spans is not None
    for i, text in enumerate(batch):
        wanted = [match for match in regex.finditer(pattern, text) if match.group()]
        own = slice(found.rows[i], found.rows[i + 1])
        assert [found.types[k] for k in found.ids[own]] == [match.group() for match in wanted]
        assert found.spans[own].tolist() == [list(match.span()) for match in wanted]


@settings(max_examples=examples(40))
@given(st.sampled_from(PATTERNS), corpora, cleaners, cases)
def test_a_pattern_runs_on_what_the_cleaners_left(
    pattern: str, batch: list[str], clean: tuple[str, ...], case: str
) -> None:
    config = TextConfig(clean=clean, case=case, tokens="regex", pattern=pattern, map="none")  # type: ignore[arg-type]
    path = TextPath(config)
    tokens = path.tokens(batch, spans=True)
    assert tokens.spans is not None
    for i, text in enumerate(batch):
        stages = path.explain(text)
        prepared = [stage.text for stage in stages if stage.text is not None][-1]
        own = slice(tokens.rows[i], tokens.rows[i + 1])
        assert [tokens.types[k] for k in tokens.ids[own]] == [
            m.group() for m in regex.finditer(pattern, prepared) if m.group()
        ]
        spans = tokens.spans[own].tolist()
        assert all(0 <= a < b <= len(text) for a, b in spans)
        assert spans == sorted(spans)
        if not clean and case == "keep":
            assert [text[a:b] for a, b in spans] == [tokens.types[k] for k in tokens.ids[own]]


@settings(max_examples=examples(40))
@given(corpora, cleaners, cases)
def test_the_words_of_a_pattern_are_those_of_the_core(batch: list[str], clean: tuple[str, ...], case: str) -> None:
    """An oracle for places: a pattern that says what the core does, through the same cleaners."""
    config = TextConfig(clean=clean, case=case, map="none", tokens="whitespace")  # type: ignore[arg-type]
    blank = r"[^\s\x1c-\x1f]+"  # what str.split takes for white space, and regex does not
    slow = TextConfig(clean=clean, case=case, map="none", tokens="regex", pattern=blank)  # type: ignore[arg-type]
    wanted, found = TextPath(config).tokens(batch, spans=True), TextPath(slow).tokens(batch, spans=True)
    assert found.types == wanted.types
    assert found.ids.tolist() == wanted.ids.tolist()
    assert found.rows.tolist() == wanted.rows.tolist()
    assert wanted.spans is not None
    assert found.spans is not None
    assert found.spans.tolist() == wanted.spans.tolist()


@pytest.mark.parametrize(
    ("pattern", "said"), [("(a", "position 2"), ("[", "position 1"), ("a{2}{3}**", "position"), ("(?<x", "position")]
)
def test_a_bad_pattern_is_one_sentence_with_its_place(pattern: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TextPath(TextConfig(tokens="regex", pattern=pattern))
    assert "text.pattern" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tokens": "regex"}, "pattern: is missing; tokens = 'regex' wants a pattern"),
        ({"tokens": "subword"}, "tokens_file: is missing"),
        ({"pattern": "a"}, "pattern: is for tokens = 'regex', got tokens = 'words'"),
        ({"tokens_file": "a"}, "tokens_file: is for tokens = 'subword'"),
    ],
)
def test_a_setting_without_its_fellow_is_told(values: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TextPath(TextConfig(**values))  # type: ignore[arg-type]
    assert said in str(caught.value)


@settings(max_examples=examples(40))
@given(st.sampled_from(sorted(FILES)), st.lists(texts, max_size=4))
def test_a_text_path_of_subwords_gives_the_librarys(file: str, batch: list[str]) -> None:
    library = {"bert": BERT, "bytes": BYTES}[file]
    tokens = path_of(file, clean=(), case="keep").tokens(batch, spans=True)
    assert tokens.spans is not None
    for i, text in enumerate(batch):
        one = library.encode(text, add_special_tokens=False)
        own = slice(tokens.rows[i], tokens.rows[i + 1])
        assert [tokens.types[k] for k in tokens.ids[own]] == zoo.named(library, one.ids)
        assert tokens.spans[own].tolist() == [list(place) for place in one.offsets]


@settings(max_examples=examples(40))
@given(st.lists(texts, min_size=1, max_size=4), cleaners, cases)
def test_subwords_behind_cleaners(batch: list[str], clean: tuple[str, ...], case: str) -> None:
    path = path_of(clean=clean, case=case)
    plain = SubwordTokens.from_bytes(FILES["bert"])
    tokens = path.tokens(batch, spans=True)
    assert tokens.spans is not None
    for i, text in enumerate(batch):
        prepared = [stage.text for stage in path.explain(text) if stage.text is not None][-1]
        own = slice(tokens.rows[i], tokens.rows[i + 1])
        assert [tokens.types[k] for k in tokens.ids[own]] == plain.tokenize(prepared)
        assert all(0 <= a <= b <= len(text) for a, b in tokens.spans[own].tolist())


@settings(max_examples=examples(40))
@given(st.lists(texts, min_size=1, max_size=4), st.lists(texts, max_size=3))
def test_frozen_types_keep_their_numbers(learned: list[str], batch: list[str]) -> None:
    path = path_of(clean=())
    types, others = _native.TypeTable(), _native.TypeTable()
    path.scan(learned, types)
    known = decode_types(*types.arrays())
    ids, rows, _ = path.scan_frozen(text_buffers(batch), types, others)
    assert decode_types(*types.arrays()) == known
    spelled = known + decode_types(*others.arrays())
    tokens = path.tokens(batch)
    assert [spelled[i] for i in ids] == [tokens.types[i] for i in tokens.ids]
    assert rows.tolist() == tokens.rows.tolist()
    assert not {*decode_types(*others.arrays())} & {*known}


def test_pieces_of_a_corpus_are_the_corpus() -> None:
    path = path_of(clean=())
    whole, parts = _native.TypeTable(), _native.TypeTable()
    one = path.scan(zoo.lines(), whole)
    many = path.scan(iter([zoo.lines()[:100], [], zoo.lines()[100:]]), parts)
    assert one[0].tolist() == many[0].tolist()
    assert one[1].tolist() == many[1].tolist()
    assert decode_types(*whole.arrays()) == decode_types(*parts.arrays())


def test_explain_marks_what_the_core_does_not_do() -> None:
    def stage(path: TextPath) -> str:
        return next(found.stage for found in path.explain("A fire") if found.stage.startswith("tokens"))

    assert stage(TextPath()) == "tokens: words"
    assert stage(TextPath(TextConfig(tokens="regex", pattern="a"))) == "tokens: regex (plain Python)"
    assert stage(path_of()) == "tokens: subword"
    whole = zoo.tokenizer("Unigram", None).to_str().encode()
    said = stage(TextPath(subword(), assets={"tokens_file": whole}))
    assert said.startswith("tokens: subword (whole texts by the tokenizers library: there is no pre-tokenizer")


def test_the_hash_is_of_the_bytes_and_not_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, data in (("t.json", FILES["bert"]), ("a/u.json", FILES["bert"]), ("v.json", FILES["bytes"])):
        (tmp_path / name).write_bytes(data)
    t, u, v = (TextPath(subword(tokens_file=name), folder=tmp_path).hash for name in ("t.json", "a/u.json", "v.json"))
    assert t == u != v
    assert t == path_of().hash
    assert (
        TextPath(TextConfig(tokens="regex", pattern="a")).hash != TextPath(TextConfig(tokens="regex", pattern="b")).hash
    )


def test_the_hash_of_settings_without_the_new_ones_stayed() -> None:
    assert set(TextPath().description["settings"]) == {"clean", "case", "tokens", "stop_words", "keep_negations", "map"}
    assert set(TextPath().description) == {"program", "unicode", "settings", "map", "stop_words"}


def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"text\.tokens_file: .*t\.json' cannot be read: No such file"):
        TextPath(subword(), folder=tmp_path)
    (tmp_path / "t.json").write_bytes(b"{")
    with pytest.raises(ConfigError, match=r"text\.tokens_file: t\.json: this is no tokenizer file"):
        TextPath(subword(), folder=tmp_path)


def test_a_text_path_is_copied_with_its_files() -> None:
    path = path_of()
    again = pickle.loads(pickle.dumps(path))  # noqa: S301 - what joblib does to send one to another process
    assert again.hash == path.hash


def saved(folder: Path, where: Path) -> TextClassifier:
    (folder / "t.json").write_bytes(FILES["bert"])
    path = TextPath(subword(), folder=folder)
    model = TextClassifier.fit(["fire storm", "flood fire", "north house", "house street"], list("aabb"), text=path)
    model.save(where)
    return model


def test_a_model_takes_its_file_along(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    model = saved(tmp_path / "project", tmp_path / "model")
    (tmp_path / "project" / "t.json").unlink()
    (tmp_path / "model").rename(tmp_path / "moved")
    again = TextClassifier.load(tmp_path / "moved")
    batch = ["storm in the north street", "FIRE!"]
    assert again.predict(batch).scores.tolist() == model.predict(batch).scores.tolist()
    assert again.text_path is not None
    assert model.text_path is not None
    assert again.text_path.hash == model.text_path.hash
    assert again.explain("fire storm").pulls == model.explain("fire storm").pulls


def test_a_changed_or_missing_file_in_a_model_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, tmp_path / "model")
    file = tmp_path / "model" / "asset_tokens_file"
    file.write_bytes(FILES["bytes"])
    with pytest.raises(CorruptError, match=r"asset_tokens_file: this file is not what was saved"):
        WordFeatures.load(tmp_path / "model")
    file.unlink()
    with pytest.raises(CorruptError, match="asset_tokens_file"):
        WordFeatures.load(tmp_path / "model")


def test_wrong_texts_are_refused() -> None:
    with pytest.raises(DataError, match="text 0 is no str but int"):
        path_of().tokens([1])
