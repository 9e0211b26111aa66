"""Functions of the user's own: found where the user said so, and nowhere else, whatever a model's files say."""

from __future__ import annotations

import functools
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from textmill import plugins
from textmill.config import TextConfig
from textmill.errors import FormatError, PluginError, TextmillError
from textmill.features import WordFeatures
from textmill.models import TextClassifier
from textmill.text import TextPath, token_map

TEXTS = ["fires in the forest", "floods in the street", "lovely songs", "a lovely day"] * 3
LABELS = ["disaster", "disaster", "other", "other"] * 3

STEM = '''
def stem(token: str) -> str | None:
    """Cut the plural off, leave out short words."""
    return token.rstrip("s") if len(token) > 3 else None
'''


def no_plural(token: str) -> str:
    return token.rstrip("s")


def long_ones(token: str) -> str | None:
    return token if len(token) > 4 else None


def failing(token: str) -> str:
    return {"flood": "water"}[token]


def counting(token: str) -> int:
    return len(token)


def halved(token: str) -> str:
    return "\ud800"


class Method:
    @staticmethod
    def of_one_token(token: str) -> str:
        return token


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts as a process does, and leaves no module behind."""
    for name in ("_registered", "_named", "_from_folders"):
        monkeypatch.setattr(plugins, name, type(getattr(plugins, name))())
    monkeypatch.delenv("TEXTMILL_PLUGINS", raising=False)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A model that uses a function of the user's own; in this process the function is not registered."""
    folder = tmp_path / "model"
    path = TextPath(TextConfig(clean=()), maps=[no_plural])
    features, _ = WordFeatures.fit(path, features_config(), TEXTS)
    folder.mkdir()
    features.save(folder)
    plugins._registered.clear()
    return folder


def features_config() -> Any:
    from textmill.config import FeaturesConfig

    return FeaturesConfig(min_df=1)


def edited(folder: Path, **changes: object) -> Path:
    head = json.loads((folder / "features.json").read_text())
    (folder / "features.json").write_text(json.dumps(head | changes))
    return folder


def test_a_function_runs_on_the_types_in_its_place_among_the_maps() -> None:
    path = TextPath(TextConfig(clean=(), stop_words="english"), maps=[no_plural, long_ones, "porter"])
    assert path.config.map == (f"{__name__}:no_plural", f"{__name__}:long_ones", "porter")
    tokens = path.tokens(["The fires, the bursting dams"])
    assert tokens.types == ["burst"]
    stages = [
        (stage.stage, [token[0] for token in stage.tokens]) for stage in path.explain("fires bursting") if stage.tokens
    ]
    assert stages == [
        ("tokens: words", ["fires", "bursting"]),
        ("stop_words", ["fires", "bursting"]),
        (f"map: {__name__}:no_plural (opaque)", ["fire", "bursting"]),
        (f"map: {__name__}:long_ones (opaque)", ["bursting"]),
        ("map: porter", ["burst"]),
    ]


def test_the_source_is_part_of_the_hash(tmp_path: Path) -> None:
    hashes = []
    for source in (STEM, STEM.replace("> 3", "> 4"), STEM.replace("\n    return", "   \n\n    return")):
        (tmp_path / "my_maps.py").write_text(source)
        plugins.load("my_maps:stem", tmp_path)
        path = TextPath(TextConfig(map="my_maps:stem"))
        hashes.append(path.hash)
        assert path.description["map"] == ["my_maps:stem", f"source {plugins.find('my_maps:stem').digest}"]
    assert hashes[0] != hashes[1]
    assert hashes[0] == hashes[2], "blanks at the ends of lines and empty lines say nothing"


@pytest.mark.parametrize(
    "function",
    [lambda token: token, len, str.lower, functools.partial(no_plural), Method.of_one_token, Method, print],
)
def test_what_has_no_name_or_source_of_its_own_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(PluginError, match="cannot be registered"):
        plugins.register(function)
    with pytest.raises(PluginError, match="cannot be registered"):
        TextPath(maps=[function])


def test_a_function_inside_a_function_is_refused() -> None:
    def inner(token: str) -> str:
        return token

    with pytest.raises(PluginError, match="at the top of a module"):
        plugins.register(inner)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (failing, r"map .*:failing: it failed on the token 'fires': KeyError: 'fires'"),
        (counting, r"map .*:counting: of the token 'fires' it made no text; wanted str, or None .*, got int"),
        (halved, r"map .*:halved: of the token 'fires' it made half a character"),
    ],
)
def test_what_goes_wrong_inside_names_the_function_and_the_token(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        TextPath(maps=[function]).tokens(["fires"])


def test_a_name_alone_is_not_found() -> None:
    with pytest.raises(PluginError, match=r"'os:system' is not registered here, and a name alone runs nothing"):
        token_map("os:system")
    with pytest.raises(PluginError, match="not registered"):
        TextPath(TextConfig(map=f"{__name__}:no_plural"))


def test_a_saved_model_is_read_where_its_function_is_registered(saved: Path) -> None:
    with pytest.raises(
        FormatError, match=r"this model cannot be run here: the function '.*:no_plural' is not registered"
    ):
        WordFeatures.load(saved)
    plugins.register(no_plural)
    assert "forest" in WordFeatures.load(saved).names
    assert "source" in json.loads((saved / "features.json").read_text())["text_path_description"]["map"][0][1]
    assert "rstrip" not in "".join(file.read_text(errors="replace") for file in saved.iterdir())


def test_another_source_of_the_same_name_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(token: str) -> str:
        return token

    other.__qualname__ = "no_plural"
    plugins.register(other)
    with pytest.raises(FormatError, match="this model's text path cannot be run here as it was: map changed"):
        WordFeatures.load(saved)


HOSTILE = ["os:system", "subprocess:getoutput", "posix:system", "builtins:exec", "runpy:run_path", "my_trap:spring"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("registered", [False, True])
def test_a_model_edited_to_name_another_function_runs_nothing(
    saved: Path, name: str, registered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even an import: a module of that name in the working folder stays shut."""
    (tmp_path / "my_trap.py").write_text(
        "from pathlib import Path\nPath('sprung').touch()\ndef spring(token):\n    return token\n"
    )
    monkeypatch.chdir(tmp_path)
    if registered:
        plugins.register(no_plural)
    run: list[object] = []
    monkeypatch.setattr(os, "system", run.append)
    monkeypatch.setattr(subprocess, "getoutput", run.append)
    head = json.loads((saved / "features.json").read_text())
    text = head["text"] | {"map": [name]}
    description = head["text_path_description"] | {"map": [[name, "source 0"]], "settings": text}
    edited(saved, text=text, text_path_description=description)
    with pytest.raises(FormatError, match="is not registered here"):
        WordFeatures.load(saved)
    assert run == []
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "name", ["my_trap", "my_trap:", ":spring", "my_trap:spring:x", "../my_trap:spring", "a b:c", 7, {}]
)
def test_a_model_edited_to_name_nonsense_is_refused(saved: Path, name: object) -> None:
    head = json.loads((saved / "features.json").read_text())
    edited(saved, text=head["text"] | {"map": name})
    with pytest.raises(TextmillError):
        WordFeatures.load(saved)


def test_the_variable_names_modules_and_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_decorated.py").write_text(f"from textmill.plugins import register\n@register{STEM}")
    (tmp_path / "my_plain.py").write_text(STEM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTMILL_PLUGINS", "my_decorated, my_plain")
    assert token_map("my_decorated:stem")(["fires", "is", ""]) == ["fire", "", ""]
    assert token_map("my_decorated:stem").opaque
    with pytest.raises(PluginError, match="'my_plain:stem' is not registered"):
        token_map("my_plain:stem")
    monkeypatch.setenv("TEXTMILL_PLUGINS", "my_plain:stem")
    assert token_map("my_plain:stem")(["fires"]) == ["fire"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("my_nowhere", "there is no module 'my_nowhere'"),
        ("my_nowhere.inside:f", "there is no module"),
        ("my_broken", "module my_broken: importing it failed: ZeroDivisionError"),
        ("my_lacking", "importing it failed: ModuleNotFoundError: No module named 'my_absent'"),
        ("my_maps:absent", "no function of its own is called 'absent'"),
        ("my_maps:getoutput", "no function of its own is called 'getoutput'"),
        ("my_maps:stem:x", "this names no function"),
        ("/etc/passwd", "this names no function"),
    ],
)
def test_an_entry_that_is_at_fault_is_told(
    entry: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    (tmp_path / "my_lacking.py").write_text("import my_absent\n")
    (tmp_path / "my_maps.py").write_text(f"from subprocess import getoutput\n{STEM}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTMILL_PLUGINS", entry)
    with pytest.raises(PluginError, match=said):
        plugins.find("my_maps:stem")


def test_a_project_brings_its_functions_in_its_own_folder(tmp_path: Path) -> None:
    for name, cut in (("one", "s"), ("two", "es")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "my_maps.py").write_text(
            "from my_letters import END\ndef stem(token):\n    return token.removesuffix(END)\n"
        )
        (tmp_path / name / "my_letters.py").write_text(f"END = {cut!r}\n")
        plugins.load("my_maps:stem", tmp_path / name)
        assert str(tmp_path / name) not in sys.path
        if name == "one":
            assert token_map("my_maps:stem")(["fires"]) == ["fire"]
    with pytest.raises(PluginError, match="there is no module 'subprocess'"):
        plugins.load("subprocess:getoutput", tmp_path)


def test_a_file_may_not_take_the_place_of_another_module(tmp_path: Path) -> None:
    for name in ("numpy", "wave", "textmill"):
        (tmp_path / f"{name}.py").write_text(STEM)
        with pytest.raises(PluginError, match=f"another module is called '{name}'"):
            plugins.load(f"{name}:stem", tmp_path)
    assert sys.modules["textmill"].__version__


def test_a_path_with_a_function_travels_to_other_processes_as_functions_do() -> None:
    path = TextPath(TextConfig(clean=()), maps=["porter", no_plural])
    plugins._registered.clear()
    sent = pickle.dumps(TextPath(TextConfig(clean=()), maps=["porter", no_plural]))
    plugins._registered.clear()
    assert pickle.loads(sent).hash == path.hash  # noqa: S301 - ours


def test_a_classifier_with_a_function_says_the_same_after_saving(tmp_path: Path) -> None:
    plugins.register(no_plural)
    model = TextClassifier.fit(TEXTS, LABELS, text=TextConfig(map=("lancaster", f"{__name__}:no_plural")))
    model.save(tmp_path)
    again = TextClassifier.load(tmp_path)
    said = ["a flood in the streets", "songs"]
    assert again.predict(said).scores.tolist() == model.predict(said).scores.tolist()
    assert again.text_path is not None
    assert again.text_path.hash == model.text_path.hash  # type: ignore[union-attr]
