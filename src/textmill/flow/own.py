"""Steps of the user's own, ``[[step]]``: a Python function or a shell command, placed among the built-in steps."""

from __future__ import annotations

import ast
import glob
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from textmill import plugins
from textmill.config import MillConfig, StepConfig
from textmill.config.durations import seconds
from textmill.config.flowing import listed
from textmill.errors import ConfigError, PluginError, SourceError, StepFailed, closest
from textmill.flow.handing import is_handed_out
from textmill.flow.sources import FileDigests
from textmill.flow.step import Flow, Step, Work
from textmill.registry import Finished, Store

__all__ = ["with_own_steps"]

# Those that some project has: another's plan must not change its meaning when its own gets one of them
_BUILT_IN = (
    *("read", "split", "expect", "tune", "train", "validate", "curve", "check", "compare", "evaluate"),
    *("register", "report"),
)


@dataclass(frozen=True, slots=True)
class Own:
    """What a step of one's own knows.

    Attributes
    ----------
    folder : the project's, where commands run and files are looked for
    model : the name of the project's
    asked : the names of the steps whose results it gets
    code : sha256 of the file in which the function stands
    parameters : of the function
    """

    config: StepConfig
    folder: Path
    model: str
    store: Store
    digests: FileDigests
    asked: tuple[str, ...]
    code: str = ""
    parameters: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """All that comes before it."""
        return tuple(dict.fromkeys((*self.asked, *listed(self.config.after))))


def with_own_steps(flow: Flow, mill: MillConfig, folder: Path, store: Store, digests: FileDigests) -> Flow:
    """A project's plan with the steps of its ``[[step]]`` tables.

    Parameters
    ----------
    flow : the built-in steps
    folder : the project's

    Raises
    ------
    ConfigError : with every name that is unknown, taken or given twice, and every function that is not there
    """
    faults = _name_faults(flow, mill.step)
    steps, before = [], dict[str, list[str]]()
    for number, config in enumerate(mill.step):
        code, parameters = "", tuple[str, ...]()
        asked = _asked(config)
        if config.python is not None:
            try:
                code, parameters = _function(config.python, folder)
            except (PluginError, ConfigError) as error:
                faults.append(f"step[{number}].python: {error}")
            faults += [f"step[{number}].python: {fault}" for fault in _parameter_faults(config, parameters, asked)]
        steps.append(_step(Own(config, folder, mill.project.name, store, digests, asked, code, parameters)))
        for name in listed(config.before):
            before.setdefault(name, []).append(config.name)
    if faults:
        raise ConfigError(faults, where=str(folder / "mill.toml"))
    return Flow(flow.name, tuple(_after(step, before.get(step.name, ())) for step in (*flow.steps, *steps)))


def _step(own: Own) -> Step:
    config = own.config
    return Step(
        config.name,
        partial(_run, own),
        needs=own.needs,
        settings={"python": config.python, "shell": config.shell, "outputs": listed(config.outputs)},
        code=own.code,
        keyed_by=own.asked,
        rule=config.rule,
        sources=partial(_sources, own) if config.inputs else None,
        holds=partial(_holds, own) if config.outputs else None,
        for_each=config.for_each,
        # what a command does that says neither what it reads nor what it makes cannot be known
        always=config.shell is not None and not config.inputs and not config.outputs,
        apart=True,
        env=config.env,
        retries=config.retries,
        retry_delay=seconds(config.retry_delay),
        backoff=config.backoff,
        timeout=None if config.timeout is None else seconds(config.timeout),
    )


def _after(step: Step, more: Iterable[str]) -> Step:
    """The step with more steps before it, which decide nothing of its result."""
    if not more:
        return step
    keyed_by = step.needs if step.keyed_by is None else step.keyed_by
    return replace(step, needs=tuple(dict.fromkeys((*step.needs, *more))), keyed_by=keyed_by)


def _asked(config: StepConfig) -> tuple[str, ...]:
    lists = (config.for_each,) if isinstance(config.for_each, str) else ()
    return tuple(dict.fromkeys((*listed(config.needs), *lists)))


# -- faults of the plan ------------------------------------------------------------------------------------------------


def _name_faults(flow: Flow, own: tuple[StepConfig, ...]) -> list[str]:
    built_in = {step.name for step in flow.steps}
    names = [config.name for config in own]
    known = built_in | {*names}
    faults = []
    for number, config in enumerate(own):
        path = f"step[{number}]"
        if config.name in built_in or config.name in _BUILT_IN:
            faults.append(f"{path}.name: {config.name!r} is the name of a built-in step")
        elif config.name in names[:number]:
            faults.append(f"{path}.name: two steps are called {config.name!r}")
        for key in ("needs", "after", "before", "for_each"):
            given = getattr(config, key)
            given = given if key != "for_each" or isinstance(given, str) else ()
            for name in listed(given):
                if name not in known:
                    near = closest(name, known)
                    told = f"did you mean {near!r}?" if near else f"there is {', '.join(sorted(known))}"
                    faults.append(f"{path}.{key}: no step is called {name!r}, {told}")
    return faults


def _function(entry: str, folder: Path) -> tuple[str, tuple[str, ...]]:
    """The sha256 of a function's file, and the names of its parameters, without running any of it.

    The whole file counts: what the function calls in it decides its result too.
    """
    module, _, name = entry.partition(":")
    path = plugins.file_of(module, folder)
    try:
        raw = path.read_bytes()
        tree = ast.parse(raw)
    except OSError as error:
        raise PluginError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    except (SyntaxError, ValueError) as error:
        raise PluginError(f"this is no Python: {error}", where=str(path)) from error
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        near = closest(name, functions)
        raise PluginError(
            f"no function at its top is called {name!r}",
            where=str(path),
            hint=f"Did you mean {near!r}?" if near else None,
        )
    given = functions[name].args
    if given.vararg or given.kwarg or given.posonlyargs:
        raise PluginError(f"wanted plain named parameters of {name!r}, no *, ** or /", where=str(path))
    names = [one.arg for one in (*given.args, *given.kwonlyargs)]
    return hashlib.sha256(raw).hexdigest(), tuple(names)


def _parameter_faults(config: StepConfig, parameters: tuple[str, ...], asked: tuple[str, ...]) -> list[str]:
    known = [_as_parameter(name) for name in asked] + (["item"] if config.for_each is not None else [])
    told = f"; it can have {', '.join(known)}" if known else "; it has no needs"
    return [
        f"the parameter {name!r} of {config.python} is the name of none of its needs{told}"
        for name in parameters
        if name not in known
    ]


def _as_parameter(name: str) -> str:
    return name.replace("-", "_")


# -- what it reads and makes -------------------------------------------------------------------------------------------


def _sources(own: Own, item: object = None) -> dict[str, str]:
    return _digests(own, "inputs", item, SourceError, "no file is called")


def _made(own: Own, item: object) -> dict[str, str]:
    return _digests(own, "outputs", item, StepFailed, "it made no file that is called")


def _digests(
    own: Own, key: Literal["inputs", "outputs"], item: object, error: type[SourceError | StepFailed], what: str
) -> dict[str, str]:
    """The sha256 of the files that a key of the step names; the error says which of the names has none."""
    found: dict[str, str] = {}
    for pattern in listed(getattr(own.config, key)):
        paths = _matching(own, pattern, item)
        if not paths:
            raise error(
                f"{what} {_with_item(pattern, item)!r}",
                where=f"step {own.config.name}, {key}",
                wanted=f"a file in {own.folder}",
            )
        found |= {path.relative_to(own.folder).as_posix(): own.digests.of(path) for path in paths}
    return found


def _holds(own: Own, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    made = finished.values.get("outputs", {})
    return all(is_handed_out(own.folder / name, sha256, own.digests) for name, sha256 in made.items())


def _matching(own: Own, pattern: str, item: object) -> list[Path]:
    try:
        found = own.folder.glob(pattern.replace("{item}", glob.escape(str(item))))
        return sorted(path for path in found if path.is_file())
    except (NotImplementedError, ValueError) as error:  # an absolute path, or none
        raise SourceError(
            f"{_with_item(pattern, item)!r} is no path below the project's folder", where=f"step {own.config.name}"
        ) from error


def _with_item(pattern: str, item: object) -> str:
    return pattern.replace("{item}", str(item))


def _run(own: Own, work: Work) -> dict[str, Any]:
    from textmill.flow import calling  # only where something is done

    config = own.config
    if config.python is not None:
        if _function(config.python, own.folder)[0] != own.code:
            raise SourceError("it was changed during the run", where=f"step {config.name}, {config.python}")
        given = {_as_parameter(name): calling.result_of(work.outputs.get(name), own.model) for name in own.asked}
        if "item" in work.settings:
            given["item"] = work.settings["item"]
        wanted = {name: given[name] for name in own.parameters}
        result = calling.call(config.python, own.folder, wanted, step=config.name)
    else:
        assert config.shell is not None
        left = {name: work.outputs[name] for name in own.asked if name in work.outputs}
        results = {name: calling.result_of(one, own.model) for name, one in left.items()}
        result = calling.shell(config.shell, own.folder, work, results, step=config.name, store=own.store)
    made = _made(own, work.settings.get("item"))
    return {"result": result} | ({"outputs": made} if config.outputs else {})
