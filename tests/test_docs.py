"""What the pages say is so: commands, keys, code and links."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from textmill.cli.program import VERBS, program

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "guide").glob("*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def module_from(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


transcript = module_from(ROOT / "docs" / "transcript.py")
build = module_from(ROOT / "docs" / "build.py")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(name), re.DOTALL | re.MULTILINE)


def commands() -> Iterator[tuple[list[str], click.Command]]:
    """Every command with its path: models, models list, ..."""
    context = click.Context(program)

    def below(group: click.Group, path: list[str]) -> Iterator[tuple[list[str], click.Command]]:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield [*path, name], command
            if isinstance(command, click.Group):
                yield from below(command, [*path, name])

    yield from below(program, [])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that holds the examples and no store."""
    monkeypatch.delenv("TEXTMILL_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    made: Path = transcript.sandbox(tmp_path)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if any(c.runs for c in transcript.commands_of(text_of(name)))])
def test_commands_print_what_the_page_shows(name: str, folder: Path) -> None:
    stale = "words differ; if the new ones are right: python docs/build.py --renew"
    for command in transcript.commands_of(text_of(name)):
        if command.runs:
            said = transcript.printed(command.line, folder)
            while command.shown[-1:] == [""]:
                command.shown.pop()
            shown = transcript.as_shown(said, command.shown)
            assert transcript.worded(command.shown) == transcript.worded(shown), f"{name}: {command.line}: {stale}"


@pytest.mark.parametrize("name", NAMES)
def test_commands_that_are_shown_can_be_typed(name: str) -> None:
    """Verbs, options and the number of arguments; nothing is run."""
    for command in transcript.commands_of(text_of(name)):
        words = shlex.split(command.line.replace("\\\n", " ").rpartition(" | ")[2], comments=True)
        if words[0] == "textmill":
            with program.make_context("textmill", words[1:]) as context:
                verb, found, rest = program.resolve_command(context, [*context._protected_args, *context.args])
                while isinstance(found, click.Group):
                    child = found.make_context(verb, rest, parent=context)
                    verb, found, rest = found.resolve_command(child, [*child._protected_args, *child.args])
                assert found is not None
                found.make_context(verb, rest, parent=context)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", text_of("Makefile"), re.MULTILINE), f"{name}: make {words[1]}"


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(name, "python")])
def test_python_code_of_a_page_runs(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The blocks of one page, one after the other."""
    for needed in ("sklearn", "pandas"):
        if re.search(rf"^(import|from) {needed}\b", "".join(blocks(name, "python")), re.MULTILINE):
            pytest.importorskip(needed)
    names: dict[str, object] = {"__name__": "__main__"}
    for number, block in enumerate(blocks(name, "python"), start=1):
        exec(compile(block, f"{name}, python block {number}", "exec"), names)


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(name, "toml")])
def test_settings_shown_in_a_page_are_settings(name: str) -> None:
    import tomllib

    from textmill.config import MillConfig, from_mapping

    for block in blocks(name, "toml"):
        shown = tomllib.loads(block)
        needed = {"project": {"name": "demo"}, "read": {"source": "a.csv"}}
        tables = {name: keys if isinstance(keys, list) else needed.get(name, {}) | keys for name, keys in shown.items()}
        from_mapping(MillConfig, needed | tables)


def test_the_readme_shows_the_project_file_of_the_example() -> None:
    import tomllib

    shown = tomllib.loads(blocks("README.md", "toml")[0])
    assert shown == tomllib.loads(text_of("examples/disaster/mill.toml"))


@pytest.mark.parametrize("path", [" ".join(path) for path, _ in commands()])
def test_every_command_has_help_and_a_place_in_the_docs(path: str) -> None:
    command = {" ".join(words): command for words, command in commands()}[path]
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option)), "an option without help"
    if not isinstance(command, click.Group) and path not in {"models remove"}:
        shown = [" ".join(c.line.split()) for name in NAMES for c in transcript.commands_of(text_of(name))]
        assert any(f"textmill {path}" in line for line in shown), f"no page shows: textmill {path}"


def test_every_verb_is_among_the_changes() -> None:
    changes = text_of("CHANGELOG.md")
    assert not [verb for verb in VERBS if f"`textmill {verb}`" not in changes and f"`{verb}`" not in changes]


def test_every_key_of_the_project_file_is_described_as_it_is() -> None:
    page = text_of("docs/guide/project-file.md")
    now = build.key_tables(page)
    assert "TO BE WRITTEN" not in now, "a key has no meaning yet in docs/guide/project-file.md"
    assert page == now, "the tables of keys are stale: python docs/build.py --renew"


def test_every_table_of_the_project_file_has_its_keys_described() -> None:
    import dataclasses

    from textmill.config import MillConfig

    described = re.findall(r"<!-- keys: (\w+) -->", text_of("docs/guide/project-file.md"))
    assert described == [table.name for table in dataclasses.fields(MillConfig)]


def test_numbers_in_the_readme_are_those_of_the_last_bench() -> None:
    page = text_of("README.md")
    assert page == build.numbers(page), "the table of numbers is stale: python docs/build.py --renew"


def links(name: str) -> Iterator[tuple[str, str]]:
    text = re.sub(r"^```.*?^```$", "", text_of(name), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


@pytest.mark.parametrize("name", [*NAMES, "examples/disaster/DATA.md"])
def test_links_lead_somewhere(name: str) -> None:
    for path, anchor in links(name):
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name} links to {path}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [build.anchor(heading) for heading in headings], f"{name}: no heading #{anchor} in {path}"


def test_no_page_names_a_place_on_somebodys_machine() -> None:
    for name in NAMES:
        assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", text_of(name)), name


def test_pages_of_the_site_are_all_there(tmp_path: Path) -> None:
    reference = build.reference(tmp_path / "reference")
    assert {"read", "commands", "index"} <= set(reference)
    page = (tmp_path / "reference" / "models.md").read_text(encoding="utf-8")
    assert "### TextClassifier.explain" in page
    assert "- `toward`:" in page
    listed = {page for page, _ in build.PAGES}
    assert set(NAMES) == {page for page in listed if "reference" not in page}, "docs/build.py lists other pages"
    assert build.site(tmp_path / "site") >= len(NAMES)
    assert "<table>" in (tmp_path / "site" / "docs" / "guide" / "project-file.html").read_text(encoding="utf-8")
    for page in (tmp_path / "site").rglob("*.html"):
        for link in re.findall(r'(?:href|src)="(?!\w+:|#)([^"#]+)', page.read_text(encoding="utf-8")):
            inside = os.path.relpath(page.parent / link, tmp_path / "site")
            made_by_build = inside.startswith("docs/reference/")
            assert made_by_build or (page.parent / link).exists(), f"{page.name} links to {link}"
