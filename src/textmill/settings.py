"""Typed settings from plain values: every key checked against a dataclass's annotations, all faults told at once."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from textmill.errors import ConfigError, closest

__all__ = ["from_mapping", "said"]

T = TypeVar("T")


def from_mapping(cls: type[T], raw: Mapping[str, Any]) -> T:
    """Settings from plain values, checked against the dataclass's annotations.

    A dataclass may have ``completed``, which is given the values first; ``_meant``, which gives for a key what people
    write in place of its values, each with what is asked then; ``_checks``, functions that say what is wrong with the
    keys for which they stand, and are asked if those keys fit their annotations, whatever the others do; and
    ``_faults``, which gives what is wrong with the settings as a whole, a line each, once all keys fit.

    Raises
    ------
    ConfigError : with every fault, each with its path
    """
    faults: list[str] = []
    completed = getattr(cls, "completed", None)
    if completed is not None:
        raw = completed(raw)
    made = _build(cls, raw, "", faults)
    if faults:
        raise ConfigError(faults)
    return typing.cast(T, made)


_hints = functools.cache(typing.get_type_hints)  # slow, and asked for each of a thousand steps


def _build(cls: type, raw: Mapping[str, Any], path: str, faults: list[str]) -> object | None:
    hints = _hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    before = len(faults)
    doubtful = set[str]()  # keys that were meant by another name, or do not fit
    for key in raw:
        if key not in fields:
            near = closest(key, fields)
            told = f"{path}{key}: no setting is called {key!r}" if path else f"no table is called {key!r}"
            faults.append(told + (f", did you mean {near!r}?" if near else f"; known: {', '.join(fields)}"))
            doubtful |= {near} if near else set()
    values = {}
    meant: Mapping[str, Mapping[str, str]] = getattr(cls, "_meant", dict)()
    for name, spec in fields.items():
        unfit = len(faults)
        if name in raw:
            values[name] = _value(hints[name], raw[name], f"{path}{name}", faults, meant.get(name))
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            if dataclasses.is_dataclass(hints[name]):
                values[name] = _build(typing.cast(type, hints[name]), {}, f"{name}.", faults)
            else:
                faults.append(f"{path}{name}: is missing; wanted {said(hints[name])}")
        doubtful |= {name} if len(faults) > unfit else set()
    fit = len(faults) == before
    for names, check in getattr(cls, "_checks", dict[tuple[str, ...], Any])().items():
        if not doubtful & {*names}:
            given = [values[name] if name in values else _default(fields[name]) for name in names]
            faults += [f"{path}{fault}" for fault in check(*given)]
    if not fit:
        return None
    made = cls(**values)
    faults += [f"{path}{fault}" for fault in getattr(made, "_faults", list)()]
    return typing.cast(object, made)


def _default(spec: dataclasses.Field[Any]) -> Any:
    return spec.default if spec.default_factory is dataclasses.MISSING else spec.default_factory()


def _value(hint: Any, raw: Any, path: str, faults: list[str], meant: Mapping[str, str] | None = None) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(raw, Mapping):
            return _build(hint, raw, f"{path}.", faults)
        faults.append(f"{path}: wanted a table, got {raw!r}")
        return None
    tables = [option for option in get_args(hint) if dataclasses.is_dataclass(option)]
    if tables and isinstance(raw, Mapping):  # a table that may be left out
        return _value(tables[0], raw, path, faults)
    inner = get_args(hint)
    if get_origin(hint) is tuple and dataclasses.is_dataclass(inner[0]):
        if not isinstance(raw, (list, tuple)):
            faults.append(f"{path}: wanted a list of tables, such as [[{path}]], got {raw!r}")
            return None
        return tuple(_value(inner[0], one, f"{path}[{number}]", faults) for number, one in enumerate(raw))
    for option in get_args(hint) if get_origin(hint) in (typing.Union, types.UnionType) else (hint,):
        fits, value = _fits(option, raw)
        if fits:
            return value
    told = f"{path}: wanted {said(hint)}, got {raw!r}"
    choices = [c for c in _choices(hint) if isinstance(c, str)]
    items = raw if isinstance(raw, list) else [raw]
    words = [item for item in items if isinstance(item, str) and item not in choices]
    asked = next((meant[word.lower()] for word in words if word.lower() in meant), None) if meant else None
    near = next((n for word in words if (n := closest(word, choices))), None)
    faults.append(told + (f", {asked}" if asked else f", did you mean {near!r}?" if near else ""))
    return None


def _fits(option: Any, raw: Any) -> tuple[bool, Any]:
    if get_origin(option) is Literal:
        return isinstance(raw, str) and raw in get_args(option), raw
    if get_origin(option) is tuple:
        inner = get_args(option)
        if not isinstance(raw, (list, tuple)):
            return False, None
        kinds = [inner[0]] * len(raw) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) != len(raw):
            return False, None
        found = [_fits(kind, item) for kind, item in zip(kinds, raw, strict=True)]
        return all(fits for fits, _ in found), tuple(value for _, value in found)
    if get_origin(option) is dict:
        if not isinstance(raw, Mapping):
            return False, None
        named = {str(key): _fits(get_args(option)[1], value) for key, value in raw.items()}
        return all(fits for fits, _ in named.values()), {key: value for key, (_, value) in named.items()}
    if option is Any:
        return True, raw
    if option is float:
        # TOML writes 1 where 1.0 is meant; a bool is no number here
        return isinstance(raw, (int, float)) and not isinstance(raw, bool), float(raw) if isinstance(
            raw, (int, float)
        ) else raw
    if option is int:
        return isinstance(raw, int) and not isinstance(raw, bool), raw
    return isinstance(raw, option), raw


def _choices(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(choice for inner in get_args(hint) for choice in _choices(inner))


def said(hint: Any) -> str:
    """A type in words.

    Examples
    --------
    >>> said(tuple[str, ...]), said(Literal["a", "b"] | None)
    ('a list of text', "'a' or 'b'")
    """
    if dataclasses.is_dataclass(hint):
        return "a table"
    if get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(said(option) for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in get_args(hint))
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        return f"a list of {said(inner[0])}" if inner[-1] is Ellipsis else f"a list of {len(inner)} x {said(inner[0])}"
    if get_origin(hint) is dict:
        return f"a table of {said(get_args(hint)[1])}"
    words = {Any: "values", str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return words.get(hint, getattr(hint, "__name__", str(hint)))
