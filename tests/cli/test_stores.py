"""Which store a command means, and commands that work from where the user stands."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.cli.stores import command_line, find_store, quoted
from textmill.errors import NotInStore


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def made(folder):
    (folder / ".textmill").mkdir(parents=True)
    return folder / ".textmill"


def test_a_project_stands_for_the_store_in_it(here):
    store = made(here / "project")
    assert find_store(here / "project").root == store
    assert find_store(store).root == store


def test_the_store_of_a_folder_above_is_found(here, monkeypatch):
    store = made(here)
    (here / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(here / "a" / "b")
    assert find_store(None).root == store


def test_no_store_says_where_it_looked(here):
    with pytest.raises(NotInStore) as caught:
        find_store(here / "nowhere")
    assert str(caught.value) == f"{here}/nowhere: there is no store here. Make one with: textmill run PROJECT"
    with pytest.raises(NotInStore, match="there is no store here or in a folder above"):
        find_store(None)


def test_a_store_that_is_found_is_not_named(here):
    assert command_line("serve", "demo", store=made(here)) == "textmill serve demo"


def test_another_store_is_named_by_its_project_as_short_as_can_be(here):
    store = made(here / "examples" / "disaster")
    assert command_line("serve", "disaster", store=store) == "textmill serve disaster --store examples/disaster"
    assert command_line("serve", "x", store=here.parent / "s") == f"textmill serve x --store {here.parent}/s"


def test_a_nearer_store_makes_the_other_one_named(here):
    made(here)
    store = made(here / "sub")
    assert command_line("serve", "demo", store=store) == "textmill serve demo --store sub"


def test_the_store_of_the_environment_needs_no_name(here, monkeypatch):
    store = made(here / "far")
    monkeypatch.setenv("TEXTMILL_STORE", str(store))
    assert command_line("serve", "demo", store=store) == "textmill serve demo"


@given(st.text(st.characters(exclude_characters="\x00\r\n", exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_the_shell(text):
    assert shlex.split(quoted(text)) == [text]


def test_a_plain_text_is_quoted_as_people_do():
    assert quoted("It's a fire") == '"It\'s a fire"'
    assert quoted("disaster") == "disaster"
    assert quoted("$HOME is 100!") == "'$HOME is 100!'"
