"""A function or a command of the user's own is called; it has a process of its own, which is given up to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from textmill import plugins
from textmill.errors import DataError, StepFailed, TextmillError
from textmill.flow.record import last_line
from textmill.flow.step import Work
from textmill.registry import Finished, Store
from textmill.registry.disk import writing
from textmill.types import Ref

__all__ = ["call", "result_of", "shell"]

_REF = "textmill.Ref"  # {"textmill.Ref": "model/disaster@3"} among the values that are kept
_PLAIN = (str, int, float, bool, list, dict, Ref, type(None))


def call(entry: str, folder: Path, given: Mapping[str, Any], *, step: str) -> Any:
    """What a function of the project's folder returns, as it is kept.

    Parameters
    ----------
    entry : ``module:function``
    given : its arguments by name

    Raises
    ------
    PluginError : if it cannot be imported
    StepFailed : if it fails; what it raises of textmill's own errors stays what it is, so that it can be a gate
    DataError : if an argument or what it returns is not of the type that it declares
    """
    function: Any = plugins.imported(entry, folder)
    types = _types(function)
    for name, value in given.items():
        _check(value, types.get(name), f"step {step}, parameter {name!r} of {entry}")
    try:
        with contextlib.chdir(folder):
            result = function(**given)
    except TextmillError:
        raise
    except (Exception, SystemExit) as error:
        traceback.print_exc()  # into the log
        raise StepFailed(f"{entry} failed: {type(error).__name__}: {error}", where=f"step {step}") from error
    _check(result, types.get("return"), f"step {step}, what {entry} returned")
    return _kept(result)


def shell(command: str, folder: Path, work: Work, results: Mapping[str, Any], *, step: str, store: Store) -> Any:
    """Run a command with /bin/sh in the project's folder, up to the first line that fails.

    It is told what it needs in variables: ``TEXTMILL_RUN``, ``TEXTMILL_STEP``, ``TEXTMILL_STORE``; ``TEXTMILL_OUT``, a
    folder for files to keep, where ``result.json`` becomes its result; ``TEXTMILL_NEEDS``, a folder with ``NAME.json``,
    the result, and ``NAME/``, the files of each step it needs; ``TEXTMILL_ITEM``, if it is done for each of some.

    Parameters
    ----------
    results : of the steps that it needs

    Raises
    ------
    StepFailed : if it ends with another code than 0; says its last line
    DataError : if ``result.json`` is no JSON
    """
    place = store.place if "://" in store.place else str(store.root.absolute())
    told = {"TEXTMILL_RUN": work.run, "TEXTMILL_STEP": step, "TEXTMILL_STORE": place}
    told["TEXTMILL_OUT"] = str(work.folder.absolute())
    if "item" in work.settings:
        item = work.settings["item"]
        told["TEXTMILL_ITEM"] = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
    for name, result in results.items():
        files = work.tree(name, "").absolute()
        with writing(store.root):
            files.mkdir(parents=True, exist_ok=True)
            files.with_name(f"{name}.json").write_text(json.dumps(_plain(result), ensure_ascii=False), encoding="utf-8")
        told["TEXTMILL_NEEDS"] = str(files.parent)
    silent = work.log.stat().st_size if work.log.exists() else 0
    done = subprocess.run(
        ["/bin/sh", "-ec", command], cwd=folder, env={**os.environ, **told}, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode < 0:
        raise StepFailed(f"signal {signal.Signals(-done.returncode).name} ended its command", where=f"step {step}")
    if done.returncode > 0:
        said = last_line(work.log, silent)
        raise StepFailed(
            f"its command ended with {done.returncode}" + (f" and said last: {said}" if said else ""),
            where=f"step {step}",
            hint=f"All that it said is in {work.log}.",
        )
    made = work.folder / "result.json"
    if not made.exists():
        return None
    try:
        return json.loads(made.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"its result.json is no JSON: {error}", where=f"step {step}") from error


def result_of(finished: Finished | None, model: str = "") -> Any:
    """What a step returned: of `register` a `Ref`, of another built-in step a dict of its values; None if it failed.

    Parameters
    ----------
    model : the name of the project's model
    """
    if finished is None:
        return None
    if "result" in finished.values:
        return _given(finished.values["result"])
    if finished.step == "register":
        return Ref("model", model, finished.values["version"])
    return dict(finished.values)


def _kept(value: Any) -> Any:
    if isinstance(value, Ref):
        return {_REF: str(value)}
    if isinstance(value, Mapping):
        return {str(key): _kept(one) for key, one in value.items()}
    return [_kept(one) for one in value] if isinstance(value, (list, tuple)) else value


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_REF}:
            return Ref.parse(value[_REF])
        return {key: _given(one) for key, one in value.items()}
    return [_given(one) for one in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """With each Ref as its name, for a command."""
    if isinstance(value, Ref):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _types(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError):  # names that only a type checker knows
        return {}


def _check(value: Any, hint: Any, where: str) -> None:
    """Whether a value is of a declared plain type; of others nothing is known."""
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    wanted = tuple(get_origin(kind) or kind for kind in choices)
    if hint is None or not all(kind in _PLAIN for kind in wanted):
        return
    kinds = (*wanted, int) if float in wanted else wanted
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in wanted)
        raise DataError("it is of another type than is declared", where=where, wanted=names, got=repr(value)[:80])
