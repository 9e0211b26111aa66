"""Build what is generated of the documentation.

    python docs/build.py            docs/reference/ from docstrings and --help, then all pages as a site in site/
    python docs/build.py --renew    rewrite, in the pages, the tables of keys and what the shown commands print

Reference pages and the site are not kept in the repository; the tables and the shown output are, and
tests/test_docs.py says when they are stale.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import re
import shutil
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ROOMS = (
    "config",
    "errors",
    "types",
    "plugins",
    "read",
    "text",
    "features",
    "models",
    "evaluate",
    "registry",
    "flow",
    "serve",
)
# What a reader sees in the margin, in the order of reading
PAGES = (
    ("README.md", "textmill"),
    ("docs/start.md", "The first hour"),
    ("docs/guide/your-own-data.md", "Your own data"),
    ("docs/guide/classify.md", "Train and judge"),
    ("docs/guide/networks.md", "Networks"),
    ("docs/guide/plan.md", "What a run would do"),
    ("docs/guide/scores.md", "Scores that can't mislead"),
    ("docs/guide/words.md", "Words and their forms"),
    ("docs/guide/predict-and-serve.md", "Predict and serve"),
    ("docs/guide/flow.md", "Steps and runs"),
    ("docs/guide/large.md", "On several machines"),
    ("docs/guide/registry.md", "Promote, go back, prove it"),
    ("docs/guide/schedule.md", "Run by itself"),
    ("docs/guide/airflow.md", "On Apache Airflow"),
    ("docs/guide/lineage.md", "Lineage and erasure"),
    ("docs/guide/shared-store.md", "One store for several machines"),
    ("docs/guide/project-file.md", "The project file"),
    ("docs/leaderboard.md", "Leaderboard"),
    ("docs/reliability.md", "What it survives"),
    ("docs/why.md", "Why it is so"),
    ("docs/glossary.md", "Words"),
    ("docs/reference/index.md", "Reference"),
    ("ARCHITECTURE.md", "Architecture"),
    ("CONTRIBUTING.md", "Contributing"),
    ("CHANGELOG.md", "Changes"),
)
UNLISTED = ("examples/disaster/DATA.md",)  # in the site, not in the margin


# -- tables of the project file's keys -------------------------------------------------------------------------------


def key_tables(page: str) -> str:
    """A page with the columns "wanted" and "default" of its key tables as config.py has them now.

    A table stands below ``<!-- keys: ROOM -->``. What a key means is written by hand and kept; a new key gets a row
    that says so, and a row whose key is gone goes too.
    """
    from textmill import config, settings

    def table(match: re.Match[str]) -> str:
        cls: Any = config.MillConfig
        for name in match[1].split("."):  # a table in a table
            cls = typing.get_type_hints(cls)[name]
            # a list of tables, or one that may be left out
            cls = next((one for one in typing.get_args(cls) if dataclasses.is_dataclass(one)), cls)
        meanings = dict(re.findall(r"^\| `(\w+)` \| .*? \| ([^|]*) \|$", match[2], re.MULTILINE))
        lines = ["| key | wanted | default | meaning |", "| --- | --- | --- | --- |"]
        kinds = typing.get_type_hints(cls)
        for key in dataclasses.fields(cls):
            wanted = re.sub(r"'([^']*)'", r'`"\1"`', settings.said(kinds[key.name]))
            default = "*needed*" if key.default is dataclasses.MISSING else f"`{in_toml(key.default)}`"
            default = "none" if key.default is None else default
            if key.default_factory is not dataclasses.MISSING:
                default = "as in the project" if match[1] == "candidate" else "see below"
                default = "none" if key.default_factory is dict else default
            lines.append(f"| `{key.name}` | {wanted} | {default} | {meanings.get(key.name, 'TO BE WRITTEN').strip()} |")
        return f"<!-- keys: {match[1]} -->\n" + "\n".join(lines) + "\n"

    return re.sub(r"<!-- keys: ([\w.]+) -->\n((?:\|.*\n)*)", table, page)


def in_toml(value: object) -> str:
    """A default as one writes it in the project file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(in_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def numbers(page: str) -> str:
    """A page with the block of numbers as benches/RESULTS.md has it: what, at least, seen."""
    results = ROOT / "benches" / "RESULTS.md"
    if not results.exists():
        return page
    text = results.read_text(encoding="utf-8")
    made: dict[str, list[str]] = {}  # what was measured on one machine and day, in one line
    for line in text.splitlines():
        if found := re.match(r"Made by `(?:python -m benches )?([^`]+)` on (.*)", line):
            made.setdefault(found[2].split("; ")[0], []).append(found[1])
    told = [f"{', '.join(dict.fromkeys(rooms))}: {where}." for where, rooms in made.items()]
    lines = dict.fromkeys(line for line in text.splitlines() if line.startswith("| "))  # the heads of its tables once
    rows = [line.strip("|").split(" | ") for line in lines]
    wanted = [row for row in rows if len(row) > 2 and row[1].strip()]  # what nothing was asked of is in the whole table
    table = [f"| {' | '.join(cell.strip() for cell in row[:3])} |" for row in wanted]
    whole = "All that is measured, and with which packages, is in `benches/RESULTS.md`."
    block = "\n".join([" ".join(told), "", *table, "", whole])
    return re.sub(
        r"(?<=^)(<!-- numbers:[^>]*-->\n).*?(?=^<!-- end of numbers -->)",
        lambda match: f"{match[1]}{block}\n",
        page,
        flags=re.DOTALL | re.MULTILINE,
    )


# -- reference pages -------------------------------------------------------------------------------------------------


def reference(out: Path) -> list[str]:
    """Write a page for each room and one for the command line; give their names."""
    out.mkdir(parents=True, exist_ok=True)
    names = []
    for room in ROOMS:
        module = importlib.import_module(f"textmill.{room}")
        (out / f"{room}.md").write_text(room_page(module), encoding="utf-8")
        names.append(room)
    (out / "commands.md").write_text(commands_page(), encoding="utf-8")
    summaries = {room: first_sentence(importlib.import_module(f"textmill.{room}")) for room in names}
    index = [
        "# Reference",
        "",
        "Made from the docstrings. The rooms stand in the order in which data walk through them.",
        "",
    ]
    index += [f"- [textmill.{room}]({room}.md): {summary}" for room, summary in summaries.items()]
    index += ["- [Commands](commands.md): every verb of `textmill` with its options"]
    (out / "index.md").write_text("\n".join(index) + "\n", encoding="utf-8")
    return [*names, "commands", "index"]


def first_sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split()).replace("``", "`")


def room_page(module: ModuleType) -> str:
    """Everything public in a room."""
    parts = [f"# {module.__name__}", markdown(module.__doc__ or "")]
    for name in sorted(module.__all__):
        thing = getattr(module, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            kind = type(thing).__name__
            parts += [f"## {name}", f"{kind} with {', '.join(map(str, thing))}" if isinstance(thing, dict) else kind]
            continue
        parts += [f"## {name}", heading(thing, f"{module.__name__}.{name}"), markdown(thing.__doc__ or "")]
        if inspect.isclass(thing):
            for method, function in methods_of(thing):
                said = heading(function, method) if inspect.isfunction(function) else f"`{method}`: property"
                parts += [f"### {name}.{method}", said, markdown(inspect.getdoc(function) or "")]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def methods_of(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class of ours brings along, its own and inherited ones of ours."""
    seen = set()
    for owner in cls.__mro__:
        if not owner.__module__.startswith("textmill."):
            continue
        for name, value in vars(owner).items():
            if name.startswith("_") or name in seen or (owner is not cls and issubclass(cls, Exception)):
                continue
            value = getattr(value, "__func__", value)
            if inspect.isfunction(value) or isinstance(value, property) or hasattr(value, "attrname"):
                seen.add(name)
                yield name, value


def heading(thing: Any, name: str) -> str:
    """The signature as code."""
    try:
        signature = re.sub(r"((?:: |-> )\*?)(['\"])(.*?)\2(?= = |, |\)|$)", r"\1\3", str(inspect.signature(thing)))
    except (TypeError, ValueError):
        return ""
    if inspect.isclass(thing):
        signature = signature.removesuffix(" -> None")
    signature = re.sub(r"\bself, |\bself\b|\bcls, ", "", signature).replace("textmill.types.", "")
    if len(name + signature) > 100:
        signature = re.sub(r"(?<=\()|, (?=\*|\w+\b(?::|=|,|\)))", lambda m: (m[0].strip() or "") + "\n    ", signature)
    return f"```text\n{name}{signature}\n```"


def markdown(docstring: str) -> str:
    """A docstring in our form of numpydoc as Markdown."""
    lines, found, fenced = inspect.cleandoc(docstring).splitlines(), [], False
    section = ""
    for i, line in enumerate(lines):
        after = lines[i + 1] if i + 1 < len(lines) else ""
        if set(line) == {"-"} and section:
            continue
        if line and after and set(after) == {"-"}:
            section = line
            found += ["", f"**{line}**", ""]
            continue
        if line.startswith(">>> ") and not fenced:
            found += ["```pycon"]
            fenced = True
        elif fenced and not line:
            found += ["```"]
            fenced = False
        if not fenced:
            line = line.replace("``", "`")
            if section in {"Parameters", "Attributes", "Returns", "Raises"} and re.match(r"\S", line):
                name, colon, rest = line.partition(" : ")
                line = f"- `{name}`: {rest}" if colon else f"- {line}"
            line = "    " + line.strip() if re.match(r" {4,}\S", line) and not section else line
        found.append(line)
    return "\n".join([*found, *(["```"] if fenced else [])])


def commands_page() -> str:
    """``--help`` of every verb."""
    import click

    from textmill.cli.program import program

    parts = ["# Commands"]

    def add(command: click.Command, path: list[str], parent: click.Context | None) -> None:
        context = click.Context(command, info_name=path[-1], parent=parent, terminal_width=100, max_content_width=100)
        parts.extend([f"## {' '.join(path)}", f"```text\n{command.get_help(context).strip()}\n```"])
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                add(found, [*path, name], context)

    add(program, ["textmill"], None)
    return "\n\n".join(parts) + "\n"


# -- the site --------------------------------------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0645ad, #8ab4f8) }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif }
a { color: var(--link) }
nav { padding: 1rem; border-bottom: 1px solid var(--line) }
nav a { display: inline-block; margin-right: 1rem }
main { padding: 1rem; max-width: 52rem; overflow-wrap: anywhere }
h1, h2, h3 { line-height: 1.25 }
img { max-width: 100% }
pre { background: var(--soft); padding: .8rem; overflow: auto }
code { font: .9em/1.45 ui-monospace, monospace }
table { border-collapse: collapse; display: block; overflow: auto }
td, th { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 14rem 1fr }
  nav { border: 0; position: sticky; top: 0; height: 100vh }
  nav a { display: block; margin: .3rem 0 }
}
"""


def site(out: Path) -> int:
    """Every page as HTML, with what it links to; give the number of pages."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    shutil.rmtree(out, ignore_errors=True)
    titles = dict(PAGES)
    pages = [*titles, *UNLISTED, *(p.relative_to(ROOT).as_posix() for p in sorted((HERE / "reference").glob("*.md")))]
    pages = [page for page in dict.fromkeys(pages) if (ROOT / page).exists()]
    for page in pages:
        target = out / as_html(page)
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * page.count("/")
        menu = "\n".join(f'<a href="{up}{as_html(p)}">{title}</a>' for p, title in PAGES if (ROOT / p).exists())
        text = (ROOT / page).read_text(encoding="utf-8")
        body = parser.render(text)
        for linked in re.findall(r'(?:href|src)="(?!\w+:|#)([^"#]+)', body):  # pictures, and files that are no pages
            file = (ROOT / page).parent / linked
            if file.is_file() and file.suffix != ".md":
                (target.parent / linked).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target.parent / linked)
        body = re.sub(r'(<a href="(?!https?:))([^"#]+)\.md\b', lambda m: m[1] + as_html(m[2] + ".md"), body)
        body = re.sub(r"<h([1-3])>(.*?)</h\1>", lambda m: f'<h{m[1]} id="{anchor(m[2])}">{m[2]}</h{m[1]}>', body)
        title = titles.get(page) or re.sub(r"^#+ ", "", text.split("\n", 1)[0])
        target.write_text(
            f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n'
            f"<nav>{menu}</nav>\n<main>{body}</main></html>\n",
            encoding="utf-8",
        )
    return len(pages)


def as_html(page: str) -> str:
    """Where a page stands in the site."""
    return re.sub(r"\.md$", ".html", page.replace("README.md", "index.md"))


def anchor(title: str) -> str:
    """The name of a heading in a link, as GitHub makes it.

    >>> anchor("What `textmill run` does, and when")
    'what-textmill-run-does-and-when'
    """
    return re.sub(r"[^\w\- ]", "", re.sub(r"<[^>]+>", "", title)).strip().lower().replace(" ", "-")


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the documentation.")
    parser.add_argument("--renew", action="store_true", help="rewrite the generated parts of pages that are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="folder of the site")
    given = parser.parse_args()
    if given.renew:
        sys.path.insert(0, str(HERE))
        from transcript import renewed  # beside this file

        for page, _ in PAGES:
            path = ROOT / page
            if path.exists() and "reference" not in page:
                old = path.read_text(encoding="utf-8")
                new = renewed(numbers(key_tables(old)))
                if new != old:
                    path.write_text(new, encoding="utf-8")
                    print(f"renewed {page}")
        return
    print(f"docs/reference: {len(reference(HERE / 'reference'))} pages")
    print(f"{given.out}: {site(given.out)} pages; open {given.out / 'index.html'}")


if __name__ == "__main__":
    main()
