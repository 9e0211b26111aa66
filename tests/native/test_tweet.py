"""The splitter "tweet": NLTK's TweetTokenizer is the oracle, for all its options."""

from __future__ import annotations

import copy
import csv
import doctest
import gzip
import itertools
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strategies import characters, examples, texts
from textmill import _native
from textmill.errors import DataError
from textmill.text import TweetTokens

nltk = pytest.importorskip("nltk", minversion="3.10")
casual = pytest.importorskip("nltk.tokenize.casual")

NAMES = ("preserve_case", "reduce_len", "strip_handles", "match_phone_numbers")
OPTIONS = [dict(zip(NAMES, chosen, strict=True)) for chosen in itertools.product([True, False], repeat=4)]
DEFAULTS = dict(zip(NAMES, (True, False, False, True), strict=True))
assert casual.TweetTokenizer().__dict__ == DEFAULTS

# pieces of every alternative of NLTK's pattern, whole and broken, one a blank
_PIECES = """
    http:// https:// HTTP: httpſ:/ www. com co.uk .org .com/ / x.yz ſK İ ı é ß Σ ΑΣ 日本 word Don't rock-n-roll a_b A 's
    _ - -- -> <- <-- --> <b> </i> <a> <3 </3 :) :-) 8) =D D: d8 xD >:( <:o) :o) do: P8 | \\ =
    @ @user @user_name_15char @abcdefghijklmno @abcdefghijklmnop@ # ## #tag #t-a'g #1 #a- a@b.c foo.bar+x@ex-ample.co.uk
    (555) 123-4567 +1 555.123.4567 1-800-555-1234 0 12 123 1234 1234567 ٣٤٥ １２３ + 3.14 1/2 10:30 1,000 -5 5-
    &amp; &lt; &#65; &#x41; &#x80; &#129; &xi; &Xi; &#xD800; &#xDE00; &#x1F600; &bogus; &#; &#x; &x; &#x0x_41; &#1_0;
    &#+65; &#-65; &#٦٥; &#x٠x41; &#99999999999; & &; ; … ... .. . \u200d \U0001f3fb \U0001f3ff 👩 👩🏽‍💻 ❤️ 🏳️‍🌈
    \U0001f1e9 \U0001f1ea \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f \U0001f3f4
    1️⃣ \u20e3 ! !!!! ????
    aaaa ééééé |||| ( ) (( )) (a) (a(b)c) () (()) [ ] { } < > « » “ ” ’ ` ' " , * % \x00 \ufffd ² ½ Ⅷ \u0301 न् ǅ ﬁ
"""
PIECES = [*_PIECES.split(), " ", "  ", "\n", "\n\n\n\n\n", "\t", "\x0b", "\x1c", "\xa0", "\u2028", "\u200b", "\r\n"]
tweets = st.lists(st.one_of(st.sampled_from(PIECES), st.just(" "), st.text(characters, max_size=3)), max_size=14).map(
    "".join
)
links = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["http://", "http:a", "a.bb/", "https:///", "x.co/", "http:/", "a-b.cc", "a@b.com."]),
        st.text(st.sampled_from("abhtp:/.()<>[],!'~ «A1@-_"), max_size=30),
    ),
)
phones = st.text(st.sampled_from("0155(+ *-.)٣"), min_size=3, max_size=24)


def differences(texts: Iterable[str], options: Sequence[dict[str, bool]] = OPTIONS) -> list[object]:
    texts = list(texts)
    found: list[object] = []
    for chosen in options:
        tokens, theirs = TweetTokens(**chosen).tokens(texts), casual.TweetTokenizer(**chosen)
        for text, (a, b) in zip(texts, itertools.pairwise(tokens.rows.tolist()), strict=True):
            got, wanted = [tokens.types[i] for i in tokens.ids[a:b]], theirs.tokenize(text)
            if got != wanted:
                found.append((chosen, text, got, wanted))
    return found


@settings(max_examples=examples(250))
@given(st.one_of(tweets, tweets, links, phones, texts), st.sampled_from(OPTIONS))
def test_tokens_are_those_of_nltk(text: str, options: dict[str, bool]) -> None:
    assert TweetTokens(**options).tokenize(text) == casual.TweetTokenizer(**options).tokenize(text)
    assert not differences([text], [options])


def test_examples_of_nltk_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Both(casual.TweetTokenizer):  # type: ignore[misc]
        def tokenize(self, text: str) -> list[str]:
            found: list[str] = super().tokenize(text)
            seen.append(TweetTokens(**{name: getattr(self, name) for name in NAMES}).tokenize(text) == found)
            return found

    monkeypatch.setattr(casual, "TweetTokenizer", Both)
    monkeypatch.setattr(nltk.tokenize, "TweetTokenizer", Both)
    docs = [casual.TweetTokenizer.__base__.__doc__]
    file = Path(nltk.__file__).parent / "test" / "tokenize.doctest"
    if file.is_file():
        docs.append(
            file.read_text(encoding="utf-8").split("Regression Tests: TweetTokenizer")[1].split("Regression Tests: ")[0]
        )
    for doc in docs:
        test = doctest.DocTestParser().get_doctest(doc, {}, "tweet", None, 0)
        assert doctest.DocTestRunner().run(test).failed == 0
    assert len(seen) >= 2
    assert all(seen)


@pytest.mark.parametrize(
    "text",
    [
        "x(" + "a" * 255 + ")b",
        "http://x(" + "a" * 256 + ")b,",
        "http://x(a(b)c)(d),(e(f))g),",
        "http://a(" + "b" * 255 + "(" + "c" * 255 + ")" + "d" * 255 + ").,",
        "a" * 64 + "@" + "b" * 63 + "." + "c" * 252 + "dd",
        "a" * 65 + "@b.cc " + "a@" + "b" * 64 + ".cc",
        "a." * 126 + "com a." + "a." * 127 + "com",
        "b.abcdefghijklm b.abcdefghijklmn",
        "é." * 3 + "a-" * 300 + ".org/x",
        "&#" + "0" * 4298 + "65; &#" + "0" * 4299 + "65; &#x" + "0" * 5000 + "41;",
    ],
)
def test_the_limits_of_repetitions_are_those_of_the_patterns(text: str) -> None:
    assert not differences([text])


def test_the_naughty_strings_give_the_tokens_of_nltk(data_dir: Path) -> None:
    assert not differences(json.loads((data_dir / "naughty_strings" / "blns.json").read_bytes()), OPTIONS[::5])


def _tweets(data_dir: Path) -> list[str]:
    with open(data_dir / "disaster_tweets" / "train.csv", encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def test_some_tweets_give_the_tokens_of_nltk(data_dir: Path) -> None:
    assert not differences(_tweets(data_dir)[::40])


@pytest.mark.slow
def test_all_tweets_give_the_tokens_of_nltk(data_dir: Path) -> None:
    assert not differences(_tweets(data_dir))


@pytest.mark.slow
def test_reviews_and_many_languages_give_the_tokens_of_nltk(data_dir: Path) -> None:
    with gzip.open(data_dir / "imdb" / "test.jsonl.gz", "rt", encoding="utf-8") as file:
        assert not differences([json.loads(line)["text"] for line in itertools.islice(file, 200)])
    with gzip.open(data_dir / "multilingual" / "xquad_paragraphs.jsonl.gz", "rt", encoding="utf-8") as file:
        assert not differences([json.loads(line)["text"] for line in file], [OPTIONS[0], DEFAULTS])


@pytest.mark.slow
def test_every_character_in_every_place_gives_the_tokens_of_nltk() -> None:
    shapes = ["a{}b", "1{}2", "http://{}", "http:{}aa", "x.com{}", "{}x.com", "a.com/{}", "#a{}b", "@{}", "a@{}.aa"]
    shapes += ["A{}", "<{}>", "&#{}5;", "&a{};", ".{}.", "{}{}{}{}{}", "ΑΣ{}", "{}Σ"]
    codes = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x11000), *range(0x1F000, 0x20000)]
    codes = [*codes, *range(0x11000, 0x110000, 97)]
    known = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    found = []
    for start in range(0, len(known), 300):
        found += differences(
            [" ".join(shape.replace("{}", c) for c in known[start : start + 300]) for shape in shapes], [DEFAULTS]
        )
    assert not found


@given(tweets)
@example("a&amp;&lt;b &bogus; waaaaay !!!!!")
def test_places_rise_and_give_back_what_was_not_rewritten(text: str) -> None:
    found = TweetTokens().tokens([text], spans=True)
    assert found.spans is not None
    before = 0
    for number, (a, b) in zip(found.ids.tolist(), found.spans.tolist(), strict=True):
        assert before <= a < b <= len(text)
        before = a
        token = found.types[number]
        if "&" not in text:
            assert text[a:b] == token or (len(set(text[a:b])) < len(text[a:b]) and set(text[a:b]) == set(token))


def test_places_cover_the_raw_characters_of_what_was_rewritten() -> None:
    text = "@bob: Q&amp;A is coooool!!!!! &#xD83D;&#xDE00;"
    found = TweetTokens(preserve_case=False, reduce_len=True, strip_handles=True).tokens([text], spans=True)
    assert found.spans is not None
    tokens = [found.types[i] for i in found.ids]
    assert tokens == [":", "q", "&", "a", "is", "coool", "!", "!", "!", "\ud83d", "\ude00"]
    raw = [text[a:b] for a, b in found.spans.tolist()]
    assert raw == [":", "Q", "&amp;", "A", "is", "coooool", "!", "!", "!!!", "&#xD83D;", "&#xDE00;"]


def test_half_a_surrogate_pair_is_a_replacement_character_where_tokens_must_be_text() -> None:
    program = _native.Program([], False, 1, "tweet", 0)
    assert program.split("a &#xD83D;") == ["a", "\ufffd"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1" * 300_000,
            "a." * 150_000,
            "-." * 150_000,
            "1-" * 150_000,
            "<a" * 150_000,
            "&a" * 150_000,
            "#a-'" * 75_000,
        ),
        *("http:/" + ",." * 150_000, "http://x" + "(," * 150_000, "http://x" + "(a)" * 100_000, "https:(" * 40_000),
        *("a.bb/" + "(a" * 150_000 + ")<", "-." * 120 + "aa/" + ",." * 150_000, "1" + "-* ." * 75_000, ". " * 150_000),
        *("a" + "'-" * 150_000, "a@" * 150_000, ".+" * 150_000 + "@", "a\u200d" * 100_000, "a" + "\u0301" * 200_000),
    ],
    ids=lambda text: text[:8].encode("unicode_escape").decode() + "..." + str(len(text)),
)
def test_hostile_texts_take_no_more_time_than_others(text: str) -> None:
    for options in (DEFAULTS, OPTIONS[-1]):
        assert (
            len(TweetTokens(**options).tokenize(text)) >= 1
        )  # a step that looked at all the rest each time would take minutes


@pytest.mark.slow
def test_threads_change_nothing() -> None:
    chosen = random.Random(5)
    many = ["".join(chosen.choices(PIECES, k=20)) for _ in range(6000)]
    one, two = (TweetTokens().tokens(many, spans=True, threads=n) for n in (1, 2))
    assert one.types == two.types
    assert one.ids.tolist() == two.ids.tolist()
    assert one.spans is not None
    assert two.spans is not None
    assert one.spans.tolist() == two.spans.tolist()


def test_what_is_no_text_is_said() -> None:
    with pytest.raises(DataError, match="is no str but int"):
        TweetTokens().tokenize(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="lone surrogate"):
        TweetTokens().tokenize("a\ud800")
    with pytest.raises(DataError, match="wanted a list of texts"):
        TweetTokens().tokens("a")
    assert TweetTokens().tokenize("") == []
    assert TweetTokens().tokens([]).rows.tolist() == [0]


def test_a_tokenizer_is_its_options() -> None:
    ours = TweetTokens(reduce_len=True)
    assert copy.deepcopy(ours) == ours != TweetTokens()
    assert copy.deepcopy(ours).tokenize("aaaaa") == ["aaa"]
    assert repr(ours).startswith("TweetTokens(preserve_case=True, reduce_len=True")
