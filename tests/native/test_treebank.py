"""The splitter "treebank" and the sentences of Punkt: NLTK is the oracle of both."""

from __future__ import annotations

import copy
import csv
import doctest
import gzip
import itertools
import json
import pickle
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strategies import characters, examples, texts
from textmill import _native
from textmill.errors import ConfigError, DataError
from textmill.text import Punkt, TreebankTokens

nltk = pytest.importorskip("nltk", minversion="3.10")
tokenize = pytest.importorskip("nltk.tokenize")
theirs_of_punkt = pytest.importorskip("nltk.tokenize.punkt")

# pieces of every pattern, whole and broken, one a blank
_PIECES = """
    " ' '' ''' '''' ` `` ``` « » “ ” ‘ ’ „ , : ,, :: ,: . .. ... .... ..... ; @ # $ % & ‒ – — ! ? !! ?! * ( ) [
    ] { } < > - -- --- ---- s 's 'S 'm 'D 'll 'LL 'Ll 're 've 'VE n't N'T N't n'T 't 'n cannot Cannot d'ye D'YE gimme
    gİmme gımme gonna gotta lemme more'n wanna wannabe 'tis 'tiſ 'tıs 'twas 'TWAS 'twasn't 'ſ 'ſx a b I é x _ / = ı İ A
    Z 1 word Mr. Dr. U.S. U.S J. B. the The then He he 5. 3.14 -5. 5,000 e.g. Inc. Zimmer said St co-op.dr x-dr.
    etc. i. ΑΣ. Σ. … 😀 \u0301 \x00 | ^ ~ . . .. . , a.b www.x.org ##number## -. -.5. ,5. .5 5- 5.. ß. ǅ. _. ²
"""
PIECES = [
    *_PIECES.split(),
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "\x0b",
    "\x1c",
    "\x1f",
    "\xa0",
    "\x85",
    "\u2028",
    "\u3000",
    "\r\n",
]
nasty = st.lists(
    st.one_of(st.sampled_from(PIECES), st.just(" "), st.just(" "), st.text(characters, max_size=3)), max_size=20
).map("".join)
marks = st.text(st.sampled_from("\"'`.,:;-?!()[ \nas1\t’”"), max_size=16)
sentences = st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map(" ".join)

# parameters in which every rule of Punkt comes to bear
ABBREVIATIONS = {"mr", "dr", "u.s", "inc", "e.g", "i", "5", "s", "etc", "ας", "b", "x"}
COLLOCATIONS = {("##number##", "zimmer"), ("b", "the"), ("j", "."), ("...", "he"), ("dr", "said."), (".", "a")}
STARTERS = {"the", "he", "then", "a", "said", "ß"}
CONTEXTS = {
    "the": 126,
    "he": 34,
    "zimmer": 4,
    "word": 32,
    "then": 80,
    "a": 18,
    "said": 64,
    "co": 6,
    "b": 2,
    "##number##": 8,
}
CONTEXTS |= {"s": 16, "i": 112, "said.": 36, "x": 4, "σ": 32, "st": 44}


def their_punkt(**tables: object) -> object:
    parameters = theirs_of_punkt.PunktParameters()
    for name, table in tables.items():
        if isinstance(table, dict):
            getattr(parameters, name).update(table)
        else:
            setattr(parameters, name, table)
    return theirs_of_punkt.PunktSentenceTokenizer(parameters)


OURS = Punkt.of(abbreviations=ABBREVIATIONS, collocations=COLLOCATIONS, starters=STARTERS, contexts=CONTEXTS)
THEIRS = their_punkt(
    abbrev_types=ABBREVIATIONS, collocations=COLLOCATIONS, sent_starters=STARTERS, ortho_context=CONTEXTS
)


def by_punkt(punkt: object, text: str) -> list[str]:
    """What word_tokenize does, with parameters of one's own."""
    words = tokenize.NLTKWordTokenizer()
    return [token for sentence in punkt.tokenize(text) for token in words.tokenize(sentence)]  # type: ignore[attr-defined]


def converting(tokenizer: object) -> Callable[[str], list[str]]:
    return lambda text: tokenizer.tokenize(text, convert_parentheses=True)  # type: ignore[attr-defined,no-any-return]


KINDS: list[tuple[TreebankTokens, Callable[[str], list[str]]]] = [
    (TreebankTokens(sentences="none"), tokenize.NLTKWordTokenizer().tokenize),
    (TreebankTokens(sentences="none", classic=True), tokenize.TreebankWordTokenizer().tokenize),
    (TreebankTokens(sentences=OURS), lambda text: by_punkt(THEIRS, text)),
    (TreebankTokens(sentences="none", convert_parentheses=True), converting(tokenize.NLTKWordTokenizer())),
    (
        TreebankTokens(sentences="none", classic=True, convert_parentheses=True),
        converting(tokenize.TreebankWordTokenizer()),
    ),
]


def differences(texts: Iterable[str], kinds: list[tuple[TreebankTokens, Callable[[str], list[str]]]]) -> list[object]:
    texts = list(texts)
    found: list[object] = []
    for ours, theirs in kinds:
        for text, got in zip(texts, ours.tokens(texts).lists(), strict=True):
            wanted = theirs(text)
            if got != wanted:
                found.append((ours, text, got, wanted))
    return found


@settings(max_examples=examples(250))
@given(st.one_of(nasty, nasty, marks, sentences, texts), st.sampled_from(KINDS))
@example("x's' y's'\tz", KINDS[0])
@example("cannot'tis'twas gonna'twas'tis", KINDS[0])
@example("'tis'twas'tis \n'tis\x1f'tis", KINDS[1])
@example('a. "\t) ', KINDS[0])
@example("a....' \n", KINDS[1])
@example(",,a,,,1,,", KINDS[0])
def test_tokens_are_those_of_nltk(text: str, kind: tuple[TreebankTokens, Callable[[str], list[str]]]) -> None:
    ours, theirs = kind
    assert ours.tokenize(text) == theirs(text)
    assert not differences([text], [kind])


@settings(max_examples=examples(150))
@given(st.one_of(sentences, sentences, nasty, texts))
@example(" Hello. x")
@example("a.\xa0b.\xa0c. D")
@example(". . . . A. . \n. \x1c")
@example('He said. ") The')
def test_sentences_are_those_of_nltk(text: str) -> None:
    assert OURS.sentences(text) == THEIRS.tokenize(text)  # type: ignore[attr-defined]
    plain = Punkt(OURS.parameters, realign_boundaries=False)
    assert plain.sentences(text) == THEIRS.tokenize(text, realign_boundaries=False)  # type: ignore[attr-defined]


@given(st.one_of(nasty, texts), st.sampled_from([kind[0] for kind in KINDS]))
@example('"So," (he said) --', KINDS[3][0])
def test_places_hold_every_character_but_white_space_once(text: str, ours: TreebankTokens) -> None:
    found = ours.tokens([text], spans=True)
    assert found.spans is not None
    before, held = 0, ""
    for number, (a, b) in zip(found.ids.tolist(), found.spans.tolist(), strict=True):
        assert before <= a < b <= len(text)
        before = b
        held += text[a:b]
        token = found.types[number]
        if token != text[a:b]:
            assert (token in ("``", "''") and text[a:b] in ('"', "''")) or (
                token[:1] == "-" and text[a:b] in tuple("()[]{}")
            )
    assert held == "".join(text.split())


def test_examples_of_nltk_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def both(base: type, ours: Callable[..., TreebankTokens]) -> type:
        class Both(base):  # type: ignore[misc,valid-type]
            def tokenize(self, text: str, convert_parentheses: bool = False, **other: object) -> list[str]:
                found: list[str] = super().tokenize(text, convert_parentheses, **other)
                seen.append(ours(convert_parentheses=convert_parentheses).tokenize(text) == found)
                return found

        return Both

    words = both(tokenize.NLTKWordTokenizer, lambda **o: TreebankTokens(sentences="none", **o))
    classic = both(tokenize.TreebankWordTokenizer, lambda **o: TreebankTokens(sentences="none", classic=True, **o))
    for module in (tokenize, nltk.tokenize.destructive, nltk.tokenize.treebank):
        monkeypatch.setattr(module, "NLTKWordTokenizer", words, raising=False)
        monkeypatch.setattr(module, "TreebankWordTokenizer", classic, raising=False)
    for source in (words.__base__, classic.__base__):
        for doc in (source.__doc__, source.tokenize.__doc__, source.span_tokenize.__doc__):
            test = doctest.DocTestParser().get_doctest(doc or "", {}, "treebank", None, 0)
            assert doctest.DocTestRunner().run(test).failed == 0
    assert len(seen) >= 8
    assert all(seen)


@pytest.fixture(scope="module")
def english(data_dir: Path) -> Iterable[Punkt]:
    folder = data_dir / "nltk_data"
    before = list(nltk.data.path)
    nltk.data.path.insert(0, str(folder))
    yield Punkt.read(folder)
    nltk.data.path[:] = before


def _lines(path: Path, key: str | None = None, last: int | None = None) -> Iterable[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in itertools.islice(file, last):
            yield json.loads(line)[key] if key else line.rstrip("\n")


def _compare(many: list[str], english: Punkt) -> None:
    theirs = tokenize.PunktTokenizer()
    assert [text for text in many if english.sentences(text) != theirs.tokenize(text)] == []
    words: list[tuple[TreebankTokens, Callable[[str], list[str]]]] = [
        (TreebankTokens(sentences=english), tokenize.word_tokenize),
        (TreebankTokens(sentences="none"), lambda text: tokenize.word_tokenize(text, preserve_line=True)),
        (KINDS[1][0], KINDS[1][1]),
    ]
    assert not differences(many, words)


def test_the_naughty_strings_are_those_of_nltk(data_dir: Path, english: Punkt) -> None:
    _compare(json.loads((data_dir / "naughty_strings" / "blns.json").read_bytes()), english)


@pytest.mark.slow
def test_samples_of_real_texts_are_those_of_nltk(data_dir: Path, english: Punkt) -> None:
    with open(data_dir / "disaster_tweets" / "train.csv", encoding="utf-8", newline="") as file:
        many = [row["text"] for row in csv.DictReader(file)][::60]
    many += list(_lines(data_dir / "multilingual" / "xquad_paragraphs.jsonl.gz", "text"))[::60]
    many += list(_lines(data_dir / "imdb" / "test.jsonl.gz", "text", 20))
    many += list(_lines(data_dir / "reuters21578" / "reuters21578.jsonl.gz", "body", 30))
    many += list(_lines(data_dir / "newsgroups20" / "test.jsonl.gz", "text", 8))
    many += list(_lines(data_dir / "bigtext" / "04_wikitext2_valid_test.txt.gz", None, 60))
    with gzip.open(data_dir / "gutenberg_books" / "moby_dick.txt.gz", "rt", encoding="utf-8") as file:
        many.append(file.read(30_000))
    _compare(many, english)


@pytest.mark.slow
def test_every_character_in_every_place_gives_the_tokens_of_nltk() -> None:
    shapes = [
        "a{}'b",
        "'{}",
        "a{}'s b",
        "cannot{}",
        "{}gonna",
        "x,{}",
        "a.{}",
        '{}"b',
        "'s{} ",
        "J.{} A",
        "5.{}A",
        "{}. b",
        "a. {}x",
        "g{}mme",
    ]
    shapes += ["a {}'tis", "'t{}s", "'twa{}", "5{}. a", "{}{}. X", "-{}. b"]
    codes = [*range(0x500), *range(0x2000, 0x2100), *range(0x3000, 0x3020), *range(0x500, 0x110000, 487)]
    found = []
    for start in range(0, len(codes), 400):
        chars = [chr(code) for code in codes[start : start + 400] if not 0xD800 <= code < 0xE000]
        found += differences(["\n".join(shape.replace("{}", c) for c in chars) for shape in shapes], KINDS[:3])
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        *("'" * 300_000, "`" * 300_000, '"' * 300_000, "," * 300_000, "." * 300_000, "-" * 300_000, "a'" * 150_000),
        *(
            "a. " + " " * 300_000 + "x",
            "a." + "' " * 150_000 + "x",
            "a." + ") " * 150_000,
            "x's' " * 60_000,
            ". " * 150_000,
        ),
        *(
            "a!)" * 100_000,
            "a.\xa0" * 100_000,
            "a. A" * 75_000,
            "!" * 300_000,
            "-." * 150_000,
            ". . x" * 60_000,
            "a,b" * 100_000,
        ),
        *("5,5." * 75_000, "cannot'tis" * 30_000, "gonna-" * 50_000, "a@b." * 75_000, "[a]" * 100_000, "。" * 100_000),
        *("a.[1]" * 60_000, ".x" * 150_000, "a.B" * 100_000, ".\n" * 150_000, ":)" * 150_000, "www." * 75_000),
    ],
    ids=lambda text: text[:8].encode("unicode_escape").decode() + "..." + str(len(text)),
)
def test_hostile_texts_take_no_more_time_than_others(text: str) -> None:
    # a step that looked at all the rest each time would take minutes
    for ours in (*(kind[0] for kind in KINDS), TreebankTokens()):
        assert ours.tokenize(text)


@pytest.mark.slow
def test_threads_change_nothing() -> None:
    chosen = random.Random(5)
    many = ["".join(chosen.choices(PIECES, k=20)) for _ in range(6000)]
    ours = TreebankTokens(sentences=OURS)
    one, two = (ours.tokens(many, spans=True, threads=n) for n in (1, 2))
    assert one.types == two.types
    assert one.ids.tolist() == two.ids.tolist()
    assert one.spans is not None
    assert two.spans is not None
    assert one.spans.tolist() == two.spans.tolist()
    assert [s.tolist() for s in OURS.spans(many, threads=1)] == [s.tolist() for s in OURS.spans(many, threads=2)]


def test_what_is_no_text_is_said() -> None:
    with pytest.raises(DataError, match="is no str but int"):
        TreebankTokens().tokenize(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="lone surrogate"):
        TreebankTokens().tokenize("a\ud800")
    with pytest.raises(DataError, match="wanted a list of texts"):
        TreebankTokens().tokens("a")
    assert TreebankTokens().tokenize("") == []
    assert TreebankTokens().tokens([]).lists() == []
    with pytest.raises(ConfigError, match="sentences: wanted"):
        TreebankTokens(sentences="punkt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="wanted a Punkt"):
        _native.Program([], False, 1, "treebank", 8)


def test_a_tokenizer_is_its_options() -> None:
    ours = TreebankTokens(sentences=OURS, convert_parentheses=True)
    for again in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):  # noqa: S301
        assert again == ours != TreebankTokens()
        assert hash(again) == hash(ours)
        assert again.tokenize("Dr. B (x).") == ["Dr.", "B", "-LRB-", "x", "-RRB-", "."]
