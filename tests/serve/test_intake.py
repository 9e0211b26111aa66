"""What a request may hold, without a web."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.errors import RequestError
from textmill.serve import Limits
from textmill.serve.intake import texts_from, version_from

WANTED = '{"texts": ["...", "..."]} or {"text": "..."}'
whole_texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(whole_texts, min_size=1, max_size=20))
def test_any_texts_come_through_as_they_are(texts):
    assert texts_from(json.dumps({"texts": texts}).encode(), Limits()) == texts
    assert texts_from(json.dumps({"texts": texts}, ensure_ascii=False).encode(), Limits()) == texts


@given(whole_texts)
def test_one_text_is_a_list_of_one(text):
    assert texts_from(json.dumps({"text": text}).encode(), Limits()) == [text]


@given(st.binary(max_size=200))
def test_any_bytes_give_texts_or_a_request_error(body):
    try:
        texts = texts_from(body, Limits())
    except RequestError as error:
        texts = [f"refused with {error.status}"]
    assert texts


def test_a_byte_order_mark_is_no_fault():
    assert texts_from(b'\xef\xbb\xbf{"text": "a"}', Limits()) == ["a"]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, f"body: the body is empty; wanted {WANTED}"),
        (b" \n", 400, f"body: the body is empty; wanted {WANTED}"),
        (b"{", 400, "body: this is no JSON: expecting property name enclosed in double quotes, line 1 column 2;"),
        (b"text=hello", 400, "body: this is no JSON: expecting value, line 1 column 1;"),
        ('{"text": "né"}'.encode("latin-1"), 400, "body: the body is not UTF-8: byte 0xe9 at position 11 begins"),
        (b"[" * 100_000, 400, "body: this JSON is too deep or its numbers too long;"),
        (b'{"text": ' + b"9" * 5000 + b"}", 400, "body: this JSON is too deep or its numbers too long;"),
        (b'["a"]', 422, f"body: the body must be an object; wanted {WANTED}, got a list"),
        (b"null", 422, f"body: the body must be an object; wanted {WANTED}, got null"),
        (b"{}", 422, f"body: it must hold either 'text' or 'texts'; wanted {WANTED}, got neither"),
        (
            b'{"text": "a", "texts": ["b"]}',
            422,
            f"body: it must hold either 'text' or 'texts'; wanted {WANTED}, got both",
        ),
        (b'{"txts": ["a"]}', 422, f"body: no key is called 'txts'; wanted {WANTED}. Did you mean 'texts'?"),
        (b'{"texts": []}', 422, "texts: the list is empty, so there is nothing to predict"),
        (
            b'{"texts": "a"}',
            422,
            f'texts: it must be a list of texts; wanted {WANTED}, got text. Send one text as {{"text": "..."}}.',
        ),
        (b'{"texts": ["a", 3]}', 422, f"texts[1]: it must be text; wanted {WANTED}, got a number"),
        (b'{"texts": [null]}', 422, f"texts[0]: it must be text; wanted {WANTED}, got null"),
        (b'{"text": ["a"]}', 422, 'text: it must be a text or a pair of texts; wanted ["...", "..."], got 1'),
        (b'{"text": true}', 422, f"text: it must be text; wanted {WANTED}, got true"),
        (
            rb'{"text": "\ud83d"}',
            422,
            "text: it holds half of a surrogate pair at character 0; wanted whole characters",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(body, status, sentence):
    with pytest.raises(RequestError) as caught:
        texts_from(body, Limits())
    assert caught.value.status == status
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_too_many_texts_are_refused_with_a_way_out():
    with pytest.raises(RequestError) as caught:
        texts_from(b'{"texts": ["a", "b", "c"]}', Limits(texts=2))
    assert caught.value.status == 413
    assert str(caught.value) == (
        "texts: too many texts in one request; wanted at most 2, got 3. "
        "Send them in several requests, or use: textmill predict MODEL --in FILE"
    )


@pytest.mark.parametrize("said", ["", "0", "-1", "1.5", "Latest", "a/b", "١", "9" * 30])
def test_what_is_no_version_is_refused(said):
    with pytest.raises(RequestError) as caught:
        version_from({"version": said})
    assert caught.value.status == 422
    wanted = "a whole number above 0, or an alias"
    assert str(caught.value) == f"query, version: this is no version; wanted {wanted}, got {said!r}"


def test_a_misspelt_parameter_is_not_passed_over():
    with pytest.raises(RequestError, match=r"no parameter is called 'verison'.*Did you mean 'version'"):
        version_from({"verison": "1"})
