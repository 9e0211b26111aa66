"""The page: whole, alone, safe with other people's texts, and the same each time."""

from __future__ import annotations

import dataclasses
import tomllib
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.evaluate import render_html
from textmill.evaluate.markup import escape, toml
from textmill.evaluate.sentences import measured

VOID = {"meta", "link", "br", "img", "hr", "input"}
SHAPES = {"line", "circle", "rect", "polyline", "polygon"}  # these may close themselves, and must
HEADINGS = [
    "Scores",
    "Leak check",
    "Decisions",
    "Probabilities",
    "Most telling words",
    "Most confident mistakes",
    "Data",
    "Cost",
    "Settings",
]


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails on a tag that is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.by_tag: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SHAPES
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open:
            self.by_tag.setdefault(self.open[-1], []).append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


@pytest.mark.parametrize("k", [2, 4, 9, 30])
def test_every_section_and_metric_is_there_and_every_tag_closed(report_of, k):
    report = report_of(n=400, k=k)
    page = Page(render_html(report))
    assert page.by_tag["h2"] == HEADINGS
    assert [attrs["data-metric"] for _, attrs in page.tags if "data-metric" in attrs] == [
        name for name, _ in measured(report)
    ]
    for score in report.metrics.values():
        assert f"{score.value:.3f}" in page.text
    assert [tag for tag, _ in page.tags].count("h1") == 1


def test_nothing_is_fetched_and_nothing_runs(report_of):
    text = render_html(report_of(texts=["see http://example.org/x.js"] * 300))
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "embed", "img", "form", "base"}
    for tag, attrs in page.tags:
        for name, value in attrs.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "action", "data", "xlink:href"):
                assert value.startswith(("#", "data:,")), (tag, name, value)
            assert "url(" not in (value or "")
    (style,) = page.by_tag["style"]
    assert "@import" not in style
    assert "url(" not in style
    assert any(attrs.get("http-equiv") == "Content-Security-Policy" for _, attrs in page.tags)


def test_links_within_the_page_lead_somewhere(report_of):
    page = Page(render_html(report_of()))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        if (attrs.get("href") or "").startswith("#"):
            assert attrs["href"][1:] in ids
        for name in (attrs.get("aria-labelledby") or "").split():
            assert name in ids


def test_pictures_have_names_and_tables_headings(report_of):
    page = Page(render_html(report_of()))
    for tag, attrs in page.tags:
        if tag == "svg" or attrs.get("role") == "img":
            assert attrs.get("aria-label") or attrs.get("aria-labelledby"), (tag, attrs)
        if tag == "th":
            assert attrs.get("scope") in ("row", "col")
        if tag == "html":
            assert attrs["lang"] == "en"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE users; --",
    "</style></title><!-- ",
    "&lt;b&gt; &amp; &#x3c;script",
    "שלום \u202eright to left\u202c عربى",
    "👩‍👩‍👧‍👦 🔥 \U0001f1e8\U0001f1e6",
    "bell\x07 escape\x1b[31m delete\x7f",
    "lone \ud800 surrogate and \ufffe",
    "",
    "a" * 5000,
    "{{template}} ${x} %s {0}",
]


def test_what_the_data_check_found_stays_words(report_of):
    report = report_of()
    found = {
        "languages": {"en": 90, "de": 10, "und": 5},
        "shift": {
            "unseen": 0.1, "divergence": 0.3, "usual": 0.2, "p": 0.025,
            "more_in_test": [[HOSTILE[0], 3.0]], "more_in_train": [],
        },
        "doubtful": {
            "rows": len(HOSTILE),
            "of": 300,
            "listed": [
                {"id": text, "text": text, "label": "class0", "said": "class1", "probability": {"label": 0, "said": 1}}
                for text in HOSTILE
            ],
        },
    }  # fmt: skip
    page = Page(render_html(dataclasses.replace(report, details=report.details | {"data_check": found})))
    assert "script" not in {tag for tag, _ in page.tags}
    assert "Data check" in page.by_tag["h2"]
    assert "90.0 % en, 10.0 % de of 100 texts; the language of 5 more cannot be told for certain." in page.text
    assert "the sides differ more than chance makes them" in page.text
    assert page.text.count("<script>alert(1)</script>") == 3
    nothing = {"languages": None, "shift": None, "doubtful": {"rows": 0, "of": 300, "listed": []}}
    page = Page(render_html(dataclasses.replace(report, details=report.details | {"data_check": nothing})))
    assert "None of 300 is in doubt." in page.text


def test_hostile_texts_labels_and_words_stay_words(report_of):
    names = (HOSTILE[0], HOSTILE[1])
    report = report_of(
        names=names,
        n=240,
        texts=[HOSTILE[i % len(HOSTILE)] for i in range(240)],
        ids=[HOSTILE[(i + 3) % len(HOSTILE)] for i in range(240)],
        telling={name: [(text, 1.0) for text in HOSTILE] for name in names},
        data={"rows": 3, "rejected": 1, "reasons": {HOSTILE[0]: 1}, "source": HOSTILE[1], "digest": HOSTILE[3]},
        cost={"seconds": {HOSTILE[0]: 1.0}},
        leaks={
            "loose": {"test_rows": 1},
            "sentence": HOSTILE[0],
            "examples": [
                {side: {"text": HOSTILE[1], "label": names[0], "id": HOSTILE[3]} for side in ("train", "test")}
            ],
            "contradictions": {
                "texts": 1,
                "rows": 2,
                "examples": [{"text": HOSTILE[1], "labels": dict.fromkeys(names, 1)}],
            },
        },
        settings={
            "project": {"name": HOSTILE[3], "seed": 1, "description": HOSTILE[0]},
            HOSTILE[1]: {HOSTILE[0]: HOSTILE},
        },
        model=HOSTILE[0],
    )
    text = render_html(report)
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "<script>alert(1)</script>" in page.text
    assert "bell␇ escape␛[31m delete␡" in page.text
    assert not any(ord(c) < 32 and c not in "\n\t" for c in text)
    text.encode("utf-8")


@given(st.text(st.characters(codec=None)))
def test_escaped_text_is_read_back_and_can_be_written(text):
    escaped = escape(text)
    escaped.encode("utf-8")
    assert not set(escaped) & set("<>\"'")
    heard = Page(f'<p title="{escaped}">{escaped}</p>')
    plain = text.replace("\r\n", "\n")
    if plain.isprintable() and "\ufffe" not in plain:
        assert heard.text == plain
        assert heard.tags[0][1]["title"] == plain


@given(
    st.dictionaries(
        st.text('abc _-"é', min_size=1, max_size=5),
        st.dictionaries(
            st.text("abc.'", min_size=1, max_size=5),
            st.text()
            | st.integers(-(2**60), 2**60)
            | st.floats(allow_nan=False)
            | st.booleans()
            | st.lists(st.text(max_size=5)),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_settings_are_written_as_toml_that_reads_back(settings):
    assert tomllib.loads(toml(settings)) == settings


def test_the_same_report_gives_the_same_page_before_and_after_json(report_of):
    report = report_of()
    page = render_html(report)
    assert page == render_html(report)
    assert page == render_html(type(report).from_json(report.to_json()))


def test_a_bare_report_is_a_page_too(report_of):
    report = report_of(
        texts=None, ids=None, telling=None, leaks=None, data=None, cost=None, settings=None, version=None
    )
    page = Page(render_html(report))
    assert page.by_tag["h2"] == [
        "Scores",
        "Leak check",
        "Decisions",
        "Probabilities",
        "Most confident mistakes",
        "Data",
    ]
    assert "were not checked" in page.text


def test_one_row_is_a_page_too(report_of):
    page = Page(render_html(report_of(n=1)))
    assert "ROC AUC is undefined here" in page.text


def test_the_page_is_small(report_of):
    assert len(render_html(report_of(n=3000)).encode()) < 150_000
    assert len(render_html(report_of(n=3000, k=40)).encode()) < 300_000
