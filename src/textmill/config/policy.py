"""The table of what a version must have before it may be promoted."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textmill.config.bounds import bound, metric_bound
from textmill.errors import ConfigError
from textmill.names import is_alias
from textmill.settings import from_mapping

__all__ = ["PolicyConfig", "load_policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConfig:
    """``[policy]``: what a version must have before an alias may point to it; else exit 3."""

    guards: tuple[str, ...] = ("champion",)  # the aliases that this is asked for
    scores: tuple[str, ...] = ()  # "f1 >= 0.75"
    scores_by: Literal["value", "interval"] = "value"  # whether the whole interval has to keep them
    leaked: str | None = None  # share of test rows that are equal or nearly equal to a training text
    personal: str | None = None  # share of the texts looked at that seem to hold personal data
    licences: tuple[str, ...] = ()  # one of these has to be [project] data_licence
    card: bool = False  # whether the model card has to say what the model is for and what the data may be used for
    against_current: Literal["better", "not-worse"] | None = None  # than where the alias points now, beyond noise
    p95_ms: str | None = None  # milliseconds for a text of the probe set, measured at the promotion
    airflow: bool = False  # whether a task of Airflow's has to have found it to say what it said in training
    approvals: int = 0  # how many people have to approve the version

    def _faults(self) -> list[str]:
        found = [
            f"guards: wanted a small letter, then small letters, digits, '-', '_' or '.', got {name!r}"
            for name in self.guards
            if not is_alias(name)
        ]
        found += [
            f"scores: wanted METRIC >= NUMBER, such as 'f1 >= 0.75', got {said!r}"
            for said in self.scores
            if metric_bound(said) is None
        ]
        for key in ("leaked", "personal"):
            said = getattr(self, key)
            wanted = bound(said)
            if said is not None and (wanted is None or wanted[1] > 1):
                found.append(f"{key}: wanted a share between 0 and 1, such as '<= 0.01', got {said!r}")
        if self.p95_ms is not None and bound(self.p95_ms) is None:
            found.append(f"p95_ms: wanted milliseconds, such as '<= 5', got {self.p95_ms!r}")
        if not 0 <= self.approvals <= 100:
            found.append(f"approvals: wanted a number from 0 to 100, got {self.approvals}")
        return found


def load_policy(path: Path) -> PolicyConfig | None:
    """The policy of a whole store, the keys of ``[policy]`` in a file of their own; None where there is none.

    Raises
    ------
    ConfigError : with every fault
    """
    try:
        return from_mapping(PolicyConfig, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except ConfigError as error:
        raise ConfigError(error.faults, where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"this is no TOML: {error}"], where=str(path)) from error
    except OSError as error:
        raise ConfigError([f"it cannot be read: {error.strerror}"], where=str(path)) from error
