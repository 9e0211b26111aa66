import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import examples
from textmill.errors import CorruptError, FormatError
from textmill.registry import Store

facts = st.dictionaries(st.sampled_from(["ref", "why", "n"]), st.text(max_size=20) | st.integers(-5, 5), max_size=3)


def log_of(name: str, events: list[dict[str, object]]) -> Store:
    store = Store(Path(name))
    for number, fact in enumerate(events):
        assert store.audit.append("publish", **{f"f_{key}": value for key, value in fact.items()}) == number + 1
    return store


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(facts, max_size=5))
def test_what_is_appended_is_read_in_order_with_its_facts(events):
    with tempfile.TemporaryDirectory() as name:
        lines = list(log_of(name, events).audit.lines())
    assert [line.n for line in lines] == list(range(1, len(events) + 1))
    assert [line.facts for line in lines] == [{f"f_{k}": v for k, v in fact.items()} for fact in events]


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_any_changed_byte_is_found(data):
    with tempfile.TemporaryDirectory() as name:
        store = log_of(name, [{"n": n} for n in range(3)])
        raw = bytearray(store.audit.path.read_bytes())
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] ^= data.draw(st.integers(1, 255))
        store.audit.path.write_bytes(raw)
        with pytest.raises((CorruptError, FormatError)):
            store.audit.verify()


@settings(max_examples=examples(40), deadline=None)
@given(st.permutations(range(5)), st.integers(0, 5))
def test_any_dropped_or_moved_line_is_found_also_the_last(order, keep):
    with tempfile.TemporaryDirectory() as name:
        store = log_of(name, [{"n": n} for n in range(5)])
        lines = store.audit.path.read_bytes().splitlines(keepends=True)
        now = [lines[n] for n in order[:keep]]
        store.audit.path.write_bytes(b"".join(now))
        if now == lines:
            assert store.audit.verify() == 5
        else:
            with pytest.raises(CorruptError, match="line"):
                store.audit.verify()
            if now[-1:] != lines[-1:]:
                with pytest.raises(CorruptError):
                    store.audit.append("publish")


def test_a_doubled_line_is_found(tmp_path):
    store = log_of(str(tmp_path), [{}, {}])
    lines = store.audit.path.read_bytes().splitlines(keepends=True)
    store.audit.path.write_bytes(lines[0] + lines[1] + lines[1])
    with pytest.raises(CorruptError, match="line 3"):
        store.audit.verify()


def test_a_deleted_log_is_found(tmp_path):
    store = log_of(str(tmp_path), [{}])
    store.audit.path.unlink()
    with pytest.raises(CorruptError, match="lines are missing"):
        store.audit.verify()
    with pytest.raises(CorruptError, match="lines are missing"):
        store.audit.append("publish")


def test_a_line_that_a_crash_cut_short_is_dropped_by_the_next(tmp_path):
    store = log_of(str(tmp_path), [{"n": 1}, {"n": 2}])
    with store.audit.path.open("ab") as file:
        file.write(b'{"before":"ab')
    assert store.audit.verify() == 2
    assert store.audit.append("publish", n=3) == 3
    assert store.audit.verify() == 3


def test_a_crash_between_a_line_and_the_head_loses_nothing(tmp_path):
    store = log_of(str(tmp_path), [{"n": 1}])
    head = store.audit.head.read_bytes()
    store.audit.append("publish", n=2)
    store.audit.head.write_bytes(head)
    assert store.audit.verify() == 2
    assert store.audit.append("publish", n=3) == 3
    assert store.audit.verify() == 3


def test_a_long_line_can_be_followed(tmp_path):
    store = log_of(str(tmp_path), [{"why": "x" * 20_000}, {"why": "y" * 9_000}, {}])
    assert store.audit.verify() == 3


def test_a_line_of_a_newer_format_is_refused_as_such(tmp_path):
    store = log_of(str(tmp_path), [{}])
    line = json.loads(store.audit.path.read_bytes())
    store.audit.path.write_text(json.dumps(line | {"format": 2}) + "\n")
    with pytest.raises(FormatError, match="format 2"):
        store.audit.verify()


def test_a_head_that_was_noted_elsewhere_is_looked_for_in_the_chain(tmp_path):
    store = log_of(str(tmp_path / "a"), [{"n": 1}, {"n": 2}, {"n": 3}])
    heads = [line.sha256 for line in store.audit.lines()]
    assert [store.audit.verify(head) for head in heads] == [3, 3, 3]
    forged = log_of(str(tmp_path / "b"), [{"n": 1}, {"n": 2}, {"n": 4}])  # whole in itself
    with pytest.raises(CorruptError, match="no line has the head that was noted elsewhere"):
        forged.audit.verify(heads[2])
