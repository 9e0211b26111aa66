"""Functions of the user's own: known by name and source, run only where the user has said so in this process.

A model that uses one holds its name and the sha256 of its source, never its code. So opening a model runs nothing that
the model names: the function is looked for among those that

- `register` was called with, also as a decorator,
- the variable ``TEXTMILL_PLUGINS`` names: modules, whose decorated functions count, or ``module:function``, with commas
  between,
- a project file names that is being run, in a module of the project's own folder.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from textmill.errors import PluginError

__all__ = ["Plugin", "find", "load", "plugin_of", "register"]

_Function = TypeVar("_Function", bound=Callable[..., object])

VARIABLE = "TEXTMILL_PLUGINS"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A function of the user's own.

    Attributes
    ----------
    name : ``module:function``
    digest : sha256 of its source. What it calls is not in it, so only the function itself is known to be the same
    run : the function; not part of equality
    """

    name: str
    digest: str
    run: Callable[[str], object] = field(repr=False, compare=False)


_registered: dict[str, Plugin] = {}
_named: set[str] = set()  # entries of TEXTMILL_PLUGINS that were loaded
_from_folders: set[str] = set()  # modules that lie in a project's folder; another project may have others of the name


def register(function: _Function) -> _Function:
    """Let models use a function of one token: a str in; a str out, or "" or None to leave the token out.

    It has to give the same for the same token each time, whatever came before. Gives the function back, so that it can
    stand above one as ``@register``.

    Raises
    ------
    PluginError : if it is no plain function at the top of a module, or its source cannot be read

    Examples
    --------
    >>> import textwrap
    >>> register(textwrap.dedent) is textwrap.dedent, find("textwrap:dedent").name
    (True, 'textwrap:dedent')
    >>> register(len)
    Traceback (most recent call last):
    ...
    textmill.errors.PluginError: <built-in function len> cannot be registered; wanted a function written with def at \
the top of a module. Its name and source are what a model remembers of it.
    """
    plugin = plugin_of(function)
    _registered[plugin.name] = plugin
    return function


def plugin_of(function: Callable[..., object]) -> Plugin:
    """Name and source of a function, as `register` would keep them.

    Raises
    ------
    PluginError : if it is no plain function at the top of a module, or its source cannot be read
    """
    plain = isinstance(function, types.FunctionType) and function.__qualname__.isidentifier()
    if not plain or function.__closure__:
        raise PluginError(
            f"{function!r} cannot be registered",
            wanted="a function written with def at the top of a module",
            hint="Its name and source are what a model remembers of it.",
        )
    name = f"{function.__module__}:{function.__qualname__}"
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise PluginError("its source cannot be read", where=name, hint="Write it into a file of its own.") from error
    lines = [line.rstrip() for line in textwrap.dedent(source).splitlines()]
    digest = hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()
    return Plugin(name, digest, function)


def find(name: str) -> Plugin:
    """The registered function of that name; the first time the modules of ``TEXTMILL_PLUGINS`` are imported.

    Raises
    ------
    PluginError : if it is not registered here

    Examples
    --------
    >>> find("subprocess:getoutput")
    Traceback (most recent call last):
    ...
    textmill.errors.PluginError: the function 'subprocess:getoutput' is not registered here, and a name alone runs \
nothing. If you trust it, register it with textmill.plugins.register, or name it as MODULE:FUNCTION in TEXTMILL_PLUGINS.
    """
    for entry in filter(None, map(str.strip, os.environ.get(VARIABLE, "").split(","))):
        if entry not in _named:
            load(entry)
            _named.add(entry)
    plugin = _registered.get(name)
    if plugin is None:
        raise PluginError(
            f"the function {name!r} is not registered here, and a name alone runs nothing",
            hint="If you trust it, register it with textmill.plugins.register, or name it as MODULE:FUNCTION in "
            f"{VARIABLE}.",
        )
    return plugin


def load(entry: str, folder: Path | None = None) -> None:
    """Import a module that the user named, and with it the functions it registers.

    Parameters
    ----------
    entry : ``module``, or ``module:function``, which registers that function too
    folder : the only place to look in. Without one, Python's own places, and then the working folder

    Raises
    ------
    PluginError : if there is no such module or function, or importing it fails
    """
    made = imported(entry, folder)
    if isinstance(made, types.FunctionType):
        register(made)


def imported(entry: str, folder: Path | None = None) -> types.ModuleType | types.FunctionType:
    """A module, or its function, imported and not registered: for whoever runs it and no model.

    Parameters
    ----------
    entry, folder : as of `load`

    Raises
    ------
    PluginError : if there is no such module or function, or importing it fails
    """
    module, _, function = entry.partition(":")
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", module) or not (function.isidentifier() or entry == module):
        raise PluginError("this names no function", wanted="MODULE or MODULE:FUNCTION", got=repr(entry))
    found = _imported(module, folder)
    if not function:
        return found
    made = getattr(found, function, None)
    if not isinstance(made, types.FunctionType) or (made.__module__, made.__qualname__) != (module, function):
        raise PluginError(f"no function of its own is called {function!r}", where=str(found.__file__))
    return made


def _imported(module: str, folder: Path | None) -> types.ModuleType:
    try:
        if folder is not None:
            return _imported_from(module, folder)
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
            return _imported_from(module, Path.cwd())
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(f"importing it failed: {type(error).__name__}: {error}", where=f"module {module}") from error


def file_of(module: str, folder: Path) -> Path:
    """The file of a module in a folder; nothing is imported.

    Raises
    ------
    PluginError : if there is none
    """
    path = folder.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    raise PluginError(f"there is no module {module!r}", where=str(folder), wanted=f"a file {path.name}.py")


def _imported_from(module: str, folder: Path) -> types.ModuleType:
    file = file_of(module, folder)
    spec = importlib.util.spec_from_file_location(module, file.absolute())
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    before = sys.modules.get(module)
    if module in sys.stdlib_module_names or (before is not None and module not in _from_folders):
        raise PluginError(
            f"another module is called {module!r}", where=str(file), hint="Give the file a name of its own."
        )
    _from_folders.add(module)
    sys.modules[module] = made
    try:
        with _first_on_path(folder):  # for what it imports itself
            spec.loader.exec_module(made)
    except BaseException:
        if before is None:
            del sys.modules[module]
        else:
            sys.modules[module] = before
        raise
    return made


@contextmanager
def _first_on_path(folder: Path) -> Iterator[None]:
    place = str(folder.absolute())
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)
