"""A search for settings: Optuna proposes, folds of the training side judge, and what falls behind is given up early."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from textmill.config import CandidateConfig, from_mapping
from textmill.config.project import text_faults
from textmill.errors import ConfigError, MissingExtra, closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.trial import Trial as OptunaTrial

__all__ = ["Trial", "applied", "check_space", "search"]

_TABLES = ("text", "features", "model", "train")
_MOST_CLASHES = 1000  # looked at
_RANGE = ("low", "high", "log", "step")


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried.

    Attributes
    ----------
    settings : "table.key" -> value
    scores : one a fold, the higher the better; fewer than there are folds where it was given up
    complete : whether it was not
    """

    number: int
    settings: dict[str, Any]
    scores: tuple[float, ...]
    complete: bool

    @property
    def mean(self) -> float:
        """Of the scores."""
        return sum(self.scores) / len(self.scores)


def applied(asked: CandidateConfig, settings: Mapping[str, Any]) -> CandidateConfig:
    """The settings of a model with some of them replaced.

    Raises
    ------
    ConfigError : if they do not fit

    Examples
    --------
    >>> applied(CandidateConfig(name="model"), {"features.ngrams": [1, 3], "model.C": 2}).features.ngrams
    (1, 3)
    """
    tables = asdict(asked)
    for path, value in settings.items():
        table, _, key = path.partition(".")
        tables[table][key] = value
    return from_mapping(CandidateConfig, tables)


def check_space(asked: CandidateConfig, space: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``[tune.space]``, a line each.

    Examples
    --------
    >>> check_space(CandidateConfig(name="model"), {"model.c": [1, 2]})
    ["tune.space.'model.c': no setting is called 'model.c', did you mean 'model.C'?"]
    """
    known = [f"{table}.{key}" for table in _TABLES for key in asdict(asked)[table]]
    found = []
    for path, choices in space.items():
        where = f"tune.space.{path!r}"
        if path not in known:
            near = closest(path, known)
            said = f", did you mean {near!r}?" if near else f"; wanted TABLE.KEY of {', '.join(_TABLES)}"
            found.append(f"{where}: no setting is called {path!r}{said}")
        elif isinstance(choices, Mapping):
            found += [f"{where}{fault}" for fault in _range_faults(choices)] or _misfits(
                asked, where, path, [choices["low"], choices["high"]]
            )
        elif not isinstance(choices, (list, tuple)) or len(choices) < 2:
            found.append(f"{where}: wanted two choices or more, or {{ low = ..., high = ... }}, got {choices!r}")
        else:
            found += _misfits(asked, where, path, choices)
    return found or _clashes(asked, space)


def _range_faults(given: Mapping[str, Any]) -> list[str]:
    strange = [key for key in given if key not in _RANGE]
    if strange:
        return [f": no key is called {strange[0]!r}; known: {', '.join(_RANGE)}"]
    low, high = given.get("low"), given.get("high")
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)) or bool in (type(low), type(high)):
        return [f": wanted numbers as low and high, got {low!r} and {high!r}"]
    if not low < high:
        return [f": wanted low below high, got {low!r} and {high!r}"]
    if given.get("log") and (low <= 0 or "step" in given):
        return [": log wants low above 0, and no step"]
    return []


def _misfits(asked: CandidateConfig, where: str, path: str, values: Sequence[Any]) -> list[str]:
    found = []
    for value in values:
        try:
            text = applied(asked, {path: value}).text
            found += [f"{where}: {fault}" for fault in text_faults(text, "text")]
            found += [
                f"{where}: {name!r} is a function of your own, whose source is known where [text] or a [[candidate]]"
                " names it; wanted it there"
                for name in text.maps
                if ":" in name and name not in asked.text.maps
            ]
        except ConfigError as error:
            found += [f"{where}: {fault}" for fault in error.faults]
    return found


def _clashes(asked: CandidateConfig, space: Mapping[str, Any]) -> list[str]:
    """Choices for ``[text]`` that fit each, and not with each other."""
    texts = {path: tuple(choices) for path, choices in space.items() if path.startswith("text.")}
    if any(isinstance(space[path], Mapping) for path in texts) or len(texts) < 2:
        return []
    for together in islice(product(*texts.values()), _MOST_CLASHES):
        given = dict(zip(texts, together, strict=True))
        try:
            faults = text_faults(applied(asked, given).text, "text")
        except ConfigError as error:
            faults = list(error.faults)
        if faults:  # one of them: others follow from it
            said = ", ".join(f"{path} = {value!r}" for path, value in given.items())
            return [f"tune.space: {said} do not go together: {faults[0]}"]
    return []


def search(
    asked: CandidateConfig,
    space: Mapping[str, Any],
    score: Callable[[CandidateConfig, int], float],
    *,
    trials: int,
    folds: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Trial]:
    """Try settings, the model's own first; the same calls give the same trials.

    Proposals come from tree-structured Parzen estimators, and a trial that is behind after some folds is given up
    (asynchronous successive halving, by a factor of two).

    Parameters
    ----------
    space : "table.key" -> a list of choices, or ``low``, ``high`` and, if wanted, ``log`` or ``step``
    score : of settings on a fold, from 0 on; the higher the better
    progress : told how many trials are done, and of how many

    Raises
    ------
    MissingExtra : if Optuna is not installed
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtra("[tune]", package="optuna", extra="tune") from error
    found: list[Trial] = []

    def objective(trial: OptunaTrial) -> float:
        if progress is not None:
            progress(trial.number, trials)
        settings = {path: _suggested(trial, path, choices) for path, choices in space.items()}
        config, scores = applied(asked, settings), list[float]()
        for fold in range(folds):
            scores.append(score(config, fold))
            trial.report(sum(scores) / len(scores), fold + 1)
            if fold + 1 < folds and trial.should_prune():
                found.append(Trial(trial.number, settings, tuple(scores), False))
                raise optuna.TrialPruned
        found.append(Trial(trial.number, settings, tuple(scores), True))
        return found[-1].mean

    with _quiet():
        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=min(10, max(trials // 3, 1))),
            pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        )
        own = _own_place(asked, space)
        if own is not None:
            study.enqueue_trial(own)
        study.optimize(objective, n_trials=trials)
    return found


def _suggested(trial: OptunaTrial, path: str, choices: Any) -> Any:
    if isinstance(choices, Mapping):
        low, high, step = choices["low"], choices["high"], choices.get("step")
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(path, low, high, step=step or 1, log=bool(choices.get("log")))
        return trial.suggest_float(path, low, high, step=step, log=bool(choices.get("log")))
    # by place: Optuna keeps no lists
    return choices[trial.suggest_categorical(path, range(len(choices)))]


def _own_place(asked: CandidateConfig, space: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where the model's own settings lie in the space; None where one of them does not."""
    tables, found = asdict(asked), dict[str, Any]()
    for path, choices in space.items():
        table, _, key = path.partition(".")
        own = tables[table][key]
        if isinstance(choices, Mapping):
            if not isinstance(own, (int, float)) or not choices["low"] <= own <= choices["high"]:
                return None
            found[path] = own
        else:
            plain = [list(one) if isinstance(one, tuple) else one for one in choices]
            own = list(own) if isinstance(own, tuple) else own
            if own not in plain:
                return None
            found[path] = plain.index(own)
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna tells of every trial on standard error unless it is asked not to."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
