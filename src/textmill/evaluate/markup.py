"""Text into HTML: other people's words must stay words."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from textmill.evaluate.sentences import signed
from textmill.types import parted, side_by_side

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = [
    "bar",
    "colour",
    "columns",
    "escape",
    "isolated",
    "label",
    "minus",
    "scrolling",
    "share",
    "shortened",
    "size",
    "toml",
    "toml_value",
]

_COLOURS = 8

# what HTML forbids even as a reference: controls other than tab and line feed, lone surrogates, non-characters
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def escape(text: object) -> str:
    """Any text as HTML text or as a quoted attribute's value.

    Control characters become their pictures, what cannot be written at all a replacement character.

    Examples
    --------
    >>> escape('<b a="1">')
    '&lt;b a=&quot;1&quot;&gt;'
    >>> escape("bell\\x07")
    'bell␇'
    """
    return html.escape(_FORBIDDEN.sub(_picture, side_by_side(str(text)).replace("\r\n", "\n")), quote=True)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"


def isolated(sentence: str) -> str:
    """A sentence of ours as HTML, each name in “...” kept apart from its direction.

    Examples
    --------
    >>> isolated("always saying “<other>”")
    'always saying “<bdi>&lt;other&gt;</bdi>”'
    """
    return re.sub("“([^”]*)”", r"“<bdi>\1</bdi>”", escape(sentence))


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters.

    Examples
    --------
    >>> shortened("earthquake", 6), shortened("fire", 6)
    ('earth…', 'fire')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def share(value: float) -> str:
    r"""A share from 0 to 1 in per cent, with a blank that does not break.

    Examples
    --------
    >>> [share(value).replace("\u00a0", " ") for value in (0.1234, 0.0004, 1.0)]
    ['12.3 %', '<0.1 %', '100 %']
    """
    if 0 < value < 0.001:
        return "<0.1\u00a0%"
    if value in (0, 1):
        return f"{100 * value:.0f}\u00a0%"
    return f"{min(100 * value, 99.9):.1f}\u00a0%"  # 100 % is said of all, never of nearly all


def minus(value: float) -> str:
    """A difference with its sign, as print has it.

    Examples
    --------
    >>> minus(-0.0123), minus(0.5)
    ('−0.012', '+0.500')
    """
    return signed(value).replace("-", "−")


def size(n_bytes: float) -> str:
    """Bytes for reading.

    Examples
    --------
    >>> size(999), size(1_234_567)
    ('999 B', '1.2 MB')
    """
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"


def toml(settings: dict[str, object]) -> str:
    """Settings, a dict of dicts of plain values, as a TOML file; None is left out, as TOML has no such value.

    Examples
    --------
    >>> print(toml({"project": {"name": "demo", "seed": 13}, "read": {"id": None, "columns": ["a", "b"]}}))
    [project]
    name = "demo"
    seed = 13
    <BLANKLINE>
    [read]
    columns = ["a", "b"]
    """
    top = [f"{_key(key)} = {toml_value(v)}" for key, v in settings.items() if v is not None and not isinstance(v, dict)]
    parts = ["\n".join(top)] if top else []
    for name, table in settings.items():
        if isinstance(table, dict):
            lines = [f"{_key(key)} = {toml_value(value)}" for key, value in table.items() if value is not None]
            parts.append("\n".join([f"[{_key(name)}]", *lines]))
    return "\n\n".join(parts)


def _key(name: object) -> str:
    return str(name) if _BARE.fullmatch(str(name)) else toml_value(str(name))


def toml_value(value: object) -> str:
    """A value as one writes it in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {toml_value(v)}" for k, v in value.items() if v is not None) + " }"
    plain = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + re.sub("[\x00-\x1f\x7f]", lambda c: f"\\u{ord(c[0]):04x}", plain) + '"'


def label(report: Report, name: str) -> str:
    """A class's name in its colour, kept apart from the direction of the text around it; joined ones one by one."""
    if report.details.get("several_labels") and name not in report.classes:
        return " + ".join(label(report, one) for one in parted(name)) or "no label"
    return f'<bdi class="label c{colour(report, name)}">{escape(name)}</bdi>'


def colour(report: Report, name: str) -> int:
    """Number of a class's colour, ``c0`` to ``c7`` in the style sheet; later classes share the last.

    Of two classes the positive one is always ``c1``, the warm colour.
    """
    positive = (report.details.get("positive") or {}).get("class")
    if positive is not None:
        return int(name == positive)
    return min(report.classes.index(name), _COLOURS - 1) if name in report.classes else _COLOURS - 1


def columns(*titles: str) -> str:
    """The head of a table; a title that begins with ``#`` is of numbers.

    Examples
    --------
    >>> columns("class", "#rows")
    '<thead><tr><th scope="col">class</th><th scope="col" class="num">rows</th></tr></thead>'
    """
    cells = (
        f'<th scope="col" class="num">{title[1:]}</th>' if title.startswith("#") else f'<th scope="col">{title}</th>'
        for title in titles
    )
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def scrolling(name: str, table: str) -> str:
    """A table that scrolls by itself where the screen is narrow; reachable by keyboard."""
    return f'<div class="scroll" role="region" aria-label="{escape(name)}" tabindex="0">{table}</div>'


def bar(share_of_longest: float) -> str:
    """A bar from the left, its length a share of the room there is."""
    return f'<span class="pull" style="--long:{100 * share_of_longest:.1f}%"><i></i></span>'
