"""Work done ahead: the same items, the same errors, and no thread left behind."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.read.ahead import ahead


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "ahead"]


@given(st.lists(st.integers()), st.integers(1, 4))
def test_the_same_items_in_the_same_order(items, depth):
    assert list(ahead(iter(items), depth)) == items
    assert threads() == []


def test_an_error_comes_after_the_items_before_it():
    def failing():
        yield 1
        raise ValueError("here")

    found = ahead(ahead(failing()))
    assert next(found) == 1
    with pytest.raises(ValueError, match="here"):
        next(found)
    assert threads() == []


def test_no_more_is_taken_than_asked():
    taken, third = [], threading.Event()

    def counting():
        for i in range(100):
            taken.append(i)
            if i == 2:
                third.set()
            yield i

    found = ahead(counting(), 2)
    assert next(found) == 0
    assert third.wait(10)
    found.close()
    assert taken == [0, 1, 2]
    assert threads() == []


def test_closing_closes_what_is_taken_from_all_the_way_up():
    closed = []

    def first():
        try:
            yield from range(100)
        finally:
            closed.append("first")

    def second(items):
        for item in items:
            yield item + 1

    found = ahead(second(ahead(first())))
    assert next(found) == 1
    found.close()
    assert closed == ["first"]
    assert threads() == []
